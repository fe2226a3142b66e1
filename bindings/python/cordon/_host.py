# SPDX-License-Identifier: Apache-2.0
"""The host: engines, workers and the cache of compiled code behind every skill that it loads."""

from __future__ import annotations

import os
import weakref
from ctypes import byref, c_void_p
from typing import Any, Iterable, Mapping, NamedTuple, Union

from . import _functions, _limits
from ._delivery import Delivery
from ._library import HostStats, c_string, check, given, library, path
from ._limits import Limit
from ._native import Native
from ._skill import Skill
from ._values import octets

Path = Union[str, bytes, "os.PathLike[Any]"]
LimitsByTier = Mapping[str, Mapping[str, Limit]]


class Stats(NamedTuple):
    """Numbers about a host: struct cordon_host_stats."""

    calls_started: int
    calls_ended: int
    sandboxes_in_use: int
    skills_loaded: int
    threads: int


class Host:
    """Loads skills and runs them. One for a process is enough.

    workers     threads that run guests; 0: none, they run inside synchronous calls and the event loop. Default: one for each core
    sandboxes   how many calls can be under way at once, 16 to 20,000. Default: 1,000
    cache_dir   folder for compiled code, absolute. Default: $XDG_CACHE_HOME/cordon, else ~/.cache/cordon
    cache_max   bytes that the compiled code may take up
    helper      the program that validates and compiles, absolute. Default: the installed one
    settings    True: read the operator's settings, those of the system and of the user; a path: that file in place of the user's
    defaults    limits by tier and name: {"untrusted": {"fuel": "20G"}}
    ceilings    likewise: what no call may exceed
    functions   host functions of the program's own, made by cordon.function

    Any thread may use it. Close it, or use it in a `with`; a host that is dropped is closed when its skills are gone.
    """

    def __init__(self, *, workers: int | None = None, sandboxes: int | None = None, cache_dir: Path | None = None,
                 cache_max: int | None = None, helper: Path | None = None, settings: bool | Path = False,
                 defaults: LimitsByTier | None = None, ceilings: LimitsByTier | None = None,
                 functions: Iterable[_functions.Function] = ()) -> None:
        lib = library()
        opts = c_void_p(lib.cordon_host_opts_new())
        if not opts:
            raise MemoryError
        try:
            if settings is not False:
                check(lib.cordon_host_opts_load, opts, None if settings is True else path(settings))
            if workers is not None:
                check(lib.cordon_host_opts_set_workers, opts, _count("workers", workers, 2**32))
            if sandboxes is not None:
                check(lib.cordon_host_opts_set_sandboxes, opts, _count("sandboxes", sandboxes, 2**32))
            if cache_dir is not None:
                check(lib.cordon_host_opts_set_cache_dir, opts, path(cache_dir))
            if cache_max is not None:
                check(lib.cordon_host_opts_set_cache_max, opts, _count("cache_max", cache_max, 2**64))
            if helper is not None:
                check(lib.cordon_host_opts_set_helper, opts, path(helper))
            _set_limits(lib.cordon_host_opts_set_ceiling, opts, ceilings)
            _set_limits(lib.cordon_host_opts_set_default, opts, defaults)
            self._functions = _functions.offer(opts, functions)
            pointer = given(lib.cordon_host_new, opts)
        finally:
            lib.cordon_host_opts_free(opts)
        self._native = Native("host", pointer, lib.cordon_host_free)
        self._delivery = Delivery(self._native)
        for offered in self._functions:
            offered.delivery = self._delivery
        weakref.finalize(self, self._native.close)

    def load(self, file: Path, *, tier: str = "untrusted") -> Skill:
        """The skill in that file. Blocks: the first load of some bytes compiles them, which can take seconds."""
        with self._native as host:
            pointer = given(library().cordon_skill_load, host, path(file), _limits.tier(tier))
            return Skill._of(self, pointer)

    def load_bytes(self, data: bytes, *, name: str, tier: str = "untrusted") -> Skill:
        """The same from bytes; `name` is for messages and for the guest's context."""
        data = octets(data, "the artifact")
        with self._native as host:
            pointer = given(library().cordon_skill_load_bytes, host, c_string(name, "the name"), data, len(data), _limits.tier(tier))
            return Skill._of(self, pointer)

    def stats(self) -> Stats:
        numbers = HostStats()
        with self._native as host:
            library().cordon_host_stats(host, byref(numbers))
        return Stats(*(getattr(numbers, name) for name in Stats._fields))

    def close(self) -> None:
        """Cancels the asynchronous calls under way, waits for the synchronous ones of other threads, closes the skills and gives
        everything back. What awaits a call gets its outcome (cancelled). More than once is allowed."""
        self._delivery.inside.refuse("close its host")
        if self._native.forked or not self._native.shut():
            return
        try:
            self._delivery.settle()
        finally:
            self._native.give_up()

    @property
    def closed(self) -> bool:
        return self._native.closed

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _count(name: str, value: int, end: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is an int, not {type(value).__name__}")
    if not 0 <= value < end:
        raise ValueError(f"{name} is out of range: {value}")
    return value


def _set_limits(setter: Any, opts: c_void_p, by_tier: LimitsByTier | None) -> None:
    for tier, limits in (by_tier or {}).items():
        for name, value in _limits.read_all(limits).items():
            check(setter, opts, _limits.tier(tier), _limits.numbers()[name], value)
