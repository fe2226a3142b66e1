# SPDX-License-Identifier: Apache-2.0
"""run --watch: what starts another run, what does not, and how it ends. What it says on stderr is waited for, so that nothing depends on how fast it is."""

import json
import os
import shutil
import signal
import subprocess
import time

import pytest
from conftest import FIXTURES, SECONDS
from watching import watch  # noqa: F401, a fixture

needs_clang = pytest.mark.skipif(not shutil.which("clang-14") and not shutil.which("clang"), reason="clang is not installed")
WAITING = "waiting for a change"
SKILL = """
#include "skill_plugin.h"
#include "cordon-skill.h"
#include "words.h"
CORDON_SKILL("skill", "x")
bool exports_skill_plugin_execute(skill_plugin_string_t *input, skill_plugin_string_t *ret, skill_plugin_string_t *err)
{
    (void)input, (void)err;
    return cordon_give(ret, WORDS);
}
"""


@pytest.fixture
def file(tmp_path):
    """A component that answers with its input."""
    path = tmp_path / "place/echo.wat"
    path.parent.mkdir()
    shutil.copy(FIXTURES / "echo.wat", path)
    return path


@pytest.fixture
def project(tmp_path):
    """A skill in C whose answer is in words.h."""
    folder = tmp_path / "skill"
    folder.mkdir()
    (folder / "skill.c").write_text(SKILL)
    answer(folder, "one")
    return folder


def answer(folder, text):
    (folder / "words.h").write_text(f'#define WORDS "{text}\\n"\n')


def replace(path, text):
    """As editors save: another file takes the name."""
    beside = path.with_name(path.name + "_tmp")
    beside.write_text(text)
    beside.rename(path)


# ---- a folder with sources


@needs_clang
def test_a_change_of_the_source_builds_and_runs_again(watch, project):
    w = watch("run", project, "-w")
    said = w.until(WAITING)
    assert "building" in said and "built in" in said and "ended with 0" in said
    answer(project, "two")
    said = w.until(WAITING)
    assert "words.h changed\n" in said and said.count("building") == 1
    replace(project / "words.h", '#define WORDS "three\\n"\n')
    assert "words.h changed\n" in w.until(WAITING)
    assert w.end() == (-signal.SIGINT, "one\ntwo\nthree\n")


@needs_clang
def test_what_the_build_makes_starts_nothing(watch, project):
    """Were it to, more than one build would stand between two changes."""
    w = watch("run", project, "--watch")
    w.until(WAITING)
    assert (project / "skill.wasm").exists()
    for n in range(3):
        answer(project, str(n))
        said = w.until(WAITING)
        assert said.count("changed") == 1 and "words.h changed" in said and said.count("building") == 1, said
    assert w.end()[1] == "one\n0\n1\n2\n" and w.seen[-1].count("changed") == 0


@needs_clang
def test_a_build_that_fails_is_shown_and_the_next_change_awaited(watch, project):
    w = watch("run", project, "--watch")
    w.until(WAITING)
    (project / "words.h").write_text("#define WORDS wrong\n")
    said = w.until(WAITING)
    assert "undeclared identifier 'wrong'" in said and "cannot compile" in said and "not built; waiting" in said and "run: ended" not in said
    answer(project, "mended")
    w.until("ended with 0")
    assert w.end() == (-signal.SIGINT, "one\nmended\n")


@needs_clang
def test_a_folder_that_cannot_be_built_yet_is_watched(watch, project):
    (project / "words.h").unlink()
    w = watch("run", project, "--watch")
    assert "words.h" in w.until("not built")
    answer(project, "there")
    w.until("ended with 0")
    assert w.end()[1] == "there\n"


@needs_clang
def test_packages_that_were_fetched_are_built_with(watch, project):
    w = watch("run", project, "--watch")
    w.until(WAITING)
    beside = project.parent / "fetched"
    beside.mkdir()
    (beside / "CACHEDIR.TAG").write_text("x")
    for name in ("node_modules", "vendor"):
        shutil.copytree(beside, project.parent / name)
        (project.parent / name).rename(project / name)
        assert f"{name} changed\n" in w.until(WAITING)
    (project / "vendor/file").write_text("x")
    answer(project, "two")
    assert "words.h changed\n" in w.until(WAITING)


@needs_clang
def test_a_change_while_it_builds_is_not_lost(watch, project):
    w = watch("run", project, "--watch")
    w.until("building")
    answer(project, "late")
    runs = 0
    while not w.out or w.out[-1] != "late\n":
        runs += w.until(WAITING).count("ended with 0")
        w.answered(runs)
    w.end()


# ---- a folder without


def manifest(folder, **keys):
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
    (folder / "skill.toml").write_text(f'[skill]\nname = "skill"\nversion = "1.0.0"\ndescription = "x"\n{lines}[wasm]\nentry = "skill.wasm"\n')


@pytest.fixture
def built(tmp_path):
    """A folder with a component and a manifest, and nothing to build."""
    folder = tmp_path / "skill"
    folder.mkdir()
    shutil.copy(FIXTURES / "echo.wat", folder / "skill.wasm")
    manifest(folder)
    return folder


def test_a_built_folder_runs_again_when_anything_in_it_changes(watch, built):
    w = watch("run", built, "hello\n", "--watch")
    w.until(WAITING)
    shutil.copy(FIXTURES / "err.wat", built / "skill.wasm")
    assert "skill.wasm changed" in w.until(WAITING)
    manifest(built)
    assert "skill.toml changed" in w.until(WAITING)
    (built / "data/deep/deeper").mkdir(parents=True)
    (built / "data/deep/deeper/new.txt").write_text("x")
    said = w.until(WAITING)
    (built / "data/deep/deeper/new.txt").write_text("y")
    said += w.until(WAITING)
    assert "data/deep/deeper/new.txt changed" in said, said
    (built / "data").rename(built / "data2")
    w.until(WAITING)
    (built / "data2/deep/deeper/new.txt").write_text("z")
    assert "data2/deep/deeper/new.txt changed" in w.until(WAITING)
    shutil.rmtree(built / "data2")
    w.until(WAITING)
    assert w.end()[0] == -signal.SIGINT


def test_what_tools_and_editors_leave_behind_starts_nothing(watch, built):
    made = [built / name for name in (".git", "node_modules", "target", "kept", "__pycache__")]
    for folder in made[:4]:
        folder.mkdir()
    (built / "kept/CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55")
    w = watch("run", built, "hello\n", "--watch")
    w.until(WAITING)
    made[4].mkdir()
    for folder in made:
        (folder / "file").write_text("x")
        (folder / "more").mkdir()
        (folder / "more/file").write_text("x")
    for name in (".hidden", ".skill.toml.swp", "skill.toml~", "#skill.toml#", "4913"):
        (built / name).write_text("x")
    (built / "z").write_text("x")
    said = w.until(WAITING)
    assert [line for line in said.splitlines() if "changed" in line] == ["cordon run: z changed"]
    assert w.end()[1] == "hello\nhello\n"


def test_a_folder_that_is_tagged_later_starts_nothing_from_then_on(watch, built):
    w = watch("run", built, "hello\n", "--watch")
    w.until(WAITING)
    beside = built.parent / "packages"
    beside.mkdir()
    (beside / "CACHEDIR.TAG").write_text("x")
    beside.rename(built / "packages")
    (built / "packages/file").write_text("x")
    (built / "z").write_text("x")
    assert [line for line in w.until(WAITING).splitlines() if "changed" in line] == ["cordon run: z changed"]


def test_a_folder_that_goes_away_ends_it_with_an_error(watch, built):
    w = watch("run", built, "hello\n", "--watch")
    w.until(WAITING)
    shutil.rmtree(built)
    w.until("is no longer there")
    assert w.end(None)[0] == 6


def test_what_the_skill_writes_starts_nothing(watch, tmp_path):
    folder = tmp_path / "writer"
    (folder / "out").mkdir(parents=True)
    shutil.copy(FIXTURES / "read-write.wat", folder / "writer.wasm")
    w = watch("run", folder, "x", "--watch", "-a", f"write={folder}/out::/out")
    w.until(WAITING)
    (folder / "out/file").write_text("x")
    (folder / "z").write_text("x")
    assert [line for line in w.until(WAITING).splitlines() if "changed" in line] == ["cordon run: z changed"]
    w.end()


def test_a_skill_that_may_write_around_what_is_watched_is_refused(cordon, built):
    for grant in (f"write={built}::/out", f"rw={built.parent}"):
        done = cordon("run", built, "x", "--watch", "-a", grant)
        assert done.status == 2 and "every run would be the change that starts the next" in done.err, done.err


# ---- a file


def test_a_file_runs_again_when_it_is_written_or_replaced(watch, file):
    other = (FIXTURES / "err.wat").read_text()
    w = watch("run", file, "hello\n", "--watch")
    assert "building" not in w.until("ended with 0")
    file.write_text(other)
    assert "echo.wat changed\n" in w.until("ended with 1")
    replace(file, (FIXTURES / "echo.wat").read_text())
    assert "echo.wat changed\n" in w.until("ended with 0")
    (file.parent / "other.wat").write_text("x")
    file.unlink()
    (file.parent / "link").symlink_to(FIXTURES / "echo.wat")
    (file.parent / "link").rename(file)
    assert "echo.wat changed\n" in w.until("ended with 0")
    assert w.end() == (-signal.SIGINT, "hello\n" * 3)


def test_a_link_is_followed_and_watched_itself(watch, file, tmp_path):
    link = tmp_path / "link.wat"
    link.symlink_to(file)
    w = watch("run", link, "hello\n", "--watch")
    w.until("ended with 0")
    file.write_text((FIXTURES / "err.wat").read_text())
    w.until("ended with 1")
    (tmp_path / "new").symlink_to(FIXTURES / "echo.wat")
    (tmp_path / "new").rename(link)
    assert "link.wat changed\n" in w.until("ended with 0")
    w.end()


def test_files_of_the_command_line_are_watched_too(watch, file, tmp_path):
    notes = tmp_path / "notes.txt"
    notes.write_text("one\n")
    w = watch("run", file, f"@{notes}", "--watch")
    w.until(WAITING)
    notes.write_text("two\n")
    assert "notes.txt changed\n" in w.until(WAITING)
    assert w.end()[1] == "one\ntwo\n"


def test_a_file_that_is_not_there_yet(watch, tmp_path):
    w = watch("run", tmp_path / "echo.wat", "hello\n", "--watch")
    assert "cannot find" in w.until(WAITING)
    shutil.copy(FIXTURES / "echo.wat", tmp_path / "echo.wat")
    w.until("ended with 0")
    assert w.end()[1] == "hello\n"


def test_a_change_ends_a_run_that_goes_on_and_starts_anew(watch, file, tmp_path):
    shutil.copy(FIXTURES / "spin.wat", file)
    w = watch("run", file, "hello\n", "--watch", "-t", "60s", "--fuel", "100G", "-v")
    time.sleep(0.2)  # it may have started to spin, or not: both are to work
    shutil.copy(FIXTURES / "echo.wat", file)
    w.until("ended with 0")
    assert w.end() == (-signal.SIGINT, "hello\n")


# ---- how it ends


def children(pid):
    return subprocess.run(["ps", "--no-headers", "-o", "pid", "--ppid", str(pid)], capture_output=True, text=True, check=False).stdout.split()


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_guest_and_then_the_command(watch, file, sig):
    shutil.copy(FIXTURES / "spin.wat", file)
    w = watch("run", file, "hello", "--watch", "-t", "60s", "--fuel", "100G")
    end = time.monotonic() + SECONDS
    while not children(w.child.pid) and time.monotonic() < end:
        time.sleep(0.01)
    [guest] = children(w.child.pid)
    assert w.end(sig)[0] == -sig
    assert not os.path.exists(f"/proc/{guest}")


def test_when_the_command_is_killed_its_guest_goes_too(watch, file):
    shutil.copy(FIXTURES / "spin.wat", file)
    w = watch("run", file, "hello", "--watch", "-t", "60s", "--fuel", "100G")
    end = time.monotonic() + SECONDS
    while not children(w.child.pid) and time.monotonic() < end:
        time.sleep(0.01)
    [guest] = children(w.child.pid)
    w.child.kill()
    w.end(None)
    while os.path.exists(f"/proc/{guest}") and time.monotonic() < end:
        time.sleep(0.01)
    assert not os.path.exists(f"/proc/{guest}")


# ---- words


def test_json_is_an_object_for_each_run_and_quiet_says_nothing(watch, file):
    w = watch("run", file, "hello", "--watch", "--json", "--quiet")
    end = time.monotonic() + SECONDS
    while not w.out and time.monotonic() < end:
        time.sleep(0.01)
    file.write_text((FIXTURES / "echo.wat").read_text())
    while len(w.out) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    w.end()
    assert [json.loads(line)["output"] for line in w.out] == ["hello", "hello"] and w.seen == []


def test_names_of_files_are_escaped(watch, built):
    w = watch("run", built, "hello\n", "--watch")
    w.until(WAITING)
    (built / "a\x1b[2J\nb").write_text("x")
    assert "\x1b" not in w.until(WAITING)
    w.end()


@pytest.mark.parametrize("words, why", [(["weather"], "what is installed changes by `cordon update`"), (["-"], "standard input can be read once"), (["./x.wat", "-"], "standard input can be read once"),
                                        (["./x.wat", "--args", "-"], "standard input can be read once"), (["./nowhere/x.wat"], "there is no folder")])
def test_what_cannot_be_watched_is_refused(cordon, words, why, tmp_path):
    done = cordon("run", *words, "--watch", cwd=tmp_path)
    assert done.status in (2, 6) and why in done.err, done.err
