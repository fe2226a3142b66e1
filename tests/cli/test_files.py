# SPDX-License-Identifier: Apache-2.0
"""Files of granted folders: what a skill reads and writes there, and that it gets no further."""

import json
import os

import pytest
from conftest import on_terminal

LEADS_OUT = "it leads out of the granted folder"


@pytest.fixture
def folder(tmp_path):
    data = tmp_path / "data"
    (data / "sub").mkdir(parents=True)
    (data / "a.txt").write_text("grün")
    (data / "sub/b.txt").write_text("two")
    (tmp_path / "database").mkdir()
    (tmp_path / "database/secret").write_text("SECRET")
    (tmp_path / "secret").write_text("SECRET")
    return data


@pytest.fixture
def read(cordon, wat):
    """read(path, grants…): what a skill with these grants says when it is asked for that file."""
    def run(path, *grants, **options):
        words = [word for grant in grants for word in ("-a", grant)]
        return cordon("run", wat("read-write"), "--args", json.dumps([path]), "--json", *words, **options)
    return run


@pytest.fixture
def write(cordon, wat):
    def run(path, content, *grants):
        words = [word for grant in grants for word in ("-a", grant)]
        return cordon("run", wat("read-write"), "-c", "write", "--args", json.dumps([path, content]), "--json", *words)
    return run


def why(done):
    assert done.json["outcome"] == "err", done.json
    return done.json["error"]["value"]


def denial(capability, wanted):
    return [{"capability": capability, "wanted": wanted, "reason": "not-granted", "count": 1}]


def test_a_file_of_a_granted_folder_is_read(read, folder):
    done = read(f"{folder}/a.txt", f"read={folder}")
    assert (done.status, done.json["output"]) == (0, "grün")
    assert read("/data/sub/b.txt", f"read={folder}::/data").json["output"] == "two"
    assert read("/data/sub/../a.txt", f"read={folder}::/data").json["output"] == "grün"


def test_a_relative_path_starts_at_the_only_root(read, folder):
    assert read("sub/b.txt", f"read={folder}::/data").json["output"] == "two"
    done = read("b.txt", f"read={folder}::/data", f"read={folder}/sub::/more")
    assert why(done) == "failed to read file 'b.txt': a relative path, and several folders it could start from: write it from / on"
    done = read("../etc/passwd", f"read={folder}::/data")
    assert done.status == 3 and done.json["denials"] == denial("read", "/etc/passwd")


@pytest.mark.parametrize("path", ["/etc/passwd", "/data/../etc/passwd", "/data/sub/../../etc/passwd", "/database/secret", "/dat", "/"])
def test_what_is_not_beneath_is_denied(read, folder, path):
    done = read(path, f"read={folder}::/data")
    assert done.status == 3
    assert why(done) == "capability denied: ReadFile not granted for skill 'read-write'"
    assert done.json["denials"] == denial("read", os.path.normpath(path))


def test_a_prefix_of_a_name_is_another_folder(read, folder):
    done = read(f"{folder}base/secret", f"read={folder}")
    assert done.status == 3 and done.json["denials"][0]["wanted"] == f"{folder}base/secret"


@pytest.mark.parametrize("target", ["../secret", "/etc/passwd", "/proc/self/environ", "sub/../../secret"])
def test_a_link_that_leads_out_is_not_followed(read, write, folder, target):
    (folder / "link").symlink_to(target)
    assert why(read("/data/link", f"read={folder}::/data")) == f"failed to read file '/data/link': {LEADS_OUT}"
    assert "a link" in why(write("/data/link", "x", f"rw={folder}::/data"))
    assert (folder.parent / "secret").read_text() == "SECRET"


def test_a_fifo_and_a_folder_are_no_files(read, write, folder):
    os.mkfifo(folder / "fifo")
    assert why(read("/data/fifo", f"read={folder}::/data")) == "failed to read file '/data/fifo': it is not a regular file"
    assert why(write("/data/fifo", "x", f"write={folder}::/data")) == "failed to write file '/data/fifo': it is not a regular file"
    assert why(read("/data/sub", f"read={folder}::/data")) == "failed to read file '/data/sub': Is a directory"
    assert why(read("/data/none", f"read={folder}::/data")) == "failed to read file '/data/none': No such file or directory"


def test_a_file_that_is_no_text_is_an_err(read, folder):
    (folder / "bytes").write_bytes(b"\xff\xfe")
    assert why(read("/data/bytes", f"read={folder}::/data")) == "failed to read file '/data/bytes': it is not UTF-8 text"


def test_a_file_larger_than_what_a_call_may_carry_is_an_err(read, folder):
    with open(folder / "large", "wb") as f:
        f.truncate(100 << 30)
    done = read("/data/large", f"read={folder}::/data")
    assert "it is larger than the 8388" in why(done)


def test_a_path_with_a_nul_inside_is_not_the_path_before_it(read, folder):
    assert "NUL" in why(read("/data/a.txt\0x", f"read={folder}::/data"))


def test_a_call_opens_at_most_so_many_files(cordon, wat, folder):
    done = cordon("run", wat("read-write"), "-c", "many", "--args", '["/data/sub/b.txt", 4000000000]', "--json", "-a", f"read={folder}::/data", "-t", "60s")
    assert why(done) == "failed to read file '/data/sub/b.txt': this call has opened 1000 files already"


def test_a_file_is_written_whole(write, folder):
    (folder / "a.txt").chmod(0o640)
    done = write("/data/a.txt", "neu", f"write={folder}::/data")
    assert (done.status, done.json["outcome"]) == (0, "ok")
    assert (folder / "a.txt").read_text() == "neu"
    assert (folder / "a.txt").stat().st_mode & 0o7777 == 0o640
    assert write("new.txt", "x", f"rw={folder}::/data").status == 0
    assert sorted(os.listdir(folder)) == ["a.txt", "new.txt", "sub"]


def test_reading_and_writing_are_two_grants(read, write, folder):
    done = write("/data/a.txt", "x", f"read={folder}::/data")
    assert why(done) == "capability denied: WriteFile not granted for skill 'read-write'"
    assert done.json["denials"] == denial("write", "/data/a.txt")
    assert read("/data/a.txt", f"write={folder}::/data").json["denials"] == denial("read", "/data/a.txt")
    assert read("/data/a.txt", f"write={folder}::/data", f"read={folder}::/data").json["output"] == "grün"
    assert (folder / "a.txt").read_text() == "grün"


def test_the_folder_with_the_longest_guest_path_decides(read, folder):
    out = folder.parent / "out"
    out.mkdir()
    (folder / "out").mkdir()
    (folder / "out/x").write_text("not this one")
    done = read("/data/out/x", f"read={folder}::/data", f"write={out}::/data/out")
    assert done.status == 3 and done.json["denials"] == denial("read", "/data/out/x")


def test_two_folders_cannot_be_one(read, folder):
    done = read("/data/a.txt", f"read={folder}::/data", f"read={folder}/sub::/data")
    assert done.status == 2 and "two folders cannot both be /data" in done.json["error"]["message"]


@pytest.mark.parametrize("target", ["/", "/proc/self", "/dev/shm", "/sys"])
def test_places_of_the_system_cannot_be_granted(read, tmp_path, target):
    (tmp_path / "link").symlink_to(target)
    done = read("x", f"read={tmp_path}/link::/data")
    assert done.status == 2 and "cannot be granted" in done.json["error"]["message"]


def test_cordons_own_folders_cannot_be_granted(cordon, read, tmp_path):
    home = cordon.env["HOME"]
    os.makedirs(f"{home}/.config/cordon", exist_ok=True)
    own = tmp_path / "own"
    own.mkdir()
    for grant, what in [(f"read={home}::/data", "home folder"), (f"read={home}/cache::/data", "compiled code"), (f"read={home}/cache/cordon", "compiled code"),
                        (f"write={home}/.config/cordon", "settings"), (f"rw={home}/.config", "settings"), (f"read={own}", "own data")]:
        done = read("x", grant, env={"CORDON_HOME": str(own)} if str(own) in grant else None)
        assert done.status == 2, grant
        assert "cannot be granted" in done.json["error"]["message"] and what in done.json["error"]["message"]


def test_the_settings_a_call_was_given_cannot_be_written_by_it(cordon, wat, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text("[cache]\nmax = \"1GiB\"\n")
    config.chmod(0o600)
    words = ["run", wat("read-write"), "-c", "write", "--args", '["/data/config.toml", ""]', "--config", str(config)]
    done = cordon(*words, "-a", f"rw={tmp_path}::/data")
    assert done.status == 2 and "contains Cordon's settings" in done.err


def test_a_folder_that_is_not_there_is_said_so(read, folder):
    done = read("x", f"read={folder}/none")
    assert done.status == 2 and "No such file or directory" in done.json["error"]["message"]
    done = read("x", f"read={folder}/a.txt")
    assert done.status == 2 and "Not a directory" in done.json["error"]["message"] and "folder that the file lies in" in done.json["error"]["hint"]


def test_a_person_is_shown_the_folder_to_grant(cordon, wat, folder):
    _, shown = on_terminal(cordon, "run", wat("read-write"), f"{folder}/a.txt")
    assert f"Once: cordon run {wat('read-write')} -a read={folder}" in shown
