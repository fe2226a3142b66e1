# SPDX-License-Identifier: Apache-2.0
"""The audit: every run is a row, what somebody does to the rows is found, and nothing has an effect before it is on disk that its run has started."""

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import FIXTURES, Cordon

CONTRACT = ["invocation_id", "skill_name", "skill_version", "trust_tier", "capabilities_used", "input_hash", "output_hash", "fuel_consumed",
            "memory_peak_bytes", "duration_ms", "success", "error", "timestamp", "bot_id"]


class Kept(Cordon):
    """The command with a home of its own."""

    def __init__(self, cordon, home):
        super().__init__(cordon.path, {**cordon.env, "CORDON_HOME": str(home)})
        self.home = home

    def rows(self, *words):
        done = self("audit", "--json", *words)
        assert done.status == 0, done.err
        return done.json["rows"]

    def verify(self, *words):
        return self("audit", "--verify", "--json", *words)

    def holds(self):
        done = self.verify()
        assert done.status == 0 and done.json["ok"], done.out
        return done.json

    def sql(self, *statements):
        with sqlite3.connect(self.home / "audit.db") as db:
            for one in statements:
                db.execute(one)
        db.close()


@pytest.fixture
def kept(cordon, tmp_path):
    return Kept(cordon, tmp_path / "home")


def sha256(text):
    return hashlib.sha256(text if isinstance(text, bytes) else text.encode()).hexdigest()


# ---- rows ----

def test_every_run_is_a_row_with_all_that_the_contract_lists(kept, wat):
    assert kept("run", wat("echo"), "some text").text == "some text"
    [row] = kept.rows()
    assert set(CONTRACT) <= set(row)
    assert (row["skill_name"], row["trust_tier"], row["success"], row["error"], row["outcome"]) == ("echo", "untrusted", True, None, "ok")
    assert (row["input_hash"], row["output_hash"]) == (sha256("some text"), sha256("some text"))
    assert row["capabilities_used"] == [] and row["fuel_consumed"] > 0 and row["memory_peak_bytes"] >= 65536 and row["duration_ms"] >= 0
    assert row["bot_id"] is None and row["skill_version"] is None
    assert row["invocation_id"][14] == "7" and row["timestamp"].endswith("Z") and len(row["timestamp"]) == len("2026-01-31T12:00:00.000Z")


def test_the_row_is_of_the_run_that_json_shows(kept, wat):
    done = kept("run", wat("echo"), "x", "--json")
    [row] = kept.rows()
    assert row["invocation_id"] == done.json["invocation_id"] and row["fuel_consumed"] == done.json["usage"]["fuel"]


def test_the_table_can_be_asked_with_sqlite(kept, wat):
    kept("run", wat("echo"), "x")
    with sqlite3.connect(kept.home / "audit.db") as db:
        columns = ", ".join(CONTRACT)
        [row] = db.execute(f"SELECT {columns} FROM audit WHERE kind = 'call' ORDER BY seq DESC").fetchall()
    db.close()
    assert json.loads(row[CONTRACT.index("capabilities_used")]) == [] and row[CONTRACT.index("success")] == 1


def test_rows_are_shown_newest_first_by_skill_and_no_more_than_asked_for(kept, wat):
    for skill, text in ("echo", "1"), ("adder", None), ("echo", "2"):
        kept("run", wat(skill), text) if text else kept("run", wat(skill), "-c", "add", "--args", "[2, 3]")
    assert [row["skill_name"] for row in kept.rows()] == ["echo", "adder", "echo"]
    assert [row["input_hash"] for row in kept.rows("echo")] == [sha256("2"), sha256("1")]
    assert [row["input_hash"] for row in kept.rows("-n", "1")] == [sha256("2")]
    assert kept.rows("nobody") == [] and kept.rows("--bot", "nobody") == []
    [added] = kept.rows("adder")
    assert added["input_hash"] == sha256("[2, 3]") and added["output_hash"] == sha256("5")
    done = kept("audit", "echo", "-n", "1")
    assert done.status == 0 and done.text.count("\n") == 1 and "  ok  echo  " in done.text


def test_what_failed_is_told_in_cordons_words_and_the_skills_own_as_a_hash(kept, wat):
    assert kept("run", wat("err"), "the password is swordfish").status == 1
    assert kept("run", wat("spin"), "x", "--fuel", "100000").status == 4
    assert kept("run", wat("traps"), "-c", "unreachable").status in (2, 5)
    by_name = {row["skill_name"]: row for row in kept.rows()}
    assert by_name["err"]["error"].startswith("err: the skill returned an error (sha256:") and by_name["err"]["success"] is False
    assert by_name["spin"]["error"] == "out-of-fuel: its fuel ran out"
    assert b"swordfish" not in b"".join(path.read_bytes() for path in kept.home.iterdir())


def test_a_trap_is_told_by_its_kind(kept, wat):
    done = kept("inspect", wat("traps"), "--json").json
    export = next(e["name"] for e in done["exports"] if "div" in e["name"] or "unreachable" in e["name"])
    assert kept("run", wat("traps"), "-c", export).status == 5
    assert kept.rows()[0]["error"].startswith("trap: ")


def test_what_was_denied_is_counted_and_not_said_to_be_used(kept, wat):
    kept("run", wat("fetch"), "https://example.invalid/")
    [row] = kept.rows()
    assert row["capabilities_used"] == [] and row["denials"] == 2


def test_arguments_of_a_command_count_as_input(kept, wat):
    done = kept("run", wat("wasi-cat"), "in", "--", "one", "two")
    assert done.status == 3, done.err
    assert kept.rows()[0]["input_hash"] == sha256("in\0one\0two")


def test_a_run_that_never_started_has_a_row_only_if_it_had_an_id(kept, wat):
    assert kept("run", wat("echo"), "x", "--fuel", "0").status == 2
    assert kept.rows() == []


def test_other_commands_leave_no_rows(kept, wat):
    for words in ("inspect", wat("echo")), ("tools", wat("echo")), ("bench", wat("echo"), "x"), ("doctor",):
        kept(*words)
    assert not (kept.home / "audit.db").exists()


# ---- effects ----

def uses(kept):
    return kept.rows()[0]["capabilities_used"]


def started(kept):
    """Kinds of all rows, in the order they were written."""
    with sqlite3.connect(kept.home / "audit.db") as db:
        kinds = [kind for kind, in db.execute("SELECT kind FROM audit ORDER BY seq")]
    db.close()
    return kinds


def test_reading_and_writing_files_is_told(kept, wat, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "a").write_text("x")
    assert kept("run", wat("read-write"), "--args", json.dumps([f"{data}/a"]), "-a", f"read={data}").status == 0
    assert uses(kept) == ["read"]
    assert kept("run", wat("read-write"), "-c", "write", "--args", json.dumps([f"{data}/b", "new"]), "-a", f"rw={data}").status == 0
    assert uses(kept) == ["write"]
    assert started(kept) == ["started", "call"] * 2
    kept.holds()


def test_variables_and_secrets_are_told(kept, wat):
    assert kept("run", wat("env"), "COLOUR", "-e", "COLOUR=green").text == "green"
    assert uses(kept) == ["env"] and started(kept) == ["started", "call"]
    assert kept("run", wat("wasi-env"), "-e", "COLOUR=green").status == 0
    assert uses(kept) == ["env"]


def test_grants_that_are_not_used_are_no_effects(kept, wat):
    assert kept("run", wat("echo"), "hi", "-a", f"read={FIXTURES}", "-a", "net=example.com", "-e", "A=b").text == "hi"
    assert uses(kept) == [] and started(kept) == ["call"]


@pytest.mark.skipif(not shutil.which("clang-14") and not shutil.which("clang"), reason="clang is not installed")
def test_files_of_wasi_are_told(kept, tmp_path):
    shutil.copy(FIXTURES / "wasi-files.c", tmp_path / "skill.c")
    assert kept("build", tmp_path, "-o", tmp_path / "files.wasm").status == 0
    data = tmp_path / "data"
    data.mkdir()
    (data / "a").write_text("x")
    run = lambda *words: kept("run", tmp_path / "files.wasm", "-a", f"rw={data}::/data", "--", *words)
    assert run("cat", "/data/a").text == "x\n"
    assert uses(kept) == ["read"]
    assert run("put", "/data/b", "y").text == "ok\n"
    assert "write" in uses(kept)
    assert run("list", "/data").text == "a b\n"
    assert uses(kept) == ["read"]
    assert started(kept) == ["started", "call"] * 3


class Watching(ThreadingHTTPServer):
    """At each request: what the audit says then."""
    daemon_threads = True
    kept, seen = None, None

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.seen.append(self.server.kept.rows())
            if self.path == "/never":
                time.sleep(60)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *args):
            pass


@pytest.fixture
def server(kept):
    with Watching(("127.0.0.1", 0), Watching.Handler) as made:
        made.kept, made.seen = kept, []
        threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
        made.url, made.grant = f"http://localhost:{made.server_port}", f"net=localhost:{made.server_port}"
        yield made
        made.shutdown()


def test_it_is_on_disk_that_a_call_has_started_before_a_request_goes_out(kept, wat, server):
    done = kept("run", wat("fetch"), f"{server.url}/", "-a", server.grant, "--json")
    assert done.status == 0, done.out
    for rows in server.seen:
        assert [(row["outcome"], row["invocation_id"], row["success"]) for row in rows] == [("unfinished", done.json["invocation_id"], None)]
    [row] = kept.rows()
    assert row["outcome"] == "ok" and row["capabilities_used"] == ["net"]
    assert len(server.seen) == 2 and started(kept) == ["started", "call"]  # the guest fetches twice
    kept.holds()


def test_a_kill_in_the_middle_of_an_effect_leaves_that_the_call_had_started(kept, wat, server):
    with kept.popen("run", wat("fetch"), f"{server.url}/never", "-a", server.grant) as child:
        end = time.monotonic() + 60
        while not server.seen and time.monotonic() < end:
            time.sleep(0.01)
        child.kill()
    [row] = kept.rows()
    assert (row["skill_name"], row["outcome"], row["success"]) == ("fetch", "unfinished", None)
    kept.holds()
    assert "  unfinished  fetch" in kept("audit").text


def test_an_interrupted_run_is_a_row(kept, wat, server):
    with kept.popen("run", wat("fetch"), f"{server.url}/never", "-a", server.grant) as child:
        end = time.monotonic() + 60
        while not server.seen and time.monotonic() < end:
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=60)
        assert child.returncode == -signal.SIGINT
    assert kept.rows()[0]["error"] == "cancelled: it was cancelled"


# ---- where none can be kept ----

def broken(kept):
    kept.home.mkdir(mode=0o700)
    (kept.home / "audit.db").write_bytes(b"no database" * 1000)
    (kept.home / "audit.db").chmod(0o600)


def test_a_run_with_grants_is_refused_while_the_audit_is_broken(kept, wat):
    broken(kept)
    done = kept("run", wat("echo"), "x", "-a", f"read={FIXTURES}")
    assert done.status == 7 and done.out == b""
    assert "has grants and is not run, because its call could not be audited" in done.err and "audit.db" in done.err
    assert kept("run", wat("echo"), "x", "-a", f"read={FIXTURES}", "--json").json["error"]["id"] == "damaged"


def test_a_run_without_grants_goes_on_and_says_that_it_is_not_in_the_audit(kept, wat):
    broken(kept)
    done = kept("run", wat("echo"), "x")
    assert (done.status, done.text) == (0, "x") and "this call is not in the audit: " in done.err
    assert kept("run", wat("echo"), "x", "-q").err == ""


def test_a_home_that_cannot_be_made_refuses_what_has_effects(cordon, wat, tmp_path):
    (tmp_path / "file").write_text("")
    kept = Kept(cordon, tmp_path / "file/home")
    done = kept("run", wat("env"), "COLOUR", "-e", "COLOUR=green")
    assert done.status == 7 and "could not be audited" in done.err
    assert kept("run", wat("echo"), "x").text == "x"


def test_a_full_disk_lets_nothing_begin(kept, wat, tmp_path):
    """A limit on the size of files stands in for a disk that is full."""
    kept("run", wat("echo"), "x")
    done = kept.shell(f'ulimit -f 1; trap "" XFSZ; exec "$CORDON" run {wat("env")} COLOUR -e COLOUR=green')
    assert done.status != 0 and b"green" not in done.out
    assert "audit" in done.err
    kept.holds()


def test_doctor_says_what_is_wrong_with_the_audit(kept, wat):
    find = lambda: next(row for row in kept("doctor", "--json").json["checks"] if row["name"] == "audit")
    assert find()["status"] == "ok" and "none yet" in find()["detail"]
    kept("run", wat("echo"), "x")
    assert find()["status"] == "ok"
    (kept.home / "audit.key").unlink()
    row = find()
    assert row["status"] == "fail" and "audit.key is gone" in row["detail"] and "old-audit" in row["hint"]


# ---- what is done to the rows ----

@pytest.fixture
def ten(kept, wat):
    for n in range(3):
        kept("run", wat("echo"), str(n))
    for n in range(3):
        kept("run", wat("env"), "A", "-e", f"A={n}")
    assert kept.holds()["rows"] == 9
    return kept


@pytest.mark.parametrize("done_to_them, fault, first, last", [
    ("UPDATE audit SET skill_name = 'other' WHERE seq = 2", "changed", 2, 2),
    ("UPDATE audit SET success = 0, error = 'x' WHERE seq = 5", "changed", 5, 5),
    ("UPDATE audit SET timestamp = '2020-01-01T00:00:00.000Z' WHERE seq = 3", "changed", 3, 3),
    ("UPDATE audit SET link = randomblob(32) WHERE seq = 4", "changed", 4, 4),
    ("DELETE FROM audit WHERE seq = 4", "missing", 4, 4),
    ("DELETE FROM audit WHERE seq BETWEEN 1 AND 3", "missing", 1, 3),
    ("DELETE FROM audit WHERE seq > 6", "cut", 7, 9),
    ("DELETE FROM audit", "cut", 1, 9),
    ("INSERT INTO audit SELECT 10, kind, invocation_id, skill_name, skill_version, trust_tier, capabilities_used, input_hash, output_hash, fuel_consumed,"
     " memory_peak_bytes, duration_ms, success, error, timestamp, bot_id, outcome, denials, link, seal FROM audit WHERE seq = 9", "changed", 10, 10),
    ("UPDATE audit SET seq = CASE seq WHEN 2 THEN -3 ELSE -2 END WHERE seq IN (2, 3)", "changed", -3, -3),
    ("UPDATE audit SET kind = 'checkpoint', seal = link WHERE seq = 4", "unsealed", 4, 4),
    ("UPDATE audit SET fuel_consumed = 'many' WHERE seq = 4", "malformed", 4, 4),
    ("UPDATE audit SET link = NULL WHERE seq = 4", None, 0, 0),
])
def test_what_is_edited_with_sqlite_is_found(ten, done_to_them, fault, first, last):
    try:
        ten.sql(done_to_them)
    except sqlite3.IntegrityError:
        assert fault is None  # the table does not take it
        return
    done = ten.verify()
    found = done.json["findings"][0]
    if first < 0:
        assert done.status == 7 and not done.json["ok"]
        return
    assert done.status == 7 and (found["fault"], found["first"], found["last"]) == (fault, first, last), done.out
    told = ten("audit", "--verify")
    assert told.status == 7 and found["message"] in told.text and "the audit does not hold" in told.err


def test_a_cut_end_is_found_by_a_noted_head_when_the_file_of_the_head_is_cut_too(ten, wat):
    before = (ten.home / "audit.head").read_text()
    ten("run", wat("echo"), "the one to hide")
    noted = ten.holds()["head"]
    ten.sql("DELETE FROM audit WHERE seq > 9")
    (ten.home / "audit.head").write_text(before)
    assert ten.verify().json["ok"]
    done = ten.verify("--head", noted)
    assert done.status == 7 and done.json["findings"][0]["fault"] == "cut" and done.json["findings"][0]["first"] == 10
    assert ten("audit", "--verify", "--head", noted + "\n").status == 7


def test_the_head_that_is_printed_is_that_of_the_file_and_can_be_given_back(ten):
    head = ten.holds()["head"]
    assert (ten.home / "audit.head").read_text() == head + "\n"
    assert f"9 rows hold; head {head}" in ten("audit", "--verify").text
    assert ten.verify("--head", head).status == 0
    number, digest = head.split(":")
    wrong = f"{number}:{'0' if digest[0] != '0' else '1'}{digest[1:]}"
    assert ten.verify("--head", wrong).json["findings"][0]["fault"] == "other-head"
    assert ten("audit", "--verify", "--head", "9:abc").status == 2


def test_rows_behind_a_cut_end_tell_of_it(ten, wat):
    ten.sql("DELETE FROM audit WHERE seq > 6")
    ten("run", wat("echo"), "x")
    assert [row["kind"] for row in ten.rows("-n", "2")] == ["call", "lost"]
    assert "3 rows that audit.head told of are gone" in ten.rows("-n", "2")[1]["error"]
    done = ten.holds()
    assert done["gaps"] == 1
    assert "tell that others are missing" in ten("audit", "--verify").text


def test_without_its_key_nothing_is_verified_and_nothing_added(ten, wat):
    (ten.home / "audit.key").unlink()
    done = ten("audit", "--verify")
    assert done.status == 7 and "audit.key is gone" in done.err
    assert ten("run", wat("env"), "A", "-e", "A=b").status == 7
    assert len(ten.rows()) == 6  # what is there can still be read


def test_a_damaged_database_is_a_clear_error(ten, wat):
    shutil.copy(ten.home / "audit.db", ten.home / "kept")
    for name in ("audit.db-wal", "audit.db-shm"):
        (ten.home / name).unlink(missing_ok=True)
    (ten.home / "audit.db").write_bytes(b"SQLite format 3\0" + os.urandom(8192))
    for words in ("audit",), ("audit", "--verify"), ("audit", "--prune"):
        done = ten(*words)
        assert done.status == 7 and "audit.db" in done.err, done.err


# ---- keeping ----

def test_old_rows_go_behind_a_checkpoint_and_the_rest_verifies(kept, wat, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text("[audit]\nrows = 100\n")
    config.chmod(0o600)
    kept("run", wat("echo"), "x")
    assert kept("audit", "--prune", "--config", config).text == "0 rows pruned\n"
    for n in range(5):
        kept("run", wat("echo"), str(n))
    assert kept("audit", "--prune", "--config", config, "--json").json == {"cordon": 1, "pruned": 0}
    assert kept.holds() == {**kept.holds(), "rows": 6, "pruned": 0}


@pytest.mark.parametrize("words", [("--head", "1:ab"), ("--verify", "name"), ("--prune", "--bot", "x"), ("--verify", "--prune"), ("-n", "0"), ("-n", "10001"), ("-n", "x")])
def test_what_makes_no_sense_is_a_usage_error(kept, words):
    assert kept("audit", *words).status == 2


def test_an_audit_that_never_began_is_no_error(kept):
    assert kept("audit").text == "" and kept.rows() == []
    assert "there is no audit yet" in kept("audit", "--verify").text
    assert kept.verify().json["head"] is None
    assert not kept.home.exists()


# ---- many ----

def test_runs_at_once_make_one_chain(kept, wat):
    children = [kept.popen("run", wat("echo"), str(n)) for n in range(12)]
    for child in children:
        out, err = child.communicate(timeout=120)
        assert child.returncode == 0 and not err, err
    assert kept.holds()["rows"] == 12


def test_kills_at_any_moment_leave_a_chain_that_verifies(kept, wat):
    kept("run", wat("echo"), "warm")
    for n in range(25):
        child = kept.popen("run", wat("env"), "A", "-e", "A=b")
        time.sleep(n * 0.002)
        child.kill()
        child.communicate(timeout=60)
        assert kept.holds()["gaps"] == 0
    assert {row["outcome"] for row in kept.rows()} <= {"ok", "unfinished"}


def test_names_that_would_move_a_terminal_are_escaped(kept, wat, tmp_path):
    odd = tmp_path / "e\x1b[31mo.wat"
    shutil.copy(wat("echo"), odd)
    kept("run", odd, "x")
    assert "\x1b" not in kept("audit").text
