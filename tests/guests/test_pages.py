# SPDX-License-Identifier: Apache-2.0
"""What docs/guests says: the skill of its page for C is built and run, and the versions of tools are those that the other guests are made with."""

import json
import re

import pytest
from conftest import HERE, ROOT

PAGES = ROOT / "docs/guests"


def page(language):
    return (PAGES / f"{language}.md").read_text()


def test_the_smallest_skill_in_c_is_built_and_answers(cordon, tmp_path):
    folder = tmp_path / "shout"
    folder.mkdir()
    (folder / "skill.c").write_text(re.search(r"```c\n(.*?)```", page("c"), re.DOTALL)[1])
    assert cordon("build", folder).status == 0
    assert cordon("run", folder, "hello").text == "HELLO"
    assert cordon("run", folder, "").status == 1


def crate(name):
    return re.search(rf'^name = "{name}"\nversion = "(.+)"$', (HERE / "rust/Cargo.lock").read_text(), re.MULTILINE)[1]


def package(folder, name):
    return json.loads((HERE / folder / "package.json").read_text())["devDependencies"][name]


PINNED = {
    "componentize-qjs": package("javascript", "componentize-qjs"),
    "componentize-js": package("javascript-fetch", "@bytecodealliance/componentize-js"),
    "componentize-py": re.search(r"^componentize-py==(\S+)", (HERE / "requirements.txt").read_text(), re.MULTILINE)[1],
    "wit-bindgen-cli": re.search(r'^WIT_BINDGEN = "(.+)"$', (ROOT / "scripts/guests").read_text(), re.MULTILINE)[1],
    **{name: crate(name) for name in ("wit-bindgen", "wit-bindgen-go", "wasi-preview1-component-adapter-provider")},
}


@pytest.mark.parametrize("language, tool", [
    ("javascript", "componentize-qjs"), ("javascript", "componentize-js"), ("python", "componentize-py"), ("rust", "wit-bindgen"), ("rust", "wasi-preview1-component-adapter-provider"),
    ("go", "wit-bindgen-cli"), ("go", "wit-bindgen-go"), ("go", "wasi-preview1-component-adapter-provider"),
])
def test_a_page_names_the_version_that_is_tested(language, tool):
    named = re.findall(rf'(?<![\w-]){tool}(?:@=?|==| = "=| --version )([0-9.]+)', page(language))
    assert named and set(named) == {PINNED[tool]}
