# SPDX-License-Identifier: Apache-2.0
"""A granted folder is known again by device and inode, and several grants are one change."""

import sqlite3

import pytest
from test_registry import home, put, run  # noqa: F401 (fixtures)


@pytest.fixture
def folder(put, run, tmp_path):  # noqa: F811
    path = tmp_path / "data"
    path.mkdir()
    put("hello", "1")
    assert run("grant", "hello", f"read={path}").status == 0
    assert run("run", "hello", "x").text == "x"
    return path


def replace(folder):
    folder.rename(folder.with_name("old"))
    folder.mkdir()


def grants(run):  # noqa: F811
    return [one["grant"] for one in run("inspect", "hello", "-j").json["installed"]["grants"]]


def test_another_folder_in_the_place_of_the_granted_one_is_refused_with_what_to_do(folder, run):  # noqa: F811
    replace(folder)
    done = run("run", "hello", "x")
    assert done.status == 3 and "is not the folder that was granted" in done.err
    assert f"cordon grant hello read={folder}" in done.err and f"cordon revoke hello read={folder}" in done.err
    assert run("grant", "hello", f"read={folder}").status == 0
    assert run("run", "hello", "x").text == "x" and grants(run) == [f"read={folder}"]


def test_a_link_that_leads_elsewhere_is_another_folder(put, run, tmp_path):  # noqa: F811
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    link = tmp_path / "link"
    link.symlink_to("one")
    put("hello", "1")
    assert run("grant", "hello", f"read={link}").status == 0 and run("run", "hello", "x").text == "x"
    link.unlink()
    link.symlink_to("two")
    assert run("run", "hello", "x").status == 3


def test_the_folder_that_is_put_back_is_the_one_that_was_granted(folder, run):  # noqa: F811
    replace(folder)
    assert run("run", "hello", "x").status == 3
    folder.rmdir()
    folder.with_name("old").rename(folder)
    assert run("run", "hello", "x").text == "x"


def test_a_registry_from_before_folders_were_noted_is_brought_up_and_keeps_its_grants(folder, run, home):  # noqa: F811
    with sqlite3.connect(home / "registry.db") as db:
        db.executescript("ALTER TABLE grants DROP COLUMN folder; DELETE FROM migrations WHERE form = 2; PRAGMA user_version = 1;")
    db.close()
    replace(folder)
    assert run("run", "hello", "x").text == "x" and grants(run) == [f"read={folder}"]
    with sqlite3.connect(home / "registry.db") as db:
        assert db.execute("PRAGMA user_version").fetchone() == (2,)
        assert db.execute("SELECT form FROM migrations ORDER BY form").fetchall() == [(1,), (2,)]
    db.close()
    assert run("grant", "hello", f"read={folder}").status == 0
    folder.rename(folder.with_name("older"))
    folder.mkdir()
    assert run("run", "hello", "x").status == 3


def test_a_file_that_is_applied_says_which_folder_is_meant(folder, run, tmp_path):  # noqa: F811
    text = run("export").text
    (tmp_path / "state.toml").write_text(text)
    assert run("apply", tmp_path / "state.toml", "-j").json["changes"] == []
    replace(folder)
    changes = run("apply", tmp_path / "state.toml", "-j").json["changes"]
    assert [(one["what"], one["after"]) for one in changes] == [("grant", f"read={folder}")]
    assert run("run", "hello", "x").text == "x"
    folder.rmdir()
    assert run("apply", tmp_path / "state.toml").status == 2


def test_several_grants_are_one_change(put, run):  # noqa: F811
    put("hello", "1")
    assert run("grant", "hello", "env=A", "env=B", "net=*").status == 2 and grants(run) == []
    assert run("grant", "hello", "env=A", "env=B").status == 0 and grants(run) == ["env=A", "env=B"]
    assert run("revoke", "hello", "env=A", "env=C").status == 3 and grants(run) == ["env=A", "env=B"]
    assert run("revoke", "hello", "env=A", "env=B").status == 0 and grants(run) == []
