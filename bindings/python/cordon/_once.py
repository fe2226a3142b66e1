# SPDX-License-Identifier: Apache-2.0
"""Something the library waits for, to be answered exactly once, from any thread."""

from __future__ import annotations

import threading
from ctypes import c_void_p
from typing import Any, Callable

from ._native import Native


class Once:
    """While it is not answered, the host lives. One that is forgotten is dropped."""

    def __init__(self, pointer: int, host: Native) -> None:
        self._pointer: c_void_p | None = c_void_p(pointer)
        self._lock = threading.Lock()
        self._host = host
        self.holds = host.enter_while_alive() is not None  # if not, it has to be dropped before anything else

    def drop(self) -> None:
        """Of no effect once it is answered."""
        raise NotImplementedError

    def answer(self, function: Callable[..., None], *arguments: Any) -> None:
        """Calls the function with the pointer, the first time."""
        with self._lock:
            pointer, self._pointer = self._pointer, None
        if pointer is None or self._host.forked:
            return
        try:
            function(pointer, *arguments)
        finally:
            if self.holds:
                self._host.leave_aside()

    def ask(self, function: Callable[[c_void_p], Any]) -> Any:
        """What the function says of the pointer; None if it is answered."""
        with self._lock:
            return None if self._pointer is None else function(self._pointer)

    def __del__(self) -> None:
        self.drop()
