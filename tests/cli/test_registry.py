# SPDX-License-Identifier: Apache-2.0
"""What is installed, by name: run, inspected, granted, limited, taken back, verified. Skills are put into the registry by hand (registry-put), so that only what is
there is tested, and not how it got there."""

import json
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, on_terminal

PUT = Path(os.environ.get("CORDON_BUILD", ROOT / "build"), "tests/unit/registry-put")


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def put(home, wat):
    """put("hello", "1.0", wat("echo"), grant="env=X") installs."""

    def install(name, version="1.0.0", file=None, **said):
        words = [f"{key}={one}" for key, value in said.items() for one in (value if isinstance(value, list) else [value])]
        subprocess.run([PUT, home, name, version, file or wat("echo"), *words], check=True)

    return install


@pytest.fixture
def run(cordon, home):
    """The command, with that home."""
    return lambda *words, env=None, **options: cordon(*words, env={"CORDON_HOME": str(home), **(env or {})}, **options)


# ---- run ----


def test_an_installed_skill_runs_by_name(put, run):
    put("hello", "1.2.3")
    done = run("run", "hello", "some text")
    assert (done.status, done.text) == (0, "some text")
    done = run("run", "hello", "-j").json
    assert (done["skill"], done["version"], done["tier"], done["outcome"]) == ("hello", "1.2.3", "untrusted", "ok")


def test_a_kept_version_runs_by_name_and_version(put, run, wat):
    put("a", "1.0.0")
    put("a", "2.0.0", wat("err"))
    assert run("run", "a@1.0.0", "x").text == "x"
    assert run("run", "a", "x").status == 1
    done = run("run", "a@3", "x")
    assert done.status == 6 and "a has no version 3 any more; there are: 2.0.0, 1.0.0" in done.err


def test_a_name_that_is_not_installed_is_said_with_what_is_near(put, run, tmp_path, wat):
    put("hello")
    done = run("run", "helo", "x")
    assert done.status == 6 and "no skill named helo is installed; did you mean hello?" in done.err
    (tmp_path / "weather").mkdir()
    done = run("run", "weather", cwd=tmp_path)
    assert "no skill named weather is installed; did you mean ./weather?" in done.err


@pytest.mark.parametrize("name", ["..", "../x", "a" * 300, "we\u0430ther", "-x", "a b", "a;b", "$HOME"])
def test_a_name_that_can_be_none_is_not_found(put, run, name):
    put("hello")
    done = run("run", "--json", "--", name) if name.startswith("-") else run("run", name, "--json")
    assert done.status in (2, 6)


def test_a_granted_variable_is_read_and_another_denied(put, run, wat):
    put("e", "1", wat("env"), grant="env=COLOUR")
    assert run("run", "e", "COLOUR", env={"COLOUR": "green"}).text == "green"
    done = run("run", "e", "HOME", "--json")
    assert done.status == 3 and done.json["denials"][0]["reason"] == "not-granted"


def test_an_artifact_uses_no_grant_of_what_is_installed(put, run, wat):
    put("env", "1", wat("env"), grant="env=COLOUR")
    assert run("run", wat("env"), "COLOUR", env={"COLOUR": "green"}).status == 3


def test_a_denial_names_the_command_for_once_and_for_all_calls(put, cordon, home, wat):
    put("e", "1", wat("env"))
    status, shown = on_terminal(cordon, "run", "e", "COLOUR", env={"CORDON_HOME": str(home)})
    assert status == 3
    assert "Once: cordon run e -a env=COLOUR" in shown
    assert "Always: cordon grant e env=COLOUR" in shown


def test_a_limit_that_was_hit_names_both_commands(put, run, wat):
    put("s", "1", wat("spin"), format="skill.toml", manifest="x", asks="", fuel=1000000)
    done = run("run", "s")
    assert done.status == 4
    assert "--fuel" in done.err and "cordon limit s fuel=" in done.err


def test_flags_go_before_the_operators_limit_and_that_before_the_manifest(put, run, wat):
    put("s", "1", wat("spin"), format="skill.toml", manifest="x", asks="", fuel=2000000)
    assert "limit 2 M (skill.toml)" in run("run", "s").err
    assert run("limit", "s", "fuel=3M").status == 0
    assert "limit 3 M (cordon limit)" in run("run", "s").err
    assert "limit 1 M (--fuel)" in run("run", "s", "--fuel", "1M").err
    assert run("limit", "s", "fuel=default").status == 0
    assert "limit 2 M (skill.toml)" in run("run", "s").err


def test_a_grant_beyond_what_is_asked_is_an_error_that_says_so(put, run, wat):
    put("e", "1", wat("env"), format="skill.toml", manifest="x", asks="env=ASKED", grant="env=ASKED")
    for words in (["run", "e", "OTHER", "-a", "env=OTHER", "-j"], ["grant", "e", "env=OTHER", "-j"]):
        done = run(*words)
        assert done.status == 2 and done.json["error"]["id"] == "not-asked"
        assert "cordon inspect e" in done.json["error"]["hint"]
    done = run("run", "e", "OTHER", "-j")
    assert done.json["denials"][0]["reason"] == "not-asked"


def test_the_tier_of_an_installed_skill_is_no_flag(put, run):
    put("hello")
    done = run("run", "hello", "x", "--tier", "verified", "-j")
    assert done.status == 3 and done.json["error"]["id"] == "tier-refused"
    assert run("run", "hello", "x", "--tier", "untrusted").status == 0


# ---- other kinds ----


def test_a_prompt_answers_its_body(put, run, tmp_path):
    (tmp_path / "p").mkdir()
    (tmp_path / "p/SKILL.md").write_text("x")
    put("p", "1", str(tmp_path / "p"), kind="text", body="Be kind.")
    assert run("run", "p").text == "Be kind."


def test_a_local_script_runs_by_name(put, run, tmp_path):
    folder = tmp_path / "s"
    (folder / "scripts").mkdir(parents=True)
    (folder / "scripts/run.sh").write_text('read line; echo "got $line"; echo careful >&2; exit ${#line}\n')
    put("s", "1", str(folder), kind="script", tier="local", grant="exec")
    done = run("run", "s", "", "-j")
    if done.json["error"] and done.json["error"]["id"] in ("kernel", "not-granted"):
        pytest.skip(done.json["error"]["message"])
    assert (done.status, done.json["output"], done.json["tier"]) == (0, "got \n", "local")
    done = run("run", "s", "ab", "-v")
    assert done.status == 1 and "s: " in done.err and "careful" in done.err
    done = run("run", "s", "-c", "x")
    assert done.status == 2 and "s is a local script: it takes no an export" not in done.err
    assert run("bench", "s").status == 2
    assert run("tools", "s").status == 2
    assert "script" in run("inspect", "s").text


def test_a_script_that_was_not_installed_as_local_does_not_run(put, run, tmp_path):
    folder = tmp_path / "s"
    (folder / "scripts").mkdir(parents=True)
    (folder / "scripts/run.sh").write_text("echo hi\n")
    put("s", "1", str(folder), kind="script", grant="exec")
    done = run("run", "s", "-j")
    assert done.status == 3 and done.json["error"]["id"] == "tier-refused"


# ---- looking ----


def test_inspect_shows_every_limit_grant_and_its_origin(put, run, wat):
    put("e", "1.2", wat("env"), format="skill.toml", manifest="x", asks="env=A;env=B", grant="env=A", fuel=20000000, timeout=999000000, description="reads things")
    assert run("limit", "e", "memory=32MiB").status == 0
    text = run("inspect", "e").text
    for line in ("version     1.2", "about       reads things", "source      https://example.org/skills", "signed      by nobody"):
        assert line in text
    assert "(env=A; uid " in text and ", install, 20" in text
    assert "(env=B" in text
    for words in (["fuel", "20 M", "skill.toml; ceiling 100 G"], ["memory", "32 MiB", "cordon limit"], ["timeout", "1 min", "cut to the ceiling"], ["output", "1 MiB", "untrusted tier"]):
        assert any(all(word in line for word in words) for line in text.splitlines()), words
    installed = run("inspect", "e", "-j").json["installed"]
    assert installed["grants"][0]["grant"] == "env=A" and installed["grants"][0]["how"] == "install"
    assert installed["limits"]["timeout"]["wished"] == 999000000


def test_tools_and_bench_take_a_name(put, run):
    put("hello")
    assert json.loads(run("tools", "hello").text)[0]["name"] == "hello"
    done = run("bench", "hello", "x", "-n", "20", "-j")
    assert done.status == 0 and done.json["calls"] == 20


def test_list_shows_what_is_installed(put, run):
    assert run("list").text == ""
    assert run("list", "-j").json == {"cordon": 1, "skills": []}
    put("b", "1.0.0", description="does\nthings")
    put("a", "2.0.0")
    assert [line.split()[:3] for line in run("list").text.splitlines()] == [["a", "2.0.0", "untrusted"], ["b", "1.0.0", "untrusted"]]
    skills = run("list", "-j").json["skills"]
    assert [s["name"] for s in skills] == ["a", "b"]
    assert skills[0]["standing"] == "unsigned" and skills[0]["versions"] == ["2.0.0"] and skills[0]["installed_at"].endswith("Z")


def test_list_prompt_has_the_form_of_the_contracts(put, run):
    for i in range(22):
        put(f"s{i:02}", "1", description="does things" if i else "two\nlines \x1b[1m" + "x" * 400)
    lines = run("list", "--prompt").text.splitlines()
    assert lines[0] == "## Available Tools"
    assert lines[1].startswith("s00: two lines [1mxxx") and len(lines[1]) == len("s00: ") + 300
    assert lines[20] == "s19: does things" and lines[21] == "... and 2 more tools available"
    assert "more" not in run("list", "--prompt", "-n", "22").text


# ---- changing ----


def test_a_grant_is_given_told_and_taken_back(put, run, wat):
    put("e", "1", wat("env"))
    done = run("grant", "e", "env=COLOUR", "net=API.x.com:443")
    assert done.status == 0 and "(env=COLOUR)" in done.text and "(net=api.x.com)" in done.text
    assert run("run", "e", "COLOUR", env={"COLOUR": "green"}).text == "green"
    done = run("revoke", "e", "env=COLOUR", "-j").json
    assert [g["grant"] for g in done["grants"]] == ["net=api.x.com"]
    assert run("run", "e", "COLOUR", env={"COLOUR": "green"}).status == 3
    done = run("revoke", "e", "env=COLOUR")
    assert done.status == 3 and "e was not granted env=COLOUR; it has: net=api.x.com" in done.err
    assert run("revoke", "e", "--all", "-j").json["grants"] == []
    assert run("revoke", "e").status == 2
    assert run("grant", "nobody", "env=X").status == 6


def test_a_folder_is_granted_as_the_whole_path(put, run, tmp_path, wat):
    (tmp_path / "notes").mkdir()
    put("r", "1", wat("read-write"))
    assert run("grant", "r", "read=notes::/data", cwd=tmp_path).status == 0
    assert run("inspect", "r", "-j").json["installed"]["grants"][0]["grant"] == f"read={tmp_path}/notes::/data"
    done = run("grant", "r", "read=/")
    assert done.status == 2
    done = run("grant", "r", f"read={tmp_path}/home")
    assert done.status == 2 and "Cordon" in done.err


def test_a_limit_is_read_as_flags_are(put, run):
    put("hello")
    assert "cordon limit" in run("limit", "hello", "fuel=20G", "timeout=30s").text
    for word, status in {"fuel=0": 2, "fuel=-1": 2, "fuel=unlimited": 2, "fuel=101G": 2, "fule=1": 2, "fuel": 2}.items():
        assert run("limit", "hello", word).status == status, word
    assert "did you mean fuel?" in run("limit", "hello", "fule=1").err
    limits = run("limit", "hello", "-j").json["limits"]
    assert limits["fuel"]["value"] == 20 * 10**9 and limits["timeout"]["value"] == 30000


def test_rollback_and_remove(put, run, home, wat):
    put("a", "1.0.0")
    put("a", "2.0.0", wat("err"))
    assert run("rollback", "a").text == "a is at 1.0.0 again\n"
    assert run("run", "a", "x").text == "x"
    assert run("rollback", "a").status == 6
    assert run("rollback", "a", "9").status == 6
    assert run("rollback", "a", "2.0.0", "-j").json == {"cordon": 1, "name": "a", "version": "2.0.0"}
    assert len(list((home / "store").iterdir())) == 2
    assert run("remove", "a").status == 0
    assert run("remove", "a").status == 6
    assert list((home / "store").iterdir()) == [] and list((home / "staging").iterdir()) == []


def test_grants_of_unsigned_bytes_are_not_those_of_other_bytes(put, run, wat):
    put("e", "1", wat("env"), grant="env=COLOUR")
    put("e", "2", wat("echo"))
    assert run("inspect", "e", "-j").json["installed"]["grants"] == []
    run("rollback", "e")
    assert run("run", "e", "COLOUR", env={"COLOUR": "green"}).text == "green"


def test_remove_forgets_grants_and_limits(put, run, wat):
    put("e", "1", wat("env"), grant="env=COLOUR")
    run("limit", "e", "fuel=5M")
    run("remove", "e")
    put("e", "1", wat("env"))
    about = run("inspect", "e", "-j").json["installed"]
    assert about["grants"] == [] and about["limits"]["fuel"]["origin"] != "cordon limit"


# ---- trust ----


@pytest.fixture
def key(run, tmp_path):
    path = tmp_path / "a.key"
    return path, run("key", "new", str(path)).text.strip()


def test_trusting_a_key_makes_what_it_signed_verified_and_untrusting_ends_that(put, run, key):
    path, key_id = key
    put("hello", "1", key=str(path))
    tier = lambda: run("run", "hello", "-j").json["tier"]
    assert tier() == "untrusted"
    assert run("key", "trust", key_id, "--for", "other*").status == 0
    assert tier() == "untrusted"
    assert run("key", "trust", f"{path.with_suffix('.pub')}", "--for", "hel*").status == 0
    assert tier() == "verified"
    assert "a key that is trusted for it" in run("inspect", "hello").text
    assert run("key", "list").text.splitlines() == [f"{key_id}  trusted for hel*", f"{key_id}  trusted for other*"]
    assert run("key", "untrust", key_id).status == 0
    assert tier() == "untrusted"
    assert run("key", "untrust", key_id).status == 6
    done = run("key", "trust", "abc")
    assert done.status == 6 and "64 hex digits" in done.err
    assert run("key", "trust", "g" * 64).status == 2


def test_a_key_of_one_s_own_is_trusted_by_its_name(put, run, home):
    ids = {name: run("key", "new", name).text.strip() for name in ("default", "release")}
    put("hello", "1", key=str(home / "keys/release.key"))
    assert run("key", "trust", "release", "--for", "hello", "-j").json["trusted"] == ids["release"]
    assert run("run", "hello", "-j").json["tier"] == "verified"
    assert run("key", "trust", "default").status == 0 and run("key", "untrust", "default").status == 0
    assert run("key", "untrust", "release").status == 0
    assert run("run", "hello", "-j").json["tier"] == "untrusted"


def test_a_changed_row_is_refused_at_load(put, run, key, home):
    put("hello", "1", key=str(key[0]))
    with sqlite3.connect(home / "registry.db") as db:
        db.execute("UPDATE versions SET bundle = zeroblob(32)")
    db.close()
    done = run("run", "hello", "-j")
    assert done.status == 3 and done.json["error"]["id"] == "trust-refused"


def test_verify_says_what_it_checked_and_what_is_wrong(put, run, key, home):
    put("hello", "1.0", key=str(key[0]))
    done = run("verify", "hello")
    assert done.status == 0 and done.text.startswith("hello 1.0  ok: 1 files, ") and "sha256:" in done.text and "a key that is not trusted" in done.text
    code = next((home / "store").glob("*/skill.wasm"))
    code.chmod(0o644)
    code.write_text("(component)")
    done = run("verify", "--all")
    assert done.status == 3 and "NOT OK" in done.text and "its code, skill.wasm, is not what was installed" in done.text
    assert run("verify", "hello", "-j").json["ok"] is False
    assert run("verify").status == 2


# ---- what may be wrong with it ----


def test_a_registry_of_a_newer_cordon_is_left_alone(put, run, home):
    put("hello")
    db = sqlite3.connect(home / "registry.db")
    db.execute("PRAGMA user_version = 99")
    db.close()
    for words in (["run", "hello"], ["list"], ["remove", "hello"]):
        done = run(*words, "-j")
        assert done.status == 7 and done.json["error"]["id"] == "newer-home"


def test_a_corrupt_registry_is_said_so_and_nothing_is_lost(put, run, home):
    put("hello")
    db = sqlite3.connect(home / "registry.db")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    data = (home / "registry.db").read_bytes()
    (home / "registry.db").write_bytes(b"\0" * 100 + data[100:])
    for words in (["run", "hello"], ["list"], ["remove", "hello"]):
        done = run(*words, "-j")
        assert done.status == 7 and done.json["error"]["id"] == "damaged" and "registry.db" in done.json["error"]["message"]
    (home / "registry.db").write_bytes(data)
    assert run("run", "hello", "x").text == "x"


def test_a_home_that_cannot_be_written_is_read(put, run, home):
    if os.geteuid() == 0:
        pytest.skip("root writes everywhere")
    put("hello")
    home.chmod(0o500)
    try:
        assert run("run", "hello", "x").text == "x"
        assert run("remove", "hello").status == 7
    finally:
        home.chmod(0o700)


def test_a_home_that_others_can_write_is_refused_with_the_command_that_mends_it(put, run, home):
    put("hello")
    home.chmod(0o770)
    done = run("run", "hello", "-j")
    assert done.status == 7 and done.json["error"]["id"] == "unsafe-path" and "chmod 700" in done.json["error"]["hint"]


def test_warm_compiles_what_is_missing(put, run, home, cordon, tmp_path):
    put("hello")
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cold")}
    assert run("warm", "--all", env=cache).text == "hello\n"
    code = next((home / "store").glob("*/skill.wasm"))
    code.chmod(0o644)
    code.unlink()
    assert run("run", "hello", "x", env=cache).text == "x"  # from the cache alone
    done = run("run", "hello", "x", "-j", env={"XDG_CACHE_HOME": str(tmp_path / "colder")})
    assert done.status in (6, 7)


def test_a_query_of_the_skill_toml_registry_is_answered(put, home):
    put("weather", "1.0.0", format="skill.toml", manifest='[skill]\nname = "weather"\n', description="tells the weather")
    db = sqlite3.connect(home / "registry.db")
    row = db.execute(
        "SELECT name, version, description, author, wasm_path, manifest_toml, capabilities_json, verification_status, installed_at, updated_at, content_hash, signature,"
        " publisher_id FROM installed_skills WHERE name = ?", ("weather",)).fetchone()
    assert row[:4] == ("weather", "1.0.0", "tells the weather", None)
    assert Path(row[4]).read_bytes() and row[5].startswith("[skill]")
    assert json.loads(row[6]) == {"network": None, "filesystem": None, "env": []}
    assert row[7] == "unverified" and len(row[10]) == 64 and row[11] is None
    assert db.execute("SELECT publisher_id, public_key_hex, pinned, first_seen, last_used FROM publisher_keys").fetchall() == []
    db.close()


def test_doctor_tells_of_an_orphan_and_the_next_command_removes_it(put, run, home):
    detail = lambda: next(check["detail"] for check in run("doctor", "-j").json["checks"] if check["name"] == "registry")
    assert detail() == "nothing is installed"
    put("a")
    put("b")
    assert detail().startswith("2 installed, and nothing")
    orphan = home / "store" / ("ab" * 32)
    orphan.mkdir()
    (orphan / "skill.wasm").write_text("x")
    assert "1 that a stopped command left" in detail()
    assert run("remove", "a").status == 0
    assert not orphan.exists() and detail().startswith("1 installed, and nothing")
