# SPDX-License-Identifier: Apache-2.0
"""A large artifact is not read again while its file is as it was; one that changed always is."""

import os
import time

from conftest import FIXTURES

SIZE = 2 << 20


def write(path, fixture):
    text = (FIXTURES / fixture).read_bytes()
    path.write_bytes(text + b"\n;;" + b" " * (SIZE - len(text) - 4) + b"\n")


def settle():
    """What changed within the last two seconds is not remembered."""
    time.sleep(2.1)


def test_a_large_file_that_changed_is_read_again(cordon, tmp_path):
    target = tmp_path / "skill.wat"
    write(target, "echo.wat")
    settle()
    for _ in range(3):
        assert cordon("run", target, "hello").text == "hello"
    times = os.stat(target)
    write(target, "err.wat")
    os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert os.stat(target).st_size == times.st_size
    assert cordon("run", target, "hello").status == 1


def test_a_large_file_whose_code_is_gone_is_compiled_again(cordon, tmp_path):
    target = tmp_path / "skill.wat"
    write(target, "echo.wat")
    settle()
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert cordon("run", target, "hello", env=cache).text == "hello"
    entries = [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and len(path.name) == 64]
    assert len(entries) == 1
    entries[0].unlink()
    assert cordon("run", target, "hello", env=cache).text == "hello"


def test_a_large_file_that_is_no_skill_is_refused_each_time(cordon, tmp_path):
    target = tmp_path / "skill.wasm"
    target.write_bytes(b"\x7fELF" + bytes(SIZE))
    settle()
    for _ in range(2):
        assert cordon("run", target).status == 6
