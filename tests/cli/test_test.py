# SPDX-License-Identifier: Apache-2.0
"""test: the cases of a project, what fails and how it is told, snapshots, and what a case may not do."""

import os
import shutil
import subprocess
import time
from xml.etree import ElementTree

import pytest
from conftest import FIXTURES

needs_clang = pytest.mark.skipif(not shutil.which("clang-14") and not shutil.which("clang"), reason="clang is not installed")
ASKS = 'filesystem.read = ["/data"]\nenv = ["PLACE"]\n'


@pytest.fixture
def project(tmp_path):
    """project(wat, case="…", ...) makes a skill of that fixture with these cases; the folder is "skill"."""
    def make(wat="echo", asks=ASKS, extra="", **cases):
        folder = tmp_path / "skill"
        (folder / "tests").mkdir(parents=True, exist_ok=True)
        (folder / "data").mkdir(exist_ok=True)
        (folder / "data/one.txt").write_text("the first\n")
        (folder / "skill.toml").write_text(f'[skill]\nname = "skill"\nversion = "1.0.0"\ndescription = "x"\n[capabilities]\n{asks}[wasm]\nentry = "skill.wasm"\n{extra}')
        shutil.copy(FIXTURES / f"{wat}.wat", folder / "skill.wasm")
        for name, text in cases.items():
            (folder / f"tests/{name}.toml").write_text(text)
        return folder
    return make


def refused(done, *texts, status=6):
    assert done.status == status and done.out == b"", (done.out, done.err)
    for text in texts:
        assert text in done.err, done.err


# ---- what it runs, and how it is told


def test_cases_that_pass_are_tap_and_exit_0(cordon, project, tmp_path):
    project(b='input = "hi"\noutput = "hi"\n', a='input = "you there"\ncontains = "there"\n')
    done = cordon("test", "skill", cwd=tmp_path)
    assert done.status == 0 and done.err == ""
    assert done.text == "TAP version 13\n1..2\nok 1 - a\nok 2 - b\n# 2 cases: 2 passed, 0 failed\n"
    assert cordon("test", cwd=tmp_path / "skill").text == done.text
    assert cordon("test", tmp_path / "skill/").text == done.text


def test_a_case_that_fails_is_shown_and_exits_1(cordon, project):
    folder = project(a='input = "hi"\noutput = "ho"\n', b='input = "hi"\nexpect = "err"\n', c='input = "hi"\ncontains = "x"\n', d='input = "hi"\n')
    done = cordon("test", folder)
    assert done.status == 1
    assert "not ok 1 - a\n# the answer is not the one expected\n# expected: ho\n# answered: hi\n" in done.text
    assert "not ok 2 - b\n# it ended as ok, not err\n" in done.text
    assert "not ok 3 - c\n# the answer does not contain: x\n" in done.text
    assert done.text.endswith("ok 4 - d\n# 4 cases: 1 passed, 3 failed\n")


def test_json_has_every_case_with_what_it_used(cordon, project):
    done = cordon("test", project(a='input = "hi"\n', b='input = "hi"\noutput = "ho"\n'), "--json")
    assert done.status == 1 and done.err == ""
    told = done.json
    assert {key: told[key] for key in ("cordon", "passed", "failed", "written")} == {"cordon": 1, "passed": 1, "failed": 1, "written": 0}
    one, other = told["cases"]
    assert one["name"] == "a" and one["passed"] and one["outcome"] == "ok" and one["why"] is None and one["answer"] == "hi"
    assert one["fuel"] > 0 and one["memory_peak_bytes"] > 0
    assert not other["passed"] and other["why"] == "the answer is not the one expected"


def test_typed_arguments_and_answers(cordon, project):
    folder = project("adder", asks="", table="args = { a = 2, b = 40 }\noutput = 42\n", list="args = [2, 40]\noutput = '42'\n", json="args = '[2, 40]'\n",
                     wrong="args = [2]\nexpect = 'not-started'\n", other="args = [2, 40]\noutput = 43\n")
    done = cordon("test", folder, "-j").json
    assert [row["name"] for row in done["cases"] if not row["passed"]] == ["other"], done


def test_outcomes_errors_and_limits(cordon, project):
    folder = project("spin", fuel='input = "x"\nfuel = "1M"\nexpect = "out-of-fuel"\n', over='input = "x"\nfuel = 1000000\n',
                     words='input = "x"\nfuel = "1M"\nexpect = "out-of-fuel"\nerror = "no such words"\n')
    done = cordon("test", folder)
    assert done.status == 1 and "ok 1 - fuel\n" in done.text
    assert "not ok 2 - over\n# it ended as out-of-fuel, not ok: " in done.text
    assert "not ok 3 - words\n# its error is another one: " in done.text


def test_a_case_lowers_limits_and_never_raises_them(cordon, project):
    folder = project("spin", extra="[resources]\nfuel = 1000000\n", a='input = "x"\nfuel = "2M"\nexpect = "out-of-fuel"\n')
    [row] = cordon("test", folder, "-j").json["cases"]
    assert row["passed"] and row["fuel"] <= 1_000_000


def test_the_skill_is_not_built_here(cordon, project):
    folder = project(a='input = "x"\n')
    (folder / "skill.wasm").unlink()
    refused(cordon("test", folder), "Build it first")


# ---- snapshots


def test_update_writes_snapshots_and_they_are_compared(cordon, project):
    folder = project(a='input = "hi"\n', b='input = "x"\noutput = "y"\n')
    done = cordon("test", folder, "--update")
    assert done.status == 1 and done.text.endswith("# 2 cases: 1 passed, 1 failed; 1 snapshots written\n")
    assert (folder / "tests/a.out").read_text() == "hi" and not (folder / "tests/b.out").exists()
    (folder / "tests/a.out").write_text("hi\n")
    assert "ok 1 - a\n" in cordon("test", folder).text
    (folder / "tests/a.out").write_text("ho")
    assert "not ok 1 - a\n# the answer is not that of tests/a.out\n# expected: ho\n# answered: hi\n" in cordon("test", folder).text
    assert "ok 1 - a\n" in cordon("test", folder, "-u").text
    assert (folder / "tests/a.out").read_text() == "hi"


def test_a_snapshot_that_holds_is_left_as_it_is(cordon, project):
    folder = project("adder", asks="", a="args = [2, 40]\n")
    (folder / "tests/a.out").write_text(" 42")
    assert cordon("test", folder, "-u", "-j").json["written"] == 0
    assert (folder / "tests/a.out").read_text() == " 42"


def test_update_never_keeps_an_answer_of_a_case_that_ended_otherwise(cordon, project):
    folder = project("spin", a='input = "x"\nfuel = "1M"\n', b='input = "x"\nfuel = "1M"\nexpect = "out-of-fuel"\n')
    assert cordon("test", folder, "-u", "-j").json["written"] == 0
    assert not list((folder / "tests").glob("*.out"))


def test_update_does_not_write_through_a_link(cordon, project, tmp_path):
    folder = project(a='input = "hi"\n')
    assert cordon("test", folder, "-u").status == 0
    (tmp_path / "mine").write_text("mine")
    (folder / "tests/a.out").unlink()
    (folder / "tests/a.out").symlink_to(tmp_path / "mine")
    refused(cordon("test", folder, "-u"), "tests/a.out is not a file of its own")
    assert (tmp_path / "mine").read_text() == "mine"


# ---- what a case gives, and what it does not


def test_a_case_gives_files_of_the_project_and_variables(cordon, project):
    folder = project("read-write", a='input = "/data/one.txt"\nfiles = { "/data" = "data" }\noutput = "the first\\n"\n',
                     b='input = "/data/one.txt"\nexpect = "err"\nerror = "capability denied: ReadFile"\n')
    done = cordon("test", folder)
    assert done.status == 0, done.text
    folder = project("env", a='input = "PLACE"\nenv = { PLACE = "Oslo" }\noutput = "Oslo"\n', b='input = "PLACE"\nexpect = "err"\nerror = "capability denied"\n')
    done = cordon("test", folder, env={"PLACE": "elsewhere"})
    assert done.status == 0, done.text


def test_more_is_granted_on_the_command_line(cordon, project, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/one.txt").write_text("another")
    folder = project("read-write", a='input = "/data/one.txt"\n')
    denied = cordon("test", folder)
    assert denied.status == 1 and "# denied: read /data/one.txt (not-granted)\n" in denied.text
    assert cordon("test", folder, "-a", f"read={tmp_path}/outside::/data", "-j").json["cases"][0]["answer"] == "another"
    done = cordon("test", folder, "-a", "nonsense")
    assert done.status != 0 and "nonsense" in done.text + done.err


@pytest.mark.parametrize("value, why", [
    ('"/etc"', "a path in the project is expected"), ('"../x"', "a path in the project is expected"), ('"data/../.."', "a path in the project is expected"),
    ('"link"', "it leads out of the project"), ('"link/hosts"', "it leads out of the project"), ('"nowhere"', "there is no such file"), ('""', "a path in the project"), ("1", "a path in the project"),
])
def test_a_case_gives_nothing_outside_of_the_project(cordon, project, value, why):
    folder = project(a=f'files = {{ "/data" = {value} }}\n')
    (folder / "link").symlink_to("/etc")
    refused(cordon("test", folder), "tests/a.toml:1:", why)


def test_a_folder_beside_the_project_is_outside(cordon, project, tmp_path):
    (tmp_path / "skill-secrets").mkdir()
    folder = project(a='files = { "/data" = "link" }\n')
    (folder / "link").symlink_to(tmp_path / "skill-secrets")
    refused(cordon("test", folder), "it leads out of the project")


def test_a_case_gives_only_what_the_skill_asks_for(cordon, project):
    folder = project(a='input = "x"\nfiles = { "/other" = "data" }\n')
    done = cordon("test", folder)
    assert done.status == 1 and "it ended as not-started, not ok" in done.text and "ask" in done.text


def test_settings_that_let_no_flag_grant_let_no_case_grant(cordon, project, tmp_path):
    (tmp_path / "c.toml").write_text("[policy]\nflags = false\n")
    folder = project(a='input = "x"\nfiles = { "/data" = "data" }\n', b='input = "x"\n')
    done = cordon("test", folder, "--config", tmp_path / "c.toml")
    assert "not ok 1 - a\n# it ended as not-started, not ok: the settings let no case grant anything\n" in done.text and "ok 2 - b\n" in done.text


# ---- what is wrong with cases


@pytest.mark.parametrize("text, where", [
    ("x = 1\n", "tests/a.toml:1:5: x: a case has no such key"),
    ("input = 1\n", "tests/a.toml:1:9: input: a text is expected"),
    ('\nexpect = "fine"\n', "tests/a.toml:2:10: expect: an outcome is expected"),
    ("args = 1\n", "args: a table by parameter name"),
    ("args = [nan]\n", "args: a table by parameter name"),
    ("output = 2020-01-01\n", "output: JSON has no form for this value"),
    ('input = "a"\nargs = []\n', "not both"),
    ("argv = [1]\n", "argv: a text is expected"),
    ("env = { A = 1 }\n", "env: a text is expected"),
    ("fuel = true\n", "fuel: a number"),
    ("input = \n", "tests/a.toml:1:"),
])
def test_a_case_that_is_wrong_is_told_with_its_place(cordon, project, text, where):
    refused(cordon("test", project(a=text)), where)


def test_no_cases(cordon, project, tmp_path):
    refused(cordon("test", project()), "holds no case")
    shutil.rmtree(tmp_path / "skill/tests")
    refused(cordon("test", tmp_path / "skill"), "holds no case")
    refused(cordon("test", tmp_path / "nowhere"), "there is no folder")


def test_links_and_special_files_among_the_cases_are_refused(cordon, project, tmp_path):
    folder = project()
    (folder / "tests/a.toml").symlink_to("/etc/hostname")
    refused(cordon("test", folder), "tests/a.toml is not a file of its own")
    (folder / "tests/a.toml").unlink()
    os.mkfifo(folder / "tests/a.toml")
    refused(cordon("test", folder), "tests/a.toml is not a file of its own")
    shutil.rmtree(folder / "tests")
    (folder / "tests").symlink_to(tmp_path)
    refused(cordon("test", folder), "tests is not a folder of its own")


def test_sizes_and_encodings_of_cases_are_bounded(cordon, project):
    folder = project(a="# " + "x" * 70_000)
    refused(cordon("test", folder), "tests/a.toml has more than 65536 bytes")
    (folder / "tests/a.toml").write_bytes(b"# \xff\n")
    refused(cordon("test", folder), "tests/a.toml is not UTF-8 text")
    (folder / "tests/a.toml").write_text("args = " + "[" * 100_00 + "]" * 100_00)
    refused(cordon("test", folder), "tests/a.toml:")


def test_nothing_that_a_project_says_can_look_like_another_case(cordon, project):
    """Names are refused, and what a skill answers stays on its line."""
    folder = project()
    (folder / "tests/x # SKIP.toml").write_text("")
    refused(cordon("test", folder), "the name of a case is letters")
    (folder / "tests/x # SKIP.toml").unlink()
    (folder / "tests/a.toml").write_text('input = "\\nok 2 - b\\u001b[2J"\noutput = "x\\nok 3 - c"\n')
    done = cordon("test", folder)
    assert done.status == 1 and [line for line in done.text.splitlines() if line.startswith("ok")] == [] and "\x1b" not in done.text


# ---- the projects of `cordon new`


@pytest.mark.skipif(not shutil.which("clang-14") and not shutil.which("clang"), reason="clang is not installed")
@pytest.mark.parametrize("options", [[], ["--world", "skill"], ["--abi", "blufio"]])
def test_a_new_skill_passes_its_cases(cordon, tmp_path, options):
    assert cordon("new", "weather", *options, cwd=tmp_path).status == 0
    assert cordon("build", "weather", cwd=tmp_path).status == 0
    done = cordon("test", "weather", cwd=tmp_path)
    assert done.status == 0 and "ok 1 - denied\nok 2 - oslo\n" in done.text, done.text
    snapshot = (tmp_path / "weather/tests/oslo.out").read_bytes()
    (tmp_path / "weather/tests/oslo.out").unlink()
    assert cordon("test", "weather", "-u", "-j", cwd=tmp_path).json["written"] == 1
    assert (tmp_path / "weather/tests/oslo.out").read_bytes().strip() == snapshot.strip()


def test_a_new_prompt_passes_its_cases(cordon, tmp_path):
    assert cordon("new", "how-to", "--type", "prompt", cwd=tmp_path).status == 0
    assert cordon("test", "how-to", cwd=tmp_path).text.endswith("# 1 cases: 1 passed, 0 failed\n")


# ---- which cases


def test_cases_are_chosen_by_name_and_by_pattern(cordon, project):
    folder = project(one='input = "1"\n', two='input = "2"\noutput = "x"\n', three='input = "3"\n')
    assert cordon("test", folder, "one").text == "TAP version 13\n1..1\nok 1 - one\n# 1 cases: 1 passed, 0 failed\n"
    assert "1..2\nok 1 - one\nok 2 - three\n" in cordon("test", folder, "three", "one").text
    done = cordon("test", folder, "t*", "-j")
    assert done.status == 1 and [row["name"] for row in done.json["cases"]] == ["three", "two"]
    assert "1..3" in cordon("test", folder, "*").text
    assert "ok 1 - one" in cordon("test", ".", "one", cwd=folder).text


def test_a_case_that_is_not_there_is_refused_with_those_that_are(cordon, project):
    folder = project(one="", two="")
    for words in (["three"], ["one", "three"], ["x*"]):
        refused(cordon("test", folder, *words), f"there is no case {words[-1]} in", "It has one, two")


def test_snapshots_are_written_of_chosen_cases_alone(cordon, project):
    folder = project(one='input = "1"\n', two='input = "2"\n')
    assert cordon("test", folder, "two", "-u").status == 0
    assert not (folder / "tests/one.out").exists() and (folder / "tests/two.out").read_text() == "2"


# ---- what is not built


def older(path, seconds):
    """Its time is so much before now."""
    before = time.time() - seconds
    os.utime(path, (before, before))


def test_a_component_that_was_never_built_is_refused_with_the_command(cordon, new, tmp_path):
    refused(cordon("test", "./weather", cwd=tmp_path), "there is no such file in the folder", "Build it first: cordon build ./weather")


def test_a_source_that_is_newer_than_the_component_is_named(cordon, project):
    folder = project(a='input = "x"\n')
    done = cordon("test", folder)
    assert done.err == "" and cordon("test", folder, "-j").json["stale"] is None
    (folder / "src").mkdir()
    (folder / "src/lib.rs").write_text("x")
    older(folder / "skill.wasm", 3600)
    done = cordon("test", folder)
    assert done.status == 0 and done.text.endswith("1 passed, 0 failed\n"), "it is a hint"
    assert done.err == f"cordon test: src/lib.rs is newer than what was built: build it first (cordon build {folder}), or give --build\n"
    told = cordon("test", folder, "-j")
    assert told.err == "" and told.json["stale"] == "src/lib.rs"


def test_what_is_no_source_makes_nothing_stale(cordon, project):
    folder = project(a='input = "x"\n')
    for name in ("README.md", "tests/a.py", "node_modules/a.js", "target/a.rs", "kept/a.c", ".hidden.c", "data/more.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    (folder / "kept/CACHEDIR.TAG").write_text("x")
    older(folder / "skill.wasm", 3600)
    assert cordon("test", folder).err == ""


@pytest.fixture
def new(cordon, tmp_path):
    """A new project in C."""
    assert cordon("new", "weather", cwd=tmp_path).status == 0
    return tmp_path / "weather"


@needs_clang
def test_build_builds_first(cordon, new):
    done = cordon("test", new, "--build")
    assert done.status == 0 and done.err == "" and done.text.startswith("TAP version 13\n1..2\n"), done.err
    source = (new / "skill.c").read_text()
    (new / "skill.c").write_text(source.replace("ret->city = *city;", 'weather_string_dup(&ret->city, "Rome");'))
    older(new / "weather.wasm", 3600)
    assert "skill.c is newer" in cordon("test", new).err
    done = cordon("test", new, "oslo", "-b")
    assert done.status == 1 and '"Rome"' in done.text and done.err == ""
    (new / "skill.c").write_text("broken")
    done = cordon("test", new, "-b")
    assert done.status == 6 and done.out == b"" and "broken" in done.err


# ---- who reads it


@pytest.mark.skipif(not shutil.which("prove"), reason="prove is not installed")
def test_a_reader_of_tap_understands_it(cordon, project):
    folder = project(a='input = "hi"\noutput = "hi"\n', b='input = "x"\noutput = "ok 3 - c\\n1..9"\n')

    (folder / "skill.t").write_text(f"exec {cordon.path} test {folder}\n")

    def prove():
        return subprocess.run(["prove", "--exec", "sh", folder / "skill.t"], env=cordon.env, capture_output=True, text=True, timeout=60, check=False)

    done = prove()
    assert done.returncode != 0 and "Failed test:  2" in done.stdout and "Failed 1/2 subtests" in done.stdout, done.stdout
    (folder / "tests/b.toml").write_text('input = "x"\n')
    done = prove()
    assert done.returncode == 0 and "All tests successful." in done.stdout and "Tests=2" in done.stdout, done.stdout


def test_junit_has_a_test_for_each_case(cordon, project, tmp_path):
    folder = project(a='input = "hi"\noutput = "hi"\n', b='input = \'<&>"\\u001b\\uffff]]>\'\noutput = "x"\n', c='input = "\\u001b[2J<b>\\uffff]]>"\nexpect = "err"\n')
    for flags in ([], ["-j"]):
        done = cordon("test", folder, "--junit", tmp_path / "r.xml", *flags)
        assert done.status == 1
        [suite] = ElementTree.parse(tmp_path / "r.xml").getroot()
        assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("skill", "3", "2")
        one, two, three = suite
        assert one.get("name") == "a" and list(one) == [] and float(one.get("time")) > 0
        assert two[0].get("message") == "the answer is not the one expected" and "<&>" in two[0].text
        assert three[0].get("message") == "it ended as ok, not err" and "<b>" in three[0].text and "\x1b" not in three[0].text
    done = cordon("test", folder, "--junit", tmp_path / "nowhere/r.xml")
    assert done.status == 7 and "cannot write" in done.err
