# SPDX-License-Identifier: Apache-2.0
"""Guests whose answers are not what their types say, or far more than they should be."""

import re

import pytest
from hostile_ground import HERE, PATIENCE_S

EXPORTS = re.findall(r'^  \(func \(export "([^"]+)"', (HERE / "lies.wat").read_text(), re.MULTILINE)
# A bool is any byte; what does not fit into a number or a set of flags is cut off (the canonical ABI).
FINE = {"bool-two": True, "bool-many": True, "bool-minus": True, "u8-minus": 255, "s8-many": -1, "flags-minus": ["a", "b", "c"]}


def test_the_list_is_complete():
    assert len(EXPORTS) > 40 and set(FINE) < set(EXPORTS)


@pytest.mark.parametrize("export", EXPORTS)
def test_answers_that_lie(end, export):
    e = end("lies", export)
    if export in FINE:
        assert (e.outcome, e.output) == ("ok", FINE[export])
    else:
        assert (e.outcome, e.trap) == ("trap", "malformed answer") and e.output is None


@pytest.mark.parametrize("export, n", [("bools", 100_000), ("options", 100_000), ("enums", 100_000), ("points", 20_000), ("sets", 5_000),
                                       ("floats", 100_000), ("bytes", 700_000), ("lists", 300)])
def test_large_answers_within_the_limits_are_fine(end, export, n):
    assert end("answers", export, args=[n]).outcome == "ok"


@pytest.mark.parametrize("export", ["bools", "options", "enums", "points", "sets", "bytes", "bytes-in-a-tuple", "nuls", "errs", "err-text"])
def test_a_million_of_anything_is_too_large(end, export):
    e = end("answers", export, args=[1_000_000])
    assert e.outcome == "output-too-large" and e.output is None and re.search("1 MiB|64 MiB", e.message)


@pytest.mark.parametrize("export, n", [("texts", 100_000), ("lists", 100_000), ("lists", 3_000), ("lists-of-lists", 30), ("lists-of-lists", 100_000), ("sets", 13_000)])
def test_answers_that_lie_on_top_of_each_other_are_too_large(end, export, n):
    e = end("answers", export, args=[n])
    assert e.outcome == "output-too-large" and e.seconds < PATIENCE_S / 2


def test_a_large_err_is_cut_in_the_message_but_whole_in_its_value(end):
    e = end("answers", "err-text", args=[100_000])
    assert e.outcome == "err" and len(e.message) < 4096 and e.json["error"]["value"] == "\0" * 100_000
