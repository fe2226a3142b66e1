# SPDX-License-Identifier: Apache-2.0
"""A skill's way in each language, as its author goes it: new, build, test, install, run. Real processes, in a folder and a home of its own.

What languages fetch and compile once is kept outside of the checkout, in `KEPT`, so that a second run is fast.
"""

import hashlib
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
KEPT = Path(os.environ.get("CORDON_LANGUAGES_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cordon-languages")
OSLO = {"city": "Oslo", "days": [{"low": -3, "high": 2, "sky": "snow"}, {"low": -1, "high": 4, "sky": "clear"}]}
SECONDS = 900  # for what compiles a toolchain's library, once


def load(path):
    spec = importlib.util.spec_from_file_location("cordon_cli_conftest", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


command = load(HERE.parent / "cli/conftest.py")


@pytest.fixture(scope="session")
def cordon(tmp_path_factory):
    """The command, with a home of its own; the cache is kept."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CORDON", "XDG_", "NO_COLOR"))}
    env.update(HOME=str(tmp_path_factory.mktemp("home")), XDG_CACHE_HOME=str(KEPT / "cache"), TERM="xterm", LC_ALL="C.UTF-8")
    (KEPT / "cache").mkdir(parents=True, exist_ok=True)
    return command.Cordon(os.path.abspath(os.environ.get("CORDON", str(ROOT / "build/cli/cordon"))), env)


def digest(folder, files):
    """Of what a fetch works from."""
    sha = hashlib.sha256()
    for name in files:
        sha.update(name.encode() + b"\0" + (folder / name).read_bytes() + b"\0")
    return sha.hexdigest()[:32]


class Project:
    """A project in a folder of its own, and a home for what it installs. Each step but `build` and `cordon` asserts that it went well."""

    def __init__(self, cordon, place, name):
        self.cordon_at_large, self.place, self.name = cordon, place, name
        self.folder = place / name
        home = place / "cordon-home"
        home.mkdir(mode=0o700, exist_ok=True)
        (home / "config.toml").write_text(f"[compile]\ncpu = {SECONDS}\nwall = {SECONDS}\n")  # an interpreter takes a busy machine long
        self.env = {"CORDON_HOME": str(home)}

    def cordon(self, *words, env=None, **options):
        """The command in the folder around the project."""
        options.setdefault("seconds", SECONDS)
        return self.cordon_at_large(*words, cwd=self.place, env={**self.env, **(env or {})}, **options)

    def done(self, *words, **options):
        done = self.cordon(*words, **options)
        assert done.status == 0, (words, done.text[-2000:], done.err[-4000:])
        return done

    def new(self, *options):
        return self.done("new", self.name, *options)

    def build(self, *options, **more):
        return self.cordon("build", f"./{self.name}", *options, **more)

    def fetch(self, packages, locks):
        """build --fetch, or what it brought for the same lock files before. `packages` is the folder that it makes, such as "node_modules"."""
        kept = KEPT / "packages" / packages.replace("/", "-") / digest(self.folder, locks)
        if kept.is_dir():
            shutil.copytree(kept, self.folder / packages, symlinks=True)
            return
        self.done("build", f"./{self.name}", "--fetch")
        kept.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=kept.parent))
        shutil.copytree(self.folder / packages, beside / "packages", symlinks=True)
        try:
            (beside / "packages").rename(kept)
        except OSError:  # another run was first
            pass
        shutil.rmtree(beside)

    def built(self, *options):
        done = self.build("-j", *options)
        assert done.status == 0, done.err[-4000:]
        return done.json

    def test(self, *options):
        return self.done("test", f"./{self.name}", *options)

    def install(self, *options):
        return self.done("install", f"./{self.name}", *options)

    def run(self, *words, **options):
        """The folder as it lies there."""
        return self.cordon("run", f"./{self.name}", *words, **options)

    def run_installed(self, *words, **options):
        return self.cordon("run", self.name, *words, **options)

    def weather_grant(self, at=None):
        return f"read={at or self.folder / 'data'}::/data"

    def walk_weather(self, *call, is_answer):
        """What the templates make, once it is there and what it needs is fetched: build, test, run, denied, install, run by name. Returns what build said."""
        said = self.built()
        assert self.test().text.rstrip().endswith("0 failed")
        for run in (lambda: self.run(*call, "-a", self.weather_grant()), self.install_and_run(*call)):
            done = run()
            assert done.status == 0 and is_answer(done), (done.text, done.err)
        denied = self.run(*call)
        assert denied.status == 3 and "denied" in denied.err, denied.err
        return said

    def install_and_run(self, *call):
        def go():
            self.install("--allow", self.weather_grant())
            return self.run_installed(*call)
        return go


def is_oslo(done):
    return done.json == OSLO


def is_snow(done):
    return done.text.strip() == "-3 2 snow"


@pytest.fixture
def project(cordon, tmp_path):
    """project("weather"): nothing is made yet."""
    return lambda name="weather": Project(cordon, tmp_path, name)


@pytest.fixture
def example(cordon, tmp_path):
    """example("sdk/c/examples/word-counter"): a copy of that project."""
    def copy(path):
        one = Project(cordon, tmp_path, Path(path).name)
        shutil.copytree(ROOT / path, one.folder, symlinks=True, ignore=shutil.ignore_patterns("*.wasm", "node_modules", "target"))
        return one
    return copy
