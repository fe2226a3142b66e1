# SPDX-License-Identifier: Apache-2.0
"""libcordon.so itself: where it is, what of it is used, and how a call of it fails.

What the library can tell (names of limits, tiers, outcomes, errors) is asked of it and written down nowhere here. The few numbers
that it cannot tell stand below; the tests compare them, and every prototype, with the headers.
"""

from __future__ import annotations

import ctypes
import functools
import json
import os
import sys
import sysconfig
from ctypes import POINTER, c_bool, c_char_p, c_int, c_size_t, c_uint, c_uint64, c_void_p
from typing import Any, Iterator, Union

from ._errors import Error

SONAME = "libcordon.so.0"

# enum cordon_usage, cordon_output_kind, cordon_tool_format, cordon_function_place: the index is the number.
USAGE = ("FUEL", "FUEL_EXACT", "MEMORY_PEAK_BYTES", "WALL_US", "CPU_US", "HOST_CALLS", "BYTES_IN", "BYTES_OUT")
OUTPUT_KINDS = ("NONE", "TEXT", "JSON", "BYTES")
TOOL_FORMATS = ("MCP", "OPENAI", "ANTHROPIC")
FUNCTION_PLACES = ("HERE", "DISPATCHED")

DONE = ctypes.CFUNCTYPE(None, c_void_p, c_void_p, c_void_p)


class HostStats(ctypes.Structure):
    """struct cordon_host_stats."""

    _fields_ = [("calls_started", c_uint64), ("calls_ended", c_uint64), ("sandboxes_in_use", c_uint64), ("skills_loaded", c_uint64),
                ("threads", c_uint)]


class FunctionCall(ctypes.Structure):
    """struct cordon_function_call."""

    _fields_ = [("interface_name", c_char_p), ("name", c_char_p), ("args", c_void_p), ("args_len", c_size_t), ("skill", c_char_p),
                ("bot", c_char_p), ("invocation_id", c_char_p), ("tier", c_int)]


class Question(ctypes.Structure):
    """struct cordon_question."""

    _fields_ = [("skill", c_char_p), ("capability", c_char_p), ("wanted", c_char_p), ("grant", c_char_p)]


ASK = ctypes.CFUNCTYPE(None, c_void_p, POINTER(Question), c_void_p)
FUNCTION = ctypes.CFUNCTYPE(None, c_void_p, POINTER(FunctionCall), c_void_p)

# Opaque handles are void *. `char **` is POINTER(c_void_p): what it gives has to be freed, so it must stay a pointer.
_OUT = POINTER(c_void_p)
PROTOTYPES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "cordon_version": (c_char_p, ()),
    "cordon_engine_version": (c_char_p, ()),
    "cordon_escape": (c_void_p, (c_char_p, c_size_t, c_bool)),
    "cordon_escape_json": (c_void_p, (c_char_p, c_size_t)),
    "cordon_free": (None, (c_void_p,)),
    # errors
    "cordon_error_id": (c_char_p, (c_void_p,)),
    "cordon_error_category": (c_char_p, (c_void_p,)),
    "cordon_error_message": (c_char_p, (c_void_p,)),
    "cordon_error_hint": (c_char_p, (c_void_p,)),
    "cordon_error_subject": (c_char_p, (c_void_p,)),
    "cordon_error_cause": (c_char_p, (c_void_p, c_size_t)),
    "cordon_error_exit_code": (c_int, (c_void_p,)),
    "cordon_error_free": (None, (c_void_p,)),
    # limits and tiers
    "cordon_limit_name": (c_char_p, (c_int,)),
    "cordon_tier_name": (c_char_p, (c_int,)),
    "cordon_tier_parse": (c_int, (c_char_p, POINTER(c_int), _OUT)),
    # hosts
    "cordon_host_opts_new": (c_void_p, ()),
    "cordon_host_opts_free": (None, (c_void_p,)),
    "cordon_host_opts_set_workers": (c_int, (c_void_p, c_uint, _OUT)),
    "cordon_host_opts_set_sandboxes": (c_int, (c_void_p, c_uint, _OUT)),
    "cordon_host_opts_set_cache_dir": (c_int, (c_void_p, c_char_p, _OUT)),
    "cordon_host_opts_set_helper": (c_int, (c_void_p, c_char_p, _OUT)),
    "cordon_host_opts_set_cache_max": (c_int, (c_void_p, c_uint64, _OUT)),
    "cordon_host_opts_set_ceiling": (c_int, (c_void_p, c_int, c_int, c_uint64, _OUT)),
    "cordon_host_opts_set_default": (c_int, (c_void_p, c_int, c_int, c_uint64, _OUT)),
    "cordon_host_opts_load": (c_int, (c_void_p, c_char_p, _OUT)),
    "cordon_host_opts_parse_limit": (c_int, (c_void_p, c_int, c_int, c_char_p, POINTER(c_uint64), _OUT)),
    "cordon_host_new": (c_int, (c_void_p, _OUT, _OUT)),
    "cordon_host_free": (None, (c_void_p,)),
    "cordon_host_fd": (c_int, (c_void_p,)),
    "cordon_host_dispatch": (c_size_t, (c_void_p,)),
    "cordon_host_timeout_ms": (c_int, (c_void_p,)),
    "cordon_host_quiesce": (c_int, (c_void_p, _OUT)),
    "cordon_host_stats": (None, (c_void_p, POINTER(HostStats))),
    # host functions
    "cordon_host_opts_add_function": (c_int, (c_void_p, c_char_p, c_char_p, c_char_p, c_char_p, c_int, FUNCTION, c_void_p, _OUT)),
    "cordon_reply_json": (None, (c_void_p, c_char_p, c_size_t)),
    "cordon_reply_err": (None, (c_void_p, c_char_p)),
    "cordon_reply_drop": (None, (c_void_p,)),
    "cordon_reply_is_wanted": (c_bool, (c_void_p,)),
    # skills
    "cordon_skill_load": (c_int, (c_void_p, c_char_p, c_int, _OUT, _OUT)),
    "cordon_skill_load_bytes": (c_int, (c_void_p, c_char_p, c_char_p, c_size_t, c_int, _OUT, _OUT)),
    "cordon_skill_free": (None, (c_void_p,)),
    "cordon_skill_name": (c_char_p, (c_void_p,)),
    "cordon_skill_tier": (c_int, (c_void_p,)),
    "cordon_skill_describe": (c_int, (c_void_p, _OUT, _OUT)),
    "cordon_skill_wit": (c_int, (c_void_p, _OUT, _OUT)),
    "cordon_skill_tools": (c_int, (c_void_p, c_int, _OUT, _OUT)),
    # calls
    "cordon_request_new": (c_int, (c_void_p, c_char_p, _OUT, _OUT)),
    "cordon_request_free": (None, (c_void_p,)),
    "cordon_request_export": (c_char_p, (c_void_p,)),
    "cordon_request_set_args": (c_int, (c_void_p, c_char_p, c_size_t, _OUT)),
    "cordon_request_set_input": (c_int, (c_void_p, c_char_p, c_size_t, _OUT)),
    "cordon_request_add_arg": (c_int, (c_void_p, c_char_p, _OUT)),
    "cordon_request_set_limit": (c_int, (c_void_p, c_int, c_uint64, c_char_p, _OUT)),
    "cordon_request_set_bot": (c_int, (c_void_p, c_char_p, _OUT)),
    "cordon_request_allow": (c_int, (c_void_p, c_char_p, _OUT)),
    "cordon_request_set_env": (c_int, (c_void_p, c_char_p, c_char_p, _OUT)),
    "cordon_request_set_ask": (c_int, (c_void_p, ASK, c_void_p, _OUT)),
    "cordon_decision_allow": (c_int, (c_void_p, _OUT)),
    "cordon_decision_deny": (None, (c_void_p,)),
    "cordon_request_run": (c_int, (c_void_p, _OUT, _OUT)),
    "cordon_request_start": (c_int, (c_void_p, DONE, c_void_p, _OUT, _OUT)),
    "cordon_call_cancel": (None, (c_void_p,)),
    "cordon_call_unref": (None, (c_void_p,)),
    # outcomes
    "cordon_outcome_kind": (c_int, (c_void_p,)),
    "cordon_outcome_name": (c_char_p, (c_int,)),
    "cordon_outcome_exit_code": (c_int, (c_void_p,)),
    "cordon_outcome_output": (c_void_p, (c_void_p, POINTER(c_size_t), POINTER(c_int))),
    "cordon_outcome_message": (c_char_p, (c_void_p,)),
    "cordon_outcome_hint": (c_char_p, (c_void_p,)),
    "cordon_outcome_err_json": (c_char_p, (c_void_p,)),
    "cordon_outcome_trap": (c_char_p, (c_void_p,)),
    "cordon_outcome_frame": (c_char_p, (c_void_p, c_size_t)),
    "cordon_outcome_usage": (c_uint64, (c_void_p, c_int)),
    "cordon_outcome_log": (c_bool, (c_void_p, c_size_t, POINTER(c_char_p), POINTER(c_char_p))),
    "cordon_outcome_denial": (c_bool, (c_void_p, c_size_t, POINTER(c_char_p), POINTER(c_char_p), POINTER(c_char_p), POINTER(c_uint64))),
    "cordon_outcome_denial_grant": (c_void_p, (c_void_p, c_size_t)),
    "cordon_outcome_free": (None, (c_void_p,)),
}


def _candidates() -> Iterator[str]:
    """What the environment names is taken, or nothing. Else what the loader finds, then the usual places of a prefix: of this
    package, of this Python, of a local installation. Never the working directory."""
    named = os.environ.get("CORDON_LIBRARY")
    if named:
        if not os.path.isabs(named):
            raise ImportError(f"CORDON_LIBRARY is not an absolute path: {named}")
        yield named
        return
    yield SONAME
    here = os.path.dirname(os.path.abspath(__file__)).split("/lib/")[0]
    folders = [f"lib/{sysconfig.get_config_var('MULTIARCH')}", "lib64", "lib"]
    for prefix in dict.fromkeys((here, sys.prefix, sys.base_prefix, "/usr/local", "/usr")):
        for folder in folders:
            path = os.path.join(prefix, folder, SONAME)
            if os.path.exists(path):
                yield path


def _open() -> ctypes.CDLL:
    problems = []
    for name in _candidates():
        try:
            return ctypes.CDLL(name)
        except OSError as problem:
            problems.append(str(problem))
    raise ImportError(f"cannot load {SONAME}: {'; '.join(problems)}. Install Cordon, or name the library in CORDON_LIBRARY.")


@functools.lru_cache(maxsize=None)
def library() -> ctypes.CDLL:
    """The library, opened when it is first needed. While it waits in one of its functions, other threads of Python run."""
    lib = _open()
    try:
        for name, (result, arguments) in PROTOTYPES.items():
            function = getattr(lib, name)
            function.restype, function.argtypes = result, arguments
    except AttributeError as problem:
        raise ImportError(f"this libcordon is of another version than the binding: {problem}") from None
    return lib


def text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")


def text_or_none(value: bytes | None) -> str | None:
    return None if value is None else text(value)


def c_string(value: str | bytes, what: str) -> bytes:
    """For a NUL-terminated argument: what lies behind a NUL would silently be lost."""
    if isinstance(value, str):
        value = value.encode("utf-8")
    if b"\0" in value:
        raise ValueError(f"{what} holds a NUL")
    return value


def path(value: Union[str, bytes, os.PathLike]) -> bytes:
    return c_string(os.fsencode(value), "the path")


def take_error(pointer: c_void_p) -> Error:
    """The error as a Python exception; the library's own is freed."""
    lib = library()
    try:
        causes: list[str] = []
        while True:
            cause = lib.cordon_error_cause(pointer, len(causes))
            if cause is None:
                break
            causes.append(text(cause))
        return Error(id=text(lib.cordon_error_id(pointer)), category=text(lib.cordon_error_category(pointer)),
                     message=text(lib.cordon_error_message(pointer)), hint=text(lib.cordon_error_hint(pointer)),
                     subject=text_or_none(lib.cordon_error_subject(pointer)), causes=tuple(causes),
                     exit_code=lib.cordon_error_exit_code(pointer))
    finally:
        lib.cordon_error_free(pointer)


def check(function: Any, *arguments: Any) -> None:
    """Calls a fallible function, which takes `cordon_error **` last."""
    err = c_void_p()
    if function(*arguments, ctypes.byref(err)) < 0:
        raise take_error(err)


def given(function: Any, *arguments: Any) -> c_void_p:
    """The same for one that gives a handle through its last argument but one."""
    pointer = c_void_p()
    check(function, *arguments, ctypes.byref(pointer))
    return pointer


def take_text(pointer: c_void_p | int | None) -> str | None:
    """A `char *` that is the caller's to free."""
    if not pointer:
        return None
    try:
        return ctypes.string_at(pointer).decode("utf-8")
    finally:
        library().cordon_free(pointer)


def given_text(function: Any, *arguments: Any) -> str:
    """The same for one that gives a `char *`."""
    return take_text(given(function, *arguments)) or ""


def given_json(function: Any, *arguments: Any) -> Any:
    return json.loads(given_text(function, *arguments))
