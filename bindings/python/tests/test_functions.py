# SPDX-License-Identifier: Apache-2.0
"""Host functions of the program's own, plain and as coroutines."""

import asyncio
import gc
import logging
import math
import os
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import BINDING, FIXTURES
from test_life import program

import cordon
from cordon import _values, _wit

INTERFACE = "demo:math/host@1.0.0"
TYPES = {"double": "func(x: u32) -> u32", "greet": "func(who: string, warmly: bool) -> result<string, string>",
         "note": "func(points: list<tuple<f64, f64>>)"}


def functions(capability=None, **targets):
    """The three that the fixture imports; those that are not given fail."""
    def missing(**_):
        raise AssertionError("not expected")
    return [cordon.function(f"{INTERFACE}#{name}", type, capability=capability)(targets.get(name, missing)) for name, type in TYPES.items()]


@pytest.fixture
def own(make_host):
    """own(double=…) is the fixture, over these functions."""
    hosts = []

    def load(capability=None, workers=2, **targets):
        hosts.append(make_host(functions=functions(capability, **targets), workers=workers))
        return hosts[-1].load(FIXTURES / "own.wat")
    yield load
    for host in hosts:
        host.close()


def test_a_function_answers(own):
    skill = own(double=lambda x: 2 * x, greet=lambda who, warmly: f"{who} {warmly}", note=lambda points: noted.append(points))
    noted = []
    assert skill.call("double", x=21) == 42 and skill.call("power", n=20) == 2**20
    assert skill.call("greet", who="Ada") == "Ada True"
    assert skill.call("note") is None and noted == [[(1.5, -2.0)]]
    assert asyncio.run(skill.acall("power", n=20)) == 2**20


def test_a_function_knows_its_caller(own):
    seen = []
    skill = own(double=lambda x: seen.append(cordon.caller()) or x)
    skill.within(bot="marvin").call("double", x=1)
    asyncio.run(skill.acall("double", x=1))
    first, second = seen
    assert (first.skill, first.bot, first.tier) == ("own", "marvin", "untrusted") and second.bot == ""
    assert len(first.invocation_id) == 36 and first.invocation_id != second.invocation_id
    with pytest.raises(LookupError):
        cordon.caller()


def test_a_capability_has_to_be_granted(own):
    skill = own(capability="sums", double=lambda x: 2 * x)
    (denial,) = skill.run("double", {"x": 1}).denials
    assert denial.grant == "call=sums"
    assert skill.run("double", {"x": 1}, allow=["call=sums"]).output == 2
    assert skill.run("double", {"x": 1}, allow=["call=other"]).denials


def test_its_error_reaches_the_guest_and_no_other_exception_does(own, caplog):
    def greet(who, warmly):
        raise cordon.FunctionError("no \0such\ud800 town") if who == "a" else RuntimeError("password in a traceback")
    skill = own(greet=greet)
    with pytest.raises(cordon.SkillError) as caught:
        skill.call("greet", who="a")
    assert caught.value.value == "no  such? town" and not caplog.records
    with pytest.raises(cordon.SkillError) as caught:
        skill.call("greet", who="b")
    assert caught.value.value == "the host function failed"
    (record,) = caplog.records
    assert record.name == "cordon" and record.levelno == logging.ERROR and "demo:math/host@1.0.0#greet failed" in record.message


@pytest.mark.parametrize("value", ["two", -1, None, object(), 2**40])
def test_an_answer_of_another_type_ends_the_call(own, value):
    outcome = own(double=lambda x: value).run("double", {"x": 1})
    assert outcome.outcome == "trap" and "double" in outcome.error.message


def test_a_component_that_imports_it_with_another_type_is_refused(make_host):
    wrong = [cordon.function(f"{INTERFACE}#double", "func(x: u64) -> u32")(lambda x: x), *functions()[1:]]
    with make_host(functions=wrong) as host, pytest.raises(cordon.Error) as caught:
        host.load(FIXTURES / "own.wat")
    assert caught.value.id == "bad-import-type"


@pytest.mark.parametrize("make, raised", [
    (lambda: cordon.function("double", "func()")(print), ValueError),
    (lambda: cordon.Host(functions=[print]), TypeError),
    (lambda: cordon.Host(functions=[cordon.function("a:b/c#d", "nonsense")(print)]), cordon.Error),
    (lambda: cordon.Host(functions=[cordon.function("wasi:io/poll#d", "func()")(print)]), cordon.Error),
    (lambda: cordon.Host(functions=[cordon.function("a:b/c#d", "func()", capability="a b")(print)]), cordon.Error),
    (lambda: cordon.Host(functions=[cordon.function("a:b/c#d\0", "func()")(print)]), ValueError),
    (lambda: cordon.Host(functions=functions() + functions()), cordon.Error),
])
def test_what_cannot_be_a_function_is_refused(make, raised):
    with pytest.raises(raised):
        make()


def test_a_function_can_still_be_called():
    @cordon.function(f"{INTERFACE}#double", TYPES["double"])
    def double(x):
        return 2 * x
    assert double(4) == double(x=4) == 8


def test_a_function_cannot_wait_for_its_host(own):
    """Each of these would wait for itself."""
    problems = []

    def double(x):
        awaited = skill.acall("note")
        for wait in (lambda: skill.call("note"), skill.host.close, lambda: asyncio.run(awaited)):
            try:
                wait()
            except (cordon.Error, RuntimeError) as problem:
                problems.append(getattr(problem, "id", "host"))
        awaited.close()
        return x
    for workers in (0, 2):
        skill = own(double=double, workers=workers)
        assert skill.call("double", x=3) == 3 and asyncio.run(skill.acall("double", x=3)) == 3
    assert problems == ["would-deadlock", "host", "host"] * 4


def test_several_threads_are_in_a_function_at_once(own):
    barrier = threading.Barrier(4)
    skill = own(double=lambda x: barrier.wait(60) and 0 or x)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda n: skill.call("double", x=n), range(4))) == list(range(4))


# ---- coroutines ----


@pytest.mark.parametrize("workers", [0, 2])
def test_a_coroutine_answers_in_the_loop(own, workers):
    async def double(x):
        threads.add(threading.get_ident())
        await asyncio.sleep(0.01)
        assert cordon.caller().skill == "own"
        return 2 * x

    async def main():
        return await asyncio.gather(*(skill.acall("double", x=n) for n in range(60)))
    threads, skill = set(), own(double=double, workers=workers)
    assert asyncio.run(main()) == [2 * n for n in range(60)]
    assert threads == {threading.get_ident()}


def test_waiting_coroutines_take_no_thread_each_and_no_time_one_after_the_other(own):
    async def double(x):
        await asyncio.sleep(0.5)
        return x

    async def main():
        start = time.monotonic()
        calls = [asyncio.ensure_future(skill.acall("double", x=n)) for n in range(60)]
        await asyncio.sleep(0.2)
        threads = len(os.listdir("/proc/self/task"))
        await asyncio.gather(*calls)
        return threads, time.monotonic() - start
    skill = own(double=double)
    before = len(os.listdir("/proc/self/task"))
    threads, seconds = asyncio.run(main())
    assert threads <= before + 4 and seconds < 15


def test_errors_of_a_coroutine_are_those_of_a_function(own, caplog):
    async def greet(who, warmly):
        raise cordon.FunctionError("no") if who == "a" else RuntimeError("secret")
    skill = own(greet=greet)
    for who, words in (("a", "no"), ("b", "the host function failed")):
        with pytest.raises(cordon.SkillError) as caught:
            asyncio.run(skill.acall("greet", who=who))
        assert caught.value.value == words
    assert len(caplog.records) == 1


def test_a_coroutine_that_nobody_awaits_is_an_error_and_not_a_wait(own, caplog):
    async def greet(who, warmly):
        return who
    with pytest.raises(cordon.SkillError, match="gave no answer to greet"):
        own(greet=greet).call("greet", who="a")
    assert "use acall or arun" in caplog.text


@pytest.mark.parametrize("end", ["task", "limit"])
def test_a_coroutine_whose_call_is_gone_is_cancelled(own, end):
    ended = []

    async def double(x):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append(x)
            raise

    async def main():
        if end == "limit":
            assert (await skill.arun("double", {"x": 1}, timeout=0.1)).outcome == "deadline"
        else:
            task = asyncio.ensure_future(skill.acall("double", x=1))
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        while not ended:
            await asyncio.sleep(0.01)
    skill = own(double=double)
    asyncio.run(asyncio.wait_for(main(), 30))
    assert ended == [1]


def test_a_host_may_be_closed_from_a_coroutine(own):
    async def double(x):
        skill.host.close()
        return x
    skill = own(double=double)
    assert asyncio.run(skill.arun("double", {"x": 1})).outcome == "cancelled"


def test_closing_a_host_cancels_its_coroutines(own):
    async def double(x):
        await asyncio.sleep(60)

    async def main():
        task = asyncio.ensure_future(skill.arun("double", {"x": 1}))
        await asyncio.sleep(0.05)
        skill.host.close()
        outcome = (await task).outcome
        await asyncio.sleep(0)
        return outcome, len(asyncio.all_tasks())
    skill = own(double=double)
    assert asyncio.run(main()) == ("cancelled", 1)


# ---- ends ----


def test_a_host_and_its_functions_are_garbage_together(make_host):
    class Program:
        def __init__(self):
            self.host = make_host(functions=functions(double=self.double))
            self.skill = self.host.load(FIXTURES / "own.wat")

        def double(self, x):
            return 2 * x
    made = Program()
    assert made.skill.call("double", x=1) == 2
    native, gone = made.host._native, weakref.ref(made)
    del made
    gc.collect()
    assert gone() is None and native.closed and native.enter_while_alive() is None


def test_a_program_may_end_in_the_middle_of_a_function(cache_dir):
    program("""
        @cordon.function("demo:math/host@1.0.0#double", "func(x: u32) -> u32")
        def double(x):
            time.sleep(0.5)
            return x
        @cordon.function("demo:math/host@1.0.0#greet", "func(who: string, warmly: bool) -> result<string, string>")
        async def greet(who, warmly):
            await asyncio.sleep(60)
        @cordon.function("demo:math/host@1.0.0#note", "func(points: list<tuple<f64, f64>>)")
        def note(points): pass
        host = make_host(functions=[double, greet, note])
        own = load(host, "own")
        async def main():
            asyncio.ensure_future(own.acall("greet", who="x"))
            asyncio.ensure_future(own.acall("double", x=1))
            await asyncio.sleep(0.1)
        asyncio.run(main())
        """, cache_dir)


def test_an_interrupt_in_a_function_reaches_the_program(cache_dir):
    assert program("""
        import signal
        @cordon.function("demo:math/host@1.0.0#double", "func(x: u32) -> u32")
        def double(x):
            signal.raise_signal(signal.SIGINT)
            time.sleep(10)
        others = [cordon.function("demo:math/host@1.0.0#greet", "func(who: string, warmly: bool) -> result<string, string>")(print),
                  cordon.function("demo:math/host@1.0.0#note", "func(points: list<tuple<f64, f64>>)")(print)]
        host = make_host(functions=[double, *others])
        own = load(host, "own")
        try:
            own.call("double", x=1)
        except KeyboardInterrupt:
            print("interrupted")
        """, cache_dir) == "interrupted\n"


def test_many_calls_of_functions_leave_nothing(own):
    async def greet(who, warmly):
        return who

    async def main():
        await asyncio.gather(*(skill.acall("greet", who="x") for _ in range(50)))
    skill = own(double=lambda x: x, greet=greet)

    def hundreds():
        for _ in range(200):
            skill.call("double", x=1)
        asyncio.run(main())
        gc.collect()
        return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task")), len(gc.get_objects())
    hundreds()
    before = hundreds()
    for _ in range(10):
        after = hundreds()
    assert after[:2] == before[:2] and after[2] <= before[2] + 500


# ---- types ----


def reads(type, value):
    """What a function with one parameter of this type is given for that JSON."""
    (schema,) = _wit.signature(f"func(value: {type})").parameters.values()
    read = _values.reader(schema)
    return value if read is None else read(value)


@pytest.mark.parametrize("type, given, value", [
    ("bool", True, True), ("u8", 5, 5), ("string", "a", "a"), ("u64", "18446744073709551615", 2**64 - 1), ("s64", -1, -1), ("f32", "inf", math.inf),
    ("f64", 1, 1.0), ("list<u8>", "AP8=", b"\0\xff"), ("list<list<u8>>", ["AA=="], [b"\0"]), ("list<u64>", ["1", 2], [1, 2]),
    ("tuple<u64,string>", ["1", "a"], (1, "a")), ("option<u64>", None, None), ("option<u64>", "7", 7),
    ("option<option<u64>>", {"some": "7"}, {"some": 7}), ("option<option<u64>>", None, None),
    ("record { raw-data: list<u8>, %list: u64 }", {"raw-data": "AA==", "list": "1"}, {"raw-data": b"\0", "list": 1}),
    ("variant { none, big(u64), data(list<u8>), }", {"data": "AA=="}, {"data": b"\0"}), ("variant { none, big(u64) }", "none", "none"),
    ("enum { red, green }", "red", "red"), ("flags { red, green }", ["red"], ["red"]),
    ("result<u64, list<u8>>", {"ok": "1"}, {"ok": 1}), ("result<u64, list<u8>>", {"err": "AA=="}, {"err": b"\0"}), ("result<_, u64>", {"err": "1"}, {"err": 1}),
    ("result", {"ok": None}, {"ok": None}), ("result<u64>", {"ok": "1"}, {"ok": 1}),
])
def test_an_argument_is_read_by_its_type(type, given, value):
    read = reads(type, given)
    assert read == value and read.__class__ is value.__class__


@pytest.mark.parametrize("type, answers", [
    ("func()", False), ("func() -> u32", True), ("func() -> result", False), ("func()->result<_,string>", False), ("func() -> result<u32, string>", True),
    ("func() -> result<u32>", True), ("func(a: result<u32>, b: list<u8>) -> option<u32>", True),
])
def test_whether_an_answer_has_a_value_is_read_from_the_type(type, answers):
    assert _wit.signature(type).answers is answers


def test_the_readme_offers_what_the_fixture_imports():
    readme = (BINDING / "README.md").read_text()
    assert all(type in readme for type in TYPES.values())
