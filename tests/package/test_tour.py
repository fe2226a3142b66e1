# SPDX-License-Identifier: Apache-2.0
"""The five minutes of README.md, run as they stand there: each command, in order, and what it says.

In a block of kind `console` a line that begins with `$ ` is a command, what follows is its output, both streams as they come. `…` stands for any text, also for
none; a line of it alone for any lines.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
CORDON = Path(os.environ["CORDON"]).resolve()
SECONDS = 300
END = "\n---end-of-command---\n"


def steps():
    """[(command, expected output)] of the tour."""
    tour = README.split("\n## Five minutes\n")[1].split("\n## ")[0]
    found = []
    for block in re.findall(r"^```console\n(.*?)^```$", tour, re.DOTALL | re.MULTILINE):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def pattern(expected):
    lines = ("(?:.*\n)*?" if line == "…" else ".*?".join(re.escape(part) for part in line.split("…")) + "\n"
             for line in expected.splitlines())
    return "".join(lines)


def run(commands, folder):
    """The output of each, from one shell in which they follow each other."""
    script = "exec 2>&1\n" + "".join(f"{command}\nstatus=$?; printf '%s' '{END}'; (exit $status)\n" for command in commands)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CORDON", "XDG_"))}
    env.update(PATH=f"{CORDON.parent}:{env['PATH']}", HOME=str(folder), LC_ALL="C.UTF-8")
    done = subprocess.run(["sh", "-c", script], cwd=folder / "tour", env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=SECONDS)
    return done.stdout.decode().split(END)[:-1]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tour")
    shutil.copytree(ROOT / "examples", folder / "tour")
    return run([command for command, _ in steps()], folder)


def test_the_tour_shows_what_there_is_to_show():
    commands = {command.split()[1] for command, _ in steps() if command.startswith("cordon ")}
    assert {"build", "run", "inspect", "explain", "tools", "bench"} <= commands
    assert README.count("```console") == len(re.findall(r"^```console\n\$ ", README, re.MULTILINE))


@pytest.mark.parametrize("n", range(len(steps())), ids=[re.sub(r"\W+", "-", command) for command, _ in steps()])
def test_the_tour_is_true(outputs, n):
    command, expected = steps()[n]
    assert len(outputs) == len(steps())
    said = outputs[n].rstrip("\n") + "\n" if outputs[n].strip() else ""
    assert re.fullmatch(pattern(expected), said), f"$ {command}\n{said}"


@pytest.mark.parametrize("expected, said, fits", [
    ("a\n", "a\n", True), ("a\n", "b\n", False), ("a …\n", "a b c\n", True), ("a …\n", "a b\nc\n", False), ("a\n…\nz\n", "a\nm\nn\nz\n", True),
    ("…\nz\n", "z\n", True), ("a\n…\n", "a\n", True), ("a\n", "a\nb\n", False), ("(…)\n", "(.)\n", True),
])
def test_the_wildcard(expected, said, fits):
    assert bool(re.fullmatch(pattern(expected), said)) == fits
