# SPDX-License-Identifier: Apache-2.0
"""Guests that loop, grow and trap: what they end as, and in which words."""

import pytest

BRIEF = ["-t", "300ms", "--fuel", "100G"]
BOUNDS, TABLE = "out-of-bounds memory access", "out-of-bounds table access"
TRAPS = {
    "load": BOUNDS, "load-far": BOUNDS, "store": BOUNDS, "fill": BOUNDS, "copy": BOUNDS, "init": BOUNDS, "divide": "integer division by zero",
    "overflow": "integer overflow", "convert": "integer overflow", "unreachable": "unreachable code reached", "call-null": "indirect call to null",
    "call-wrong": "indirect call to a function of another type", "call-outside": TABLE, "table-outside": TABLE, "trap-after": "unreachable code reached",
}


@pytest.mark.parametrize("export", TRAPS)
def test_traps_have_words_and_a_backtrace(end, export):
    e = end("code", export)
    assert (e.outcome, e.trap) == ("trap", TRAPS[export]) and e.frames


@pytest.mark.parametrize("export", ["spin", "tail", "spin-after"])
def test_loops_end_at_the_deadline_or_without_fuel(end, export):
    e = end("code", export, *BRIEF)
    assert e.outcome == "deadline" and "300 ms" in e.message and e.frames
    e = end("code", export, "--fuel", "5M")
    assert e.outcome == "out-of-fuel" and "5 M" in e.message


@pytest.mark.parametrize("export", ["fill-often", "copy-often"])
def test_an_instruction_that_writes_much_memory_pays_for_each_byte(end, export):
    e = end("code", export, "--fuel", "5M", "-t", "10s")
    assert e.outcome == "out-of-fuel" and e.json["usage"]["wall_us"] < 5_000_000
    assert end("code", export, *BRIEF).outcome == "deadline"


@pytest.mark.parametrize("export, args", [("spin-in-realloc", ["text"]), ("spin-in-realloc-of-values", [["text"]])])
def test_a_loop_in_the_allocator_ends_too(end, export, args):
    assert end("code", export, *BRIEF, args=args).outcome == "deadline"
    assert end("code", export, "--fuel", "5M", args=args).outcome == "out-of-fuel"


def test_what_runs_before_the_call_is_charged_to_it(end):
    assert end("start", None, *BRIEF).outcome == "deadline"
    assert end("start", None, "--fuel", "5M").outcome == "out-of-fuel"
    assert end("start-grow").outcome == "out-of-memory"
    e = end("start-log")
    assert e.outcome == "output-too-large" and "8 MiB" in e.message and len(e.json["log"]) <= 1001


@pytest.mark.parametrize("export", ["grow-steps", "grow-at-once"])
def test_memory_that_is_refused(end, export):
    e = end("code", export, "-m", "4MiB")
    assert e.outcome == "out-of-memory" and "memory" in e.message and "4 MiB" in e.message
    assert e.json["usage"]["memory_peak_bytes"] <= 4 << 20


@pytest.mark.parametrize("export", ["table-steps", "table-at-once"])
def test_table_elements_that_are_refused(end, export):
    e = end("code", export)
    assert e.outcome == "out-of-memory" and "table elements" in e.message and "20 k" in e.message


def test_a_guest_may_live_with_a_refusal(end):
    assert (end("code", "grow-and-recover", "-m", "4MiB").output) in range(49, 65)
    assert end("code", "grow-and-touch", "-m", "4MiB").output == 63
    assert end("code", "table-and-recover").output in range(19_900, 20_001)


def test_memories_are_summed(end):
    e = end("memories", None, "-m", "16MiB")
    assert e.outcome == "ok" and e.output == (16 << 20) >> 16
    assert e.json["usage"]["memory_peak_bytes"] == 16 << 20


def test_memory_that_is_wanted_from_the_start(made):
    one = '(core module $m (memory {})) (core instance (instantiate $m))'
    from_ = lambda pages: made(f'(component {one.format(pages)} (core module $f (func (export "f"))) (core instance $i (instantiate $f)) '
                               '(func (export "f") (canon lift (core func $i "f"))))', None, "-m", "4MiB")
    assert from_(64).outcome == "ok"
    assert from_(65).outcome == "out-of-memory"
    e = from_(4097)
    assert (e.outcome, e.id, e.status) == ("not-started", "too-large", 6)
