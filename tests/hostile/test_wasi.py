# SPDX-License-Identifier: Apache-2.0
"""Guests that turn WASI against the host."""

import pytest
from hostile_ground import HERE, IS_SANITIZED, PATIENCE_S

BRIEF = ["-t", "300ms", "--fuel", "100G"]


@pytest.mark.parametrize("export", ["stdout", "stdout-at-once", "zeroes-for-ever"])
def test_output_is_capped(end, export):
    e = end("wasi", export)
    assert e.outcome == "output-too-large" and "1 MiB" in e.message


def log_is_capped(e):
    return len(e.json["log"]) <= 1001 and sum(len(line["message"].encode()) for line in e.json["log"]) <= 65 << 10


def test_writing_nothing_without_end_is_ended_by_the_clock(end):
    e = end("wasi", "stdout-empty", *BRIEF)
    assert e.outcome == "deadline" and log_is_capped(e)


def test_writing_without_end_is_ended_by_the_clock_or_by_what_it_carries(end):
    e = end("wasi", "stderr-without-lines", *BRIEF)
    assert e.outcome in ("deadline", "output-too-large") and log_is_capped(e)  # whichever a machine gets to first


def test_what_is_written_to_stderr_counts_as_bytes_of_host_calls(end):
    e = end("wasi", "stderr")
    assert e.outcome == "output-too-large" and "8 MiB" in e.message and log_is_capped(e)


@pytest.mark.parametrize("export", ["sleep", "sleep-for-ever", "sleep-until-the-end", "poll-for-ever"])
def test_sleep_ends_at_the_deadline(end, export):
    e = end("wasi", export, *BRIEF)
    assert e.outcome == "deadline" and 290_000 <= e.json["usage"]["wall_us"] < 3_000_000 and e.json["usage"]["cpu_us"] < 200_000


@pytest.mark.parametrize("export", ["naps-of-a-microsecond", "ask", "clocks", "churn", "random-for-ever"])
def test_host_calls_without_end_are_ended_by_the_clock(end, export):
    assert end("wasi", export, *BRIEF).outcome == "deadline"


@pytest.mark.parametrize("export", ["naps", "pollables", "streams", "subscriptions", "poll-many"])
def test_handles_cannot_be_hoarded(end, export):
    e = end("wasi", export)
    assert (e.outcome, e.trap) == ("trap", "host call failed") and ("table" in e.message or "limit" in e.message)


@pytest.mark.parametrize("export", ["block-nothing", "block-a-stream", "use-after-drop", "poll-nothing"])
def test_handles_that_are_none_end_the_guest(end, export):
    assert end("wasi", export).outcome == "trap"


@pytest.mark.parametrize("export", ["zeroes", "stdout-huge", "random", "insecure"])
def test_too_much_at_once_ends_the_guest(end, export):
    assert (e := end("wasi", export)).outcome == "trap" and e.trap == "host call failed" and e.seconds < PATIENCE_S / 2


@pytest.mark.parametrize("export", ["splice", "read-huge", "write-some"])
def test_small_things_asked_for_in_a_big_way_are_fine(end, export):
    assert end("wasi", export).outcome == "ok"


def test_only_a_command_may_exit(end):
    assert end("wasi", "exit").outcome == "trap"


def test_files_are_out_of_reach_however_they_are_named(end):
    e = end("files")
    assert e.outcome == "ok" and e.output == "E\n" * 32
    assert {d["capability"] for d in e.denials} == {"read", "write"} and "/etc/passwd" in str(e.denials)


def peak_kib(cordon, guest, export, *words):
    """The most memory the command ever held."""
    script = f'import resource,subprocess,sys; p = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); ' \
             f'print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)'
    done = cordon.shell(f"exec python3 -c '{script}' \"$CORDON\" run {guest} -c {export} {' '.join(words)}")
    return int(done.out)


@pytest.mark.skipif(IS_SANITIZED, reason="memory says little under a sanitizer")
@pytest.mark.parametrize("export", ["methods", "paths", "authorities", "fields", "many-fields"])
def test_http_messages_cannot_be_hoarded(cordon, end, export):
    assert end("http", export).outcome == "trap"
    assert peak_kib(cordon, HERE / "http.wat", export) < 128 << 10


@pytest.mark.skipif(IS_SANITIZED, reason="memory says little under a sanitizer")
@pytest.mark.parametrize("export", ["bools", "options", "enums", "points", "sets", "wide", "floats", "bytes-in-a-tuple", "nuls", "texts", "lists",
                                    "lists-of-lists", "errs"])
@pytest.mark.parametrize("n", [13_000, 400_000, 1_000_000])
def test_no_answer_takes_more_of_the_host_than_the_call_may_have_itself(cordon, export, n):
    assert peak_kib(cordon, HERE / "answers.wat", export, "--args", f"[{n}]") < (64 + 96) << 10


SENT = {"with-a-password": "https://host.example", "in-the-clear": "http://host.example", "metadata": "http://[::ffff:169.254.169.254]:80", "two-ats": "https://c:1",
        "no-port": "https://host.example:99999"}


@pytest.mark.parametrize("export", SENT)
def test_requests_are_refused_and_recorded_without_secrets(end, export):
    e = end("http-send", export)
    assert (e.outcome, e.output) == ("ok", 0)  # it is the answer to come that says no
    assert e.denials == [{"capability": "net", "wanted": SENT[export], "reason": "not-granted", "count": 1}]


@pytest.mark.parametrize("export", ["other-scheme", "no-host"])
def test_requests_that_are_malformed_are_refused_at_once(end, export):
    e = end("http-send", export)
    assert (e.outcome, e.output, e.denials) == ("ok", 1, [])


def test_requests_without_end_are_ended(end):
    e = end("http-send", "for-ever")
    assert e.outcome == "trap" and len(e.denials) == 1
