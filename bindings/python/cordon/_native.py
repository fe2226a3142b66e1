# SPDX-License-Identifier: Apache-2.0
"""A handle of the library, and who may still use it.

A host must be freed last, nothing may be freed while another thread is inside it, and Python finalises objects in no order that
one could rely on. So each handle counts its users: its owner (a Host, a Skill), every call under way, and every handle made from it.
Who leaves last frees it.
"""

from __future__ import annotations

import os
import threading
from ctypes import c_void_p
from typing import Callable


class Native:
    """`free` gets the pointer once, when the owner has closed the handle and nobody is inside it any more."""

    def __init__(self, what: str, pointer: c_void_p, free: Callable[[c_void_p], None], parent: Native | None = None) -> None:
        self.what = what
        self._pointer = pointer
        self._free = free
        self._parent = parent
        self._users = 1
        self._closed = False
        self._pid = os.getpid()
        self._children: set[Native] = set()
        self._lock = threading.RLock()  # reentrant: garbage collection closes handles at any point, in this thread too
        if parent is not None:
            parent._adopt(self)

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def forked(self) -> bool:
        """In a child of the process that made it, where nothing of it works: its threads are gone."""
        return os.getpid() != self._pid

    def __enter__(self) -> c_void_p:
        if self.forked:
            raise RuntimeError(f"the {self.what} belongs to the parent process: a child that was forked must make its own host")
        with self._lock:
            if self._closed:
                raise ValueError(f"the {self.what} is closed")
            self._users += 1
        return self._pointer

    def __exit__(self, *_: object) -> None:
        self._leave()

    def enter_while_alive(self) -> c_void_p | None:
        """As `with`, also after close() as long as it is not freed; None if it is."""
        with self._lock:
            if self._users == 0 or self.forked:
                return None
            self._users += 1
        return self._pointer

    def leave(self) -> None:
        self._leave()

    def leave_aside(self) -> None:
        """The same for a thread of the library's own, which cannot wait until the host is gone."""
        with self._lock:
            self._users -= 1
            last = self._users == 0
        if last:
            threading.Thread(target=self._finish).start()

    def shut(self) -> bool:
        """Lets nobody in any more, the owner excepted. False if that was so before."""
        with self._lock:
            was_open, self._closed = not self._closed, True
        return was_open

    def close(self) -> None:
        """The owner gives it up, and what was made from it too."""
        if self.shut():
            self.give_up()

    def give_up(self) -> None:
        """After shut()."""
        with self._lock:
            children = list(self._children)
        for child in children:
            child.close()
        self._leave()

    def _adopt(self, child: Native) -> None:
        with self._lock:
            self._users += 1
            self._children.add(child)

    def _disown(self, child: Native) -> None:
        with self._lock:
            self._children.discard(child)
        self._leave()

    def _leave(self) -> None:
        with self._lock:
            self._users -= 1
            last = self._users == 0
        if last:
            self._finish()

    def _finish(self) -> None:
        if not self.forked:
            self._free(self._pointer)
        if self._parent is not None:
            self._parent._disown(self)
