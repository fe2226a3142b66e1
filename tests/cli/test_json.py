# SPDX-License-Identifier: Apache-2.0
"""--json: one object in one line on stdout, all keys always, and silence on stderr."""

import base64
import os
import shutil

import pytest

KEYS = {"cordon", "invocation_id", "skill", "version", "tier", "outcome", "output", "output_kind", "error", "limits", "usage", "log", "denials"}
ERROR_KEYS = {"id", "category", "message", "hint", "subject", "causes", "value", "trap", "backtrace"}
USAGE_KEYS = {"fuel", "fuel_exact", "memory_peak_bytes", "wall_us", "cpu_us", "host_calls", "bytes_in", "bytes_out"}


def run(cordon, *words, **options):
    done = cordon("run", *words, "--json", **options)
    assert done.err == ""
    assert done.out.endswith(b"\n") and done.out.count(b"\n") == 1
    found = done.json
    assert set(found) == KEYS and found["cordon"] == 1
    assert set(found["limits"]) == {"fuel", "memory_bytes", "wall_ms"} and set(found["usage"]) == USAGE_KEYS
    assert found["error"] is None or set(found["error"]) == ERROR_KEYS
    return done.status, found


def test_ok(cordon, wat):
    status, found = run(cordon, wat("echo"), "hi")
    assert status == 0
    assert (found["outcome"], found["output"], found["output_kind"], found["error"]) == ("ok", "hi", "text", None)
    assert found["skill"] == "echo" and found["tier"] == "untrusted"
    assert found["usage"]["fuel"] > 0 and found["usage"]["memory_peak_bytes"] >= 65536 and found["usage"]["bytes_in"] == 2
    assert found["log"] == [] and found["denials"] == []
    assert found["invocation_id"] and found["invocation_id"] != run(cordon, wat("echo"), "hi")[1]["invocation_id"]


@pytest.mark.parametrize("name, words, outcome, status", [
    ("err", ["no"], "err", 1),
    ("traps", ["-c", "divide"], "trap", 5),
    ("spin", ["x", "--fuel", "1M"], "out-of-fuel", 4),
    ("spin", ["x", "-t", "100ms", "--fuel", "100G"], "deadline", 4),
    ("grow", ["x", "-m", "2MiB"], "out-of-memory", 4),
    ("long", ["x"], "output-too-large", 4),
    ("fetch", ["https://example.com/"], "err", 3),
])
def test_every_ending(cordon, wat, name, words, outcome, status):
    got, found = run(cordon, wat(name), *words)
    assert (found["outcome"], got) == (outcome, status)
    assert found["error"]["message"]


@pytest.mark.parametrize("words, error, status", [
    (["{echo}", "hi", "--fule", "3"], "usage", 2),
    (["{echo}", "hi", "--fuel", "0"], "bad-limit", 2),
    (["{adder}", "--args", "[1]"], "bad-args", 2),
    (["{adder}", "-c", "sub", "--args", "[1, 2]"], "no-such-export", 2),
    (["{echo}", "hi", "--tier", "local"], "tier-refused", 3),
    (["{echo}", "hi", "-a", "net=.org"], "usage", 2),
    (["hello"], "not-found", 6),
    (["/dev/zero"], "bad-artifact", 6),
    (["{core}"], "not-a-component", 6),
    (["{unknown-import}"], "unknown-import", 6),
    (["{simd}"], "unsupported-feature", 6),
    (["{handle}", "-c", "use", "--args", "[1]"], "not-callable", 2),
    (["{echo}", "@/nonexistent"], "io", 7),
    ([], "usage", 2),
])
def test_what_never_started(cordon, wat, words, error, status):
    words = [wat(word[1:-1]) if word.startswith("{") else word for word in words]
    got, found = run(cordon, *words)
    assert (got, found["outcome"], found["error"]["id"]) == (status, "not-started", error)
    assert found["error"]["hint"] and found["error"]["category"] in {"usage", "trust", "limit", "artifact", "host", "bug"}


def test_an_unknown_command_too(cordon):
    done = cordon("rnu", "x", "-j")
    assert done.status == 2 and done.json["error"]["id"] == "usage" and done.err == ""


@pytest.mark.parametrize("name", [b"\xff\xfe.wat", "a\x1b[31m\u202eb.wat".encode(), b"n" * 200 + b".wat", b" .wat", b'"\\.wat'])
def test_odd_file_names(cordon, wat, tmp_path, name):
    path = os.path.join(os.fsencode(tmp_path), name)
    shutil.copy(wat("echo"), path)
    assert run(cordon, path, "hi")[1]["output"] == "hi"
    assert cordon("run", path, "hi").out == b"hi"
    assert cordon("inspect", path, "-j").json["name"]
    assert not set(cordon("inspect", path).text) & {"\x1b", "\u202e"}


def test_bytes_are_base64(cordon, wat):
    found = run(cordon, wat("values"), "-c", "bytes")[1]
    assert found["output_kind"] == "base64" and base64.b64decode(found["output"]) == b"\x00\x01\xfe\xff"


def test_typed_values_are_json(cordon, wat):
    found = run(cordon, wat("values"), "-c", "swap", "--args", '{"p": {"x": 1, "y": 2}}')[1]
    assert found["output_kind"] == "json" and found["output"] == {"x": 2, "y": 1}


def test_log_and_denials(cordon, wat):
    log = run(cordon, wat("log"), "a\x1b\u202eb")[1]["log"]
    assert [line["level"] for line in log] == ["error", "warn", "info", "debug", "trace", "trace"]
    assert {line["message"] for line in log} == {"a\x1b\u202eb"}
    denials = run(cordon, wat("fetch"), "https://example.com/x?token=1")[1]["denials"]
    assert len(denials) == 1 and set(denials[0]) == {"capability", "wanted", "reason", "count"}
    assert denials[0]["count"] == 2 and denials[0]["reason"] == "not-granted" and "token" not in denials[0]["wanted"]


def test_every_input_comes_back_as_it_was(cordon, wat):
    for text in ("\x00", "\x1b[31m", "\u2028\u2029", "\U0001f600", '"\\', "x" * 100_000):
        assert run(cordon, wat("echo"), "-", input=text.encode())[1]["output"] == text


@pytest.mark.parametrize("words", [["inspect", "{core}"], ["tools", "{core}"], ["bench", "{core}"], ["inspect", "nothing.wasm"], ["build", "/nonexistent"],
                                   ["explain", "nonsense"], ["doctor", "--nonsense"]])
def test_other_commands_fail_as_json_too(cordon, wat, words):
    done = cordon(*[wat(word[1:-1]) if word.startswith("{") else word for word in words], "-j")
    assert done.status != 0 and done.json["outcome"] == "not-started" and done.json["error"]["message"]
