# SPDX-License-Identifier: Apache-2.0
"""Rust, from nothing to the answer of an installed skill.

What cargo compiled of the crates is kept between runs, and taken back into a new project: half a minute of work otherwise, for each.
"""

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import KEPT, ROOT, Project, is_oslo, is_snow

PLACE = KEPT / "rust"
EXAMPLE = ROOT / "sdk/rust/examples/note-taker"
CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"


def lacks():
    """What Rust lacks here, in words; None: nothing."""
    cargo = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo") / "bin/rustc"
    for rustc in (shutil.which("rustc"), str(cargo), "/usr/bin/rustc"):
        if rustc and Path(rustc).exists():
            home = Path(subprocess.run([rustc, "--print", "sysroot"], cwd="/", capture_output=True, text=True).stdout.strip() or "/nowhere") / "lib/rustlib"
            if (home / "wasm32-unknown-unknown").exists() or (home / "wasm32-wasip2").exists() or (home / "src/rust/library/vendor").exists():
                return None
    return "there is no Rust that compiles for WebAssembly (rustup target add wasm32-unknown-unknown, or apt-get install rustc-web rust-web-src cargo-web lld-14)"


pytestmark = pytest.mark.skipif(lacks() is not None, reason=f"Rust: {lacks()}")


@pytest.fixture(scope="module")
def place():
    """One folder for all runs, for cargo takes what it compiled for up to date only where it lay."""
    PLACE.mkdir(parents=True, exist_ok=True)
    with open(PLACE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield PLACE


@pytest.fixture
def kept(cordon, place):
    """kept("weather", make): the project that make(project) makes, with what was fetched and compiled of the one of this name before."""
    shutil.rmtree(place / "cordon-home", ignore_errors=True)

    def project(name, make):
        one, beside = Project(cordon, place, name), place / f"{name}.kept"
        if one.folder.exists():
            shutil.rmtree(beside, ignore_errors=True)
            one.folder.rename(beside)
        make(one)
        for folder in ("target", ".crates"):
            if (beside / folder).is_dir():
                (beside / folder).rename(one.folder / folder)
        shutil.rmtree(beside, ignore_errors=True)
        one.done("build", f"./{name}", "--fetch")
        return one
    return project


@pytest.fixture
def typed(kept):
    return kept("weather", lambda weather: weather.new("--lang", "rust"))


def test_the_typed_template_goes_the_whole_way(typed):
    said = typed.walk_weather("--args", '{"city": "Oslo", "days": 2}', is_answer=is_oslo)
    assert said["lang"] == "rust" and said["world"] == "local:weather/weather" and said["imports"] == ["boternity:skill/host"]
    assert said["size_bytes"] < 50_000
    assert (typed.folder / "target/CACHEDIR.TAG").exists()  # kept for the next build, and left out of what is installed


def test_the_template_with_text_in_and_out_goes_the_whole_way(kept):
    weather = kept("weather-text", lambda weather: weather.new("--lang", "rust", "--world", "skill"))
    said = weather.walk_weather("Oslo", is_answer=is_snow)
    assert said["world"] == "boternity:skill/skill-plugin" and said["imports"] == ["boternity:skill/host"]


def test_broken_source_a_missing_export_and_a_wrong_world_are_errors_that_say_so(typed):
    source, component = typed.folder / "src/lib.rs", typed.folder / "weather.wasm"
    good, wit = source.read_text(), typed.folder / "wit/weather.wit"
    component.unlink()
    for wrong, *texts in [
        (good.replace("let data =", "let data ="[:-2]), "cannot compile the project", "src/lib.rs", "error"),
        (good.replace("fn forecast(", "fn forcast("), "forecast", "not all trait items implemented"),
        (good.replace("export!(Weather);", ""), "forecast"),
        (good.replace("read_file(&", "read_files(&"), "read_files"),
    ]:
        source.write_text(wrong)
        done = typed.build()
        assert done.status == 6 and all(text in done.err for text in texts), done.err
        assert not component.exists()
    source.write_text(good)
    text = wit.read_text()
    wit.write_text(text.replace("days: u8", "days: u16"))
    done = typed.build()
    assert done.status == 6 and "u16" in done.err, done.err
    wit.write_text("package a:b;\nworld weather { export forecast: func(; }\n")
    done = typed.build()
    assert done.status != 0 and "weather.wit" in done.err, done.err


def test_a_project_without_a_library_for_webassembly_is_told_so(typed):
    manifest = typed.folder / "Cargo.toml"
    manifest.write_text(manifest.read_text().replace('"cdylib"', '"rlib"'))
    done = typed.build()
    assert done.status == 6 and "cdylib" in done.err, done.err


def test_build_scripts_and_macros_are_run_in_the_sandbox_alone(typed, tmp_path):
    (tmp_path / "secret").write_text("of nobody's business")
    out = tmp_path / "out"
    (typed.folder / "build.rs").write_text(f"""
fn main() {{
    println!("cargo:warning=ran");
    println!("cargo:warning=read {{}}", std::fs::read("{tmp_path}/secret").is_ok());
    println!("cargo:warning=wrote {{}}", std::fs::write("{out}", "x").is_ok());
    println!("cargo:warning=source {{}}", std::fs::write("{typed.folder}/src/lib.rs", "x").is_ok());
    println!("cargo:warning=crates {{}}", std::fs::write("{typed.folder}/.crates/x", "x").is_ok());
    println!("cargo:warning=net {{}}", std::net::TcpListener::bind("127.0.0.1:0").is_ok());
    println!("cargo:warning=variable {{}}", std::env::var("A_SECRET").is_ok());
}}
""")
    done = typed.build(env={"A_SECRET": "x"})
    assert done.status == 0 and "ran" in done.err, done.err
    for what in ("read", "wrote", "source", "crates", "net", "variable"):
        assert f"{what} false" in done.err, done.err
    assert not out.exists() and not (typed.folder / ".crates/x").exists()


def test_settings_of_cargo_that_come_with_a_project_have_no_say(typed, tmp_path):
    (typed.folder / ".cargo").mkdir()
    (typed.folder / ".cargo/config.toml").write_text(f'[build]\nrustc-wrapper = "{tmp_path}/wrapper"\ntarget-dir = "{tmp_path}/elsewhere"\n')
    (typed.folder / "rust-toolchain.toml").write_text('[toolchain]\nchannel = "nightly-2020-01-01"\n')
    shutil.rmtree(typed.folder / ".crates")
    assert typed.cordon("build", "./weather", "--fetch").status == 0
    assert typed.build().status == 0
    assert not (tmp_path / "elsewhere").exists()


def test_a_target_that_is_a_link_leads_no_build_out_of_the_project(kept, tmp_path):
    """A tiny project, for all of it is compiled anew."""
    def make(tiny):
        tiny.folder.mkdir()
        (tiny.folder / "Cargo.toml").write_text('[package]\nname = "tiny"\nversion = "0.1.0"\nedition = "2021"\n[lib]\npath = "lib.rs"\ncrate-type = ["cdylib"]\n[workspace]\n')
        (tiny.folder / "Cargo.lock").write_text('version = 4\n\n[[package]]\nname = "tiny"\nversion = "0.1.0"\n')
        (tiny.folder / "lib.rs").write_text("")
        (tiny.folder / "wit").mkdir()
        (tiny.folder / "wit/tiny.wit").write_text("package a:tiny;\nworld tiny {}\n")
    shutil.rmtree(PLACE / "tiny", ignore_errors=True)
    (tmp_path / "elsewhere").mkdir()

    def linked(tiny):
        make(tiny)
        (tiny.folder / "target").symlink_to(tmp_path / "elsewhere")
    try:
        tiny = kept("tiny", linked)
        tiny.build()
        assert list((tmp_path / "elsewhere").iterdir()) == []
    finally:
        shutil.rmtree(PLACE / "tiny", ignore_errors=True)


# ---- Cargo.lock


@pytest.mark.parametrize("old, new, why", [
    (CRATES_IO, "git+https://example.com/anyhow#0123456789", "does not come from crates.io"),
    (CRATES_IO, "registry+https://example.com/index", "does not come from crates.io"),
    ("\nchecksum = ", "\nchecksum = \"\" # ", "no SHA-256"),
    ("[[package]]", "[[patch.unused]]", "no such key"),
    ('"anyhow"', '"../../anyhow"', "name of a crate"),
])
def test_a_poisoned_lock_file_is_refused_before_anything_is_fetched(project, old, new, why):
    weather = project()
    weather.new("--lang", "rust")
    lock = weather.folder / "Cargo.lock"
    lock.write_text(lock.read_text().replace(old, new, 1))
    done = weather.cordon("build", "./weather", "--fetch")
    assert done.status != 0 and why in done.err and "Cargo.lock:" in done.err, done.err
    assert not (weather.folder / ".crates").exists()


def test_a_crate_that_is_not_what_its_hash_says_is_not_fetched(project):
    weather = project()
    weather.new("--lang", "rust")
    lock = weather.folder / "Cargo.lock"
    text = lock.read_text()
    lock.write_text(text.replace('checksum = "', 'checksum = "0000', 1).replace(text.split('checksum = "', 1)[1][:64], text.split('checksum = "', 1)[1][:60], 1))
    done = weather.cordon("build", "./weather", "--fetch")
    assert done.status != 0 and "checksum" in done.err, done.err
    assert not (weather.folder / ".crates").exists()


def test_what_was_not_fetched_is_asked_for_with_the_command(project):
    weather = project()
    weather.new("--lang", "rust")
    done = weather.build()
    assert done.status != 0 and "cordon build --fetch" in done.err, done.err


# ---- sdk/rust


def test_the_crate_in_the_example_is_the_one_of_the_sdk():
    for name in ("Cargo.toml", "src/lib.rs", "wit/boternity-skill.wit"):
        assert (EXAMPLE / "cordon-skill" / name).read_bytes() == (ROOT / "sdk/rust" / name).read_bytes(), name
    assert (ROOT / "sdk/rust/wit/boternity-skill.wit").read_bytes() == (ROOT / "wit/boternity-skill.wit").read_bytes()


def test_the_note_taker_builds_passes_its_cases_and_is_installed(kept, tmp_path):
    notes = kept("note-taker", lambda one: shutil.copytree(EXAMPLE, one.folder, ignore=shutil.ignore_patterns("*.wasm", "target", ".crates")))
    said = notes.built()
    assert said["imports"] == ["boternity:skill/host"] and said["size_bytes"] < 150_000
    assert notes.test().text.rstrip().endswith("7 passed, 0 failed")
    (tmp_path / "notes").mkdir()
    notes.done("memory", "add", "--bot", "scribe", "Ada has\nthe drawings of the engine")
    notes.install("--allow", f"write={tmp_path}/notes::/notes", "--allow", "memory=scribe")
    done = notes.run_installed('{"note": "Call Ada about the engine"}', "--bot", "scribe")
    told = json.loads(done.text)
    text = "# Call Ada about the engine\n\nCall Ada about the engine\n\n## Remembered\n\n- Ada has the drawings of the engine\n"
    assert told == {"file": "/notes/call-ada-about-the-engine.md", "text": text, "remembered": 1}, done.err
    assert (tmp_path / "notes/call-ada-about-the-engine.md").read_text() == text
