# SPDX-License-Identifier: Apache-2.0
"""Guests as the toolchains of their languages make them, run by the command as a stranger's: the limits are the untrusted defaults, and nothing is granted
but the folders that some tests name.

Each answers to the same verbs, in its language's own ways (`guest.*` in the folders beside this file). What a language has none of is not in
its guest: the lists below say which.
"""

import os
import subprocess
import time
from pathlib import Path

import pytest
from conftest import ROOT

MIB = 1 << 20
MEMORY = 64 * MIB  # the untrusted tier's default
AT_ONCE = 50

GUESTS = ["c", "javascript", "javascript-stubbed", "python", "rust", "rust-wasi", "go"]
WITH_WASI = ["c", "javascript", "python", "rust-wasi", "go"]
WITHOUT_WASI = ["javascript-stubbed", "rust"]
WITH_FILES = ["python", "rust-wasi"]
WITH_STDERR = ["c", "python", "rust-wasi", "go"]
REFUSED = {"c": "Permission denied", "python": "PermissionError", "rust-wasi": "permission denied", "go": "Permission denied"}
CATCHES_ALL = ["javascript", "javascript-stubbed"]  # whatever goes wrong in it is an exception, and an exception the skill's own error
TEXTS = ["", "abc", "Grüße", "e\u0301 ﷽ 🦊👩\u200d🚀 \u202eabc", "\t\r\n \x7f\x1b[31m", "日本語" * 5000]
ALIKE = ["upper abc", "context", "fail the cat ate it", "fail ", "no-such-verb", "fetch https://api.example/v1", *(f"echo {text}" for text in TEXTS)]


def every(names, **how):
    return pytest.mark.guests(names, **how)


# ---- loading


@every(GUESTS, loudly=True)
def test_it_is_compiled_once_within_the_default_bounds(guest):
    done = guest.command("run", "upper abc", env={"CORDON_HELPER": "/nonexistent"})  # nothing left to compile with
    assert (done.status, done.text) == (0, "ABC"), done.err


@every(GUESTS)
def test_inspect_tells_what_it_is(guest):
    seen = guest.command("inspect", "-j").json
    assert seen["world"] == "skill" and seen["tier"] == "untrusted" and seen["default_export"] == "execute"
    types = {one["name"]: one["type"] for one in seen["exports"] if one["callable"]}
    assert types == {
        "get-name": "func() -> string",
        "get-description": "func() -> string",
        "execute": "func(input: string) -> result<string, string>",
        "measure": "func(text: string) -> result<record { words: u32, longest: string }, string>",
    }
    assert "boternity:skill/host" in {one["name"] for one in seen["imports"]}
    assert all(one["offered"] for one in seen["imports"])
    assert "net" in seen["asks"]


@every(WITHOUT_WASI)
def test_without_wasi_it_imports_the_skill_interface_alone(guest):
    assert [one["name"] for one in guest.command("inspect", "-j").json["imports"]] == ["boternity:skill/host"]


@every(GUESTS)
def test_its_functions_are_tools(guest):
    tools = {tool["name"]: tool["inputSchema"] for tool in guest.command("tools").json}
    assert set(tools) == {"guest", "measure"}
    for name, parameter in (("guest", "input"), ("measure", "text")):
        assert tools[name]["properties"][parameter]["type"] == "string" and tools[name]["required"] == [parameter]


# ---- answers


@every(GUESTS)
def test_it_answers_and_its_log_lines_are_kept(guest):
    done = guest("upper abc")
    assert (done["outcome"], done["output"]) == ("ok", "ABC")
    assert done["log"] == [{"level": "info", "message": "upper of 3"}]
    assert done["denials"] == []


@every(GUESTS)
@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_text_of_any_kind_comes_back_as_it_was(guest, text):
    assert guest(f"echo {text}")["output"] == text


@every(GUESTS)
def test_an_answer_stays_far_within_the_limits(guest):
    usage = guest("upper abc")["usage"]
    assert usage["fuel_exact"] and 0 < usage["fuel"] < 5_000_000
    assert 0 < usage["memory_peak_bytes"] < 16 * MIB


@every(GUESTS)
def test_it_learns_its_context(guest):
    assert guest("context")["output"] == "guest 36"


@every(GUESTS)
def test_its_own_error_is_an_outcome(guest):
    done = guest("fail the cat ate it")
    assert (done["outcome"], done["error"]["value"]) == ("err", "the cat ate it")
    assert guest.command("run", "fail x").status == 1


@every(GUESTS)
def test_its_typed_export_takes_and_gives_json(guest):
    assert guest.measure({"text": "to be  or not to beep"}).json["output"] == {"words": 6, "longest": "beep"}
    assert guest.measure({"text": " "}).json["error"]["value"] == "there are no words"
    done = guest.measure({"text": 1})
    assert done.status == 2 and "text: expected a string" in done.json["error"]["message"]


def test_guests_in_all_languages_answer_alike(guests):
    if guests.here == ["c"]:
        pytest.skip("there is but the guest in C (make guests)")
    for text in ALIKE:
        done = {name: guests(name)(text) for name in guests.here}
        answers = {name: (one["outcome"], one["output"], one["error"] and one["error"]["value"], one["denials"]) for name, one in done.items()}
        assert len(set(map(repr, answers.values()))) == 1, answers


@pytest.fixture(scope="session")
def many(cordon, tmp_path_factory):
    """many(file, inputs): the lines of examples/embed/epoll.c, a program on the library that starts all of its calls at once."""
    build = Path(os.environ["CORDON_BUILD"])
    if b"__asan_init" in (build / "src/libcordon.so").read_bytes():
        pytest.skip("a sanitizer's library wants its runtime in the program too")
    program = tmp_path_factory.mktemp("many") / "epoll"
    subprocess.run(["gcc", "-std=gnu17", f"-I{ROOT}/include", "-o", program, ROOT / "examples/embed/epoll.c", f"-L{build}/src", f"-Wl,-rpath,{build}/src", "-lcordon"], check=True)

    def run(file, inputs):
        env = {**cordon.env, "CORDON_HELPER": str(build / "cli/cordon-helper")}
        done = subprocess.run([program, file, *inputs], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=True)
        return done.stdout.splitlines()

    return run


@every(GUESTS)
def test_many_calls_at_once_answer_each_its_own(guest, many):
    inputs = [f"upper call {n}" for n in range(AT_ONCE)]
    assert sorted(many(guest.file, inputs)) == sorted(f"upper call {n}: CALL {n}" for n in range(AT_ONCE))


# ---- refusals


@every(GUESTS)
def test_a_request_is_denied_and_listed(guest):
    done = guest("fetch https://api.example/v1?key=x")
    assert done["outcome"] == "err"
    assert done["error"]["value"] == "capability denied: HttpGet not granted for skill 'guest'"
    assert done["denials"] == [{"capability": "net", "wanted": "https://api.example/v1", "reason": "not-granted", "count": 1}]
    assert guest.command("run", "fetch https://api.example/v1").status == 3


@every(REFUSED)
@pytest.mark.parametrize("verb, path, capability", [("read", "/etc/passwd", "read"), ("write", "/tmp/x", "write"), ("list", "/etc", "read")])
def test_a_file_is_refused_as_an_ordinary_error_and_the_attempt_is_seen(guest, verb, path, capability):
    done = guest(f"{verb} {path}")
    assert (done["outcome"], done["output"]) == ("ok", REFUSED[guest.name])
    assert {"capability": capability, "wanted": path, "reason": "not-granted"}.items() <= done["denials"][0].items()
    assert len(done["denials"]) == 1


@every(REFUSED)
def test_it_reads_a_granted_folder_and_is_denied_outside_it(guest, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.txt").write_text("grün")
    (tmp_path / "secret").write_text("SECRET")
    (data / "link").symlink_to("../secret")
    grant = ("-a", f"read={data}::/data")
    done = guest("read /data/a.txt", *grant)
    assert (done["outcome"], done["output"], done["denials"]) == ("ok", "grün", [])
    assert guest("list /data", *grant)["output"] in ("2", "4")  # with or without . and ..
    assert "SECRET" not in (guest("read /data/link", *grant)["output"] or "")
    for path, wanted in (("/data/../secret", "/secret"), ("/etc/passwd", "/etc/passwd")):
        done = guest(f"read {path}", *grant)
        assert done["output"] == REFUSED[guest.name]
        assert done["denials"] == [{"capability": "read", "wanted": wanted, "reason": "not-granted", "count": 1}]
    done = guest("write /data/n", *grant)
    assert done["output"] == REFUSED[guest.name] and done["denials"][0]["capability"] == "write"
    done = guest("write /data/n", "-a", f"rw={data}::/data")
    assert (done["output"], done["denials"]) == ("written", []) and (data / "n").read_text() == "x"


@every(REFUSED)
def test_there_is_nothing_in_its_root_and_no_variable_in_its_environment(guest):
    done = guest("list /")
    assert done["output"] in ("0", "2")  # with or without . and ..
    assert done["denials"] == []
    assert guest("env")["output"] == "0"


@every(["python"])
def test_a_look_up_is_refused_as_an_ordinary_error(guest):
    done = guest("connect api.example")
    assert (done["outcome"], done["output"]) == ("ok", "PermissionError")
    assert [(one["capability"], one["reason"]) for one in done["denials"]] == [("socket", "not-offered")]


# ---- a granted folder


@pytest.fixture
def data(tmp_path):
    """A folder with a file, and links that lead out of it; beside it a file that nobody granted."""
    folder = tmp_path / "data"
    folder.mkdir()
    (tmp_path / "secret").write_text("SECRET")
    (folder / "x.txt").write_text("grün")
    (folder / "out").symlink_to("../secret")
    (folder / "absolute").symlink_to("/etc/passwd")
    return folder


@every(WITH_FILES)
def test_a_granted_folder_is_read_and_listed(guest, data):
    for text, answer in (("read /data/x.txt", "grün"), ("list /data", "3")):
        done = guest(text, "-a", f"read={data}::/data")
        assert (done["outcome"], done["output"], done["denials"]) == ("ok", answer, []), text


@every(WITH_FILES)
@pytest.mark.parametrize("path", ["/etc/passwd", "/data/../etc/passwd", "/other", "/database"])
def test_outside_a_granted_folder_a_file_is_refused_and_the_attempt_is_seen(guest, data, path):
    done = guest(f"read {path}", "-a", f"read={data}::/data")
    assert (done["outcome"], done["output"]) == ("ok", REFUSED[guest.name])
    assert done["denials"] == [{"capability": "read", "wanted": os.path.normpath(path), "reason": "not-granted", "count": 1}]


@every(WITH_FILES)
@pytest.mark.parametrize("name", ["out", "absolute"])
def test_a_link_does_not_lead_out_of_a_granted_folder(guest, data, name):
    done = guest(f"read /data/{name}", "-a", f"rw={data}::/data")
    assert (done["outcome"], done["output"]) == ("ok", REFUSED[guest.name])
    assert guest(f"write /data/{name}", "-a", f"rw={data}::/data")["output"] == REFUSED[guest.name]
    assert (data.parent / "secret").read_text() == "SECRET"


@every(WITH_FILES)
def test_a_folder_is_written_only_where_that_is_granted(guest, data):
    done = guest("write /data/x.txt", "-a", f"read={data}::/data")
    assert (done["outcome"], done["output"]) == ("ok", REFUSED[guest.name])
    assert done["denials"] == [{"capability": "write", "wanted": "/data/x.txt", "reason": "not-granted", "count": 1}]
    assert (data / "x.txt").read_text() == "grün"
    done = guest("write /data/x.txt", "-a", f"rw={data}::/data")
    assert (done["output"], done["denials"]) == ("written", [])
    assert (data / "x.txt").read_text() == "x"


# ---- what needs no grant


@every(WITH_WASI)
def test_its_clock_is_right(guest):
    assert abs(float(guest("clock")["output"].rstrip()) - time.time()) < 120


@every(WITH_STDERR)
def test_random_numbers_differ_from_call_to_call(guest):
    assert guest("random")["output"] != guest("random")["output"]


@every(WITH_STDERR)
def test_its_stderr_is_captured(guest):
    done = guest("say hello there")
    assert (done["outcome"], done["output"]) == ("ok", "said")
    assert done["log"] == [{"level": "warn", "message": "hello there"}]


@every(["go"])
def test_its_garbage_is_collected(guest):
    done = guest("churn")
    assert done["output"] == "done" and done["usage"]["memory_peak_bytes"] < MEMORY / 2


# ---- bad ends, and the next call is fine


@every([name for name in GUESTS if name not in CATCHES_ALL])
def test_a_panic_is_a_trap_and_says_why(guest):
    done = guest("panic the sky is falling")
    assert done["outcome"] == "trap" and done["error"]["backtrace"]
    assert any("the sky is falling" in line["message"] for line in done["log"]), done["log"]


@every(CATCHES_ALL)
def test_an_exception_is_the_skills_own_error(guest):
    done = guest("panic the sky is falling")
    assert (done["outcome"], done["error"]["value"]) == ("err", "the sky is falling")


@every(GUESTS)
def test_a_loop_runs_out_of_fuel(guest):
    done = guest("spin", "--fuel", "50M")
    assert done["outcome"] == "out-of-fuel" and done["usage"]["fuel"] >= 50_000_000


@every(GUESTS)
def test_a_loop_runs_into_its_deadline(guest):
    start = time.monotonic()
    done = guest("spin", "-t", "300ms")
    assert done["outcome"] == "deadline" and done["usage"]["wall_us"] >= 300_000
    assert time.monotonic() - start < 10


@every(GUESTS)
def test_memory_without_end_is_refused_at_the_limit(guest):
    done = guest("hog")
    assert MEMORY / 2 < done["usage"]["memory_peak_bytes"] <= MEMORY
    if guest.name in CATCHES_ALL:
        assert (done["outcome"], done["error"]["value"]) == ("err", "out of memory")
    else:
        assert done["outcome"] == "out-of-memory"


@every(GUESTS)
def test_recursion_without_end_is_a_trap_and_the_next_call_is_fine(guest):
    assert guest("deep")["outcome"] == "trap"
    assert guest("upper abc")["output"] == "ABC"
