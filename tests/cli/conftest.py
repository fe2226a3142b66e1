# SPDX-License-Identifier: Apache-2.0
"""What every test of the command uses: the command as a real process, a cache of its own, the guests of tests/fixtures."""

import json
import os
import pty
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests/fixtures"
SECONDS = 120  # no single command takes longer, not even under the sanitizers


@dataclass
class Done:
    status: int
    out: bytes
    err: str

    @property
    def text(self):
        return self.out.decode()

    @property
    def json(self):
        return json.loads(self.out)


class Cordon:
    def __init__(self, path, env):
        self.path = path
        self.env = env

    def popen(self, *words, env=None, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        return subprocess.Popen([self.path, *map(os.fsdecode, words)], env={**self.env, **(env or {})}, **options)

    def __call__(self, *words, input=None, seconds=SECONDS, **options):
        if input is not None:
            options["stdin"] = subprocess.PIPE
        with self.popen(*words, **options) as child:
            try:
                out, err = child.communicate(input, timeout=seconds)
            except subprocess.TimeoutExpired:
                child.kill()
                raise
        return Done(child.returncode, out or b"", (err or b"").decode(errors="replace"))

    def shell(self, script, **options):
        """A script for sh in which $CORDON is the command: for redirections that Python has no words for."""
        done = subprocess.run(["sh", "-c", script], env={**self.env, "CORDON": self.path}, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=SECONDS, check=False, **options)
        return Done(done.returncode, done.stdout, done.stderr.decode(errors="replace"))


def is_sanitized(cordon):
    with open(cordon.path, "rb") as f:
        return b"__asan_init" in f.read()


def is_locked_in(cordon):
    """Does `cordon run` lock itself in? Not where the process looks for leaks, or writes figures of coverage, at its end."""
    with open(cordon.path, "rb") as f:
        program = f.read()
    return b"__asan_init" not in program and b"__gcov_exit" not in program


def on_terminal(cordon, *words, env=None):
    """Runs with stdout and stderr on a terminal. Returns the exit status and what it showed."""
    master, slave = pty.openpty()
    shown = b""
    with cordon.popen(*words, stdout=slave, stderr=slave, env=env) as child:
        os.close(slave)
        while True:
            try:
                data = os.read(master, 65536)
            except OSError:
                break
            if not data:
                break
            shown += data
    os.close(master)
    return child.returncode, shown.decode().replace("\r\n", "\n")


@pytest.fixture(scope="session")
def cordon(tmp_path_factory):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CORDON", "XDG_", "NO_COLOR"))}
    home = tmp_path_factory.mktemp("home")
    env.update(HOME=str(home), XDG_CACHE_HOME=str(home / "cache"), TERM="xterm", LC_ALL="C.UTF-8")
    path = os.environ.get("CORDON", str(ROOT / "build/cli/cordon"))
    return Cordon(os.path.abspath(path), env)


@pytest.fixture
def own_name():
    """A name that leads to an address of this machine."""
    with open("/etc/hosts") as hosts:
        rows = [line.split("#")[0].split() for line in hosts]
    for row in rows:
        for name in row[1:]:
            if "localhost" not in name and name.replace("-", "").replace(".", "").isalnum() and not name.startswith("ip6-"):
                return name, row[0]
    return pytest.skip("/etc/hosts has no name of this machine but localhost")


@pytest.fixture
def wat():
    """wat("echo") is the path of that fixture."""
    return lambda name: str(FIXTURES / f"{name}.wat")
