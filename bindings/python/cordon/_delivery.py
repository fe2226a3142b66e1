# SPDX-License-Identifier: Apache-2.0
"""Asynchronous calls: the host's descriptor in asyncio's loops.

A host may be used from several loops, each in a thread of its own. While a loop waits for calls, it watches a duplicate of the
host's descriptor, and whichever loop wakes first dispatches for all. The library runs completions inside that dispatch; here they
only hand the outcome to the loop of the waiting coroutine. A loop that waits for nothing watches nothing.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
from ctypes import byref, c_void_p
from typing import Callable, Union

from ._library import DONE, check, library, take_error
from ._native import Native
from ._outcome import Outcome

Result = Union[Outcome, BaseException]


class Delivery:
    """That of one host."""

    def __init__(self, host: Native) -> None:
        self.host = host
        self.calls: set[Call] = set()
        self.calls_lock = threading.RLock()  # reentrant: garbage collection may close a coroutine at any point
        self.tasks: set[asyncio.Task[None]] = set()  # host functions that are coroutines
        self.inside = Inside()
        self._dispatching = threading.Lock()
        self._watches: dict[asyncio.AbstractEventLoop, Watch] = {}

    def watch(self, loop: asyncio.AbstractEventLoop) -> Watch:
        """Has the loop wait for one more call."""
        watch = self._watches.get(loop) or Watch(self, loop)
        watch.begin()
        self._watches[loop] = watch
        return watch

    def any_loop(self) -> asyncio.AbstractEventLoop | None:
        """One that waits for calls."""
        return next(iter(list(self._watches)), None)

    def forget(self, loop: asyncio.AbstractEventLoop) -> None:
        self._watches.pop(loop, None)

    def dispatch(self) -> int:
        """Delivers what there is. Returns the ms after which it has to be done again; -1: when the descriptor says so."""
        host = self.host.enter_while_alive()
        if host is None:
            return -1
        try:
            with self._dispatching:
                library().cordon_host_dispatch(host)
            self.inside.raise_interrupt()
            return library().cordon_host_timeout_ms(host)
        finally:
            self.host.leave()  # outside the dispatch: whoever leaves last frees the host

    def settle(self) -> None:
        """Cancels what is under way and waits until it has ended, for a host that has been shut."""
        host = self.host.enter_while_alive()
        if host is None:
            return
        try:
            self.cancel_all()
            with self._dispatching:
                check(library().cordon_host_quiesce, host)
        finally:
            self.host.leave()

    def cancel_all(self) -> None:
        with self.calls_lock:
            for call in list(self.calls):
                call.cancel()
        for task in list(self.tasks):
            try:
                task.get_loop().call_soon_threadsafe(task.cancel)
            except RuntimeError:
                pass  # its loop is closed


class Inside(threading.local):
    """Is this thread inside a host function of this host? There it must not wait for the host. And what cannot pass through the
    library from there waits here for the thread to come back."""

    depth = 0
    interrupt: BaseException | None = None

    def __enter__(self) -> None:
        self.depth += 1

    def __exit__(self, *_: object) -> None:
        self.depth -= 1

    def refuse(self, what: str) -> None:
        if self.depth:
            raise RuntimeError(f"a host function cannot {what}: the host waits for it")

    def raise_interrupt(self) -> None:
        interrupt, self.interrupt = self.interrupt, None
        if interrupt is not None:
            raise interrupt


class Watch:
    """One loop that waits for calls of one host. Used in that loop's thread alone, but for abandon()."""

    def __init__(self, delivery: Delivery, loop: asyncio.AbstractEventLoop) -> None:
        self._delivery = delivery
        self._loop = loop
        self._waiting = 0
        self._timer: asyncio.TimerHandle | None = None
        self._fd = -1

    def begin(self) -> None:
        if self._waiting == 0:
            with self._delivery.host as host:
                self._fd = os.dup(library().cordon_host_fd(host))
            self._loop.add_reader(self._fd, self._turn)
        self._waiting += 1

    def end(self) -> None:
        self._waiting -= 1
        if self._waiting == 0:
            self._delivery.forget(self._loop)
            self._loop.remove_reader(self._fd)
            self._set_timer(-1)
            os.close(self._fd)

    def abandon(self) -> None:
        """The loop is closed, and has forgotten the descriptor."""
        if self._fd >= 0:
            self._delivery.forget(self._loop)
            fd, self._fd = self._fd, -1
            os.close(fd)

    def _turn(self) -> None:
        timeout_ms = self._delivery.dispatch()
        if self._waiting:
            self._set_timer(timeout_ms)

    def _set_timer(self, timeout_ms: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if timeout_ms < 0 else self._loop.call_later(timeout_ms / 1000, self._turn)


class Call:
    """One call that was started. The coroutine that waits for it owns it."""

    def __init__(self, delivery: Delivery, loop: asyncio.AbstractEventLoop, take: Callable[[c_void_p], Outcome]) -> None:
        self._delivery = delivery
        self._loop = loop
        self._take = take
        self._pointer = c_void_p()
        self._future: asyncio.Future[Result] = loop.create_future()
        self._delivered = False

    def start(self, request: c_void_p) -> None:
        self._delivery.inside.refuse("run a loop that calls its host")
        self._watch = self._delivery.watch(self._loop)
        key = next(_keys)
        _calls[key] = self  # before the start: another thread may deliver it at once
        try:
            check(library().cordon_request_start, request, _on_done, key, byref(self._pointer))
        except BaseException:
            del _calls[key]
            self._watch.end()
            raise
        with self._delivery.calls_lock:
            self._delivery.calls.add(self)
        if self._delivery.host.closed:  # meanwhile, by another thread
            self.cancel()

    async def wait(self) -> Outcome:
        """Its outcome. A task that is cancelled here cancels the call, and ends when the call has."""
        try:
            result = await self._future
        except asyncio.CancelledError:
            self.cancel()
            if not self._delivered:
                self._future = self._loop.create_future()
                await self._future
            raise
        finally:
            self._let_go()
        if isinstance(result, BaseException):
            raise result
        return result

    def cancel(self) -> None:
        with self._delivery.calls_lock:
            if self._pointer:
                library().cordon_call_cancel(self._pointer)

    def _let_go(self) -> None:
        with self._delivery.calls_lock:
            self._delivery.calls.discard(self)
            pointer, self._pointer = self._pointer, c_void_p()
        if pointer and not self._delivery.host.forked:
            library().cordon_call_cancel(pointer)  # of no effect but where the coroutine was closed before the end
            library().cordon_call_unref(pointer)

    def done(self, outcome: int | None, error: int | None) -> None:
        """In whichever thread dispatches."""
        try:
            result: Result = self._take(c_void_p(outcome)) if outcome else take_error(c_void_p(error))
        except BaseException as problem:
            result = problem
        if _running_loop() is self._loop:
            self._finish(result)
            return
        try:
            self._loop.call_soon_threadsafe(self._finish, result)
        except RuntimeError:
            self._watch.abandon()

    def _finish(self, result: Result) -> None:
        """In the loop's thread."""
        self._delivered = True
        self._watch.end()
        if not self._future.done():
            self._future.set_result(result)  # an exception too: nobody may be left to fetch it


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


_calls: dict[int, Call] = {}
_keys = itertools.count(1)


@DONE
def _on_done(key: int, outcome: int | None, error: int | None) -> None:
    _calls.pop(key).done(outcome, error)
