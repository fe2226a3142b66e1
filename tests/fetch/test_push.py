# SPDX-License-Identifier: Apache-2.0
"""cordon push, to Debian's docker-registry, and what can be pulled of it."""

import io
import json
import os
import subprocess
import tarfile

import pytest
from fetch_ground import PASSWORD, ROOT, SECONDS, USER, auth_of, docker_config, sha256

COMPONENT = b"\0asm\x0d\0\1\0"
MANIFEST = """[skill]
name = "hello"
version = "1.2.3"
description = "Says hello."
"""


class Command:
    def __init__(self, home):
        self.env = {**os.environ, "HOME": str(home), "CORDON_HOME": str(home / "cordon"), "XDG_CONFIG_HOME": str(home / "config"), "XDG_CACHE_HOME": str(home / "cache")}
        self.env.pop("DOCKER_CONFIG", None)

    def __call__(self, *words, env=None):
        return subprocess.run([os.environ["CORDON"], *map(str, words)], env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=SECONDS, check=False)


@pytest.fixture
def cordon(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    return Command(home)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "a skill"
    made.joinpath("data").mkdir(parents=True)
    made.joinpath("skill.toml").write_text(MANIFEST)
    made.joinpath("skill.wasm").write_bytes(COMPONENT)
    made.joinpath("data/gr\u00fc\u00dfe.txt").write_text("hello")
    made.joinpath("run.sh").write_text("#!/bin/sh\n")
    made.joinpath("run.sh").chmod(0o755)
    made.joinpath(".git").mkdir()
    made.joinpath(".git/config").write_text("token = s3cret")
    return made


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "hello.wasm"
    path.write_bytes(COMPONENT)
    return path


def test_a_component_is_pushed_under_the_name_of_its_file(cordon, plain, registry, file):
    ref = f"oci://{registry.host}/push/file:1"
    done = cordon("push", file, ref, "-j")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["kind"], said["media_type"], said["size_bytes"], said["name"], said["version"], said["reference"]) == ("component", "application/wasm", 8, "hello", None, ref)
    assert said["pinned"] == f"oci://{registry.host}/push/file@{said['digest']}"
    assert plain.pull(said["pinned"])["sha256"] == sha256(COMPONENT)
    assert registry.manifest("push/file", "1")["annotations"] == {"org.opencontainers.image.title": "hello"}


def test_a_folder_is_pushed_as_a_bundle_of_what_installing_would_take(cordon, plain, registry, folder):
    ref = f"oci://{registry.host}/push/folder:1"
    done = cordon("push", folder, ref)
    assert done.returncode == 0, done.stderr
    assert f"pushed {ref} (bundle, " in done.stdout and "@sha256:" in done.stdout
    assert plain.pull(ref)["kind"] == "bundle"
    with tarfile.open(fileobj=io.BytesIO(plain.bytes), mode="r:gz") as tar:
        assert {(m.name, m.mode, m.mtime, m.uid, m.uname) for m in tar} == {("skill.toml", 0o644, 0, 0, ""), ("skill.wasm", 0o644, 0, 0, ""), ("data/gr\u00fc\u00dfe.txt", 0o644, 0, 0, ""), ("run.sh", 0o755, 0, 0, "")}
        assert tar.extractfile("skill.wasm").read() == COMPONENT
    assert registry.manifest("push/folder", "1")["annotations"] == {"org.opencontainers.image.title": "hello", "org.opencontainers.image.version": "1.2.3",
                                                                    "org.opencontainers.image.description": "Says hello."}


def test_the_same_folder_gives_the_same_digest(cordon, registry, folder):
    first = json.loads(cordon("push", folder, f"oci://{registry.host}/push/same:1", "-j").stdout)
    for path in folder.rglob("*"):
        os.utime(path, (1, 1))
    folder.joinpath(".hidden").write_text("x")
    again = json.loads(cordon("push", folder, f"oci://{registry.host}/push/same:2", "-j").stdout)
    assert first["digest"] == again["digest"]


def test_an_archive_is_pushed_as_it_is(cordon, plain, registry, folder, tmp_path):
    path = tmp_path / "hello-1.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(folder, "hello")
    done = cordon("push", path, f"oci://{registry.host}/push/archive", "-j")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["kind"], said["name"], said["reference"]) == ("bundle", "hello-1", f"oci://{registry.host}/push/archive:latest")
    assert plain.pull(said["pinned"])["sha256"] == sha256(path.read_bytes())


def test_what_is_installed_is_pushed_by_its_name(cordon, plain, registry, folder, tmp_path):
    folder.joinpath("skill.wasm").write_bytes((ROOT / "tests/fixtures/echo.wat").read_bytes())
    assert cordon("install", folder, "--yes").returncode == 0
    ref = f"oci://{registry.host}/push/installed:1"
    done = cordon("push", "hello", ref, "-j")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["kind"], said["name"], said["version"]) == ("bundle", "hello", "1.2.3")
    assert said["digest"] == json.loads(cordon("push", folder, f"oci://{registry.host}/push/folder:2", "-j").stdout)["digest"]
    assert cordon("push", "hello@1.2.3", ref).returncode == 0
    again = cordon("install", ref, "--as", "hello-2", "-j")
    assert again.returncode == 0 and json.loads(again.stdout)["digest"] == json.loads(cordon("inspect", "hello", "-j").stdout)["installed"]["digest"]


def test_a_name_that_is_not_installed_is_not_found(cordon, registry, folder, tmp_path):
    done = cordon("push", "helo", f"oci://{registry.host}/push/none:1", "-j")
    assert done.returncode == 6 and json.loads(done.stdout)["error"]["id"] == "not-found"


def test_what_is_installed_and_damaged_is_not_pushed(cordon, registry, folder, tmp_path):
    folder.joinpath("skill.wasm").write_bytes((ROOT / "tests/fixtures/echo.wat").read_bytes())
    assert cordon("install", folder, "--yes").returncode == 0
    code = next(tmp_path.glob("home/cordon/store/*/skill.wasm"))
    code.chmod(0o600)
    code.write_bytes(COMPONENT)
    done = cordon("push", "hello", f"oci://{registry.host}/push/damaged:1", "-j")
    assert done.returncode == 7 and json.loads(done.stdout)["error"]["id"] == "damaged"


def test_credentials_of_the_user_are_used(cordon, registry_program, locked_registry, file, tmp_path):
    ref = f"oci://{locked_registry.host}/push/locked:1"
    done = cordon("push", file, ref)
    assert done.returncode == 7 and "401 (not authorized)" in done.stderr and f"no credentials for {locked_registry.host}" in done.stderr
    tmp_path.joinpath("home/.docker").mkdir()
    docker_config(tmp_path / "home/.docker/config.json", auths={locked_registry.host: {"auth": auth_of(USER, PASSWORD)}})
    assert cordon("push", file, ref).returncode == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    docker_config(elsewhere / "config.json", auths={})
    assert cordon("push", file, ref, env={"DOCKER_CONFIG": str(elsewhere)}).returncode == 7


def test_a_credential_helper_needs_the_settings_word(cordon, locked_registry, file, tmp_path):
    program = tmp_path / "docker-credential-tests"
    program.write_text(f"#!/bin/sh\necho '{json.dumps({'Username': USER, 'Secret': PASSWORD})}'\n")
    program.chmod(0o755)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    docker_config(elsewhere / "config.json", credsStore="tests")
    env = {"DOCKER_CONFIG": str(elsewhere), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    ref = f"oci://{locked_registry.host}/push/helped:1"
    done = cordon("push", file, ref, env=env)
    assert done.returncode == 7 and "[install] credential_helpers" in done.stderr
    config = tmp_path / "config.toml"
    config.write_text('[install]\ncredential_helpers = ["tests"]\n')
    config.chmod(0o600)
    done = cordon("push", file, ref, "--config", config, env=env)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name, content, status, why", [
    ("x.wat", b"(component)", 6, "WebAssembly text"), ("x.txt", b"hello", 6, "neither WebAssembly nor"), ("x.zip", b"PK\3\4", 6, "neither WebAssembly nor"), ("empty.wasm", b"", 6, "neither WebAssembly nor")])
def test_what_is_no_skill_is_not_sent(cordon, http, tmp_path, name, content, status, why):
    path = tmp_path / name
    path.write_bytes(content)
    done = cordon("push", path, f"oci://localhost:{http.port}/x")
    assert done.returncode == status and why in done.stderr, done.stderr
    assert http.requests == []


def test_a_folder_without_a_skill_is_not_sent(cordon, http, tmp_path):
    path = tmp_path / "nothing"
    path.mkdir()
    path.joinpath("notes.txt").write_text("x")
    done = cordon("push", path, f"oci://localhost:{http.port}/x")
    assert done.returncode == 6 and "neither a manifest nor skill.wasm" in done.stderr, done.stderr
    path.joinpath("skill.toml").write_text("[skill\n")
    done = cordon("push", path, f"oci://localhost:{http.port}/x")
    assert done.returncode == 6 and "skill.toml:1" in done.stderr, done.stderr
    assert http.requests == []


def test_a_link_out_of_the_folder_is_not_sent(cordon, http, folder):
    folder.joinpath("passwd").symlink_to("/etc/passwd")
    done = cordon("push", folder, f"oci://localhost:{http.port}/x")
    assert done.returncode == 6 and "passwd" in done.stderr
    assert http.requests == []


def test_a_target_that_is_not_there_is_said(cordon):
    done = cordon("push", "./nowhere", "oci://r.example/x")
    assert done.returncode == 6 and "there is no file or folder ./nowhere" in done.stderr


@pytest.mark.parametrize("ref", ["r.example/x", "https://r.example/x", "oci://r.example", "oci://ada:pw@r.example/x", "oci://r.example/X"])
def test_a_reference_that_is_none_is_a_usage_error(cordon, file, ref):
    done = cordon("push", file, ref)
    assert done.returncode == 2 and "no reference to a registry" in done.stderr


def test_nothing_is_left_behind(cordon, registry, folder, tmp_path):
    assert cordon("push", folder, f"oci://{registry.host}/push/clean:1").returncode == 0
    staging = tmp_path / "home/cordon/staging"
    assert not staging.exists() or list(staging.iterdir()) == []


# ---- and back ----

@pytest.fixture
def skill(cordon, tmp_path):
    """A folder with a prompt: nothing has to be compiled."""
    made = tmp_path / "greeting"
    made.mkdir()
    made.joinpath("SKILL.md").write_text("---\nname: greeting\ndescription: Greets.\n---\nSay hello to \u00c5sa.\n")
    made.joinpath("gr\u00fc\u00dfe.txt").write_text("hello")
    return made


def test_what_was_pushed_is_installed_by_tag_and_by_digest(cordon, registry, skill):
    said = json.loads(cordon("push", skill, f"oci://{registry.host}/push/greeting:1", "-j").stdout)
    for name, ref in (("by-tag", said["reference"]), ("by-digest", said["pinned"])):
        done = cordon("install", ref, "--as", name, "--no-grants", "-j")
        assert done.returncode == 0, done.stderr + done.stdout
    by_tag, by_digest = [json.loads(cordon("inspect", name, "-j").stdout) for name in ("by-tag", "by-digest")]
    assert by_tag.get("digest") == by_digest.get("digest")


def test_credentials_reach_the_registry_when_installing_too(cordon, locked_registry, skill, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    docker_config(elsewhere / "config.json", auths={locked_registry.host: {"auth": auth_of(USER, PASSWORD)}})
    ref, env = f"oci://{locked_registry.host}/push/greeting:1", {"DOCKER_CONFIG": str(elsewhere)}
    assert cordon("push", skill, ref, env=env).returncode == 0
    done = cordon("install", ref, "--no-grants")
    assert done.returncode == 7 and "no credentials" in done.stderr, done.stderr
    done = cordon("install", ref, "--no-grants", env=env)
    assert done.returncode == 0, done.stderr
