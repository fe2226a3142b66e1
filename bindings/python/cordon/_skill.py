# SPDX-License-Identifier: Apache-2.0
"""A skill: what a host has loaded, and the calls of it."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from ctypes import c_void_p
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Sequence

from . import _limits, _values
from ._ask import Ask, Asking
from ._delivery import Call
from ._library import TOOL_FORMATS, c_string, check, given, given_json, given_text, library, text
from ._limits import Limit
from ._native import Native
from ._outcome import Outcome, Readers, take_outcome
from ._values import Arguments

if TYPE_CHECKING:
    from ._host import Host


class _Terms(NamedTuple):
    """What calls of a skill are bound to, beyond the host's defaults."""

    limits: Mapping[str, int] = {}
    bot: str | None = None
    allow: tuple[str, ...] = ()
    env: Mapping[str, str] = {}
    ask: Ask | None = None


class _Loaded:
    """What the views of one skill (`within`) share."""

    def __init__(self, host: Host, pointer: c_void_p) -> None:
        self.host = host
        self.native = Native("skill", pointer, library().cordon_skill_free, host._native)
        self._readers: dict[str, Readers] | None = None
        weakref.finalize(self, self.native.close)

    def describe(self) -> dict[str, Any]:
        with self.native as skill:
            return given_json(library().cordon_skill_describe, skill)

    def readers(self, export: str) -> Readers:
        if self._readers is None:
            self._readers = {each["name"]: Readers(_values.result_reader(each), _values.error_reader(each))
                             for each in self.describe()["exports"] if each["callable"]}
        return self._readers.get(export) or Readers(None, None)


class Skill:
    """Ready to be called, any number of times and from any thread; each call is a sandbox of its own.

    A call names an export: in full ("docs:adder/add@0.1.0#add"), shortened where that is not ambiguous ("add"), or None for the
    default (`execute` of the skill world, else the command, else the only one there is).
    """

    _loaded: _Loaded
    _terms: _Terms

    def __init__(self) -> None:
        raise TypeError("a skill is made by Host.load")

    @classmethod
    def _of(cls, host: Host, pointer: c_void_p) -> Skill:
        return cls._view(_Loaded(host, pointer), _Terms())

    @classmethod
    def _view(cls, loaded: _Loaded, terms: _Terms) -> Skill:
        self = object.__new__(cls)
        self._loaded = loaded
        self._terms = terms
        return self

    # ---- what it is ----

    @property
    def host(self) -> Host:
        return self._loaded.host

    @property
    def name(self) -> str:
        with self._loaded.native as skill:
            return text(library().cordon_skill_name(skill))

    @property
    def tier(self) -> str:
        with self._loaded.native as skill:
            return text(library().cordon_tier_name(library().cordon_skill_tier(skill)))

    def describe(self) -> dict[str, Any]:
        """Exports with their types and JSON Schemas, imports, limits and more: the object of cordon_skill_describe. Names and docs
        in it are a stranger's."""
        return self._loaded.describe()

    def wit(self) -> str:
        """The WIT of the component, as text; a stranger's."""
        with self._loaded.native as skill:
            return given_text(library().cordon_skill_wit, skill)

    def tools(self, format: str = "mcp") -> list[dict[str, Any]]:
        """The callable exports as tools of a model: for "mcp", "openai" or "anthropic"."""
        if format.upper() not in TOOL_FORMATS:
            raise ValueError(f"there is no format {format!r}, only {', '.join(TOOL_FORMATS).lower()}")
        with self._loaded.native as skill:
            return given_json(library().cordon_skill_tools, skill, TOOL_FORMATS.index(format.upper()))

    # ---- calling it ----

    def within(self, *, fuel: Limit | None = None, memory: Limit | None = None, timeout: Limit | None = None,
               limits: Mapping[str, Limit] | None = None, allow: Sequence[str] = (), env: Mapping[str, str] | None = None,
               bot: str | None = None, ask: Ask | None = None) -> Skill:
        """The same skill, whose calls have these limits and grants: `skill.within(fuel="1G", timeout=2.5).call("add", x=2, y=3)`.

        A limit is a string as people write it ("20G", "64MiB", "250ms") or a number: of fuel, of bytes, of seconds. `limits` takes
        any by name, the rarer ones too. `allow` holds grants as `cordon help grants` has them, to be added to those that are there;
        `env` grants variables and gives them values. `bot` is the name that the guest's get-context speaks of. `ask` is asked, in the
        loop that awaits the call, before something is denied that an operator may grant in passing: it is given a Question and
        answers True for yes, or is a coroutine that does. Meanwhile the clock of the call stands still.
        """
        if isinstance(allow, str) or not all(isinstance(grant, str) for grant in allow):
            raise TypeError("allow is a list of grants, each a str")
        given_limits = _limits.read_all({**(limits or {}), **_given(fuel=fuel, memory=memory, timeout=timeout)})
        had = self._terms
        return self._view(self._loaded, _Terms({**had.limits, **given_limits}, had.bot if bot is None else bot, (*had.allow, *allow),
                                               {**had.env, **(env or {})}, ask or had.ask))

    def call(self, export: str | None = None, /, *args: Any, **named: Any) -> Any:
        """The answer of the export to these arguments, by name or in order; if it did not end well, an OutcomeError."""
        return self.run(export, _arguments(args, named)).value()

    async def acall(self, export: str | None = None, /, *args: Any, **named: Any) -> Any:
        """The same for asyncio. A task that is cancelled cancels its call, and ends when that has ended."""
        return (await self.arun(export, _arguments(args, named))).value()

    def run(self, export: str | None = None, args: Arguments | None = None, *, input: str | bytes | None = None,
            argv: Sequence[str] = (), fuel: Limit | None = None, memory: Limit | None = None, timeout: Limit | None = None,
            limits: Mapping[str, Limit] | None = None, allow: Sequence[str] = (), env: Mapping[str, str] | None = None,
            bot: str | None = None) -> Outcome:
        """The outcome of a call, however it ended. `args` is a dict by parameter name, names as in WIT, or a list in order.

        `input` is the stdin of a command, or the one string or list<u8> of any other export; `argv` are the arguments of a command.
        Limits and grants as for within(). Blocks, so at most for the time limit; other threads of Python run meanwhile. An Error means that the
        call was not started.
        """
        self = self._bound(fuel=fuel, memory=memory, timeout=timeout, limits=limits, allow=allow, env=env, bot=bot)
        if self._terms.ask is not None:
            raise ValueError("a call that may ask has to be awaited: use acall or arun")
        with self._loaded.native as skill:
            with _Request(skill, export) as request:
                self._fill(request, args, input, argv)
                readers = self._loaded.readers(request.export)
                outcome = take_outcome(given(library().cordon_request_run, request.pointer), readers)
                self.host._delivery.inside.raise_interrupt()
                return outcome

    async def arun(self, export: str | None = None, args: Arguments | None = None, *, input: str | bytes | None = None,
                   argv: Sequence[str] = (), fuel: Limit | None = None, memory: Limit | None = None, timeout: Limit | None = None,
                   limits: Mapping[str, Limit] | None = None, allow: Sequence[str] = (), env: Mapping[str, str] | None = None,
                   bot: str | None = None, ask: Ask | None = None) -> Outcome:
        """The same for asyncio, as acall(); `ask` as for within()."""
        self = self._bound(fuel=fuel, memory=memory, timeout=timeout, limits=limits, allow=allow, env=env, bot=bot, ask=ask)
        loop = asyncio.get_running_loop()
        with self._loaded.native as skill, contextlib.ExitStack() as stack:
            with _Request(skill, export) as request:
                self._fill(request, args, input, argv)
                if self._terms.ask is not None:
                    stack.enter_context(Asking(self._terms.ask, self.host._native, loop)).set(request.pointer)
                readers = self._loaded.readers(request.export)
                call = Call(self.host._delivery, loop, lambda outcome: take_outcome(outcome, readers))
                call.start(request.pointer)
            return await call.wait()

    def _bound(self, **terms: Any) -> Skill:
        return self.within(**terms) if any(value not in (None, ()) for value in terms.values()) else self

    def _fill(self, request: _Request, args: Arguments | None, input: str | bytes | None, argv: Sequence[str]) -> None:
        if args is not None:
            request.set_args(_values.to_json(args))
        if input is not None:
            request.set_input(_values.octets(input, "the input"))
        for arg in argv:
            request.add_arg(arg)
        for name, value in self._terms.limits.items():
            request.set_limit(name, value)
        for grant in self._terms.allow:
            request.allow(grant)
        for variable, content in self._terms.env.items():
            request.set_env(variable, content)
        if self._terms.bot is not None:
            request.set_bot(self._terms.bot)

    # ---- its end ----

    def close(self) -> None:
        """Gives it up, and what is within() it; calls under way go on. A skill that is dropped, or whose host is closed, is closed."""
        self._loaded.native.close()

    @property
    def closed(self) -> bool:
        return self._loaded.native.closed

    def __enter__(self) -> Skill:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<cordon.Skill {'closed' if self.closed else f'{self.name!r}, {self.tier}'}>"


class _Request:
    """A request for as long as a `with` lasts."""

    def __init__(self, skill: c_void_p, export: str | None) -> None:
        if export is not None and not isinstance(export, str):
            raise TypeError(f"an export is named by a str, not {type(export).__name__}")
        self.pointer = given(library().cordon_request_new, skill, None if export is None else c_string(export, "the export"))

    def __enter__(self) -> _Request:
        return self

    def __exit__(self, *_: object) -> None:
        library().cordon_request_free(self.pointer)

    @property
    def export(self) -> str:
        return text(library().cordon_request_export(self.pointer))

    def set_args(self, json: bytes) -> None:
        check(library().cordon_request_set_args, self.pointer, json, len(json))

    def set_input(self, data: bytes) -> None:
        check(library().cordon_request_set_input, self.pointer, data, len(data))

    def add_arg(self, arg: str) -> None:
        check(library().cordon_request_add_arg, self.pointer, c_string(arg, "an argument"))

    def set_limit(self, name: str, value: int) -> None:
        check(library().cordon_request_set_limit, self.pointer, _limits.numbers()[name], value, _limits.origin(name))

    def allow(self, grant: str) -> None:
        check(library().cordon_request_allow, self.pointer, c_string(grant, "the grant"))

    def set_env(self, name: str, value: str) -> None:
        check(library().cordon_request_set_env, self.pointer, c_string(name, "the variable"), c_string(value, "the variable's value"))

    def set_bot(self, name: str) -> None:
        check(library().cordon_request_set_bot, self.pointer, c_string(name, "the bot's name"))


def _given(**limits: Limit | None) -> dict[str, Limit]:
    return {name: value for name, value in limits.items() if value is not None}


def _arguments(args: tuple[Any, ...], named: dict[str, Any]) -> Arguments | None:
    if args and named:
        raise TypeError("arguments are given by name or in order, not both")
    if named:
        return {_values.parameter(name): value for name, value in named.items()}
    return list(args) or None
