# SPDX-License-Identifier: Apache-2.0
"""C, from nothing to the answer of an installed skill."""

import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import HERE, is_oslo, is_snow

pytestmark = pytest.mark.skipif(not shutil.which("clang-14") and not shutil.which("clang"), reason="C: clang is not installed")


def test_the_typed_template_goes_the_whole_way(project):
    weather = project()
    weather.new("--lang", "c")
    said = weather.walk_weather("--args", '{"city": "Oslo", "days": 2}', is_answer=is_oslo)
    assert said["world"] == "local:weather/weather" and said["imports"] == ["boternity:skill/host"]


def test_the_template_with_text_in_and_out_goes_the_whole_way(project):
    weather = project()
    weather.new("--lang", "c", "--world", "skill")
    said = weather.walk_weather("Oslo", is_answer=is_snow)
    assert said["world"] == "boternity:skill/skill-plugin"


def test_the_template_of_the_blufio_abi_goes_the_whole_way(project):
    weather = project()
    weather.new("--lang", "c", "--abi", "blufio")
    weather.built()
    weather.test()
    assert weather.install_and_run("Oslo")().text.strip() == "-3 2 snow"


def test_broken_source_a_missing_export_and_a_wrong_world_are_errors_that_say_so(project):
    weather = project()
    weather.new("--lang", "c")
    source = weather.folder / "skill.c"
    good = source.read_text()
    for wrong, status, *texts in [
        (good.replace("return ok ||", "retrun ok ||"), 6, "cannot compile", "skill.c", "retrun"),
        (good.replace("exports_weather_forecast", "forecast"), 6, "exports_weather_forecast"),
    ]:
        source.write_text(wrong)
        done = weather.build()
        assert done.status == status and all(text in done.err for text in texts), done.err
        assert not (weather.folder / "weather.wasm").exists()
    source.write_text(good)
    (weather.folder / "wit/weather.wit").write_text("package a:b;\nworld weather { export forecast: func(; }\n")
    done = weather.build()
    assert done.status != 0 and "weather.wit" in done.err, done.err


# ---- sdk/c


def test_the_word_counter_builds_passes_its_cases_and_is_installed(example, tmp_path):
    counter = example("sdk/c/examples/word-counter")
    said = counter.built()
    assert said["imports"] == ["boternity:skill/host"] and said["size_bytes"] < 40_000  # no stdio, no WASI
    assert counter.test().text.endswith("# 9 cases: 9 passed, 0 failed\n")
    (tmp_path / "texts").mkdir()
    counter.install("--allow", f"read={tmp_path}/texts::/docs")
    text = "Ünïcode, the the THE\n" * 50 + "l'été – don't stop"
    (tmp_path / "texts/text.txt").write_text(text)
    told = counter.run_installed('{"file": "/docs/text.txt", "top": 1}').json
    assert told == {"lines": 51, "words": 203, "characters": len(text), "different": 5, "top": [{"word": "the", "count": 150}]}


def test_many_different_words_are_counted_right(example):
    counter = example("sdk/c/examples/word-counter")
    counter.built()
    words = [f"w{i}" for i in range(20_000)] + ["w7"]
    told = counter.run(json.dumps({"text": " ".join(words), "top": 2})).json
    assert told["different"] == 20_000 and told["top"] == [{"word": "w7", "count": 2}, {"word": "w0", "count": 1}]


@pytest.fixture(scope="module")
def sdk(cordon, tmp_path_factory):
    """sdk("verb", "what") is the outcome of one call of c-sdk."""
    component = tmp_path_factory.mktemp("sdk") / "sdk.wasm"
    done = cordon("build", HERE / "c-sdk", "-o", component)
    assert done.status == 0 and "warning" not in done.err, done.err

    def call(verb, rest="", *options):
        return cordon("run", component, f"{verb} {rest}", "-j", *options).json
    return call


GOOD = ["0", "-0", "12", "-9223372036854775808", "9223372036854775807", "1.5", "1e3", "-2.5E-3", "1E+2", "0.1", "5e-324", "1.7976931348623157e308", "true", "false", "null", '""', '"a"',
        r'"\"\\\/\b\f\n\r\t"', r'"\u0041\u00e9\u20AC\ud83d\ude00"', r'"\u0000"', '"déjà 😀"', "[]", "[ ]", "{}", "{ }", "[1,2,[3,{}]]", ' \t\r\n[1 , 2 ]\n', '{"a":1,"b":{"c":[null,true]}}', '{"":0}',
        '{"a\\"b":"c"}', "[" * 64 + "]" * 64, '{"x":' * 63 + "1" + "}" * 63]
BAD = ["", " ", "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x10", "NaN", "Infinity", "tru", "truee", "nul", "'a'", '"', '"a', '"\\', '"\\x"', '"\\u12"', '"\\u12g4"', '"\t"', '"\n"', r'"\ud800"', r'"\ude00"',
       r'"\ud800\u0041"', r'"\ud800x"', "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{", "{a:1}", '{"a"}', '{"a":}', '{"a":1,}', '{"a":1 "b":2}', '{"a" 1}', "1 2", "[]]", "{}x", "[1}", '{"a":1]', "// x\n1",
       "[" * 65 + "]" * 65, "[" * 100_000]


@pytest.mark.parametrize("text", GOOD)
def test_json_is_read_and_written_alike(sdk, text):
    told = sdk("json", text)
    assert told["outcome"] == "ok" and json.loads(told["output"]) == json.loads(text), told
    again = sdk("json", told["output"])
    assert again["output"] == told["output"]


@pytest.mark.parametrize("text", BAD, ids=lambda text: repr(text[:20]))
def test_what_is_not_json_is_refused_with_its_place(sdk, text):
    told = sdk("json", text)
    assert told["outcome"] == "err" and told["error"]["message"].count("not JSON: byte ") == 1, told


def test_integers_beyond_64_bits_are_numbers_and_no_whole_ones(sdk):
    assert json.loads(sdk("json", "[9223372036854775808, -9223372036854775809]")["output"]) == [9223372036854775808.0, -9223372036854775808.0]


@pytest.mark.parametrize("raw", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"ok\x80ok", b"\xf0\x9f\x98", b"\xe0\x80\xaf", b"\x00\x01\x1f\x7f"])
def test_what_is_not_utf8_is_refused_when_read_and_replaced_when_written(sdk, raw):
    written = sdk("bytes", raw.hex())
    assert written["outcome"] == "ok"
    if any(b >= 0x80 for b in raw):
        assert "\ufffd" in json.loads(written["output"])
        assert "not UTF-8" in sdk("bytes", (b'"' + raw + b'"').hex())["error"]["message"]
    else:
        assert json.loads(written["output"]) == raw.decode()


def test_every_directive_of_an_error_is_printed(sdk):
    assert f"text|cu|x|-1|{-2**31}|{2**32 - 1}|-2|2|{-2**63}|{2**64 - 1}|7|-7|%|0" in sdk("print")["error"]["message"]


@pytest.mark.parametrize("what", ["e", "[", "{k", "{1e", "{kke", "[k1e", "11", "[e1", "{k1", "{ke", "[" * 65 + "e" * 65])
def test_json_written_in_a_wrong_order_is_an_error_and_no_answer(sdk, what):
    assert sdk("wrong", what)["outcome"] == "err"


@pytest.mark.parametrize("what, answer", [("1", "1"), ("[e", "[]"), ("[11{e{k1k1ee", '[1,1,{},{"k":1,"k":1}]'), ("[" * 64 + "e" * 64, "[" * 64 + "]" * 64)])
def test_json_written_in_order(sdk, what, answer):
    assert sdk("wrong", what)["output"] == answer


def test_the_functions_of_the_host(sdk, tmp_path):
    context = json.loads(sdk("context")["output"])
    assert context["skill"] == "sdk" and len(context["id"]) == 36 and context["memories"] == []
    assert sdk("file", "/data/x", "-a", f"write={tmp_path}::/data", "-a", f"read={tmp_path}::/data")["output"] == "written\n"
    assert (tmp_path / "x").read_text() == "written\n"
    assert sdk("env", "PLACE", "-e", "PLACE=here")["output"] == "here"
    logged = sdk("both")
    assert [(line["level"], line["message"]) for line in logged["log"]] == [("warn", "by the bindings"), ("info", "by the header: 1")]


@pytest.mark.parametrize("verb, rest", [("get", "http://127.0.0.1:9/"), ("post", "http://127.0.0.1:9/"), ("file", "/data/x"), ("env", "HOME"), ("secret", "key")])
def test_what_is_not_granted_is_the_error_of_the_skill(sdk, verb, rest):
    told = sdk(verb, rest)
    assert told["outcome"] == "err" and "capability denied" in told["error"]["message"], told


def test_a_page_is_fetched_and_posted_to(sdk):
    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)) or b"a page"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        try:
            assert sdk("get", f"{url}/", "-a", f"net={url}")["output"] == "a page"
            assert sdk("post", f"{url}/", "-a", f"net={url}")["output"] == "a body"
        finally:
            server.shutdown()
