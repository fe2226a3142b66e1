# SPDX-License-Identifier: Apache-2.0
"""Python, from nothing to the answer of an installed skill; and what of a stranger's project is not done."""

import base64
import hashlib
import importlib.util
import io
import json
import logging
import subprocess
import sys
import tarfile
import types
import zipfile
from dataclasses import dataclass

import pytest
from conftest import ROOT, is_oslo, is_snow

SYSTEM = "/usr/bin/python3"
SDK = ROOT / "sdk/python/cordon_skill.py"
LOCKS = ["requirements.txt"]


def has_pip():
    try:
        return subprocess.run([SYSTEM, "-I", "-c", "import pip"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60).returncode == 0
    except OSError:
        return False


needs_pip = pytest.mark.skipif(not has_pip(), reason="Python: the system's pip is not installed (apt-get install --no-install-recommends python3-pip)")


# ---- the way of a skill


def begun(one):
    one.fetch(".packages", LOCKS)
    return one


@needs_pip
def test_the_typed_template_goes_the_whole_way(project):
    weather = project()
    weather.new("--lang", "python")
    said = begun(weather).walk_weather("--args", '{"city": "Oslo", "days": 2}', is_answer=is_oslo)
    assert said["lang"] == "python" and said["world"] == "local:weather/weather"
    assert [name for name in said["imports"] if not name.startswith("wasi:")] == ["boternity:skill/host"]
    for city, days, why in (("../x", 1, "a name of letters"), ("Oslo", 0, "from 1 to 14"), ("Bergen", 1, "")):
        refused = weather.run("-j", "--args", json.dumps([city, days]), "-a", weather.weather_grant()).json
        assert refused["outcome"] == "err" and why in refused["error"]["message"]


@needs_pip
def test_the_template_with_text_in_and_out_goes_the_whole_way(project):
    weather = project()
    weather.new("--lang", "python", "--world", "skill")
    said = begun(weather).walk_weather("Oslo", is_answer=is_snow)
    assert said["world"] == "boternity:skill/skill-plugin"


@needs_pip
def test_the_example_answers_questions_to_a_table(example):
    query = begun(example("sdk/python/examples/csv-query"))
    done = query.build()
    assert done.status == 0 and "MB ahead of time" in done.err, done.err
    assert "5 passed, 0 failed" in query.test().text
    asked = {"question": {"file": "/data/cities.csv", "columns": ["city"], "conditions": [], "descending": False, "limit": 1000}}
    told = query.run("-j", "--args", json.dumps(asked), "-a", query.weather_grant()).json
    assert told["output"]["found"] == 5 and [row[0] for row in told["output"]["rows"]] == ["Oslo", "Bergen", "Stockholm", "Göteborg", "Aarhus"]
    assert [(line["level"], line["message"].split(":")[0]) for line in told["log"]] == [("warn", "/data/cities.csv"), ("info", "5 rows found in /data/cities.csv")]


@needs_pip
def test_source_that_is_broken_or_lacks_an_export_is_an_error_with_the_words_of_python(project):
    weather = project()
    weather.new("--lang", "python")
    begun(weather)
    source = weather.folder / "skill.py"
    source.write_text(source.read_text().replace("def forecast", "def forcast"))
    done = weather.build()
    assert done.status != 0 and "without an implementation for abstract method 'forecast'" in done.err and "cannot build skill.py" in done.err, done.err
    source.write_text("import wit_world\nclass WitWorld(wit_world.WitWorld):\n    def forecast(self city):\n")
    done = weather.build()
    assert done.status != 0 and 'File "skill.py", line 3' in done.err and "SyntaxError" in done.err, done.err
    assert not list(weather.folder.glob("*.wasm"))
    source.unlink()
    assert "weather" in weather.build().err and not list(weather.folder.glob("*.wasm"))


def test_what_was_not_fetched_is_said_with_the_command(project):
    weather = project()
    weather.new("--lang", "python")
    done = weather.build()
    assert done.status != 0 and "cordon build --fetch ./weather" in done.err


# ---- a stranger's requirements.txt, and packages that lie in wait


class Shelf:
    """A folder of packages in place of a registry, and of what runs if one of them is run."""

    def __init__(self, place):
        self.folder = place / "shelf"
        self.folder.mkdir()
        self.ran = place / "ran"
        self.env = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.folder), "PIP_NO_CACHE_DIR": "1"}

    def put(self, name, data):
        (self.folder / name).write_bytes(data)
        return f"--hash=sha256:{hashlib.sha256(data).hexdigest()}"

    def wheel(self, name, code):
        info, files = f"{name}-1.dist-info", {f"{name}/__init__.py": code}
        files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"
        files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        record = "".join(f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},{len(text)}\n" for path, text in files.items())
        files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
        with io.BytesIO() as data:
            with zipfile.ZipFile(data, "w") as archive:
                for path, text in files.items():
                    archive.writestr(path, text)
            return self.put(f"{name}-1-py3-none-any.whl", data.getvalue())

    def sdist(self, name):
        files = {"setup.py": f"open({str(self.ran)!r}, 'w')\nfrom setuptools import setup\nsetup(name={name!r}, version='1')\n",
                 "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"}
        with io.BytesIO() as data:
            with tarfile.open(fileobj=data, mode="w:gz") as archive:
                for path, text in files.items():
                    member = tarfile.TarInfo(f"{name}-1/{path}")
                    member.size = len(text)
                    archive.addfile(member, io.BytesIO(text.encode()))
            return self.put(f"{name}-1.tar.gz", data.getvalue())


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path)


@pytest.fixture
def stranger(project, shelf):
    """stranger(LINE...): a project whose requirements.txt is these lines."""
    def make(*lines):
        one = project("stranger")
        one.new("--lang", "python")
        (one.folder / "requirements.txt").write_text("".join(f"{line}\n" for line in lines))
        return one
    return make


HASH = "--hash=sha256:" + "0" * 64


@pytest.mark.parametrize("line, why", [
    (f"six @ https://example.com/six-1-py3-none-any.whl {HASH}", "=="), ("six==1.16.0", "digest"), (f"git+https://example.com/six.git {HASH}", "=="),
    (f"../six {HASH}", "name"), ("-r ../other.txt", "name"), ("--index-url https://example.com/simple", "name"), ("-e .", "name"),
], ids=["address", "no digest", "git", "path", "other file", "index", "editable"])
def test_a_poisoned_requirements_txt_is_refused_before_anything_is_fetched(stranger, line, why):
    one = stranger(f"componentize-py==0.25.1 {HASH}", line)
    done = one.build("--fetch", "-j")
    error = done.json["error"]
    assert error["id"] == "bad-manifest" and error["message"].startswith("requirements.txt:2:") and why in error["message"], error
    assert not (one.folder / ".packages").exists()


@needs_pip
def test_a_package_that_only_running_it_would_install_is_not_fetched(stranger, shelf):
    one = stranger(f"componentize-py==1 {shelf.wheel('componentize_py', '')}", f"trap==1 {shelf.sdist('trap')}")
    done = one.build("--fetch", env={**shelf.env, "PIP_NO_BINARY": ":all:"})
    assert done.status != 0 and not shelf.ran.exists() and not (one.folder / ".packages").exists(), done.err
    assert sorted(path.name for path in one.folder.iterdir() if path.name.startswith(".")) == [".gitignore"]


@needs_pip
def test_a_package_with_another_digest_is_not_fetched(stranger, shelf):
    shelf.wheel("componentize_py", "")
    one = stranger(f"componentize-py==1 {HASH}")
    done = one.build("--fetch", env=shelf.env)
    assert done.status != 0 and "HASHES" in done.err and not (one.folder / ".packages").exists(), done.err


COMPILER_OF_A_STRANGER = """
import os, socket
open({ran!r}, "w") if {fetching} else None

def tried(what):
    try:
        what()
    except OSError as why:
        return why.strerror
    return "done"

def script():
    print("secret", tried(lambda: open({secret!r})))
    print("network", tried(lambda: socket.create_connection(("127.0.0.1", 9))))
    print("project", tried(lambda: open("skill.py", "a")))
    print("variables", sorted(os.environ))
    raise SystemExit(3)
"""


@needs_pip
def test_what_is_fetched_runs_in_the_sandbox_and_not_before(stranger, shelf, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    code = COMPILER_OF_A_STRANGER.format(ran=str(shelf.ran), fetching="'HOME' in os.environ and not os.environ['HOME'].startswith('/tmp/cordon-')", secret=str(secret))
    one = stranger(f"componentize-py==1 {shelf.wheel('componentize_py', code)}")
    before = (one.folder / "skill.py").read_bytes()
    done = one.build("--fetch", env={**shelf.env, "TOKEN": "x"})
    assert done.status != 0 and "cannot build skill.py" in done.err and not shelf.ran.exists(), done.err
    said = dict(line.split(" ", 1) for line in done.err.splitlines() if line.split(" ")[0] in ("secret", "network", "project", "variables"))
    assert "denied" in said["secret"] and said["network"] != "done" and said["project"] != "done", done.err
    assert "TOKEN" not in said["variables"] and (one.folder / "skill.py").read_bytes() == before


# ---- the SDK, without a sandbox


@pytest.fixture
def sdk(monkeypatch):
    """cordon_skill over a host of the test's own: `sdk.host.answers` has what each function answers, or raises."""
    @dataclass(frozen=True)
    class Err(Exception):
        value: object

    host = types.SimpleNamespace(answers={}, calls=[], Err=Err)

    def function(name):
        def call(*arguments):
            host.calls.append((name, *arguments))
            answer = host.answers.get(name)
            if isinstance(answer, Exception):
                raise answer
            return answer
        return call

    for name in ("read_file", "write_file", "http_get", "http_post", "get_secret", "read_env", "recall_memory", "get_context", "log"):
        setattr(host, name, function(name))
    world = types.ModuleType("wit_world")
    world.imports = types.ModuleType("wit_world.imports")
    world.imports.host = host
    kinds = types.ModuleType("componentize_py_types")
    kinds.Err = Err
    for module in (world, world.imports, kinds):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    spec = importlib.util.spec_from_file_location("cordon_skill", SDK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.host = host
    yield module
    root.handlers[:], root.level = before


def test_what_the_host_refuses_is_an_exception_of_its_kind(sdk):
    sdk.host.answers["read_file"] = sdk.host.Err("capability denied: read /data/x")
    with pytest.raises(sdk.DeniedError, match="capability denied"):
        sdk.read("/data/x")
    sdk.host.answers["http_get"] = sdk.host.Err("timeout")
    with pytest.raises(sdk.HostError) as why:
        sdk.get("https://example.com/")
    assert not isinstance(why.value, sdk.DeniedError) and why.value.value == "timeout"


def test_what_a_skill_raises_is_its_error_and_all_else_a_trap(sdk):
    @sdk.skill
    class World:
        def execute(self, what):
            if what == "host":
                return sdk.read("/x")
            raise sdk.SkillError(what) if what != "trap" else KeyError(what)

        def _own(self):
            raise sdk.SkillError("of the class's own")

    sdk.host.answers["read_file"] = sdk.host.Err("capability denied")
    for what, value in (("no", "no"), (("variant", 1), ("variant", 1)), ("host", "capability denied")):
        with pytest.raises(sdk.host.Err) as why:
            World().execute(what)
        assert type(why.value) is sdk.host.Err and why.value.value == value
    with pytest.raises(KeyError):
        World().execute("trap")
    with pytest.raises(sdk.SkillError):
        World()._own()


def test_json_comes_in_and_goes_out(sdk):
    @dataclass
    class Record:
        name: str

    @sdk.skill
    class World:
        @sdk.json_skill
        def execute(self, value):
            return {"got": value, "record": Record("å")}

    assert World().execute('{"a": [1, null]}') == '{"got": {"a": [1, null]}, "record": {"name": "å"}}'
    with pytest.raises(sdk.host.Err, match="the input is no JSON"):
        World().execute("{")
    sdk.host.answers.update(read_file="[1]", http_post="{", http_get="2")
    assert sdk.read_json("/x") == [1] and sdk.get_json("https://example.com/") == 2
    with pytest.raises(sdk.SkillError, match="the answer of https://example.com/ is no JSON"):
        sdk.post_json("https://example.com/", {"a": 1})
    sdk.write_json("/y", [Record("b")])
    assert ("http_post", "https://example.com/", '{"a": 1}') in sdk.host.calls and ("write_file", "/y", '[{"name": "b"}]') in sdk.host.calls


def test_lines_of_logging_go_to_the_host_in_calls_and_nowhere_while_it_is_built(sdk):
    sdk.log.error("built")
    assert not sdk.host.calls

    @sdk.skill
    class World:
        def execute(self, _):
            logging.getLogger("of a library").warning("%d lines", 2)
            sdk.log.debug("d")
            sdk.log.log(5, "fine")
            sdk.log.critical("c")

    World().execute("")
    assert [call[1] for call in sdk.host.calls] == ["warn", "debug", "error"] and sdk.host.calls[0] == ("log", "warn", "2 lines")


def test_the_example_has_the_sdk_and_the_pins_that_new_projects_get():
    of_example = ROOT / "sdk/python/examples/csv-query"
    assert (of_example / "cordon_skill.py").read_bytes() == SDK.read_bytes()
    assert (of_example / "requirements.txt").read_bytes() == (ROOT / "src/author/templates/python-typed/requirements.txt").read_bytes()
    assert (of_example / "wit/deps/boternity-skill/boternity-skill.wit").read_bytes() == (ROOT / "wit/boternity-skill.wit").read_bytes()
