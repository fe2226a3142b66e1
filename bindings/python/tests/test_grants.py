# SPDX-License-Identifier: Apache-2.0
"""What a call may touch: nothing that was not granted to it."""

import asyncio

import pytest

import cordon


def test_nothing_is_granted_from_the_start(skill, monkeypatch):
    monkeypatch.setenv("TOWN", "Ulm")
    with pytest.raises(cordon.SkillError) as caught:
        skill("env").call(input="TOWN")
    (denial,) = caught.value.outcome.denials
    assert (denial.capability, denial.wanted, denial.reason, denial.count) == ("env", "TOWN", "not-granted", 1)
    assert caught.value.outcome.exit_code == 3


def test_a_denial_names_the_grant_to_the_operator_alone(skill):
    (denial,) = skill("env").run(input="TOWN").denials
    assert denial.grant == "env=TOWN" and "env=TOWN" not in repr(denial)


def test_a_grant_lets_one_thing_through(skill, monkeypatch):
    monkeypatch.setenv("TOWN", "Ulm")
    monkeypatch.setenv("OTHER", "x")
    env = skill("env")
    assert env.run(input="TOWN", allow=["env=TOWN"]).output == "Ulm"
    assert env.run(input="OTHER", allow=["env=TOWN"]).denials
    assert env.within(allow=["env=TOWN"]).call(input="TOWN") == "Ulm"
    assert env.within(allow=["env=TOWN"]).within(allow=("env=OTHER",), fuel="1G").call(input="TOWN") == "Ulm"
    assert asyncio.run(env.within(allow=["env=TOWN"]).acall(input="TOWN")) == "Ulm"
    assert asyncio.run(env.arun(input="TOWN", allow=["env=TOWN"])).output == "Ulm"
    assert env.run(input="TOWN").denials  # of a view the skill itself knows nothing


def test_a_variable_is_given_a_value(skill):
    env = skill("env").within(env={"TOWN": "Bern", "OTHER": ""})
    assert env.call(input="TOWN") == "Bern" and env.call(input="OTHER") == ""
    assert env.within(env={"TOWN": "Rom"}).call(input="TOWN") == "Rom"


@pytest.mark.parametrize("terms", [{"allow": ["fly=high"]}, {"allow": ["env=CORDON_HOME"]}, {"env": {"LD_PRELOAD": "x"}}, {"env": {"": "x"}}])
def test_what_cannot_be_granted_is_an_error(skill, terms):
    with pytest.raises(cordon.Error) as caught:
        skill("env").run(input="x", **terms)
    assert caught.value.id == "usage"


@pytest.mark.parametrize("terms", [{"allow": "env=TOWN"}, {"allow": [5]}, {"env": {"TOWN": 5}}, {"env": {5: "x"}}])
def test_a_grant_of_another_type_is_a_type_error(skill, terms):
    with pytest.raises(TypeError):
        skill("env").run(input="x", **terms)


def test_a_grant_is_not_cut_at_a_nul(skill):
    for terms in ({"allow": ["env=TOWN\0"]}, {"env": {"TOWN": "a\0b"}}, {"env": {"TOWN\0": "a"}}):
        with pytest.raises(ValueError):
            skill("env").run(input="x", **terms)


# ---- asking ----


@pytest.fixture
def asked(skill, monkeypatch):
    """asked(ask) is the outcome of a call that wants TOWN, which is Ulm."""
    monkeypatch.setenv("TOWN", "Ulm")
    return lambda ask, **terms: asyncio.run(skill("env").within(ask=ask).arun(input="TOWN", **terms))


def test_a_yes_lets_it_through_for_this_call(asked, skill):
    questions = []
    assert asked(lambda question: questions.append(question) or True).output == "Ulm"
    assert questions == [cordon.Question("env", "env", "TOWN", "env=TOWN")]
    assert skill("env").run(input="TOWN").denials


@pytest.mark.parametrize("answer", [False, None, 1, "yes"])
def test_anything_but_a_yes_is_a_no(asked, answer):
    assert [denial.wanted for denial in asked(lambda question: answer).denials] == ["TOWN"]


def test_what_is_granted_is_not_asked_about(asked):
    assert asked(lambda question: pytest.fail("asked"), allow=["env=TOWN"]).output == "Ulm"


def test_a_coroutine_may_take_its_time(asked):
    async def ask(question):
        await asyncio.sleep(0.5)
        return True
    assert asked(ask, timeout="200ms").output == "Ulm"


def test_one_that_fails_is_a_no(asked, caplog):
    def ask(question):
        raise RuntimeError("nobody there")
    assert asked(ask).denials and "could not be answered" in caplog.text


def test_a_task_that_is_cancelled_cancels_its_question(skill):
    ended = []

    async def ask(question):
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(question.wanted)

    async def main():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(skill("env").within(ask=ask).acall(input="TOWN"), 0.2)
        await asyncio.sleep(0)
    asyncio.run(main())
    assert ended == ["TOWN"]


def test_questions_of_many_calls_are_asked_at_once(skill, monkeypatch):
    monkeypatch.setenv("TOWN", "Ulm")

    async def ask(question):
        nonlocal waiting
        waiting += 1
        while waiting < 20:
            await asyncio.sleep(0.001)
        return True

    async def main():
        return await asyncio.gather(*(skill("env").within(ask=ask).acall(input="TOWN") for _ in range(20)))
    waiting = 0
    assert asyncio.run(main()) == ["Ulm"] * 20


def test_a_call_that_blocks_cannot_ask(skill):
    with pytest.raises(ValueError, match="use acall or arun"):
        skill("env").within(ask=lambda question: True).call(input="TOWN")
