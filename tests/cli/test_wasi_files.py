# SPDX-License-Identifier: Apache-2.0
"""Granted folders as WASI shows them to a program with files of its own libc: what it can do there, and that it gets no further."""

import os
import shutil

import pytest
from conftest import FIXTURES

pytestmark = pytest.mark.skipif(not shutil.which("clang-14") and not shutil.which("clang"), reason="clang is not installed")


@pytest.fixture(scope="session")
def program(cordon, tmp_path_factory):
    source = tmp_path_factory.mktemp("wasi-files")
    shutil.copy(FIXTURES / "wasi-files.c", source / "skill.c")
    done = cordon("build", source, "-o", source / "files.wasm")
    assert done.status == 0, done.err
    return source / "files.wasm"


@pytest.fixture
def run(cordon, program):
    """run(grants, verb, operand…): the command's end. `lines` of it: what came of each verb."""
    def go(grants, *words, flags=()):
        given = [word for grant in grants for word in ("-a", grant)]
        return cordon("run", program, "--json", *given, *flags, "--", *map(str, words))
    return go


def lines(done):
    assert done.json["outcome"] == "ok", done.json
    return done.json["output"].split("\n")[:-1]


@pytest.fixture
def folder(tmp_path):
    data = tmp_path / "data"
    (data / "sub").mkdir(parents=True)
    (data / "a.txt").write_text("grün")
    (data / "sub/b.txt").write_text("two")
    (tmp_path / "secret").write_text("SECRET")
    return data


def test_a_granted_folder_is_read(run, folder):
    done = run([f"read={folder}::/data"], "cat", "/data/a.txt", "cat", "/data/sub/../sub/b.txt", "list", "/data", "list", "/data/sub", "stat", "/data/sub",
               "stat", "/data/a.txt", "cat", "/data/none")
    assert lines(done) == ["grün", "two", "a.txt sub", "b.txt", "folder 0", "file 5", "No such file or directory"]
    assert done.json["denials"] == []
    assert done.json["usage"]["host_calls"] > 0


def test_without_a_second_name_a_folder_has_its_own(run, folder):
    assert lines(run([f"read={folder}"], "cat", f"{folder}/a.txt")) == ["grün"]


def test_a_folder_can_be_the_whole_of_what_is_seen(run, folder):
    assert lines(run([f"read={folder}::/"], "list", "/", "cat", "/sub/b.txt", "cat", "sub/b.txt")) == ["a.txt sub", "two", "two"]


@pytest.mark.parametrize("path", ["/etc/passwd", "/data/../secret", "/data/sub/../../etc/passwd", "/database", "/proc/self/environ", "relative"])
def test_what_is_not_beneath_is_denied(run, folder, path):
    done = run([f"read={folder}::/data"], "cat", path)
    assert lines(done) == ["Permission denied"]
    wanted = os.path.normpath(os.path.join("/", path))
    assert done.json["denials"] == [{"capability": "read", "wanted": wanted, "reason": "not-granted", "count": 1}]


def test_two_folders_do_not_mix(run, folder):
    grants = [f"read={folder}::/data", f"rw={folder}/sub::/data/out"]
    done = run(grants, "cat", "/data/out/b.txt", "put", "/data/out/new", "x", "put", "/data/new", "x", "cat", "/data/out/../a.txt")
    assert lines(done) == ["two", "ok", "Permission denied", "grün"]
    assert done.json["denials"] == [{"capability": "write", "wanted": "/data/new", "reason": "not-granted", "count": 1}]
    assert (folder / "sub/new").read_text() == "x"


def test_the_folder_with_the_longest_name_decides(run, folder):
    (folder / "out").mkdir()
    (folder / "out/x").write_text("not this one")
    other = folder.parent / "other"
    other.mkdir()
    (other / "x").write_text("this one")
    assert lines(run([f"read={folder}::/data", f"read={other}::/data/out"], "cat", "/data/out/x", "cat", "/data/./sub/../out/x")) == ["this one"] * 2
    done = run([f"read={folder}::/data", f"write={other}::/data/out"], "cat", "/data/out/x")
    assert lines(done) == ["Permission denied"] and done.json["denials"][0]["wanted"] == "/data/out/x"


def test_names_that_lead_to_a_folder_are_no_denial(run, folder):
    done = run([f"read={folder}::/deep/down/data"], "stat", "/deep", "stat", "/deep/down", "list", "/deep", "stat", "/deep/down/data/a.txt")
    assert lines(done) == ["folder 0", "folder 0", "", "file 5"] and done.json["denials"] == []
    assert run([f"read={folder}::/deep/down/data"], "stat", "/deep/up").json["denials"][0]["wanted"] == "/deep/up"


def test_a_folder_granted_for_reading_is_not_written(run, folder):
    done = run([f"read={folder}::/data"], "put", "/data/a.txt", "x", "new", "/data/n", "x", "mkdir", "/data/m", "unlink", "/data/a.txt", "rmdir", "/data/sub",
               "rename", "/data/a.txt", "/data/b", "symlink", "x", "/data/l", "cut", "/data/a.txt", 0)
    assert set(lines(done)) <= {"Permission denied", "Operation not permitted"}
    assert {d["capability"] for d in done.json["denials"]} == {"write"}
    assert sorted(os.listdir(folder)) == ["a.txt", "sub"] and (folder / "a.txt").read_text() == "grün"


def test_a_folder_granted_for_writing_alone_is_not_shown(run, folder):
    done = run([f"write={folder}::/data"], "cat", "/data/a.txt", "list", "/data", "put", "/data/n", "x")
    assert lines(done)[0] == "Permission denied" and lines(done)[2] == "Permission denied"
    assert {(d["capability"], d["wanted"]) for d in done.json["denials"]} == {("read", "/data/a.txt"), ("read", "/data"), ("read", "/data/n")}
    assert not (folder / "n").exists()


def test_a_folder_granted_for_both_is_written(run, folder):
    done = run([f"rw={folder}::/data"], "put", "/data/n", "one", "append", "/data/n", "two", "cat", "/data/n", "new", "/data/n", "x", "mkdir", "/data/m",
               "rename", "/data/n", "/data/m/n", "cat", "/data/m/n", "cut", "/data/m/n", 2, "cat", "/data/m/n", "rmdir", "/data/m", "unlink", "/data/m/n",
               "rmdir", "/data/m", "list", "/data", "put", "/data/a.txt", "", "stat", "/data/a.txt")
    assert lines(done) == ["ok", "ok", "onetwo", "File exists", "ok", "ok", "onetwo", "ok", "on", "Directory not empty", "ok", "ok", "a.txt sub", "ok", "file 0"]
    assert done.json["denials"] == []


def test_links_are_not_made(run, folder):
    done = run([f"rw={folder}::/data"], "symlink", "../secret", "/data/l", "link", "/data/a.txt", "/data/h")
    assert lines(done) == ["Operation not permitted"] * 2
    assert {d["reason"] for d in done.json["denials"]} == {"not-offered"}
    assert sorted(os.listdir(folder)) == ["a.txt", "sub"]


def test_a_link_is_followed_as_far_as_the_folder_goes(run, folder):
    (folder / "in").symlink_to("sub/b.txt")
    (folder / "out").symlink_to("../secret")
    (folder / "absolute").symlink_to("/etc/passwd")
    (folder / "folder").symlink_to("..")
    (folder / "proc").symlink_to("/proc/self")
    done = run([f"rw={folder}::/data"], "cat", "/data/in", "cat", "/data/out", "cat", "/data/absolute", "cat", "/data/folder/secret", "cat", "/data/proc/environ",
               "stat", "/data/out", "lstat", "/data/out", "put", "/data/out", "x", "put", "/data/folder/new", "x", "list", "/data/folder", "unlink", "/data/out",
               "mkdir", "/data/folder/m")
    no = "Operation not permitted"
    assert lines(done) == ["two", no, no, no, no, no, "link 0", no, no, no, "ok", no]
    assert (folder.parent / "secret").read_text() == "SECRET" and sorted(os.listdir(folder.parent)) == ["data", "secret"]


def test_what_is_no_file_is_not_opened(run, folder):
    os.mkfifo(folder / "fifo")
    done = run([f"rw={folder}::/data"], "cat", "/data/fifo", "stat", "/data/fifo", flags=["-t", "20s"])
    assert lines(done) == ["Operation not permitted", "other 0"]


def test_reading_is_counted_and_ends(run, folder):
    with open(folder / "large", "wb") as f:
        f.truncate(100 << 30)
    done = run([f"read={folder}::/data"], "cat", "/data/large", flags=["-t", "60s", "-m", "256MiB"])
    assert done.status == 4 and done.json["outcome"] == "output-too-large"


def test_writing_is_counted_and_ends(run, folder):
    done = run([f"rw={folder}::/data"], "pour", "/data/n", 1000, flags=["-t", "60s"])
    assert done.status == 4 and done.json["outcome"] == "output-too-large" and "host" in done.json["error"]["message"]
    assert (folder / "n").stat().st_size <= 8 << 20


def test_a_file_does_not_grow_by_a_gap_beyond_what_may_be_carried(run, folder):
    done = run([f"rw={folder}::/data"], "at", "/data/a.txt", 1 << 40, "cut", "/data/a.txt", 1 << 40, "at", "/data/a.txt", 1 << 20, "cut", "/data/a.txt", 1 << 21)
    assert lines(done) == ["File too large", "File too large", "ok", "ok"]
    assert (folder / "a.txt").stat().st_size == 1 << 21


def test_a_call_holds_so_many_files_open_and_opens_so_many(run, folder):
    count, why = lines(run([f"read={folder}::/data"], "hold", "/data/a.txt"))[0].split(": ")
    assert int(count) == 64 and why == "Quota exceeded"
    count, why = lines(run([f"read={folder}::/data"], "again", "/data/a.txt", flags=["-t", "60s"]))[0].split(": ")
    assert int(count) == 1000 and why == "Quota exceeded"


def test_a_large_folder_is_listed_whole(run, folder):
    for i in range(600):
        (folder / f"sub/{'x' * 100}{i}").touch()
    (folder / "sub").joinpath(os.fsdecode(b"\xff")).touch() # no text: left out
    assert lines(run([f"read={folder}::/data"], "list", "/data/sub")) == ["601 entries"]


def test_a_person_is_told_what_was_refused(cordon, program, folder):
    done = cordon("run", program, "-a", f"read={folder}::/data", "--", "cat", "/etc/passwd")
    assert "denied read /etc/passwd" in done.err
