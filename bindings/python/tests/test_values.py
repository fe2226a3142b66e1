# SPDX-License-Identifier: Apache-2.0
"""Python values go in and the same come back."""

import collections
import math

import pytest
from conftest import BINDING

import cordon


@pytest.fixture(scope="module")
def same(host):
    return host.load(BINDING / "tests/same.wat")


@pytest.mark.parametrize("export, value", [
    ("u64", 0), ("u64", 2**53 - 1), ("u64", 2**53), ("u64", 2**63), ("u64", 2**64 - 1), ("s64", -2**63), ("s64", 2**63 - 1),
    ("f64", 0.1), ("f64", 1e300), ("f64", math.inf), ("f64", -math.inf),
    ("char", "é"), ("char", "\U0001f600"), ("text", ""), ("text", "grüße\n\0\x1b"), ("flags", []), ("flags", ["red", "blue"]),
    ("bytes", b""), ("bytes", bytes(range(256))), ("integers", [1, 2**64 - 1]), ("tuple", (2**64 - 1, "x")),
    ("record", {"number": 2**60, "raw-data": b"\0\xff", "at": None}), ("record", {"number": 1, "raw-data": b"", "at": 2.5}),
    ("record", {"number": 1, "raw-data": b"", "at": math.inf}),
    ("variant", "none"), ("variant", {"big": 2**64 - 1}), ("variant", {"data": b"\x80"}),
    ("named", {"ok": 2**60}), ("named", {"err": 7}),
])
def test_a_value_comes_back_as_it_went(same, export, value):
    answer = same.call(export, value=value)
    assert answer == value and type(answer) is type(value)


def test_not_a_number_comes_back(same):
    assert math.isnan(same.call("f64", value=math.nan))


def test_a_float_that_is_whole_comes_back_as_a_float(same):
    assert type(same.call("f64", value=3.0)) is float


@pytest.mark.parametrize("export, given, answer", [
    ("bytes", bytearray(b"ab"), b"ab"), ("bytes", memoryview(b"ab"), b"ab"), ("flags", {"green", "blue"}, ["green", "blue"]),
    ("integers", range(3), [0, 1, 2]), ("tuple", [1, "x"], (1, "x")),
    ("named", collections.OrderedDict(ok=1), {"ok": 1}),
])
def test_what_is_like_a_value_is_taken_for_it(same, export, given, answer):
    assert same.call(export, given) == answer


def test_arguments_by_name_have_hyphens_and_may_be_keywords(same):
    assert same.call("either", is_err=False, from_=2**60) == 2**60
    assert same.run("either", {"is-err": False, "from": 5}).output == 5
    assert same.run("either", [False, 5]).output == 5


def test_the_value_of_an_error_is_read_by_its_type(same):
    with pytest.raises(cordon.SkillError) as caught:
        same.call("either", is_err=True, from_=2**60)
    assert caught.value.value == 2**60 and caught.value.outcome.error.value == 2**60


@pytest.mark.parametrize("value", [object(), {1: 2}, 1j, {"x": object()}, [object()]])
def test_what_no_skill_can_take_is_a_type_error(same, value):
    with pytest.raises(TypeError):
        same.call("u64", value=value)


@pytest.mark.parametrize("export, value", [("u64", -1), ("u64", 2**64), ("u64", 1.5), ("u64", True), ("text", 5), ("f64", "x"),
                                           ("record", {"number": 1}), ("variant", {"other": 1}), ("char", "ab"), ("flags", ["grey"])])
def test_a_value_of_another_type_is_bad_args(same, export, value):
    with pytest.raises(cordon.Error) as caught:
        same.call(export, value=value)
    assert caught.value.id == "bad-args" and caught.value.message.startswith("value")


def test_text_that_is_no_unicode_is_a_value_error(same):
    with pytest.raises(ValueError):
        same.call("text", value="\ud800")


def test_names_and_order_do_not_mix(same):
    with pytest.raises(TypeError):
        same.call("either", True, from_=1)


def test_arguments_that_are_no_collection_are_a_type_error(same):
    for wrong in ("text", b"bytes", 5, {1, 2}):
        with pytest.raises(TypeError):
            same.run("u64", wrong)
