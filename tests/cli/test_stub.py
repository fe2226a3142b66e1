# SPDX-License-Identifier: Apache-2.0
"""Stubs: JSON that stands where a skill has no code, told by what is in the file and not by its name."""

import json

import pytest


@pytest.fixture
def stub(tmp_path):
    def make(name="skill.wasm", **members):
        path = tmp_path / name
        path.write_text(json.dumps({"boternity_wasm_stub": True, "version": 1, **members}))
        return path
    return make


def test_a_stub_answers_its_body(cordon, stub):
    done = cordon("run", stub(body="Answer in verse.\n"), "a question")
    assert (done.status, done.text, done.err) == (0, "Answer in verse.\n", "")


def test_a_stub_uses_no_fuel(cordon, stub):
    said = cordon("run", "--json", stub(body="x")).json
    assert said["outcome"] == "ok" and said["output"] == "x" and said["output_kind"] == "text"
    assert said["usage"]["fuel"] == 0 and said["usage"]["fuel_exact"] is True and said["usage"]["memory_peak_bytes"] == 0


def test_a_missing_body_is_empty(cordon, stub):
    done = cordon("run", stub())
    assert (done.status, done.text) == (0, "")


def test_other_json_is_a_bad_artifact(cordon, tmp_path):
    (tmp_path / "skill.wasm").write_text('{"body": "x"}')
    done = cordon("run", tmp_path / "skill.wasm")
    assert done.status == 6 and "no stub" in done.err


def test_inspect_says_that_it_is_a_stub(cordon, stub):
    about = cordon("inspect", "--json", stub(body="x")).json
    assert about["kind"] == "stub" and about["asks"] == [] and about["imports"] == []
    shown = cordon("inspect", stub(body="x"))
    assert shown.status == 0 and "stub" in shown.text


def test_a_stub_is_a_tool(cordon, stub):
    tools = cordon("tools", stub("greeter.wasm", body="x")).json
    assert [t["name"] for t in tools] == ["greeter"]
