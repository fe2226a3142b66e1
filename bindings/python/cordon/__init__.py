# SPDX-License-Identifier: Apache-2.0
"""Cordon from Python: runs WebAssembly components nobody has reason to trust, each call in a fresh sandbox.

    import cordon

    with cordon.Host() as host:
        skill = host.load("adder.wasm")
        print(skill.call("add", x=2, y=3))

Nothing is compiled: this is ctypes over libcordon.so, which is opened when it is first needed. The README has the rules.
"""

from __future__ import annotations

from . import _library
from ._ask import Question
from ._errors import (Cancelled, DeadlineExceeded, Error, FunctionError, HostBug, LimitError, OutcomeError, OutOfFuel, OutOfMemory, OutputTooLarge,
                      SkillError, Trap)
from ._functions import Caller, Function, caller, function
from ._host import Host, Stats
from ._outcome import Denial, Failure, LogLine, Outcome, Usage
from ._skill import Skill
from ._values import octets as _octets

__all__ = ["Caller", "Cancelled", "DeadlineExceeded", "Denial", "Error", "Failure", "Function", "FunctionError", "Host",
           "HostBug", "LimitError", "LogLine", "OutOfFuel", "OutOfMemory", "Outcome", "OutcomeError", "OutputTooLarge", "Question",
           "Skill", "SkillError", "Stats", "Trap", "Usage", "caller", "engine_version", "escape", "function", "version"]

for _name in __all__:
    if isinstance(globals().get(_name), type):
        globals()[_name].__module__ = __name__  # as tracebacks and pickles are to name it
del _name


def version() -> str:
    """The version of libcordon."""
    return _library.library().cordon_version().decode("ascii")


def engine_version() -> str:
    """The version of Wasmtime inside."""
    return _library.library().cordon_engine_version().decode("ascii")


def escape(text: str | bytes, *, keep_newlines: bool = False) -> str:
    """A stranger's text made harmless for a terminal: control characters, bidi controls and what is not UTF-8 are written out."""
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else _octets(text, "the text")
    escaped = _library.take_text(_library.library().cordon_escape(data, len(data), keep_newlines))
    if escaped is None:
        raise MemoryError("cordon.escape")
    return escaped
