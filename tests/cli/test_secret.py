# SPDX-License-Identifier: Apache-2.0
"""cordon secret: set, list, remove; and that a value is seen nowhere."""

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import termios
import time

import pytest
from conftest import is_sanitized

NOBODY = 65534
VALUE = "tok-5f1d9c77-never-shown"


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def secret(cordon, home):
    """secret("list") in a home of its own."""
    def run(*words, **options):
        options["env"] = {"CORDON_HOME": str(home), **options.pop("env", {})}
        return cordon("secret", *words, **options)
    return run


def files_of(home):
    return [path for path in home.rglob("*") if path.is_file()]


def sealed(home, name):
    return len((home / "secrets" / name).read_bytes())


# ---- setting ----

def test_set_list_remove(secret, home):
    assert secret("set", "b", input=VALUE.encode()).status == 0
    assert secret("set", "a", "-", input=b"x").status == 0
    done = secret("list")
    assert done.status == 0 and [line.split() for line in done.text.splitlines()] == [[line.split()[0], name] for line, name in zip(done.text.splitlines(), "ab")]
    done = secret("remove", "a")
    assert (done.status, done.out, done.err) == (0, b"", "")
    assert [row["name"] for row in secret("list", "-j").json["secrets"]] == ["b"]
    assert secret("remove", "a").status == 2


def test_json(secret):
    assert secret("list", "-j").json == {"cordon": 1, "secrets": []}
    assert secret("set", "a", "-j", input=b"1").json == {"cordon": 1, "name": "a"}
    (row,) = secret("list", "-j").json["secrets"]
    assert row["name"] == "a" and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["set_at"])
    assert secret("remove", "a", "-j").json == {"cordon": 1, "name": "a"}
    assert secret("remove", "a", "-j").json["error"]["id"] == "not-kept"


def test_one_newline_at_the_end_is_dropped_unless_it_is_meant(secret, home, tmp_path):
    path = tmp_path / "value"
    path.write_bytes(b"12345\n\n")
    lengths = []
    for words, given in ((["-"], b"12345"), (["-"], b"12345\n"), (["-"], b"12345\n\n"), (["-", "--exact"], b"12345\n"), ([f"@{path}"], None),
                         ([f"@{path}", "--exact"], None)):
        assert secret("set", "a", *words, input=given).status == 0
        lengths.append(sealed(home, "a"))
    assert [n - lengths[0] for n in lengths] == [0, 0, 1, 1, 1, 2]


@pytest.mark.parametrize("value, status, says", [(b"", 2, "empty"), (b"\n", 2, "empty"), (b"\xff\xfe", 2, "UTF-8"), (b"x" * 65536, 0, ""), (b"x" * 65536 + b"\n", 0, ""),
                                                 (b"x" * 65537, 6, "64 KiB"), (b"x" * 1_000_000, 6, "over 65536 bytes")])
def test_what_a_value_may_be(secret, value, status, says):
    done = secret("set", "a", input=value)
    assert done.status == status and says in done.err


def test_a_file_that_is_not_there(secret, tmp_path, home):
    done = secret("set", "a", f"@{tmp_path}/none")
    assert done.status == 7 and "cannot open" in done.err and not home.exists()


# ---- what is typed in the wrong place ----

@pytest.mark.parametrize("words", [["set", "a", VALUE], ["set", "a", "-", VALUE], ["set", "a", *VALUE.split("-"), "-"]])
def test_a_value_as_a_word_is_refused_and_the_reason_said(secret, home, words):
    done = secret(*words, input=b"x")
    assert done.status == 2 and "list of processes" in done.err and "@FILE" in done.err and not home.exists()


@pytest.mark.parametrize("words", [["set", "a", VALUE], ["set", "a", f"--{VALUE}"], ["set", "a", f"-{VALUE}"], ["set", f"!{VALUE}"], [VALUE], ["list", VALUE],
                                   ["remove", f"{VALUE}/"], ["remove", "a", VALUE], ["set", "a", f"--exact={VALUE}"], ["set", f"{VALUE} "]])
def test_nothing_that_was_typed_is_repeated(secret, words):
    for more in ([], ["-j"]):
        done = secret(*words, *more, input=b"x")
        assert done.status == 2
        assert VALUE not in done.text + done.err and "5f1d9c77" not in done.text + done.err


def test_near_action(secret):
    assert "did you mean list?" in secret("lsit").err
    assert "begins with what to do" in secret("frobnicate").err


# ---- where it is ----

def test_a_value_lies_nowhere_in_the_home_in_plain(secret, home, cordon):
    secret("set", "a", input=VALUE.encode())
    assert len(files_of(home)) == 2
    for path in files_of(home):
        assert VALUE.encode() not in path.read_bytes() and path.stat().st_mode & 0o777 == 0o600
    assert all(path.stat().st_mode & 0o777 == 0o700 for path in [home, home / "secrets"])


def test_the_home_is_where_the_environment_says(cordon, tmp_path):
    env = {"CORDON_HOME": "", "HOME": str(tmp_path)}
    assert cordon("secret", "set", "a", input=b"1", env=env).status == 0
    assert (tmp_path / ".local/share/cordon/secrets/a").exists()
    assert cordon("secret", "set", "a", input=b"1", env={**env, "XDG_DATA_HOME": str(tmp_path / "data")}).status == 0
    assert (tmp_path / "data/cordon/secrets/a").exists()
    done = cordon("secret", "set", "a", input=b"1", env={"CORDON_HOME": "here"}, cwd=tmp_path)
    assert done.status == 7 and "CORDON_HOME" in done.err and not (tmp_path / "here").exists()


@pytest.mark.parametrize("place, mode, command", [("", 0o755, "chmod 700"), ("secrets", 0o770, "chmod 700"), ("secrets.key", 0o640, "chmod 600"), ("secrets/a", 0o644, "chmod 600")])
def test_what_others_can_read_is_refused_with_the_command_that_mends_it(secret, home, place, mode, command):
    secret("set", "a", input=b"1")
    (home / place).chmod(mode)
    done = secret("set", "b", input=b"1") if place != "secrets/a" else secret("list")
    assert done.status == 7 and f"{command} {home / place}" in done.err
    subprocess.run(f"{command} {home / place}", shell=True, check=True)
    assert secret("set", "b", input=b"1").status == 0


def test_a_parent_that_others_can_write_is_refused(secret, home, tmp_path):
    tmp_path.chmod(0o777)
    done = secret("set", "a", input=b"1")
    assert done.status == 7 and f"chmod go-w {tmp_path}" in done.err


def test_a_damaged_one_is_listed_so(secret, home):
    secret("set", "a", input=b"1")
    (home / "secrets/a").write_bytes(b"short")
    assert secret("list").text.split() == ["damaged", "a"]
    assert secret("list", "-j").json["secrets"] == [{"name": "a", "set_at": None}]
    assert secret("remove", "a").status == 0


def test_a_lost_key_is_said_with_what_to_do(secret, home):
    secret("set", "a", input=b"1")
    (home / "secrets.key").unlink()
    done = secret("set", "b", input=b"1")
    assert done.status == 7 and "secrets.key is gone" in done.err
    command = re.search(r"rm -r .*", done.err)[0]
    (home / "secrets.key").touch(0o600)
    subprocess.run(command, shell=True, check=True)
    assert secret("set", "b", input=b"1").status == 0


# ---- the process ----

def waiting(cordon, home):
    """The command, as it waits for its value."""
    child = cordon.popen("secret", "set", "a", stdin=subprocess.PIPE, env={"CORDON_HOME": str(home)})
    child.stdin.write(VALUE.encode())
    child.stdin.flush()
    for _ in range(1000):
        with open(f"/proc/{child.pid}/stat") as stat:
            if stat.read().rsplit(")", 1)[1].split()[0] == "S" and os.path.basename(os.readlink(f"/proc/{child.pid}/exe")).startswith("cordon"):
                return child
        time.sleep(0.01)
    raise AssertionError("it does not wait")


def test_no_core(cordon, home):
    with waiting(cordon, home) as child:
        with open(f"/proc/{child.pid}/limits") as limits:
            core = next(line for line in limits if line.startswith("Max core file size"))
        assert core.split()[4:6] == ["0", "0"]
        child.kill()


@pytest.fixture
def nobodys(cordon):
    """A folder of another user's, with the command in it: root's own processes can always be looked into."""
    if os.geteuid() != 0:
        pytest.skip("only root can be somebody else")
    folder = tempfile.mkdtemp(prefix="cordon-nobody-")
    os.chown(folder, NOBODY, NOBODY)
    yield folder
    shutil.rmtree(folder)


def as_nobody(*words):
    return ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", *words]


def test_another_process_of_the_user_cannot_look_into_it(cordon, nobodys):
    if is_sanitized(cordon):
        pytest.skip("a sanitizer's search for leaks attaches")
    if subprocess.run(as_nobody("test", "-x", cordon.path), check=False).returncode != 0:
        pytest.skip("nobody else gets to the command")
    child = subprocess.Popen(as_nobody(cordon.path, "secret", "set", "a"), stdin=subprocess.PIPE, env={**cordon.env, "CORDON_HOME": f"{nobodys}/home"})
    with child:
        look = as_nobody("cat", f"/proc/{child.pid}/environ")
        for _ in range(200):
            if subprocess.run(look, capture_output=True, check=False).returncode != 0:
                break
            time.sleep(0.05)
        else:
            raise AssertionError("it can be looked into")
        assert child.poll() is None
        child.kill()


def read_until(fd, text):
    seen = b""
    while text not in seen:
        assert select.select([fd], [], [], 60)[0], seen
        seen += os.read(fd, 4096)
    return seen


@pytest.fixture
def typing(cordon, home):
    """The command on a terminal of its own, waiting for the value: (child, terminal, its settings before)."""
    main, end = pty.openpty()
    before = termios.tcgetattr(end)
    child = cordon.popen("secret", "set", "a", stdin=end, stdout=end, stderr=end, env={"CORDON_HOME": str(home)}, start_new_session=True)
    with child:
        read_until(main, b"(not shown): ")
        yield child, main, end, before
        child.kill()
    os.close(main)
    os.close(end)


def test_a_terminal_is_asked_and_shows_nothing_of_the_value(typing, secret):
    child, terminal, end, before = typing
    os.write(terminal, VALUE.encode() + b"\n")
    assert child.wait(60) == 0
    seen = read_until(terminal, b"secret a is kept")
    assert VALUE.encode() not in seen
    assert termios.tcgetattr(end) == before
    assert [row["name"] for row in secret("list", "-j").json["secrets"]] == ["a"]


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_the_terminal_as_it_was(typing, home, sig):
    child, terminal, end, before = typing
    assert not termios.tcgetattr(end)[3] & termios.ECHO
    child.send_signal(sig)
    assert child.wait(60) == -sig
    assert termios.tcgetattr(end) == before and not home.exists()


def test_a_line_that_a_terminal_would_cut_is_refused(typing, home):
    child, terminal, _, _ = typing
    os.write(terminal, b"x" * 4095 + b"\n")
    assert child.wait(60) == 6
    assert b"takes no line" in read_until(terminal, b"@FILE") and not home.exists()


def test_a_kill_while_setting_leaves_the_old_or_the_new(cordon, secret, home):
    assert secret("set", "a", input=b"o" * 60000).status == 0
    old = sealed(home, "a")
    for n in range(30):
        child = cordon.popen("secret", "set", "a", stdin=subprocess.PIPE, env={"CORDON_HOME": str(home)})
        with child:
            child.stdin.write(b"n" * 50000)
            child.stdin.close()
            time.sleep(n * 0.0004)
            child.kill()
        assert sealed(home, "a") in (old, old - 10000)
    assert secret("list", "-j").json["secrets"][0]["set_at"]
    assert secret("set", "b", input=b"1").status == 0
    assert sorted(path.name for path in (home / "secrets").iterdir()) == ["a", "b"]


# ---- a skill and a secret ----

@pytest.fixture
def ask_for(cordon, secret, home, wat):
    """ask_for(name, grants…): what a skill says that asks for that secret; `key` is kept, with VALUE."""
    assert secret("set", "key", input=VALUE.encode()).status == 0

    def run(name, *grants, call="execute", options=(), **more):
        words = [word for grant in grants for word in ("-a", grant)]
        env = {"CORDON_HOME": str(home), **more.pop("env", {})}
        return cordon("run", wat("keep"), "-c", call, "--args", json.dumps([name]), *words, *options, env=env, **more)
    return run


def test_a_skill_is_given_what_it_is_granted_by_name(ask_for):
    done = ask_for("key", "secret=key", options=["-j"])
    assert done.json["output"] == VALUE and done.json["denials"] == []


@pytest.mark.parametrize("grants", [[], ["secret=other"], ["secret=KEY"], ["bearer=key@api.example.com"], ["header=x-key:key@api.example.com"], ["env=key"]])
def test_no_other_grant_gives_it(ask_for, grants):
    done = ask_for("key", *grants, options=["-j"])
    assert done.status == 3 and done.json["error"]["value"] == "capability denied: GetSecret not granted for skill 'keep'"
    assert done.json["denials"] == [{"capability": "secret", "wanted": "key", "reason": "not-granted", "count": 1}]
    assert VALUE not in done.text + done.err


@pytest.mark.parametrize("name", ["key\0", "key\0x", "KEY", "../secrets/key", "secrets.key", "", "key ", "*"])
def test_nothing_but_the_name_leads_to_it(ask_for, name):
    done = ask_for(name, "secret=key", options=["-j"])
    assert done.status == 3 and VALUE not in done.text


def test_one_that_is_not_kept_is_not_found(ask_for):
    done = ask_for("none", "secret=none", options=["-j"])
    assert done.status == 1 and done.json["error"]["value"].startswith("secret 'none' not found: ") and done.json["denials"] == []


def test_all_64_kib_reach_the_skill(ask_for, secret):
    value = ("x" * 65535 + "\n").encode()
    assert secret("set", "big", "--exact", input=value).status == 0
    assert ask_for("big", "secret=big").out == value


@pytest.mark.parametrize("call, options", [("trap", ["-j"]), ("trap", ["-v"]), ("execute", ["-j", "--fuel", "1"]), ("execute", ["-v", "-m", "1k"]), ("slug", ["-j"])])
def test_a_skill_that_fails_shows_nothing_of_it(ask_for, call, options):
    done = ask_for("key", "secret=key", call=call, options=options)
    assert done.status != 0 and VALUE not in done.text + done.err


def test_one_that_does_not_fit_into_the_calls_budget_is_an_error_without_it(ask_for, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text("[tiers.untrusted.default]\nhost-bytes = 10\n")
    config.chmod(0o600)
    done = ask_for("key", "secret=key", options=["-j", "--config", str(config)])
    assert done.json["outcome"] != "ok" and VALUE not in done.text + done.err


def test_a_damaged_one_stops_the_run_before_it_begins(ask_for, home):
    (home / "secrets/key").write_bytes(b"cordons1" * 10)
    done = ask_for("key", "secret=key", options=["-j"])
    assert done.status == 7 and done.json["outcome"] == "not-started" and done.json["error"]["id"] == "damaged"
    assert ask_for("key", options=["-j"]).json["outcome"] == "err"  # who is not granted it does not meet it


def test_the_home_is_out_of_reach_of_every_grant(ask_for, home):
    for grant in (f"read={home}", f"read={home}/secrets", f"rw={home.parent}"):
        done = ask_for("key", grant)
        assert done.status in (2, 7) and done.out == b""
