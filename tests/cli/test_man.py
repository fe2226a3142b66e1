# SPDX-License-Identifier: Apache-2.0
"""The manual names what the tables know."""

import re

import pytest
from conftest import ROOT
from test_help import COMMANDS


def page(name):
    return (ROOT / "man" / f"{name}.1.scd").read_text()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_in_the_page(cordon, command):
    options = re.findall(r"^  (-\w,)? *(--[a-z-]+)", cordon(command, "--help").text, re.MULTILINE)
    assert options
    text = page(f"cordon-{command}")
    for letter, name in options:
        assert f"*{name}*" in text
        if letter:
            assert f"*{letter[:-1]}*, *{name}*" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_the_page_exists(cordon, command):
    known = cordon(command, "--help").text
    for line in page(f"cordon-{command}").splitlines():
        if line.startswith("*-"):
            for name in re.findall(r"\*(--[a-z-]+)\*", line):
                assert name in known


def test_the_overview_names_every_command():
    text = page("cordon")
    for command in COMMANDS:
        assert f"*cordon-{command}*(1)" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_summaries_agree(cordon, command):
    summary = cordon(command, "--help").text.splitlines()[2]
    assert f"cordon-{command} - {summary[0].lower()}{summary[1:-1]}\n" in page(f"cordon-{command}")


def test_every_page_is_built():
    build = (ROOT / "man/meson.build").read_text()
    for path in (ROOT / "man").glob("*.scd"):
        assert f"'{path.name.removesuffix('.1.scd')}'" in build
