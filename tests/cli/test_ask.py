# SPDX-License-Identifier: Apache-2.0
"""cordon run --ask: the operator is asked on the terminal before something is denied."""

import os
import pty
import re
import select
import time

import pytest

SECONDS = 60


class Session:
    """The command on a terminal of its own, which a person types into."""

    def __init__(self, cordon, *words, env=None):
        self.shown = ""
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.execve(cordon.path, [cordon.path, *words], {**cordon.env, **(env or {})})

    def read(self, seconds):
        if not select.select([self.terminal], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.terminal, 65536)
        except OSError:
            return False
        self.shown += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)

    def until(self, text):
        end = time.monotonic() + SECONDS
        while text not in self.shown:
            assert time.monotonic() < end and self.read(end - time.monotonic()), self.shown
        return self

    def type(self, text):
        os.write(self.terminal, text.encode())
        return self

    def end(self):
        while self.read(SECONDS):
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])
        os.close(self.terminal)
        return status


QUESTION = "Allow env=COLOUR for this run? [y/N] "


@pytest.mark.parametrize("yes", ["y", "yes", "Y"])
def test_yes_allows_it(cordon, wat, yes):
    run = Session(cordon, "run", wat("env"), "COLOUR", "--ask", env={"COLOUR": "green"}).until(QUESTION).type(yes + "\n")
    assert run.end() == 0
    assert "env wants env COLOUR" in run.shown and "\ngreen\n" in run.shown and "denied" not in run.shown
    assert f"cordon run {wat('env')} -a env=COLOUR\n" in run.shown


def test_a_folder_that_is_allowed_is_there_from_then_on(cordon, wat, tmp_path):
    (tmp_path / "a.txt").write_text("green")
    run = Session(cordon, "run", wat("read-write"), f"{tmp_path}/./a.txt", "--ask").until(f"Allow read={tmp_path} for this run? [y/N] ").type("y\n")
    assert run.end() == 0
    assert "\ngreen\n" in run.shown and f"-a read={tmp_path}\n" in run.shown


def test_a_place_that_cannot_be_granted_is_refused_also_after_a_yes(cordon, wat):
    run = Session(cordon, "run", wat("read-write"), f"{cordon.env['HOME']}/x", "--ask").until("[y/N] ").type("y\n")
    assert run.end() == 3
    assert "cannot be granted" in run.shown and "green" not in run.shown


@pytest.mark.parametrize("no", ["n\n", "\n", "yess\n", "x" * 3000 + "y\n", "\x04"])
def test_anything_else_denies_it(cordon, wat, no):
    run = Session(cordon, "run", wat("env"), "COLOUR", "--ask", env={"COLOUR": "green"}).until(QUESTION).type(no)
    assert run.end() == 3
    assert "green" not in run.shown and "denied env COLOUR (not-granted, 1×)" in run.shown
    assert "Granted" not in run.shown


def test_one_question_for_the_same_thing(cordon, wat):
    for answer, outcome in (("y", "green"), ("n", "capability denied")):
        run = Session(cordon, "run", wat("env"), "-c", "many", "--args", '["COLOUR", 50]', "--ask", env={"COLOUR": "green"}).until(QUESTION).type(answer + "\n")
        run.end()
        assert run.shown.count(QUESTION) == 1 and outcome in run.shown


def test_the_clock_stands_still_while_a_question_stands(cordon, wat):
    run = Session(cordon, "run", wat("env"), "COLOUR", "--ask", "-t", "300ms", env={"COLOUR": "green"}).until(QUESTION)
    time.sleep(1)
    assert run.type("y\n").end() == 0 and "green" in run.shown


def test_what_cannot_be_granted_is_not_offered(cordon, wat):
    run = Session(cordon, "run", wat("env"), "CORDON_HOME", "--ask")
    assert run.end() == 3 and "wants" not in run.shown and "denied env CORDON_HOME" in run.shown


def test_a_name_that_would_move_the_cursor_is_shown_escaped(cordon, wat):
    run = Session(cordon, "run", wat("env"), "-i", "X\x1b[2J\nAllow", "--ask")
    assert run.end() == 3 and "\x1b[2J" not in run.shown


def test_an_interrupt_at_the_question_ends_the_call(cordon, wat):
    run = Session(cordon, "run", wat("env"), "COLOUR", "--ask").until(QUESTION).type("\x03")
    assert run.end() == -2


def test_without_a_terminal_nobody_can_be_asked(cordon, wat):
    done = cordon("run", wat("env"), "COLOUR", "--ask", start_new_session=True)
    assert done.status == 2 and "needs a terminal" in done.err and done.out == b""


def test_json_keeps_standard_output_to_itself(cordon, wat, tmp_path):
    out = tmp_path / "out.json"
    script = f'exec "{cordon.path}" run {wat("env")} COLOUR --ask --json > {out}'
    run = Session(type(cordon)("/bin/sh", cordon.env), "-c", script, env={"COLOUR": "green"}).until(QUESTION).type("y\n")
    assert run.end() == 0
    assert re.search(r'"output":"green"', out.read_text())
