# SPDX-License-Identifier: Apache-2.0
"""Grants on the command line: what they give, what they do not, and who may give them. Variables, since they need no other part of the machine."""

import pytest
from conftest import on_terminal


def test_a_variable_that_is_not_granted_is_denied(cordon, wat):
    done = cordon("run", wat("env"), "HOME", "--json")
    assert done.status == 3
    assert done.json["outcome"] == "err"
    assert done.json["error"]["value"] == "capability denied: ReadEnv not granted for skill 'env'"
    assert done.json["denials"] == [{"capability": "env", "wanted": "HOME", "reason": "not-granted", "count": 1}]


def test_a_granted_variable_is_read(cordon, wat):
    done = cordon("run", wat("env"), "COLOUR", "-a", "env=COLOUR", env={"COLOUR": "grün"})
    assert (done.status, done.text) == (0, "grün")


def test_a_value_given_is_read_in_place_of_the_process_s(cordon, wat):
    done = cordon("run", wat("env"), "COLOUR", "-e", "COLOUR=a=b", env={"COLOUR": "green"})
    assert (done.status, done.text) == (0, "a=b")
    done = cordon("run", wat("env"), "COLOUR", "--env", "COLOUR", env={"COLOUR": "green"})
    assert (done.status, done.text) == (0, "green")


def test_one_granted_variable_gives_no_other(cordon, wat):
    done = cordon("run", wat("env"), "HOME", "-e", "COLOUR=green", "-a", "env=LANG", "--json")
    assert done.status == 3 and done.json["denials"][0]["wanted"] == "HOME"


def test_a_name_with_a_nul_inside_is_not_the_name_before_it(cordon, wat, tmp_path):
    given = tmp_path / "args.json"
    given.write_text('{"input": "COLOUR\\u0000x"}')
    done = cordon("run", wat("env"), "--args", f"@{given}", "-e", "COLOUR=green", "--json")
    assert done.status == 3 and done.json["denials"][0]["reason"] == "not-granted"


def test_a_granted_variable_that_is_not_set_is_not_found(cordon, wat):
    done = cordon("run", wat("env"), "NO_SUCH_THING", "-a", "env=NO_SUCH_THING", "--json")
    assert done.status == 1 and done.json["denials"] == []
    assert done.json["error"]["value"] == "env var 'NO_SUCH_THING' not found: it is not set"


@pytest.mark.parametrize("name", ["CORDON_HOME", "LD_PRELOAD", "", "A-B", "*"])
def test_some_variables_cannot_be_granted(cordon, wat, name):
    for words in (["-a", f"env={name}"], ["-e", f"{name}=x"]):
        done = cordon("run", wat("env"), "HOME", *words)
        assert done.status == 2 and done.out == b""


@pytest.mark.parametrize("grant", ["net=.com", "net=*", "read=../x", "exec", "nonsense", "env=", "net=10.0.0.1"])
def test_what_is_no_grant_is_a_usage_error(cordon, wat, grant):
    done = cordon("run", wat("env"), "HOME", "-a", grant)
    assert done.status == 2 and done.out == b"" and grant.split("=")[0] in done.err


def test_settings_can_keep_flags_from_granting(cordon, wat, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text("[policy]\nflags = false\n")
    config.chmod(0o600)
    for words in (["-a", "env=HOME"], ["-e", "HOME=x"]):
        done = cordon("run", wat("env"), "HOME", "--config", config, *words)
        assert done.status == 3 and "no flag grant anything" in done.err and done.out == b""


def test_a_value_that_is_no_text_is_refused(cordon, wat):
    done = cordon("run", wat("env"), "COLOUR", b"-e", b"COLOUR=\xff")
    assert done.status == 2 and "not UTF-8" in done.err


def test_host_calls_that_are_answered_at_once_leave_the_deadline_in_force(cordon, wat):
    done = cordon("run", wat("env"), "-c", "many", "--args", '["COLOUR", 4000000000]', "-e", "COLOUR=x", "-t", "300ms", "--fuel", "100G", "--json")
    assert done.status == 4 and done.json["outcome"] in ("deadline", "output-too-large")


def test_what_a_host_call_carries_is_counted(cordon, wat):
    done = cordon("run", wat("env"), "-c", "many", "--args", '["COLOUR", 1000000]', "-e", "COLOUR=" + "x" * 60000, "--fuel", "100G", "-m", "256MiB",
                  "-t", "60s", "--json")
    assert done.status in (1, 4)
    assert done.json["usage"]["host_calls"] < 1000


def test_a_person_is_shown_the_line_to_paste(cordon, wat):
    _, shown = on_terminal(cordon, "run", wat("env"), "COLOUR")
    assert f"Once: cordon run {wat('env')} -a env=COLOUR" in shown


def test_a_line_to_paste_is_made_of_grants_alone(cordon, wat):
    _, shown = on_terminal(cordon, "run", wat("env"), "x; rm -rf ~")
    assert "Once:" not in shown and "denied env" in shown


def test_a_wasi_guest_sees_the_variables_that_were_granted_and_no_others(cordon, wat):
    done = cordon("run", wat("wasi-env"), "-e", "COLOUR=green", "-e", "SIZE=3", env={"OTHER": "x"})
    assert (done.status, done.text) == (0, "2\n")
    assert cordon("run", wat("wasi-env"), env={"OTHER": "x"}).text == "0\n"
