# SPDX-License-Identifier: Apache-2.0
"""Guests that reach the network through http-get and http-post: real servers on the loopback, real processes."""

import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import ROOT, on_terminal


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def send(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/latin":
            self.send(200, "gr\xfcn".encode("latin-1"))
        elif path == "/missing":
            self.send(404, b"no such page")
        elif path == "/image":
            self.send(500, b"\xff\xd8\xff")
        elif path == "/moved":
            self.send(302, Location="/hello")
        elif path == "/off":
            self.send(302, Location="http://127.0.0.1:9/secret?token=1")
        elif path == "/slow":
            time.sleep(20)
        elif path == "/large":
            self.send(200, b"x" * (20 << 20))
        elif path == "/asked":
            self.send(200, str(self.headers).encode())
        else:
            self.send(200, f"hello from {path}".encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/moved":
            self.send(303, Location="/hello")
        else:
            self.send(200, f"{self.headers['Content-Type']}|".encode() + body)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    seen = 0

    def process_request(self, *args):
        self.seen += 1
        super().process_request(*args)

    def handle_error(self, *args):
        pass


@pytest.fixture
def server():
    with Server(("127.0.0.1", 0), Handler) as made:
        threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
        made.url = f"http://localhost:{made.server_port}"
        made.grant = f"net=localhost:{made.server_port}"
        yield made
        made.shutdown()


def test_a_granted_url_is_fetched(cordon, wat, server):
    done = cordon("run", wat("fetch"), f"{server.url}/a?b=c", "-a", server.grant)
    assert (done.status, done.text, done.err) == (0, "hello from /a", "")


def test_a_redirect_is_followed(cordon, wat, server):
    done = cordon("run", wat("fetch"), f"{server.url}/moved", "-a", server.grant)
    assert (done.status, done.text) == (0, "hello from /hello")


def test_a_redirect_off_the_list_is_denied_and_named(cordon, wat, server):
    got = cordon("run", wat("fetch"), f"{server.url}/off", "-a", server.grant, "-j")
    assert got.status == 3
    assert got.json["denials"] == [{"capability": "net", "wanted": "http://127.0.0.1:9", "reason": "not-granted", "count": 2}]
    assert "capability denied: HttpGet not granted for skill 'fetch'" in got.json["error"]["message"]
    assert "token" not in got.text


def test_another_port_or_host_is_denied_and_the_grant_is_shown(cordon, wat, server):
    done = cordon("run", wat("fetch"), "http://localhost:1/x?token=1", "-a", server.grant)
    assert done.status == 3 and "denied net http://localhost:1 (not-granted, 2×)" in done.err and "token" not in done.err
    done = cordon("run", wat("fetch"), f"http://127.0.0.1:{server.server_port}/", "-a", server.grant)
    assert done.status == 3 and server.seen == 0


@pytest.mark.parametrize("url", ["http://0x7f.1:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://user@127.0.0.1:{port}/", "http://127.1:{port}/",
                                 "file:///etc/passwd", "127.0.0.1:{port}", "http://127.0.0.1:{port}/ x"])
def test_other_notations_are_refused(cordon, wat, server, url):
    done = cordon("run", wat("fetch"), url.format(port=server.server_port), "-a", f"net=127.0.0.1:{server.server_port}")
    assert done.status == 1 and "http-get failed: the URL is refused" in done.err and server.seen == 0


def test_a_servers_refusal_is_an_err_with_its_words(cordon, wat, server):
    done = cordon("run", wat("fetch"), f"{server.url}/missing", "-a", server.grant)
    assert done.status == 1 and "HTTP 404: no such page" in done.err
    done = cordon("run", wat("fetch"), f"{server.url}/image", "-a", server.grant)
    assert done.status == 1 and "HTTP 500" in done.err


def test_what_is_no_text_is_an_err_that_says_so(cordon, wat, server):
    done = cordon("run", wat("fetch"), f"{server.url}/latin", "-a", server.grant)
    assert done.status == 1 and "not UTF-8" in done.err


def test_nobody_there_is_said_in_plain_words(cordon, wat):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        done = cordon("run", wat("fetch"), f"http://127.0.0.1:{port}/?token=1", "-a", f"net=127.0.0.1:{port}")
    assert done.status == 1 and f"http-get failed: cannot connect to 127.0.0.1:{port}" in done.err and "token" not in done.err


def test_a_slow_server_does_not_outlive_the_calls_time(cordon, wat, server):
    start = time.monotonic()
    done = cordon("run", wat("fetch"), f"{server.url}/slow", "-a", server.grant, "-t", "500ms")
    assert done.status == 4 and "500 ms" in done.err and time.monotonic() - start < 15


def test_an_answer_has_a_ceiling(cordon, wat, server):
    done = cordon("run", wat("fetch"), f"{server.url}/large", "-a", server.grant)
    assert done.status == 1 and "is larger than" in done.err


def test_interrupted_while_it_waits(cordon, wat, server):
    with cordon.popen("run", wat("fetch"), f"{server.url}/slow", "-a", server.grant) as child:
        while server.seen == 0:
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        assert child.wait(20) == -signal.SIGINT


@pytest.mark.parametrize("body, kind", [('{"a": 1}', "application/json"), (" [1]", "application/json"), ("plain words", "text/plain; charset=utf-8"), ("", "text/plain; charset=utf-8")])
def test_a_body_is_posted_as_what_it_is(cordon, wat, server, body, kind):
    done = cordon("run", wat("post"), f"{server.url}/p\n{body}", "-a", server.grant)
    assert (done.status, done.text) == (0, f"{kind}|{body}"), done.err


def test_a_post_that_is_sent_elsewhere_becomes_a_get(cordon, wat, server):
    done = cordon("run", wat("post"), f"{server.url}/moved\nbody", "-a", server.grant)
    assert (done.status, done.text) == (0, "hello from /hello")


def test_a_grant_of_other_methods_does_not_let_a_post_through(cordon, wat, server):
    got = cordon("run", wat("post"), f"{server.url}/p\nbody", "-a", f"net=GET:localhost:{server.server_port}", "-j")
    assert got.status == 3 and server.seen == 0
    assert got.json["denials"][0]["wanted"] == f"POST:http://localhost:{server.server_port}/p"


def test_the_environment_opens_no_way_around(cordon, wat, server):
    env = {name: "http://127.0.0.1:1" for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")}
    done = cordon("run", wat("fetch"), f"{server.url}/x", "-a", server.grant, env={**env, "no_proxy": ""})
    assert done.status == 0, done.err


# ---- names of this machine: /etc/hosts has them, so that no DNS is needed ----

def test_a_private_address_behind_a_name_is_denied(cordon, wat, own_name):
    name, _ = own_name
    got = cordon("run", wat("fetch"), f"http://{name}:8080/?token=1", "-a", f"net={name}:8080", "-j")
    assert got.status == 3
    assert got.json["denials"] == [{"capability": "net", "wanted": f"http://{name}:8080", "reason": "private-address", "count": 2}]
    status, shown = on_terminal(cordon, "run", wat("fetch"), f"http://{name}:8080/", "-a", f"net={name}:8080")
    assert status == 3 and "allow_private" in shown and "Once:" not in shown


def test_the_settings_let_a_private_address_in(cordon, wat, own_name, tmp_path):
    name, address = own_name
    path = tmp_path / "config.toml"
    path.write_text(f'[egress]\nallow_private = ["{address}"]\n')
    path.chmod(0o600)
    with Server((address, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        done = cordon("run", wat("fetch"), f"http://{name}:{server.server_port}/in", "-a", f"net={name}:{server.server_port}", "--config", path)
        server.shutdown()
    assert (done.status, done.text) == (0, "hello from /in"), done.err


# ---- TLS ----

@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """Ports of the servers of tls_server.py by name, and a settings file that trusts its authority."""
    if not shutil.which("openssl"):
        pytest.skip("the openssl command is needed to make certificates")
    folder = tmp_path_factory.mktemp("tls")
    config = folder / "config.toml"
    config.write_text(f'[egress]\nca_file = "{folder}/ca.pem"\n')
    config.chmod(0o600)
    with subprocess.Popen([sys.executable, ROOT / "tests/unit/tls_server.py", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as servers:
        ports = {"config": str(config)}
        for line in servers.stdout:
            name, port = line.split()
            if name == "ready":
                break
            ports[name] = int(port)
        yield ports
        servers.stdin.close()


def test_a_private_authority_is_trusted_where_the_settings_say_so(cordon, wat, tls):
    url, grant = f"https://localhost:{tls['good']}/x", f"net=https://localhost:{tls['good']}"
    done = cordon("run", wat("fetch"), url, "-a", grant, "--config", tls["config"])
    assert done.status == 0 and "GET /x HTTP/1.1" in done.text, done.err
    done = cordon("run", wat("fetch"), url, "-a", grant, env={"SSL_CERT_FILE": str(tls["config"]).replace("config.toml", "ca.pem")})
    assert done.status == 1 and "no trusted connection to localhost" in done.err


def test_a_granted_secret_is_added_and_seen_nowhere_else(cordon, wat, tls, tmp_path):
    env = {"CORDON_HOME": str(tmp_path / "home")}
    assert cordon("secret", "set", "token", input=b"tok-never-shown", env=env).status == 0
    grants = ["-a", f"net=https://localhost:{tls['good']}", "-a", f"bearer=token@localhost:{tls['good']}", "--config", tls["config"]]
    done = cordon("run", wat("fetch"), f"https://localhost:{tls['good']}/x", *grants, env=env)
    assert done.status == 0 and "Authorization: Bearer tok-never-shown" in done.text, done.err
    done = cordon("run", wat("fetch"), f"https://localhost:{tls['good']}/to/{tls['good']}/x", *grants, env=env)
    assert done.status == 3 and "tls.example" in done.err and "never-shown" not in done.err + done.text


def test_a_secret_that_is_not_kept_stops_the_request(cordon, wat, tls, tmp_path):
    grants = ["-a", f"net=https://localhost:{tls['good']}", "-a", f"bearer=absent@localhost:{tls['good']}", "--config", tls["config"]]
    done = cordon("run", wat("fetch"), f"https://localhost:{tls['good']}/x", *grants, env={"CORDON_HOME": str(tmp_path / "home")})
    assert done.status == 1 and "the secret 'absent'" in done.err, done.err
