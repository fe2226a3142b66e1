# SPDX-License-Identifier: Apache-2.0
"""TARGET: what it may be, and what every bad kind of it gets."""

import os
import random
import shutil
import socket

import pytest


def copy(wat, name, to):
    shutil.copy(wat(name), to)
    return to


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("word", ["echo.wat", "./echo.wat", "sub/../echo.wat", "echo.wasm"])
def test_a_file(cordon, wat, here, word):
    copy(wat, "echo", here / "echo.wat")
    copy(wat, "echo", here / "echo.wasm")  # text is known by its content, not by its name
    (here / "sub").mkdir()
    assert cordon("run", word, "hi").out == b"hi"


def test_any_name_with_a_slash_is_a_file(cordon, wat, here):
    copy(wat, "echo", here / "no-ending")
    assert cordon("run", "./no-ending", "hi").out == b"hi"
    done = cordon("run", "no-ending", "hi")
    assert done.status == 6 and "did you mean ./no-ending?" in done.err


@pytest.mark.parametrize("inside", ["hello.wasm", "skill.wasm"])
@pytest.mark.parametrize("word", ["./hello", "./hello/", "hello/", "."])
def test_a_folder_stands_for_its_component(cordon, wat, here, monkeypatch, inside, word):
    (here / "hello").mkdir()
    copy(wat, "echo", here / "hello" / inside)
    if word == ".":
        monkeypatch.chdir(here / "hello")
    assert cordon("run", word, "hi").out == b"hi"


def test_a_folders_own_name_goes_before_skill(cordon, wat, here):
    (here / "hello").mkdir()
    copy(wat, "echo", here / "hello/hello.wasm")
    copy(wat, "err", here / "hello/skill.wasm")
    assert cordon("run", "./hello", "hi").status == 0


def test_standard_input(cordon, wat):
    with open(wat("echo"), "rb") as artifact:
        assert cordon("run", "-", "hi", stdin=artifact).out == b"hi"


def test_a_name_is_an_installed_skill(cordon, here):
    done = cordon("run", "hello")
    assert done.status == 6 and "no skill named hello is installed" in done.err and "did you mean" not in done.err
    (here / "hello").mkdir()
    assert "no skill named hello is installed; did you mean ./hello?" in cordon("run", "hello").err


@pytest.mark.parametrize("typed, found", [("helo", "./hello.wasm"), ("hello", "./hello.wasm"), ("hello@1.2", "./hello.wasm"), ("ehllo", "./hello.wasm")])
def test_near_files(cordon, here, typed, found):
    (here / "hello.wasm").write_bytes(b"\0asm")
    done = cordon("run", typed)
    assert done.status == 6 and f"did you mean {found}?" in done.err


def test_near_paths(cordon, here):
    (here / "sub").mkdir()
    (here / "sub/hello.wat").write_text("(component)")
    done = cordon("run", "sub/helo.wat")
    assert done.status == 6 and "did you mean sub/hello.wat?" in done.err


@pytest.mark.parametrize("command", ["run", "inspect", "tools", "bench"])
class TestBadKinds:
    """Each is told about in one line, by every command that takes a target, and with its reason."""

    def check(self, done, status, *says):
        assert done.status == status, done.err
        assert all(text in done.err for text in says), done.err
        assert len(done.err) < 8000

    def test_missing(self, cordon, here, command):
        self.check(cordon(command, "nothing.wasm"), 6, "nothing.wasm", "No such file")

    def test_folder_of_a_script(self, cordon, here, command):
        (here / "folder/scripts").mkdir(parents=True)
        (here / "folder/scripts/run.sh").write_text("echo hi")
        self.check(cordon(command, "./folder"), 3, "scripts run only when they are installed with --tier local")

    def test_empty_folder(self, cordon, here, command):
        (here / "folder").mkdir()
        self.check(cordon(command, "./folder"), 6, "folder.wasm or skill.wasm is expected in it")

    def test_fifo(self, cordon, here, command):
        os.mkfifo(here / "pipe.wasm")
        self.check(cordon(command, "pipe.wasm"), 6, "is a FIFO")

    def test_device(self, cordon, here, command):
        self.check(cordon(command, "/dev/zero"), 6, "is a device")

    def test_socket(self, cordon, here, command):
        with socket.socket(socket.AF_UNIX) as s:
            s.bind("s.wasm")
            self.check(cordon(command, "s.wasm"), 6, "is a socket")

    def test_link_to_nowhere(self, cordon, here, command):
        (here / "link.wasm").symlink_to("nowhere")
        self.check(cordon(command, "link.wasm"), 6, "link.wasm")

    def test_circle_of_links(self, cordon, here, command):
        (here / "a.wasm").symlink_to("b.wasm")
        (here / "b.wasm").symlink_to("a.wasm")
        self.check(cordon(command, "a.wasm"), 7, "a.wasm")

    @pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
    def test_unreadable(self, cordon, here, command):
        (here / "x.wasm").write_bytes(b"\0asm")
        (here / "x.wasm").chmod(0)
        self.check(cordon(command, "x.wasm"), 7, "Permission denied")

    def test_file_as_folder(self, cordon, here, command):
        (here / "x.wasm").write_bytes(b"")
        self.check(cordon(command, "x.wasm/y.wasm"), 6, "Not a directory")

    @pytest.mark.parametrize("content", [b"", b"\0asm", b"\0asm\x0d\0\1\0", b"not webassembly", b"\x7fELF" * 64, b"(component", b"(module",
                                         b"\0asm\x0d\0\1\0" + bytes(range(256)), random.Random(1).randbytes(4096), b"{}", b"---\nname: x\n---\n"],
                             ids=["empty", "truncated", "empty-component", "text", "elf", "open-component", "open-module", "garbage", "random",
                                  "json", "skill-md"])
    def test_bad_bytes(self, cordon, here, command, content):
        (here / "x.wasm").write_bytes(content)
        done = cordon(command, "x.wasm")
        # A component without anything in it is valid, but has nothing to call.
        allowed = {0, 2} if content == b"\0asm\x0d\0\1\0" else {6}
        assert done.status in allowed, done.err

    def test_too_large(self, cordon, here, command):
        with open(here / "x.wasm", "wb") as f:
            f.write(b"\0asm\x0d\0\1\0")
            f.truncate((64 << 20) + 1)
        self.check(cordon(command, "x.wasm"), 6, "x.wasm")

    def test_too_large_from_standard_input(self, cordon, here, command):
        self.check(cordon.shell(f'head -c 67108865 /dev/zero | "$CORDON" {command} -'), 6, "over 67108864 bytes")

    @pytest.mark.parametrize("name", ["core", "unknown-import"])
    def test_refused_at_load(self, cordon, wat, command, name):
        done = cordon(command, wat(name))
        self.check(done, 6)
        assert name != "unknown-import" or "acme:rockets/launch@1.0.0" in done.err

    def test_simd(self, cordon, wat, command):
        self.check(cordon(command, wat("simd")), 6, "SIMD")

    @pytest.mark.parametrize("name", ["a\x1b[31mb.wasm", "a\nb", "\u202egnp.wasm", "x\x07"])
    def test_control_characters_are_shown_escaped(self, cordon, here, command, name):
        done = cordon(command, name)
        assert done.status == 6
        assert not set(done.err) & {"\x1b", "\x07", "\u202e"} and len(done.err.splitlines()) <= 2

    def test_names_that_are_not_utf8(self, cordon, here, command):
        done = cordon(command, b"\xff\xfe.wasm")
        assert done.status == 6 and "\\xff" in done.err

    @pytest.mark.parametrize("ending", ["", ".wasm", "/x"])
    def test_a_name_of_100_kb(self, cordon, here, command, ending):
        self.check(cordon(command, "n" * 100_000 + ending), 6)

    @pytest.mark.parametrize("word", ["", "@", "hello@", "a b"])
    def test_odd_names(self, cordon, here, command, word):
        self.check(cordon(command, word), 6, "no skill named")


def test_an_inspected_refusal_shows_what_is_known(cordon, wat):
    done = cordon("inspect", wat("unknown-import"))
    assert done.status == 6
    assert "unknown-import" in done.text and "bytes" in done.text and "cannot be loaded" in done.text


def test_standard_input_that_is_closed(cordon):
    done = cordon.shell('"$CORDON" run - hi <&-')
    assert done.status == 7 and "standard input" in done.err


def test_empty_standard_input(cordon):
    assert cordon("run", "-").status == 6
