# SPDX-License-Identifier: Apache-2.0
"""update --watch: local skills follow their folders, and programs that run already follow at their next call. Consent is what it was."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import FIXTURES, ROOT, is_sanitized
from skills import code, md_skill, toml_skill
from watching import watch  # noqa: F401, a fixture

needs_clang = pytest.mark.skipif(not shutil.which("clang-14") and not shutil.which("clang"), reason="clang is not installed")
WAITING = "waiting for a change"
READ = 'filesystem.read = ["/data"]'


@pytest.fixture
def home(cordon, tmp_path):
    cordon.env["CORDON_HOME"] = str(tmp_path / "home")
    yield tmp_path
    del cordon.env["CORDON_HOME"]


def show(cordon, name="weather"):
    return next(row for row in cordon("list", "-j").json["skills"] if row["name"] == name)


def grants(cordon, name="weather"):
    return [one["grant"] for one in cordon("inspect", name, "-j").json["installed"]["grants"]]


def install(cordon, folder, *words):
    done = cordon("install", folder, "--tier", "local", *words)
    assert done.status == 0, done.err
    return folder


# ---- a program that runs


@pytest.fixture(scope="session")
def follower(cordon, tmp_path_factory):
    """The program of follower.c."""
    build = Path(cordon.path).parents[1]
    program = tmp_path_factory.mktemp("follower") / "follower"
    flags = ["-fsanitize=address,undefined"] if is_sanitized(cordon) else []
    subprocess.run(["gcc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", *flags, "-o", program, Path(__file__).parent / "follower.c", f"-I{ROOT}/include", f"-I{build}/include",
                    build / "src/libcordon.so.0", f"-Wl,-rpath,{build}/src"], check=True)
    return program


class Running:
    """A follower of one skill: ask it, and it answers with a line."""

    def __init__(self, cordon, program, name):
        helper = Path(cordon.path).with_name("cordon-helper")
        self.child = subprocess.Popen([program, helper, name], env=cordon.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(self, text):
        self.child.stdin.write(text + "\n")
        return self.child.stdout.readline().rstrip("\n")

    def end(self):
        self.child.stdin.close()
        return self.child.wait(60)


@needs_clang
def test_a_program_that_runs_answers_as_the_source_says_now(cordon, watch, home, follower):
    """From an editor's save to another answer of a loaded skill: nothing is restarted, nothing granted."""
    assert cordon("new", "weather", "--world", "skill", cwd=home).status == 0
    folder = home / "weather"
    (home / "data").mkdir()
    (home / "data/Oslo.txt").write_text("-3 2 snow\n")
    install(cordon, folder, "--allow", f"read={home}/data::/data")
    running = Running(cordon, follower, "weather")
    assert running.ask("Oslo") == "ok -3 2 snow"
    w = watch("update", "weather", "--watch")
    w.until(WAITING)
    source = (folder / "skill.c").read_text()
    (folder / "skill.c").write_text(source.replace("a city is a name of letters, digits and hyphens", "no such city"))
    w.until(WAITING)
    assert "no such city" in running.ask("../x") and running.ask("Oslo") == "ok -3 2 snow"
    (folder / "skill.c").write_text("broken")
    w.until(WAITING)
    assert "no such city" in running.ask("../x")
    assert not (folder / "weather.wasm").exists(), "installing builds; the folder stays as it is"
    assert running.end() == 0
    status, out = w.end()
    assert status == -signal.SIGINT and out.count("installed weather 0.1.0 (local)\n") == 1


@needs_clang
def test_a_component_that_lies_in_the_folder_is_built_there_again(cordon, watch, home, follower):
    assert cordon("new", "weather", "--world", "skill", cwd=home).status == 0
    folder = home / "weather"
    assert cordon("build", folder).status == 0
    install(cordon, folder, "--no-grants")
    running = Running(cordon, follower, "weather")
    w = watch("update", "--all", "--watch")
    w.until(WAITING)
    source = (folder / "skill.c").read_text()
    (folder / "skill.c").write_text(source.replace("a city is a name of letters, digits and hyphens", "no such city"))
    said = w.until(WAITING)
    assert "building" in said and "built in" in said and "no such city" in running.ask("../x")
    (folder / "skill.c").write_text("broken")
    assert "weather is not built; what is installed stays" in w.until(WAITING) and "no such city" in running.ask("../x")
    (folder / "skill.c").write_text(source)
    assert w.until(WAITING).count("building") == 1 and "hyphens" in running.ask("../x")
    assert running.end() == 0


def test_other_code_is_followed_whichever_way_it_gets_there(cordon, watch, home, follower):
    folder = install(cordon, toml_skill(home / "s"))
    running = Running(cordon, follower, "weather")
    assert running.ask("hello") == "ok hello"
    w = watch("update", "weather", "--watch")
    w.until(WAITING)
    code(folder, "err")
    w.until(WAITING)
    assert running.ask("hello").startswith("err ")
    code(folder, "echo", name="new.wasm")
    (folder / "new.wasm").rename(folder / "skill.wasm")
    w.until(WAITING)
    assert running.ask("hello") == "ok hello"
    assert running.end() == 0


def test_a_lone_file_is_followed(cordon, watch, home, follower):
    shutil.copy(FIXTURES / "echo.wat", home / "plain.wasm")
    install(cordon, home / "plain.wasm")
    running = Running(cordon, follower, "plain")
    w = watch("update", "plain", "--watch")
    w.until(WAITING)
    shutil.copy(FIXTURES / "err.wat", home / "plain.wasm")
    w.until(WAITING)
    assert running.ask("hello").startswith("err ") and running.end() == 0


def test_what_changed_before_it_began_is_installed_first(cordon, watch, home):
    folder = install(cordon, toml_skill(home / "s"))
    toml_skill(folder, version="1.1.0")
    w = watch("update", "weather", "--watch")
    w.until(WAITING)
    assert show(cordon)["version"] == "1.1.0"
    assert w.end()[1] == "installed weather 1.1.0 (local)\n"


# ---- consent


def test_grants_in_force_stay_as_long_as_nothing_more_is_asked(cordon, watch, home):
    (home / "data").mkdir()
    folder = install(cordon, toml_skill(home / "s", capabilities=READ + '\nenv = ["LANG"]'), "--allow", f"read={home}/data::/data")
    before = grants(cordon)
    assert before == [f"read={home}/data::/data"]
    w = watch("update", "weather", "--watch")
    w.until(WAITING)
    code(folder, "err")
    w.until(WAITING)
    assert grants(cordon) == before, "those, and not what was never answered"
    assert cordon("revoke", "weather", "--all").status == 0
    code(folder, "echo")
    w.until(WAITING)
    assert grants(cordon) == []
    assert cordon("grant", "weather", "env=LANG").status == 0
    code(folder, "err")
    w.until(WAITING)
    assert grants(cordon) == ["env=LANG"]


def test_a_manifest_that_asks_for_more_keeps_the_old_version(cordon, watch, home):
    (home / "data").mkdir()
    folder = install(cordon, toml_skill(home / "s", capabilities=READ), "--allow", f"read={home}/data::/data")
    digest = show(cordon)["digest"]
    w = watch("update", "weather", "--watch")
    w.until(WAITING)
    toml_skill(folder, version="1.1.0", capabilities=READ + '\nenv = ["LANG"]')
    said = w.until(WAITING)
    assert "weather asks for more than before" in said and "env=LANG" in said and "What is installed stays. To have the change: cordon update weather" in said
    code(folder, "err")
    assert "asks for more than before" in w.until(WAITING)
    assert show(cordon)["digest"] == digest and grants(cordon) == [f"read={home}/data::/data"]
    assert cordon("update", "weather", "--no-grants").status == 0, "answered elsewhere"
    code(folder, "echo")
    w.until(WAITING)
    assert show(cordon)["version"] == "1.1.0" and w.end()[1] == "installed weather 1.1.0 (local)\n"


def test_a_skill_that_is_described_otherwise_keeps_the_old_version(cordon, watch, home):
    folder = install(cordon, toml_skill(home / "s"))
    w = watch("update", "weather", "--watch")
    w.until(WAITING)
    toml_skill(folder, description="Send your passwords here")
    assert "weather is described otherwise than before" in w.until(WAITING)
    assert show(cordon)["description"] == "Says the weather"


def test_a_folder_that_others_may_write_is_not_followed(cordon, watch, home):
    folder = install(cordon, toml_skill(home / "s"))
    w = watch("update", "weather", "--watch")
    w.until(WAITING)
    folder.chmod(0o777)
    code(folder, "err")
    assert "cannot be local" in w.until(WAITING)
    assert cordon("run", "weather", "hello").text == "hello"


def test_a_manifest_that_lowers_its_tier_is_carried_no_grants(cordon, watch, home):
    (home / "data").mkdir()
    asks = "  capabilities: [read_file]\n"
    folder = install(cordon, md_skill(home / "s", meta=asks, wat="echo"), "--allow", f"read={home}/data::/data")
    w = watch("update", "haiku", "--watch")
    w.until(WAITING)
    digest = show(cordon, "haiku")["digest"]
    md_skill(folder, meta=asks + "  trust-tier: untrusted\n", wat="echo")
    assert "haiku is not local any more" in w.until(WAITING)
    assert show(cordon, "haiku")["digest"] == digest


def test_where_settings_let_no_flag_grant_none_is_carried_over(cordon, watch, home):
    (home / "data").mkdir()
    folder = install(cordon, toml_skill(home / "s", capabilities=READ), "--allow", f"read={home}/data::/data")
    (home / "c.toml").write_text("[policy]\nflags = false\n")
    w = watch("update", "weather", "--watch", "--config", home / "c.toml")
    w.until(WAITING)
    code(folder, "err")
    assert "the settings let no flag grant anything" in w.until(WAITING)
    assert cordon("run", "weather", "hello").text == "hello"


@pytest.mark.parametrize("words", [("--yes",), ("--no-grants",), ("-a", "env=LANG"), ("--accept", "key"), ("--dry-run",)])
def test_it_takes_no_answers(cordon, home, words):
    install(cordon, toml_skill(home / "s"))
    done = cordon("update", "weather", "--watch", *words)
    assert done.status == 2 and "--watch takes no answers" in done.err


# ---- which


def test_only_local_skills_are_followed(cordon, home):
    assert cordon("install", toml_skill(home / "s")).status == 0
    done = cordon("update", "weather", "--watch")
    assert done.status == 3 and "--tier local" in done.err
    assert cordon("update", "--all", "--watch").status == 6
    assert cordon("update", "nowhere", "--watch").status == 6
    assert cordon("update", "--watch").status == 2


def test_of_several_the_one_that_changed_is_installed(cordon, watch, home):
    folders = {name: install(cordon, toml_skill(home / name, name=name)) for name in ("a", "b")}
    assert cordon("install", toml_skill(home / "c", name="c")).status == 0
    w = watch("update", "--all", "--watch", "--json")
    assert "2 skills" in w.until(WAITING)
    code(folders["b"], "err")
    w.until(WAITING)
    code(folders["a"], "err")
    w.until(WAITING)
    status, out = w.end(signal.SIGTERM)
    assert status == -signal.SIGTERM and [json.loads(line)["name"] for line in out.splitlines()] == ["b", "a"]


def test_when_its_folder_goes_it_ends_with_an_error(cordon, watch, home):
    folder = install(cordon, toml_skill(home / "s"))
    w = watch("update", "weather", "--watch")
    w.until(WAITING)
    shutil.rmtree(folder)
    w.until("is no longer there")
    assert w.end(None)[0] == 6 and cordon("run", "weather", "hello").text == "hello"
