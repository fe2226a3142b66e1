# SPDX-License-Identifier: Apache-2.0
"""cordon install from a real registry: what was pushed is what is installed, and a tag that moves is an update."""

import json
import os
import subprocess
import tarfile

import pytest
from fetch_ground import BUILD, ROOT, SECONDS, sha256

MANIFEST = '[skill]\nname = "weather"\nversion = "{version}"\ndescription = "d"\n'


@pytest.fixture
def cordon(tmp_path):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CORDON", "XDG_", "DOCKER"))}
    env.update(HOME=str(tmp_path), CORDON_HOME=str(tmp_path / "home"), XDG_CACHE_HOME=str(tmp_path / "cache"))

    def run(*words):
        done = subprocess.run([BUILD / "cli/cordon", *map(str, words)], env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)
        assert b"Sanitizer" not in done.stderr, done.stderr.decode()
        return done.returncode, json.loads(done.stdout)

    return run


def bundle(tmp_path, version="1.0.0"):
    folder = tmp_path / "skill"
    folder.mkdir(exist_ok=True)
    (folder / "skill.toml").write_text(MANIFEST.format(version=version))
    (folder / "skill.wasm").write_bytes((ROOT / "tests/fixtures/echo.wat").read_bytes())
    with tarfile.open(tmp_path / "skill.tar.gz", "w:gz") as tar:
        tar.add(folder, "weather")
    return tmp_path / "skill.tar.gz"


def test_a_bundle_is_installed_and_a_moved_tag_is_an_update(plain, registry, cordon, tmp_path):
    ref = f"oci://{registry.host}/team/weather:1"
    plain.push(ref, bundle(tmp_path), "bundle")
    code, done = cordon("install", ref, "-j")
    assert code == 0 and (done["name"], done["version"]) == ("weather", "1.0.0"), done
    assert cordon("update", "weather", "-j")[1]["updates"][0]["plan"]["unchanged"]
    plain.push(ref, bundle(tmp_path, "1.1.0"), "bundle")
    code, done = cordon("update", "weather", "-j")
    assert code == 0 and done["updates"][0]["done"]["version"] == "1.1.0", done


def test_a_component_is_installed_under_the_last_name_of_its_repository(plain, registry, cordon, tmp_path):
    ref = f"oci://{registry.host}/team/echo:1"
    tmp_path.joinpath("smallest.wasm").write_bytes(b"\0asm\x0d\0\1\0")
    plain.push(ref, tmp_path / "smallest.wasm")
    code, done = cordon("install", ref, "-j")
    assert code == 0 and done["name"] == "echo", done


def test_pinned_by_its_digest_it_is_that_or_nothing(plain, registry, cordon, tmp_path):
    ref = f"oci://{registry.host}/team/pinned:1"
    pushed = plain.push(ref, bundle(tmp_path), "bundle")
    assert cordon("install", f"{ref}@sha256:{pushed['digest']}", "-j")[0] == 0
    code, done = cordon("install", f"{ref}@sha256:{'a' * 64}", "--as", "other", "-j")
    assert code in (3, 7) and done["error"], done
    plain.push(ref, bundle(tmp_path, "1.1.0"), "bundle")
    code, done = cordon("install", f"{ref}@sha256:{pushed['digest']}", "-j")
    assert code == 0 and done["unchanged"], done


def test_a_reference_that_is_not_there(registry, cordon):
    code, done = cordon("install", f"oci://{registry.host}/nobody/nothing:1", "-j")
    assert code == 7 and done["error"]["id"] == "fetch-failed", done


# ---- by https ----

PROMPT = "---\nname: greeting\ndescription: Greets.\n---\nSay hello.\n"


def packed(tmp_path):
    (tmp_path / "greeting").mkdir()
    (tmp_path / "greeting/SKILL.md").write_text(PROMPT)
    with tarfile.open(tmp_path / "greeting.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "greeting", "greeting")
    return (tmp_path / "greeting.tar.gz").read_bytes()


def settings(tmp_path, certificates):
    (tmp_path / "home").mkdir(mode=0o700, exist_ok=True)
    config = tmp_path / "home/config.toml"
    config.write_text(f'[egress]\nca_file = "{certificates}/ca.pem"\n')
    config.chmod(0o600)


def test_a_bundle_comes_by_https_from_a_server_that_the_settings_vouch_for(https, cordon, tmp_path, certificates):
    data = packed(tmp_path)
    https.on("GET", "/greeting.tar.gz", body=data)
    url = f"https://localhost:{https.port}/greeting.tar.gz"
    code, done = cordon("install", url, "-j")
    assert code == 7 and "no trusted connection" in done["error"]["message"] and https.requests == [], done
    settings(tmp_path, certificates)
    code, done = cordon("install", f"{url}#sha256={sha256(b'another')}", "-j")
    assert code == 3 and done["error"]["id"] == "digest-mismatch", done
    code, done = cordon("install", f"{url}#sha256={sha256(data)}", "--no-grants", "-j")
    assert code == 0 and done["name"] == "greeting", done


def test_an_install_follows_no_redirect_to_this_machine(https, http, cordon, tmp_path, certificates):
    settings(tmp_path, certificates)
    http.on("GET", "/x", body=packed(tmp_path))
    https.on("GET", "/x", 302, Location=f"http://127.0.0.1:{http.port}/x")
    code, done = cordon("install", f"https://localhost:{https.port}/x", "--no-grants", "-j")
    assert code == 7 and "redirects to" in done["error"]["message"] and http.requests == [], done
