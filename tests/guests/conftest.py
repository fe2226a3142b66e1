# SPDX-License-Identifier: Apache-2.0
"""The guests, and the command as in tests/cli. C is built by the command itself, the others by scripts/guests from what lies in its cache."""

import functools
import importlib.util
import json
import shutil
import subprocess
from pathlib import Path

import pytest

COMPILING_SECONDS = 900  # Python's 18 MB and JavaScript's 12, on a busy machine and under the sanitizers
OF_OTHER_WORLDS = ["javascript-fetch"]  # answers to none of the verbs
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def load(path):
    spec = importlib.util.spec_from_file_location("cordon_cli_conftest", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cordon = load(HERE.parent / "cli/conftest.py").cordon


class Guest:
    def __init__(self, cordon, name, file):
        self.cordon = cordon
        self.name = name
        self.file = file

    def command(self, word, *words, **options):
        return self.cordon(word, self.file, *words, **options)

    def __call__(self, text, *flags):
        """What one call came to, as the object that --json prints."""
        return self.command("run", text, "-j", *flags).json

    def measure(self, args):
        return self.command("run", "-c", "measure", "-j", "--args", json.dumps(args))


def built():
    """{NAME: {"file"} or {"missing"} or {"broken"}} of all but C."""
    done = subprocess.run([ROOT / "scripts/guests", "--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=3600, check=False)
    return json.loads(done.stdout)


def pytest_configure(config):
    config.addinivalue_line("markers", "guests(names, loudly): runs with each of these guests that is here; loudly: says of the others why not")
    config.guests = built()


def pytest_generate_tests(metafunc):
    """A guest that is not here is a skipped test where the mark says so, and else of no test; but a test of none is skipped."""
    mark = metafunc.definition.get_closest_marker("guests")
    if mark:
        names = list(mark.args[0])
        here = [name for name in names if "missing" not in metafunc.config.guests.get(name, {})]
        metafunc.parametrize("guest", names if mark.kwargs.get("loudly") else here or names[:1], indirect=True)


@pytest.fixture(scope="session")
def c(cordon, tmp_path_factory):
    source = tmp_path_factory.mktemp("c") / "guest"
    shutil.copytree(HERE / "c", source)
    shutil.copytree(HERE / "wit", source / "wit")
    deps = source / "wit/deps/boternity-skill"
    deps.mkdir(parents=True)
    shutil.copy(ROOT / "wit/boternity-skill.wit", deps)
    done = cordon("build", source)
    assert done.status == 0, done.err
    return source / "guest.wasm"


@pytest.fixture(scope="session")
def guests(request, cordon, c, tmp_path_factory):
    """guests(name): the guest of that name, compiled; the test is skipped where it is not here."""
    found = {"c": {"file": c}, **request.config.guests}
    patient = tmp_path_factory.mktemp("settings") / "config.toml"
    patient.write_text(f"[compile]\ncpu = {COMPILING_SECONDS}\nwall = {COMPILING_SECONDS}\n")

    @functools.cache
    def compiled(name):
        guest = Guest(cordon, name, found[name]["file"])
        done = guest.command("inspect", "--config", patient, seconds=COMPILING_SECONDS)
        assert done.status == 0, done.err
        return guest

    def get(name):
        if "missing" in found[name]:
            pytest.skip(found[name]["missing"])
        assert "file" in found[name], found[name]["broken"]
        return compiled(name)

    get.here = [name for name, one in found.items() if "file" in one and name not in OF_OTHER_WORLDS]
    return get


@pytest.fixture
def guest(request, guests):
    return guests(request.param)
