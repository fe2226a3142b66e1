# SPDX-License-Identifier: Apache-2.0
"""Limits as people write them ("20G", "64MiB", "250ms"), or as numbers: fuel, bytes, seconds, counts."""

from __future__ import annotations

import ctypes
import datetime
import functools
import math
from ctypes import c_int, c_uint64, c_void_p
from typing import Mapping, Union

from ._library import c_string, check, library, text_or_none

Limit = Union[int, float, str, datetime.timedelta]

_TIME = "timeout"  # the one whose unit is not counted but measured: the library's milliseconds are seconds in Python
_UINT64 = 2**64
_WIDEST = 2**40  # what the library takes as a ceiling for anything
_WIDEST_TIME = 30 * 24 * 3600 * 1000


@functools.lru_cache(maxsize=None)
def numbers() -> dict[str, int]:
    """The limits there are, by name."""
    found: dict[str, int] = {}
    while True:
        name = text_or_none(library().cordon_limit_name(len(found)))
        if name is None:
            return found
        found[name] = len(found)


@functools.lru_cache(maxsize=None)
def origin(name: str) -> bytes:
    """Where a limit came from, for messages. Kept for good, for the library does not copy it."""
    return f"{name}=".encode("ascii")


def tier(name: str) -> int:
    number = c_int()
    check(library().cordon_tier_parse, c_string(name, "the tier"), ctypes.byref(number))
    return number.value


@functools.lru_cache(maxsize=None)
def _widest() -> c_void_p:
    """Options for reading alone, with ceilings above any: whether a host allows a value is for that host to say. Kept for good."""
    lib = library()
    opts = c_void_p(lib.cordon_host_opts_new())
    if not opts:
        raise MemoryError
    for name, number in numbers().items():
        check(lib.cordon_host_opts_set_ceiling, opts, tier("untrusted"), number, _WIDEST_TIME if name == _TIME else _WIDEST)
    return opts


def read(name: str, value: Limit) -> int:
    """In the unit of the library."""
    number = numbers()[name]
    if isinstance(value, str):
        result = c_uint64()
        check(library().cordon_host_opts_parse_limit, _widest(), tier("untrusted"), number, c_string(value, name), ctypes.byref(result))
        return result.value
    if isinstance(value, datetime.timedelta) and name == _TIME:
        value = value.total_seconds()
    allowed = (int, float) if name == _TIME else int
    if isinstance(value, bool) or not isinstance(value, allowed):
        raise TypeError(f"{name} is a number or a string such as \"{'10s' if name == _TIME else '64M'}\", not {type(value).__name__}")
    if not math.isfinite(value):
        raise ValueError(f"{name} has to be finite")
    whole = math.ceil(value * 1000) if name == _TIME else value
    if not 0 <= whole < _UINT64:
        raise ValueError(f"{name} has to be positive and below 2^64, not {value}")
    return int(whole)


def read_all(given: Mapping[str, Limit | None]) -> dict[str, int]:
    """By name, without those that are None."""
    result = {}
    for name, value in given.items():
        name = name.replace("_", "-")
        if name not in numbers():
            raise ValueError(f"there is no limit {name!r}, only {', '.join(numbers())}")
        if value is not None:
            result[name] = read(name, value)
    return result
