# SPDX-License-Identifier: Apache-2.0
"""Debian's docker-registry: what is pushed is what is pulled, with and without credentials."""

import base64
import gzip
import json
import subprocess
import time

import pytest
from fetch_ground import PASSWORD, USER, Registry, auth_of, docker_config, sha256

WASM = b"\0asm\x0d\0\1\0" + bytes(range(256)) * 3000


@pytest.fixture
def wasm(tmp_path):
    path = tmp_path / "hello.wasm"
    path.write_bytes(WASM)
    return path


def test_what_is_pushed_is_what_is_pulled(plain, registry, wasm):
    ref = f"oci://{registry.host}/team/hello:1.0"
    pushed = plain.push(ref, wasm)
    assert len(pushed["digest"]) == 64, pushed
    for one in (ref, f"oci://{registry.host}/team/hello@sha256:{pushed['digest']}", f"{ref}@sha256:{pushed['digest']}"):
        pulled = plain.pull(one)
        assert (pulled["kind"], pulled["sha256"], pulled["digest"], pulled["len"]) == ("wasm", sha256(WASM), pushed["digest"], len(WASM)), pulled
        assert plain.bytes == WASM
    assert pulled["told"]["bytes"] == pulled["told"]["total"] == len(WASM)


def test_a_component_has_the_media_types_of_a_wasm_image_and_its_annotations(plain, registry, wasm):
    plain.push(f"oci://{registry.host}/types:1", wasm, description="says \"hello\" \u00e9")
    manifest = registry.manifest("types", "1")
    assert manifest["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert manifest["config"]["mediaType"] == "application/vnd.wasm.config.v0+json"
    assert [(layer["mediaType"], layer["digest"], layer["size"]) for layer in manifest["layers"]] == [("application/wasm", "sha256:" + sha256(WASM), len(WASM))]
    assert manifest["annotations"] == {"org.opencontainers.image.title": "hello", "org.opencontainers.image.version": "1.0.0",
                                       "org.opencontainers.image.description": "says \"hello\" \u00e9"}


def test_a_bundle_has_a_media_type_of_its_own(plain, registry, wasm):
    ref = f"oci://{registry.host}/bundle:1"
    wasm.write_bytes(gzip.compress(WASM))
    plain.push(ref, wasm, "bundle")
    assert registry.manifest("bundle", "1")["layers"][0]["mediaType"] == "application/vnd.cordon.bundle.v1.tar+gzip"
    assert plain.pull(ref)["kind"] == "bundle"


def test_the_same_pushed_again_has_the_same_digest_and_sends_no_bytes_again(plain, registry, wasm):
    first, again = [plain.push(f"oci://{registry.host}/again:1", wasm) for _ in range(2)]
    assert first["digest"] == again["digest"] and first["told"]["bytes"] == len(WASM) and again["told"]["times"] == 0


def test_the_default_tag_is_latest(plain, registry, wasm):
    plain.push(f"oci://{registry.host}/untagged", wasm)
    assert plain.pull(f"oci://{registry.host}/untagged:latest")["sha256"] == sha256(WASM)


@pytest.mark.parametrize("ref", ["nobody/nothing", "team/hello:no-such", "team/hello@sha256:" + "a" * 64])
def test_what_is_not_there_is_said_with_the_status_and_the_registrys_code(plain, registry, wasm, ref):
    plain.push(f"oci://{registry.host}/team/hello:1.0", wasm)
    done = plain.pull(f"oci://{registry.host}/{ref}")
    assert done["error"] == "fetch-failed" and "404 (not found), MANIFEST_UNKNOWN" in done["message"] and f"{registry.host}/{ref.partition(':')[0].partition('@')[0]}" in done["message"]
    assert "Check the name" in done["hint"]


def test_a_digest_is_nothing_to_push_to(plain, registry, wasm):
    done = plain.push(f"oci://{registry.host}/x:1@sha256:" + "a" * 64, wasm)
    assert done["error"] == "usage" and "goes to a tag" in done["message"]


@pytest.mark.parametrize("content, error", [(b"", "too-large")])
def test_nothing_is_nothing_to_push(plain, registry, tmp_path, content, error):
    path = tmp_path / "empty"
    path.write_bytes(content)
    assert plain.push(f"oci://{registry.host}/x:1", path)["error"] == error


def test_a_large_layer_comes_and_goes_whole(plain, registry, tmp_path):
    content = b"\x1f\x8b" + bytes(range(251)) * 100_000  # 25 MB
    path = tmp_path / "large"
    path.write_bytes(content)
    ref = f"oci://{registry.host}/large:1"
    assert "digest" in plain.push(ref, path, "bundle")
    assert plain.pull(ref)["sha256"] == sha256(content)
    assert plain.bytes == content


# ---- with user and password ----

def test_without_credentials_a_locked_registry_gives_and_takes_nothing(plain, locked_registry, wasm, tmp_path):
    ref = f"oci://{locked_registry.host}/hello:1"
    for done in (plain.push(ref, wasm), plain.pull(ref), plain.pull(ref, docker=tmp_path / "absent.json"), plain.pull(ref, docker=docker_config(tmp_path / "c.json", auths={}))):
        assert done["error"] == "fetch-failed" and "401 (not authorized)" in done["message"], done
        assert f"no credentials for {locked_registry.host}" in done["hint"]


@pytest.mark.parametrize("key", ["{}", "http://{}", "https://{}/v1/", "https://{}/v2/"])
def test_credentials_come_from_dockers_configuration(plain, locked_registry, wasm, tmp_path, key):
    config = docker_config(tmp_path / "config.json", auths={"elsewhere.example": {"auth": auth_of("x", "y")}, key.format(locked_registry.host): {"auth": auth_of(USER, PASSWORD)}})
    ref = f"oci://{locked_registry.host}/hello:1"
    assert "digest" in plain.push(ref, wasm, docker=config)
    assert plain.pull(ref, docker=config)["sha256"] == sha256(WASM)


def test_wrong_credentials_are_said_and_not_shown(plain, locked_registry, wasm, tmp_path):
    config = docker_config(tmp_path / "config.json", auths={locked_registry.host: {"auth": auth_of(USER, "wrong-pass")}})
    done = plain.push(f"oci://{locked_registry.host}/hello:1", wasm, docker=config)
    assert done["error"] == "fetch-failed" and "401" in done["message"] and "were sent" in done["hint"]
    assert "wrong-pass" not in json.dumps(done) and auth_of(USER, "wrong-pass") not in json.dumps(done)


def helper(folder, body, name="tests"):
    program = folder / f"docker-credential-{name}"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


def test_a_credential_helper_is_asked_where_the_settings_name_it(plain, locked_registry, wasm, tmp_path):
    answer = json.dumps({"ServerURL": locked_registry.host, "Username": USER, "Secret": PASSWORD})
    env = helper(tmp_path, f"echo \"$1 $(cat)\" >> {tmp_path}/asked\ncat <<'END'\n{answer}\nEND")
    ref = f"oci://{locked_registry.host}/helped:1"
    for config in (docker_config(tmp_path / "a.json", credsStore="tests", auths={locked_registry.host: {}}), docker_config(tmp_path / "b.json", credHelpers={locked_registry.host: "tests"})):
        assert "digest" in plain.push(ref, wasm, docker=config, helper="tests", env=env)
    assert tmp_path.joinpath("asked").read_text() == f"get {locked_registry.host}\n" * 2


def test_a_credential_helper_that_the_settings_do_not_name_is_never_started(plain, locked_registry, wasm, tmp_path):
    env = helper(tmp_path, f"touch {tmp_path}/asked")
    config = docker_config(tmp_path / "config.json", credsStore="tests")
    done = plain.push(f"oci://{locked_registry.host}/x:1", wasm, docker=config, helper="other", env=env)
    assert done["error"] == "fetch-failed" and "'tests'" in done["hint"] and "credential_helpers" in done["hint"]
    assert not tmp_path.joinpath("asked").exists()


@pytest.mark.parametrize("body, error, why", [("exit 1", "fetch-failed", "401"), ("echo nonsense", "fetch-failed", "something else than user and secret"),
                                              ("exec cat /dev/zero", "fetch-failed", "given up"), ("echo '{\"Username\": \"a:b\", \"Secret\": \"x\"}'", "fetch-failed", "something else")])
def test_a_credential_helper_that_fails_is_said(plain, locked_registry, wasm, tmp_path, body, error, why):
    config = docker_config(tmp_path / "config.json", credsStore="tests")
    done = plain.push(f"oci://{locked_registry.host}/x:1", wasm, docker=config, helper="tests", env=helper(tmp_path, body))
    assert done["error"] == error and why in done["message"], done


def test_a_credential_helper_that_is_not_there_is_said(plain, locked_registry, wasm, tmp_path):
    config = docker_config(tmp_path / "config.json", credsStore="tests")
    done = plain.push(f"oci://{locked_registry.host}/x:1", wasm, docker=config, helper="tests", env={"PATH": "/nowhere:relative:"})
    assert done["error"] == "missing-tool" and "docker-credential-tests" in done["message"]


@pytest.mark.parametrize("body", ["exec sleep 30", "exec sleep 30 >&-"])
def test_a_credential_helper_that_hangs_ends_with_what_it_is_for(plain, locked_registry, wasm, tmp_path, body):
    config = docker_config(tmp_path / "config.json", credsStore="tests")
    begun = time.monotonic()
    done = plain.push(f"oci://{locked_registry.host}/x:1", wasm, docker=config, helper="tests", env=helper(tmp_path, body), cancel=500)
    assert done["error"] == "fetch-failed" and time.monotonic() - begun < 20


# ---- with tokens ----

@pytest.fixture
def token_registry(registry_program, http, certificates, tmp_path):
    """One that sends whoever asks to a token server (`http`), which gives tokens to USER alone."""
    made = Registry(registry_program, tmp_path / "tokens", {"token": {"realm": f"http://127.0.0.1:{http.port}/token?from=tests", "service": "tests & more", "issuer": "tests",
                                                                      "rootcertbundle": str(certificates / "ca.pem")}})
    certificate = base64.b64encode(subprocess.run(["openssl", "x509", "-in", certificates / "token.pem", "-outform", "DER"], capture_output=True, check=True).stdout).decode()

    def part(data):
        return base64.urlsafe_b64encode(data if isinstance(data, bytes) else json.dumps(data).encode()).rstrip(b"=")

    def token(actions):
        now = int(time.time())
        text = part({"typ": "JWT", "alg": "RS256", "x5c": [certificate]}) + b"." + part(
            {"iss": "tests", "aud": "tests & more", "sub": USER, "iat": now - 10, "nbf": now - 10, "exp": now + 300, "jti": "1",
             "access": [{"type": "repository", "name": "team/hello", "actions": actions}]})
        sign = subprocess.run(["openssl", "dgst", "-sha256", "-sign", certificates / "token.key"], input=text, capture_output=True, check=True).stdout
        return (text + b"." + part(sign)).decode()

    def give(h):
        push = "push" in h.path or b"push" in h.body
        known = h.headers.get("Authorization") == "Basic " + auth_of(USER, PASSWORD) or b"refresh_token=id-tok%2Fen" in h.body
        if push and not known:
            return h.give(401, b"{}")
        return h.give(200, json.dumps({"access_token" if h.command == "POST" else "token": token(["pull", "push"] if push else ["pull"])}).encode())

    http.routes["GET", "/token"] = http.routes["POST", "/token"] = give
    yield made
    made.stop()


def test_a_token_server_gives_access_to_what_is_asked_for(plain, token_registry, http, wasm, tmp_path):
    ref = f"oci://{token_registry.host}/team/hello:1"
    config = docker_config(tmp_path / "config.json", auths={token_registry.host: {"auth": auth_of(USER, PASSWORD)}})
    pushed = plain.push(ref, wasm, docker=config)
    assert "digest" in pushed, pushed
    assert http.paths() == ["GET /token?from=tests&service=tests%20%26%20more&scope=repository%3Ateam%2Fhello%3Apull%2Cpush"]
    pulled = plain.pull(ref)  # anonymous
    assert pulled["sha256"] == sha256(WASM), pulled
    assert http.paths()[1:] == ["GET /token?from=tests&service=tests%20%26%20more&scope=repository%3Ateam%2Fhello%3Apull"]
    assert http.sent("Authorization") == ["Basic " + auth_of(USER, PASSWORD)]


def test_an_identity_token_is_traded_for_one_of_the_registry(plain, token_registry, http, wasm, tmp_path):
    config = docker_config(tmp_path / "config.json", auths={token_registry.host: {"identitytoken": "id-tok/en"}})
    pushed = plain.push(f"oci://{token_registry.host}/team/hello:1", wasm, docker=config)
    assert "digest" in pushed, pushed
    (method, path, fields, body), = http.requests
    assert (method, path) == ("POST", "/token?from=tests") and "Authorization" not in fields
    assert body == b"grant_type=refresh_token&client_id=cordon&refresh_token=id-tok%2Fen&service=tests%20%26%20more&scope=repository%3Ateam%2Fhello%3Apull%2Cpush"


def test_a_token_server_that_gives_nothing_is_said(plain, token_registry, wasm, tmp_path):
    done = plain.push(f"oci://{token_registry.host}/team/hello:1", wasm)
    assert done["error"] == "fetch-failed" and "the token server" in done["message"] and "401" in done["message"] and "no credentials" in done["hint"]
