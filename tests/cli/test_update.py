# SPDX-License-Identifier: Apache-2.0
"""cordon update and cordon list --outdated: what the sources have now. Keys, signatures and versions are in test_trust.py, asks in test_consent.py."""

import shutil

import pytest
from skills import Terminal, code, toml_skill

NET = 'network.rules = ["net=api.weather.example"]'


@pytest.fixture
def home(cordon, tmp_path):
    cordon.env["CORDON_HOME"] = str(tmp_path / "home")
    yield tmp_path
    del cordon.env["CORDON_HOME"]


def version(cordon, name="weather"):
    return next(row["version"] for row in cordon("list", "-j").json["skills"] if row["name"] == name)


def test_what_has_not_changed_is_left_alone(cordon, home):
    assert cordon("install", toml_skill(home / "s")).status == 0
    done = cordon("update", "weather")
    assert (done.status, done.text) == (0, "unchanged weather 1.0.0 (untrusted)\n")


def test_a_new_version_is_installed_and_the_old_one_kept(cordon, home):
    skill = toml_skill(home / "s")
    assert cordon("install", skill).status == 0
    toml_skill(skill, version="1.1.0")
    assert cordon("update", "weather").text == "installed weather 1.1.0 (untrusted)\n"
    assert version(cordon) == "1.1.0"
    assert cordon("rollback", "weather").status == 0 and version(cordon) == "1.0.0"


def test_a_dry_run_shows_it_and_installs_nothing(cordon, home):
    skill = toml_skill(home / "s")
    assert cordon("install", skill).status == 0
    toml_skill(skill, version="1.1.0", capabilities=NET)
    plan = cordon("update", "weather", "--dry-run", "-j").json["updates"][0]
    assert plan["done"] is None and plan["error"] is None and plan["plan"]["version"] == "1.1.0" and plan["plan"]["consent"]
    assert version(cordon) == "1.0.0"


def test_all_of_them_and_what_fails_does_not_keep_the_others_back(cordon, home):
    for name in ("a", "b", "c"):
        assert cordon("install", toml_skill(home / name, name=name)).status == 0
    shutil.rmtree(home / "b")
    toml_skill(home / "c", name="c", version="1.1.0")
    done = cordon("update", "--all", "-j")
    rows = {row["name"]: row for row in done.json["updates"]}
    assert done.status == 6 and rows["b"]["error"]["id"] == "not-found"
    assert rows["a"]["plan"]["unchanged"] and rows["c"]["done"]["version"] == "1.1.0" and version(cordon, "c") == "1.1.0"


def test_outdated_ones_are_listed(cordon, home):
    for name in ("a", "b", "c"):
        assert cordon("install", toml_skill(home / name, name=name)).status == 0
    assert cordon("list", "--outdated").out == b""
    toml_skill(home / "b", name="b", version="1.1.0")
    done = cordon("list", "--outdated")
    assert (done.status, done.text) == (0, "b 1.0.0 -> 1.1.0\n")
    shutil.rmtree(home / "c")
    done = cordon("list", "--outdated", "-j")
    rows = {row["name"]: row for row in done.json["skills"]}
    assert done.status == 6 and set(rows) == {"b", "c"} and rows["b"]["available"] == "1.1.0" and rows["c"]["error"]["id"] == "not-found"
    assert version(cordon, "b") == "1.0.0", "nothing is installed"


@pytest.mark.parametrize("words", [(), ("weather", "--all"), ("a", "b")])
def test_one_name_or_all(cordon, home, words):
    assert cordon("update", *words).status == 2


def test_what_is_not_installed(cordon, home):
    done = cordon("update", "weather")
    assert done.status == 6 and "no skill named weather is installed" in done.err


def test_under_the_name_it_was_given(cordon, home):
    skill = toml_skill(home / "s")
    assert cordon("install", skill, "--as", "mine").status == 0
    toml_skill(skill, version="1.1.0")
    assert cordon("update", "mine").text == "installed mine 1.1.0 (untrusted)\n"


def test_a_local_one_stays_local(cordon, home):
    skill = toml_skill(home / "s")
    assert cordon("install", skill, "--tier", "local").status == 0
    toml_skill(skill, version="1.1.0")
    assert cordon("update", "weather").text == "installed weather 1.1.0 (local)\n"
    skill.chmod(0o777)
    assert cordon("update", "weather").status == 3


def test_a_person_is_asked(cordon, home):
    skill = toml_skill(home / "s")
    assert cordon("install", skill).status == 0
    toml_skill(skill, version="1.1.0", capabilities=NET)
    run = Terminal(cordon, "update", "weather").until("Install it? [y/N] ").type("y\n").until("api.weather.example? [y/N] ").type("y\n")
    assert run.end() == 0 and version(cordon) == "1.1.0"


def test_a_link_that_leads_elsewhere_later_leads_no_update_there(cordon, home):
    toml_skill(home / "real")
    toml_skill(home / "evil", version="6.6.6")
    (home / "link").symlink_to(home / "real")
    assert cordon("install", home / "link").status == 0
    (home / "link").unlink()
    (home / "link").symlink_to(home / "evil")
    assert cordon("update", "weather").status == 0 and version(cordon) == "1.0.0"


def test_a_file_that_became_something_else(cordon, home):
    code(home, "echo", "echo.wasm")
    assert cordon("install", home / "echo.wasm").status == 0
    (home / "echo.wasm").write_bytes(b"garbage")
    assert cordon("update", "echo").status == 6
    assert cordon("run", "echo", "hi").text == "hi"


@pytest.mark.parametrize("words", [["update", "weather"], ["install"]])
@pytest.mark.parametrize("damage", ["changed", "gone", "added"])
def test_what_was_damaged_in_the_store_is_put_right_by_installing_it_again(cordon, home, words, damage):
    skill = toml_skill(home / "s")
    assert cordon("install", skill).status == 0
    kept = next((home / "home/store").iterdir())
    for path in (kept, kept / "skill.wasm"):
        path.chmod(0o700)
    if damage == "changed":
        (kept / "skill.wasm").write_text("(component)")
    elif damage == "gone":
        shutil.rmtree(kept)
    else:
        (kept / "more").write_text("more")
    assert cordon("verify", "weather").status == 3
    assert cordon(*words, *([skill] if words == ["install"] else [])).status == 0
    assert cordon("verify", "weather").status == 0 and cordon("run", "weather", "hi").text == "hi"
    assert not list((home / "home/staging").iterdir())
