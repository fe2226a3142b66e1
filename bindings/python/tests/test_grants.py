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
