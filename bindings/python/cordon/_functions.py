# SPDX-License-Identifier: Apache-2.0
"""Host functions of the program's own: what it offers its skills beside what Cordon does.

The library calls a function on the thread that runs the guest, so on any; there Python is entered for as long as the function
takes. One that is a coroutine runs in a loop that awaits calls of the host, and the guest waits for it without a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import itertools
import json
import keyword
import logging
import weakref
from ctypes import c_void_p, string_at
from typing import Any, Callable, Iterator, NamedTuple

from . import _values, _wit
from ._delivery import Delivery
from ._errors import FunctionError
from ._library import FUNCTION, FUNCTION_PLACES, FunctionCall, c_string, check, library, text
from ._once import Once

_LOOK_AGAIN_S = 0.1  # nothing tells that a call is gone; it has to be asked

_log = logging.getLogger("cordon")


class Caller(NamedTuple):
    """Who calls a host function."""

    skill: str
    bot: str
    invocation_id: str
    tier: str


_caller: contextvars.ContextVar[Caller] = contextvars.ContextVar("cordon.caller")


def caller() -> Caller:
    """Inside a host function: the call that it answers."""
    return _caller.get()


class Function:
    """A function with the name, type and capability it is offered under. It can still be called as it was."""

    def __init__(self, target: Callable[..., Any], name: str, type: str, capability: str | None) -> None:
        interface, separator, short = name.rpartition("#")
        if not separator:
            raise ValueError(f"the name of a host function is INTERFACE#NAME, such as \"demo:math/host@1.0.0#double\", not {name!r}")
        self.target = target
        self.interface = interface
        self.name = short
        self.type = type
        self.capability = capability

    def __call__(self, *args: Any, **named: Any) -> Any:
        return self.target(*args, **named)


def function(name: str, type: str, *, capability: str | None = None) -> Callable[[Callable[..., Any]], Function]:
    """Makes a host function of a function, for Host(functions=[…]):

        @cordon.function("demo:math/host@1.0.0#double", "func(x: u32) -> u32", capability="sums")
        def double(x):
            return 2 * x

    `type` is as WIT writes it, named types written out. With a capability, only calls that were granted `call=CAPABILITY` may use it.
    Arguments come by name; what it returns is the answer. FunctionError answers with an err, and its text reaches the guest; of any
    other exception the guest learns nothing, and the log `cordon` everything.
    """
    return lambda target: Function(target, name, type, capability)


class Offered:
    """A function, as one host offers it."""

    delivery: Delivery  # set when there is a host

    def __init__(self, function: Function) -> None:
        signature = _wit.signature(function.type)
        self._function = function
        self._label = f"{function.interface}#{function.name}"
        self._parameters = {name: (_python_name(name), _values.reader(schema)) for name, schema in signature.parameters.items()}
        self._answers = signature.answers
        self._is_async = inspect.iscoroutinefunction(function.target)

    def begin(self, call: FunctionCall, reply: Reply) -> None:
        """In the thread of the guest."""
        who = Caller(text(call.skill), text(call.bot), text(call.invocation_id), text(library().cordon_tier_name(call.tier)))
        arguments = self._arguments(json.loads(string_at(call.args, call.args_len)))
        context = contextvars.copy_context()
        context.run(_caller.set, who)
        if self._is_async:
            self._hand_over(context, arguments, reply)
        else:
            with self._answering(reply):
                self._give(reply, context.run(self._function.target, **arguments))

    def _arguments(self, given: dict[str, Any]) -> dict[str, Any]:
        named = {}
        for name, value in given.items():
            python_name, read = self._parameters[name]
            named[python_name] = value if read is None else read(value)
        return named

    def _give(self, reply: Reply, value: Any) -> None:
        reply.json(_values.dumps(value) if self._answers else b"")

    @contextlib.contextmanager
    def _answering(self, reply: Reply) -> Iterator[None]:
        """Whatever is raised within becomes an answer, or is dropped."""
        try:
            yield
        except FunctionError as problem:
            reply.err(str(problem))
        except Exception:
            _log.exception("the host function %s failed", self._label)
            reply.err("the host function failed")
        finally:
            reply.drop()

    # ---- coroutines ----

    def _hand_over(self, context: contextvars.Context, arguments: dict[str, Any], reply: Reply) -> None:
        loop = self.delivery.any_loop()
        if loop is None:
            _log.error("the host function %s is a coroutine, and the call that needs it is not awaited: use acall or arun", self._label)
            reply.drop()
            return
        loop.call_soon_threadsafe(context.run, self._start, arguments, reply)

    def _start(self, arguments: dict[str, Any], reply: Reply) -> None:
        """In the loop, and in the context of the call."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._run(arguments, reply))
        self.delivery.tasks.add(task)
        task.add_done_callback(self.delivery.tasks.discard)
        loop.call_later(_LOOK_AGAIN_S, _cancel_if_unwanted, loop, task, reply)

    async def _run(self, arguments: dict[str, Any], reply: Reply) -> None:
        with self._answering(reply):
            self._give(reply, await self._function.target(**arguments))


def _cancel_if_unwanted(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None], reply: Reply) -> None:
    if task.done():
        return
    if reply.is_wanted():
        loop.call_later(_LOOK_AGAIN_S, _cancel_if_unwanted, loop, task, reply)
    else:
        task.cancel()


def _python_name(name: str) -> str:
    """As a call of an export takes it: `_values.parameter` the other way round."""
    name = name.replace("-", "_")
    return f"{name}_" if keyword.iskeyword(name) else name


class Reply(Once):
    """A guest that waits."""

    def json(self, data: bytes) -> None:
        self.answer(library().cordon_reply_json, data, len(data))

    def err(self, words: str) -> None:
        self.answer(library().cordon_reply_err, words.encode("utf-8", "replace").replace(b"\0", b" "))

    def drop(self) -> None:
        self.answer(library().cordon_reply_drop)

    def is_wanted(self) -> bool:
        return bool(self.ask(library().cordon_reply_is_wanted))


# The library keeps a number for each function. The host keeps the function, which may keep the host: so none is kept here.
_offered: weakref.WeakValueDictionary[int, Offered] = weakref.WeakValueDictionary()
_keys = itertools.count(1)


@FUNCTION
def _on_function(key: int, call: Any, reply: int) -> None:
    offered = _offered.get(key)
    if offered is None:
        library().cordon_reply_drop(reply)
        return
    answer = Reply(reply, offered.delivery.host)
    try:
        with offered.delivery.inside:
            if answer.holds:
                offered.begin(call.contents, answer)
            else:
                answer.drop()
    except KeyboardInterrupt as problem:
        offered.delivery.inside.interrupt = problem
        answer.drop()
    except BaseException:
        _log.exception("a host function could not be called")
        answer.drop()


def offer(opts: c_void_p, functions: Any) -> list[Offered]:
    """Adds them to a host's options. Who keeps the list keeps them."""
    found = []
    for each in functions:
        if not isinstance(each, Function):
            raise TypeError(f"a host function is made by cordon.function, not {type(each).__name__}")
        key = next(_keys)
        check(library().cordon_host_opts_add_function, opts, c_string(each.interface, "the interface"), c_string(each.name, "the name"),
              c_string(each.type, "the type"), None if each.capability is None else c_string(each.capability, "the capability"),
              FUNCTION_PLACES.index("HERE"), _on_function, key)
        _offered[key] = offered = Offered(each)
        found.append(offered)
    return found
