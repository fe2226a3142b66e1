# SPDX-License-Identifier: Apache-2.0
"""new: what it makes builds and runs as it stands; what it refuses."""

import os
import shutil
import stat

import pytest

needs_clang = pytest.mark.skipif(not shutil.which("clang-14") and not shutil.which("clang"), reason="clang is not installed")

OSLO = {"city": "Oslo", "days": [{"low": -3, "high": 2, "sky": "snow"}, {"low": -1, "high": 4, "sky": "clear"}]}


@pytest.fixture
def new(cordon, tmp_path):
    return lambda *words, **options: cordon("new", *words, cwd=tmp_path, **options)


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def refused(done, *texts, status=2):
    assert done.status == status and done.out == b"", done.err
    for text in texts:
        assert text in done.err, done.err


# ---- what it makes


@needs_clang
def test_a_typed_skill_in_c_builds_and_runs_as_it_stands(new, cordon, tmp_path):
    assert new("weather").status == 0
    built = cordon("build", "weather", "-j", cwd=tmp_path)
    assert built.status == 0 and built.err == ""
    assert built.json["world"] == "local:weather/weather" and built.json["imports"] == ["boternity:skill/host"]
    call = ["run", "./weather", "--args", '{"city": "Oslo", "days": 2}']
    assert cordon(*call, "-a", "read=weather/data::/data", cwd=tmp_path).json == OSLO
    denied = cordon(*call, cwd=tmp_path)
    assert denied.status == 3 and "capability denied: ReadFile not granted for skill 'weather'" in denied.err


@needs_clang
def test_what_the_typed_skill_refuses_it_says(new, cordon, tmp_path):
    new("weather")
    assert cordon("build", "weather", cwd=tmp_path).status == 0
    (tmp_path / "weather/data/Odd.txt").write_text("cold\n")
    (tmp_path / "weather/data/Odder.txt").write_text("1 2\n3 sun\n")
    (tmp_path / "weather/data/Empty.txt").write_text("")
    (tmp_path / "weather/data/Long.txt").write_text("1 2 sun\n" * 40 + "3 4 rain")

    def ask(city, days):
        return cordon("run", "./weather", "--args", f'["{city}", {days}]', "-a", "read=weather/data::/data", cwd=tmp_path)

    for city, days, why in [("../x", 1, "a city is a name"), ("", 1, "a city is a name"), ("x" * 65, 1, "a city is a name"), ("Oslo", 0, "1 to 14"),
                            ("Oslo", 15, "1 to 14"), ("Odd", 1, "no day"), ("Odder", 1, "no day"), ("x" * 64, 1, "failed to read file")]:
        done = ask(city, days)
        assert done.status == 1 and why in done.err, done.err
    assert ask("Empty", 3).json["days"] == []
    assert len(ask("Long", 14).json["days"]) == 14
    assert len(ask("Oslo", 14).json["days"]) == 3


@needs_clang
def test_doc_comments_are_the_descriptions_of_the_tool(new, cordon, tmp_path):
    new("weather")
    assert cordon("build", "weather", cwd=tmp_path).status == 0
    [tool] = cordon("tools", "./weather", cwd=tmp_path).json
    assert tool["name"] == "weather" and tool["description"] == "Tells the weather of a city for the next days (1 to 14)."
    [export] = cordon("inspect", "./weather", "-j", cwd=tmp_path).json["exports"]
    assert export["docs"] == tool["description"] and "The lowest temperature, in degrees Celsius." in str(export["result"])


@needs_clang
def test_a_skill_of_the_skill_world_builds_and_runs_as_it_stands(new, cordon, tmp_path):
    assert new("words", "--lang", "c", "--world", "skill").status == 0
    built = cordon("build", "words", "-j", cwd=tmp_path)
    assert built.json["world"] == "boternity:skill/skill-plugin" and built.json["imports"] == ["boternity:skill/host"]
    done = cordon("run", "./words", "Oslo", "-a", "read=words/data::/data", cwd=tmp_path)
    assert done.status == 0 and done.text == "-3 2 snow"
    done = cordon("run", "./words", "Oslo", cwd=tmp_path)
    assert done.status == 3 and "capability denied" in done.err
    assert cordon("run", "./words", "../x", cwd=tmp_path).status == 1


@needs_clang
def test_a_module_of_the_blufio_abi_builds_and_runs_as_it_stands(new, cordon, tmp_path):
    assert new("words", "--abi", "blufio").status == 0
    built = cordon("build", "words", "-j", cwd=tmp_path)
    assert built.status == 0 and built.err == "" and built.json["world"] == "blufio" and built.json["imports"] == ["blufio"]
    assert cordon("inspect", "./words", "-j", cwd=tmp_path).json["kind"] == "blufio"
    assert cordon("run", "./words", "Oslo", "-a", "read=words/data::/data", cwd=tmp_path).text.strip() == "-3 2 snow"
    done = cordon("run", "./words", "Oslo", cwd=tmp_path)
    assert done.status == 3 and "capability not permitted: " in done.err
    for word in ("../x", '""', "{}", "x" * 65, '"a\\"b"'):
        assert "a city is a name" in cordon("run", "./words", word, cwd=tmp_path).text


@needs_clang
@pytest.mark.parametrize("options, call", [
    ([], ["--args", '["Oslo", 1]']), (["--world", "skill"], ["Oslo"]), (["--abi", "blufio"], ["Oslo"]),
])
def test_what_it_makes_installs_from_source_and_runs(new, cordon, tmp_path, options, call):
    home = {"CORDON_HOME": str(tmp_path / "home")}
    assert new("weather", *options).status == 0
    done = cordon("install", "./weather", "--allow", f"read={tmp_path}/weather/data::/data", cwd=tmp_path, env=home)
    assert done.status == 0, done.err
    done = cordon("run", "weather", *call, cwd=tmp_path, env=home)
    assert done.status == 0 and "snow" in done.text, done.err


def test_a_prompt_runs_as_it_stands(new, cordon, tmp_path):
    assert new("how-to", "--type", "prompt").status == 0
    assert files(tmp_path / "how-to") == ["README.md", "SKILL.md", "tests/sentence.toml"]
    assert cordon("run", "./how-to", cwd=tmp_path).text.startswith("Tell the weather in one sentence")


@needs_clang
def test_the_limits_of_the_manifest_are_spelled_out_and_in_force(new, cordon, tmp_path):
    new("weather")
    assert cordon("build", "weather", cwd=tmp_path).status == 0
    limits = cordon("inspect", "./weather", "-j", cwd=tmp_path).json["limits"]
    assert [limits[name]["value"] for name in ("fuel", "memory", "timeout")] == [10_000_000, 4 << 20, 5000]
    assert {limits[name]["origin"] for name in ("fuel", "memory", "timeout")} == {"skill.toml"}


def test_what_it_says(new, tmp_path):
    done = new("weather", "-j")
    assert done.json["cordon"] == 1 and done.json["name"] == "weather" and done.json["what"] == "a skill in C"
    assert sorted(done.json["files"]) == files(tmp_path / "weather")
    assert done.json["next"][0] == "cordon build ./weather"
    assert "go on with:\n  cordon build ./other\n" in new("other").text
    assert all("@NAME@" not in (tmp_path / "other" / name).read_text() for name in files(tmp_path / "other"))
    assert len((tmp_path / "other/README.md").read_text().splitlines()) <= 10


def test_the_commands_it_names_and_those_of_the_readme_work(new, cordon, tmp_path):
    if not (shutil.which("clang-14") or shutil.which("clang")):
        pytest.skip("clang is not installed")
    for name, options in [("typed", []), ("-odd_Name-", ["--"]), ("text", ["--world", "skill"]), ("module", ["--abi", "blufio"])]:
        next_ = new("-j", *options, name).json["next"]
        readme = [line.strip() for line in (tmp_path / name / "README.md").read_text().splitlines() if line.startswith("    ")]
        assert readme == next_
        for line in next_:
            done = cordon.shell(f'"$CORDON" {line.removeprefix("cordon ")}', cwd=tmp_path)
            assert done.status == 0, (line, done.err)


def test_the_umask_is_kept(new, cordon, tmp_path):
    done = cordon.shell('umask 027; "$CORDON" new weather', cwd=tmp_path)
    assert done.status == 0
    assert stat.S_IMODE((tmp_path / "weather").stat().st_mode) == 0o750
    assert stat.S_IMODE((tmp_path / "weather/skill.c").stat().st_mode) == 0o640


# ---- what it refuses


@pytest.mark.parametrize("name, why", [
    ("", "skill name must not be empty"),
    ("a b", "skill name 'a b' contains invalid characters (only alphanumeric, hyphens, underscores allowed)"),
    ("../up", "skill name '../up' contains invalid characters (only alphanumeric, hyphens, underscores allowed)"),
    (".", "contains invalid characters"),
    ("a/b", "contains invalid characters"),
    ("ä", "contains invalid characters"),
    ("a\x1b[1m", "contains invalid characters"),
    ("a" * 129, "ceiling 128"),
])
def test_names_that_are_refused(new, tmp_path, name, why):
    done = new("--", name)
    refused(done, why)
    assert "\x1b" not in done.err and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["Weather", "a_b", "-a", "a-"])
def test_names_of_prompts_are_those_of_their_format(new, tmp_path, name):
    refused(new("--type", "prompt", "--", name), f"Skill name '{name}' must contain only lowercase letters, digits, and hyphens")
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_refused_and_left_alone(new, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("folder", "file", "link"):
        refused(new(name), f"there is already a {name} here")
    assert list((tmp_path / "folder").iterdir()) == [] and (tmp_path / "file").read_text() == "mine"
    assert os.readlink(tmp_path / "link") == "nowhere" and not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("lang, more", [("js", []), ("ts", ["tsconfig.json"])])
def test_a_project_in_javascript_has_its_packages_pinned_and_the_sdk(new, tmp_path, lang, more):
    own = [".gitignore", "README.md", "cordon.d.ts", "cordon.js", "data/Oslo.txt", "package-lock.json", "package.json", f"skill.{lang}", "skill.toml",
           "tests/denied.toml", "tests/oslo.out", "tests/oslo.toml", *more]
    assert new("typed", "--lang", lang).status == 0
    assert files(tmp_path / "typed") == sorted([*own, "wit/deps/boternity-skill/boternity-skill.wit", "wit/weather.wit"])
    assert new("text", "--lang", lang, "--world", "skill").status == 0
    assert files(tmp_path / "text") == sorted([*own, "wit/boternity-skill.wit"])
    lock = (tmp_path / "typed/package-lock.json").read_text()
    assert lock.count('"integrity": "sha512-') == lock.count('"version": "') and "resolved" not in lock and "://" not in lock


def test_a_project_in_python_has_its_packages_pinned_and_the_sdk(new, tmp_path):
    own = [".gitignore", "README.md", "cordon_skill.py", "data/Oslo.txt", "requirements.txt", "skill.py", "skill.toml", "tests/denied.toml", "tests/oslo.out", "tests/oslo.toml"]
    assert new("typed", "--lang", "python").status == 0
    assert files(tmp_path / "typed") == sorted([*own, "wit/deps/boternity-skill/boternity-skill.wit", "wit/weather.wit"])
    assert new("text", "--lang", "python", "--world", "skill").status == 0
    assert files(tmp_path / "text") == sorted([*own, "wit/boternity-skill.wit"])
    lock = (tmp_path / "typed/requirements.txt").read_text()
    assert "componentize-py==" in lock and "--hash=sha256:" in lock and "://" not in lock


@pytest.mark.parametrize("lang", ["go"])
def test_other_languages_are_refused_by_name(new, tmp_path, lang):
    refused(new("x", "--lang", lang), f"projects in {lang} are not offered yet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words, why", [
    (["--lang", "cobol"], "cobol is not a language"), (["--type", "x"], "tool or prompt"), (["--world", "x"], "typed or skill"),
    (["--abi", "x"], "component or blufio"), (["--abi", "blufio", "--world", "skill"], "leave --world out"), (["--type", "prompt", "--abi", "blufio"], "no --abi"),
    (["--abi", "blufio", "--lang", "js"], "made in C"), (["--type", "prompt", "--lang", "c"], "no --lang"), (["--type", "prompt", "--world", "skill"], "no --world"),
])
def test_options_that_are_refused(new, tmp_path, words, why):
    refused(new("x", *words), why)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said(new, cordon, tmp_path):
    """As whoever: a limit on the size of files stops root, too."""
    done = cordon.shell('trap "" XFSZ; ulimit -f 0; "$CORDON" new weather', cwd=tmp_path)
    assert done.status == 7 and "cannot write" in done.err
    assert list(tmp_path.iterdir()) == []
