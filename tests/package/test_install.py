# SPDX-License-Identifier: Apache-2.0
"""What `make install` lays down is enough: the command runs from there, and a program builds against it with pkg-config alone."""

import os
import subprocess
from pathlib import Path

import pytest

BUILD = os.environ["CORDON_BUILD"]

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


def test_the_helper_is_in_libexec(installed):
    assert os.access(installed / "libexec/cordon/cordon-helper", os.X_OK)


def test_a_program_builds_with_pkg_config(installed, library_folder, tmp_path):
    if b"__asan_init" in Path(library_folder, "libcordon.so").read_bytes():
        pytest.skip("a sanitizer's library wants its runtime in the program too")
    source = tmp_path / "program.c"
    source.write_text(PROGRAM)
    env = dict(os.environ, PKG_CONFIG_PATH=str(library_folder / "pkgconfig"))
    flags = subprocess.run(["pkg-config", f"--define-variable=prefix={installed}", "--cflags", "--libs", "cordon"],
                           check=True, capture_output=True, text=True, env=env).stdout.split()
    subprocess.run(["gcc", "-Wall", "-Werror", "-o", tmp_path / "program", source, *flags], check=True)
    done = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True,
                          env=dict(os.environ, LD_LIBRARY_PATH=str(library_folder)))
    assert done.stdout.strip()
