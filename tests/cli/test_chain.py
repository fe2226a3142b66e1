# SPDX-License-Identifier: Apache-2.0
"""Chains: the answer of one is the input of the next; what each may do is its own, and a failure says where it was."""

import json
import signal
import subprocess

import pytest
from conftest import FIXTURES, on_terminal
from test_registry import home, put, run  # noqa: F401 (fixtures)
from test_signal import wait_until_busy

ECHO, ERR, LOG, ENV = (str(FIXTURES / f"{name}.wat") for name in ("echo", "err", "log", "env"))
LENGTH = """(component
    (core module $m
        (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
        (func (export "length") (param i32 i32) (result i64) local.get 1 i64.extend_i32_u))
    (core instance $i (instantiate $m))
    (func (export "length") (param "text" string) (result u64)
        (canon lift (core func $i "length") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))"""
NUMBER = """(component
    (core module $m (func (export "number") (result i32) i32.const 42))
    (core instance $i (instantiate $m))
    (func (export "number") (result u32) (canon lift (core func $i "number"))))"""


@pytest.fixture
def script(put, run, tmp_path):  # noqa: F811
    """script("name", "body in sh") installs a local script, for a chain that runs it or is refused before."""

    def install(name, body, runs=True):
        folder = tmp_path / name
        (folder / "scripts").mkdir(parents=True)
        (folder / "scripts/run.sh").write_text(body)
        put(name, "1", str(folder), kind="script", tier="local", grant="exec")
        done = run("run", name, "", "-j").json if runs else {"error": None}
        if done["error"] and done["error"]["id"] in ("kernel", "not-granted"):
            pytest.skip(done["error"]["message"])

    return install


# ---- what flows ----


def test_the_output_of_one_is_the_input_of_the_next(cordon, tmp_path):
    assert cordon("chain", ECHO, ECHO, ECHO, "-i", "some text").text == "some text"
    length = tmp_path / "length.wat"
    length.write_text(LENGTH)
    assert cordon("chain", length, length, "-i", "x" * 12345).text == "5\n"
    assert cordon("chain", ECHO, length, ECHO, "-i", "x" * 12345).text == "12345"


def test_scripts_are_links_too(run, script):  # noqa: F811
    script("upper", "tr a-z A-Z\n")
    script("twice", 'read line; printf "%s%s" "$line" "$line"\n')
    assert run("chain", "upper", "twice", "upper", ECHO, "-i", "ab").text == "ABAB"
    assert run("chain", "twice", "twice", "-i", "ab").text == "abababab"


def test_text_goes_on_unchanged_whatever_is_in_it(cordon):
    text = "@/etc/passwd\n- \u202e\x1b[31m \"quoted\" \\ \u00fc\n\n"
    assert cordon("chain", ECHO, ECHO, "-i", text).text == text
    assert cordon("chain", ECHO, ECHO, "-i", text, "-j").json["output"] == text


def test_bytes_go_on_as_they_are(cordon, wat, tmp_path):
    data = bytes(range(256))
    (tmp_path / "in").write_bytes(data)
    assert cordon("chain", wat("cat"), wat("cat"), "--input-file", tmp_path / "in").out == data
    done = cordon("chain", wat("cat"), wat("cat"), "-f", "-", "-j", input=data).json
    assert done["output_kind"] == "base64" and done["output"] == done["links"][1]["output"]


def test_json_goes_on_as_its_text(cordon, tmp_path):
    length, number = tmp_path / "length.wat", tmp_path / "number.wat"
    length.write_text(LENGTH)
    number.write_text(NUMBER)
    done = cordon("chain", length, ECHO, length, "-i", "some longer text", "-j").json
    assert [link["output"] for link in done["links"]] == [16, "16", 2]
    assert (done["output"], done["output_kind"]) == (2, "json")
    assert cordon("chain", number, ECHO).text == "42"
    assert cordon("chain", ECHO, length, "-i", "abc").text == "3\n"


def test_each_link_may_name_its_export(cordon, wat, tmp_path):
    ways = wat("ways")
    assert cordon("chain", f"{ways}#echo", ECHO, f"{ways}#echo", "-i", "abc").text == "abc"
    done = cordon("chain", f"{ways}#echo", f"{ways}#fail", "-i", "abc", "-j")
    assert (done.status, done.json["position"], done.json["links"][1]["error"]["value"]) == (1, 1, "abc")
    done = cordon("chain", ECHO, f"{ways}#nothing", "-i", "x", "-j")
    assert done.status == 2 and done.json["outcome"] == "not-started" and done.json["position"] == 1
    named = tmp_path / "a#b.wat"
    named.write_text(open(ECHO, encoding="utf-8").read())
    assert cordon("chain", named, ECHO, "-i", "x").text == "x"


def test_one_that_takes_no_input_can_only_be_the_first(cordon, tmp_path):
    number = tmp_path / "number.wat"
    number.write_text(NUMBER)
    done = cordon("chain", ECHO, number, "-i", "x", "-j")
    assert (done.status, done.json["position"], done.json["error"]["id"]) == (2, 1, "bad-args")


def test_without_an_input_the_first_gets_none(cordon):
    done = cordon("chain", ECHO, ECHO, "-j").json
    assert (done["outcome"], done["output"]) == ("ok", "")


def test_installed_skills_versions_and_files_mix(put, run):  # noqa: F811
    put("a", "1.0.0")
    put("a", "2.0.0", ERR)
    assert run("chain", "a@1.0.0", ECHO, "a@1.0.0", "-i", "x").text == "x"
    done = run("chain", "a@1.0.0", "a", "-i", "x", "-j")
    assert done.status == 1 and [link["version"] for link in done.json["links"]] == ["1.0.0", "2.0.0"]


# ---- the sum ----


def test_fuel_and_durations_add_up_and_peak_memory_is_the_maximum(cordon, wat):
    done = cordon("chain", ECHO, wat("cat"), LOG, "-i", "x" * 1000, "-j").json
    used = [link["usage"] for link in done["links"]]
    assert len(used) == 3 and len({one["memory_peak_bytes"] for one in used}) > 1
    for key in ("fuel", "wall_us", "cpu_us", "host_calls", "bytes_in", "bytes_out"):
        assert done["usage"][key] == sum(one[key] for one in used), key
    assert done["usage"]["memory_peak_bytes"] == max(one["memory_peak_bytes"] for one in used)
    assert done["usage"]["fuel_exact"] is all(one["fuel_exact"] for one in used)
    assert set(done["usage"]) == set(used[0])


def test_json_is_one_object_with_all_keys_always(cordon):
    keys = {"cordon", "outcome", "output", "output_kind", "position", "error", "links", "usage"}
    for words in ([ECHO, ECHO, "-i", "x"], [ECHO, ERR, "-i", "x"], [ECHO, "./none.wasm", "-i", "x"]):
        done = cordon("chain", *words, "-j")
        assert set(done.json) == keys and done.json["cordon"] == 1 and done.err == "" and done.out.count(b"\n") == 1
    done = cordon("chain", ECHO, ECHO, "-i", "x", "-j").json
    assert (done["outcome"], done["output"], done["output_kind"], done["position"], done["error"]) == ("ok", "x", "text", None, None)
    assert [link["output"] for link in done["links"]] == ["x", "x"]


def test_verbose_tells_the_sum_on_stderr(cordon):
    done = cordon("chain", ECHO, ECHO, "-i", "x", "-v")
    assert done.text == "x" and done.err.count("used ") == 3 and "the chain used " in done.err


# ---- failures ----


def test_a_failure_says_its_position_and_skill(cordon):
    done = cordon("chain", ECHO, ERR, ECHO, "-i", "no luck")
    assert (done.status, done.out) == (1, b"")
    assert "skill chain failed at position 1 (skill 'err'): " in done.err and "no luck" in done.err
    done = cordon("chain", ERR, ECHO, "-i", "x")
    assert done.status == 1 and "skill chain failed at position 0 (skill 'err')" in done.err
    done = cordon("chain", ECHO, ERR, ECHO, "-i", "no luck", "-j")
    found = done.json
    assert (done.status, found["outcome"], found["output"], found["position"]) == (1, "err", None, 1)
    assert found["error"]["message"].startswith("skill chain failed at position 1 (skill 'err'): ") and found["error"]["id"] == found["links"][1]["error"]["id"]
    assert [link["outcome"] for link in found["links"]] == ["ok", "err"]


@pytest.mark.parametrize("name, text, status", [("grow", "out-of-memory", 4), ("long", "output-too-large", 4), ("exit3", "err", 1)])
def test_the_exit_code_is_that_of_the_link_that_failed(cordon, wat, name, text, status):
    alone = cordon("run", wat(name), "x", "-j")
    done = cordon("chain", ECHO, wat(name), ECHO, "-i", "x", "-j")
    assert (done.status, done.json["outcome"], done.json["position"]) == (alone.status, text, 1) and done.status == status


def test_nothing_runs_if_one_of_them_cannot_be_loaded(cordon, put, run, tmp_path):  # noqa: F811
    done = run("chain", LOG, ECHO, "./none.wasm", "-i", "x", "-v", cwd=tmp_path)
    assert done.status == 6 and "skill chain failed at position 2 (skill './none.wasm')" in done.err and "warn" not in done.err
    found = run("chain", LOG, "nobody", "-i", "x", "-j", cwd=tmp_path)
    assert (found.status, found.json["outcome"], found.json["position"]) == (6, "not-started", 1)
    assert [link["outcome"] for link in found.json["links"]] == ["not-started"] and found.json["usage"]["fuel"] == 0


def test_an_input_that_the_next_cannot_take_is_a_failure_of_that_link(cordon, wat, tmp_path):
    (tmp_path / "in").write_bytes(b"\xff\xfe")
    done = cordon("chain", wat("cat"), ECHO, "-f", tmp_path / "in", "-j")
    assert (done.status, done.json["outcome"], done.json["position"], done.json["error"]["id"]) == (2, "not-started", 1, "bad-args")
    assert [link["outcome"] for link in done.json["links"]] == ["ok", "not-started"]


def test_a_hostile_name_is_escaped_in_what_is_said(cordon, tmp_path):
    path = tmp_path / "a\x1b[31m\u202eb.wat"
    path.write_text(open(ERR, encoding="utf-8").read())
    status, shown = on_terminal(cordon, "chain", ECHO, path, "-i", "x")
    assert status == 1 and "\x1b[31m\u202e" not in shown and "failed at position 1" in shown


# ---- what each may do ----


def test_each_link_has_its_own_grants(put, run):  # noqa: F811
    put("may", "1", ENV, grant="env=COLOUR")
    put("not", "1", ENV)
    colour = {"COLOUR": "COLOUR"}
    assert run("chain", "may", "may", "-i", "COLOUR", env=colour).text == "COLOUR"
    for words, at in ((("may", "not"), 1), (("not", "may"), 0), (("may", ENV), 1)):
        done = run("chain", *words, "-i", "COLOUR", "-j", env=colour)
        assert (done.status, done.json["position"]) == (3, at)
        assert done.json["links"][at]["denials"][0]["reason"] == "not-granted"


def test_each_link_has_its_own_limits(put, run):  # noqa: F811
    put("small", "1", ECHO)
    assert run("limit", "small", "fuel=77k", "memory=2MiB").status == 0
    done = run("chain", "small", ECHO, "-i", "x", "-j").json
    assert done["links"][0]["limits"]["memory_bytes"] == 2 << 20 and done["links"][1]["limits"]["memory_bytes"] > 2 << 20


@pytest.mark.parametrize("flag", ["-a", "--allow", "-e", "--env", "--tier", "--fuel"])
def test_nothing_can_be_granted_on_the_line_of_a_chain(cordon, flag):
    assert cordon("chain", ECHO, ECHO, flag, "env=HOME").status == 2


def test_a_terminal_gets_no_line_to_paste_that_would_not_work(cordon):
    status, shown = on_terminal(cordon, "chain", ENV, ECHO, "-i", "HOME")
    assert status == 3 and "denied env" in shown and "Once:" not in shown


def test_each_link_is_a_row_of_the_audit(put, run):  # noqa: F811
    put("a", "1.2.3")
    done = run("chain", "a", ECHO, ERR, "-i", "x", "-j").json
    rows = run("audit", "-j").json
    rows = next(value for value in rows.values() if isinstance(value, list))
    assert {row["invocation_id"] for row in rows} == {link["invocation_id"] for link in done["links"]} and len(rows) == 3
    assert run("audit", "--verify").status == 0


# ---- scripts ----


def test_an_untrusted_output_is_no_input_of_a_script(put, run, script, tmp_path):  # noqa: F811
    script("shout", "tr a-z A-Z\n", runs=False)
    put("a", "1", LOG)
    for first in ("a", ECHO):
        done = run("chain", first, "shout", "-i", "x", "-v")
        assert done.status == 3 and "skill chain failed at position 1 (skill 'shout'): shout is a local script" in done.err
        assert "--allow-script-input" in done.err and "warn" not in done.err and done.out == b""
    done = run("chain", "shout", ECHO, "shout", "-i", "x", "-j")
    assert (done.status, done.json["position"], done.json["error"]["id"], len(done.json["links"])) == (3, 2, "not-granted", 1)


def test_it_is_if_the_operator_says_so(run, script):  # noqa: F811
    script("shout", "tr a-z A-Z\n")
    done = run("chain", ECHO, "shout", ECHO, "-i", "abc", "--allow-script-input", "-j")
    assert (done.status, done.json["output"]) == (0, "ABC")
    assert [link["tier"] for link in done.json["links"]] == ["untrusted", "local", "untrusted"]


def test_settings_that_let_no_flag_grant_let_this_one_neither(run, script, tmp_path):  # noqa: F811
    script("shout", "tr a-z A-Z\n", runs=False)
    (tmp_path / "set.toml").write_text("[policy]\nflags = false\n")
    done = run("chain", ECHO, "shout", "-i", "x", "--allow-script-input", "--config", tmp_path / "set.toml")
    assert done.status == 3 and done.out == b""


# ---- the line ----


def test_at_most_sixteen_links_and_at_least_two(cordon):
    assert cordon("chain", *[ECHO] * 16, "-i", "x").text == "x"
    assert cordon("chain", *[ECHO] * 17, "-i", "x").status == 2
    assert cordon("chain", ECHO).status == 2


def test_an_input_is_given_once(cordon, tmp_path):
    (tmp_path / "in").write_text("x")
    done = cordon("chain", ECHO, ECHO, "-i", "x", "-f", tmp_path / "in")
    assert done.status == 2 and "given twice" in done.err
    assert cordon("chain", "-", "-", "-i", "x").status == 2
    assert cordon("chain", "-", ECHO, "-f", "-").status == 2
    assert cordon("chain", "-", ECHO, "-i", "x", input=open(ECHO, "rb").read()).text == "x"


def test_an_input_above_the_ceiling_is_refused(cordon):
    assert cordon("chain", ECHO, ECHO, "-f", "/dev/zero").status in (2, 4, 6, 7)


# ---- signals ----


@pytest.mark.parametrize("words, at", [([ECHO, None, ECHO], 1), ([None, ECHO], 0), ([ECHO, None], 1)])
def test_a_signal_cancels_the_running_link_and_ends_the_chain(put, run, cordon, home, wat, words, at):  # noqa: F811
    put("spin", "1", wat("spin"))
    assert run("limit", "spin", "fuel=100G", "timeout=60s").status == 0
    run("chain", ECHO, ECHO)
    with cordon.popen("chain", *[word or "spin" for word in words], "-i", "x", "-j", env={"CORDON_HOME": str(home)}) as child:
        try:
            wait_until_busy(child.pid)
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=60)
        finally:
            child.kill()
    found = json.loads(out)
    assert child.returncode == -signal.SIGINT and err == b""
    assert (found["outcome"], found["position"], len(found["links"])) == ("cancelled", at, at + 1)


def test_a_signal_cancels_a_running_script(run, script, cordon, home):  # noqa: F811
    script("slow", 'read line; [ -z "$line" ] || { echo on >&2; sleep 50; }\n')
    with cordon.popen("chain", "slow", ECHO, "-i", "x", "-j", env={"CORDON_HOME": str(home)}) as child:
        try:
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(timeout=3)
            child.send_signal(signal.SIGTERM)
            out, _ = child.communicate(timeout=60)
        finally:
            child.kill()
    assert child.returncode == -signal.SIGTERM
    assert (json.loads(out)["outcome"], json.loads(out)["position"]) == ("cancelled", 0)


def test_the_last_link_runs_locked_in(put, run, cordon, home, wat):  # noqa: F811
    with open(cordon.path, "rb") as f:
        if b"__asan_init" in f.read():
            pytest.skip("not locked in under the address sanitizer")
    put("spin", "1", wat("spin"))
    assert run("limit", "spin", "fuel=100G", "timeout=60s").status == 0
    run("chain", ECHO, ECHO)
    with cordon.popen("chain", ECHO, "spin", "-i", "x", env={"CORDON_HOME": str(home)}) as child:
        try:
            wait_until_busy(child.pid)
            with open(f"/proc/{child.pid}/status", encoding="ascii") as f:
                status = dict(line.split(":", 1) for line in f)
            assert status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2"
        finally:
            child.kill()
            child.communicate()
