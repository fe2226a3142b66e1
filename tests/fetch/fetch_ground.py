# SPDX-License-Identifier: Apache-2.0
"""What the tests of the room `fetch` stand on: fetch-tool as a real process; servers with and without TLS under names of the tests' own, a resolver for
those names, a proxy that knows where they live, and Debian's docker-registry. All on the loopback."""

import base64
import hashlib
import json
import os
import shutil
import socket
import socketserver
import ssl
import struct
import subprocess
import threading
import time
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["CORDON_BUILD"])
SECONDS = 120
NAMES = ["files.one.example", "cdn.two.example", "registry.one.example", "auth.one.example", "evil.three.example", "inside.one.example", "localhost"]


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Fetch:
    """The tool, with the options it always has."""

    def __init__(self, folder, options):
        self.folder, self.options = folder, options
        self.file = folder / "fetched"

    def __call__(self, *words, env=None, **options):
        pairs = [word for name, value in {**self.options, **options}.items() for one in ([value] if not isinstance(value, list) else value) for word in (name, str(one))]
        done = subprocess.run([BUILD / "tests/unit/fetch-tool", *pairs, *map(str, words)], env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=SECONDS, check=False)
        assert done.stdout, (done.returncode, done.stderr.decode())
        assert b"Sanitizer" not in done.stderr, done.stderr.decode()
        return json.loads(done.stdout)

    def url(self, url, **options):
        return self("url", url, self.file, **options)

    def pull(self, ref, **options):
        return self("pull", ref, self.file, **options)

    def push(self, ref, file, kind="wasm", title="hello", version="1.0.0", description="says hello", **options):
        return self("push", ref, file, kind, title, version, description, **options)

    @property
    def bytes(self):
        return self.file.read_bytes()


# ---- servers ----

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        self.body = self.rfile.read(length) if length else b""
        self.server.requests.append((self.command, self.path, {name.title(): value for name, value in self.headers.items()}, self.body))
        path = self.path.partition("?")[0]
        for (method, prefix), act in self.server.routes.items():
            if method == self.command and (path == prefix or (prefix.endswith("*") and path.startswith(prefix[:-1]))):
                return act(self)
        return self.give(404, b"nothing here")

    do_GET = do_HEAD = do_POST = do_PUT = answer

    def give(self, status, body=b"", **fields):
        self.send_response(status)
        for name, value in fields.items():
            for one in value if isinstance(value, list) else [value]:
                self.send_header(name.replace("_", "-"), one)
        if not any(name.lower() == "content_length" for name in fields):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, context=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.routes, self.requests = {}, []
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server_port
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def handle_error(self, *args):
        pass

    def on(self, method, path, status=200, body=b"", **fields):
        self.routes[method, path] = lambda h: h.give(status, body, **fields)

    def paths(self):
        return [f"{method} {path}" for method, path, _, _ in self.requests]

    def sent(self, field):
        return [fields[field] for _, _, fields, _ in self.requests if field in fields]


class Dns(threading.Thread):
    """Answers questions for IPv4 addresses."""

    def __init__(self, names):
        super().__init__(daemon=True)
        self.names = names
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.where = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.start()

    def run(self):
        while True:
            question, client = self.socket.recvfrom(512)
            at, labels = 12, []
            while question[at]:
                labels.append(question[at + 1:at + 1 + question[at]].decode())
                at += question[at] + 1
            end, v4 = at + 5, question[at + 1:at + 3] == b"\0\1"
            address = self.names.get(".".join(labels).lower())
            answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 0, 4) + socket.inet_aton(address) if address and v4 else b""
            head = question[:2] + (b"\x84\x00" if address else b"\x84\x03") + b"\0\1" + struct.pack(">H", bool(answer)) + b"\0\0\0\0"
            self.socket.sendto(head + question[12:end] + answer, client)


class Proxy(socketserver.ThreadingTCPServer):
    """CONNECT, to the loopback whatever the name: so names of the open internet lead to servers of the tests."""
    allow_reuse_address = daemon_threads = True

    def __init__(self):
        self.connected = []
        super().__init__(("127.0.0.1", 0), ProxyHandler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


class ProxyHandler(socketserver.StreamRequestHandler):
    def handle(self):
        method, where, _ = self.rfile.readline().decode().split()
        while self.rfile.readline().strip():
            pass
        assert method == "CONNECT"
        self.server.connected.append(where)
        with socket.create_connection(("127.0.0.1", int(where.rpartition(":")[2]))) as there:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=self.copy, args=(there, self.connection), daemon=True)
            back.start()
            self.copy(self.connection, there)
            back.join(5)

    @staticmethod
    def copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """An authority (ca.pem) and a server's certificate (server.pem, server.key) for all names."""
    if not shutil.which("openssl"):
        pytest.skip("the openssl command is needed to make certificates")
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    def request(name, *words):
        openssl("req", *words, "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-subj", f"/CN=Test {name}")

    request("ca", "-x509", "-days", "30", "-out", "ca.pem")
    for name in ("server", "token"):
        folder.joinpath(f"{name}.ext").write_text("subjectAltName=" + ",".join(f"DNS:{one}" for one in NAMES) + "\n")
        request(name, "-out", f"{name}.csr")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-out", f"{name}.pem", "-extfile", f"{name}.ext")
    return folder


@pytest.fixture(scope="session")
def context(certificates):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    return made


@pytest.fixture
def servers():
    """Makes servers, and ends them."""
    made = []

    def make(context=None):
        made.append(Server(context))
        return made[-1]

    yield make
    for server in made:
        server.shutdown()
        server.server_close()


@pytest.fixture
def http(servers):
    return servers()


@pytest.fixture
def https(servers, context):
    return servers(context)


@pytest.fixture(scope="session")
def dns():
    return Dns({name: "127.0.0.1" for name in NAMES} | {"inside.one.example": "10.1.2.3", "metadata.three.example": "169.254.169.254"})


@pytest.fixture
def proxy():
    made = Proxy()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def plain(tmp_path):
    """The tool without names and authorities: the loopback by http."""
    return Fetch(tmp_path, {})


@pytest.fixture
def fetch(tmp_path, dns, certificates):
    """The tool with the tests' names, which lead to the loopback, as its settings allow."""
    return Fetch(tmp_path, {"dns": dns.where, "ca": certificates / "ca.pem", "private": "127.0.0.0/8"})


@pytest.fixture
def outside(tmp_path, proxy, certificates):
    """The tool with the tests' names behind a proxy: to it they are names of the open internet."""
    return Fetch(tmp_path, {"proxy": proxy.url, "ca": certificates / "ca.pem"})


# ---- the real registry ----

USER, PASSWORD = "ada", "s3cret:pass word"


class Registry:
    def __init__(self, program, folder, auth=None):
        folder.mkdir()
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.host = f"localhost:{self.port}"
        config = {"version": 0.1, "log": {"level": "error", "accesslog": {"disabled": True}}, "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
                  "http": {"addr": f"127.0.0.1:{self.port}"}}
        if auth:
            config["auth"] = auth
        folder.joinpath("config.yml").write_text(json.dumps(config))  # JSON is YAML
        self.log = open(folder / "log", "wb")
        self.process = subprocess.Popen([program, "serve", folder / "config.yml"], stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        until = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self.process.poll() is None and time.monotonic() < until, folder.joinpath("log").read_text()
                time.sleep(0.02)

    def manifest(self, name, tag):
        with urlopen(Request(f"http://{self.host}/v2/{name}/manifests/{tag}", headers={"Accept": "application/vnd.oci.image.manifest.v1+json"})) as answer:
            return json.loads(answer.read())

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()


@pytest.fixture(scope="session")
def registry_program():
    done = subprocess.run([ROOT / "scripts/get-registry"], capture_output=True, text=True, check=False, timeout=300)
    if done.returncode != 0:
        pytest.skip(f"no real registry to test against: {done.stderr.strip()}")
    return done.stdout.strip()


@pytest.fixture(scope="module")
def registry(registry_program, tmp_path_factory):
    made = Registry(registry_program, tmp_path_factory.mktemp("registry") / "open")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def locked_registry(registry_program, tmp_path_factory):
    """One that wants user and password."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import crypt  # bcrypt, of the C library
    folder = tmp_path_factory.mktemp("registry")
    folder.joinpath("htpasswd").write_text(f"{USER}:{crypt.crypt(PASSWORD, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16))}\n")
    made = Registry(registry_program, folder / "locked", {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}})
    yield made
    made.stop()


def docker_config(path, **entries):
    path.write_text(json.dumps(entries))
    return path


def auth_of(user, password):
    return base64.b64encode(f"{user}:{password}".encode()).decode()
