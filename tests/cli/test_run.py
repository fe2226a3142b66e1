# SPDX-License-Identifier: Apache-2.0
"""cordon run: endings and their exit codes, input, arguments, limits, streams."""

import json
import os
import re
import subprocess

import pytest
from conftest import on_terminal

TRAPS = {"unreachable": "unreachable", "divide": "division by zero", "overflow": "overflow", "bounds": "out-of-bounds", "null-call": "null",
         "recurse": "stack"}


# ---- exit codes ----

def test_ok(cordon, wat):
    done = cordon("run", wat("echo"), "hello there")
    assert (done.status, done.out, done.err) == (0, b"hello there", "")


def test_err(cordon, wat):
    done = cordon("run", wat("err"), "no such town")
    assert done.status == 1 and done.out == b"" and "no such town" in done.err


def test_denied(cordon, wat):
    done = cordon("run", wat("fetch"), "https://example.com/secret?token=1")
    assert done.status == 3 and done.out == b""
    assert "capability denied: HttpGet not granted for skill 'fetch'" in done.err
    assert "denied " in done.err and "2×" in done.err and "not-granted" in done.err
    assert "token" not in done.err


def test_out_of_fuel(cordon, wat):
    done = cordon("run", wat("spin"), "x", "--fuel", "5M")
    assert done.status == 4 and "5 M" in done.err and "--fuel" in done.err and "used" in done.err


def test_deadline(cordon, wat):
    done = cordon("run", wat("spin"), "x", "-t", "200ms", "--fuel", "100G")
    assert done.status == 4 and "200 ms" in done.err and "--timeout" in done.err


def test_out_of_memory(cordon, wat):
    done = cordon("run", wat("grow"), "x", "-m", "2MiB")
    assert done.status == 4 and "2 MiB" in done.err and "--memory" in done.err


def test_output_too_large(cordon, wat):
    done = cordon("run", wat("long"), "x")
    assert done.status == 4 and "1 MiB" in done.err and done.out == b""


@pytest.mark.parametrize("kind", TRAPS)
def test_traps_are_told_in_words_with_a_backtrace(cordon, wat, kind):
    done = cordon("run", wat("traps"), "-c", kind)
    assert done.status == 5 and TRAPS[kind] in done.err.lower() and "    at " in done.err
    failure = cordon("run", wat("traps"), "-c", kind, "-j").json
    assert failure["outcome"] == "trap" and TRAPS[kind] in failure["error"]["trap"].lower() and 1 <= len(failure["error"]["backtrace"]) <= 64


def test_a_long_backtrace_is_cut_but_for_verbose(cordon, wat):
    assert cordon("run", wat("traps"), "-c", "recurse").err.count("    at ") == 8
    assert cordon("run", wat("traps"), "-c", "recurse", "-v").err.count("    at ") == 64


@pytest.mark.parametrize("tier", ["verified", "local"])
def test_a_tier_is_never_raised(cordon, wat, tier):
    done = cordon("run", wat("echo"), "hi", "--tier", tier)
    assert done.status == 3 and tier in done.err and done.out == b""


def test_tiers(cordon, wat):
    assert cordon("run", wat("echo"), "hi", "--tier", "untrusted").out == b"hi"
    assert cordon("run", wat("echo"), "hi", "--tier", "trusted").status == 2


# ---- input, arguments, exports ----

def test_input_from_a_file(cordon, wat, tmp_path):
    (tmp_path / "in").write_text("from a file\n")
    assert cordon("run", wat("echo"), f"@{tmp_path}/in").out == b"from a file\n"


@pytest.mark.parametrize("word", ["-", "@-"])
def test_input_from_standard_input(cordon, wat, word):
    assert cordon("run", wat("echo"), word, input=b"from a pipe").out == b"from a pipe"


def test_standard_input_is_read_only_when_asked(cordon, wat):
    read, write = os.pipe()  # open, and never written to
    try:
        assert cordon("run", wat("echo"), "hi", stdin=read).out == b"hi"
    finally:
        os.close(read)
        os.close(write)


@pytest.mark.parametrize("text", ["@/etc/hostname", "-", "--fuel", "@-", "", "ünïcode ✓", "-5"])
def test_input_option_is_literal(cordon, wat, text):
    assert cordon("run", wat("echo"), "-i", text).out == text.encode()


def test_input_that_is_missing(cordon, wat):
    done = cordon("run", wat("echo"), "@/nonexistent/file")
    assert done.status == 7 and "/nonexistent/file" in done.err


def test_input_that_is_not_utf8(cordon, wat):
    done = cordon("run", wat("echo"), "-", input=b"\xff\xfe")
    assert done.status == 2 and "UTF-8" in done.err


def test_input_over_the_limit_and_over_the_ceiling(cordon, wat):
    assert cordon.shell(f'head -c 9M /dev/zero | "$CORDON" run {wat("echo")} -').status == 6
    assert cordon.shell(f'head -c 33M /dev/zero | "$CORDON" run {wat("echo")} -').status == 6


@pytest.mark.parametrize("name", ["docs:adder/add@0.1.0#add", "adder/add#add", "add#add", "add", None])
def test_exports_by_full_and_short_names(cordon, wat, name):
    call = ["-c", name] if name else []
    assert cordon("run", wat("adder"), *call, "--args", "[2, 40]").out == b"42\n"


def test_arguments_by_name_and_from_a_file(cordon, wat, tmp_path):
    (tmp_path / "args.json").write_text('{"b": 40, "a": 2}')
    assert cordon("run", wat("adder"), "--args", '{"b": 40, "a": 2}').out == b"42\n"
    assert cordon("run", wat("adder"), "--args", f"@{tmp_path}/args.json").out == b"42\n"
    assert cordon("run", wat("adder"), "--args", "-", input=b"[2,40]").out == b"42\n"


@pytest.mark.parametrize("args, names", [
    ("[2]", "b"), ("[1,2,3]", ""), ('{"a": 1}', "b"), ('{"a": 1, "b": 2, "c": 3}', "c"), ('["x", 1]', "a"), ("[-1, 1]", "a"), ("[1, 4294967296]", "b"),
    ("[1.5, 1]", "a"), ("{", ""), ("", ""), ("null", ""), ("[" * 100_000, ""), ('{"a": 1, "a": 2, "b": 3}', "a"),
])
def test_bad_arguments_name_the_field(cordon, wat, args, names):
    done = cordon("run", wat("adder"), "--args", args)
    assert done.status == 2 and names in done.err and done.out == b"" and len(done.err) < 8000


def test_an_export_that_is_not_there_lists_those_that_are(cordon, wat):
    done = cordon("run", wat("values"), "-c", "bites")
    assert done.status == 2 and all(name in done.err for name in ("bytes", "swap", "nothing"))


def test_no_default_export_lists_them(cordon, wat):
    done = cordon("run", wat("values"))
    assert done.status == 2 and all(name in done.err for name in ("bytes", "swap", "nothing"))


def test_an_export_with_a_resource_is_refused_before_the_call(cordon, wat):
    done = cordon("run", wat("handle"), "-c", "use", "--args", "[1]")
    assert done.status == 2 and "resource" in done.err
    assert cordon("run", wat("handle"), "-c", "use", "--args", "[1]", "-j").json["outcome"] == "not-started"


@pytest.mark.parametrize("name", ["x" * 100_000, "a\x1b[31mb", "", "#", "add#"])
def test_odd_export_names(cordon, wat, name):
    done = cordon("run", wat("adder"), "-c", name, "--args", "[1,2]")
    assert done.status == 2 and "\x1b" not in done.err and len(done.err) < 8000


# ---- commands ----

def test_a_command_gets_input_and_arguments(cordon, wat):
    done = cordon("run", wat("cat"), "the input", "--", "first", "second")
    assert (done.status, done.out) == (0, b"first\nthe input")
    assert cordon("run", wat("cat"), "--", "-v").out == b"-v\n"


def test_a_command_without_input_reads_an_empty_one(cordon, wat):
    done = cordon("run", wat("cat"), input=b"not asked for")
    assert (done.status, done.out) == (0, b"")


def test_a_commands_status_decides_between_ok_and_err(cordon, wat):
    done = cordon("run", wat("exit3"))
    assert done.status == 1 and "exited with status 1" in done.err  # WASI 0.2 knows only ok and failed
    assert cordon("run", wat("run-ok")).status == 0
    assert cordon("run", wat("run-err")).status == 1


# ---- limits ----

@pytest.mark.parametrize("flag, ceiling", [("--fuel", "100 G"), ("-m", "256 MiB"), ("-t", "1 min")])
@pytest.mark.parametrize("value", ["0", "-1", "+1", "nan", "inf", "unlimited", "", " 1", "1e9", "0x10", "10 M", "99999999999999999999", "999T", "1\n", "x" * 100_000])
def test_bad_limits_are_usage_errors_that_name_the_ceiling(cordon, wat, flag, ceiling, value):
    done = cordon("run", wat("echo"), "hi", flag, value)
    assert done.status == 2 and ceiling in done.err and done.out == b"" and len(done.err) < 4000


@pytest.mark.parametrize("words", [["--fuel", "20M"], ["--fuel=100G"], ["-m", "16MB"], ["-m16MiB"], ["--memory=256MiB"], ["-t", "250ms"], ["-t", "60s"], ["-t", "1m"]])
def test_good_limits(cordon, wat, words):
    assert cordon("run", wat("echo"), "hi", *words).status == 0


def test_the_outcome_says_which_limits_were_in_force(cordon, wat):
    limits = cordon("run", wat("echo"), "hi", "--fuel", "7M", "-m", "3MiB", "-t", "4s", "-j").json["limits"]
    assert limits == {"fuel": 7_000_000, "memory_bytes": 3 << 20, "wall_ms": 4000}


# ---- streams ----

def test_typed_answers_are_one_line_of_json(cordon, wat):
    assert cordon("run", wat("values"), "-c", "swap", "--args", '[{"x": 1, "y": -2}]').out == b'{"x":-2,"y":1}\n'


def test_bytes_are_raw(cordon, wat):
    assert cordon("run", wat("values"), "-c", "bytes").out == b"\x00\x01\xfe\xff"


def test_nothing_is_nothing(cordon, wat):
    assert cordon("run", wat("values"), "-c", "nothing").out == b""


def test_a_clock_never_says_zero(cordon, wat):
    """A runtime may take that for a clock that does not work: Go's ends."""
    now, resolution = (int(cordon("run", wat("clock"), "-c", name).text) for name in ("now", "resolution"))
    assert now >= resolution > 0 and now % resolution == 0


def test_log_lines_of_warn_and_above(cordon, wat):
    done = cordon("run", wat("log"), "mind\x1b[1m the\ngap")
    assert done.out == "mind\x1b[1m the\ngap".encode()
    assert done.err.splitlines() == ["log: error: mind\\x1b[1m the\\x0agap", "log: warn: mind\\x1b[1m the\\x0agap"]


def test_verbose_says_all_and_quiet_nothing(cordon, wat):
    verbose = cordon("run", wat("log"), "mind", "-v")
    for level in ("error", "warn", "info", "debug"):
        assert f"log: {level}: mind" in verbose.err
    assert verbose.err.count("log: trace: mind") == 2  # a level that does not exist is trace
    assert "used " in verbose.err and verbose.out == b"mind"
    assert cordon("run", wat("log"), "mind", "-q").err == ""
    assert len(cordon("run", wat("err"), "no", "-q").err.splitlines()) == 1


def test_a_terminal_gets_a_newline_and_no_controls(cordon, wat):
    assert on_terminal(cordon, "run", wat("echo"), "hi") == (0, "hi\n")
    assert on_terminal(cordon, "run", wat("echo"), "hi\n") == (0, "hi\n")
    assert on_terminal(cordon, "run", wat("echo"), "a\x1b[31mb\u202ec\td\ne") == (0, "a\\x1b[31mb\\u{202e}c\td\ne\n".lower()) or \
        on_terminal(cordon, "run", wat("echo"), "a\x1b[31mb\u202ec\td\ne") == (0, "a\\x1b[31mb\\u{202E}c\td\ne\n")


@pytest.mark.parametrize("text", ["a\u202eb", "\u2066x\u2069", "\x7f", "\u009b31m", "\x1b[31m", "é ☃ \U0001f600", "\\u{202e} \\\\", "line\nbreak"])
def test_json_for_a_terminal_has_no_controls_and_stays_json(cordon, wat, text):
    status, shown = on_terminal(cordon, "run", wat("echo"), "-i", text, "-j")
    assert status == 0 and json.loads(shown)["output"] == text
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]", shown)
    assert ("☃" in text) == ("☃" in shown)


def test_a_terminal_gets_no_bytes(cordon, wat):
    status, shown = on_terminal(cordon, "run", wat("values"), "-c", "bytes")
    assert status == 2 and "4 bytes" in shown and "--json" in shown and "\x00" not in shown


def test_colour_only_on_a_terminal_and_without_no_color(cordon, wat):
    assert "\x1b[" in on_terminal(cordon, "run", wat("err"), "no")[1]
    assert "\x1b[" not in on_terminal(cordon, "run", wat("err"), "no", env={"NO_COLOR": "1"})[1]
    assert "\x1b[" not in on_terminal(cordon, "run", wat("err"), "no", env={"TERM": "dumb"})[1]
    assert "\x1b" not in cordon("run", wat("err"), "no").err


@pytest.mark.parametrize("words", ["run {echo} hi", "run {echo} hi --json", "run {err} hi --json", "help", "run --help", "explain", "version --json",
                                   "inspect {echo}", "inspect {echo} --json", "tools {echo}", "bench {echo} hi -n 2"])
@pytest.mark.parametrize("stdout", [">/dev/full", ">&-"])
def test_stdout_full_or_closed(cordon, wat, words, stdout):
    done = cordon.shell(f'"$CORDON" {words.format(echo=wat("echo"), err=wat("err"))} {stdout}')
    assert done.status == 7 and "standard output" in done.err


def test_a_reader_that_has_gone(cordon, wat, tmp_path):
    (tmp_path / "in").write_text("x" * 500_000)
    read, write = os.pipe()
    os.close(read)
    done = cordon("run", wat("echo"), f"@{tmp_path}/in", stdout=write)
    os.close(write)
    assert done.status == 7 and "Broken pipe" in done.err


def test_stderr_closed(cordon, wat):
    done = cordon.shell(f'"$CORDON" run {wat("log")} hi 2>&-')
    assert (done.status, done.out) == (0, b"hi")
    assert cordon.shell(f'"$CORDON" run {wat("err")} hi 2>&-').status == 1


def test_stdin_closed(cordon, wat):
    assert cordon.shell(f'"$CORDON" run {wat("echo")} hi <&-').out == b"hi"
    done = cordon.shell(f'"$CORDON" run {wat("echo")} - <&-')
    assert done.status == 7 and "standard input" in done.err


def test_all_closed_writes_into_nothing_of_ours(cordon, wat, tmp_path):
    done = cordon.shell(f'XDG_CACHE_HOME={tmp_path}/cache "$CORDON" run {wat("echo")} hi <&- >&- 2>&-')
    assert done.status == 7
    for path in (tmp_path / "cache").rglob("*"):
        assert not path.is_file() or b"hi" != path.read_bytes()


def test_the_guest_sees_nothing_of_the_process(cordon, wat):
    """A command's input is empty unless it was given; its stdout is not ours."""
    with subprocess.Popen(["true"]) as _:
        done = cordon("run", wat("cat"), input=b"secret of the shell")
    assert done.out == b""
