# SPDX-License-Identifier: Apache-2.0
"""In the middle of a call: SIGINT and SIGTERM give an outcome, then the death that a shell expects; the process is locked in."""

import json
import os
import signal
import time

import pytest
from conftest import is_locked_in


def wait_until_busy(pid):
    """A spinning guest has used CPU for a while: the call has begun."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            ticks = int(f.read().rsplit(")", 1)[1].split()[11])
        if ticks > 0.3 * os.sysconf("SC_CLK_TCK"):
            return
        time.sleep(0.01)
    raise AssertionError("the guest never ran")


@pytest.fixture
def spinning(cordon, wat):
    cordon("run", wat("spin"), "x", "--fuel", "1k")  # compiled from here on
    children = []

    def start(*words):
        child = cordon.popen("run", wat("spin"), "x", "--fuel", "100G", "-t", "60s", *words)
        children.append(child)
        wait_until_busy(child.pid)
        return child

    yield start
    for child in children:
        if child.poll() is None:
            child.kill()
        child.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_cancelled_then_dead_of_the_signal(spinning, number):
    child = spinning()
    begin = time.monotonic()
    child.send_signal(number)
    out, err = child.communicate(timeout=30)
    assert child.returncode == -number
    assert out == b"" and b"cancelled" in err
    assert time.monotonic() - begin < 5


def test_cancelled_as_json(spinning):
    child = spinning("--json")
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=30)
    found = json.loads(out)
    assert child.returncode == -signal.SIGINT and err == b""
    assert found["outcome"] == "cancelled" and found["usage"]["wall_us"] > 0


def test_a_signal_that_is_ignored_stays_ignored(cordon, wat):
    done = cordon.shell(f'trap "" INT; "$CORDON" run {wat("spin")} x --fuel 500M & sleep 0.4; kill -INT $!; wait $!')
    assert done.status == 4 and "cancelled" not in done.err


def test_a_signal_while_the_answer_cannot_be_written(cordon, wat, tmp_path):
    (tmp_path / "in").write_text("x" * 900_000)
    read, write = os.pipe()  # nobody reads: the write blocks
    with cordon.popen("run", wat("echo"), f"@{tmp_path}/in", stdout=write) as child:
        os.close(write)
        try:
            time.sleep(2)
            child.send_signal(signal.SIGINT)
            child.wait(timeout=30)
        finally:
            child.kill()
            os.close(read)
    assert child.returncode == -signal.SIGINT


def test_the_next_call_is_fine(cordon, wat, spinning):
    child = spinning()
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=30)
    assert cordon("run", wat("echo"), "hi").out == b"hi"


def test_a_running_call_is_locked_in(cordon, spinning):
    if not is_locked_in(cordon):
        pytest.skip("not locked in where the process looks for leaks, or writes figures, at its end")
    child = spinning()
    for task in os.listdir(f"/proc/{child.pid}/task"):
        with open(f"/proc/{child.pid}/task/{task}/status", encoding="ascii") as f:
            status = dict(line.split(":", 1) for line in f)
        assert status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2"
