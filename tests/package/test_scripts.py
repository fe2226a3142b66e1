# SPDX-License-Identifier: Apache-2.0
"""The scripts that a newcomer and the continuous integration rely on."""

import os
import stat
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def write_script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def run_unit(tmp_path):
    """Has scripts/run-tests run a made-up runner, the others having nothing to run; returns its exit status and last line."""
    def run(script):
        for other in ("tests/api/api-tests", "fuzz/replay"):
            write_script(tmp_path / other, 'echo "100%: Checks: 0, Failures: 0, Errors: 0"')
        write_script(tmp_path / "tests/unit/unit-tests", script)
        done = subprocess.run([ROOT / "scripts/run-tests", tmp_path, "--only", "unit"], capture_output=True, text=True)
        return done.returncode, done.stdout.splitlines()[-1]
    return run


def test_passing_tests_are_counted(run_unit):
    assert run_unit('echo "100%: Checks: 7, Failures: 0, Errors: 0"') == (0, "7 passed, 0 failed")


def test_failures_and_errors_are_counted_as_failed(run_unit):
    assert run_unit('echo "40%: Checks: 5, Failures: 2, Errors: 1"; exit 1') == (1, "2 passed, 3 failed")


def test_a_runner_that_dies_is_a_failure(run_unit):
    assert run_unit("kill -SEGV $$") == (1, "0 passed, 1 failed")


def test_a_runner_that_dies_after_a_good_summary_is_a_failure(run_unit):
    assert run_unit('echo "100%: Checks: 7, Failures: 0, Errors: 0"; exit 3') == (1, "7 passed, 1 failed")


def test_skipped_tests_are_counted_apart(run_unit):
    script = 'echo "SKIPPED: no kernel for it"; echo "100%: Checks: 7, Failures: 0, Errors: 0"'
    assert run_unit(script) == (0, "6 passed, 0 failed, 1 skipped")


def test_nothing_run_is_a_failure(run_unit):
    assert run_unit('echo "100%: Checks: 0, Failures: 0, Errors: 0"') == (1, "0 passed, 0 failed")


def run_ground(tmp_path, dpkg, **env):
    """Runs scripts/ground as an ordinary user on a machine where dpkg-query answers as told; sudo only writes down what it was asked."""
    write_script(tmp_path / "dpkg-query", dpkg)
    write_script(tmp_path / "id", "echo 1000")
    write_script(tmp_path / "sudo", f'echo "$@" >>{tmp_path}/sudo.log')
    env = {key: value for key, value in os.environ.items() if key != "YES"} | {"PATH": f"{tmp_path}:{os.environ['PATH']}"} | env
    return subprocess.run([ROOT / "scripts/ground"], capture_output=True, text=True, env=env, stdin=subprocess.DEVNULL)


def test_ground_without_terminal_and_consent_shows_the_command_and_does_nothing(tmp_path):
    done = run_ground(tmp_path, "exit 1")
    assert done.returncode == 2
    assert "sudo apt-get install" in done.stdout and "libuv1-dev" in done.stdout
    assert not (tmp_path / "sudo.log").exists()


def test_ground_with_yes_installs_without_a_question(tmp_path):
    done = run_ground(tmp_path, "exit 1", YES="1")
    assert "install -y" in (tmp_path / "sudo.log").read_text()
    assert done.returncode == 1 and "yet missing" in done.stderr  # this sudo installs nothing, and that is noticed


def test_ground_is_quick_and_silent_where_nothing_is_missing():
    start = time.monotonic()
    done = subprocess.run([ROOT / "scripts/ground"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - start < 2


def test_the_demo_fails_where_nothing_is_denied(tmp_path):
    write_script(tmp_path / "cordon", "exit 0")
    done = subprocess.run([ROOT / "scripts/demo", tmp_path / "cordon"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "expected exit status 3" in done.stderr


def test_the_demo_passes_where_all_ends_as_it_should(tmp_path):
    write_script(tmp_path / "cordon", 'case "$*" in run*fetch*) exit 3 ;; run*spin*) exit 4 ;; esac')
    done = subprocess.run([ROOT / "scripts/demo", tmp_path / "cordon"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "$ cordon run ./hello.wasm 'Ada Lovelace'" in done.stdout
