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
        assert f"'{path.name.removesuffix('.scd')}'" in build


def test_the_page_of_settings_names_every_key_and_no_other(cordon):
    page_text = (ROOT / "man/cordon-config.5.scd").read_text()
    keys = {row["key"] for row in cordon("doctor", "-j").json["settings"]["values"]}
    sections = {key.split(".")[0] if not key.startswith("tiers.") else ".".join(key.split(".")[:2]) for key in keys}
    names = {key.split(".")[-1] for key in keys} | {"default", "ceiling"}
    described = page_text.split("# LIMITS")[1].split("# EXAMPLE")[0]
    entries = [line for line in described.splitlines() if line.startswith("*")]
    assert {name for line in entries for name in re.findall(r"\*([a-z_-]+)\*", line)} == names
    assert all(f"[{section}]" in page_text for section in sections)
