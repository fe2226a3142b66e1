# SPDX-License-Identifier: Apache-2.0
"""cordon sign: what is signed is what would be installed, and a change of any of it ends the signature."""

import hashlib
import os
import re
import shutil
import struct

import pytest
from conftest import FIXTURES

SKILL = '[skill]\nname = "weather"\nversion = "1.2.3"\ndescription = "Says how the weather is."\n'
WASM = b"\0asm\1\0\0\0"
PUBLIC = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
# Of WASM, by another implementation, with the key whose seed is 00 01 02 ... 1f.
LEGACY = ("publisher_id=03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8\n"
          "content_hash=93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476\n"
          "signature=7c15260dd888ae5fcd379017ad1bb44b73b28bafdd09c4b5f6cf568fc4f64822a8bda4d5a939ec1e3878b5099e3650d813258570c98caf6aa0d55f4abb443605\n")


@pytest.fixture
def skill(tmp_path):
    folder = tmp_path / "weather"
    (folder / "data").mkdir(parents=True)
    (folder / "skill.toml").write_text(SKILL)
    (folder / "skill.wasm").write_bytes(WASM)
    (folder / "data/cities.txt").write_text("Oslo\n")
    return folder


@pytest.fixture
def run(cordon, tmp_path):
    def call(*words, **options):
        return cordon(*words, env={"CORDON_HOME": str(tmp_path / "home")}, cwd=tmp_path, **options)
    return call


@pytest.fixture
def publisher(run):
    return run("key", "new").text.strip()


def digest_of(folder):
    """As the manual page says it."""
    h = hashlib.sha256()
    files = sorted((os.fsencode(path.relative_to(folder).as_posix()), path) for path in folder.rglob("*") if path.is_file())
    for name, path in files:
        if name != b"cordon.sig":
            data = path.read_bytes()
            h.update(struct.pack(">I", len(name)) + name + struct.pack(">IQ", 0o755 if path.stat().st_mode & 0o100 else 0o644, len(data)) + hashlib.sha256(data).digest())
    return "sha256:" + h.hexdigest()


def check(run, folder):
    return run("sign", folder, "--check", "-j")


def test_signing_covers_name_version_and_every_file(run, skill, publisher):
    done = run("sign", skill, "-j")
    assert done.status == 0
    assert done.json == {"cordon": 1, "name": "weather", "version": "1.2.3", "digest": digest_of(skill), "publisher": publisher, "file": "cordon.sig",
                         "files": ["data/cities.txt", "skill.toml", "skill.wasm"], "left_out": 0}
    text = (skill / "cordon.sig").read_text()
    assert re.fullmatch(f"publisher_id={publisher}\nbundle_digest={digest_of(skill)[7:]}\nsignature=[0-9a-f]{{128}}\n", text)
    found = check(run, skill)
    assert found.status == 0 and found.json["covers"] == "bundle"
    assert found.json["signature"] == {"publisher": publisher, "holds": True, "why": None} and found.json["code_signature"] is None


def test_signing_again_gives_the_same_signature(run, skill, publisher):
    run("sign", skill)
    text = (skill / "cordon.sig").read_text()
    assert run("sign", skill).status == 0 and (skill / "cordon.sig").read_text() == text


CHANGES = {
    "code": lambda s: (s / "skill.wasm").write_bytes(WASM + b"\0"),
    "manifest": lambda s: (s / "skill.toml").write_text(SKILL + "[capabilities]\nenv = [\"HOME\"]\n"),
    "another-file": lambda s: (s / "data/cities.txt").write_text("Rome\n"),
    "mode": lambda s: (s / "data/cities.txt").chmod(0o755),
    "added": lambda s: (s / "data/more.txt").write_text(""),
    "removed": lambda s: (s / "data/cities.txt").unlink(),
    "renamed": lambda s: (s / "data/cities.txt").rename(s / "data/towns.txt"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_ends_the_signature(run, skill, publisher, change):
    run("sign", skill)
    CHANGES[change](skill)
    done = check(run, skill)
    assert done.status == 3 and done.json["covers"] == "nothing" and done.json["signature"]["holds"] is False
    assert "other files" in done.json["signature"]["why"]


def test_what_is_left_out_is_not_signed_and_said(run, skill, publisher):
    (skill / ".git").mkdir()
    (skill / ".git/config").write_text("x")
    (skill / "target").mkdir()
    (skill / "target/x.o").write_text("x")
    done = run("sign", skill)
    assert done.status == 0 and "2 left out" in done.err and "3 files" in done.text
    shutil.rmtree(skill / ".git")
    assert check(run, skill).status == 0


def test_a_signature_cannot_be_moved_to_another_skill(run, skill, publisher, tmp_path):
    run("sign", skill)
    other = shutil.copytree(skill, tmp_path / "other")
    (other / "skill.toml").write_text(SKILL.replace("weather", "banking"))
    done = check(run, other)
    assert done.status == 3 and done.json["covers"] == "nothing"


@pytest.mark.parametrize("text, why", [("", "cordon.sig:1"), ("signature=00\n", "cordon.sig:1"), ("x" * 100_000, "more than")], ids=["empty", "other", "large"])
def test_a_signature_file_that_is_none(run, skill, publisher, text, why):
    (skill / "cordon.sig").write_text(text)
    done = check(run, skill)
    assert done.status == 3 and done.json["signature"]["publisher"] is None and why in done.json["signature"]["why"]
    assert run("sign", skill).status == 0 and check(run, skill).status == 0


def test_a_detached_signature_covers_the_code_alone(run, skill):
    (skill / "skill.wasm.sig").write_text(LEGACY)
    done = check(run, skill)
    assert done.status == 0 and done.json["covers"] == "code" and done.json["signature"] is None
    assert done.json["code_signature"] == {"publisher": PUBLIC, "holds": True, "why": None}
    assert "the code alone" in run("sign", skill, "--check").text
    (skill / "skill.toml").write_text(SKILL + "[capabilities]\nenv = [\"HOME\"]\n")
    assert check(run, skill).json["covers"] == "code"   # which is why it makes nothing verified
    (skill / "skill.wasm").write_bytes(WASM + b"\0")
    done = check(run, skill)
    assert done.status == 3 and done.json["covers"] == "nothing" and "other code" in done.json["code_signature"]["why"]


def test_no_signature_is_no_refusal(run, skill):
    done = check(run, skill)
    assert done.status == 0 and done.json["covers"] == "nothing" and done.json["signature"] is None


def test_a_folder_and_its_archives_have_one_signature(run, skill, publisher, tmp_path):
    shutil.copy(FIXTURES / "echo.wat", skill / "skill.wat")
    (skill / "skill.wasm").unlink()
    (skill / "skill.toml").write_text(SKILL + '[wasm]\nentry = "skill.wat"\n')
    digest = run("sign", skill, "-j").json["digest"]
    (skill / ".DS_Store").write_text("left out")
    archives = [shutil.make_archive(tmp_path / "weather", form, tmp_path, "weather") for form in ("gztar", "tar", "zip")]
    for source in [skill, *archives]:
        done = run("install", source, "--no-grants", "-j")
        assert done.status == 0 and done.json["digest"] == digest, source


def test_another_key(run, skill, publisher):
    other = run("key", "new", "./other.key").text.strip()
    assert run("sign", skill, "--key", "./other.key", "-j").json["publisher"] == other != publisher
    assert run("sign", skill, "--key=default", "-j").json["publisher"] == publisher
    done = run("sign", skill, "--key", "./other.pub")
    assert done.status == 6 and "cannot sign" in done.err


def test_without_a_key_nothing_is_signed(run, skill):
    done = run("sign", skill)
    assert done.status == 6 and "cordon key new" in done.err and not (skill / "cordon.sig").exists()


def test_a_folder_without_a_manifest_cannot_be_signed(run, skill, publisher):
    (skill / "skill.toml").unlink()
    done = run("sign", skill)
    assert done.status == 6 and "has no manifest" in done.err and "skill.toml" in done.err


def test_a_manifest_that_is_none_is_told_with_its_place(run, skill, publisher):
    (skill / "skill.toml").write_text("[skill]\nname = \n")
    done = run("sign", skill)
    assert done.status == 6 and "skill.toml:2" in done.err and not (skill / "cordon.sig").exists()


def test_what_no_skill_may_hold_is_refused(run, skill, publisher):
    (skill / "data/link").symlink_to("/etc/passwd")
    done = run("sign", skill)
    assert done.status == 6 and "symbolic link" in done.err and "data/link" in done.err
    (skill / "data/link").unlink()
    (skill / "data/Cities.txt").write_text("")
    assert "case or spelling" in run("sign", skill).err


def test_a_signature_that_is_a_link_is_not_written_through(run, skill, publisher, tmp_path):
    (tmp_path / "victim").write_text("1")
    (skill / "cordon.sig").symlink_to(tmp_path / "victim")
    assert run("sign", skill).status == 6 and (tmp_path / "victim").read_text() == "1"


def test_no_folder(run, publisher):
    done = run("sign", "./none")
    assert done.status == 6 and "there is no folder" in done.err


def test_this_folder_is_the_default(cordon, run, skill, publisher, tmp_path):
    done = cordon("sign", env={"CORDON_HOME": str(tmp_path / "home")}, cwd=skill)
    assert done.status == 0 and (skill / "cordon.sig").exists()


@pytest.mark.parametrize("name", ["SKILL.md", "Component.toml"])
def test_every_format_can_be_signed(run, skill, publisher, name):
    (skill / "skill.toml").unlink()
    (skill / name).write_text({
        "SKILL.md": "---\nname: weather\ndescription: Says how the weather is.\n---\nBody\n",
        "Component.toml": '[component]\nname = "weather"\nversion = "1.0.0"\n[resources.memory]\nmax_bytes = 1048576\n'
                          "[resources.cpu]\nmax_fuel = 1000000\ntimeout_seconds = 10\n"}[name])
    done = run("sign", skill, "-j")
    assert done.status == 0 and done.json["name"] == "weather" and check(run, skill).status == 0
