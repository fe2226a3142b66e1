# SPDX-License-Identifier: Apache-2.0
"""inspect, tools, bench, doctor, build."""

import json
import os
import re
import shutil

import pytest
from conftest import ROOT


def test_inspect_says_what_a_skill_is(cordon, wat):
    done = cordon("inspect", wat("log"))
    assert done.status == 0 and done.err == ""
    for text in ("log", "untrusted", "sha256:", "execute", "func(input: string) -> result<string, string>", "boternity:skill/host", "get-name", "10 G", "64 MiB"):
        assert text in done.text


def test_inspect_as_json(cordon, wat):
    found = cordon("inspect", wat("adder"), "-j").json
    assert found["cordon"] == 1 and found["tier"] == "untrusted" and found["digest"].startswith("sha256:")
    (export,) = found["exports"]
    assert export["name"] == "docs:adder/add@0.1.0#add" and export["callable"] is True
    assert set(export["params"]["properties"]) == {"a", "b"}
    assert found["limits"]["fuel"]["value"] == 10_000_000_000 and found["limits"]["fuel"]["ceiling"] == 100_000_000_000
    assert found["limits"]["fuel"]["origin"]


def test_inspect_prints_wit(cordon, wat):
    assert "interface add" in cordon("inspect", wat("adder"), "--wit").text
    assert "interface add" in cordon("inspect", wat("adder"), "--wit", "-j").json["wit"]


def test_inspect_says_what_cannot_be_called(cordon, wat):
    done = cordon("inspect", wat("handle"))
    assert done.status == 0 and "cannot be called" in done.text and "resource" in done.text


def test_inspect_refuses_a_higher_tier(cordon, wat):
    assert cordon("inspect", wat("echo"), "--tier", "verified").status == 3


@pytest.mark.parametrize("tool_format, key", [(None, "inputSchema"), ("mcp", "inputSchema"), ("anthropic", "input_schema"), ("openai", "function")])
def test_tools(cordon, wat, tool_format, key):
    done = cordon("tools", wat("echo"), *(["--format", tool_format] if tool_format else []))
    assert done.status == 0
    (tool,) = json.loads(done.out)  # get-name and get-description are no tools
    assert key in tool
    described = tool.get("function", tool)
    schema = described.get("inputSchema") or described.get("input_schema") or described["parameters"]
    assert described["name"] == "echo" and set(schema["properties"]) == {"input"}


def test_tools_of_typed_exports(cordon, wat):
    (tool,) = json.loads(cordon("tools", wat("adder")).out)
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", tool["name"])
    assert set(tool["inputSchema"]["properties"]) == {"a", "b"}


def test_bench_measures_and_suggests_limits_that_work(cordon, wat):
    found = cordon("bench", wat("echo"), "hi", "-n", "50", "-j").json
    assert found["calls"] == 50 and found["errs"] == 0 and found["skill"] == "echo" and found["export"] == "execute"
    wall = found["wall_us"]
    assert 0 < wall["p50"] <= wall["p90"] <= wall["p99"] <= wall["max"]
    assert 0 < found["fuel"]["min"] <= found["fuel"]["max"] and found["memory_peak_bytes"] >= 65536
    limits = found["suggested"]
    assert cordon("run", wat("echo"), "hi", "--fuel", limits["fuel"], "-m", limits["memory"], "-t", limits["timeout"]).out == b"hi"


def test_bench_in_words(cordon, wat):
    done = cordon("bench", wat("echo"), "hi", "-n", "20")
    assert done.status == 0 and "20 calls" in done.text and re.search(r"--fuel \w+ -m \w+ -t \w+", done.text)
    assert "20 of them returned an error" in cordon("bench", wat("err"), "hi", "-n", "20").text


def test_bench_stops_at_what_is_no_answer(cordon, wat):
    done = cordon("bench", wat("traps"), "-c", "divide", "-n", "5")
    assert done.status == 5 and "division by zero" in done.err and done.out == b""
    assert cordon("bench", wat("spin"), "x", "--fuel", "1M", "-n", "5", "-j").json["outcome"] == "out-of-fuel"


def test_doctor(cordon):
    done = cordon("doctor", "-j")
    found = done.json
    assert found["cordon"] == 1 and done.status == (0 if found["ok"] else 7)
    assert found["checks"]
    for check in found["checks"]:
        assert check["status"] in {"ok", "warn", "fail"} and check["name"] and check["detail"]
    text = cordon("doctor").text
    assert all(check["name"] in text for check in found["checks"]) and "64 MiB" in text


def test_doctor_sees_a_cache_that_others_can_write(cordon, tmp_path):
    tmp_path.chmod(0o777)
    done = cordon("doctor", "-j", env={"XDG_CACHE_HOME": str(tmp_path)})
    assert done.status == 7 and any(check["status"] == "fail" for check in done.json["checks"])


def test_a_cache_that_others_can_write_is_refused(cordon, wat, tmp_path):
    tmp_path.chmod(0o777)
    done = cordon("run", wat("echo"), "hi", env={"XDG_CACHE_HOME": str(tmp_path)})
    assert done.status == 7 and str(tmp_path) in done.err and done.out == b""


needs_clang = pytest.mark.skipif(not shutil.which("clang-14") and not shutil.which("clang"), reason="clang is not installed")


@needs_clang
def test_build_then_run(cordon, tmp_path):
    shutil.copytree(ROOT / "examples/hello", tmp_path / "hello")
    done = cordon("build", tmp_path / "hello", "-j")
    assert done.status == 0, done.err
    assert done.json["size_bytes"] == os.path.getsize(tmp_path / "hello/hello.wasm") and done.json["cordon"] == 1
    assert b"Ada" in cordon("run", tmp_path / "hello", "Ada").out


@needs_clang
def test_build_of_bad_source_shows_the_compilers_words(cordon, tmp_path):
    (tmp_path / "skill.c").write_text("int main(void) { return missing; }\n")
    done = cordon("build", tmp_path)
    assert done.status == 6 and "missing" in done.err and "build" in done.err


def test_build_of_nothing(cordon, tmp_path):
    assert cordon("build", tmp_path).status == 6
    assert cordon("build", tmp_path / "nowhere").status == 6
