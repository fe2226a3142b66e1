# SPDX-License-Identifier: Apache-2.0
"""What `make install` lays down is enough: the command runs from there, and a program builds against it with pkg-config alone."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

BUILD = os.environ["CORDON_BUILD"]
ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests/fixtures"

PROGRAM = """
#include <cordon/cordon.h>
#include <stdio.h>
int main(void) { puts(cordon_version()); return 0; }
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder that stands for the prefix."""
    destination = tmp_path_factory.mktemp("installed")
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet"], check=True,
                   env=dict(os.environ, DESTDIR=str(destination)))
    command = next(path for path in destination.rglob("bin/cordon"))
    return command.parent.parent


@pytest.fixture(scope="module")
def library_folder(installed):
    return next(path for path in installed.rglob("libcordon.so")).parent


def test_the_installed_command_finds_its_library(installed):
    done = subprocess.run([installed / "bin/cordon", "--version"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("program", ["cordon-helper", "cordon-supervisor"])
def test_our_own_programs_are_in_libexec(installed, program):
    assert os.access(installed / "libexec/cordon" / program, os.X_OK)


@pytest.fixture
def build(installed, library_folder, tmp_path):
    """build(source) makes a program with pkg-config alone and gives a function that runs it, with a cache of its own."""
    if b"__asan_init" in Path(library_folder, "libcordon.so").read_bytes():
        pytest.skip("a sanitizer's library wants its runtime in the program too")
    search = dict(os.environ, PKG_CONFIG_PATH=str(library_folder / "pkgconfig"))
    flags = subprocess.run(["pkg-config", f"--define-variable=prefix={installed}", "--cflags", "--libs", "cordon", "jansson"],
                           check=True, capture_output=True, text=True, env=search).stdout.split()
    # The library looks where it was to be installed, which is not here, and then beside the program.
    tmp_path.joinpath("cordon-helper").symlink_to(installed / "libexec/cordon/cordon-helper")
    env = dict(os.environ, LD_LIBRARY_PATH=str(library_folder), XDG_CACHE_HOME=str(tmp_path / "cache"))

    def make(source):
        subprocess.run(["gcc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-o", tmp_path / "program", source, *flags], check=True)
        return lambda *words, cwd=None: subprocess.run([tmp_path / "program", *words], capture_output=True, text=True, env=env, cwd=cwd, timeout=120)
    return make


def test_a_program_builds_with_pkg_config(build, tmp_path):
    source = tmp_path / "program.c"
    source.write_text(PROGRAM)
    assert build(source)().stdout.strip()


def test_the_smallest_program_calls_an_export_with_json(build):
    run = build(ROOT / "examples/embed/sync.c")
    done = run(FIXTURES / "adder.wat", "add", "[2, 40]")
    assert (done.returncode, done.stdout, done.stderr) == (0, "42\n", "")
    done = run(FIXTURES / "adder.wat", "add", '["two", 40]')
    assert done.returncode != 0 and "a: expected an integer" in done.stderr
    done = run(FIXTURES / "err.wat", "execute", '{"input": "no such town"}')
    assert done.returncode == 1 and "no such town" in done.stdout


def test_the_program_of_the_manual_runs(build, tmp_path):
    page = (ROOT / "man/libcordon.3.scd").read_text()
    block = page[page.index("\tcordon_host ") : page.index("\n\n_cordon_host_fd_")]
    program = re.sub(r"\\(.)", r"\1", block.replace("++\n", "\n"))
    source = tmp_path / "manual.c"
    source.write_text(f"#include <cordon/cordon.h>\n#include <stdio.h>\nint main(void)\n{{\n{program}\n    return 0;\n}}\n")
    run = build(source)
    shutil.copy(FIXTURES / "adder.wat", tmp_path / "adder.wasm")
    done = run(cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "5\n", "")


def test_the_smallest_program_is_small():
    lines = [line for line in (ROOT / "examples/embed/sync.c").read_text().split("*/", 1)[1].splitlines() if line.strip()]
    assert len(lines) <= 30


def test_many_calls_at_once_from_an_event_loop_of_its_own(build):
    run = build(ROOT / "examples/embed/epoll.c")
    names = [f"name{n}" for n in range(100)]
    done = run(FIXTURES / "echo.wat", *names)
    assert done.returncode == 0 and sorted(done.stdout.splitlines()) == sorted(f"{name}: {name}" for name in names)


def test_a_call_that_never_ends_is_given_up(build):
    done = build(ROOT / "examples/embed/epoll.c")(FIXTURES / "spin.wat", "x")
    assert done.returncode == 0 and "x: spin was cancelled" in done.stdout


def test_a_function_of_the_program_s_own(build):
    done = build(ROOT / "examples/embed/function.c")(FIXTURES / "own.wat", "21")
    assert (done.returncode, done.stdout, done.stderr) == (0, "42\n", "")
