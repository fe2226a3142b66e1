# SPDX-License-Identifier: Apache-2.0
"""How a call ended: plain values, which hold nothing of the library."""

from __future__ import annotations

import ctypes
import dataclasses
import json
from ctypes import byref, c_char_p, c_int, c_size_t, c_uint64, c_void_p
from typing import Any, NamedTuple

from ._errors import BY_OUTCOME, OutcomeError
from ._library import OUTPUT_KINDS, USAGE, library, take_text, text, text_or_none
from ._values import Reader

_TEXT = OUTPUT_KINDS.index("TEXT")
_JSON = OUTPUT_KINDS.index("JSON")
_BYTES = OUTPUT_KINDS.index("BYTES")


class Failure(NamedTuple):
    """What went wrong. `value` is that of the skill's own error, `trap` the trap in words; else None."""

    message: str
    hint: str | None
    value: Any
    trap: str | None


class Usage(NamedTuple):
    """What a call used. Where `fuel_exact` is False, `fuel` is a lower bound."""

    fuel: int
    fuel_exact: bool
    memory_peak_bytes: int
    wall_us: int
    cpu_us: int
    host_calls: int
    bytes_in: int
    bytes_out: int


class LogLine(NamedTuple):
    level: str
    message: str


@dataclasses.dataclass(frozen=True)
class Denial:
    """Something the guest reached for and may not have. `reason`: not-granted, not-asked, private-address, not-offered.

    `grant` is what `allow` would have had to hold, or None. It is for an operator's eyes and never for a model's, so it is left out
    where a denial is printed.
    """

    capability: str
    wanted: str
    reason: str
    count: int
    grant: str | None = dataclasses.field(default=None, repr=False)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """`outcome` is "ok", "err", "trap", "out-of-fuel", "out-of-memory", "deadline", "cancelled", "output-too-large" or "host-bug".

    `output` is the answer of an ok call as a Python value, and what a command wrote to stdout also if it failed; `error` is None for
    ok. Texts of `output`, `log` and `error.value` are a stranger's: cordon.escape makes them fit for a terminal.
    """

    outcome: str
    output: Any
    error: Failure | None
    usage: Usage
    log: tuple[LogLine, ...]
    denials: tuple[Denial, ...]
    backtrace: tuple[str, ...]
    exit_code: int

    @property
    def ok(self) -> bool:
        return self.outcome == "ok"

    def exception(self) -> OutcomeError | None:
        """The exception of this outcome; None for ok."""
        return None if self.ok else BY_OUTCOME.get(self.outcome, OutcomeError)(self)

    def value(self) -> Any:
        """`output`, or the exception."""
        problem = self.exception()
        if problem is not None:
            raise problem
        return self.output


class Readers(NamedTuple):
    """How the JSON of an export becomes Python values."""

    result: Reader | None
    error: Reader | None


def take_outcome(pointer: c_void_p, readers: Readers) -> Outcome:
    """The outcome as Python values; the library's own is freed, and with it the sandbox it may hold."""
    lib = library()
    try:
        name = text(lib.cordon_outcome_name(lib.cordon_outcome_kind(pointer)))
        return Outcome(
            outcome=name,
            output=_output(lib, pointer, readers),
            error=None if name == "ok" else _failure(lib, pointer, readers),
            usage=_usage(lib, pointer),
            log=_log(lib, pointer),
            denials=_denials(lib, pointer),
            backtrace=_backtrace(lib, pointer),
            exit_code=lib.cordon_outcome_exit_code(pointer),
        )
    finally:
        lib.cordon_outcome_free(pointer)


def _output(lib: ctypes.CDLL, pointer: c_void_p, readers: Readers) -> Any:
    length, kind = c_size_t(), c_int()
    start = lib.cordon_outcome_output(pointer, byref(length), byref(kind))
    if kind.value not in (_TEXT, _JSON, _BYTES):
        return None
    data = ctypes.string_at(start, length.value)
    if kind.value == _BYTES:
        return data
    if kind.value == _TEXT:
        return data.decode("utf-8")
    value = json.loads(data)
    return readers.result(value) if readers.result else value


def _failure(lib: ctypes.CDLL, pointer: c_void_p, readers: Readers) -> Failure:
    found = lib.cordon_outcome_err_json(pointer)
    value = None if found is None else json.loads(found)
    if found is not None and readers.error:
        value = readers.error(value)
    return Failure(text(lib.cordon_outcome_message(pointer)), text_or_none(lib.cordon_outcome_hint(pointer)), value,
                   text_or_none(lib.cordon_outcome_trap(pointer)))


def _usage(lib: ctypes.CDLL, pointer: c_void_p) -> Usage:
    used = Usage(*(lib.cordon_outcome_usage(pointer, what) for what in range(len(USAGE))))
    return used._replace(fuel_exact=bool(used.fuel_exact))


def _log(lib: ctypes.CDLL, pointer: c_void_p) -> tuple[LogLine, ...]:
    lines: list[LogLine] = []
    level, message = c_char_p(), c_char_p()
    while lib.cordon_outcome_log(pointer, len(lines), byref(level), byref(message)):
        lines.append(LogLine(text(level.value), text(message.value)))
    return tuple(lines)


def _denials(lib: ctypes.CDLL, pointer: c_void_p) -> tuple[Denial, ...]:
    found: list[Denial] = []
    capability, wanted, reason, count = c_char_p(), c_char_p(), c_char_p(), c_uint64()
    while lib.cordon_outcome_denial(pointer, len(found), byref(capability), byref(wanted), byref(reason), byref(count)):
        grant = take_text(lib.cordon_outcome_denial_grant(pointer, len(found)))
        found.append(Denial(text(capability.value), text(wanted.value), text(reason.value), count.value, grant))
    return tuple(found)


def _backtrace(lib: ctypes.CDLL, pointer: c_void_p) -> tuple[str, ...]:
    frames: list[str] = []
    while True:
        frame = lib.cordon_outcome_frame(pointer, len(frames))
        if frame is None:
            return tuple(frames)
        frames.append(text(frame))
