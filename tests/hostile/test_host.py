# SPDX-License-Identifier: Apache-2.0
"""Guests that turn the functions of the skill world against the host."""

import pytest
from hostile_ground import HARMFUL, HERE

LIES = {
    "log-outside": "out of bounds", "log-huge": "out of bounds", "log-wraps": "out of bounds", "log-invalid": "utf-8", "log-invalid-level": "utf-8",
    "log-utf16-odd": "aligned", "realloc-outside": "beyond end of memory",
}


@pytest.mark.parametrize("export", LIES)
def test_arguments_that_lie_end_the_guest(end, export):
    e = end("host", export)
    assert (e.outcome, e.trap) == ("trap", "host call failed") and LIES[export] in e.message and e.frames
    assert not e.json["log"]


@pytest.mark.parametrize("export, words", [("answer-outside", "out of bounds"), ("answer-odd", "not aligned"), ("get-invalid", "utf-8")])
def test_places_for_an_answer_that_lie(end, export, words):
    e = end("host", export)
    assert e.outcome == "trap" and words in e.message


def test_an_endless_log_is_capped_and_ended(end):
    e = end("host", "logs", args=[0])
    assert e.outcome == "output-too-large" and "8 MiB" in e.message
    log = e.json["log"]
    assert len(log) == 1001 and "dropped" in log[-1]["message"] and sum(len(line["message"].encode()) for line in log[:-1]) <= 64 << 10


@pytest.mark.parametrize("export", ["empty-logs", "contexts"])
def test_host_calls_without_end_are_ended_by_the_clock(end, export):
    e = end("host", export, "-t", "300ms", args=[0])
    assert e.outcome == "deadline" and e.json["usage"]["host_calls"] > 1000 and len(e.json["log"]) <= 1001
    assert end("host", export, "--fuel", "500k", args=[0]).outcome == "out-of-fuel"


def test_denials_without_end_are_listed_64_times(end):
    e = end("host", "denials", args=[0])
    assert e.outcome == "output-too-large" and len(e.denials) == 64 and e.status == 3


def test_each_denial_is_recorded_and_shown_harmless(end):
    e = end("host", "each")
    assert e.outcome == "ok"
    assert [(d["capability"], d["count"]) for d in e.denials] == [("memory", 1), ("net", 2), ("read", 1), ("write", 1), ("secret", 1), ("env", 1)]
    text = str(e.denials)
    assert "token" not in text and "pass" not in text and "https://host.example/" in text and "\\\\x1b" in text


def test_log_lines_are_shown_harmless(cordon):
    done = cordon("run", HERE / "host.wat", "-c", "logs", "--args", "[2]")
    assert done.status == 0 and done.err.count("host: warn: \\x1b[2J\\x1b]0;owned\\x07\\x0d\\x0a\\u{202e}\\u{009b}31m") == 2
    assert not HARMFUL.search(done.err)


def depth_of(end, guest):
    """The deepest call chain that still fits."""
    low, high = 1, 1 << 20
    while high - low > 1:
        middle = (low + high) // 2
        e = end(guest, "deep", args=[middle, 0])
        assert e.outcome == "ok" or e.trap == "stack overflow"
        low, high = (middle, high) if e.outcome == "ok" else (low, middle)
    return low


@pytest.mark.parametrize("guest, functions", [("host", 9), ("wasi", 15)])
def test_every_function_can_be_called_on_the_last_bit_of_stack(end, guest, functions):
    depth = depth_of(end, guest)
    for which in range(1, functions + 1):
        assert end(guest, "deep", args=[depth, which]).outcome == "ok"
        assert end(guest, "deep", args=[depth + 1, which]).trap == "stack overflow"
