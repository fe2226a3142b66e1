# SPDX-License-Identifier: Apache-2.0
"""Each public header stands alone, in C and in C++, without a warning and without Wasmtime; and says what everything in it is."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include"
HEADERS = sorted(path.relative_to(INCLUDE).as_posix() for path in INCLUDE.glob("cordon/*.h"))


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("compiler", ["gcc -std=c11 -xc", "g++ -std=c++17 -xc++"])
def test_header_stands_alone(compiler, header):
    command = [*compiler.split(), "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{INCLUDE}", "-"]
    done = subprocess.run(command, input=f"#include <{header}>\n", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def undocumented(text):
    """Functions, types and members of a header that have no doc comment right above or beside them."""
    comments = "|".join((r"/\*\*(?P<doc>.*?)\*/", r"/\*.*?\*/"))
    bare = re.sub(comments, lambda found: "@DOC" if found["doc"] else "", text, flags=re.DOTALL)  # one word for each doc comment
    lines = [line.strip() for line in bare.splitlines() if line.strip()]
    missing, inside = [], False
    for above, line in zip(["", *lines], lines):
        declares = re.match(r"CORDON_API |typedef |(struct|enum) \w+ \{", line)
        if declares and above != "@DOC":
            missing.append(line)
        if inside and ";" in line and not line.startswith("}") and ("@DOC" not in line or "," in line):  # one comment is for one name
            missing.append(line)
        inside = bool(re.match(r"struct \w+ \{$", line)) or (inside and not line.startswith("}"))
    return missing


@pytest.mark.parametrize("header", HEADERS)
def test_everything_in_a_header_is_documented(header):
    assert undocumented((INCLUDE / header).read_text()) == []


@pytest.mark.parametrize("text, line", [
    ("/** Does. */\nCORDON_API int f(void);\nCORDON_API int g(void);\n", "CORDON_API int g(void);"),
    ("/* Not a doc comment. */\nCORDON_API int f(void);\n", "CORDON_API int f(void);"),
    ("typedef struct a a;\n", "typedef struct a a;"),
    ("/** A. */\nstruct a {\n    int b; /**< b */\n    int c;\n};\n", "int c;"),
    ("/** A. */\nstruct a {\n    int b, c; /**< both */\n};\n", "int b, c; @DOC"),
    ("enum a { A };\n", "enum a { A };"),
])
def test_what_is_not_documented_is_found(text, line):
    assert undocumented(text) == [line]


# ---- a caller who wants no error ----

FALLIBLE = sorted(set(re.findall(r"^CORDON_API [^;]*?\b(cordon_\w+)\([^;]*cordon_error \*\*err\)\s*;", "\n".join((INCLUDE / header).read_text() for header in HEADERS), re.M)))


@pytest.fixture(scope="module")
def sources():
    return "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.c"))


def test_there_are_functions_that_fail():
    assert len(FALLIBLE) > 100 and "cordon_request_run" in FALLIBLE


@pytest.mark.parametrize("name", FALLIBLE)
def test_without_an_err_the_code_is_not_lost(sources, name):
    """err_hint and err_wrap read it from *err, so every public function begins with an `err` of its own where it was given none."""
    assert re.search(rf"^[\w *]+\b{name}\([^{{}};]*\*\*err\)\n\{{\n    err_wanted\(err\);\n", sources, re.M), f"{name} does not begin with err_wanted(err)"


# ---- `make docs` ----


@pytest.fixture
def tree(tmp_path):
    """What the reference is made of."""
    for name in ("docs", "include", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name)
    tmp_path.joinpath("scripts").mkdir()
    shutil.copy(ROOT / "scripts/docs", tmp_path / "scripts/docs")
    return tmp_path


def make_docs(tree):
    return subprocess.run([tree / "scripts/docs", tree / "html"], capture_output=True, text=True, timeout=120)


needs_doxygen = pytest.mark.skipif(not shutil.which("doxygen"), reason="no doxygen here (scripts/ground docs installs it)")


@needs_doxygen
def test_the_reference_has_every_function_and_every_error(tree):
    done = make_docs(tree)
    assert (done.returncode, done.stderr) == (0, "")
    text = "".join(path.read_text() for path in (tree / "html").glob("*.html"))
    headers = "".join((INCLUDE / header).read_text() for header in HEADERS)
    names = re.findall(r"^CORDON_API\b[^;(]*?\b(cordon_\w+)\s*\(", headers, re.MULTILINE)
    names += [f"CORDON_E_{name}" for name in re.findall(r"^CORDON_ERROR\((\w+)", (INCLUDE / "cordon/errors.def").read_text(), re.MULTILINE)]
    assert names and not [name for name in names if name not in text]
    assert "The smallest program on libcordon" in (tree / "html/index.html").read_text()


@needs_doxygen
def test_a_function_without_words_fails_the_reference(tree):
    header = tree / "include/cordon/system.h"
    header.write_text(header.read_text().replace("#ifdef __cplusplus\n}", "CORDON_API int cordon_silent(void);\n#ifdef __cplusplus\n}"))
    done = make_docs(tree)
    assert done.returncode != 0 and "cordon_silent" in done.stderr


@pytest.mark.parametrize("header", HEADERS)
def test_the_filter_keeps_the_lines(header):
    """Else what doxygen says of a line is said of another."""
    done = subprocess.run([ROOT / "docs/api/plain-comments", INCLUDE / header], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == (INCLUDE / header).read_text().count("\n")


@pytest.mark.parametrize("page", ["docs/api/index.md", "man/libcordon.3.scd"])
def test_an_overview_names_every_header(page):
    text = (ROOT / page).read_text()
    assert [header for header in HEADERS if header != "cordon/cordon.h" and header not in text] == []


def test_the_reference_shows_every_example():
    shown = re.findall(r"^@include (\S+)$", (ROOT / "docs/api/index.md").read_text(), re.MULTILINE)
    assert sorted(shown) == sorted(path.name for path in (ROOT / "examples/embed").glob("*.c"))
