# SPDX-License-Identifier: Apache-2.0
"""A signal ends what is fetched or sent: everything is given back, and then the command dies of that signal."""

import json
import signal
import socket
import threading

import pytest
from skills import Terminal, toml_skill

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 5000


@pytest.fixture
def home(cordon, tmp_path):
    cordon.env["CORDON_HOME"] = str(tmp_path / "home")
    yield tmp_path
    del cordon.env["CORDON_HOME"]


class Slow:
    """A server that begins with its answer, if it has one, and never ends it."""

    def __init__(self, answer):
        self.answer, self.asked, self.kept = answer, threading.Event(), []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.kept.append(peer)
            peer.recv(65536)
            peer.sendall(self.answer)
            self.asked.set()


@pytest.fixture(params=[ANSWER, b""], ids=["half an answer", "no answer"])
def slow(request):
    server = Slow(request.param)
    yield server
    server.listener.close()
    for peer in server.kept:
        peer.close()


def interrupted(cordon, server, sig, *words):
    with cordon.popen(*words) as child:
        try:
            assert server.asked.wait(60)
            child.send_signal(sig)
            out, err = child.communicate(timeout=60)
        finally:
            child.kill()
    assert child.returncode == -sig
    return out, err


def nothing_is_left(home):
    return not list((home / "home/staging").iterdir()) and not list((home / "home").glob("store/*"))


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_an_installation_that_is_fetched(cordon, home, slow, sig):
    out, err = interrupted(cordon, slow, sig, "install", f"http://{slow.host}/skill.tar.gz", "--yes")
    assert out == b"" and b"given up" in err and nothing_is_left(home)


def test_with_json_it_is_one_object(cordon, home, slow):
    out, err = interrupted(cordon, slow, signal.SIGINT, "install", f"http://{slow.host}/skill.tar.gz", "--yes", "-j")
    assert json.loads(out)["outcome"] == "not-started" and err == b"" and nothing_is_left(home)


def test_a_skill_that_is_pushed(cordon, home, slow):
    toml_skill(home / "skill")
    out, _ = interrupted(cordon, slow, signal.SIGINT, "push", home / "skill", f"oci://{slow.host}/team/skill:1")
    assert out == b"" and nothing_is_left(home)


def test_a_question_that_is_not_answered(cordon, home):
    skill = toml_skill(home / "skill", capabilities='env = ["LANG"]')
    run = Terminal(cordon, "install", skill).until("Install it? [y/N] ").type("\x03")
    assert run.end() == -signal.SIGINT and nothing_is_left(home)


def test_a_signal_between_two_questions_installs_nothing(cordon, home):
    skill = toml_skill(home / "skill", capabilities='env = ["LANG", "HOME"]')
    run = Terminal(cordon, "install", skill).until("Install it? [y/N] ").type("y\n").until("Let it").type("y\n").until("Let it").type("\x03")
    assert run.end() == -signal.SIGINT and nothing_is_left(home)
    assert not cordon("list", "-j").json["skills"]


def test_an_update_of_all_ends_with_the_one_it_was_at(cordon, home):
    for name in ("a", "b"):
        skill = toml_skill(home / name, name=name)
        assert cordon("install", skill).status == 0
        toml_skill(skill, name=name, version="1.1.0", capabilities='env = ["LANG"]')
    run = Terminal(cordon, "update", "--all").until("Install it? [y/N] ").type("\x03")
    assert run.end() == -signal.SIGINT and run.shown.count("Install it?") == 1
    assert {skill["version"] for skill in cordon("list", "-j").json["skills"]} == {"1.0.0"}
