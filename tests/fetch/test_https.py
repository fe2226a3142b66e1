# SPDX-License-Identifier: Apache-2.0
"""Files at URLs: what comes, what is refused, where a redirect may lead."""

import socket
import threading
import time

import pytest
from fetch_ground import sha256

BODY = bytes(range(256)) * 4096  # 1 MiB


def test_a_file_comes_whole_and_is_hashed_while_it_comes(fetch, https):
    https.on("GET", "/a/skill.wasm", body=BODY)
    done = fetch.url(f"https://files.one.example:{https.port}/a/skill.wasm?x=1")
    assert (done["sha256"], done["len"]) == (sha256(BODY), len(BODY)), done
    assert fetch.bytes == BODY
    assert https.paths() == ["GET /a/skill.wasm?x=1"]
    assert done["told"]["bytes"] == done["told"]["total"] == len(BODY)


def test_a_file_of_unknown_length_comes_whole(plain, http):
    def chunked(h):
        h.send_response(200)
        h.send_header("Transfer-Encoding", "chunked")
        h.end_headers()
        for at in range(0, len(BODY), 100_000):
            piece = BODY[at:at + 100_000]
            h.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        h.wfile.write(b"0\r\n\r\n")

    http.routes["GET", "/x"] = chunked
    done = plain.url(f"http://localhost:{http.port}/x")
    assert done["sha256"] == sha256(BODY), done
    assert plain.bytes == BODY


def test_an_empty_file_is_a_file(plain, http):
    http.on("GET", "/x")
    assert plain.url(f"http://localhost:{http.port}/x")["sha256"] == sha256(b"")


def test_nothing_is_unpacked_on_the_way(plain, http):
    http.on("GET", "/x", body=b"not gzip at all", Content_Encoding="gzip")
    assert plain.url(f"http://localhost:{http.port}/x")["sha256"] == sha256(b"not gzip at all")
    assert http.sent("Accept-Encoding") == []


# ---- digests ----

def test_the_digest_behind_the_url_has_to_hold(plain, http):
    http.on("GET", "/x", body=b"hello")
    url = f"http://localhost:{http.port}/x#sha256="
    assert plain.url(url + sha256(b"hello"))["len"] == 5
    done = plain.url(url + sha256(b"hallo"))
    assert done["error"] == "digest-mismatch"
    assert sha256(b"hello") in done["message"] and sha256(b"hallo") in done["message"]
    assert http.paths() == ["GET /x"] * 2  # the fragment stays here


@pytest.mark.parametrize("fragment", ["#", "#sha256=", "#sha256=" + "a" * 63, "#sha256=" + "a" * 65, "#sha256=" + "A" * 64, "#sha256=" + "g" * 64, "#sha512=" + "a" * 64,
                                      "#x", "#sha256=" + "a" * 64 + "#sha256=" + "a" * 64, "#&sha256=" + "a" * 64])
def test_a_fragment_that_is_no_digest_is_refused(plain, http, fragment):
    done = plain.url(f"http://localhost:{http.port}/x{fragment}")
    assert done["error"] == "usage" and "sha256=" in done["message"]
    assert http.requests == []


# ---- ceilings, lies, endings ----

def test_more_than_the_ceiling_is_not_taken(plain, http):
    http.on("GET", "/x", body=BODY)
    done = plain.url(f"http://localhost:{http.port}/x", max=len(BODY) - 1)
    assert done["error"] == "too-large" and str(len(BODY) - 1) in done["message"]
    assert plain.url(f"http://localhost:{http.port}/x", max=len(BODY))["len"] == len(BODY)


def test_a_body_without_end_stops_at_the_ceiling(plain, http):
    def endless(h):
        h.send_response(200)
        h.send_header("Connection", "close")
        h.end_headers()
        for _ in range(2000):
            h.wfile.write(BODY)

    http.routes["GET", "/x"] = endless
    done = plain.url(f"http://localhost:{http.port}/x", max=3_000_000)
    assert done["error"] == "too-large"
    assert len(plain.bytes) <= 3_000_000


def test_a_file_that_is_cut_short_is_an_error(plain, http):
    http.on("GET", "/x", body=b"half", Content_Length="8", Connection="close")
    done = plain.url(f"http://localhost:{http.port}/x")
    assert done["error"] == "fetch-failed" and "hung up before its answer was complete" in done["message"]


@pytest.mark.parametrize("status, hint", [(404, "Check the address"), (401, "there for everybody"), (500, "Try again"), (206, "browser"), (204, "browser")])
def test_any_answer_but_200_is_an_error_with_its_status_and_what_to_do(plain, http, status, hint):
    http.on("GET", "/secret-place", status, body=b"" if status == 204 else b"<html>")
    done = plain.url(f"http://localhost:{http.port}/secret-place?token=abc")
    assert done["error"] == "fetch-failed" and f"answered {status}" in done["message"] and f"localhost:{http.port}/secret-place" in done["message"]
    assert hint in done["hint"]
    assert "abc" not in done["message"] + done["hint"]
    assert plain.bytes == b""


def test_a_fetch_ends_at_its_deadline(plain, http):
    http.routes["GET", "/x"] = lambda h: time.sleep(30)
    begun = time.monotonic()
    done = plain.url(f"http://localhost:{http.port}/x", ms=300)
    assert done["error"] == "fetch-failed" and "time was over" in done["message"]
    assert time.monotonic() - begun < 20


def test_a_fetch_can_be_given_up(plain, http):
    def drip(h):
        h.send_response(200)
        h.send_header("Content-Length", "1000000")
        h.end_headers()
        for _ in range(300):
            h.wfile.write(b"x")
            time.sleep(0.1)

    http.routes["GET", "/x"] = drip
    begun = time.monotonic()
    done = plain.url(f"http://localhost:{http.port}/x", cancel=500)
    assert done["error"] == "fetch-failed" and "given up" in done["message"]
    assert time.monotonic() - begun < 20


def test_nobody_there_is_said_with_the_host(plain):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    done = plain.url(f"http://localhost:{port}/x?secret")
    assert done["error"] == "fetch-failed" and f"cannot connect to localhost:{port}" in done["message"] and "secret" not in done["message"]


def test_a_server_that_nobody_vouches_for_gets_no_request(plain, fetch, https):
    https.on("GET", "/x", body=b"hello")
    done = plain.url(f"https://localhost:{https.port}/x")
    assert done["error"] == "fetch-failed" and "no trusted connection" in done["message"]
    done = fetch.url(f"https://elsewhere.one.example:{https.port}/x")
    assert done["error"] == "fetch-failed"
    assert https.requests == []


# ---- which URLs ----

@pytest.mark.parametrize("url, why", [
    ("http://files.one.example/x", "plain http"), ("http://localhost/x", "plain http"), ("http://10.0.0.1:80/x", "plain http"), ("http://8.8.8.8:80/", "plain http"),
    ("http://localhost.one.example:80/x", "plain http"), ("http://[fe80::1]:80/", "plain http"), ("http://[::1]/", "plain http"), ("ftp://files.one.example/x", "begin with https"),
    ("https://files.one.example/a b", "character"), ("https://files.one.example/\n", "character"), ("https://files.one.example/é", "character"),
    ("https://files.one.example\\@evil/", "character"), ("https:///x", "host is missing"), ("https://0x7f.1/", "ends in a number"), ("https://a:99999/", "port"),
    ("https://a/" + "x" * 5000, "4096")])
def test_other_urls_than_https_are_refused_before_anything_is_sent(plain, url, why):
    done = plain.url(url)
    assert done["error"] == "usage" and why in done["message"], done


@pytest.mark.parametrize("url", ["https://ada:pass-wort@files.one.example/x", "https://pass-wort@files.one.example/", "https://files.one.example:443@evil.three.example/pass-wort",
                                 "http://ada:pass-wort@localhost:80/"])
def test_a_user_name_in_a_url_is_refused_and_not_repeated(plain, url):
    done = plain.url(url)
    assert done["error"] == "usage" and "user name" in done["message"]
    assert "pass-wort" not in done["message"] + done["hint"]


def test_an_address_of_this_network_is_fetched_from_only_where_the_settings_let_it_in(fetch, certificates, dns):
    fetch.options = {"dns": dns.where, "ca": certificates / "ca.pem"}
    done = fetch.url("https://inside.one.example/x")
    assert done["error"] == "fetch-failed" and "not of the open internet" in done["message"] and "allow_private" in done["hint"]
    assert "10.1.2.3" not in done["message"]


# ---- redirects ----

def test_a_redirect_at_the_same_origin_is_followed(plain, http):
    http.on("GET", "/a", 302, Location="/b?y=2")
    http.on("GET", "/b", body=b"hello")
    assert plain.url(f"http://localhost:{http.port}/a")["sha256"] == sha256(b"hello")


def test_a_redirect_to_another_name_of_the_open_internet_is_followed(outside, servers, context, proxy):
    first, second = servers(context), servers(context)
    first.on("GET", "/a", 302, Location=f"https://cdn.two.example:{second.port}/b")
    second.on("GET", "/b", body=b"hello")
    assert outside.url(f"https://files.one.example:{first.port}/a")["sha256"] == sha256(b"hello")
    assert proxy.connected == [f"files.one.example:{first.port}", f"cdn.two.example:{second.port}"]


def refused_redirect(done, target):
    assert done["error"] == "fetch-failed", done
    assert f"redirects to {target}, where nothing is fetched from" in done["message"], done
    assert "?" not in done["message"]


def test_a_redirect_to_http_is_refused(fetch, https, http):
    https.on("GET", "/a", 302, Location=f"http://cdn.two.example:{http.port}/b?token=1")
    refused_redirect(fetch.url(f"https://files.one.example:{https.port}/a"), f"http://cdn.two.example:{http.port}")
    https.on("GET", "/a", 302, Location=f"http://files.one.example:{https.port}/b")
    refused_redirect(fetch.url(f"https://files.one.example:{https.port}/a"), f"http://files.one.example:{https.port}")
    assert http.requests == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "a.localhost"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_redirect_to_this_machine_is_refused(fetch, servers, context, scheme, host):
    first, second = servers(context), servers(context if scheme == "https" else None)
    first.on("GET", "/a", 307, Location=f"{scheme}://{host}:{second.port}/b")
    refused_redirect(fetch.url(f"https://files.one.example:{first.port}/a"), f"{scheme}://{host}:{second.port}")
    assert second.requests == []


def test_a_redirect_from_this_machine_to_another_port_of_it_is_refused(plain, servers):
    first, second = servers(), servers()
    first.on("GET", "/a", 302, Location=f"http://localhost:{second.port}/b")
    refused_redirect(plain.url(f"http://localhost:{first.port}/a"), f"http://localhost:{second.port}")
    assert second.requests == []


@pytest.mark.parametrize("address", ["169.254.169.254", "10.0.0.1", "8.8.8.8", "[fd00::1]"])
def test_a_redirect_to_an_address_is_refused(fetch, https, address):
    https.on("GET", "/a", 302, Location=f"https://{address}/latest/meta-data")
    refused_redirect(fetch.url(f"https://files.one.example:{https.port}/a"), f"https://{address}:443")


@pytest.mark.parametrize("notation", ["https://0x7f.1/", "https://2130706433/", "https://127.1/", "https://[::ffff:127.0.0.1]/", "https://ada@cdn.two.example/", "file:///etc/passwd",
                                      "https://cdn.two.example%2f@evil/"])
def test_a_redirect_in_another_notation_is_refused(fetch, https, notation):
    https.on("GET", "/a", 302, Location=notation)
    done = fetch.url(f"https://files.one.example:{https.port}/a")
    assert done["error"] == "fetch-failed" and "redirects to a URL that cannot be fetched" in done["message"], done


@pytest.mark.parametrize("name", ["metadata.three.example", "inside.one.example", "cdn.two.example"])
def test_a_redirect_to_a_name_that_leads_inside_is_refused_even_where_the_settings_let_names_in(fetch, https, name):
    """`fetch` lets 127.0.0.0/8 in, for what the operator names: not for what a server names."""
    https.on("GET", "/a", 302, Location=f"https://{name}:{https.port}/b")
    https.on("GET", "/b", body=b"inside")
    refused_redirect(fetch.url(f"https://files.one.example:{https.port}/a", private=["127.0.0.0/8", "10.0.0.0/8", "169.254.0.0/16"]), f"https://{name}:{https.port}")
    assert https.paths() == ["GET /a"]


def test_redirects_without_end_are_an_error(plain, http):
    http.on("GET", "/a", 302, Location="/a")
    done = plain.url(f"http://localhost:{http.port}/a")
    assert done["error"] == "fetch-failed" and "more than 10 redirects" in done["message"]


def test_many_at_once_do_not_disturb_each_other(fetch, http, tmp_path):
    http.on("GET", "/x", body=BODY)
    done = [None] * 4

    def one(i):
        done[i] = fetch("url", f"http://localhost:{http.port}/x", tmp_path / f"file-{i}")

    threads = [threading.Thread(target=one, args=(i,)) for i in range(len(done))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {d.get("sha256") for d in done} == {sha256(BODY)}
