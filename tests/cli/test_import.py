# SPDX-License-Identifier: Apache-2.0
"""cordon import: the skills of other systems arrive untrusted and granted nothing."""

import os
import sqlite3

import pytest
from skills import code, md_skill, toml_skill


@pytest.fixture
def home(cordon, tmp_path):
    cordon.env["CORDON_HOME"] = str(tmp_path / "home")
    yield tmp_path
    del cordon.env["CORDON_HOME"]


def rows(done):
    return {row["name"]: row for row in done.json["skills"]}


@pytest.fixture
def boternity(home):
    """As that system lays its data out."""
    root = home / "boternity"
    skill = md_skill(root / "skills/notes", name="notes", meta="  capabilities: [read_file]\n  trust-tier: verified\n", wat="echo")
    (skill / ".boternity-meta.toml").write_text('installed_at = "2025-01-01T00:00:00Z"\nversion = "1.0.0"\nchecksum = "x"\ntrust_tier = "local"\n[source]\ntype = "registry"\n')
    script = md_skill(root / "skills/runner", name="runner", meta="  capabilities: [exec_command]\n  trust-tier: local\n")
    (script / "scripts").mkdir()
    (script / "scripts/run.sh").write_text("cat\n")
    md_skill(root / "skills/haiku", name="haiku", kind="prompt")
    return root


def check_nothing_granted(cordon, source):
    plan = cordon("install", source, "--dry-run", "-j").json
    assert plan["replaces"] and plan["tier"] == "untrusted" and not any(ask["granted"] for ask in plan["asks"])


def test_no_tier_grant_or_status_is_taken_over(cordon, boternity):
    done = cordon("import", boternity, "-j")
    assert done.status == 0 and set(rows(done)) == {"notes", "runner", "haiku"}
    for name in rows(done):
        check_nothing_granted(cordon, boternity / "skills" / name)


def test_a_script_arrives_as_a_stub(cordon, boternity):
    done = cordon("import", boternity, "-j")
    assert any("--tier local" in warning for warning in rows(done)["runner"]["warnings"])


def test_no_source_of_another_systems_strangers_is_built(cordon, home):
    skill = toml_skill(home / "boternity/skills/weather", wat=None)
    (skill / "skill.c").write_text("int main(void) { return 0; }\n")
    done = cordon("import", home / "boternity", "-j")
    assert any("was not built (--build does it" in warning for warning in rows(done)["weather"]["warnings"])


def test_where_it_looks_if_nobody_says(cordon, boternity):
    assert set(rows(cordon("import", "-j", env={"BOTERNITY_DATA_DIR": str(boternity)}))) == {"notes", "runner", "haiku"}
    assert cordon("import", env={"HOME": str(boternity.parent / "nobody")}).status == 6


@pytest.mark.parametrize("words", [["--dry-run"], []])
def test_parents_and_what_is_needed_arrive_before_what_needs_them(cordon, home, words):
    root = home / "boternity/skills"
    for name, meta in {"a": "parents: [c]", "b": "dependencies: [a]", "c": "capabilities: [read_env]", "d": "dependencies: [nobody]"}.items():
        md_skill(root / name, name=name, meta=f"  {meta}\n", wat="echo")
    done = cordon("import", root.parent, "-j", *words)
    assert {name: row.get("error", {}).get("id") for name, row in rows(done).items()} == {"a": None, "b": None, "c": None, "d": "not-found"}


def test_a_dry_run_installs_nothing(cordon, boternity, home):
    done = cordon("import", boternity, "--dry-run")
    assert done.status == 0 and "would import notes 1.0.0 from" in done.text and not (home / "home/registry.db").exists()


def test_twice_is_once(cordon, boternity):
    assert cordon("import", boternity).status == 0
    assert all(row["unchanged"] for row in cordon("import", boternity, "-j").json["skills"])


def test_one_that_cannot_be_installed_does_not_keep_the_others_back(cordon, boternity):
    (boternity / "skills/broken").mkdir()
    (boternity / "skills/broken/SKILL.md").write_text("no front matter")
    done = cordon("import", boternity, "-j")
    assert done.status == 6 and rows(done)["broken"]["error"]["id"] == "bad-manifest" and "error" not in rows(done)["notes"]
    assert "SKILL.md must start with YAML frontmatter delimiter '---'" in rows(done)["broken"]["error"]["message"]


def test_a_name_that_is_installed_from_elsewhere_is_left_alone(cordon, boternity, home):
    assert cordon("install", md_skill(home / "own", name="notes", wat="echo")).status == 0
    done = cordon("import", boternity, "-j")
    assert done.status == 6 and rows(done)["notes"]["error"]["id"] == "conflict"


def test_a_folder_of_components(cordon, home):
    folder = home / "airssys/adder"
    folder.mkdir(parents=True)
    (folder / "Component.toml").write_text(
        '[component]\nname = "adder"\nversion = "1.0.0"\n[resources.memory]\nmax_bytes = 1048576\n[resources.cpu]\nmax_fuel = 100000\ntimeout_seconds = 5\n')
    code(folder, "adder")
    assert set(rows(cordon("import", home / "airssys", "-j"))) == {"adder"}


@pytest.fixture
def table(home):
    """blufio's: the modules lie where they were, the manifests in the table."""
    skill = toml_skill(home / "skills_dir/weather", capabilities='network.domains = ["api.example"]')
    lone = home / "skills_dir/lone.wasm"
    code(home / "skills_dir", "echo", "lone.wasm")
    path = home / "blufio.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE installed_skills (name TEXT PRIMARY KEY, version TEXT, description TEXT, author TEXT, wasm_path TEXT, manifest_toml TEXT, capabilities_json TEXT,"
                   " verification_status TEXT, installed_at TEXT, updated_at TEXT, content_hash TEXT, signature TEXT, publisher_id TEXT)")
        for name, wasm in (("weather", skill / "skill.wasm"), ("lone", lone)):
            manifest = f'[skill]\nname = "{name}"\nversion = "1.0.0"\ndescription = "d"\n[capabilities]\nenv = ["LANG"]\n'
            db.execute("INSERT INTO installed_skills VALUES (?,?,?,?,?,?,?,'verified','','','','','')", (name, "1.0.0", "d", None, str(wasm), manifest, "{}"))
    db.close()
    return path


def test_the_table_of_blufio(cordon, table):
    before = table.read_bytes()
    done = cordon("import", table, "-j")
    assert done.status == 0 and set(rows(done)) == {"weather", "lone"}
    assert table.read_bytes() == before and sorted(p.name for p in table.parent.glob("blufio*")) == ["blufio.db"], "it is read, and nothing else"
    plan = cordon("update", "lone", "--dry-run", "-j").json["updates"][0]["plan"]
    assert plan["unchanged"] and plan["tier"] == "untrusted" and [ask["grant"] for ask in plan["asks"]] == ["env=LANG"]
    shown = cordon("export").text
    assert "grants = []" in shown and "env=LANG" not in shown


@pytest.mark.parametrize("row", [("../x", "/tmp/a.wasm", "x"), ("a", "a.wasm", "x"), ("a", "/tmp/nothing.wasm", "[skill]"), (None, None, None)])
def test_a_table_that_lies_installs_nothing(cordon, home, row):
    path = home / "evil.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE installed_skills (name, wasm_path, manifest_toml)")
        db.execute("INSERT INTO installed_skills VALUES (?,?,?)", row)
    db.close()
    assert cordon("import", path).status == 6 and "[skills." not in cordon("export").text


def test_what_is_no_table(cordon, home):
    (home / "x").write_text("hello")
    assert cordon("import", home / "x").status == 6
    with open(home / "y.db", "wb") as f:
        f.write(b"SQLite format 3\0" + os.urandom(5000))
    assert cordon("import", home / "y.db").status == 6
    with sqlite3.connect(home / "z.db") as db:
        db.execute("CREATE TABLE other (a)")
    db.close()
    assert cordon("import", home / "z.db").status == 6
