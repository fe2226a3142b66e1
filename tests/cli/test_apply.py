# SPDX-License-Identifier: Apache-2.0
"""cordon apply and cordon export: what is installed, as a file, both ways."""

import pytest
from skills import Publisher, bundle_digest, code, md_skill, toml_skill

NET = 'network.rules = ["net=api.weather.example"]\nenv = ["LANG"]'
ALICE = Publisher("alice")


@pytest.fixture
def home(cordon, tmp_path):
    cordon.env["CORDON_HOME"] = str(tmp_path / "home")
    yield tmp_path
    del cordon.env["CORDON_HOME"]


def apply(cordon, home, text, *words):
    (home / "state.toml").write_text(text)
    return cordon("apply", home / "state.toml", *words)


def changes(done):
    assert done.status == 0, done.err + done.text
    return [(row["what"], row["name"], row["before"], row["after"]) for row in done.json["changes"]]


FILE = '[skills.weather]\nsource = "s"\ngrants = ["net=api.weather.example"]\n[skills.weather.limits]\nfuel = "20G"\n'


def test_it_brings_the_registry_to_what_the_file_says_and_prints_the_difference(cordon, home):
    toml_skill(home / "s", capabilities=NET)
    done = apply(cordon, home, FILE)
    assert done.status == 0
    assert done.text == "+ install weather 1.0.0\n+ grant weather net=api.weather.example\n+ limit fuel weather 20 G\n"
    again = apply(cordon, home, FILE)
    assert again.status == 0 and not again.out and "nothing to do" in again.err


def test_a_dry_run_says_it_and_does_nothing(cordon, home):
    toml_skill(home / "s", capabilities=NET)
    said = changes(apply(cordon, home, FILE, "--dry-run", "-j"))
    assert [row[0] for row in said] == ["install", "grant", "limit fuel"]
    assert changes(apply(cordon, home, FILE, "--dry-run", "-j")) == said
    assert changes(apply(cordon, home, FILE, "-j")) == said


def test_a_skill_has_the_grants_and_limits_that_are_listed_and_no_others(cordon, home):
    toml_skill(home / "s", capabilities=NET)
    assert apply(cordon, home, FILE).status == 0
    text = FILE.replace("net=api.weather.example", "env=LANG").replace("fuel = ", "timeout = ").replace("20G", "2s")
    assert changes(apply(cordon, home, text, "-j")) == [
        ("revoke", "weather", "net=api.weather.example", None),
        ("grant", "weather", None, "env=LANG"),
        ("limit fuel", "weather", "20 G", None),
        ("limit timeout", "weather", None, "2 s"),
    ]


def test_prune_removes_what_is_not_listed(cordon, home):
    toml_skill(home / "s")
    code(home, "echo", "echo.wasm")
    text = f'[skills.weather]\nsource = "s"\n[skills.echo]\nsource = "echo.wasm"\n[keys]\n{ALICE.id} = ["*"]\n'
    assert apply(cordon, home, text).status == 0
    less = '[skills.weather]\nsource = "s"\n'
    assert changes(apply(cordon, home, less, "-j")) == []
    assert set(changes(apply(cordon, home, less, "--prune", "-j"))) == {("remove", "echo", "0.0.0", None), ("untrust", ALICE.id, "*", None)}


def test_all_of_it_or_nothing(cordon, home):
    toml_skill(home / "s")
    done = apply(cordon, home, '[skills.weather]\nsource = "s"\n[skills.other]\nsource = "nowhere"\n', "-j")
    assert done.status == 6 and "other cannot be installed" in done.json["error"]["message"]
    assert cordon("export").text.count("[skills.") == 0
    done = apply(cordon, home, '[skills.weather]\nsource = "s"\ngrants = ["net=x.example"]\n')
    assert done.status == 2 and "does not ask for" in done.err and cordon("export").text.count("[skills.") == 0


def test_what_is_installed_is_fetched_again_only_for_another_digest(cordon, home):
    skill = toml_skill(home / "s")
    assert apply(cordon, home, '[skills.weather]\nsource = "s"\n').status == 0
    toml_skill(skill, version="1.1.0")
    assert changes(apply(cordon, home, '[skills.weather]\nsource = "s"\n', "-j")) == []
    digest = cordon("install", skill, "--dry-run", "-j").json["digest"]
    assert changes(apply(cordon, home, f'[skills.weather]\nsource = "s"\ndigest = "{digest}"\n', "-j")) == [("replace", "weather", "1.0.0", "1.1.0")]
    done = apply(cordon, home, f'[skills.weather]\nsource = "s"\ndigest = "sha256:{"0" * 64}"\n')
    assert done.status == 3


def family(home, **meta):
    """Skills of a file, in that order: name = what its metadata says."""
    for name, text in meta.items():
        md_skill(home / name, name=name, meta=f"  {text}\n" if text else "", wat="echo")
    return "".join(f'[skills.{name}]\nsource = "{name}"\n' for name in meta)


def test_a_parent_and_its_child_are_installed_in_one_go_in_whatever_order(cordon, home):
    text = family(home, child="parents: [base]", base="capabilities: [read_env]")
    said = changes(apply(cordon, home, text, "--dry-run", "-j"))
    assert said == [("install", "base", None, "1.0.0"), ("install", "child", None, "1.0.0")]
    assert changes(apply(cordon, home, text, "-j")) == said
    asks = cordon("inspect", "child", "-j").json["installed"]["asks"]
    assert [ask["grant"] for ask in asks] == ["env"]


def test_what_is_needed_is_installed_first(cordon, home):
    text = family(home, a="dependencies: [\"b@^1.0\", c]", b="dependencies: [c]", d="", c="parents: [d]")
    assert [row[1] for row in changes(apply(cordon, home, text, "-j"))] == ["d", "c", "b", "a"]


@pytest.mark.parametrize(
    "meta, what",
    [
        ({"a": "parents: [b]", "b": "parents: [a]"}, "Circular inheritance detected: a -> b -> a"),
        ({"a": "dependencies: [b]", "b": "dependencies: [a]"}, "Circular dependency detected: a -> b -> a"),
        ({"a": "dependencies: [b]", "b": "parents: [a]"}, "neither can be installed first"),
        ({"a": "parents: [nobody]", "b": ""}, "Skill 'nobody' not found in skill registry"),
        ({"a": "dependencies: [nobody]", "b": ""}, "Skill 'a' requires nobody, which is not installed"),
        ({"a": 'dependencies: ["b@^2.0"]', "b": ""}, "Skill 'a' requires b ^2.0, and b is 1.0.0"),
        ({"a": 'dependencies: ["c@^2.0"]', "b": 'dependencies: ["c@^1.0"]', "c": ""}, "Cannot install both."),
        ({"a": "conflicts-with: [b]", "b": ""}, "Skill 'a' conflicts with 'b'"),
    ],
)
def test_skills_of_a_file_that_do_not_go_together_are_refused_all(cordon, home, meta, what):
    done = apply(cordon, home, family(home, **meta))
    assert done.status in (2, 6) and what in done.err
    assert cordon("export").text.count("[skills.") == 0


def test_versions_that_need_each_other_are_replaced_together(cordon, home):
    text = family(home, x="", a='dependencies: ["x@^1.0"]')
    assert apply(cordon, home, text).status == 0
    md_skill(home / "x", name="x", version="2.0.0", wat="echo")
    md_skill(home / "a", name="a", version="2.0.0", meta='  dependencies: ["x@^2.0"]\n', wat="echo")
    assert cordon("update", "x", "--yes").status == 2 and cordon("update", "a", "--yes").status == 2
    text = "".join(f'[skills.{name}]\nsource = "{name}"\ndigest = "{bundle_digest(home / name).hex()}"\n' for name in ("a", "x"))
    assert changes(apply(cordon, home, text, "-j")) == [("replace", "x", "1.0.0", "2.0.0"), ("replace", "a", "1.0.0", "2.0.0")]


def test_a_skill_that_is_pruned_is_no_parent_any_more(cordon, home):
    assert apply(cordon, home, family(home, base="")).status == 0
    text = family(home, child="parents: [base]")
    done = apply(cordon, home, text, "--prune")
    assert done.status == 6 and "'base' not found" in done.err
    assert apply(cordon, home, text).status == 0


def test_a_key_that_must_have_signed_it(cordon, home):
    skill = toml_skill(home / "s")
    text = f'[skills.weather]\nsource = "s"\nkey = "{ALICE.id}"\n'
    done = apply(cordon, home, text)
    assert done.status == 3 and "is not signed" in done.err
    ALICE.sign(skill, "weather", "1.0.0")
    assert apply(cordon, home, text).status == 0


def test_a_changed_key_is_refused_here_too(cordon, home):
    skill = ALICE.sign(toml_skill(home / "s"), "weather", "1.0.0")
    assert cordon("install", skill).status == 0
    toml_skill(skill, version="1.1.0")
    Publisher("mallory").sign(skill, "weather", "1.1.0")
    digest = cordon("install", skill, "--dry-run", "--accept", "key", "-j").json["digest"]
    done = apply(cordon, home, f'[skills.weather]\nsource = "s"\ndigest = "{digest}"\n')
    assert done.status == 3 and "is now signed by" in done.err


def test_what_is_exported_is_what_is_applied(cordon, home):
    toml_skill(home / "s", capabilities=NET)
    code(home, "echo", "echo.wasm")
    text = FILE + f'[skills.echo]\nsource = "echo.wasm"\n[keys]\n{ALICE.id} = ["weather*", "news"]\n'
    assert apply(cordon, home, text).status == 0
    exported = cordon("export").text
    assert changes(apply(cordon, home, exported, "--prune", "-j")) == []
    cordon.env["CORDON_HOME"] = str(home / "other")
    assert apply(cordon, home, exported).status == 0
    assert cordon("export").text == exported


@pytest.mark.parametrize(
    "text, what",
    [
        ("[skills.weather]\nsource = 1\n", ":2:10: source: must be a string"),
        ('[skills.weather]\nsauce = "s"\n', "there is no such key"),
        ("[skills.weather]\n", "has no source"),
        ('[skills."../x"]\nsource = "s"\n', "name"),
        ('[skills.weather]\nsource = "s"\ngrants = ["net=*"]\n', ":3:"),
        ('[skills.weather]\nsource = "s"\nlimits = { fuel = "0" }\n', "fuel"),
        ('[skills.weather]\nsource = "s"\nlimits = { joy = "1" }\n', "there is no such limit"),
        ('[skills.weather]\nsource = "s"\ntier = "root"\n', "untrusted, verified or local"),
        ('[keys]\nabc = ["*"]\n', "key"),
        ("[stuff]\n", "there is no such key"),
        ("[", "state.toml:1:"),
    ],
)
def test_a_file_that_is_wrong_is_named_with_line_and_column(cordon, home, text, what):
    toml_skill(home / "s")
    done = apply(cordon, home, text)
    assert done.status == 2 and what in done.err and "export" not in done.err
    assert cordon("export").text.count("[") == 0


def test_an_empty_registry_exports_an_empty_file(cordon, home):
    done = cordon("export")
    assert done.status == 0 and all(line.startswith("#") for line in done.text.splitlines())
    assert not (home / "home").exists()
