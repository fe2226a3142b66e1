# SPDX-License-Identifier: Apache-2.0
"""Core modules of the blufio ABI: its functions, its words, and what a guest cannot do with them. Real files, a real server on the loopback."""

import json
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import FIXTURES

CLANG = shutil.which("clang-14") or shutil.which("clang")
needs_clang = pytest.mark.skipif(not CLANG, reason="clang is not installed")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/missing":
            status, text = 404, b"no such page"
        elif self.path == "/latin":
            status, text = 200, b"gr\xfcn"
        elif self.path == "/moved":
            status, text = 302, b""
        else:
            status, text = 200, f"{self.command}|{self.headers.get('Content-Type')}|".encode() + body
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://localhost:9/elsewhere")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        made.daemon_threads = True
        threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
        made.url = f"http://localhost:{made.server_port}"
        made.grant = f"net=localhost:{made.server_port}"
        yield made
        made.shutdown()


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    made = tmp_path_factory.mktemp("blufio") / "ways.wasm"
    subprocess.run([CLANG, "--target=wasm32", "-O2", "-nostdlib", "-Wl,--no-entry", FIXTURES / "blufio-ways.c", "-o", made], check=True, timeout=120)
    return made


@pytest.fixture
def run(cordon, program):
    """run("o hello", flag…): the outcome of the C guest, commands apart by `;`."""
    return lambda commands, *flags, **options: cordon("run", program, json.dumps(commands, ensure_ascii=False), "--json", *map(str, flags), **options).json


IMPORTS = """
  (import "blufio" "log" (func $log (param i32 i32 i32)))
  (import "blufio" "get_input_len" (func $get_input_len (result i32)))
  (import "blufio" "get_input" (func $get_input (param i32)))
  (import "blufio" "set_output" (func $set_output (param i32 i32)))
  (import "blufio" "http_request" (func $http_request (param i32 i32 i32 i32 i32) (result i32)))
  (import "blufio" "read_file" (func $read_file (param i32 i32 i32 i32) (result i32)))
  (import "blufio" "write_file" (func $write_file (param i32 i32 i32 i32) (result i32)))
  (import "blufio" "get_env" (func $get_env (param i32 i32 i32 i32) (result i32)))
"""


@pytest.fixture
def guest(tmp_path):
    """guest("(call …)"): a module whose `run` is that, as a file."""
    def make(body, memory='(memory (export "memory") 1)', more="", name="guest"):
        path = tmp_path / f"{name}.wat"
        path.write_text(f"(module {IMPORTS} {memory} {more} (func (export \"run\") {body}))")
        return path
    return make


@pytest.fixture
def module(tmp_path):
    def make(text, name="module"):
        path = tmp_path / f"{name}.wat"
        path.write_text(text)
        return path
    return make


# ---- results ----

def test_the_input_is_compact_json(cordon, guest):
    echo = guest("(call $get_input (i32.const 100)) (call $set_output (i32.const 100) (call $get_input_len))")
    for given, seen in [('{"a" : 1.10, "b c": [1, 2 ]}', '{"a":1.10,"b c":[1,2]}'), ("[ 123456789012345678901234567890 ]", "[123456789012345678901234567890]"),
                        ('"a  b"', '"a  b"'), (" true ", "true"), ('{"x": "a \\" b : c"}', '{"x":"a \\" b : c"}')]:
        assert cordon("run", echo, given).text == seen


def test_an_input_that_is_no_json_is_a_json_string(cordon, guest):
    echo = guest("(call $get_input (i32.const 100)) (call $set_output (i32.const 100) (call $get_input_len))")
    for given in ["hello there", 'say "hi"', "{broken", "grün", "[1,", "12 13"]:
        assert json.loads(cordon("run", echo, given).text) == given


def test_no_input_is_an_empty_object(cordon, guest):
    assert cordon("run", guest("(call $get_input (i32.const 100)) (call $set_output (i32.const 100) (call $get_input_len))")).text == "{}"


def test_arguments_have_one_parameter(cordon, guest):
    echo = guest("(call $get_input (i32.const 100)) (call $set_output (i32.const 100) (call $get_input_len))")
    assert cordon("run", echo, "--args", '{"input": {"city": "Bern", "n": 0.1}}').text == '{"city":"Bern","n":0.1}'
    assert cordon("run", echo, "--args", ' [ [1, 2] ] ').text == "[1,2]"
    for bad in ['{"city": "Bern"}', "[]", "[1, 2]", "3", "{", '{"input": 1, "input": 2}']:
        done = cordon("run", echo, "--args", bad)
        assert done.status == 2 and '{"input": VALUE}' in done.err


def test_input_that_is_not_utf8_or_too_deep_is_refused(cordon, guest):
    echo = guest("")
    assert cordon("run", echo, "-", input=b'"\xff"').status == 2
    done = cordon("run", echo, "-", input=b"[" * 100 + b"]" * 100)
    assert done.status == 2 and "nested too deep" in done.err


def test_set_output_is_the_result_and_the_last_writer_wins(cordon, guest):
    body = ('(call $log (i32.const 2) (i32.const 0) (i32.const 3)) (call $set_output (i32.const 0) (i32.const 3)) (call $set_output (i32.const 3) (i32.const 3))')
    assert cordon("run", guest(body, more='(data (i32.const 0) "onetwo")')).text == "two"


def test_an_empty_output_is_an_output(cordon, guest):
    body = "(call $log (i32.const 2) (i32.const 0) (i32.const 3)) (call $set_output (i32.const 0) (i32.const 0))"
    assert cordon("run", guest(body, more='(data (i32.const 0) "one")')).text == ""


def test_without_an_output_the_log_lines_are_the_result(cordon, guest):
    body = "".join(f"(call $log (i32.const {level}) (i32.const 0) (i32.const 2))" for level in (0, 1, 2, 3, 4, 9, -1))
    done = cordon("run", guest(body, more='(data (i32.const 0) "hi")'), "--json").json
    assert done["output"] == "[TRACE] hi\n[DEBUG] hi\n[INFO] hi\n[WARN] hi\n[ERROR] hi\n[INFO] hi\n[INFO] hi"
    assert [line["level"] for line in done["log"]] == ["trace", "debug", "info", "warn", "error", "info", "info"]


def test_without_log_lines_the_result_says_so(cordon, guest, module):
    for made in (guest(""), module('(module (func (export "run")))')):
        assert cordon("run", made).text == "Skill completed successfully (no output)"


# ---- http_request ----

@needs_clang
def test_http_request_returns_the_status_and_the_text_becomes_the_result(run, server):
    said = run(f"h0{server.url}/a", "-a", server.grant)
    assert said["output"] == "GET|None|" and said["log"][0]["message"] == "200"
    said = run(f"h0{server.url}/missing", "-a", server.grant)
    assert said["output"] == "no such page" and said["log"][0]["message"] == "404"


@needs_clang
def test_http_request_knows_six_methods_and_sends_the_body(run, server):
    for number, method in enumerate(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"]):
        said = run(f"h{number}{server.url}/a|some text", "-a", server.grant)
        sent = "text/plain; charset=utf-8|some text" if method in ("POST", "PUT", "DELETE", "PATCH") else "None|"
        assert said["outcome"] == "ok" and said["output"] == ("" if method == "HEAD" else f"{method}|{sent}")
    assert run(f"h1{server.url}/a|[1]", "-a", server.grant)["output"] == "POST|application/json|[1]"
    said = run(f"h7{server.url}/a", "-a", server.grant)
    assert said["outcome"] == "trap" and "execution error" in said["error"]["message"] and "no method 7" in said["error"]["message"]


@needs_clang
def test_the_guest_can_read_what_it_fetched(run, server):
    assert run(f"h1{server.url}/a|hello;g", "-a", server.grant)["output"] == "POST|TEXT/PLAIN; CHARSET=UTF-8|HELLO"


@needs_clang
def test_a_response_that_is_not_utf8_becomes_text(run, server):
    assert run(f"h0{server.url}/latin", "-a", server.grant)["output"] == "gr\ufffdn"


@needs_clang
def test_http_request_without_any_grant_traps_lacks_network_permission(cordon, program, server):
    done = cordon("run", program, json.dumps(f"h0{server.url}/secret?token=1"), "--json")
    said = done.json
    assert done.status == 3 and said["outcome"] == "trap" and said["error"]["trap"] == "capability denied"
    assert said["error"]["message"] == "Skill 'ways' capability denied: capability not permitted: skill lacks network permission"
    assert said["denials"] == [{"capability": "net", "wanted": f"{server.url}/secret", "reason": "not-granted", "count": 1}]


@needs_clang
def test_http_request_to_a_domain_that_is_not_granted_traps(cordon, program, server):
    done = cordon("run", program, json.dumps(f"h0{server.url}/a"), "--json", "-a", "net=api.example.com", "-a", "net=.example.org")
    said = done.json
    assert done.status == 3 and said["outcome"] == "trap"
    assert said["error"]["message"] == ("Skill 'ways' capability denied: capability not permitted: domain 'localhost' not in allowed list "
                                        '["api.example.com", ".example.org"]')
    assert said["denials"][0]["capability"] == "net"


@needs_clang
def test_a_redirect_is_decided_anew(cordon, program, server):
    done = cordon("run", program, json.dumps(f"h0{server.url}/moved"), "--json", "-a", server.grant)
    assert done.status == 3 and "domain 'localhost' not in allowed list" in done.json["error"]["message"]


@needs_clang
def test_a_granted_name_that_leads_to_a_private_address_is_ssrf_blocked(cordon, program, own_name):
    name, _ = own_name
    done = cordon("run", program, json.dumps(f"h0http://{name}:8080/?token=1"), "--json", "-a", f"net={name}:8080")
    assert done.json["denials"] == [{"capability": "net", "wanted": f"http://{name}:8080", "reason": "private-address", "count": 1}]
    assert done.status == 3 and done.json["error"]["message"].startswith("Skill 'ways' capability denied: SSRF blocked: ")


@needs_clang
def test_a_request_that_fails_is_an_execution_error(run):
    said = run("h0http://localhost:9/a", "-a", "net=localhost:9")
    assert said["outcome"] == "trap" and said["error"]["message"].startswith("Skill 'ways' execution error: http-request failed: ")
    assert said["denials"] == []


# ---- files ----

@pytest.fixture
def folder(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.txt").write_text("grün und blau")
    (data / "raw").write_bytes(b"\xff\xfe")
    (tmp_path / "secret").write_text("SECRET")
    (data / "link").symlink_to("../secret")
    (tmp_path / "database").write_text("SECRET")
    return data


@needs_clang
def test_read_file_returns_the_length_and_the_content_becomes_the_result(run, folder):
    said = run("r/data/a.txt", "-a", f"read={folder}::/data")
    assert said["output"] == "grün und blau" and said["log"][0]["message"] == "14"


@needs_clang
def test_read_file_fills_a_buffer_as_far_as_it_goes(run, folder):
    grant = f"read={folder}::/data"
    assert run("b20/data/a.txt", "-a", grant)["output"] == "grün und blau" + 9 * "#"
    assert run("b14/data/a.txt", "-a", grant)["output"] == "grün und blau###"
    said = run("b05/data/a.txt", "-a", grant)
    assert said["output"] == "grün###" and said["log"][0]["message"] == "14"
    assert run("b03/data/a.txt", "-a", grant)["output"] == "gr.###"  # half a character is left out
    assert run("b01/data/a.txt", "-a", grant)["output"] == "g###"


@needs_clang
def test_write_file_creates_or_truncates_and_returns_0(run, folder):
    grant = f"write={folder}::/data"
    assert run("w/data/new|one two", "-a", grant)["log"][0]["message"] == "0"
    assert (folder / "new").read_text() == "one two"
    run("w/data/new|x", "-a", grant)
    assert (folder / "new").read_text() == "x"
    run("w/data/new|", "-a", grant)
    assert (folder / "new").read_text() == ""


@needs_clang
def test_files_without_any_grant_trap_lacks_filesystem_permission(cordon, program, folder):
    for command, what, kind in [("r/data/a.txt", "filesystem read", "read"), ("w/data/a.txt|x", "filesystem write", "write")]:
        done = cordon("run", program, json.dumps(command), "--json")
        assert done.status == 3 and done.json["outcome"] == "trap"
        assert done.json["error"]["message"] == f"Skill 'ways' capability denied: capability not permitted: skill lacks {what} permission"
        assert done.json["denials"] == [{"capability": kind, "wanted": "/data/a.txt", "reason": "not-granted", "count": 1}]


@needs_clang
def test_paths_outside_of_what_is_granted_trap(cordon, program, folder):
    read, write = f"read={folder}::/data", f"write={folder}::/data"
    for path in ["/etc/passwd", "/database", "/data/../etc/passwd", "/"]:
        done = cordon("run", program, json.dumps(f"r{path}"), "--json", "-a", read)
        assert done.status == 3 and "' not within allowed read paths [\"/data\"]" in done.json["error"]["message"], path
    done = cordon("run", program, json.dumps("w/data/a.txt|x"), "--json", "-a", read)
    assert done.status == 3 and "skill lacks filesystem write permission" in done.json["error"]["message"]
    done = cordon("run", program, json.dumps("w/etc/x|x"), "--json", "-a", write)
    assert done.status == 3 and "path '/etc/x' not within allowed write paths [\"/data\"]" in done.json["error"]["message"]


@needs_clang
def test_links_lead_nowhere_and_what_cannot_be_read_is_an_execution_error(run, folder):
    for path in ["/data/link", "/data/none", "/data/raw", "/data"]:
        said = run(f"r{path}", "-a", f"read={folder}::/data")
        assert said["outcome"] == "trap" and said["output"] is None, path
        assert said["error"]["message"].startswith(f"Skill 'ways' execution error: failed to read file '{path}': "), path


# ---- get_env ----

@needs_clang
def test_get_env_gives_the_value_without_a_nul(run):
    said = run("e60CITY", "-e", "CITY=Zürich")
    assert said["output"] == "Zürich" and said["log"][0]["message"] == "7"
    assert run("e07CITY", "-e", "CITY=Zürich")["output"] == "Zürich"
    assert run("e00CITY", "-e", "CITY=")["output"] == ""


@needs_clang
def test_get_env_is_minus_1_where_it_is_not_allowed_or_not_set(run):
    said = run("e60HOME;e60CITY")
    assert said["outcome"] == "ok" and [line["message"] for line in said["log"]] == ["-1", "-1"]
    assert [d["capability"] for d in said["denials"]] == ["env", "env"]
    said = run("e60HOME", "-e", "CITY=x")
    assert said["log"][0]["message"] == "-1" and said["denials"][0]["wanted"] == "HOME"


@needs_clang
def test_get_env_is_minus_2_where_the_buffer_is_too_small(run):
    assert run("e06CITY", "-e", "CITY=Zürich")["log"][0]["message"] == "-2"
    assert run("e00CITY", "-e", "CITY=x")["log"][0]["message"] == "-2"


# ---- limits and failures, in the format's words ----

def test_exceeded_fuel_limit(cordon, guest):
    done = cordon("run", guest("(loop $l (br $l))"), "--json", "--fuel", "10000")
    assert done.status == 4 and done.json["outcome"] == "out-of-fuel"
    assert done.json["error"]["message"].startswith("Skill 'guest' exceeded fuel limit (10000 fuel units)")
    assert "--fuel" in done.json["error"]["hint"]


def test_exceeded_wall_clock_timeout(cordon, guest):
    spin = guest("(loop $l (br $l))")
    for flag, words in [("1s", "1s"), ("300ms", "0.3s")]:
        done = cordon("run", spin, "--json", "-t", flag)
        assert done.status == 4 and done.json["outcome"] == "deadline"
        assert done.json["error"]["message"].startswith(f"Skill 'guest' exceeded wall-clock timeout ({words})")


def test_an_execution_error(cordon, guest):
    done = cordon("run", guest("unreachable"), "--json")
    assert done.status == 5 and done.json["error"]["message"] == "Skill 'guest' execution error: it trapped: unreachable code reached"
    assert done.json["error"]["trap"] == "unreachable code reached" and done.json["error"]["backtrace"]


def test_memory_is_limited_to_what_the_call_may_have(cordon, guest):
    hog = guest("(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)")
    done = cordon("run", hog, "--json", "-m", "4MiB")
    assert done.status == 4 and done.json["outcome"] == "out-of-memory"
    assert done.json["error"]["message"].startswith("Skill 'guest' execution error: it wanted more memory")
    assert done.json["usage"]["memory_peak_bytes"] <= 4 << 20


def test_an_endless_log_ends_at_its_limits(cordon, guest):
    body = "(loop $l (call $log (i32.const 2) (i32.const 0) (i32.const 60000)) (br $l))"
    done = cordon("run", guest(body, more="(data (i32.const 0) \"x\")"), "--json", "-t", "5s")
    assert done.status == 4 and done.json["outcome"] == "output-too-large"
    assert sum(len(line["message"]) for line in done.json["log"]) < 100_000


def test_an_output_has_its_limit(cordon, guest):
    large = guest("(call $set_output (i32.const 0) (i32.const 2000000))", memory='(memory (export "memory") 40)')
    done = cordon("run", large, "--json")
    assert done.status == 4 and done.json["outcome"] == "output-too-large"


def test_outputs_that_replace_each_other_do_not_add_up(cordon, guest):
    body = """(local $i i32) (loop $l (call $set_output (i32.const 0) (i32.const 1000000))
              (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 6))))"""
    done = cordon("run", guest(body, memory='(memory (export "memory") 20)'), "--json", "-m", "4MiB").json
    assert done["outcome"] == "ok" and done["usage"]["memory_peak_bytes"] < 4 << 20


def test_a_large_input_comes_whole_into_the_smallest_memory(cordon, guest):
    """The buffer is all of the memory but a few bytes, at either end, or both: nothing but the buffer changes."""
    text = json.dumps("äb" * 21_840, ensure_ascii=False)
    size = len(text.encode())
    for at in (0, 1, 7, 8, 9, 65536 - size - 1, 65536 - size):
        # Every byte is 0x2a before. What is around the buffer must be so after; what is in it becomes the result.
        body = f"""(local $i i32)
          (loop $fill (i32.store8 (local.get $i) (i32.const 42))
            (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 65536))))
          (call $get_input (i32.const {at}))
          (local.set $i (i32.const 0))
          (loop $check
            (if (i32.and (i32.or (i32.lt_u (local.get $i) (i32.const {at})) (i32.ge_u (local.get $i) (i32.const {at + size})))
                         (i32.ne (i32.load8_u (local.get $i)) (i32.const 42))) (then unreachable))
            (br_if $check (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 65536))))
          (call $set_output (i32.const {at}) (i32.const {size}))"""
        done = cordon("run", guest(body, memory='(memory (export "memory") 1 1)'), "-", input=text.encode())
        assert (done.status, done.out) == (0, text.encode()), at


# ---- lies ----

LIES = [(0, -1), (-1, 1), (-1, -1), (65536, 1), (65535, 2), (1, 65536), (0x7FFFFFFF, 0x7FFFFFFF), (-2, 3), (-65536, 65536 + 16)]


def test_log_and_set_output_ignore_what_is_not_in_the_memory(cordon, guest):
    body = "".join(f"(call $log (i32.const 2) (i32.const {p}) (i32.const {n})) (call $set_output (i32.const {p}) (i32.const {n}))" for p, n in LIES)
    done = cordon("run", guest(body), "--json").json
    assert done["outcome"] == "ok" and done["output"] == "Skill completed successfully (no output)"
    assert done["log"] == [{"level": "warn", "message": f"{2 * len(LIES)} calls gave what is no text in the memory, or no room in it, and were ignored"}]


def test_log_and_set_output_ignore_what_is_not_utf8(cordon, guest):
    bad = [b"\xff", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xe0\x9f\xbf", b"\xed\xa0\x80", b"\xf0\x80\x80\x80", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xe2\x82",
           b"\xf0\x9f\x98", b"abcdefgh\x80", b"\xc3", b"\xc3A", b"\xe2\x82A", b"\xf0\x9f\x98A"]
    good = ["a", "ä", "€", "😀", "abcdefghä", "\ud7ff", "\ue000", "\U0010ffff", "\u0800", "\U00010000", "abcdefghijklmnopq"]
    for raw in [*bad, *(text.encode() for text in good)]:
        data = "".join(f"\\{byte:02x}" for byte in raw)
        done = cordon("run", guest(f"(call $set_output (i32.const 65500) (i32.const {len(raw)}))", more=f'(data (i32.const 65500) "{data}")')).text
        assert done == ("Skill completed successfully (no output)" if raw in bad else raw.decode()), raw


def test_get_input_ignores_a_pointer_beyond_the_memory(cordon, guest):
    for p in (65536, 65535, -1, -2, 0x7FFFFFFF):
        done = cordon("run", guest(f"(call $get_input (i32.const {p}))"), "{}", "--json").json
        assert done["outcome"] == "ok" and "were ignored" in done["log"][0]["message"]
    done = cordon("run", guest("(call $get_input (i32.const 65534)) (call $set_output (i32.const 65534) (i32.const 2))"), "{}")
    assert done.text == "{}"


def test_other_functions_trap_on_what_is_not_in_the_memory(cordon, guest, folder):
    (folder / "x").write_text("0123456789")
    granted = ["-a", f"rw={folder}::/", "-a", "net=localhost:9"]
    for p, n in LIES:
        for call in (f"(drop (call $http_request (i32.const {p}) (i32.const {n}) (i32.const 0) (i32.const 0) (i32.const 0)))",
                     f"(drop (call $http_request (i32.const 0) (i32.const 2) (i32.const 1) (i32.const {p}) (i32.const {n})))",
                     f"(drop (call $read_file (i32.const {p}) (i32.const {n}) (i32.const 0) (i32.const 0)))",
                     f"(drop (call $read_file (i32.const 0) (i32.const 2) (i32.const {p}) (i32.const {n})))",
                     f"(drop (call $write_file (i32.const {p}) (i32.const {n}) (i32.const 0) (i32.const 0)))",
                     f"(drop (call $write_file (i32.const 0) (i32.const 2) (i32.const {p}) (i32.const {n})))"):
            done = cordon("run", guest(call, more='(data (i32.const 0) "/x")'), "--json", *granted)
            assert done.status == 5 and "execution error" in done.json["error"]["message"], (call, done.json)
    assert (folder / "x").read_text() == "0123456789"


def test_a_backtrace_names_the_function_of_the_abi(cordon, guest):
    done = cordon("run", guest("(drop (call $read_file (i32.const 0) (i32.const 0) (i32.const 70000) (i32.const 4)))"), "--json").json
    assert done["error"]["trap"] == "out-of-bounds memory access" and "blufio.read_file" in done["error"]["backtrace"]


def test_get_env_does_not_trust_its_pointers(cordon, guest):
    def code(call):
        body = f"(if (i32.eq {call} (i32.const -1)) (then (call $set_output (i32.const 0) (i32.const 1)))) (if (i32.eq {call} (i32.const -2)) (then (call $set_output (i32.const 1) (i32.const 1))))"
        return cordon("run", guest(body, more='(data (i32.const 0) "12") (data (i32.const 16) "CITY") (data (i32.const 32) "\\ff")'), "-e", "CITY=Bern").text
    for p, n in LIES:
        assert code(f"(call $get_env (i32.const {p}) (i32.const {n}) (i32.const 64) (i32.const 64))") == "1"
    assert code("(call $get_env (i32.const 32) (i32.const 1) (i32.const 64) (i32.const 64))") == "1"
    for p, n in [(65536, 10), (65533, 10), (-1, -1), (-4, 4), (0x7FFFFFFF, -1)]:
        assert code(f"(call $get_env (i32.const 16) (i32.const 4) (i32.const {p}) (i32.const {n}))") == "2"


def test_a_pointer_to_nothing_may_be_anything(cordon, guest):
    body = "(call $set_output (i32.const -1) (i32.const 0)) (call $log (i32.const 2) (i32.const 70000) (i32.const 0))"
    done = cordon("run", guest(body), "--json").json
    assert done["outcome"] == "ok" and done["output"] == "" and done["log"] == [{"level": "info", "message": ""}]


def test_a_buffer_over_its_own_path_is_filled_all_the_same(cordon, guest, folder):
    (folder / "x").write_text("0123456789")
    body = "(drop (call $read_file (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 20))) (call $set_output (i32.const 0) (i32.const 12))"
    assert cordon("run", guest(body, more='(data (i32.const 0) "/x__________##")'), "-a", f"read={folder}::/").text == "0123456789__"


def test_a_memory_of_no_pages(cordon, guest):
    body = "(call $get_input (i32.const 0)) (call $set_output (i32.const 0) (i32.const 1)) (call $log (i32.const 1) (i32.const 0) (i32.const 0))"
    done = cordon("run", guest(body, memory='(memory (export "memory") 0)'), "--json").json
    assert done["outcome"] == "ok" and done["output"] == "[DEBUG] "


def test_the_host_is_not_held_by_copies(cordon, guest):
    """A loop of large copies ends at its deadline like any other."""
    body = "(loop $l (call $get_input (i32.const 0)) (br $l))"
    done = cordon("run", guest(body, memory='(memory (export "memory") 20)'), "-", "--json", "-t", "500ms", "--fuel", "100G", input=b'"' + b"x" * 1_000_000 + b'"')
    assert done.status == 4 and done.json["outcome"] == "deadline" and done.json["usage"]["wall_us"] < 10_000_000


# ---- what is loaded ----

def test_a_start_section_may_call_the_host_and_is_charged(cordon, module):
    made = module("""(module (import "blufio" "log" (func $log (param i32 i32 i32))) (memory (export "memory") 1) (data (i32.const 0) "start")
      (func $start (call $log (i32.const 3) (i32.const 0) (i32.const 5))) (start $start) (func (export "run")))""")
    done = cordon("run", made, "--json").json
    assert done["output"] == "[WARN] start" and done["usage"]["host_calls"] == 1
    spin = module('(module (memory (export "memory") 1) (func $s (loop $l (br $l))) (start $s) (func (export "run")))', "spin")
    done = cordon("run", spin, "--json", "--fuel", "1M")
    assert done.status == 4 and done.json["outcome"] == "out-of-fuel"


def test_a_denial_in_a_start_section_is_the_calls(cordon, module):
    made = module("""(module (import "blufio" "read_file" (func $read (param i32 i32 i32 i32) (result i32))) (memory (export "memory") 1) (data (i32.const 0) "/x")
      (func $start (drop (call $read (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 0)))) (start $start) (func (export "run")))""")
    assert cordon("inspect", made).status == 0  # nothing has run
    done = cordon("run", made, "--json")
    assert done.status == 3 and "skill lacks filesystem read permission" in done.json["error"]["message"]


def test_missing_run(cordon, module):
    done = cordon("run", module('(module (import "blufio" "log" (func (param i32 i32 i32))) (memory (export "memory") 1))'))
    assert done.status == 6 and "skill has no 'run' export" in done.err


def test_run_of_another_type(cordon, module):
    for text in ('(module (memory (export "memory") 1) (func (export "run") (param i32)))', '(module (func (export "run") (result i32) (i32.const 1)))',
                 '(module (import "blufio" "get_input_len" (func (result i32))) (memory (export "memory") 1) (global (export "run") i32 (i32.const 1)))'):
        done = cordon("run", module(text))
        assert done.status == 6 and "skill has no 'run' export" in done.err and "of another type" in done.err


def test_missing_memory(cordon, module):
    done = cordon("run", module('(module (import "blufio" "log" (func (param i32 i32 i32))) (func (export "run")))'))
    assert done.status == 6 and "skill has no 'memory' export" in done.err


def test_imports_that_do_not_exist_or_have_another_type_are_refused_by_name(cordon, module):
    rest = '(memory (export "memory") 1) (func (export "run"))'
    for text, words in [('(import "blufio" "exec" (func))', "blufio#exec, which does not exist"), ('(import "blufio" "cabi_import_realloc" (func))', "does not exist"),
                        ('(import "blufio" "log" (func (param i64 i32 i32)))', "(i64, i32, i32) -> () instead of (i32, i32, i32) -> ()"),
                        ('(import "blufio" "log" (global i32))', "of another type"),
                        ('(import "blufio" "log" (func (param i32 i32 i32))) (import "env" "abort" (func))', "env#abort, which Cordon does not offer"),
                        ('(import "blufio" "log" (func (param i32 i32 i32))) (import "cordon:blufio/host@0.1.0" "copy" (func (param i32 i32 i32 i32)))', "does not offer")]:
        done = cordon("run", module(f"(module {text} {rest})"))
        assert done.status == 6 and words in done.err, text


def test_all_eight_are_linked_whether_granted_or_not(cordon, guest):
    """The gate is at the call: the module imports all of them, and does nothing."""
    done = cordon("run", guest(""), "--json").json
    assert done["outcome"] == "ok" and done["denials"] == []


def test_a_component_cannot_have_the_functions_behind_the_abi(cordon, module):
    done = cordon("run", module("""(component (import "cordon:blufio/host@0.1.0" (instance $h (export "ignored" (func))))
      (core func $f (canon lower (func $h "ignored"))) (core module $m (import "h" "f" (func $f)) (func (export "run") (call $f)))
      (core instance $i (instantiate $m (with "h" (instance (export "f" (func $f)))))) (func (export "run") (canon lift (core func $i "run"))))"""))
    assert done.status == 6 and "cordon:blufio/host" in done.err and "does not offer" in done.err


def test_wasi_preview1_links_and_gives_nothing(cordon, module):
    made = module("""(module (import "blufio" "set_output" (func $out (param i32 i32)))
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
      (memory (export "memory") 1) (data (i32.const 100) "printed\\n") (data (i32.const 200) "ok") (data (i32.const 300) "etc/passwd")
      (func (export "run")
        (i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const 8))
        (if (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
        (if (i32.eqz (call $open (i32.const 3) (i32.const 0) (i32.const 300) (i32.const 10) (i32.const 0) (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 16)))
          (then unreachable))
        (if (call $environ (i32.const 16) (i32.const 20)) (then unreachable))
        (if (i32.load (i32.const 16)) (then unreachable))
        (call $out (i32.const 200) (i32.const 2))))""")
    done = cordon("run", made, "--json").json
    assert done["outcome"] == "ok" and done["output"] == "ok"
    assert any("printed" in line["message"] for line in done["log"]) and [d["capability"] for d in done["denials"]] == ["read"]


@needs_clang
def test_an_ordinary_build_of_c_runs_and_is_given_nothing(cordon, tmp_path):
    made = tmp_path / "std.wasm"
    done = subprocess.run([CLANG, "--target=wasm32-wasi", "-mexec-model=reactor", "-O2", FIXTURES / "blufio-std.c", "-o", made], capture_output=True, text=True, timeout=120, check=False)
    if done.returncode and "file not found" in done.stderr:
        pytest.skip("wasi-libc is not installed")
    assert done.returncode == 0, done.stderr
    said = cordon("run", made, '{"a": 1}', "--json").json
    assert said["output"] == '42 {"a":1} Permission denied no home' and said["log"] == [{"level": "warn", "message": "to stderr"}]
    assert [d["wanted"] for d in said["denials"]] == ["/etc/passwd"]
    assert cordon("run", made, "x", "-e", "HOME=/h", "-a", "read=/usr/share::/etc", "--json").json["output"] == '42 "x" No such file or directory home'


def test_a_reactor_is_initialized_before_it_runs(cordon, module):
    made = module("""(module (import "blufio" "set_output" (func $out (param i32 i32))) (memory (export "memory") 1)
      (func (export "_initialize") (i32.store8 (i32.const 0) (i32.const 33))) (func (export "run") (call $out (i32.const 0) (i32.const 1))))""")
    assert cordon("run", made).text == "!"


def test_inspect_says_what_it_is_and_what_it_could_ask_for(cordon, module, guest):
    about = cordon("inspect", "--json", guest("")).json
    assert about["kind"] == "blufio" and about["world"] == "blufio" and about["default_export"] == "run"
    assert sorted(about["asks"]) == ["env", "net", "read", "write"]
    few = cordon("inspect", "--json", module("""(module (import "blufio" "read_file" (func (param i32 i32 i32 i32) (result i32)))
      (import "blufio" "log" (func (param i32 i32 i32))) (memory (export "memory") 1) (func (export "run")))""")).json
    assert few["asks"] == ["read"]


def test_it_is_a_tool_of_one_parameter(cordon, guest):
    tool = cordon("tools", guest("", name="weather")).json[0]
    assert tool["name"] == "weather" and list(tool["inputSchema"]["properties"]) == ["input"]


def test_memories_of_other_kinds_are_refused(cordon, module):
    use = '(import "blufio" "get_input" (func (param i32)))'
    for memory in ('(memory (export "memory") i64 1)', '(memory (export "memory") 1 1 shared)', '(memory 1) (memory (export "memory") 1)', '(memory (export "memory") 1 (pagesize 1))'):
        done = cordon("run", module(f'(module {use} {memory} (func (export "run")))'))
        assert done.status == 6, memory


def test_simd_is_refused_with_its_name(cordon, module):
    done = cordon("run", module('(module (memory (export "memory") 1) (func (export "run") (drop (v128.const i32x4 0 0 0 0))))'))
    assert done.status == 6 and "SIMD" in done.err.upper()


def test_asking_gives_the_grant_and_goes_on(cordon, guest, folder):
    """Without a terminal nobody is asked, and the denial stands."""
    body = "(drop (call $read_file (i32.const 0) (i32.const 6) (i32.const 0) (i32.const 0)))"
    done = cordon("run", guest(body, more='(data (i32.const 0) "/a.txt")'), "--json")
    assert done.status == 3 and done.json["denials"][0]["reason"] == "not-granted"
