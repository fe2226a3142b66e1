# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/reference.md, and what else repeats them, say what the code says."""

import json
import os
import re
import subprocess

import pytest
from tables import ROOT, names, section, tables

PAGE = "docs/reference.md"
CORDON = os.environ["CORDON"]
UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "ms": 1, "s": 1000, "min": 60000, "h": 3600000}


def errors():
    text = (ROOT / "include/cordon/errors.def").read_text()
    return re.findall(r'^CORDON_ERROR\(\w+, "([^"]+)", "([^"]+)", (\d+), (\d+),\s*"([^"]+)"', text, re.MULTILINE)


def outcomes():
    return re.findall(r'^ +X\(\w+, "([^"]+)", (\d+)\)', (ROOT / "include/cordon/outcome.h").read_text(), re.MULTILINE)


def exit_codes():
    return {int(code) for _, _, code, _, _ in errors()} | {int(code) for _, code in outcomes()}


@pytest.fixture(scope="module")
def cordon(tmp_path_factory):
    """Without any settings file of a user."""
    home = tmp_path_factory.mktemp("home")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CORDON", "XDG_"))} | {"HOME": str(home)}

    def run(*words):
        return subprocess.run([CORDON, *words], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
    return run


def test_the_errors_are_those_of_the_table():
    (rows,) = tables(section(PAGE, "Errors"))
    assert [(names(row[0])[0], *row[1:]) for row in rows] == errors()


def test_the_outcomes_are_those_of_the_header():
    (rows,) = tables(section(PAGE, "Outcomes"))
    assert [(names(row[0])[0], row[1]) for row in rows] == outcomes()


def test_the_exit_codes_are_those_there_are():
    (rows,) = tables(section(PAGE, "Exit codes"))
    assert [int(row[0]) for row in rows] == sorted(exit_codes())


def test_the_manual_and_the_help_have_the_same_exit_codes(cordon):
    (rows,) = tables(section(PAGE, "Exit codes"))
    manual = (ROOT / "man/cordon.1.scd").read_text().split("# EXIT STATUS")[1].split("\n# ")[0]
    assert [int(code) for code in re.findall(r"^\*(\d+)\*$", manual, re.MULTILINE)] == sorted(exit_codes())
    shown = re.findall(r"^ +(\d+)  (.+)$", cordon("help", "exit-codes"), re.MULTILINE)
    assert shown == [(code, meaning) for code, meaning in rows]


def read(text):
    if text == "metered":
        return None
    number, _, unit = text.partition(" ")
    return int(number) * UNITS[unit]


def test_the_limits_are_those_in_force_without_settings(cordon):
    if os.path.exists("/etc/cordon/config.toml"):
        pytest.skip("this machine has settings of its own")
    inside = json.loads(cordon("doctor", "-j"))["limits"]
    rows = tables(section(PAGE, "Limits"))[0]
    for n, tier in enumerate(("untrusted", "verified", "local"), 1):
        shown = {names(row[0])[0]: dict(zip(("default", "ceiling"), map(read, row[n].split(" / ")))) for row in rows}
        assert shown == {name: {key: limit[key] for key in ("default", "ceiling")} for name, limit in inside[tier].items()}


def test_each_limit_says_what_it_counts():
    first, second = tables(section(PAGE, "Limits"))
    assert [names(row[0])[0] for row in first] == [name for row in second for name in names(row[0])]


def test_the_imports_are_those_that_are_offered():
    offered = set(re.findall(r'^    \{"(wasi:[^"]+)"', (ROOT / "src/host/wasi_names.c").read_text(), re.MULTILINE))
    (rows,) = tables(section(PAGE, "What a component may import"))
    shown = {f"{package}/{interface}" for package, *interfaces in (names(row[0]) for row in rows) for interface in interfaces}
    assert shown == offered


def test_the_capabilities_are_those_that_are_denied():
    kinds = set(re.findall(r'"(\w+)"', re.search(r"kinds\[\] = \{(.*?)\}", (ROOT / "src/engine/call_host.c").read_text())[1]))
    _, rows = tables(section(PAGE, "Denials"))
    assert {name for row in rows for name in names(row[0])} == kinds
    wanted = " ".join(row[1] for row in rows)
    for path in (ROOT / "src/host").glob("*.c"):
        text = path.read_text()
        if "const struct host_fn host_" in text and ".capability = " in text:
            assert re.search(r'\.name = "([^"]+)"', text)[1] in wanted


def keys(value):
    """The names of an object's members, all the way down; an empty or missing part is taken as it comes."""
    if isinstance(value, dict):
        return {name: keys(part) for name, part in value.items()}
    return None


def test_the_json_has_the_keys_that_are_shown(cordon):
    shown = json.loads(re.search(r"```json\n(.*?)```", section(PAGE, "JSON"), re.DOTALL)[1])
    ended = json.loads(cordon("run", "-j", str(ROOT / "tests/fixtures/err.wat"), "x"))
    logged = json.loads(cordon("run", "-j", str(ROOT / "tests/fixtures/log.wat"), "x"))
    denied = json.loads(cordon("run", "-j", str(ROOT / "tests/fixtures/fetch.wat"), "https://example.com/"))
    absent = json.loads(cordon("run", "-j", "nothing.wasm"))
    assert keys(ended) == keys(shown) and set(absent) == set(shown) and set(absent["error"]) == set(shown["error"])
    assert set(logged["log"][0]) == set(shown["log"][0]) and set(denied["denials"][0]) == set(shown["denials"][0])


def test_ids_that_pages_name_exist(cordon):
    known = {row[0] for row in errors()} | {name for name, _ in outcomes()}
    for page in (ROOT / "docs").glob("**/*.md"):
        for name in re.findall(r"the (?:error|outcome) `([a-z-]+)`", page.read_text()):
            assert name in known, (page.name, name)
