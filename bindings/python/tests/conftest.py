# SPDX-License-Identifier: Apache-2.0
"""The binding as it lies in the tree, over the library of a build directory."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
BINDING = ROOT / "bindings/python"
BUILD = Path(os.environ.get("CORDON_BUILD", ROOT / "build")).resolve()
LIBRARY = BUILD / "src/libcordon.so.0"
HELPER = BUILD / "cli/cordon-helper"
FIXTURES = ROOT / "tests/fixtures"
SANITIZED = b"__asan_init" in LIBRARY.read_bytes()
SECONDS = 120  # that no single test outlives

os.environ["CORDON_LIBRARY"] = str(LIBRARY)
sys.path.insert(0, str(BINDING))


def pytest_collection_modifyitems(items):
    if SANITIZED and "libasan" not in os.environ.get("LD_PRELOAD", ""):
        for item in items:
            item.add_marker(pytest.mark.skip("a sanitizer's library wants its runtime in Python too: scripts/run-tests preloads it"))


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("cache") / "cordon"


@pytest.fixture(scope="session")
def make_host(cache_dir):
    """make_host(workers=…) is a host that the test closes."""
    from cordon import Host
    return lambda **options: Host(**{"helper": HELPER, "cache_dir": cache_dir, "workers": 2, "sandboxes": 64, **options})


@pytest.fixture(scope="module")
def host(make_host):
    with make_host(sandboxes=1000) as host:
        yield host


@pytest.fixture(scope="module")
def skill(host):
    """skill("adder") is that fixture, loaded once."""
    loaded = {}

    def load(name):
        if name not in loaded:
            loaded[name] = host.load(FIXTURES / f"{name}.wat")
        return loaded[name]
    return load
