# SPDX-License-Identifier: Apache-2.0
"""Loading, calling, outcomes, errors, limits: what a program sees."""

import datetime
import json
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import FIXTURES, ROOT

import cordon


def test_a_call_answers(skill):
    assert skill("adder").call("add", a=2, b=3) == 5
    assert skill("adder").call("add", 2, 40) == 42
    assert skill("adder").call("docs:adder/add@0.1.0#add", a=1, b=1) == 2
    assert skill("adder").call(None, 1, 1) == 2


def test_a_call_without_an_answer_is_none(skill):
    assert skill("values").call("nothing") is None


def test_the_skill_world_takes_its_input(skill):
    assert skill("echo").call(input="hello") == "hello"
    assert skill("echo").run(input="hello").output == "hello"
    assert skill("echo").run(input=b"hello").output == "hello"


def test_a_command_reads_stdin_and_writes_stdout(skill):
    assert skill("cat").run(input=b"line\n").output == "line\n"
    assert skill("cat").run(input=b"\xff\0").output == b"\xff\0"


def test_bytes_are_bytes(skill):
    assert skill("ways").run("bytes", input=b"\0\xff").output == b"\0\xff"
    assert skill("ways").call("bytes", b"\0\xff") == b"\0\xff"


def test_a_skill_tells_what_it_is(skill):
    adder = skill("adder")
    described = adder.describe()
    assert (adder.name, adder.tier) == ("adder", "untrusted")
    assert [each["name"] for each in described["exports"]] == ["docs:adder/add@0.1.0#add"]
    assert "add: func(a: u32, b: u32) -> u32" in adder.wit()
    assert repr(adder) == "<cordon.Skill 'adder', untrusted>"


@pytest.mark.parametrize("format, key", [("mcp", "inputSchema"), ("anthropic", "input_schema"), ("openai", "function")])
def test_tools_are_those_of_the_format(skill, format, key):
    (tool,) = skill("adder").tools(format)
    assert key in tool and json.dumps(tool)


def test_an_unknown_format_is_a_value_error(skill):
    with pytest.raises(ValueError, match="mcp, openai, anthropic"):
        skill("adder").tools("soap")


def test_a_skill_is_loaded_from_bytes_and_in_a_tier(host):
    with host.load_bytes((FIXTURES / "adder.wat").read_bytes(), name="from-memory", tier="verified") as loaded:
        assert (loaded.name, loaded.tier, loaded.call("add", 1, 2)) == ("from-memory", "verified", 3)


# ---- what does not work is an Error, with everything the library knows ----


def error_of(call, *args, **named):
    with pytest.raises(cordon.Error) as caught:
        call(*args, **named)
    return caught.value


def test_an_error_says_what_the_library_says(host, skill, tmp_path):
    error = error_of(skill("adder").call, "add", a="two", b=3)
    assert (error.id, error.category, error.exit_code) == ("bad-args", "usage", 2)
    assert str(error) == error.message == "a: expected an integer from 0 to 4294967295 (u32), got a string"
    assert error.subject == "a" and "inspect" in error.hint and error.causes == ()
    assert pickle.loads(pickle.dumps(error)).__dict__ == error.__dict__


@pytest.mark.parametrize("name, id", [("nowhere", "not-found"), ("core", "not-a-component"), ("unknown-import", "unknown-import")])
def test_what_cannot_be_loaded_says_why(host, name, id):
    assert error_of(host.load, FIXTURES / f"{name}.wat").id == id


def test_other_mistakes_have_their_ids(host, skill):
    assert error_of(skill("adder").call, "subtract").id == "no-such-export"
    assert error_of(skill("adder").call).id == "bad-args"
    assert error_of(skill("values").call).id == "no-such-export"
    assert error_of(skill("cat").call, input="x").id == "bad-args"
    assert error_of(host.load, FIXTURES / "adder.wat", tier="local").id == "tier-refused"
    assert error_of(host.load, FIXTURES / "adder.wat", tier="best").id == "usage"
    assert error_of(host.load_bytes, b"", name="empty").id == "bad-artifact"


def test_causes_come_with_an_error(make_host):
    with make_host(helper="/nowhere/cordon-helper") as host:
        error = error_of(host.load_bytes, b"(component)", name="new")
        assert error.id == "missing-tool" and "/nowhere/cordon-helper" in error.message


@pytest.mark.parametrize("call", [
    lambda skill: skill.call(5), lambda skill: skill.run("add", input=5), lambda skill: skill.run("add", [1, 2], argv=[5]),
    lambda skill: skill.within(fuel=1.5), lambda skill: skill.within(timeout=[]), lambda skill: skill.within(memory=True),
    lambda skill: skill.host.load_bytes(5, name="x"), lambda skill: skill.host.load(5), lambda skill: skill.host.load(None),
    lambda skill: skill.call("add", object(), 1), lambda skill: cordon.Host(workers="many"), lambda skill: cordon.Host(sandboxes=True),
    lambda skill: cordon.Host(defaults={"untrusted": {"fuel": None, "memory": []}}), lambda skill: cordon.escape(5), lambda skill: cordon.Skill(),
])
def test_a_wrong_type_is_a_type_error(skill, call):
    with pytest.raises((TypeError, AttributeError)):
        call(skill("adder"))


@pytest.mark.parametrize("call", [
    lambda skill: skill.call("add\0"), lambda skill: skill.run("add", [1, 2], bot="a\0b"), lambda skill: skill.host.load("adder\0.wat"),
    lambda skill: skill.host.load_bytes(b"", name="a\0"), lambda skill: skill.within(fuel="1G\0"),
    lambda skill: skill.within(fuel=-1), lambda skill: skill.within(fuel=2**64), lambda skill: skill.within(timeout=float("nan")),
    lambda skill: skill.within(limits={"speed": 1}), lambda skill: cordon.Host(workers=-1), lambda skill: cordon.Host(workers=2**32),
])
def test_what_would_be_cut_or_wrapped_is_a_value_error(skill, call):
    with pytest.raises(ValueError):
        call(skill("adder"))


# ---- outcomes ----


def test_an_outcome_has_it_all(skill):
    outcome = skill("log").run(input="hello")
    assert outcome.ok and outcome.outcome == "ok" and outcome.error is None and outcome.exit_code == 0 and outcome.exception() is None
    assert outcome.log and outcome.log[0].level in ("trace", "debug", "info", "warn", "error") and outcome.log[0].message
    assert outcome.usage.fuel > 0 and outcome.usage.fuel_exact is True and outcome.usage.bytes_in == 5
    assert outcome.denials == () and outcome.backtrace == ()


def test_a_denial_is_in_the_outcome(skill):
    outcome = skill("fetch").run(input="https://user:pass@example.com/?secret")
    (denial,) = outcome.denials
    assert (denial.capability, denial.wanted, denial.reason) == ("net", "https://example.com/", "not-granted") and denial.count >= 1
    assert outcome.exit_code == 3


def test_an_error_of_the_skill(skill):
    with pytest.raises(cordon.SkillError, match="no such town") as caught:
        skill("err").call(input="no such town")
    assert caught.value.value == "no such town" and caught.value.outcome.outcome == "err"
    assert pickle.loads(pickle.dumps(caught.value)).outcome == caught.value.outcome


def test_a_trap_has_its_backtrace(skill):
    with pytest.raises(cordon.Trap) as caught:
        skill("traps").call("divide")
    outcome = caught.value.outcome
    assert outcome.error.trap == "integer division by zero" and outcome.backtrace and outcome.exit_code == 5


@pytest.mark.parametrize("limits, raised", [({"fuel": "1M"}, cordon.OutOfFuel), ({"timeout": "30ms"}, cordon.DeadlineExceeded),
                                            ({"timeout": 0.03}, cordon.DeadlineExceeded),
                                            ({"timeout": datetime.timedelta(milliseconds=30)}, cordon.DeadlineExceeded)])
def test_a_limit_ends_the_call(skill, limits, raised):
    with pytest.raises(raised) as caught:
        skill("spin").within(**limits).call(input="x")
    assert isinstance(caught.value, cordon.LimitError)
    assert skill("spin").run(input="x", **limits).outcome == caught.value.outcome.outcome


def test_other_limits_go_by_name(skill):
    with pytest.raises(cordon.OutputTooLarge):
        skill("ways").within(limits={"output": 10}).call("repeat", 7, 11)
    assert skill("ways").within(limits={"output": 11}).call("repeat", 7, 11) == b"\7" * 11
    assert skill("log").run(input="x", limits={"log_lines": 1}).log == skill("log").run(input="x", limits={"log-lines": 1}).log
    with pytest.raises(cordon.OutOfMemory):
        skill("ways").within(memory="128KiB").call("grow")


def test_terms_add_up(skill):
    bounded = skill("spin").within(fuel="2M").within(timeout="5s")
    assert bounded.run(input="x").outcome == "out-of-fuel"
    assert bounded.run(input="x", fuel="1M").error.message.count("limit 1 M (fuel=)") == 1


def test_a_limit_above_the_ceiling_is_refused_by_the_host(make_host, skill):
    error = error_of(skill("adder").run, "add", [1, 2], fuel="200G")
    assert error.id == "bad-limit" and "100 G" in error.message
    with make_host(ceilings={"untrusted": {"fuel": "300G"}}, defaults={"untrusted": {"fuel": "1M", "timeout": 5}}) as host:
        with host.load(FIXTURES / "spin.wat") as spin:
            assert spin.run(input="x").outcome == "out-of-fuel"
            assert spin.describe()["limits"]["timeout"]["value"] == 5000
        with host.load(FIXTURES / "adder.wat") as adder:
            assert adder.run("add", [1, 2], fuel="200G").ok
    assert error_of(make_host, defaults={"untrusted": {"fuel": "200G"}}).id == "bad-limit"


@pytest.mark.parametrize("value", ["0", "-1", "ten", "10 parsecs", 0])
def test_a_limit_that_is_none_is_refused(skill, value):
    assert error_of(skill("adder").run, "add", [1, 2], memory=value).id == "bad-limit"


def test_settings_are_read_when_asked(make_host, tmp_path):
    file = tmp_path / "config.toml"
    file.write_text("[tiers.untrusted.default]\nfuel = \"1M\"\n")
    with make_host(settings=file) as host, host.load(FIXTURES / "spin.wat") as spin:
        assert spin.run(input="x").outcome == "out-of-fuel"
    file.write_text("[tiers]\nunknown = 1\n")
    assert error_of(make_host, settings=file).id == "bad-config"


# ---- threads ----


def test_threads_share_a_skill(skill):
    adder = skill("adder")
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(lambda n: adder.call("add", a=n, b=1), range(500))) == list(range(1, 501))


def test_other_threads_run_while_one_calls(skill):
    ended = threading.Event()
    thread = threading.Thread(target=lambda: (skill("spin").run(input="x", timeout="2s"), ended.set()))
    thread.start()
    assert skill("adder").call("add", 1, 1) == 2 and not ended.is_set()
    thread.join()


def test_versions_and_escaping():
    version = (ROOT / "meson.build").read_text().split("version: '")[1].split("'")[0]
    assert cordon.version() == version and cordon.engine_version().startswith("48.")
    assert cordon.escape("a\x1b[31m\n") == "a\\x1b[31m\\x0a" and cordon.escape(b"\xff\n", keep_newlines=True) == "\\xff\n"
