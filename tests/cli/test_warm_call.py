# SPDX-License-Identifier: Apache-2.0
"""What a warm call on the calling thread may cost beside what Wasmtime itself does: no system call, and at most one allocation."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from conftest import FIXTURES

BENCH = Path(os.environ["CORDON_BUILD"], "bench")
CALLS = 1000


def is_sanitized():
    libraries = subprocess.run(["ldd", BENCH / "calls"], check=True, capture_output=True, text=True).stdout
    return any(name in libraries for name in ("libasan", "libtsan", "libubsan"))


pytestmark = pytest.mark.skipif(is_sanitized(), reason="a sanitizer's own allocator and system calls would be counted")


def measure(tmp_path, program, mode, **env):
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "CORDON_HELPER": str(BENCH.parent / "cli/cordon-helper"), **env}
    done = subprocess.run([BENCH / program, mode, FIXTURES / "echo.wat", str(CALLS)], env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def allocations(tmp_path, program):
    return measure(tmp_path, program, "allocations", LD_PRELOAD=str(BENCH / "liballocations.so"))["allocations"]


def test_a_warm_call_makes_no_system_call(tmp_path):
    # On a busy machine a call may be interrupted for longer than its slice, and is then handed to a worker; that is not the path in question.
    assert measure(tmp_path, "calls", "system")["calls"] <= CALLS / 10


def test_a_warm_call_adds_at_most_one_allocation(tmp_path):
    bare, ours = allocations(tmp_path, "bare"), allocations(tmp_path, "calls")
    assert bare > 1, "nothing was counted"
    assert ours <= bare + 1
