# SPDX-License-Identifier: Apache-2.0
"""Hosts and skills end in any order, at any time, and leave nothing behind."""

import asyncio
import gc
import os
import subprocess
import sys
import textwrap
import threading

import pytest
from conftest import BINDING, FIXTURES, HELPER, SANITIZED, SECONDS


def program(source, cache_dir):
    """Runs it in a process of its own; it has to end by itself and to say nothing but what it prints."""
    head = f"""
        import asyncio, gc, os, sys, threading, time
        sys.path.insert(0, {str(BINDING)!r})
        import cordon
        def make_host(**options):
            return cordon.Host(helper={str(HELPER)!r}, cache_dir={str(cache_dir)!r}, workers=2, sandboxes=64, **options)
        def load(host, name):
            return host.load({str(FIXTURES)!r} + "/" + name + ".wat")
        """
    done = subprocess.run([sys.executable, "-X", "dev", "-c", textwrap.dedent(head) + textwrap.dedent(source)], capture_output=True, text=True,
                          timeout=SECONDS)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@pytest.mark.parametrize("order", ["host, skill", "skill, host"])
def test_the_last_one_dropped_frees_the_host(cache_dir, order):
    assert program(f"""
        host = make_host()
        skill = load(host, "adder")
        threads = lambda: len(os.listdir("/proc/self/task"))
        assert skill.call("add", 1, 2) == 3 and threads() > 1
        del {order}
        gc.collect()
        print(threads())
        """, cache_dir) == "1\n"


def test_a_circle_of_garbage_is_freed_in_the_right_order(cache_dir):
    assert program("""
        class Node: pass
        for n in range(20):
            node = Node()
            node.self, node.host = node, make_host()
            node.skills = [load(node.host, "adder") for _ in range(3)]
            node.host.circle = node.skills[0].circle = node
            node.view = node.skills[1].within(fuel="1G")
            assert node.view.call("add", n, 1) == n + 1
            del node
            if n % 3 == 0:
                gc.collect()
        gc.collect()
        print(len(os.listdir("/proc/self/task")))
        """, cache_dir) == "1\n"


def test_a_program_may_just_end(cache_dir):
    program("""
        host = make_host()
        skill = load(host, "adder")
        skill.call("add", 1, 2)
        kept = asyncio.run(skill.arun("add", [1, 2]))
        """, cache_dir)


def test_a_program_may_end_while_a_thread_calls(cache_dir):
    program("""
        host = make_host()
        spin = load(host, "spin")
        threading.Thread(target=lambda: spin.run(input="x", timeout="5s"), daemon=True).start()
        time.sleep(0.1)
        """, cache_dir)


def test_a_program_may_end_with_a_loop_in_the_middle(cache_dir):
    program("""
        host = make_host()
        spin = load(host, "spin")
        loop = asyncio.new_event_loop()
        task = loop.create_task(spin.acall(input="x"))
        task._log_destroy_pending = False
        loop.run_until_complete(asyncio.sleep(0.05))
        loop.close()
        """, cache_dir)


def test_a_view_keeps_the_skill(cache_dir):
    assert program("""
        view = load(make_host(), "adder").within(fuel="1G")
        gc.collect()
        print(view.call("add", 1, 2))
        """, cache_dir) == "3\n"


def test_a_forked_child_is_told_and_ends_well(cache_dir):
    assert program("""
        import warnings
        warnings.simplefilter("ignore")  # Python's own, about fork and threads
        host = make_host()
        skill = load(host, "adder")
        skill.call("add", 1, 2)
        child = os.fork()
        if not child:
            try:
                skill.call("add", 1, 2)
            except RuntimeError as problem:
                print(problem, flush=True)
            host.close()
            del skill, host
            gc.collect()
            sys.exit(3)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
        print(skill.call("add", 1, 2))
        """, cache_dir) == "the skill belongs to the parent process: a child that was forked must make its own host\n3\n"


def test_what_is_closed_says_so(make_host):
    host = make_host()
    skill, other = host.load(FIXTURES / "adder.wat"), host.load(FIXTURES / "echo.wat")
    with skill:
        pass
    assert skill.closed and not other.closed and repr(skill) == "<cordon.Skill closed>"
    for call in (lambda: skill.call("add", 1, 2), skill.describe, lambda: skill.name):
        with pytest.raises(ValueError, match="the skill is closed"):
            call()
    host.close()
    host.close()
    assert host.closed and other.closed
    for call in (lambda: other.call(input="x"), lambda: host.load(FIXTURES / "adder.wat"), host.stats):
        with pytest.raises(ValueError, match="closed"):
            call()


def test_closing_waits_for_the_calls_of_other_threads(make_host):
    host = make_host()
    spin, outcomes = host.load(FIXTURES / "spin.wat"), []
    thread = threading.Thread(target=lambda: outcomes.append(spin.run(input="x", timeout="300ms").outcome))
    thread.start()
    while not host.stats().calls_started:
        pass
    host.close()
    assert spin.closed
    thread.join(SECONDS)
    assert outcomes == ["deadline"]


def test_closing_while_threads_come_and_go(make_host):
    """Each call either ends as ever or says that it came too late."""
    for _ in range(10):
        host = make_host()
        adder, wrong = host.load(FIXTURES / "adder.wat"), []

        def work():
            for n in range(1000):
                try:
                    if adder.call("add", n, 1) != n + 1:
                        wrong.append("answer")
                except ValueError:
                    return
                except BaseException as problem:
                    wrong.append(problem)
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        host.close()
        for thread in threads:
            thread.join(SECONDS)
        assert not wrong


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_ten_thousand_calls_leave_nothing(host, skill):
    names = ("adder", "err", "traps", "fetch", "log")
    adder, err, traps, fetch, log = map(skill, names)

    async def awaited():
        await asyncio.gather(*(adder.arun("add", [1, 2]) for _ in range(100)), *(err.arun(input="no") for _ in range(100)))

    def thousand():
        for _ in range(200):
            adder.call("add", 1, 2)
            err.run(input="no")
            traps.run("divide")
            fetch.run(input="https://example.com/")
        asyncio.run(awaited())

    def used():
        gc.collect()
        return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task")), len(gc.get_objects())

    thousand()
    before, memory = used(), resident_bytes()
    for _ in range(10):
        thousand()
    after = used()
    assert after[:2] == before[:2] and after[2] <= before[2] + 500
    assert SANITIZED or resident_bytes() - memory < 32 << 20  # a sanitizer keeps what was freed
    stats = host.stats()
    assert stats.calls_started == stats.calls_ended and stats.sandboxes_in_use == 0


def test_a_hundred_hosts_leave_nothing(make_host):
    def once():
        with make_host() as host, host.load(FIXTURES / "adder.wat") as adder:
            assert asyncio.run(adder.acall("add", 1, 2)) == adder.call("add", 2, 1)
    once()
    gc.collect()
    before = len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
    for _ in range(100):
        once()
    assert (len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))) == before
