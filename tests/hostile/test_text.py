# SPDX-License-Identifier: Apache-2.0
"""Text that is out for the terminal, or is no text: in names, logs, errors, answers, doc comments, arguments."""

import json
import os
import pty

import pytest
from hostile_ground import HARMFUL, HERE

NASTY = "\x1b[2J\x1b]0;owned\x07\r\n\u202e\x9b31m\u2028\x7f\u200b\U000e0041"


def literal(text):
    """As a string of the text format."""
    return '"' + "".join(f"\\{b:02x}" for b in text.encode("utf-8", "surrogatepass")) + '"'


def answering(ty, offset, text):
    """A component whose only export answers with that text."""
    data = text.encode()
    pair = "".join(f"\\{b:02x}" for b in (256).to_bytes(4, "little") + len(data).to_bytes(4, "little"))
    return (f'(component (core module $m (memory (export "m") 4) (data (i32.const 256) {literal(text)}) (data (i32.const {offset}) "{pair}") {"" if ty == "string" else "(data (i32.const 0) " + chr(34) + chr(92) + "01" + chr(34) + ")"} '
            f'(func (export "f") (result i32) (i32.const 0))) (core instance $i (instantiate $m)) (func (export "f") (result {ty}) (canon lift (core func $i "f") (memory (core memory $i "m")))))')


def on_terminal(cordon, *words):
    """What a person would see, stdout and stderr in one."""
    master, slave = pty.openpty()
    shown = b""
    with cordon.popen(*words, stdout=slave, stderr=slave, env={"NO_COLOR": "1"}) as child:
        os.close(slave)
        while True:
            try:
                data = os.read(master, 65536)
            except OSError:
                break
            if not data:
                break
            shown += data
    os.close(master)
    return shown.decode().replace("\r\n", "\n")


@pytest.fixture
def file(tmp_path):
    def write(content, name="made.wat"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)
    return write


def test_an_answer_is_itself_in_a_pipe_and_harmless_on_a_terminal(cordon, file):
    guest = file(answering("string", 0, NASTY))
    assert cordon("run", guest).out == NASTY.encode()
    assert cordon("run", guest, "-j").json["output"] == NASTY
    for words in ([], ["-j"]):
        shown = on_terminal(cordon, "run", guest, *words)
        assert "owned" in shown and not HARMFUL.search(shown)


def test_an_err_is_harmless_everywhere(cordon, made, file):
    guest = answering('(result string (error string))', 4, NASTY)
    e = made(guest)
    assert e.outcome == "err" and "owned" in e.message and e.json["error"]["value"] == NASTY
    done = cordon("run", file(guest))
    assert "owned" in done.err and not HARMFUL.search(done.err)


def test_function_names_are_harmless_in_backtraces(cordon, made, file):
    guest = f'(component (core module $m (func ${literal(NASTY)} (export "f") unreachable)) (core instance $i (instantiate $m)) (func (export "f") (canon lift (core func $i "f"))))'
    e = made(guest)
    assert e.frames and "owned" in e.frames[0]
    assert not HARMFUL.search(cordon("run", file(guest)).err)


@pytest.mark.parametrize("name", ["a\x1b[2Jb", "a\u202eb", "a\x9bb", "a\nb", "a" + "é" * 100])
def test_file_names_are_harmless(cordon, made, name):
    fine = answering("string", 0, "hi")
    assert made(fine, name=name).outcome == "ok"
    e = made("(component (junk))", name=name)
    assert e.outcome == "not-started"
    spin = "(component (core module $m (func (export \"f\") unreachable)) (core instance $i (instantiate $m)) (func (export \"f\") (canon lift (core func $i \"f\"))))"
    e = made(spin, name=name)
    assert e.outcome == "trap" and not HARMFUL.search(e.json["skill"])


def test_file_names_that_are_not_utf8(cordon, tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff\xfe.wat"
    with open(path, "w") as f:
        f.write(answering("string", 0, "hi"))
    done = cordon("run", path, "-j")
    assert done.status == 0 and done.json["output"] == "hi"
    assert "\\xff" in done.json["skill"]
    done = cordon("run", os.fsencode(tmp_path) + b"/\xff\x1b.wat")
    assert done.status == 6 and not HARMFUL.search(done.err)


@pytest.mark.parametrize("text", ["(import \"a\x1b[2Jb\" (func))", f"(import {literal(NASTY)} (func))", f"(export {literal(NASTY)} (func 0))", "(\x1b[2J\u202e)", ";; \x1b\u202e\n(\x07",
                                  f"(core module (import {literal(NASTY)} {literal(NASTY)} (func)))"])
def test_refusals_are_harmless(cordon, made, file, text):
    e = made(f"(component {text})")
    assert e.outcome == "not-started"
    for words in (["run"], ["inspect"], ["tools"]):
        assert not HARMFUL.search(cordon(*words, file(f"(component {text})")).err)
    assert not HARMFUL.search(on_terminal(cordon, "run", file(f"(component {text})")))


def test_a_core_module_importing_nasty_names(cordon, made, file):
    guest = f'(module (import "wasi_snapshot_preview1" {literal(NASTY)} (func)) (memory (export "memory") 1) (func (export "_start")))'
    assert made(guest).outcome == "not-started"
    assert not HARMFUL.search(cordon("run", file(guest)).err)


DOCS = {"worlds": {"root": {"docs": "of the world " + NASTY, "funcs": {"answer": {"docs": "of the function " + NASTY}},
                            "func_exports": {"answer": {"docs": "of the function " + NASTY}}}}}


def documented(docs):
    data = "".join(f"\\{b:02x}" for b in b"\1" + (docs if isinstance(docs, bytes) else json.dumps(docs).encode()))
    return ('(component (core module $m (func (export "f") (result i32) (i32.const 42))) (core instance $i (instantiate $m)) '
            f'(func (export "answer") (result u32) (canon lift (core func $i "f"))) (@custom "package-docs" "{data}"))')


def test_doc_comments_are_harmless(cordon, file):
    guest = file(documented(DOCS))
    assert "of the function" in cordon("inspect", guest).text
    for words in (["inspect"], ["inspect", "-j"], ["inspect", "--wit"], ["tools"], ["tools", "--format", "openai"], ["run", "-v"]):
        shown = on_terminal(cordon, *words, guest)
        assert shown and not HARMFUL.search(shown), words
    assert not HARMFUL.search(cordon("inspect", guest).text)


@pytest.mark.parametrize("docs", [b"", b"{", b"[" * 100_000, b'{"docs": 1}', b"\xff\xfe", {"worlds": {"root": {"docs": "d" * 300_000}}},
                                  {"worlds": {f"w{i}": {"docs": "x"} for i in range(10_000)}}, {"worlds": {"root": {"func_exports": {f"f{i}": {"docs": "x"} for i in range(10_000)}}}}])
def test_doc_comments_that_are_malformed_or_large_do_not_matter(cordon, made, file, docs):
    guest = documented(docs)
    assert made(guest).output == 42
    done = cordon("inspect", file(guest), "-j")
    assert done.status == 0 and len(done.out) < 1 << 20


@pytest.mark.parametrize("args", ["\x1b[2J", '["\\ud800"]', '["\\udc00\\ud800"]', '["\x00"]', '{"\\u001b[2J": 1}', '["a", "b"]', "[" * 1000, '{"a":' * 1000, '["' + "x" * 100_000, "\ufeff[]", "[1e999]",
                                  "[-1]", "[NaN]", "1" * 10_000, '[true, ]', "[[[[[[[[1]]]]]]]]"])
def test_arguments_that_are_no_json_or_of_the_wrong_type(cordon, args):
    done = cordon("run", HERE / "host.wat", "-c", "logs", "--args", "-", "-j", input=args.encode("utf-8", "surrogatepass"))
    assert done.status == 2 and done.json["error"]["id"] == "bad-args" and len(done.json["error"]["message"]) < 2000
    done = cordon("run", HERE / "host.wat", "-c", "logs", "--args", "-", input=args.encode("utf-8", "surrogatepass"))
    assert done.status == 2 and not HARMFUL.search(done.err)


@pytest.mark.parametrize("data", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"ok\xe2\x82"])
def test_input_that_is_not_utf8(cordon, data):
    echo = HERE.parent / "fixtures/echo.wat"
    done = cordon("run", echo, "-", "-j", input=data)
    assert done.status == 2 and "UTF-8" in done.json["error"]["message"]
    done = cordon("run", HERE.parent / "fixtures/cat.wat", "-", input=data)
    assert (done.status, done.out) == (0, data)


def test_input_with_every_control_character_comes_back(cordon):
    text = "".join(map(chr, range(0, 0x100))) + "\u202e\U0010ffff"
    done = cordon("run", HERE.parent / "fixtures/echo.wat", "-", input=text.encode())
    assert done.out == text.encode()
    assert cordon("run", HERE.parent / "fixtures/echo.wat", "-", "-j", input=text.encode()).json["output"] == text


def test_a_commands_output_that_is_no_text(cordon, made):
    guest = ('(module (import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32))) (memory (export "memory") 1) '
             '(data (i32.const 0) "\\10\\00\\00\\00\\04\\00\\00\\00") (data (i32.const 16) "\\ff\\fe\\1b[") '
             '(func (export "_start") (drop (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (drop (call $w (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))))')
    e = made(guest)
    assert (e.outcome, e.json["output_kind"], e.output) == ("ok", "base64", "//4bWw==")
    assert e.json["log"] == [{"level": "warn", "message": "\ufffd\ufffd\x1b["}]
