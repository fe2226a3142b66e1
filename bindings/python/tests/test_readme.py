# SPDX-License-Identifier: Apache-2.0
"""The examples of the README, run as they stand there."""

import doctest
import os
import shutil

import pytest
from conftest import BINDING, FIXTURES

import cordon


@pytest.fixture
def folder(tmp_path, make_host, monkeypatch):
    """Where the skills of the README lie, and a Host() that needs no installation."""
    for name in ("adder", "echo", "cat", "spin", "fetch", "err", "env", "own"):
        shutil.copy(FIXTURES / f"{name}.wat", tmp_path / f"{name}.wasm")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cordon, "Host", make_host)
    return tmp_path


def test_the_examples_are_true(folder):
    result = doctest.testfile(str(BINDING / "README.md"), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert result.attempted > 20 and result.failed == 0
    assert os.getcwd() == str(folder)
