# SPDX-License-Identifier: Apache-2.0
"""Whose skill it is: signatures, first keys, changed keys, lost signatures, lower versions, and the tier that follows."""

import pytest
from skills import Publisher, code, md_skill, toml_skill

NET = 'network.rules = ["net=api.weather.example"]'
ALICE, MALLORY = Publisher("alice"), Publisher("mallory")


@pytest.fixture
def home(cordon, tmp_path):
    cordon.env["CORDON_HOME"] = str(tmp_path / "home")
    yield tmp_path
    del cordon.env["CORDON_HOME"]


def signed(folder, by=ALICE, version="1.0.0", **how):
    (folder / "cordon.sig").unlink(missing_ok=True)
    return by.sign(toml_skill(folder, version=version, **how), "weather", version)


def apply(cordon, home, text, *words):
    (home / "state.toml").write_text(text)
    assert cordon("apply", home / "state.toml", "--prune", *words).status == 0


def trust(cordon, home, pattern="*"):
    apply(cordon, home, f'[keys]\n{ALICE.id} = ["{pattern}"]\n')


def plan(cordon, source, *words):
    return cordon("install", source, "--dry-run", "-j", *words).json


def test_what_is_signed_is_shown(cordon, home):
    skill = signed(home / "s")
    p = plan(cordon, skill)
    assert (p["signature"], p["publisher"], p["trusted"], p["tier"]) == ("bundle", ALICE.id, False, "untrusted")
    err = cordon("install", skill).err
    assert f"  signed    by {ALICE.id}, all of it; the key is not one that you trust" in err


def test_signed_by_a_key_that_is_trusted_it_is_verified(cordon, home):
    trust(cordon, home)
    p = plan(cordon, signed(home / "s"))
    assert p["trusted"] and p["tier"] == "verified"
    assert cordon("install", home / "s", "-j").json["tier"] == "verified"
    apply(cordon, home, "")
    assert plan(cordon, home / "s")["tier"] == "untrusted"


def test_a_key_is_trusted_for_the_names_of_its_pattern(cordon, home):
    trust(cordon, home, "news-*")
    assert plan(cordon, signed(home / "s"))["tier"] == "untrusted"


def test_a_signature_over_something_else_is_refused_whatever_is_accepted(cordon, home):
    skill = signed(home / "s", capabilities=NET)
    (skill / "skill.toml").write_text((skill / "skill.toml").read_text().replace("api.weather", "evil"))
    for words in [(), ("--accept", "key", "--accept", "unsigned")]:
        done = cordon("install", skill, "--yes", *words)
        assert done.status == 3 and "does not hold" in done.err
    assert cordon("install", skill, "--yes", "-j").json["error"]["id"] == "trust-refused"


def test_a_signature_for_another_name_or_version_is_refused(cordon, home):
    skill = toml_skill(home / "s", version="2.0.0")
    ALICE.sign(skill, "weather", "1.0.0")
    assert cordon("install", skill).status == 3
    ALICE.sign(skill, "other", "2.0.0")
    assert cordon("install", skill).status == 3
    ALICE.sign(skill, "weather", "2.0.0")
    assert cordon("install", skill).status == 0


def test_nothing_unsigned_is_installed_beside_what_is_signed(cordon, home):
    skill = signed(home / "s")
    (skill / "more.txt").write_text("added")
    assert cordon("install", skill).status == 3


def test_a_signed_bundle_without_code_is_not_built_nor_given_a_stub(cordon, home):
    skill = signed(home / "s", wat=None)
    done = cordon("install", skill)
    assert done.status == 3 and "beside what was signed" in done.err
    (skill / "main.c").write_text("int main(void) { return 0; }\n")
    done = cordon("install", ALICE.sign(skill, "weather", "1.0.0"), "--build")
    assert done.status == 3 and "beside what was signed" in done.err


# ---- against what was there ----


def test_a_changed_key_is_refused_with_what_to_do(cordon, home):
    skill = signed(home / "s")
    assert cordon("install", skill).status == 0
    signed(skill, by=MALLORY, version="1.1.0")
    done = cordon("update", "weather")
    assert done.status == 3 and f"it was signed by {ALICE.id}, and is now signed by {MALLORY.id}" in done.err
    assert "cordon update weather" in done.err and "--accept key" in done.err
    assert cordon("update", "weather", "--accept", "key").status == 0
    assert cordon("update", "weather").status == 0


def test_a_lost_signature_is_refused(cordon, home):
    skill = signed(home / "s")
    assert cordon("install", skill).status == 0
    (skill / "cordon.sig").unlink()
    toml_skill(skill, version="1.1.0")
    done = cordon("update", "weather")
    assert done.status == 3 and "is not signed any more" in done.err and "--accept unsigned" in done.err
    assert cordon("update", "weather", "--accept", "unsigned").status == 0


def test_a_legacy_signature_does_not_stand_in_for_one_of_all_of_it(cordon, home):
    skill = signed(home / "s")
    assert cordon("install", skill).status == 0
    (skill / "cordon.sig").unlink()
    toml_skill(skill, version="1.1.0")
    ALICE.sign_code(skill / "skill.wasm")
    done = cordon("update", "weather")
    assert done.status == 3 and "now its code alone is" in done.err


def test_the_first_key_is_remembered_when_the_skill_is_removed(cordon, home):
    skill = signed(home / "s")
    assert cordon("install", skill).status == 0
    apply(cordon, home, "")
    assert cordon("install", skill, "--dry-run", "-j").json["replaces"] is None
    assert cordon("install", signed(skill, by=MALLORY)).status == 3
    assert cordon("install", signed(skill)).status == 0


def test_a_pin_is_no_trust(cordon, home):
    skill = signed(home / "s")
    assert cordon("install", skill).status == 0
    assert plan(cordon, skill)["tier"] == "untrusted"


def test_a_version_below_the_highest_is_refused(cordon, home):
    skill = signed(home / "s", version="1.10.0")
    assert cordon("install", skill).status == 0
    signed(skill, version="1.9.0")
    done = cordon("install", skill)
    assert done.status == 3 and "version 1.9.0 is below 1.10.0" in done.err and "--accept older" in done.err
    assert cordon("install", skill, "--accept", "older").status == 0
    signed(skill, version="1.9.5")
    assert cordon("update", "weather").status == 3, "the highest is remembered"


def test_a_removed_skill_does_not_come_back_older(cordon, home):
    skill = signed(home / "s", version="2.0.0")
    assert cordon("install", skill).status == 0
    apply(cordon, home, "")
    assert cordon("install", skill, "--dry-run", "-j").json["replaces"] is None
    assert cordon("install", signed(skill, version="1.0.0")).status == 3


def test_grants_of_a_publisher_stay_across_versions(cordon, home):
    skill = signed(home / "s", capabilities=NET)
    assert cordon("install", skill, "--yes").status == 0
    signed(skill, version="1.1.0", capabilities=NET)
    done = cordon("update", "weather", "-j")
    assert done.status == 0 and done.json["updates"][0]["done"]["granted"] == ["net=api.weather.example"]


def test_a_new_version_that_asks_for_more_shows_the_difference_and_waits(cordon, home):
    skill = signed(home / "s", capabilities=NET)
    assert cordon("install", skill, "--yes").status == 0
    signed(skill, version="1.1.0", capabilities=NET + '\nenv = ["LANG"]')
    done = cordon("update", "weather")
    assert done.status == 3 and "env=LANG  read the environment variable LANG [new]" in done.err
    assert "net=api.weather.example  reach https://api.weather.example [granted]" in done.err
    assert "cordon update weather --allow env=LANG\n" in done.err
    done = cordon("update", "weather", "--yes", "-j").json["updates"][0]["done"]
    assert set(done["granted"]) == {"net=api.weather.example", "env=LANG"}


def test_another_publisher_starts_with_nothing(cordon, home):
    skill = signed(home / "s", capabilities=NET)
    assert cordon("install", skill, "--yes").status == 0
    signed(skill, by=MALLORY, version="1.1.0", capabilities=NET)
    done = cordon("update", "weather", "--accept", "key")
    assert done.status == 3 and "asks for 1 thing" in done.err


def test_the_same_bytes_signed_afterwards_are_an_update(cordon, home):
    skill = toml_skill(home / "s")
    assert cordon("install", skill).status == 0
    ALICE.sign(skill, "weather", "1.0.0")
    assert not plan(cordon, skill)["unchanged"] and cordon("update", "weather").status == 0
    trust_and_keep = f'[skills.weather]\nsource = "{skill}"\nkey = "{ALICE.id}"\n[keys]\n{ALICE.id} = ["weather"]\n'
    apply(cordon, home, trust_and_keep)
    p = plan(cordon, skill)
    assert p["unchanged"] and p["tier"] == "verified" and p["replaces"]["publisher"] == ALICE.id


# ---- the legacy signature ----


def test_a_signature_of_the_code_alone_is_shown_as_that_and_makes_nothing_verified(cordon, home):
    trust(cordon, home)
    skill = toml_skill(home / "s")
    ALICE.sign_code(skill / "skill.wasm")
    p = plan(cordon, skill)
    assert (p["signature"], p["publisher"], p["tier"], p["trusted"]) == ("code", ALICE.id, "untrusted", False)
    assert "its code alone: not what it asks for" in cordon("install", skill).err


def test_a_signature_of_the_code_that_does_not_hold_is_refused(cordon, home):
    skill = toml_skill(home / "s")
    ALICE.sign_code(skill / "skill.wasm")
    code(skill, "cat")
    done = cordon("install", skill)
    assert done.status == 3 and "does not hold" in done.err


def test_an_unsigned_update_does_not_replace_one_whose_code_was_signed(cordon, home):
    skill = toml_skill(home / "s")
    ALICE.sign_code(skill / "skill.wasm")
    assert cordon("install", skill).status == 0
    (skill / "skill.wasm.sig").unlink()
    toml_skill(skill, version="1.1.0")
    assert cordon("update", "weather").status == 3
    MALLORY.sign_code(skill / "skill.wasm")
    assert cordon("update", "weather").status == 3
    ALICE.sign_code(skill / "skill.wasm")
    assert cordon("update", "weather").status == 0


def test_the_signature_beside_a_lone_file_is_read(cordon, home):
    code(home, "echo", "echo.wasm")
    ALICE.sign_code(home / "echo.wasm")
    assert plan(cordon, home / "echo.wasm")["signature"] == "code"


# ---- tiers ----


@pytest.mark.parametrize("tier", ["verified", "local"])
def test_a_manifest_cannot_raise_its_tier(cordon, home, tier):
    skill = md_skill(home / "s", meta=f"  trust-tier: {tier}\n", wat="echo")
    assert plan(cordon, skill)["tier"] == "untrusted"


def test_a_manifest_can_lower_its_tier(cordon, home):
    trust(cordon, home)
    skill = md_skill(home / "s", meta="  trust-tier: untrusted\n", wat="echo")
    p = plan(cordon, ALICE.sign(skill, "haiku", "1.0.0"))
    assert p["trusted"] and p["tier"] == "untrusted"


def test_local_is_for_this_users_files(cordon, home):
    skill = toml_skill(home / "s")
    assert plan(cordon, skill, "--tier", "local")["tier"] == "local"
    skill.chmod(0o777)
    done = cordon("install", skill, "--tier", "local")
    assert done.status == 3 and "others can write it" in done.err


def test_what_others_can_replace_is_not_local(cordon, home):
    skill = toml_skill(home / "open/s")
    (home / "open").chmod(0o777)
    done = cordon("install", skill, "--tier", "local")
    assert done.status == 3 and "others can write it" in done.err
    (home / "open").chmod(0o1777)
    assert plan(cordon, skill, "--tier", "local")["tier"] == "local"


@pytest.mark.parametrize("source", ["https://skills.example/a.tar.gz", "oci://registry.example/a"])
def test_what_comes_from_the_network_is_never_local(cordon, home, source):
    done = cordon("install", source, "--tier", "local")
    assert done.status == 3 and "only what lies on this machine can be local" in done.err


def test_the_settings_highest_tier_holds_for_what_is_installed(cordon, home):
    (home / "config.toml").write_text('[policy]\nhighest_tier = "untrusted"\n')
    done = cordon("install", toml_skill(home / "s"), "--tier", "local", "--config", home / "config.toml")
    assert done.status == 3 and "nothing is above untrusted" in done.err
    trust(cordon, home)
    assert plan(cordon, signed(home / "s"), "--config", home / "config.toml")["tier"] == "untrusted"
    assert plan(cordon, home / "s")["tier"] == "verified"
