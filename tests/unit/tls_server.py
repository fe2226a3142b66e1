#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""HTTPS servers for the tests of the gateway: `tls_server.py FOLDER`.

Makes a private authority in FOLDER (ca.pem) with the openssl command and prints a line NAME PORT for each server: `good` for localhost and
tls.example, `expired`, `stranger` (signed by nobody known), `old` (TLS 1.1 at most). Each answers with what it was asked, or, at /to/PORT/PATH,
with a redirect to https://tls.example:PORT/PATH, at /http/PORT/PATH with one to http. Ends with its standard input."""

import ssl
import subprocess
import sys
import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER = Path(sys.argv[1])


def openssl(*args):
    subprocess.run(["openssl", *args], cwd=FOLDER, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_authority(name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "30",
            "-subj", f"/CN=Test authority {name}")


def make_certificate(name, authority, days):
    FOLDER.joinpath(f"{name}.ext").write_text("subjectAltName=DNS:localhost,DNS:tls.example\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", "/CN=server")
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-CAcreateserial", "-out", f"{name}.pem", "-days", str(days),
            "-extfile", f"{name}.ext")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        kind, _, rest = self.path[1:].partition("/")
        body = f"{self.requestline}\n{self.headers}".encode()
        if kind in ("to", "http"):
            port, _, path = rest.partition("/")
            self.send_response(302)
            self.send_header("Location", f"{'https' if kind == 'to' else 'http'}://tls.example:{port}/{path}")
            body = b""
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, *args):
        pass


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args):
        pass


def serve(name, certificate, most=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FOLDER / f"{certificate}.pem", FOLDER / f"{certificate}.key")
    if most:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = most
    server = Quiet(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(name, server.server_port, flush=True)


def plain():
    server = Quiet(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("plain", server.server_port, flush=True)


make_authority("ca")
make_authority("other")
make_certificate("good", "ca", 30)
make_certificate("expired", "ca", -1)
make_certificate("stranger", "other", 30)
serve("good", "good")
serve("expired", "expired")
serve("stranger", "stranger")
serve("old", "good", ssl.TLSVersion.TLSv1_1)
plain()
print("ready 0", flush=True)
sys.stdin.read()
