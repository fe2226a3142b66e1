# SPDX-License-Identifier: Apache-2.0
"""The command as in tests/cli, and calls of hostile guests with it."""

import importlib.util
import json
import os
import time

import pytest
from hostile_ground import HERE, Ending


def load(path):
    spec = importlib.util.spec_from_file_location("cordon_cli_conftest", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cordon = load(HERE.parent / "cli/conftest.py").cordon


@pytest.fixture
def end(cordon):
    """end("code", "spin", ...): calls that export of tests/hostile/code.wat and gives its Ending."""
    def run(guest, export=None, *words, args=None):
        path = guest if os.sep in str(guest) else HERE / f"{guest}.wat"
        call = ["-c", export] if export else []
        call += ["--args", json.dumps(args)] if args is not None else []
        before = time.monotonic()
        done = cordon("run", path, *call, *words, "-j")
        return Ending(done, time.monotonic() - before).check()
    return run


@pytest.fixture
def made(end, tmp_path):
    """made(text or bytes): the Ending of an artifact that the test makes itself."""
    def run(content, *words, name="made", **options):
        path = tmp_path / (name + (".wasm" if isinstance(content, bytes) else ".wat"))
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return end(str(path), *words, **options)
    return run
