# SPDX-License-Identifier: Apache-2.0
"""JavaScript whose `fetch` is wasi:http, against a server on the loopback. It is run as a stranger's: what is not granted is denied."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

LARGE = 300_000
pytestmark = pytest.mark.guests(["javascript-fetch"], loudly=True)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def send(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        """What was sent, whether its length was said before or it came in chunks."""
        if "Content-Length" in self.headers:
            return self.rfile.read(int(self.headers["Content-Length"]))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def do_GET(self):
        self.server.paths.append(self.path)
        if self.path == "/silent":
            self.server.over.wait(60)
        elif self.path.startswith("/to/"):
            self.send(302, b"elsewhere", x_kind="moved", Location=self.path.removeprefix("/to/"))
        else:
            self.send(404, f"no {self.path} for {self.headers['x-from']}".encode(), x_kind="plain")

    def do_POST(self):
        self.server.paths.append(self.path)
        self.send(201, self.body(), x_kind="made")

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args):
        pass


@pytest.fixture
def servers():
    """servers(): one more server; its `url`, its `grant`, and the `paths` it was asked for."""
    made = []

    def start():
        server = Server(("127.0.0.1", 0), Handler)
        server.paths, server.over = [], threading.Event()
        server.url = f"http://127.0.0.1:{server.server_port}"
        server.grant = f"net={server.url}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        made.append(server)
        return server

    yield start
    for server in made:
        server.over.set()
        server.shutdown()
        server.server_close()


def call(guest, export, args, *grants, time="60s"):
    given = [word for grant in grants for word in ("-a", grant)]
    return guest.command("run", "-c", export, "-j", "-m", "256MiB", "-t", time, *given, "--args", json.dumps(args)).json


def is_denied(done, url):
    denial = {"capability": "net", "wanted": url, "reason": "not-granted", "count": 1}
    return done["outcome"] == "err" and "NetworkError" in done["error"]["value"] and done["denials"] == [denial]


def test_fetch_gives_status_headers_and_body(guest, servers):
    server = servers()
    done = call(guest, "grab", {"url": f"{server.url}/page?a=b"}, server.grant)
    assert (done["outcome"], done["output"]) == ("ok", "404 plain no /page?a=b for guest")
    assert done["denials"] == [] and done["usage"]["host_calls"] > 0


def test_a_body_is_posted(guest, servers):
    server = servers()
    done = call(guest, "post", {"url": f"{server.url}/", "body": "Grüße 🦊"}, server.grant)
    assert (done["outcome"], done["output"]) == ("ok", "201 made Grüße 🦊")


def test_a_large_body_goes_out_and_comes_back(guest, servers):
    server = servers()
    done = call(guest, "large", {"url": f"{server.url}/", "size": LARGE}, server.grant)
    assert (done["outcome"], done["output"]) == ("ok", f"201 made {LARGE} the same")


def test_without_a_grant_fetch_is_denied_and_listed_by_its_origin(guest, servers):
    server = servers()
    done = call(guest, "grab", {"url": f"{server.url}/page?key=x"})
    assert is_denied(done, server.url)
    assert server.paths == []


def test_a_denied_post_is_an_error_of_the_guest_and_no_trap(guest, servers):
    server, other = servers(), servers()
    for grants in ([], [other.grant]):
        done = call(guest, "post", {"url": f"{server.url}/", "body": "x" * 1000}, *grants)
        assert is_denied(done, server.url)
    assert server.paths == []


def test_a_grant_of_another_port_is_no_grant(guest, servers):
    server, other = servers(), servers()
    done = call(guest, "grab", {"url": f"{other.url}/page"}, server.grant)
    assert is_denied(done, other.url)
    assert server.paths == other.paths == []


def test_a_redirect_is_handed_to_the_guest(guest, servers):
    server, other = servers(), servers()
    done = call(guest, "grab", {"url": f"{server.url}/to/{other.url}/"}, server.grant, other.grant)
    assert (done["outcome"], done["output"]) == ("ok", "302 moved elsewhere")
    assert other.paths == []


def test_where_a_redirect_leads_is_asked_for_anew(guest, servers):
    server, other = servers(), servers()
    args = {"url": f"{server.url}/to/{other.url}/page"}
    assert call(guest, "follow", args, server.grant, other.grant)["output"] == "404 plain no /page for None"
    done = call(guest, "follow", args, server.grant)
    assert is_denied(done, other.url)
    assert other.paths == ["/page"]


def test_a_server_that_never_answers_ends_at_the_deadline(guest, servers):
    server = servers()
    start = time.monotonic()
    done = call(guest, "grab", {"url": f"{server.url}/silent"}, server.grant, time="2s")
    assert done["outcome"] == "deadline" and server.paths == ["/silent"]
    assert time.monotonic() - start < 20
