# SPDX-License-Identifier: Apache-2.0
"""Registries that lie, err or send whoever asks elsewhere."""

import gzip
import json
import socket

import pytest
from fetch_ground import auth_of, docker_config, sha256

IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_IMAGE = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
LAYER = b"\0asm\x0d\0\1\0" + b"layer" * 1000
CONFIG = {"mediaType": "application/vnd.wasm.config.v0+json", "digest": "sha256:" + sha256(b"{}"), "size": 2}


def layer(data=LAYER, kind="application/wasm", **changes):
    return {"mediaType": kind, "digest": "sha256:" + sha256(data), "size": len(data), **changes}


def image(*layers, **changes):
    return {"schemaVersion": 2, "mediaType": IMAGE, "config": CONFIG, "layers": list(layers or [layer()]), **changes}


def index(*entries, **changes):
    return {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(entries), **changes}


def put_manifest(server, manifest, tag="1", kind=None, **fields):
    text = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    kind = kind or (manifest["mediaType"] if isinstance(manifest, dict) else IMAGE)
    for name in (tag, "sha256:" + sha256(text)):
        server.on("GET", f"/v2/team/hello/manifests/{name}", body=text, Content_Type=kind, **fields)
    return text


def put_blob(server, data=LAYER, at=None, **fields):
    server.on("GET", f"/v2/team/hello/blobs/sha256:{sha256(at or data)}", body=data, **fields)


def entry(text, **changes):
    return {"mediaType": IMAGE, "digest": "sha256:" + sha256(text), "size": len(text), **changes}


@pytest.fixture
def ref(http):
    return f"oci://localhost:{http.port}/team/hello:1"


def test_an_image_of_one_layer_is_pulled(plain, http, ref):
    text = put_manifest(http, image())
    put_blob(http)
    done = plain.pull(ref)
    assert (done["kind"], done["sha256"], done["digest"]) == ("wasm", sha256(LAYER), sha256(text)), done
    assert plain.bytes == LAYER
    accept = http.requests[0][2]["Accept"]
    assert all(kind in accept for kind in (IMAGE, INDEX, DOCKER_IMAGE, DOCKER_INDEX))


@pytest.mark.parametrize("kind, found", [
    ("application/wasm", "wasm"), ("application/vnd.wasm.content.layer.v1+wasm", "wasm"), ("application/vnd.bytecodealliance.wasm.component.layer.v0+wasm", "wasm"),
    ("application/vnd.cordon.bundle.v1.tar+gzip", "bundle"), ("application/vnd.oci.image.layer.v1.tar+gzip", "bundle")])
def test_the_usual_types_of_layers_are_known(plain, http, ref, kind, found):
    data = LAYER if found == "wasm" else gzip.compress(LAYER)
    put_manifest(http, image(layer(data, kind=kind)))
    put_blob(http, data)
    assert plain.pull(ref)["kind"] == found


@pytest.mark.parametrize("kind, data", [("application/wasm", gzip.compress(LAYER)), ("application/wasm", b"\0as"), ("application/vnd.cordon.bundle.v1.tar+gzip", LAYER),
                                        ("application/vnd.oci.image.layer.v1.tar+gzip", b"PK\3\4zip"), ("application/vnd.oci.image.layer.v1.tar+gzip", b"\x1f")])
def test_the_bytes_of_a_layer_have_to_be_what_its_type_says(plain, http, ref, kind, data):
    put_manifest(http, image(layer(data, kind=kind)))
    put_blob(http, data)
    done = plain.pull(ref)
    assert done["error"] == "bad-artifact" and "but its bytes are not" in done["message"], done


# ---- digests and sizes ----

def test_a_manifest_has_to_have_the_digest_that_was_asked_for(plain, http):
    text = json.dumps(image()).encode()
    http.on("GET", "/v2/team/hello/manifests/sha256:" + "a" * 64, body=text, Content_Type=IMAGE)
    done = plain.pull(f"oci://localhost:{http.port}/team/hello@sha256:{'a' * 64}")
    assert done["error"] == "digest-mismatch" and sha256(text) in done["message"] and "a" * 64 in done["message"]
    assert len(http.requests) == 1


def test_a_manifest_has_to_have_the_digest_that_the_registry_says(plain, http, ref):
    put_manifest(http, image(), Docker_Content_Digest="sha256:" + "b" * 64)
    assert plain.pull(ref)["error"] == "digest-mismatch"


def test_a_layer_has_to_have_the_digest_of_its_manifest(plain, http, ref):
    put_manifest(http, image())
    put_blob(http, b"X" + LAYER[1:], at=LAYER)
    done = plain.pull(ref)
    assert done["error"] == "digest-mismatch" and sha256(LAYER) in done["message"]


@pytest.mark.parametrize("size", [len(LAYER) - 1, len(LAYER) + 1, 1, 1 << 20])
def test_a_layer_has_to_have_the_size_of_its_manifest(plain, http, ref, size):
    put_manifest(http, image(layer(size=size)))
    put_blob(http)
    done = plain.pull(ref)
    assert done["error"] == "digest-mismatch" and "promises" in done["message"]
    assert len(plain.bytes) <= size


def test_a_layer_that_goes_on_behind_its_size_is_not_taken(plain, http, ref):
    def endless(h):
        h.send_response(200)
        h.send_header("Connection", "close")
        h.end_headers()
        for _ in range(5000):
            h.wfile.write(LAYER)

    put_manifest(http, image())
    http.routes["GET", f"/v2/team/hello/blobs/sha256:{sha256(LAYER)}"] = endless
    assert plain.pull(ref)["error"] == "digest-mismatch"
    assert len(plain.bytes) <= len(LAYER)


def test_a_layer_beyond_the_ceiling_is_not_asked_for(plain, http, ref):
    put_manifest(http, image(layer(size=(128 << 20) + 1)))
    done = plain.pull(ref)
    assert done["error"] == "too-large" and str(128 << 20) in done["message"]
    assert len(http.requests) == 1


def test_a_manifest_beyond_the_ceiling_is_not_taken(plain, http, ref):
    put_manifest(http, json.dumps(image()).encode() + b" " * (1 << 20))
    done = plain.pull(ref)
    assert done["error"] == "too-large" and str(1 << 20) in done["message"]


# ---- what is no skill ----

def nested(depth):
    return b'{"schemaVersion":2,"layers":' + b"[" * depth + b"]" * depth + b"}"


@pytest.mark.parametrize("manifest, kind, why", [
    (image(), "application/json", "the server says"), (image(), INDEX, "the server says"), (image(), "text/html", "the server says"),
    (image(mediaType=INDEX), IMAGE, "is of the type"), (image(mediaType="application/vnd.docker.distribution.manifest.v1+json"), IMAGE, "is of the type"),
    (image(mediaType=7), IMAGE, "no text"),
    (image(schemaVersion=1), IMAGE, "schema version"), (image(schemaVersion="2"), IMAGE, "schema version"),
    ({**image(), "manifests": []}, IMAGE, "or both"), ({"schemaVersion": 2, "mediaType": IMAGE}, IMAGE, "neither"),
    (image(layer(), layer()), IMAGE, "2 layers"), ({**image(), "layers": []}, IMAGE, "0 layers"), ({**image(), "layers": {"0": layer()}}, IMAGE, "0 layers"),
    (image(layer(kind="application/vnd.oci.image.layer.v1.tar")), IMAGE, "layer is of the type"), (image(layer(kind="text/plain")), IMAGE, "'text/plain'"),
    (image({"digest": "sha256:" + "a" * 64, "size": 1}), IMAGE, "layer is of the type ''"),
    (image(layer(digest="sha256:" + "A" * 64)), IMAGE, "no digest"), (image(layer(digest="sha512:" + "a" * 128)), IMAGE, "no digest"), (image(layer(digest="../../x")), IMAGE, "no digest"),
    (image(layer(size=0)), IMAGE, "no size"), (image(layer(size=-5)), IMAGE, "no size"), (image(layer(size="7")), IMAGE, "no size"), (image(layer(size=1.5)), IMAGE, "no size"),
    (b"", IMAGE, "no JSON"), (b"{", IMAGE, "no JSON"), (b"[]", IMAGE, "no JSON"), (b'{"schemaVersion": 2, "schemaVersion": 2}', IMAGE, "twice"), (b"\xff\xfe", IMAGE, "no JSON"),
    pytest.param(nested(100_000), IMAGE, "no JSON", id="nested"), (b'{"schemaVersion": 2, "layers": [], "x": 1e999}', IMAGE, "no JSON")])
def test_a_manifest_that_is_none_of_a_skill_is_refused_with_the_reason(plain, http, ref, manifest, kind, why):
    put_manifest(http, manifest, kind=kind)
    done = plain.pull(ref)
    assert done["error"] == "bad-artifact" and why in done["message"], done
    assert "cordon push" in done["hint"]
    assert len(http.requests) == 1


def test_what_a_registry_says_is_shown_without_control_characters(plain, http, ref):
    put_manifest(http, image(layer(kind="\x1b[2Jtext\u202e")))
    message = plain.pull(ref)["message"]
    assert "\x1b" not in message and "\u202e" not in message and "text" in message


# ---- indexes ----

def test_the_one_image_of_an_index_is_pulled(plain, http, ref):
    text = put_manifest(http, image(), "x")
    put_blob(http)
    whole = put_manifest(http, index(entry(text)))
    done = plain.pull(ref)
    assert (done["sha256"], done["digest"]) == (sha256(LAYER), sha256(whole)), done


def test_of_several_images_the_one_for_webassembly_is_pulled_and_records_of_builds_are_passed_over(plain, http, ref):
    text, other = put_manifest(http, image(), "x"), json.dumps(image(layer(b"other"))).encode()
    put_blob(http)
    put_manifest(http, index(entry(other, platform={"architecture": "amd64", "os": "linux"}), entry(text, platform={"architecture": "wasm", "os": "wasip2"}),
                             entry(b"x" * 9, platform={"architecture": "unknown", "os": "unknown"})))
    assert plain.pull(ref)["sha256"] == sha256(LAYER)


@pytest.mark.parametrize("entries, why", [
    ([], "0 images"), ([entry(b"a"), entry(b"b")], "2 images"), ([entry(b"a", platform={"architecture": "wasm", "os": "wasi"}), entry(b"b", platform={"architecture": "wasm", "os": "wasip2"})], "2 images"),
    ([entry(b"a", mediaType=INDEX)], "0 images"), ([entry(b"a", mediaType="text/plain")], "0 images"), ([entry(b"a", digest="sha256:x")], "no digest"), ([7], "0 images")])
def test_an_index_has_to_name_one_image(plain, http, ref, entries, why):
    put_manifest(http, index(*entries))
    done = plain.pull(ref)
    assert done["error"] == "bad-artifact" and why in done["message"], done
    assert len(http.requests) == 1


def test_an_index_of_ten_thousand_entries_is_not_looked_through(plain, http, ref):
    put_manifest(http, index(*[entry(b"%d" % i) for i in range(5000)]))
    done = plain.pull(ref)
    assert done["error"] == "bad-artifact" and "5000 entries, at most 64" in done["message"]
    assert len(http.requests) == 1


def test_an_index_that_names_an_index_is_refused(plain, http, ref):
    inner = json.dumps(index(entry(b"a"))).encode()
    http.on("GET", "/v2/team/hello/manifests/sha256:" + sha256(inner), body=inner, Content_Type=INDEX)
    put_manifest(http, index(entry(inner)))
    done = plain.pull(ref)
    assert done["error"] == "bad-artifact" and "another index" in done["message"]
    assert len(http.requests) == 2


def test_an_image_of_an_index_has_to_have_its_digest(plain, http, ref):
    http.on("GET", "/v2/team/hello/manifests/sha256:" + sha256(b"a"), body=json.dumps(image()).encode(), Content_Type=IMAGE)
    put_manifest(http, index(entry(b"a")))
    assert plain.pull(ref)["error"] == "digest-mismatch"


def test_an_index_that_promises_a_giant_manifest_is_refused(plain, http, ref):
    put_manifest(http, index(entry(b"a", size=1 << 40)))
    assert plain.pull(ref)["error"] == "too-large"
    assert len(http.requests) == 1


# ---- where credentials go ----

SECRET = auth_of("ada", "s3cret")


@pytest.fixture
def config(tmp_path):
    return docker_config(tmp_path / "docker.json", auths={"localhost": {"auth": SECRET}, "registry.one.example": {"auth": SECRET}})


def locked(server, challenge, wanted=None):
    """Every manifest wants to be asked for with `wanted`, else it challenges."""
    def act(h):
        if wanted and h.headers.get("Authorization") == wanted:
            return h.give(200, json.dumps(image()).encode(), Content_Type=IMAGE)
        return h.give(401, b"{}", WWW_Authenticate=challenge)

    server.routes["GET", "/v2/team/hello/manifests/1"] = act


def one_example(server, tag="1"):
    return f"oci://registry.one.example:{server.port}/team/hello:{tag}"


def with_port(tmp_path, server):
    return docker_config(tmp_path / "docker.json", auths={f"registry.one.example:{server.port}": {"auth": SECRET}})


def test_credentials_are_not_sent_unasked(fetch, https, tmp_path):
    put_manifest(https, image())
    put_blob(https)
    assert "digest" in fetch.pull(one_example(https), docker=with_port(tmp_path, https))
    assert https.sent("Authorization") == []


def test_credentials_go_to_the_registry_that_asks_for_them_by_https(fetch, https, tmp_path):
    locked(https, 'Basic realm="x"', "Basic " + SECRET)
    put_blob(https)
    assert "digest" in fetch.pull(one_example(https), docker=with_port(tmp_path, https))
    assert set(https.sent("Authorization")) == {"Basic " + SECRET}


@pytest.mark.parametrize("key", ["one.example", "evil.registry.one.example", "registry.one.example", "registry.one.example:1", "*.one.example", "registry.one.example.evil.example"])
def test_credentials_of_another_registry_are_not_sent(fetch, https, tmp_path, key):
    locked(https, 'Basic realm="x"', "Basic " + SECRET)
    done = fetch.pull(one_example(https), docker=docker_config(tmp_path / "docker.json", auths={key: {"auth": SECRET}}))
    assert done["error"] == "fetch-failed" and "no credentials" in done["hint"]
    assert https.sent("Authorization") == []


def test_credentials_are_not_sent_where_a_blob_is_redirected_to(outside, servers, context, tmp_path):
    registry, cdn = servers(context), servers(context)
    locked(registry, 'Basic realm="x"', "Basic " + SECRET)
    registry.on("GET", f"/v2/team/hello/blobs/sha256:{sha256(LAYER)}", 307, Location=f"https://cdn.two.example:{cdn.port}/blob?signed=1")
    cdn.on("GET", "/blob", body=LAYER)
    done = outside.pull(one_example(registry), docker=with_port(tmp_path, registry))
    assert done["sha256"] == sha256(LAYER), done
    assert cdn.paths() == ["GET /blob?signed=1"] and cdn.sent("Authorization") == []
    assert registry.sent("Authorization") == ["Basic " + SECRET] * 2


def test_a_token_is_not_sent_where_a_blob_is_redirected_to(outside, servers, context, tmp_path):
    registry, cdn = servers(context), servers(context)
    locked(registry, f'Bearer realm="https://registry.one.example:{registry.port}/token",service="x"', "Bearer tok-1")
    registry.on("GET", "/token", body=b'{"token": "tok-1"}')
    registry.on("GET", f"/v2/team/hello/blobs/sha256:{sha256(LAYER)}", 307, Location=f"https://cdn.two.example:{cdn.port}/blob")
    cdn.on("GET", "/blob", body=LAYER)
    assert outside.pull(one_example(registry), docker=with_port(tmp_path, registry))["sha256"] == sha256(LAYER)
    assert cdn.sent("Authorization") == []


def test_a_stranger_to_whom_a_blob_is_redirected_cannot_ask_for_credentials(outside, servers, context, tmp_path):
    registry, evil = servers(context), servers(context)
    put_manifest(registry, image())
    registry.on("GET", f"/v2/team/hello/blobs/sha256:{sha256(LAYER)}", 307, Location=f"https://evil.three.example:{evil.port}/blob")
    for challenge in ('Basic realm="x"', f'Bearer realm="https://evil.three.example:{evil.port}/token"'):
        evil.on("GET", "/blob", 401, WWW_Authenticate=challenge)
        evil.on("GET", "/token", body=b'{"token": "tok"}')
        assert outside.pull(one_example(registry), docker=with_port(tmp_path, registry))["error"] == "fetch-failed"
    assert evil.sent("Authorization") == [] and "GET /token" not in evil.paths()


@pytest.mark.parametrize("target", ["http://169.254.169.254/latest", "https://169.254.169.254/latest", "http://localhost:1/", "https://inside.one.example/", "http://cdn.two.example/x"])
def test_a_blob_is_not_fetched_from_inside(fetch, https, target):
    put_manifest(https, image())
    https.on("GET", f"/v2/team/hello/blobs/sha256:{sha256(LAYER)}", 307, Location=target)
    done = fetch.pull(one_example(https), private=["127.0.0.0/8", "10.0.0.0/8"])
    assert done["error"] == "fetch-failed" and "redirects to" in done["message"], done


def test_a_token_server_beneath_the_same_registered_name_gets_the_credentials(fetch, servers, context, tmp_path):
    registry, auth = servers(context), servers(context)
    locked(registry, f'Bearer realm="https://auth.one.example:{auth.port}/token",service="r"', "Bearer tok-1")
    auth.on("GET", "/token", body=b'{"token": "tok-1"}')
    put_blob(registry)
    # The name is not the registry's own: the settings have to let it in like any other, which in these tests they do.
    done = fetch.pull(one_example(registry), docker=with_port(tmp_path, registry))
    assert done["sha256"] == sha256(LAYER), done
    assert auth.sent("Authorization") == ["Basic " + SECRET]
    assert "Basic " + SECRET not in registry.sent("Authorization")


@pytest.mark.parametrize("realm", ["https://evil.three.example:{}/token", "https://one.example.evil.example:{}/token", "https://registry.one.example.three.example:{}/token", "https://example:{}/token",
                                   "https://127.0.0.1:{}/token", "https://localhost:{}/token", "http://localhost:{}/token"])
def test_a_token_server_of_somebody_else_gets_nothing(fetch, servers, context, tmp_path, realm):
    registry, evil = servers(context), servers(None if realm.startswith("http:") else context)
    locked(registry, f'Bearer realm="{realm.format(evil.port)}",service="r"')
    evil.on("GET", "/token", body=b'{"token": "tok-1"}')
    done = fetch.pull(one_example(registry), docker=with_port(tmp_path, registry))
    assert done["error"] == "fetch-failed" and "token server" in done["message"], done
    assert evil.requests == [] and registry.sent("Authorization") == []


@pytest.mark.parametrize("realm", ["http://registry.one.example:{}/token", "ftp://registry.one.example:{}/token", "https://ada:pw@registry.one.example:{}/token", "/token", "", "registry.one.example:{}/token",
                                   "https://registry.one.example:{}/token#sha256=" + "a" * 64])
def test_a_token_server_has_to_be_an_https_address(fetch, https, tmp_path, realm):
    locked(https, f'Bearer realm="{realm.format(https.port)}"')
    done = fetch.pull(one_example(https), docker=with_port(tmp_path, https))
    assert done["error"] == "fetch-failed" and "token server" in done["message"], done
    assert [path for path in https.paths() if "token" in path] == [] and https.sent("Authorization") == []


def test_a_token_server_that_redirects_gets_nothing_further(fetch, servers, context, tmp_path):
    registry, evil = servers(context), servers(context)
    locked(registry, f'Bearer realm="https://registry.one.example:{registry.port}/token"')
    registry.on("GET", "/token", 302, Location=f"https://evil.three.example:{evil.port}/token")
    done = fetch.pull(one_example(registry), docker=with_port(tmp_path, registry))
    assert done["error"] == "fetch-failed" and "answered 302" in done["message"]
    assert evil.requests == []


@pytest.mark.parametrize("answer", [b"", b"{}", b"[]", b'{"token": ""}', b'{"token": 7}', b'{"token": "a b"}', b'{"token": "a\\r\\nX: y"}', b'{"token": "a\\u0000b"}', b'{"token": "' + b"x" * 20_000 + b'"}'])
def test_a_token_that_is_none_is_not_used(plain, http, ref, answer):
    locked(http, f'Bearer realm="http://localhost:{http.port}/token"')
    http.on("GET", "/token", body=answer)
    done = plain.pull(ref)
    assert done["error"] == "fetch-failed" and "gave no token" in done["message"]
    assert http.sent("Authorization") == []


def test_a_giant_answer_of_a_token_server_is_not_taken(plain, http, ref):
    locked(http, f'Bearer realm="http://localhost:{http.port}/token"')
    http.on("GET", "/token", body=b'{"token": "x", "y": "' + b"x" * 100_000 + b'"}')
    assert plain.pull(ref)["error"] == "too-large"


def test_a_registry_that_never_has_enough_is_asked_twice(plain, http, ref, config):
    locked(http, f'Bearer realm="http://localhost:{http.port}/token"')
    http.on("GET", "/token", body=b'{"token": "tok"}')
    done = plain.pull(ref, docker=config)
    assert done["error"] == "fetch-failed" and "401" in done["message"]
    assert [path.partition("?")[0] for path in http.paths()] == ["GET /v2/team/hello/manifests/1", "GET /token", "GET /v2/team/hello/manifests/1"]


@pytest.mark.parametrize("challenge", ["Negotiate", "Digest realm=x,nonce=y", "Basic", "Bearer", "Bearer realm", "Bearer realm=", 'Bearer realm="x', 'Bearer realm="x",realm="y"', 'Bearer realm="x" service="y"',
                                       'Basic realm="x", Bearer realm="y"', 'Bearer realm="x",', '=', '"'])
def test_a_challenge_that_is_none_is_refused(plain, http, ref, challenge):
    locked(http, challenge)
    done = plain.pull(ref)
    assert done["error"] == "fetch-failed" and "not understood" in done["message"], done


def test_of_several_challenges_a_token_goes_before_a_password(plain, http, ref):
    locked(http, ['Basic realm="x"', "Negotiate", f'Bearer realm="http://localhost:{http.port}/token"'], "Bearer tok")
    http.on("GET", "/token", body=b'{"token": "tok"}')
    put_blob(http)
    assert "digest" in plain.pull(ref)


@pytest.mark.parametrize("text", ["", "[]", "nonsense", '{"auths": {"HOST": {"auth": "%%%"}}}', '{"auths": {"HOST": {"auth": "bm9jb2xvbg=="}}}', '{"auths": {"HOST": {"auth": "OnB3"}}}',
                                  '{"auths": {"HOST": {"auth": "YTpiDQpYOiB5"}}}', '{"credsStore": "../../bin/sh"}', '{"auths": {}, "auths": {}}'])
def test_a_configuration_of_docker_that_is_none_is_said(plain, http, ref, tmp_path, text):
    locked(http, 'Basic realm="x"')
    path = tmp_path / "config.json"
    path.write_text(text.replace("HOST", f"localhost:{http.port}"))
    done = plain.pull(ref, docker=path)
    assert done["error"] == "bad-config" and str(path) in done["message"], done
    assert http.sent("Authorization") == []


def test_a_configuration_of_docker_is_read_only_when_it_is_needed_and_only_if_it_is_a_file(plain, http, ref, tmp_path):
    put_manifest(http, image())
    put_blob(http)
    assert "digest" in plain.pull(ref, docker=tmp_path)
    locked(http, 'Basic realm="x"')
    assert plain.pull(ref, docker=tmp_path)["error"] == "bad-config"
    assert plain.pull(ref, docker="/dev/zero")["error"] == "bad-config"


# ---- uploads ----

@pytest.fixture
def file(tmp_path):
    path = tmp_path / "hello.wasm"
    path.write_bytes(LAYER)
    return path


def takes(server, location, manifest=201):
    server.on("POST", "/v2/team/hello/blobs/uploads/", 202, Location=location)
    server.on("PUT", "/up", 201)
    server.on("PUT", "/v2/team/hello/manifests/1", manifest)


@pytest.mark.parametrize("location", ["/up", "/up?state=a%3Db", "http://localhost:{}/up?x=1", "http://LOCALHOST:{}/up"])
def test_an_upload_goes_on_where_the_registry_says_at_itself(plain, http, ref, file, location):
    takes(http, location.format(http.port))
    done = plain.push(ref, file)
    assert "digest" in done, done
    puts = [(path, body) for method, path, _, body in http.requests if method == "PUT" and path.startswith("/up")]
    assert [body for _, body in puts][0] == LAYER
    assert all(f"digest=sha256:{sha256(body)}" in path and path.count("?") == 1 for path, body in puts)


@pytest.mark.parametrize("location", ["http://localhost:{}/up", "https://evil.three.example/up", "//evil.three.example/up", "up", "file:///up", "http://ada@localhost:{}/up", "/up#x", "https://localhost:{}/up"])
def test_an_upload_does_not_go_elsewhere(plain, http, servers, ref, file, location):
    other = servers()
    takes(http, location.format(http.port if "ada" in location or "https" in location else other.port))
    done = plain.push(ref, file)
    assert done["error"] == "fetch-failed" and "somewhere else" in done["message"], done
    assert other.requests == [] and not any(method == "PUT" for method, *_ in http.requests)


def test_a_redirected_upload_is_not_followed(plain, http, servers, ref, file):
    other = servers()
    takes(http, "/up")
    http.on("PUT", "/up", 307, Location=f"http://localhost:{other.port}/up")
    done = plain.push(ref, file)
    assert done["error"] == "fetch-failed" and "307" in done["message"]
    assert other.requests == []


@pytest.mark.parametrize("status", [400, 403, 404, 413, 500])
def test_a_manifest_that_is_not_taken_is_an_error(plain, http, ref, file, status):
    takes(http, "/up", manifest=status)
    done = plain.push(ref, file)
    assert done["error"] == "fetch-failed" and "cannot write its manifest" in done["message"] and str(status) in done["message"]


def test_a_registry_that_keeps_another_manifest_is_an_error(plain, http, ref, file):
    takes(http, "/up")
    http.on("PUT", "/v2/team/hello/manifests/1", 201, Docker_Content_Digest="sha256:" + "c" * 64)
    assert plain.push(ref, file)["error"] == "digest-mismatch"


def test_a_registry_that_hangs_up_in_an_upload_is_an_error(plain, http, ref, file):
    takes(http, "/up")
    http.routes["PUT", "/up"] = lambda h: h.connection.shutdown(socket.SHUT_RDWR)
    done = plain.push(ref, file)
    assert done["error"] == "fetch-failed" and "hung up" in done["message"], done
