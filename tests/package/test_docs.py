# SPDX-License-Identifier: Apache-2.0
"""What the project's pages name exists: files, folders, links, decisions."""

import re

import pytest
from tables import ROOT

TOP = {path.name for path in ROOT.iterdir()}
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
ADRS = sorted((ROOT / "docs/adr").glob("*.md"))


def named(text):
    """Words in backquotes that are paths of this repository, and the targets of links to files. Capitals stand for what differs.
    Blocks of code are left out: what they name is the reader's."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    for word in re.findall(r"`([^`\s]+)`", text):
        if "/" in word and word.split("/")[0] in TOP and not re.search(r"[*<>{}…]|/[A-Z]+\b(?!\.md)", word):
            yield re.split("[#:]", word)[0]
    for link in re.findall(r"\]\(([^)]+)\)", text):
        if not re.match(r"[a-z]+:", link):
            yield link.split("#")[0]


def exists(path, page):
    """From the top, from the page, or as an include says it."""
    return any((place / path).exists() for place in (ROOT, (ROOT / page).parent, ROOT / "src", ROOT / "include"))


@pytest.mark.parametrize("page", PAGES)
def test_paths_exist(page):
    missing = {path for path in named((ROOT / page).read_text()) if path and not exists(path, page)}
    assert not {path for path in missing if not path.startswith("build/")}


@pytest.mark.parametrize("page", PAGES)
def test_code_files_of_a_room_exist(page):
    """In a room's page a bare file name is one of that room."""
    path = ROOT / page
    if path.parent.name != "internals":
        return
    folder = ROOT / ("cli" if path.stem == "cli" else f"src/{path.stem}")
    files = {word for word in re.findall(r"`([a-z_]+\.[ch])`", path.read_text())}
    elsewhere = [ROOT / "tests/unit", ROOT / "bench", ROOT / "include/cordon"]
    assert not {name for name in files if not any((place / name).exists() for place in [folder, *elsewhere])}


def test_decisions_are_numbered_and_whole():
    assert [path.name[:4] for path in ADRS] == [f"{n:04}" for n in range(1, len(ADRS) + 1)]
    for path in ADRS:
        text = path.read_text()
        assert re.match(r"# \d{4}: .+\n", text) and text[2:6] == path.name[:4], path.name
        for heading in ("## Where it comes from", "## Decision", "## What follows"):
            assert heading in text, (path.name, heading)


def test_the_newcomers_commands_are_targets():
    makefile = (ROOT / "Makefile").read_text()
    pages = "".join((ROOT / page).read_text() for page in ("README.md", "CONTRIBUTING.md"))
    targets = set(re.findall(r"`make ([a-z-]+)|^ +make ([a-z-]+)", pages, re.MULTILINE))
    assert {("demo", ""), ("test", ""), ("", "demo"), ("", "test")} <= targets
    for target in {one or other for one, other in targets}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    assert "exec make test" in (ROOT / ".ci/run").read_text()
