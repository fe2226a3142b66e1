# SPDX-License-Identifier: Apache-2.0
"""C, from nothing to the answer of an installed skill."""

import shutil

import pytest
from conftest import is_oslo, is_snow

pytestmark = pytest.mark.skipif(not shutil.which("clang-14") and not shutil.which("clang"), reason="C: clang is not installed")


def test_the_typed_template_goes_the_whole_way(project):
    weather = project()
    weather.new("--lang", "c")
    said = weather.walk_weather("--args", '{"city": "Oslo", "days": 2}', is_answer=is_oslo)
    assert said["world"] == "local:weather/weather" and said["imports"] == ["boternity:skill/host"]


def test_the_template_with_text_in_and_out_goes_the_whole_way(project):
    weather = project()
    weather.new("--lang", "c", "--world", "skill")
    said = weather.walk_weather("Oslo", is_answer=is_snow)
    assert said["world"] == "boternity:skill/skill-plugin"


def test_the_template_of_the_blufio_abi_goes_the_whole_way(project):
    weather = project()
    weather.new("--lang", "c", "--abi", "blufio")
    weather.built()
    weather.test()
    assert weather.install_and_run("Oslo")().text.strip() == "-3 2 snow"
