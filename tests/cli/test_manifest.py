# SPDX-License-Identifier: Apache-2.0
"""Folders with a manifest: what it says of name, limits, asks and export counts; what it says of trust can only lower."""

import os
import shutil

import pytest

SKILL = '[skill]\nname = "my-{0}"\nversion = "1.2.0"\ndescription = "Does {0}."\n'
COMPONENT = '[component]\nname = "my-{0}"\nversion = "1.2.0"\n[resources.memory]\nmax_bytes = 1048576\n[resources.cpu]\nmax_fuel = 2000000\ntimeout_seconds = 3\n'
TOOL = "---\nname: my-{0}\ndescription: Does {0}.\nmetadata:\n  version: 1.2.0\n  skill-type: tool\n{1}---\nHow to use it.\n"


@pytest.fixture
def folder(tmp_path, wat):
    """A folder with a guest of the fixtures in it, and one file of text."""

    def make(guest, file, text, entry="skill.wasm"):
        where = tmp_path / "there"
        where.mkdir(exist_ok=True)
        (where / entry).parent.mkdir(exist_ok=True)
        shutil.copy(wat(guest), where / entry)
        (where / file).write_text(text)
        return where

    return make


def toml(guest, more=""):
    return SKILL.format(guest) + more


@pytest.mark.parametrize("file, text", [("skill.toml", toml("echo")), ("Component.toml", COMPONENT.format("echo")), ("SKILL.md", TOOL.format("echo", ""))])
def test_a_folder_runs_by_each_manifest(cordon, folder, file, text):
    done = cordon("run", folder("echo", file, text), "hello", "--json")
    assert done.status == 0 and done.json["output"] == "hello" and done.json["skill"] == "my-echo"


def test_the_limits_are_the_manifest_s_with_their_origin(cordon, folder):
    where = folder("echo", "skill.toml", toml("echo", "[resources]\nfuel = 123456\ntables = 77\noutput_bytes = 4096\n"))
    limits = cordon("inspect", where, "--json").json["limits"]
    assert (limits["fuel"]["value"], limits["fuel"]["origin"]) == (123456, "skill.toml")
    assert (limits["tables"]["value"], limits["output"]["value"]) == (77, 4096)
    assert (limits["memory"]["value"], limits["memory"]["origin"]) == (16 << 20, "default of skill.toml")
    assert (limits["timeout"]["value"], limits["timeout"]["origin"]) == (5000, "default of skill.toml")
    assert limits["input"]["origin"] == "the untrusted tier's default"


def test_the_limits_of_a_component_toml_are_its_own(cordon, folder):
    limits = cordon("inspect", folder("echo", "Component.toml", COMPONENT.format("echo")), "--json").json["limits"]
    assert [limits[l]["value"] for l in ("memory", "fuel", "timeout")] == [1048576, 2000000, 3000]


def test_the_limits_of_a_skill_md_are_those_of_its_tier(cordon, folder):
    limits = cordon("inspect", folder("echo", "SKILL.md", TOOL.format("echo", "")), "--json").json["limits"]
    assert [limits[l]["value"] for l in ("memory", "fuel", "timeout")] == [16 << 20, 500000, 10000]
    assert limits["fuel"]["origin"] == "default of SKILL.md"


def test_a_limit_above_the_ceiling_is_cut_and_inspect_says_so(cordon, folder):
    where = folder("echo", "skill.toml", toml("echo", '[resources]\nfuel = "500G"\nmemory_mb = 4096\n'))
    about = cordon("inspect", where, "--json").json
    assert about["limits"]["fuel"]["value"] == about["limits"]["fuel"]["ceiling"] == 100_000_000_000
    assert about["limits"]["fuel"]["wanted"] == 500_000_000_000
    assert "skill.toml asks for fuel 500 G; it is cut to the ceiling of the untrusted tier, which is 100 G" in about["warnings"]
    assert "cut to the ceiling" in cordon("inspect", where).text


def test_a_limit_that_is_hit_names_the_manifest(cordon, folder):
    done = cordon("run", folder("spin", "skill.toml", toml("spin", "[resources]\nfuel = 10000\n")), "--json")
    assert done.status == 4 and done.json["outcome"] == "out-of-fuel" and done.json["limits"]["fuel"] == 10000
    assert "skill.toml" in done.json["error"]["message"] + done.json["error"]["hint"]


def test_a_flag_wins_over_the_manifest(cordon, folder):
    done = cordon("run", folder("spin", "skill.toml", toml("spin", "[resources]\nfuel = 10000\n")), "--fuel", "20k", "--json")
    assert done.json["limits"]["fuel"] == 20000


def test_what_is_asked_for_is_not_granted_by_that(cordon, folder):
    done = cordon("run", folder("env", "skill.toml", toml("env", '[capabilities]\nenv = ["HOME"]\n')), "HOME", "--json")
    assert done.status == 3 and done.json["denials"] == [{"capability": "env", "wanted": "HOME", "reason": "not-granted", "count": 1}]


def test_what_is_asked_for_and_granted_works(cordon, folder):
    where = folder("env", "skill.toml", toml("env", '[capabilities]\nenv = ["COLOUR"]\n'))
    assert cordon("run", where, "COLOUR", "-a", "env=COLOUR", env={"COLOUR": "green"}).text == "green"
    assert cordon("run", where, "COLOUR", "-e", "COLOUR=red").text == "red"


@pytest.mark.parametrize("grant", ["env=LANG", "net=x.com", "read=/tmp", "secret=K", "memory"])
def test_a_grant_that_is_not_asked_for_is_an_error_that_says_so(cordon, folder, grant):
    where = folder("env", "skill.toml", toml("env", '[capabilities]\nenv = ["COLOUR"]\n'))
    done = cordon("run", where, "COLOUR", "-a", grant, "--json")
    assert done.status == 2 and done.json["outcome"] == "not-started" and done.json["error"]["id"] == "not-asked"
    assert done.json["error"]["message"] == f"my-env does not ask for anything that {grant} would answer"
    assert done.json["error"]["hint"] == "Its manifest asks for env=COLOUR; a grant beyond that would never be used."


def test_a_variable_that_is_set_and_not_asked_for_is_an_error(cordon, folder):
    done = cordon("run", folder("env", "skill.toml", toml("env")), "COLOUR", "-e", "COLOUR=red", "--json")
    assert done.status == 2 and done.json["error"]["id"] == "not-asked"
    assert done.json["error"]["hint"] == "Its manifest asks for nothing; a grant beyond that would never be used."


def test_a_call_that_is_denied_for_lack_of_an_ask_says_not_asked(cordon, folder):
    done = cordon("run", folder("env", "skill.toml", toml("env", '[capabilities]\nenv = ["COLOUR"]\n')), "HOME", "-e", "COLOUR=x", "--json")
    assert done.status == 3 and done.json["denials"] == [{"capability": "env", "wanted": "HOME", "reason": "not-asked", "count": 1}]
    done = cordon("run", folder("env", "skill.toml", toml("env")), "HOME", "--json")
    assert done.json["denials"][0]["reason"] == "not-asked"
    assert done.json["error"]["value"] == "capability denied: ReadEnv not granted for skill 'my-env'"


def test_a_host_that_is_not_asked_for_is_denied_as_not_asked(cordon, folder):
    where = folder("fetch", "skill.toml", toml("fetch", '[capabilities.network]\ndomains = ["x.example"]\n'))
    done = cordon("run", where, "https://y.example/", "-a", "net=x.example", "--json")
    assert done.status == 3 and done.json["denials"][0]["reason"] == "not-asked"
    done = cordon("run", where, "http://x.example/", "-a", "net=x.example", "--json")
    assert done.json["denials"][0]["reason"] == "not-asked"  # a domain asks for https
    done = cordon("run", where, "https://a.x.example/", "-a", "net=x.example", "--json")
    assert done.json["denials"][0]["reason"] == "not-granted"


def test_a_folder_that_is_granted_is_no_more_than_is_asked_for(cordon, folder, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.txt").write_text("text")
    where = folder("read-write", "skill.toml", toml("read-write", '[capabilities.filesystem]\nread = ["/d"]\n'))
    assert cordon("run", where, "/d/a.txt", "-a", f"rw={data}::/d").text == "text"
    done = cordon("run", where, "-c", "write", "--args", '["/d/b.txt", "x"]', "-a", f"rw={data}::/d", "--json")
    assert done.status == 3 and done.json["denials"][0]["reason"] == "not-asked" and not (data / "b.txt").exists()
    done = cordon("run", where, "/e/a.txt", "-a", f"read={data}::/e", "--json")
    assert done.status == 2 and done.json["error"]["id"] == "not-asked"


def test_wasi_s_files_are_no_more_than_is_asked_for(cordon, folder, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.txt").write_text("text")
    where = folder("wasi-cat", "skill.toml", toml("wasi-cat", '[capabilities.filesystem]\nread = ["/d"]\n'))
    done = cordon("run", where, "-a", f"rw={data}::/d", "--json", "--", "/d/a.txt")
    assert done.json["denials"] == [] and "text" in str(done.json["output"]), done.json
    where = folder("wasi-cat", "skill.toml", toml("wasi-cat", '[capabilities.filesystem]\nwrite = ["/d"]\n'))
    done = cordon("run", where, "-a", f"rw={data}::/d", "--json", "--", "/d/a.txt")
    assert "text" not in str(done.json["output"])
    assert {d["reason"] for d in done.json["denials"]} == {"not-asked"}


def test_inspect_shows_what_is_asked_for_in_words(cordon, folder):
    where = folder("echo", "skill.toml", toml("echo", '[capabilities]\nenv = ["LANG"]\nnetwork = { domains = ["x.com"] }\n'))
    text = cordon("inspect", where).text
    assert "asks to\n" in text and "  read the environment variable LANG  (env=LANG)\n" in text
    assert "  reach https://x.com and the names beneath it  (net=.x.com)\n" in text
    about = cordon("inspect", where, "--json").json
    assert about["asks"] == ["env=LANG", "net=.x.com"]
    assert about["manifest"]["file"] == "skill.toml" and about["manifest"]["version"] == "1.2.0"
    assert about["manifest"]["asks"][1] == {"grant": "net=.x.com", "words": "reach https://x.com and the names beneath it", "needs_word": True}
    assert "asks to     nothing" in cordon("inspect", folder("echo", "skill.toml", toml("echo"))).text


def test_inspect_shows_what_is_odd_about_a_manifest(cordon, folder):
    about = cordon("inspect", folder("echo", "skill.toml", toml("echo", "[extra]\nx = 1\n")), "--json").json
    assert about["warnings"] == ["skill.toml:5:2: the key `extra` is not known and was passed over"]


def test_an_artifact_without_manifest_has_none(cordon, wat):
    about = cordon("inspect", wat("env"), "--json").json
    assert about["manifest"] is None and about["asks"] == ["env"] and about["limits"]["fuel"]["wanted"] is None


def test_the_export_of_the_manifest_is_called_and_is_the_only_tool(cordon, folder):
    where = folder("values", "skill.toml", toml("values"))
    names = [e["name"] for e in cordon("inspect", where, "--json").json["exports"] if e["callable"]]
    name = names[-1]
    where = folder("values", "skill.toml", toml("values", f'[tool]\nexport = "{name}"\n'))
    assert cordon("inspect", where, "--json").json["default_export"] == name
    done = cordon("tools", where)
    assert done.status == 0 and [(t["name"], t["description"]) for t in done.json] == [("my-values", "Does values.")]


def test_an_export_that_is_not_there_is_refused(cordon, folder):
    done = cordon("run", folder("echo", "skill.toml", toml("echo", '[tool]\nexport = "nothing"\n')), "x", "--json")
    assert done.status == 6 and done.json["error"]["id"] == "bad-manifest" and "tool.export" in done.json["error"]["message"]


def test_the_description_is_what_a_model_is_told(cordon, folder):
    tools = cordon("tools", folder("echo", "SKILL.md", TOOL.format("echo", ""))).json
    assert (tools[0]["name"], tools[0]["description"]) == ("my-echo", "Does echo.")


def test_a_manifest_lowers_the_tier_and_never_raises_it(cordon, folder, tmp_path):
    text = TOOL.format("echo", "  trust-tier: {}\n")
    assert cordon("inspect", folder("echo", "SKILL.md", text.format("local")), "--json").json["tier"] == "untrusted"
    config = tmp_path / "config.toml"
    config.write_text('[policy]\nhighest_tier = "verified"\n')
    config.chmod(0o600)
    words = ("--tier", "verified", "--config", config, "--json")
    assert cordon("inspect", folder("echo", "SKILL.md", text.format("verified")), *words).json["tier"] == "verified"
    assert cordon("inspect", folder("echo", "SKILL.md", text.format("untrusted")), *words).json["tier"] == "untrusted"


def test_a_manifest_that_calls_itself_verified_is_untrusted(cordon, folder):
    done = cordon("run", folder("echo", "SKILL.md", TOOL.format("echo", "  trust-tier: verified\n")), "x", "--json")
    assert done.status == 0 and done.json["tier"] == "untrusted"


@pytest.mark.parametrize("more, message", [
    ("[capabilities]\nnetwrok = 1\n", "skill.toml:6:1: there is no key `netwrok` in capabilities; did you mean `network`?"),
    ("[resources]\nfuel = 0\n", "skill.toml:6:8: resources.fuel: '0' must be above zero"),
    ('[wasm]\nentry = "../x.wasm"\n', "skill.toml:6:9: wasm.entry '../x.wasm' is no path in the skill's own folder"),
])
def test_a_bad_manifest_is_refused_with_its_place(cordon, folder, more, message):
    done = cordon("run", folder("echo", "skill.toml", toml("echo", more)), "x", "--json")
    assert done.status == 6 and done.json["error"]["id"] == "bad-manifest" and done.json["error"]["message"] == message


def test_code_that_is_a_link_out_of_the_folder_is_refused(cordon, folder, wat):
    where = folder("echo", "skill.toml", toml("echo"))
    os.unlink(where / "skill.wasm")
    os.symlink(wat("echo"), where / "skill.wasm")
    done = cordon("run", where, "x", "--json")
    assert done.status == 6 and done.json["error"]["id"] == "bad-manifest" and "leads out of the folder" in done.json["error"]["message"]


def test_code_in_a_folder_that_is_a_link_out_is_refused(cordon, folder, wat, tmp_path):
    where = folder("echo", "skill.toml", toml("echo", '[wasm]\nentry = "bin/skill.wasm"\n'))
    out = tmp_path / "out"
    out.mkdir()
    shutil.copy(wat("echo"), out / "skill.wasm")
    os.symlink(out, where / "bin")
    assert cordon("run", where, "x", "--json").json["error"]["id"] == "bad-manifest"


def test_a_link_that_stays_in_the_folder_is_followed(cordon, folder):
    where = folder("echo", "skill.toml", toml("echo", '[wasm]\nentry = "bin/code.wasm"\n'), entry="bin/real.wasm")
    os.symlink("real.wasm", where / "bin/code.wasm")
    assert cordon("run", where, "hello").text == "hello"


def test_a_folder_whose_code_is_missing_says_which(cordon, folder):
    where = folder("echo", "skill.toml", toml("echo", '[wasm]\nentry = "bin/code.wasm"\n'))
    done = cordon("run", where, "x", "--json")
    assert done.status == 6 and done.json["error"]["id"] == "not-found" and "bin/code.wasm" in done.json["error"]["message"]


def test_a_skill_md_with_a_script_is_not_run_from_its_folder(cordon, folder):
    where = folder("echo", "SKILL.md", TOOL.format("echo", "  capabilities: [exec_command]\n"))
    os.unlink(where / "skill.wasm")
    (where / "scripts").mkdir()
    (where / "scripts/run.sh").write_text("echo hi\n")
    done = cordon("run", where, "x", "--json")
    assert done.json["error"]["id"] == "tier-refused" and "--tier local" in done.json["error"]["message"]


def test_manifests_that_disagree_are_refused(cordon, folder):
    where = folder("echo", "skill.toml", toml("echo"))
    (where / "SKILL.md").write_text(TOOL.format("other", ""))
    done = cordon("run", where, "x", "--json")
    assert done.status == 6 and done.json["error"]["message"] == "skill.toml and SKILL.md do not agree on the skill's name"


def test_a_prompt_answers_its_body(cordon, tmp_path):
    (tmp_path / "SKILL.md").write_text("---\nname: style\ndescription: How to write.\n---\n\nWrite plainly.\n")
    for target in (tmp_path, tmp_path / "SKILL.md"):
        done = cordon("run", target, "anything", "--json")
        assert (done.status, done.json["output"], done.json["usage"]["fuel"]) == (0, "Write plainly.\n", 0)
        assert done.json["skill"] == "style"
    assert cordon("inspect", tmp_path, "--json").json["kind"] == "prompt"


def test_the_manifest_of_a_tool_alone_is_no_artifact(cordon, folder):
    done = cordon("run", folder("echo", "SKILL.md", TOOL.format("echo", "")) / "SKILL.md", "x", "--json")
    assert done.status == 6 and "its code is another file" in done.json["error"]["message"]


def test_a_manifest_that_is_a_link_is_refused(cordon, folder, tmp_path):
    where = folder("echo", "skill.toml", toml("echo"))
    os.rename(where / "skill.toml", tmp_path / "skill.toml")
    os.symlink(tmp_path / "skill.toml", where / "skill.toml")
    done = cordon("run", where, "x", "--json")
    assert done.status == 6 and "is a link" in done.json["error"]["message"]


def test_words_of_a_manifest_are_harmless_on_a_terminal(cordon, folder):
    text = cordon("inspect", folder("echo", "skill.toml", SKILL.replace("Does {0}.", "a\\u001b[31mred\\u202Ex").format("echo"))).text
    assert "\x1b" not in text and "\u202e" not in text and "red" in text
