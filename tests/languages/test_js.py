# SPDX-License-Identifier: Apache-2.0
"""JavaScript and TypeScript, from nothing to the answer of an installed skill. What npm fetches is kept outside of the checkout."""

import base64
import gzip
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import KEPT, ROOT, is_oslo, is_snow

LOCKS = ["package.json", "package-lock.json"]
NEEDED = [program for program in ("node", "npm") if not shutil.which(program)]
pytestmark = pytest.mark.skipif(bool(NEEDED), reason=f"JavaScript and TypeScript: there is no {' and no '.join(NEEDED)} (apt-get install nodejs npm)")
OSLO = ["--args", '{"city": "Oslo", "days": 2}']


@pytest.fixture
def fetched(project):
    """fetched("--lang", "js"): a new project with what it needs. Where nothing was kept and there is no registry, it is skipped."""
    def make(*options, name="weather"):
        one = project(name)
        one.new(*options)
        fetch(one)
        return one
    return make


def fetch(one):
    one.env.update(NPM_CONFIG_USERCONFIG=str(Path.home() / ".npmrc"), NPM_CONFIG_CACHE=str(KEPT / "npm"))
    try:
        one.fetch("node_modules", LOCKS)
    except AssertionError as why:
        if any(word in str(why) for word in ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT")):
            pytest.skip("JavaScript and TypeScript: npm reaches no registry, and nothing was fetched before")
        raise


def lock_of(one):
    return json.loads((one.folder / "package-lock.json").read_text())


def write_lock(one, lock):
    (one.folder / "package-lock.json").write_text(json.dumps(lock))


# ---- the way


@pytest.mark.parametrize("lang", ["js", "ts"])
def test_the_typed_template_goes_the_whole_way(fetched, lang):
    weather = fetched("--lang", lang)
    said = weather.walk_weather(*OSLO, is_answer=is_oslo)
    assert said["world"] == "local:weather/weather" and set(said["imports"]) == {"boternity:skill/host", "local:weather/types"} and said["lang"] == lang
    [tool] = weather.done("tools", "./weather").json
    assert tool["description"] == "Tells the weather of a city for the next days (1 to 14)."
    [export] = [one for one in weather.done("inspect", "./weather", "-j").json["exports"] if one["name"] == "forecast"]
    assert "The lowest temperature, in degrees Celsius." in str(export["result"])


def test_the_template_with_text_in_and_out_goes_the_whole_way(fetched):
    weather = fetched("--lang", "js", "--world", "skill")
    said = weather.walk_weather("Oslo", is_answer=is_snow)
    assert said["world"] == "boternity:skill/skill-plugin" and said["imports"] == ["boternity:skill/host"]


def test_the_template_with_text_in_and_out_builds_and_passes_its_cases_in_typescript(fetched):
    weather = fetched("--lang", "ts", "--world", "skill")
    weather.built()
    assert weather.test().text.endswith("0 failed\n")


# ---- what is wrong with it is said


def broken(one, path, text, *words):
    good = (one.folder / path).read_text()
    (one.folder / path).write_text(text if text is not None else good)
    done = one.build()
    (one.folder / path).write_text(good)
    assert done.status == 6 and all(word in done.err for word in words), done.err
    assert not (one.folder / f"{one.name}.wasm").exists()


def test_broken_source_a_missing_export_and_a_wrong_import_are_errors_that_say_so(fetched):
    weather = fetched("--lang", "js")
    good = (weather.folder / "skill.js").read_text()
    broken(weather, "skill.js", good.replace("throw new Error(`days", "thorw new Error(`days"), "skill.js:")
    broken(weather, "skill.js", good.replace("function forecast", "function forecasts"), "the world wants a function forecast")
    broken(weather, "skill.js", good.replace("{ read }", "{ raed }"), "raed", "cordon.js")
    broken(weather, "skill.js", good + "\nthrow new Error('at the top');\n", "at the top")


def test_a_type_that_does_not_fit_is_the_compilers_error(fetched):
    weather = fetched("--lang", "ts")
    good = (weather.folder / "skill.ts").read_text()
    broken(weather, "skill.ts", good.replace("low: Number(low)", "low"), "skill.ts(", "error TS2322")
    broken(weather, "skill.ts", good.replace("read(`/data", "read(7, `/data"), "skill.ts(", "error TS")


def test_a_record_of_the_world_that_holds_another_one_is_an_error_that_says_what_to_do(fetched):
    weather = fetched("--lang", "js")
    wit = weather.folder / "wit/weather.wit"
    wit.write_text("""package local:weather;
        world weather {
            record day { low: s8, high: s8, sky: string }
            record report { city: string, days: list<day> }
            import boternity:skill/host;
            export forecast: func(city: string, days: u8) -> result<report, string>;
        }""")
    done = weather.build()
    assert done.status == 6 and "put both into an interface" in done.err, done.err


def test_without_node_or_npm_the_packages_are_named(fetched, project):
    """In a mount namespace where those programs are none."""
    hidden = [path for name in ("node", "nodejs", "npm") for folder in ("/usr/bin", "/usr/local/bin") if (path := Path(folder, name)).exists()]
    script = "".join(f"mount --bind /dev/null {path} && " for path in hidden) + 'exec "$@"'
    away = ["unshare", "-rm", "sh", "-c", script, "sh"]
    if subprocess.run([*away, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("JavaScript: no mount namespaces here, to hide node in")
    there, new = fetched("--lang", "js"), project("other")
    new.new("--lang", "js")
    for one, option in ((there, []), (new, ["--fetch"])):
        env = {**one.cordon_at_large.env, **one.env, "PATH": "/usr/bin:/bin"}
        done = subprocess.run([*away, one.cordon_at_large.path, "build", str(one.folder), *option], env=env, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 7 and "apt-get install nodejs npm" in done.stderr, done.stderr


def test_what_was_not_fetched_is_an_error_with_the_command(project):
    weather = project()
    weather.new("--lang", "js")
    done = weather.build()
    assert done.status != 0 and "cordon build --fetch" in done.err, done.err
    assert not (weather.folder / "node_modules").exists()


def test_source_is_installed_by_the_build_of_its_language_and_what_it_needs_is_fetched_only_if_told_to(fetched):
    weather = fetched("--lang", "js")
    assert "built here from source" in weather.install("--no-grants").err
    assert weather.run_installed(*OSLO).status == 3

    away = weather.place / "away"  # a stranger's: without what is fetched, without what is built
    shutil.copytree(weather.folder, away / "weather", ignore=shutil.ignore_patterns("node_modules", "*.wasm"))
    archive = shutil.make_archive(str(weather.place / "weather"), "gztar", away, "weather")
    words = ["install", archive, "--as", "away", "--no-grants", "--build"]
    done = weather.cordon(*words)
    assert done.status != 0 and "has not been fetched: there is no node_modules" in done.err and "Add --fetch" in done.err, done.err
    assert weather.cordon("run", "away").status == 6
    assert "built here from source" in weather.done(*words, "--fetch").err
    assert weather.cordon("run", "away", *OSLO).status == 3


# ---- more than one file


def test_modules_json_and_packages_of_the_project_are_bundled(fetched):
    weather = fetched("--lang", "js", "--world", "skill")
    (weather.folder / "lib").mkdir()
    (weather.folder / "lib/names.js").write_text("import table from '../table.json';\nexport const of = (x) => table[x] ?? 'nobody';\n")
    (weather.folder / "table.json").write_text('{"a": "Ada", "__proto__": 7}')
    # A package that is no tool. It is put there as npm would.
    lock = lock_of(weather)
    lock["packages"]["node_modules/loud"] = {"version": "1.0.0", "integrity": lock["packages"]["node_modules/componentize-qjs"]["integrity"]}
    write_lock(weather, lock)
    loud = weather.folder / "node_modules/loud"
    (loud / "dist").mkdir(parents=True)
    (loud / "package.json").write_text('{"name": "loud", "version": "1.0.0", "type": "module", "exports": "./dist/main.js"}')
    (loud / "dist/main.js").write_text("export default (x) => x.toUpperCase();\n")
    (weather.folder / "skill.js").write_text("""
        import loud from 'loud';
        import { of } from './lib/names.js';
        export const getName = () => 'names', getDescription = () => 'Tells names.';
        export const execute = (input) => loud(of(input));
    """)
    stamp(weather)
    weather.built()
    assert weather.run("a").text == "ADA" and weather.run("b").text == "NOBODY"


def stamp(one):
    """What lies in node_modules is what the lock files say."""
    sha = hashlib.sha256()
    for name in LOCKS:
        text = (one.folder / name).read_bytes()
        sha.update(name.encode() + b"\0" + len(text).to_bytes(8, "little") + text)
    (one.folder / "node_modules/.cordon-lock").write_text(sha.hexdigest())


# ---- what is fetched, and what is not


class Registry(ThreadingHTTPServer):
    """As npm knows them, with packages of our own making."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.packages, self.asked = {}, []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def add(self, name, manifest, **files):
        """The package's integrity."""
        manifest = {"name": name, "version": "1.0.0", **manifest}
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for path, text in {"package.json": json.dumps(manifest), **files}.items():
                info = tarfile.TarInfo(f"package/{path}")
                info.size, info.mode = len(text.encode()), 0o755
                archive.addfile(info, io.BytesIO(text.encode()))
        self.packages[name] = manifest, gzip.compress(packed.getvalue(), mtime=0)
        return self.integrity(name)

    def integrity(self, name):
        return "sha512-" + base64.b64encode(hashlib.sha512(self.packages[name][1]).digest()).decode()

    def document(self, name):
        manifest = {**self.packages[name][0], "dist": {"tarball": f"{self.url}/{name}/-/{name}-1.0.0.tgz", "integrity": self.integrity(name)}}
        return json.dumps({"name": name, "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": manifest}}).encode()


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        name = self.path.split("/")[1]
        known = name in self.server.packages
        body = b"" if not known else self.server.packages[name][1] if self.path.endswith(".tgz") else self.server.document(name)
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def serve():
    """serve() is a registry; another one each time."""
    started = []

    def start():
        started.append(Registry())
        threading.Thread(target=started[-1].serve_forever, args=(0.01,), daemon=True).start()
        return started[-1]
    yield start
    for one in started:
        one.shutdown()
        one.server_close()


@pytest.fixture
def stranger(project, serve, tmp_path):
    """A stranger's project that needs one package, which wants to run something; where its owner's registry is `home`."""
    one = project("stranger")
    one.new("--lang", "js", "--world", "skill")
    one.home = serve()
    run = f"touch {tmp_path}/ran"
    scripts = {name: run for name in ("preinstall", "install", "postinstall", "prepare", "prepublish", "dependencies")}
    one.ran = tmp_path / "ran"
    integrity = one.home.add("eager", {"scripts": scripts, "bin": {"eager": "run.sh"}, "gypfile": True}, **{"run.sh": f"#!/bin/sh\n{run}\n", "binding.gyp": "{}"})
    one.manifest = {"dependencies": {"eager": "1.0.0"}, "scripts": scripts}
    one.lock = {"lockfileVersion": 3, "requires": True, "packages": {"": {"dependencies": {"eager": "1.0.0"}}, "node_modules/eager": {"version": "1.0.0", "integrity": integrity}}}
    one.env.update(NPM_CONFIG_REGISTRY=one.home.url, NPM_CONFIG_CACHE=str(tmp_path / "npm-cache"), NPM_CONFIG_FETCH_RETRIES="0")
    return one


def build_stranger(one):
    (one.folder / "package.json").write_text(json.dumps(one.manifest))
    write_lock(one, one.lock)
    return one.build("--fetch")


def test_fetching_runs_no_script_of_a_package_and_none_of_the_project(stranger):
    done = build_stranger(stranger)
    assert "eager 1.0.0" in done.err and (stranger.folder / "node_modules/eager/run.sh").exists(), done.err
    assert not stranger.ran.exists()
    assert not (stranger.folder / "node_modules/.bin").exists()


def test_what_is_fetched_is_no_part_of_a_bundle(stranger):
    build_stranger(stranger)
    assert (stranger.folder / "node_modules/CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")


def test_a_package_with_another_digest_is_not_taken(stranger):
    entry = stranger.lock["packages"]["node_modules/eager"]
    entry["integrity"] = entry["integrity"][:7] + base64.b64encode(bytes(64)).decode()
    done = build_stranger(stranger)
    assert done.status == 6 and "EINTEGRITY" in done.err, done.err
    assert not (stranger.folder / "node_modules").exists()


def test_no_settings_of_the_project_or_of_a_folder_above_it_reach_npm(stranger, serve, tmp_path):
    evil = serve()
    evil.add("eager", {})
    settings = f"registry={evil.url}\nignore-scripts=false\nscript-shell={tmp_path}/sh\nprefix={tmp_path}/evil\n"
    for folder in (stranger.folder, stranger.place):
        (folder / ".npmrc").write_text(settings)
    # npm takes the settings of a folder above that says that this one is a part of it.
    (stranger.place / "package.json").write_text(json.dumps({"name": "above", "workspaces": ["stranger", "stranger/*", "stranger/.cordon-fetch-*"]}))
    (stranger.folder / "npm-shrinkwrap.json").write_text(json.dumps({"lockfileVersion": 3, "packages": {"node_modules/eager": {"version": "1.0.0", "resolved": f"{evil.url}/x.tgz"}}}))
    env = {name: value for name, value in stranger.env.items() if name != "NPM_CONFIG_REGISTRY"}
    (tmp_path / "user-npmrc").write_text(f"registry={stranger.home.url}\n")
    stranger.env = {**env, "NPM_CONFIG_USERCONFIG": str(tmp_path / "user-npmrc")}
    done = build_stranger(stranger)
    assert (stranger.folder / "node_modules/eager/run.sh").exists(), done.err
    assert evil.asked == [] and stranger.home.asked and not stranger.ran.exists()


POISONED = {
    "an-address": {"resolved": "{evil}/eager.tgz"},
    "a-repository": {"resolved": "git+http://{host}/eager.git#0123456789012345678901234567890123456789"},
    "a-file": {"resolved": "file:../../../etc/passwd"},
    "a-link": {"link": True, "resolved": "../other"},
    "no-digest": {"integrity": None},
    "a-weak-digest": {"integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="},
    "a-bundled-one": {"inBundle": True},
    "a-lock-of-its-own": {"hasShrinkwrap": True},
    "a-script": {"hasInstallScript": True},
    "a-dependency-elsewhere": {"dependencies": {"x": "http://{host}/x.tgz"}},
}


@pytest.mark.parametrize("how", POISONED)
def test_a_poisoned_lock_is_refused_before_npm_is_started(stranger, serve, how):
    evil = serve()
    text = json.dumps(POISONED[how]).replace("{evil}", evil.url).replace("{host}", f"127.0.0.1:{evil.server_port}")
    stranger.lock["packages"]["node_modules/eager"].update(json.loads(text))
    done = build_stranger(stranger)
    assert done.status == 6 and "package-lock.json: node_modules/eager" in done.err, done.err
    assert evil.asked == stranger.home.asked == [] and not (stranger.folder / "node_modules").exists() and not stranger.ran.exists()


@pytest.mark.parametrize("wanted", ["file:/etc", "link:..", "git+http://{host}/x.git", "http://{host}/x.tgz", "someone/x", "github:someone/x", "../x"])
def test_a_package_json_that_leads_elsewhere_is_refused_before_npm_is_started(stranger, serve, wanted):
    evil = serve()
    stranger.manifest["devDependencies"] = {"x": wanted.replace("{host}", f"127.0.0.1:{evil.server_port}")}
    done = build_stranger(stranger)
    assert done.status == 6 and "package.json" in done.err and "which is no range of versions" in done.err, done.err
    assert evil.asked == stranger.home.asked == [] and not (stranger.folder / "node_modules").exists()


def test_what_a_build_runs_reaches_no_network_and_writes_nothing_outside(fetched, serve, tmp_path):
    weather = fetched("--lang", "js", "--world", "skill")
    evil = serve()
    # The compiler itself is a stranger's: his lock files named it.
    (weather.folder / "node_modules/componentize-qjs/index.js").write_text(f"""
        const fs = require('node:fs');
        const tried = [];
        const attempt = (name, run) => {{ try {{ run(); tried.push(name); }} catch {{}} }};
        attempt('wrote', () => fs.writeFileSync({json.dumps(str(tmp_path / "ran"))}, ''));
        attempt('wrote-to-the-project', () => fs.writeFileSync({json.dumps(str(weather.folder / "ran"))}, ''));
        attempt('read-home', () => fs.readdirSync({json.dumps(str(Path.home()))}));
        attempt('read-passwd', () => fs.readFileSync('/etc/passwd'));
        attempt('environment', () => {{ if (process.env.MY_SECRET) return; throw 0; }});
        exports.componentize = () => new Promise((_, no) => {{
            const s = require('node:http').get('{evil.url}/x', () => {{ tried.push('network'); }});
            s.on('error', () => no(Object.assign(new Error('it could: [' + tried.join() + ']'), {{ code: 'GenericFailure' }})));
        }});
    """)
    done = weather.build(env={"MY_SECRET": "x"})
    assert done.status == 6 and "it could: []" in done.err, done.err
    assert evil.asked == [] and not (tmp_path / "ran").exists() and not (weather.folder / "ran").exists()


# ---- sdk/js


@pytest.fixture(scope="module")
def summary(cordon, tmp_path_factory):
    """The web-page summariser, built once."""
    from conftest import Project
    one = Project(cordon, tmp_path_factory.mktemp("sdk"), "page-summary")
    shutil.copytree(ROOT / "sdk/js/examples/page-summary", one.folder)
    fetch(one)
    one.built()
    return one


def test_what_the_example_has_of_others_is_what_they_have():
    folder = ROOT / "sdk/js/examples/page-summary"
    assert (folder / "cordon.js").read_bytes() == (ROOT / "sdk/js/cordon.js").read_bytes()
    assert (folder / "cordon.d.ts").read_bytes() == (ROOT / "sdk/js/cordon.d.ts").read_bytes()
    assert (folder / "wit/deps/boternity-skill/boternity-skill.wit").read_bytes() == (ROOT / "wit/boternity-skill.wit").read_bytes()
    assert (folder / "package-lock.json").read_bytes() == (ROOT / "src/author/templates/js-typed/package-lock.json").read_bytes()
    for lang in ("js", "ts"):
        wanted = json.loads((ROOT / f"src/author/templates/{lang}-typed/package.json").read_text())["devDependencies"]
        assert wanted.items() >= json.loads((ROOT / "tests/guests/javascript/package.json").read_text())["devDependencies"].items()


def test_the_summariser_passes_its_cases(summary):
    assert summary.test().text.endswith("# 5 cases: 5 passed, 0 failed\n")


PAGE = """<!doctype html><html><head><title>Tea &amp; water</title><meta name=description content="On tea."></head><body><nav>Home, and all of the other pages of tea.</nav>
<h1>Tea</h1><p>Tea is made of leaves and hot water. It was found in China, they say.</p><script>document.write("<p>Tea is not script, it is tea and water.</p>")</script>
<p>Green tea wants water that does not boil. Black tea wants boiling water, and some time.</p></body></html>"""


def test_the_summariser_fetches_a_page_that_was_granted_and_no_other(summary, serve):
    server = serve()
    server.packages["tea.tgz"] = None, PAGE.encode()
    url = f"{server.url}/tea.tgz"
    told = summary.run("--args", json.dumps([url, 2]), "-a", f"net={server.url}").json
    assert (told["title"], told["description"], told["headings"]) == ("Tea & water", "On tea.", ["Tea"])
    assert len(told["sentences"]) == 2 and all(sentence in PAGE for sentence in told["sentences"]) and "script" not in str(told["sentences"])
    asked = len(server.asked)
    for flags in ([], ["-a", f"net=127.0.0.1:{server.server_port + 1}"]):
        denied = summary.run("--args", json.dumps([url, 2]), *flags)
        assert denied.status == 3 and "denied net" in denied.err, denied.err
    assert len(server.asked) == asked
    gone = summary.run("--args", json.dumps([f"{server.url}/none", 2]), "-a", f"net={server.url}")
    assert gone.status == 1 and "404" in gone.err, gone.err


def test_the_installed_summariser_fetches_what_it_was_granted(summary, serve):
    server = serve()
    server.packages["tea.tgz"] = None, PAGE.encode()
    summary.install("--allow", f"net={server.url}")
    told = summary.run_installed("--args", json.dumps([f"{server.url}/tea.tgz", 1])).json
    assert told["title"] == "Tea & water" and len(told["sentences"]) == 1


SDK = """
import { context, env, get, getJson, jsonSkill, log, post, postJson, read, readJson, recall, secret, write, writeJson, DeniedError, HostError } from './cordon.js';

const verbs = {
    json: ({ value }) => value,
    clock: () => [() => Date.now(), () => new Date(), () => Date(), () => performance.now(), () => new Date(0).toISOString(), () => Date.UTC(1970, 0)].map((run) => {
        try {
            return run();
        } catch (why) {
            return why.message;
        }
    }),
    read: ({ path }) => read(path),
    readJson: ({ path }) => readJson(path),
    write: ({ path, value }) => (writeJson(path, value), write(path + '.txt', 'text'), [read(path), read(path + '.txt')]),
    get: ({ url }) => get(url),
    getJson: ({ url }) => getJson(url),
    post: ({ url, value }) => postJson(url, value),
    denied: () => [() => read('/x'), () => write('/x', ''), () => get('http://127.0.0.1:1/'), () => post('http://127.0.0.1:1/', ''), () => secret('x'), () => env('X')].map((run) => {
        try {
            return run();
        } catch (why) {
            return [why.name, why instanceof DeniedError, why instanceof HostError, why instanceof Error, why.message.startsWith('capability denied: ')];
        }
    }),
    recall: () => [recall('x'), recall('x', 3)],
    context: () => context(),
    env: ({ name }) => env(name),
    log: () => {
        const ring = {};
        ring.ring = ring;
        log.error('a', 1, { b: [null, undefined] }, undefined, 7n, ring);
        log.warn(new TypeError('odd'));
        console.log('console');
        console.debug('finer');
    },
    throws: ({ what }) => { throw what === 'text' ? 'a text' : new RangeError('an error'); },
};

export const getName = () => 'sdk', getDescription = () => '';
export const execute = jsonSkill((input) => (input === undefined ? 'nothing' : verbs[input.verb](input)));
"""


@pytest.fixture(scope="module")
def sdk(cordon, tmp_path_factory):
    """sdk("verb", **members) is the outcome of one call of the program above."""
    from conftest import Project
    one = Project(cordon, tmp_path_factory.mktemp("sdk"), "sdk")
    one.new("--lang", "js", "--world", "skill")
    (one.folder / "skill.js").write_text(SDK)
    (one.folder / "skill.toml").unlink()
    fetch(one)
    one.built()

    def call(verb, *flags, text=None, **members):
        return one.run(json.dumps({"verb": verb, **members}) if text is None else text, "-j", *flags).json
    return call


def test_json_goes_in_and_out(sdk):
    for value in (None, True, 1.5, "ü😀", [1, [2]], {"a": {"b": []}}):
        assert json.loads(sdk("json", value=value)["output"]) == value
    assert json.loads(sdk("", text="  ")["output"]) == "nothing"
    told = sdk("", text="{")
    assert told["outcome"] == "err" and "the input is not JSON: " in told["error"]["message"]


def test_files_are_read_and_written_as_text_and_as_json(sdk, tmp_path):
    (tmp_path / "in.json").write_text('{"a": [1]}')
    (tmp_path / "odd.json").write_text("{a}")
    told = json.loads(sdk("readJson", "-a", f"read={tmp_path}::/data", path="/data/in.json")["output"])
    assert told == {"a": [1]}
    assert "/data/odd.json is not JSON: " in sdk("readJson", "-a", f"read={tmp_path}::/data", path="/data/odd.json")["error"]["message"]
    as_json, as_text = json.loads(sdk("write", "-a", f"rw={tmp_path}::/data", path="/data/out", value={"b": 2})["output"])
    assert json.loads(as_json) == {"b": 2} and as_text == "text" and (tmp_path / "out").read_text() == as_json


def test_what_was_not_granted_is_a_denied_error(sdk):
    assert json.loads(sdk("denied")["output"]) == [["DeniedError", True, True, True, True]] * 6
    assert "capability denied" in sdk("read", path="/x")["error"]["message"]
    assert json.loads(sdk("recall")["output"]) == [[], []]


def test_pages_are_fetched_as_text_and_as_json(sdk, serve):
    server = serve()
    server.packages["x.tgz"] = None, b'{"rate": 1.5}'
    grant = ["-a", f"net={server.url}"]
    assert json.loads(sdk("getJson", *grant, url=f"{server.url}/x.tgz")["output"]) == {"rate": 1.5}
    assert json.loads(sdk("get", *grant, url=f"{server.url}/x.tgz")["output"]) == '{"rate": 1.5}'
    assert "404" in sdk("get", *grant, url=f"{server.url}/none")["error"]["message"]


def test_what_is_logged_is_shown_whatever_it_is(sdk):
    lines = [(line["level"], line["message"]) for line in sdk("log")["log"]]
    assert lines[0] == ("error", 'a 1 {"b":[null,null]} undefined 7 [object Object]')
    assert lines[1][0] == "warn" and lines[1][1].startswith("TypeError: odd")
    assert lines[2:] == [("info", "console"), ("debug", "finer")]


def test_the_clock_that_is_not_there_is_an_error_and_no_trap(sdk):
    assert json.loads(sdk("clock")["output"]) == ["a skill has no clock"] * 4 + ["1970-01-01T00:00:00.000Z", 0]


def test_context_and_variables(sdk):
    assert json.loads(sdk("context")["output"])["skillName"] == "sdk"
    assert json.loads(sdk("env", "-e", "PLACE=here", name="PLACE")["output"]) == "here"


def test_what_is_thrown_is_the_error_of_the_call(sdk):
    assert "a text" in sdk("throws", what="text")["error"]["message"]
    assert "an error" in sdk("throws", what="error")["error"]["message"]
