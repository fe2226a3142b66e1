# SPDX-License-Identifier: Apache-2.0
"""Commands that go on until a signal comes. What they say on stderr is waited for, so that nothing depends on how fast they are."""

import queue
import signal
import threading
import time

import pytest
from conftest import SECONDS


class Watching:
    """A command that watches: its stderr line by line, its stdout at its end."""

    def __init__(self, cordon, *words, **options):
        self.child = cordon.popen(*words, **options)
        self.lines, self.seen = queue.Queue(), []
        self.out = []
        self.threads = [threading.Thread(target=self.read, args=(self.child.stderr, self.lines.put)), threading.Thread(target=self.read, args=(self.child.stdout, self.out.append))]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def read(pipe, take):
        for line in pipe:
            take(line.decode(errors="replace"))

    def until(self, text):
        """Waits for a line with this text, and returns those that came since the last time."""
        end, lines = time.monotonic() + SECONDS, []
        while not (lines and text in lines[-1]):
            try:
                lines.append(self.lines.get(timeout=max(0.01, end - time.monotonic())))
            except queue.Empty:
                pytest.fail(f"no line with {text!r}: {self.seen + lines}")
        self.seen += lines
        return "".join(lines)

    def answered(self, n):
        """Waits until n lines have come on stdout: they are read beside stderr, and may come after the words about them."""
        end = time.monotonic() + SECONDS
        while len(self.out) < n:
            assert time.monotonic() < end, self.out
            time.sleep(0.01)

    def answers(self):
        return "".join(self.out)

    def end(self, sig=signal.SIGINT):
        """Ends it, and returns its status and its whole stdout."""
        if sig and self.child.poll() is None:
            self.child.send_signal(sig)
        status = self.child.wait(SECONDS)
        for thread in self.threads:
            thread.join(SECONDS)
        while not self.lines.empty():
            self.seen.append(self.lines.get())
        return status, self.answers()


@pytest.fixture
def watch(cordon):
    """watch("run", ...) starts a command that watches."""
    started = []

    def start(*words, **options):
        started.append(Watching(cordon, *words, **options))
        return started[-1]

    yield start
    for one in started:
        one.end(signal.SIGKILL)
