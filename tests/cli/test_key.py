# SPDX-License-Identifier: Apache-2.0
"""cordon key: a publisher's keys, in the form of the contracts, for their owner alone."""

import os
import re
import stat

import pytest

ID = re.compile(r"[0-9a-f]{64}")
SEED = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
PUBLIC = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"


def key_file(kind, digits):
    return f"-----BEGIN BLUFIO PUBLISHER {kind} KEY-----\n{digits}\n-----END BLUFIO PUBLISHER {kind} KEY-----\n"


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def key(cordon, home, tmp_path):
    def run(*words, **options):
        return cordon("key", *words, env={"CORDON_HOME": str(home)}, cwd=tmp_path, **options)
    return run


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_key_prints_its_id_and_lies_in_the_home_for_its_user_alone(key, home):
    done = key("new")
    assert done.status == 0 and ID.fullmatch(done.text.strip())
    secret, public = home / "keys/default.key", home / "keys/default.pub"
    assert mode(secret) == mode(public) == 0o600 and mode(home) == mode(home / "keys") == 0o700
    assert public.read_text() == key_file("PUBLIC", done.text.strip())
    assert re.fullmatch(key_file("PRIVATE", "[0-9a-f]{64}"), secret.read_text())
    assert key("show").text == done.text == key("show", "default").text
    assert str(secret) in done.err and secret.read_text().split("\n")[1] not in done.text + done.err


def test_json(key, home):
    made = key("new", "release", "-j").json
    assert made == {"cordon": 1, "id": made["id"], "key_file": f"{home}/keys/release.key", "public_file": f"{home}/keys/release.pub"}
    assert key("show", "release", "-j").json == {"cordon": 1, "id": made["id"], "file": made["key_file"]}


def test_two_keys_are_two(key):
    assert key("new", "a").text != key("new", "b").text


def test_a_key_is_never_written_over(key, home, tmp_path):
    first = key("new").text
    done = key("new")
    assert done.status == 2 and "there already" in done.err and key("show").text == first
    (home / "keys/other.pub").write_text("mine")
    assert key("new", "other").status == 2 and not (home / "keys/other.key").exists()
    assert (home / "keys/other.pub").read_text() == "mine"


def test_a_key_at_a_path(key, tmp_path):
    made = key("new", "./my.key", "-j").json
    assert made["key_file"] == "./my.key" and made["public_file"] == "./my.pub"
    assert mode(tmp_path / "my.key") == 0o600
    assert key("show", "./my.key").text == key("show", "./my.pub").text == made["id"] + "\n"
    assert key("new", "./no/such/folder.key").status == 6


def test_a_key_that_another_program_made_is_read(key, tmp_path):
    (tmp_path / "theirs.key").write_text(key_file("PRIVATE", SEED))
    (tmp_path / "theirs.key").chmod(0o600)
    (tmp_path / "theirs.pub").write_text(key_file("PUBLIC", PUBLIC))
    assert key("show", "./theirs.key").text == key("show", "./theirs.pub").text == PUBLIC + "\n"


def test_a_secret_key_that_others_can_read_is_refused_with_the_command_that_mends_it(key, home):
    key("new")
    (home / "keys/default.key").chmod(0o640)
    done = key("show")
    assert done.status == 7 and f"chmod 600 {home}/keys/default.key" in done.err


def test_no_key_says_how_to_make_one(key, home):
    done = key("show")
    assert done.status == 6 and "cordon key new" in done.err and not home.exists()
    key("new")
    done = key("show", "release")
    assert done.status == 6 and "cordon key new release" in done.err
    assert key("show", "./none.key").status == 6


@pytest.mark.parametrize("name", ["", "a.b", "..", "a b", "-x", "ä", "a" * 65, "a\nb"])
def test_a_name_is_letters_digits_hyphens_and_underscores(key, home, name):
    done = key("new", "--", name)
    assert done.status == 2 and "cannot be the name of a key" in done.err and not home.exists()


@pytest.mark.parametrize("text", ["", "no key", key_file("PUBLIC", PUBLIC.upper()), key_file("PUBLIC", "0" * 64), key_file("PUBLIC", PUBLIC) + "\n",
                                  key_file("PRIVATE", SEED[:-1])], ids=["empty", "other", "capitals", "small-order", "longer", "shorter"])
def test_what_is_no_key_file_is_refused(key, tmp_path, text):
    (tmp_path / "x").write_text(text)
    (tmp_path / "x").chmod(0o600)
    done = key("show", "./x")
    assert done.status == 6 and SEED[:8] not in done.err


def test_no_error_repeats_a_secret_key(key, tmp_path):
    (tmp_path / "x").write_text(key_file("PRIVATE", SEED).replace("END", "FIN"))
    (tmp_path / "x").chmod(0o600)
    for form in ([], ["-j"]):
        done = key("show", "./x", *form)
        assert done.status == 6 and SEED[:8] not in done.err + done.text


@pytest.mark.parametrize("words", [[], ["nwe"], ["new", "a", "b"]])
def test_usage(key, words):
    assert key(*words).status == 2


def test_a_fifo_is_no_key(key, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    assert key("show", "./fifo", seconds=20).status == 6
