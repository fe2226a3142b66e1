# SPDX-License-Identifier: Apache-2.0
"""Questions to the operator, before a call is denied something.

The library asks where the host dispatches; here that only hands the question to the loop that awaits the call.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import logging
from ctypes import c_void_p
from typing import Any, Awaitable, Callable, NamedTuple, Union

from ._errors import Error
from ._library import ASK, check, library, text
from ._native import Native
from ._once import Once

_log = logging.getLogger("cordon")


class Question(NamedTuple):
    """What a skill wants and was not granted; `grant` is what would allow it. `wanted` is a stranger's text."""

    skill: str
    capability: str
    wanted: str
    grant: str


Ask = Callable[[Question], Union[bool, Awaitable[bool]]]


class Asking:
    """One call whose denials are asked about, for as long as a `with` lasts."""

    def __init__(self, ask: Ask, host: Native, loop: asyncio.AbstractEventLoop) -> None:
        self.host = host
        self._ask = ask
        self._loop = loop
        self._tasks: set[asyncio.Task[None]] = set()
        self._key = next(_keys)

    def __enter__(self) -> Asking:
        _askings[self._key] = self
        return self

    def __exit__(self, *_: object) -> None:
        del _askings[self._key]
        for task in list(self._tasks):
            task.cancel()

    def set(self, request: c_void_p) -> None:
        check(library().cordon_request_set_ask, request, _on_question, self._key)

    def hand_over(self, question: Question, decision: Decision) -> None:
        """In whichever thread dispatches."""
        self._loop.call_soon_threadsafe(self._start, question, decision)

    def _start(self, question: Question, decision: Decision) -> None:
        task = self._loop.create_task(self._decide(question, decision))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _decide(self, question: Question, decision: Decision) -> None:
        try:
            allowed = self._ask(question)
            if inspect.isawaitable(allowed):
                allowed = await allowed
            if allowed is True:
                decision.allow()
        except Error as problem:
            _log.warning("what %s wants cannot be granted: %s", question.skill, problem)
        except Exception:
            _log.exception("the question of %s could not be answered", question.skill)
        finally:
            decision.drop()


class Decision(Once):
    def allow(self) -> None:
        self.answer(lambda pointer: check(library().cordon_decision_allow, pointer))

    def drop(self) -> None:
        self.answer(library().cordon_decision_deny)


_askings: dict[int, Asking] = {}
_keys = itertools.count(1)


@ASK
def _on_question(key: int, asked: Any, decision: int) -> None:
    asking = _askings.get(key)
    if asking is None:
        library().cordon_decision_deny(decision)
        return
    answer = Decision(decision, asking.host)
    try:
        if answer.holds:
            words = asked.contents
            asking.hand_over(Question(text(words.skill), text(words.capability), text(words.wanted), text(words.grant)), answer)
    except BaseException:
        _log.exception("a question could not be asked")
    else:
        if answer.holds:
            return
    answer.drop()
