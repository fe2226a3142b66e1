# SPDX-License-Identifier: Apache-2.0
"""cordon install from a real registry: what was pushed is what is installed, and a tag that moves is an update."""

import json
import os
import subprocess
import tarfile

import pytest
from conftest import BUILD, ROOT, SECONDS

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


def test_a_component_is_installed_under_the_last_name_of_its_repository(plain, registry, cordon):
    ref = f"oci://{registry.host}/team/echo:1"
    plain.push(ref, ROOT / "tests/fixtures/echo.wat")
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
