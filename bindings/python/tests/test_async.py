# SPDX-License-Identifier: Apache-2.0
"""Calls that are awaited: many at once, cancelled, in several loops."""

import asyncio
import gc
import os
import threading
import time

import pytest
from conftest import FIXTURES, SECONDS

import cordon


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def test_a_call_is_awaited(skill):
    assert asyncio.run(skill("adder").acall("add", a=2, b=3)) == 5
    assert asyncio.run(skill("cat").arun(input=b"x")).output == "x"


def test_a_thousand_calls_are_gathered(skill):
    adder = skill("adder")

    async def main():
        return await asyncio.gather(*(adder.acall("add", a=n, b=1) for n in range(1000)))
    assert asyncio.run(main()) == list(range(1, 1001))


def test_a_thousand_waiting_calls_take_no_thread_each(host, skill):
    ways = skill("ways")

    async def main():
        calls = asyncio.gather(*(ways.acall("sleep", 300) for _ in range(900)))
        await asyncio.sleep(0.1)
        threads = len(os.listdir("/proc/self/task"))
        await calls
        return threads
    ways.call("sleep", 1)
    before = len(os.listdir("/proc/self/task"))
    assert asyncio.run(main()) <= before + 2


def test_other_tasks_run_while_a_guest_computes(skill):
    async def main():
        spinning = asyncio.ensure_future(skill("spin").arun(input="x", timeout="1s"))
        turns = 0
        while not spinning.done():
            await asyncio.sleep(0.01)
            turns += 1
        return turns, spinning.result().outcome
    turns, outcome = asyncio.run(main())
    assert outcome == "deadline" and turns > 10


def test_errors_and_outcomes_are_raised_where_it_is_awaited(skill):
    async def main():
        with pytest.raises(cordon.Error) as caught:
            await skill("adder").acall("add", a="x", b=1)
        assert caught.value.id == "bad-args"
        with pytest.raises(cordon.Trap):
            await skill("traps").acall("unreachable")
        with pytest.raises(cordon.SkillError, match="no"):
            await skill("err").acall(input="no")
    asyncio.run(main())


def test_a_cancelled_task_cancels_its_call_and_waits_for_its_end(host, skill):
    spin = skill("spin")

    async def main():
        task = asyncio.ensure_future(spin.acall(input="x"))
        await asyncio.sleep(0.05)
        start = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        stats = host.stats()
        assert stats.calls_started == stats.calls_ended
        return time.monotonic() - start
    assert asyncio.run(main()) < 5  # the call itself had 10 s


@pytest.mark.parametrize("call", [lambda spin, ways: spin.acall(input="x"), lambda spin, ways: ways.acall("sleep", 8000)])
def test_a_timeout_of_asyncio_cancels_the_call(host, skill, call):
    async def main():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(call(skill("spin"), skill("ways")), 0.05)
    start = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - start < 5 and host.stats().calls_started == host.stats().calls_ended


def test_a_task_cancelled_before_it_began_starts_nothing(host, skill):
    before = host.stats().calls_started

    async def main():
        task = asyncio.ensure_future(skill("adder").acall("add", 1, 2))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    asyncio.run(main())
    assert host.stats().calls_started == before


def test_cancelling_at_any_moment_is_safe(host, skill):
    adder, spin = skill("adder"), skill("spin")

    async def main():
        for n in range(300):
            tasks = [asyncio.ensure_future(adder.acall("add", n, 1)), asyncio.ensure_future(spin.acall(input="x"))]
            for _ in range(n % 4):
                await asyncio.sleep(0)
            if n % 3 == 0:
                await asyncio.sleep(0.0005)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    asyncio.run(main())
    assert host.stats().calls_started == host.stats().calls_ended


def test_a_loop_that_ends_with_calls_under_way_cancels_them(host, skill):
    async def main():
        asyncio.ensure_future(skill("spin").acall(input="x"))
        await asyncio.sleep(0.02)
    asyncio.run(main())
    assert host.stats().calls_started == host.stats().calls_ended


def test_several_loops_share_a_host(skill):
    adder, answers = skill("adder"), []

    async def main(base):
        return await asyncio.gather(*(adder.acall("add", a=base, b=n) for n in range(200)))
    threads = [threading.Thread(target=lambda base=base: answers.append(asyncio.run(main(base)))) for base in (0, 1000, 2000, 3000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert sorted(answers) == [[base + n for n in range(200)] for base in (0, 1000, 2000, 3000)]


def test_a_host_without_workers_runs_guests_in_the_loop(make_host):
    async def main(adder, spin, ways):
        assert await adder.acall("add", 1, 2) == 3
        spinning = asyncio.ensure_future(spin.arun(input="x", timeout="200ms"))
        assert await asyncio.gather(*(adder.acall("add", n, 1) for n in range(50))) == list(range(1, 51))
        assert (await spinning).outcome == "deadline"
        assert (await ways.arun("sleep", [8000], timeout="100ms")).outcome == "deadline"
        task = asyncio.ensure_future(spin.acall(input="x"))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    with make_host(workers=0) as host:
        asyncio.run(main(*(host.load(FIXTURES / f"{name}.wat") for name in ("adder", "spin", "ways"))))


def test_closing_the_host_ends_what_is_awaited(make_host):
    async def main():
        host = make_host()
        spin = host.load(FIXTURES / "spin.wat")
        tasks = [asyncio.ensure_future(spin.arun(input="x")) for _ in range(10)]
        await asyncio.sleep(0.05)
        host.close()
        assert [(await task).outcome for task in tasks] == ["cancelled"] * 10
        with pytest.raises(ValueError, match="closed"):
            await spin.acall(input="x")
    asyncio.run(main())


def test_closing_the_host_from_another_thread_ends_what_is_awaited(make_host):
    async def main():
        host = make_host()
        spin = host.load(FIXTURES / "spin.wat")
        tasks = [asyncio.ensure_future(spin.arun(input="x")) for _ in range(10)]
        await asyncio.sleep(0.05)
        await asyncio.get_running_loop().run_in_executor(None, host.close)
        return [(await task).outcome for task in tasks]
    assert asyncio.run(main()) == ["cancelled"] * 10


def test_a_loop_that_waits_for_nothing_watches_nothing(host, skill):
    asyncio.run(skill("adder").acall("add", 1, 2))
    gc.collect()
    before = descriptors()
    for _ in range(20):
        asyncio.run(skill("adder").acall("add", 1, 2))
    assert descriptors() == before


def test_a_loop_that_is_closed_in_the_middle_leaves_nothing(make_host):
    before = descriptors()
    for _ in range(3):
        host = make_host()
        spin = host.load(FIXTURES / "spin.wat")
        loop = asyncio.new_event_loop()
        task = loop.create_task(spin.acall(input="x"))
        loop.run_until_complete(asyncio.sleep(0.02))
        loop.close()
        host.close()
        task._log_destroy_pending = False  # what asyncio says of such a loop is meant here
        del task, loop, spin, host
        gc.collect()
    assert descriptors() <= before + 2  # libuv keeps two for the process
