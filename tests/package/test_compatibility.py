# SPDX-License-Identifier: Apache-2.0
"""Every test that docs/compatibility.md names is there."""

import re

import pytest
from tables import ROOT

PAGE = ROOT / "docs/compatibility.md"
PLACES = ("tests/unit", "tests/api", "tests/cli", "tests/package", "tests/fetch", "tests/hostile", "tests/guests")
NAMED = re.compile(r"`([\w./-]+\.(?:c|py))::(\w+)`")


def named():
    return sorted(set(NAMED.findall(PAGE.read_text())))


def sources(file):
    found = [ROOT / file] if "/" in file else [ROOT / place / file for place in PLACES]
    return [path for path in found if path.is_file()]


def has(path, test):
    """In C also as a row of a table of tests."""
    pattern = rf"^def {test}\(" if path.suffix == ".py" else rf"^(?:START_TEST\({test}\)| +X\({test}\b)"
    return re.search(pattern, path.read_text(), re.MULTILINE)


def test_the_page_names_tests():
    assert len(named()) >= 100


@pytest.mark.parametrize("file, test", named())
def test_what_is_named_is_there(file, test):
    paths = sources(file)
    assert paths, f"there is no {file}"
    assert any(has(path, test) for path in paths), f"there is no test {test} in {file}"
