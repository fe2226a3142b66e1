# SPDX-License-Identifier: Apache-2.0
"""Each room of src/ includes what its row in ARCHITECTURE.md allows, and nothing else."""

import re

import pytest
from tables import ROOT, names, section, tables

SRC = ROOT / "src"
ROWS = {names(row[0])[0]: row[1:] for row in tables(section("ARCHITECTURE.md", "Rooms"))[0]}
# Plain data, for every room.
VOCABULARY = {"cordon/error.h", "cordon/errors.def", "cordon/limits.h", "cordon/outcome.h"}
# What C, POSIX and the kernel bring. A header that is neither here nor in the table is a new dependency.
SYSTEM = re.compile(r"(sys|linux|asm|arpa|netinet)/\w+\.h$")
C_AND_POSIX = {f"{name}.h" for name in """
    assert ctype dirent errno fcntl fnmatch fts ftw inttypes limits malloc math poll pthread sched signal spawn stdarg stdatomic stdbool stddef
    stdint stdio stdlib string strings termios time unistd""".split()}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)


def includes(path):
    return INCLUDE.findall(path.read_text())


def rooms():
    return sorted(path.name for path in SRC.iterdir() if path.is_dir() and any(path.glob("*.c")))


def allowed(room):
    """(rooms, single files, public headers, libraries) of a row."""
    job, use, libraries = ROWS[room]
    if use.startswith("every room"):
        return set(rooms()), set(), {"cordon/"}, set(names(libraries))
    words = set(names(use))
    public = {word for word in words if word.startswith("cordon/")}
    files = {word for word in words - public if "/" in word}
    return words - public - files, files, public, set(names(libraries))


def refused(room, path):
    may, files, public, libraries = allowed(room)
    for kind, name in includes(path):
        if kind == '"':
            owner = name.split("/")[0] if "/" in name else room
            good = owner == room or owner in may or name in files
        elif name.startswith("cordon/"):
            good = name in VOCABULARY or name in public or "cordon/" in public
        else:
            library = name if name in libraries else name.split("/")[0] + ".h"
            good = name in C_AND_POSIX or SYSTEM.match(name) or library in libraries
        if not good:
            yield name


def test_every_room_has_a_row_and_every_row_a_room():
    assert rooms() == sorted(ROWS)


def test_every_room_has_a_page():
    assert {path.stem for path in (ROOT / "docs/internals").glob("*.md")} == set(rooms()) | {"cli"}


def test_no_room_uses_itself_through_another():
    """The rows make no circle, but for single files."""
    done = set()
    while True:
        free = {room for room in rooms() if room not in done and allowed(room)[0] - {room} <= done}
        if not free:
            break
        done |= free
    assert done == set(rooms())


@pytest.mark.parametrize("room", rooms())
def test_a_room_includes_what_its_row_allows(room):
    assert room in ROWS
    found = {f"{path.relative_to(ROOT)}: {name}" for path in sorted(SRC.joinpath(room).glob("*.[ch]")) for name in refused(room, path)}
    assert not found


def test_what_a_row_allows_is_used():
    for room in rooms():
        may, files, public, libraries = allowed(room)
        used = {name for path in SRC.joinpath(room).glob("*.[ch]") for _, name in includes(path)}
        wanted = files | {name for name in public if name != "cordon/"} | {name for name in libraries if not name.startswith("wasmtime")}
        assert wanted <= used, room
        if not ROWS[room][1].startswith("every room"):
            assert may <= {name.split("/")[0] for name in used}, room


def test_only_the_engine_calls_wasmtime_but_for_what_is_named():
    called = {name for path in SRC.glob("*/*.[ch]") if path.parent.name != "engine"
              for name in re.findall(r"\b(wasmtime_\w+|wasm_engine_\w+)\s*\(", path.read_text())}
    assert called <= set(names(section("ARCHITECTURE.md", "Rooms")))


@pytest.mark.parametrize("folder", ["cli", "examples/embed"])
def test_programs_include_public_headers_alone(folder):
    found = set()
    for path in sorted(ROOT.joinpath(folder).glob("*.[ch]")):
        for kind, name in includes(path):
            own = kind == '"' and (path.parent / name).is_file()
            public = kind == "<" and (ROOT / "include" / name).is_file()
            if not (own or public or name in C_AND_POSIX | {"jansson.h"} or SYSTEM.match(name)):
                found.add(f"{path.relative_to(ROOT)}: {name}")
    assert not found


def test_public_headers_include_no_others():
    for path in (ROOT / "include/cordon").glob("*.h"):
        for kind, name in includes(path):
            assert kind == "<" and (name.startswith("cordon/") or name in C_AND_POSIX), (path.name, name)
