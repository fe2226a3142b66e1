# SPDX-License-Identifier: Apache-2.0
"""cordon memory: add, search, remove."""

import re
import sqlite3

import pytest


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def memory(cordon, home):
    """memory("search", ...) in a home of its own."""
    return lambda *words, **options: cordon("memory", *words, env={"CORDON_HOME": str(home)}, **options)


def texts(done):
    return [row["text"] for row in done.json["memories"]]


def test_add_search_remove(memory):
    assert memory("add", "--bot", "Weather Bot", "the user lives in Oslo").text == "1\n"
    assert memory("add", "-b", "weather-bot", "the user likes snow", "-j").json == {"cordon": 1, "bot": "weather-bot", "id": 2}
    assert texts(memory("search", "--bot", "WEATHER_BOT", "where does the user live", "-j")) == ["the user lives in Oslo", "the user likes snow"]
    done = memory("search", "--bot", "weather-bot", "snow")
    assert re.fullmatch(r"2  \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\nthe user likes snow\n\n", done.text)
    assert memory("remove", "--bot", "weather-bot", "2").status == 0
    assert texts(memory("search", "--bot", "weather-bot", "-j")) == ["the user lives in Oslo"]
    done = memory("remove", "--bot", "weather-bot", "2", "-j")
    assert done.status == 2 and done.json["error"]["id"] == "not-kept"


def test_a_text_from_a_file_or_standard_input(memory, tmp_path):
    path = tmp_path / "note"
    path.write_text("from a file")
    assert memory("add", "--bot", "a", f"@{path}").status == 0
    assert memory("add", "--bot", "a", "-", input=b"from a pipe").status == 0
    assert texts(memory("search", "--bot", "a", "-j")) == ["from a pipe", "from a file"]
    assert memory("add", "--bot", "a", "-", input=b"x" * 65537).status == 6
    assert memory("add", "--bot", "a", "-", input=b"\xff").status == 2


def test_each_bot_has_its_own(memory):
    memory("add", "--bot", "a", "of a")
    memory("add", "--bot", "b", "of b")
    assert texts(memory("search", "--bot", "a", "of", "-j")) == ["of a"]
    assert memory("search", "--bot", "c", "of", "-j").json == {"cordon": 1, "bot": "c", "memories": []}


def test_no_more_than_was_asked_for_and_32(memory):
    for n in range(34):
        memory("add", "--bot", "a", f"word {n}")
    assert len(texts(memory("search", "--bot", "a", "word", "-j"))) == 32
    assert texts(memory("search", "--bot", "a", "-n", "2", "-j")) == ["word 33", "word 32"]
    for n in ("0", "33", "-1", "x", ""):
        assert memory("search", "--bot", "a", "-n", n).status == 2


@pytest.mark.parametrize("words, says", [(["search"], "whose memory"), (["add", "text"], "whose memory"), (["add", "--bot", "a"], "something is missing"),
                                         (["add", "--bot", "a", "two", "words"], "too many words"), (["remove", "--bot", "a", "x"], "whole number"),
                                         (["remove", "--bot", "a", "99999999999999999999"], "whole number"), (["search", "--bot", "天気"], "no letter or digit"),
                                         (["search", "--bot", ""], "no letter or digit"), (["serach", "--bot", "a"], "did you mean search")])
def test_usage(memory, home, words, says):
    done = memory(*words)
    assert done.status == 2 and says in done.err and done.out == b"" and not home.exists()


@pytest.mark.parametrize("query", ['"', "a*", "NOT word", "NEAR(word", "text:word", "'); DROP TABLE recall; --", "word\" OR \"", "\x1b[31m"])
def test_a_query_is_words_and_no_syntax(memory, query):
    memory("add", "--bot", "a", "word")
    done = memory("search", "--bot", "a", query)
    assert done.status == 0 and done.err == ""
    assert texts(memory("search", "--bot", "a", "word", "-j")) == ["word"]


def test_what_a_bot_is_called_leads_nowhere(memory, home, tmp_path):
    assert memory("add", "--bot", "../../x", "text").status == 0
    assert [path.name for path in (home / "memory").iterdir()] == ["x.db"] and not list(tmp_path.glob("*.db"))


def test_a_damaged_memory_is_said_so(memory, home):
    memory("add", "--bot", "a", "text")
    path = home / "memory/a.db"
    path.write_bytes(b"no database" * 100)
    done = memory("search", "--bot", "a", "text")
    assert done.status == 7 and "a.db is damaged" in done.err and "text" not in done.err.replace("a text", "")


def test_another_programs_database_is_refused(memory, home):
    memory("add", "--bot", "a", "text")
    path = home / "memory/a.db"
    path.unlink()
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE recall (text, added_at)")
    database.commit()
    database.close()
    path.chmod(0o600)
    done = memory("search", "--bot", "a", "text")
    assert done.status == 7 and "another program" in done.err


def test_what_others_can_read_is_refused(memory, home):
    memory("add", "--bot", "a", "text")
    (home / "memory/a.db").chmod(0o644)
    done = memory("search", "--bot", "a")
    assert done.status == 7 and f"chmod 600 {home}/memory/a.db" in done.err
