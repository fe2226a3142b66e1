# SPDX-License-Identifier: Apache-2.0
"""One sample skill of each format, from its folder in examples/ to a row in the audit log: install, consent, run, audit."""

import os
import shutil

import pytest
from conftest import ROOT
from skills import Terminal

needs_clang = pytest.mark.skipif(not os.path.exists("/usr/bin/clang-14"), reason="no clang-14")


@pytest.fixture
def sample(cordon, tmp_path):
    """sample("answer") is a copy of that sample, which is this user's alone."""
    cordon.env["CORDON_HOME"] = str(tmp_path / "home")
    yield lambda name: shutil.copytree(ROOT / "examples/skills" / name, tmp_path / name)
    del cordon.env["CORDON_HOME"]


def audited(cordon, name):
    done = cordon("audit", name, "-j")
    assert done.status == 0, done.err + done.text
    return done.json["rows"]


def test_a_skill_toml_with_a_module(cordon, sample):
    skill = sample("language")
    assert cordon("install", skill).status == 3, "it asks for something, and nobody has answered"
    run = Terminal(cordon, "install", skill).until("Install it? [y/N] ").type("y\n").until("LANG? [y/N] ").type("y\n")
    assert run.end() == 0
    done = cordon("run", "language", env={"LANG": "cy_GB.UTF-8"})
    assert (done.status, done.text) == (0, "cy_GB.UTF-8"), done.err
    assert cordon("revoke", "language", "--all").status == 0
    assert cordon("run", "language", env={"LANG": "cy_GB.UTF-8"}).text == "LANG was not granted"
    rows = audited(cordon, "language")
    assert [row["success"] for row in rows] == [True, True] and [row["capabilities_used"] for row in rows] == [[], ["env"]]


def test_a_component_toml_with_a_component(cordon, sample):
    assert cordon("install", sample("answer")).status == 0
    done = cordon("run", "answer", "-j")
    assert done.json["output"] == 42 and done.json["limits"]["fuel"] == 100000 and done.json["version"] == "1.0.0"
    assert len(audited(cordon, "answer")) == 1


def test_a_skill_md_that_is_a_prompt(cordon, sample):
    assert cordon("install", sample("haiku")).status == 0
    assert cordon("run", "haiku").text.startswith("Write a haiku of three lines")
    assert len(audited(cordon, "haiku")) == 1


@needs_clang
def test_a_skill_md_with_source(cordon, sample):
    done = cordon("install", sample("shout"))
    assert done.status == 0 and "built here from source" in done.err
    assert cordon("run", "shout", "hello").text == "HELLO!"
    assert len(audited(cordon, "shout")) == 1
