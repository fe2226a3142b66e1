# SPDX-License-Identifier: Apache-2.0
"""cordon memory: add, search, remove."""

import json
import re
import sqlite3

import pytest
from conftest import is_locked_in


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


# ---- a skill and a memory ----

@pytest.fixture
def recall(cordon, memory, home, wat):
    """recall(query, limit, words…): what a skill finds, and its run."""
    assert memory("add", "--bot", "Weather Bot", "the user lives in Oslo").status == 0
    assert memory("add", "--bot", "other", "the user lives in Rome").status == 0

    def run(query, limit, *words):
        done = cordon("run", wat("keep"), "-c", "recall", "--args", json.dumps([query, limit]), "-j", *words, env={"CORDON_HOME": str(home)})
        assert done.json["outcome"] == "ok", done.json
        return done.json["output"], done.json["denials"]
    return run


OSLO, ROME = "the user lives in Oslo", "the user lives in Rome"
DENIED = [{"capability": "memory", "wanted": "", "reason": "not-granted", "count": 1}]


@pytest.mark.parametrize("words, found, denials", [
    (["--bot", "Weather Bot", "-a", "memory"], [OSLO], []),
    (["--bot", "weather-bot", "-a", "memory=weather_bot"], [OSLO], []),
    (["--bot", "other", "-a", "memory"], [ROME], []),
    (["-a", "memory=other"], [ROME], []),
    (["--bot", "weather-bot", "-a", "memory=other"], [], DENIED),  # another bot's talk is not for this one
    (["--bot", "weather-bot"], [], DENIED),
    (["--bot", "new", "-a", "memory"], [], []),
    (["-a", "memory"], [], []),
    (["--bot", "天気", "-a", "memory=other", "-a", "memory"], [], []),
])
def test_a_skill_recalls_what_its_bot_remembers_and_no_other(recall, words, found, denials):
    assert recall("where does the user live", 5, *words) == (found, denials)


def test_the_skills_query_is_words_and_its_limit_is_bounded(recall, memory):
    for n in range(40):
        memory("add", "--bot", "many", f"word {n}")
    granted = ["--bot", "many", "-a", "memory"]
    assert len(recall("word", 4294967295, *granted)[0]) == 32
    assert len(recall("word", 3, *granted)[0]) == 3
    assert recall("word", 0, *granted)[0] == []
    for query in ('"', "wor*", "text:*", "'); DELETE FROM recall; --", "word\0"):
        found = recall(query, 5, *granted)[0]
        assert len(found) == (5 if "word" in query else 0)


def test_a_large_memory_with_a_log_that_is_not_written_back_is_searched_locked_in(recall, memory, home):
    assert memory("add", "--bot", "large", "first").status == 0
    database = sqlite3.connect(home / "memory/large.db")
    database.executemany("INSERT INTO recall (text, added_at) VALUES (?, 0)", ((f"word {n} " + "and some more " * 40,) for n in range(5000)))
    database.commit()
    assert (home / "memory/large.db-wal").stat().st_size > 1_000_000
    found, denials = recall("word 4711", 3, "--bot", "large", "-a", "memory")
    assert found[0].startswith("word 4711 ") and len(found) == 3 and denials == []
    database.close()


def test_a_damaged_memory_stops_the_run_before_it_begins(cordon, recall, home, wat):
    (home / "memory/other.db").write_bytes(b"no database" * 1000)
    done = cordon("run", wat("keep"), "-c", "recall", "--args", '["x", 1]', "-j", "--bot", "other", "-a", "memory", env={"CORDON_HOME": str(home)})
    if not is_locked_in(cordon):
        assert done.json["output"] == []  # not locked in, so it is opened when it is asked for, where there is no error to give
    else:
        assert done.status == 7 and done.json["error"]["id"] == "damaged"
    assert recall("user", 1, "--bot", "weather-bot", "-a", "memory")[0] == [OSLO]


def test_the_context_has_the_bots_slug(cordon, wat):
    for name, slug in (("Weather Bot", "weather-bot"), ("--A_b..C9 天気!", "a-b-c9"), ("天気", ""), ("x" * 256, "x" * 128)):
        done = cordon("run", wat("keep"), "-c", "slug", "-j", f"--bot={name}")
        assert done.json["output"] == slug
    assert cordon("run", wat("keep"), "-c", "slug", "-j").json["output"] == ""
