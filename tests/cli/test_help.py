# SPDX-License-Identifier: Apache-2.0
"""The overview, --help, topics, near misses, completion, explain."""

import re
import subprocess

import pytest

COMMANDS = ["run", "new", "build", "test", "inspect", "tools", "bench", "chain", "memory", "secret", "audit", "install", "update", "import", "apply", "export", "warm", "list",
            "remove", "rollback", "verify", "grant", "revoke", "limit", "key", "sign", "push", "doctor", "explain", "completion", "help", "version"]
LATER = ["serve", "mcp"]
TOPICS = ["grants", "limits", "exit-codes", "config", "json"]


@pytest.mark.parametrize("words", [[], ["help"], ["--help"], ["-h"]])
def test_overview_lists_every_command_and_only_those(cordon, words):
    done = cordon(*words)
    assert done.status == 0 and done.err == ""
    listed = {line.split()[0] for line in done.text.splitlines() if line.startswith("  ")}
    assert listed == set(COMMANDS)


def test_overview_begins_with_what_matters_first(cordon):
    text = cordon().text
    assert text.index("first\n") < text.index("author\n") < text.index("operate\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_has_usage_options_and_an_example(cordon, command):
    done = cordon(command, "--help")
    assert done.status == 0 and done.err == ""
    assert done.text.startswith(f"usage: cordon {command}")
    assert "--help" in done.text and f"example\n  cordon {command}" in done.text
    assert cordon("help", command).text == cordon(command, "-h").text == done.text
    assert max(map(len, done.text.splitlines())) <= 120


def test_help_wins_over_what_is_wrong(cordon):
    assert cordon("run", "--nonsense", "--help").status == 0


@pytest.mark.parametrize("topic", TOPICS)
def test_topics(cordon, topic):
    done = cordon("help", topic)
    assert done.status == 0 and len(done.text.splitlines()) > 3


@pytest.mark.parametrize("typed, meant", [("rnu", "run"), ("inspct", "inspect"), ("tool", "tools"), ("Build", "build"), ("vers", "version")])
def test_near_command(cordon, typed, meant):
    done = cordon(typed)
    assert done.status == 2 and f"did you mean {meant}?" in done.err and done.out == b""


@pytest.mark.parametrize("command", LATER + ["xyzzy", "", "x" * 100_000, "a\x1b[31mb\u202ec"])
def test_unknown_command(cordon, command):
    done = cordon(command)
    assert done.status == 2 and "there is no command" in done.err
    assert "\x1b" not in done.err and "\u202e" not in done.err and len(done.err) < 4000


@pytest.mark.parametrize("words, meant", [
    (["run", "x.wasm", "--fule", "3"], "--fuel"),
    (["run", "x.wasm", "--mem=3"], "--memory"),
    (["run", "x.wasm", "--jsn"], "--json"),
    (["tools", "x.wasm", "--fromat", "mcp"], "--format"),
    (["doctor", "--hlep"], "--help"),
])
def test_near_option(cordon, words, meant):
    done = cordon(*words)
    assert done.status == 2 and f"did you mean {meant}?" in done.err
    assert f"cordon {words[0]} --help" in done.err


@pytest.mark.parametrize("words, says", [
    (["run"], "something is missing"),
    (["run", "x.wasm", "a", "b"], "b is one word too many"),
    (["run", "x.wasm", "--fuel"], "--fuel needs a value"),
    (["run", "x.wasm", "-m"], "--memory needs a value"),
    (["run", "x.wasm", "--verbose=yes"], "--verbose takes no value"),
    (["run", "x.wasm", "--fuel", "1k", "--fuel", "2k"], "--fuel is given twice"),
    (["run", "x.wasm", "-z"], "there is no option -z"),
    (["run", "x.wasm", "-5"], "given with -i"),
    (["run", "x.wasm", "a", "-i", "b"], "the input is given twice"),
    (["run", "x.wasm", "a", "--args", "[]"], "not both"),
    (["run", "-", "-"], "standard input can be read only once"),
    (["run", "x.wasm", "-", "--args", "-"], "not both"),
    (["run", "-", "--args", "-"], "standard input can be read only once"),
    (["doctor", "x"], "x is one word too many"),
    (["tools", "x.wasm", "--format", "mpc"], "did you mean mcp"),
    (["bench", "x.wasm", "-n", "0"], "-n takes a whole number"),
    (["bench", "x.wasm", "-n", "-1"], "-n takes a whole number"),
    (["bench", "x.wasm", "-n", "many"], "-n takes a whole number"),
    (["bench", "x.wasm", "-n", "99999999999999999999"], "-n takes a whole number"),
    (["completion", "tcsh"], "there is no completion for tcsh"),
    (["completion", "bahs"], "did you mean bash"),
    (["help", "limts"], "did you mean limits"),
    (["explain", "out-of-feul"], "did you mean out-of-fuel"),
])
def test_usage_errors(cordon, words, says):
    done = cordon(*words)
    assert done.status == 2 and says in done.err and done.out == b""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_command_and_option(cordon, shell):
    done = cordon("completion", shell)
    assert done.status == 0
    for command in COMMANDS:
        assert command in done.text
    assert "fuel" in done.text and re.search("(--|-l )allow", done.text)


def test_bash_completion_completes(cordon):
    script = """
        eval "$("$CORDON" completion bash)"
        complete_line() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _cordon; printf '%s\\n' "${COMPREPLY[@]}"; }
        complete_line cordon insp; complete_line cordon run --fu; complete_line cordon help limits
    """
    done = subprocess.run(["bash", "-c", script], env={**cordon.env, "CORDON": cordon.path}, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["inspect", "--fuel", "limits"] and done.stderr == ""


def test_version(cordon):
    assert cordon("version").text == cordon("--version").text == cordon("-V").text
    assert cordon("version").text.startswith("cordon ")
    assert set(cordon("version", "-j").json) == {"cordon", "version", "engine_version"}


def test_explain_knows_every_error_and_outcome(cordon):
    everything = cordon("explain", "--json").json
    listed = cordon("explain").text
    for row in everything["errors"] + everything["outcomes"]:
        assert row["meaning"].endswith(".") and row["hint"]
        assert f"  {row['id']} " in listed
        done = cordon("explain", row["id"])
        assert done.status == 0 and row["meaning"] in done.text and row["hint"] in done.text
    assert {row["exit_code"] for row in everything["errors"]} <= {2, 3, 4, 6, 7, 70}
    assert {"usage", "not-found", "bad-limit", "tier-refused"} <= {row["id"] for row in everything["errors"]}
    assert {"ok", "err", "trap", "deadline"} <= {row["id"] for row in everything["outcomes"]}


def test_explain_one_as_json(cordon):
    found = cordon("explain", "busy", "-j").json
    assert [row["id"] for row in found["errors"]] == ["busy"] and found["outcomes"] == []
