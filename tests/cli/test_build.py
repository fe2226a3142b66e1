# SPDX-License-Identifier: Apache-2.0
"""build: C skills from source, and every way in which that can go wrong."""

import os
import re
import shutil
import signal
import stat
import subprocess
import time

import pytest
from conftest import ROOT

pytestmark = pytest.mark.skipif(not shutil.which("clang-14") and not shutil.which("clang"), reason="clang is not installed")

SKILL = """
#include "skill_plugin.h"
void exports_skill_plugin_get_name(skill_plugin_string_t *ret) { skill_plugin_string_dup(ret, "x"); }
void exports_skill_plugin_get_description(skill_plugin_string_t *ret) { skill_plugin_string_dup(ret, "x"); }
bool exports_skill_plugin_execute(skill_plugin_string_t *input, skill_plugin_string_t *ret, skill_plugin_string_t *err)
{
    (void)err;
    *ret = *input;
    return true;
}
"""
ANSWER = '#include "w.h"\nuint32_t exports_w_answer(void) { return 42; }\n'
WORLD = "package a:b;\nworld w { export answer: func() -> u32; }\n"


def write(folder, **files):
    """write(f, skill_c="...", wit__w_wit="...") writes f/skill.c and f/wit/w.wit."""
    for name, text in files.items():
        path = folder / re.sub(r"_(?=[a-z]+$)", ".", name.replace("__", "/"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def scratch(tmp_path):
    """Where the build puts its temporary files: empty again after each test."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture
def build(cordon, scratch):
    return lambda *words, **options: cordon("build", *words, env={"TMPDIR": str(scratch)}, **options)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "skill"
    path.mkdir()
    return path


def refused(done, *texts, status=6):
    assert done.status == status and done.out == b"", done.err
    for text in texts:
        assert text in done.err, done.err


# ---- what is built


@pytest.mark.parametrize("name, world, imports", [
    ("hello", "boternity:skill/skill-plugin", ["boternity:skill/host"]),
    ("fetch", "boternity:skill/skill-plugin", ["boternity:skill/host"]),
    ("spin", "boternity:skill/skill-plugin", []),
    ("words", "example:words/words", []),
])
def test_examples(build, tmp_path, name, world, imports):
    out = tmp_path / "out.wasm"
    done = build(ROOT / "examples" / name, "-o", out, "-j")
    assert done.status == 0 and done.err == ""
    about = done.json
    assert about["code_bytes"] > 0 and about["warnings"] == [] and all(set(one) == {"name", "type"} for one in about["exports"])
    assert {key: about[key] for key in ("output", "lang", "size_bytes", "world", "imports")} == {
        "output": str(out), "lang": "c", "size_bytes": out.stat().st_size, "world": world, "imports": imports}
    assert stat.S_IMODE(out.stat().st_mode) == 0o644 and out.stat().st_size < 20_000


def test_what_the_examples_answer(build, cordon, tmp_path):
    for name in ("hello", "words"):
        assert build(ROOT / "examples" / name, "-o", tmp_path / f"{name}.wasm").status == 0
    assert "Ada" in cordon("run", tmp_path / "hello.wasm", "Ada").text
    done = cordon("run", tmp_path / "words.wasm", "--args", '{"text": "b a b", "top": 1}')
    assert done.json == {"total": 3, "distinct": 2, "top": [{"text": "b", "count": 2}]}


def test_a_program_becomes_a_command(build, cordon, tmp_path):
    out = tmp_path / "cat.wasm"
    done = build(ROOT / "examples/cat", "-o", out, "-j")
    assert done.json["world"] == "wasi:cli/command" and any(name.startswith("wasi:cli/stdin@0.2") for name in done.json["imports"])
    assert cordon("run", out, "from stdin", "--", "one", "two").text == "one\ntwo\nfrom stdin"


def test_a_source_that_includes_blufio_h_becomes_a_module_of_that_abi(build, cordon, folder):
    write(folder, skill_c='#include "blufio.h"\n#include <stdio.h>\nvoid run(void) { puts("a line"); fflush(stdout); }\n')
    done = build(folder, "-j")
    assert done.status == 0 and done.err == "" and done.json["world"] == "blufio"
    assert done.json["imports"] == ["wasi_snapshot_preview1"]
    assert (folder / "skill.wasm").read_bytes()[:8] == b"\0asm\1\0\0\0"
    assert "a line" in cordon("run", folder).text
    write(folder, skill_c='#include "blufio.h"\nvoid run(void) { blufio_set_output("hi", 2); }\n')
    assert build(folder, "-j").json["imports"] == ["blufio"]
    assert cordon("run", folder).text == "hi"


def test_a_module_of_the_blufio_abi_without_run_is_refused(build, folder):
    write(folder, skill_c='#include "blufio.h"\nint x;\n')
    refused(build(folder), "run", "cannot link", "`void run(void)` has to be there")
    assert not (folder / "skill.wasm").exists()


def test_the_documented_skill_works(build, cordon, tmp_path):
    text = (ROOT / "docs/guests/c.md").read_text()
    write(tmp_path / "shout", skill_c=re.search(r"```c\n(.*?)```", text, re.DOTALL)[1])
    assert build(tmp_path / "shout").err == ""
    assert cordon("run", tmp_path / "shout", "hello").text == "HELLO"
    assert cordon("run", tmp_path / "shout", "").status == 1


def test_a_folder_goes_by_its_own_name(build, folder):
    write(folder, skill_c=SKILL)
    done = build(f"{folder}//", "-j")
    assert done.json["output"] == f"{folder}/skill.wasm"
    assert build(cwd=folder).status == 0


def test_names_with_odd_characters(build, tmp_path):
    for name in ("-x", "a b", "a=b", "ä"):
        write(tmp_path / name, skill_c=SKILL)
        assert build("--", name, cwd=tmp_path).status == 0
        assert (tmp_path / name / f"{name}.wasm").exists()


def test_several_sources_and_headers_of_ones_own(build, cordon, folder):
    write(folder, skill_c=SKILL.replace("*ret = *input;", "*ret = *input; twice();").replace("#include", '#include "own.h"\n#include', 1),
          other_c='#include "own.h"\nvoid twice(void) {}\n', own_h="void twice(void);\n")
    (folder / ".hidden.c").write_text("#error\n")
    (folder / "notes.txt").write_text("no C\n")
    assert build(folder).status == 0
    assert cordon("run", folder, "hi").text == "hi"


def test_the_bindings_may_be_included_from_a_header(build, folder):
    write(folder, skill_c=SKILL.replace("skill_plugin.h", "own.h"), own_h="#include <skill_plugin.h>\n")
    assert build(folder, "-j").json["world"] == "boternity:skill/skill-plugin"


def test_a_world_of_several_files_and_packages(build, cordon, folder):
    write(folder, skill_c='#include "w.h"\nuint32_t exports_a_b_k_answer(void) { return 42; }\nuint8_t exports_c_d_i_f(void) { return 7; }\n',
          wit__w_wit="package a:b;\nworld w { export c:d/i; export k; }\n", wit__k_wit="interface k { answer: func() -> u32; }\n",
          wit__README_md="not read", wit__deps__cd__one_wit="package c:d;\ninterface i { f: func() -> u8; }\n",
          wit__deps__cd__two_wit="interface j { type t = u8; }\n", wit__deps__unused_wit="package e:f;\n", wit__deps__notes_txt="not read")
    done = build(folder, "-j")
    assert done.status == 0, done.err
    assert done.json["world"] == "a:b/w"
    assert cordon("run", folder, "-c", "answer", "--args", "[]").text.strip() == "42"
    assert cordon("run", folder, "-c", "i#f", "--args", "[]").text.strip() == "7"


def test_the_same_sources_give_the_same_bytes(build, tmp_path):
    source = SKILL.replace("(void)err;", "assert(!err); skill_plugin_string_dup(err, __FILE__);").replace("#include", "#include <assert.h>\n#include", 1)
    for name in ("one", "another_folder"):
        done = build(write(tmp_path / name, skill_c=source, b_c="int b;\n", a_c="int a;\n"), "-o", tmp_path / f"{name}.wasm")
        assert done.status == 0, done.err
    built = (tmp_path / "one.wasm").read_bytes()
    assert built == (tmp_path / "another_folder.wasm").read_bytes()
    assert b"skill.c" in built and bytes(tmp_path) not in built


def test_warnings_are_shown_and_do_not_end_the_build(build, folder):
    write(folder, skill_c=SKILL.replace("(void)err;", ""))
    done = build(folder)
    assert done.status == 0 and f"{folder}/skill.c:5:" in done.err and "unused parameter" in done.err


# ---- what is refused


def test_no_sources(build, tmp_path, folder):
    refused(build(folder), "holds no source of a language that is known here", "cordon new")
    refused(build(tmp_path / "nowhere"), "there is no folder")
    refused(build(write(folder, skill_c=SKILL) / "skill.c"), "is not a folder")
    refused(build(""))


def test_errors_in_c_are_shown_with_their_place_in_every_file(build, folder):
    write(folder, skill_c=SKILL + "int f(void) { return missing; }\n", other_c="int g(void) { return lost }\n")
    done = build(folder)
    refused(done, f"{folder}/other.c:1:22: error: use of", f"{folder}/skill.c:11:22: error: ", "cannot compile", "messages are above")
    assert not (folder / "skill.wasm").exists()


def test_a_failed_build_leaves_the_last_component(build, folder):
    write(folder, skill_c=SKILL)
    assert build(folder).status == 0
    before = (folder / "skill.wasm").read_bytes()
    write(folder, skill_c="#error no\n")
    assert build(folder).status == 6
    assert (folder / "skill.wasm").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["skill.c", "skill.wasm"]


def test_an_export_that_is_missing_is_named(build, folder):
    write(folder, skill_c='#include "skill_plugin.h"\n')
    refused(build(folder), "exports_skill_plugin_execute", "cannot link")


def test_neither_a_skill_nor_a_program(build, folder):
    write(folder, skill_c="int x;\n")
    refused(build(folder), "main", 'No source includes "skill_plugin.h"')


def test_errors_in_wit_are_one_line_with_their_place(build, folder):
    write(folder, skill_c=ANSWER, wit__w_wit="package a:b;\nworld w {\n  export answer: func() -> nope;\n}\n")
    refused(build(folder), "wit/w.wit:3:28", "nope", "Mend the WIT")
    write(folder, wit__w_wit="package a:b;\nworld w { export answer: func( }\n")
    refused(build(folder), "wit/w.wit:2:")
    write(folder, wit__w_wit=WORLD, wit__deps__d__d_wit="package c:d;\ninterface {}\n")
    refused(build(folder), "wit/deps/d/d.wit:2:")


def test_one_world_is_wanted(build, folder):
    write(folder, skill_c=ANSWER, wit__w_wit=WORLD + "world other {}\n")
    refused(build(folder), "2 worlds, leave one: w, other")
    write(folder, wit__w_wit="package a:b;\n")
    refused(build(folder), "has no world")
    (folder / "wit/w.wit").unlink()
    refused(build(folder), "holds no file of WIT")


def test_an_import_that_nobody_offers_is_refused_by_name(build, folder):
    write(folder, skill_c='#include "w.h"\nuint32_t exports_w_answer(void) { return c_d_i_f(); }\n',
          wit__w_wit="package a:b;\nworld w { import c:d/i; export answer: func() -> u32; }\n",
          wit__deps__i_wit="package c:d;\ninterface i { f: func() -> u32; }\n")
    refused(build(folder), "it was built, and cannot be run here", "c:d/i")
    assert not (folder / "skill.wasm").exists()


def test_an_export_that_the_manifest_names_and_the_code_lacks_is_refused(build, folder):
    write(folder, skill_c=ANSWER, wit__w_wit=WORLD)
    manifest = '[skill]\nname = "x"\nversion = "1.0.0"\ndescription = "x"\n[wasm]\nentry = "skill.wasm"\n[tool]\nexport = "%s"\n'
    (folder / "skill.toml").write_text(manifest % "question")
    refused(build(folder), "it was built, and does not go with its manifest", "question")
    (folder / "skill.toml").write_text(manifest % "answer")
    assert build(folder).status == 0


def test_a_project_whose_folder_has_another_name_is_built_where_its_manifest_says(build, cordon, tmp_path):
    assert cordon("new", "weather", cwd=tmp_path).status == 0
    (tmp_path / "weather").rename(tmp_path / "elsewhere")
    assert build(tmp_path / "elsewhere", "-j").json["output"] == str(tmp_path / "elsewhere/weather.wasm")
    assert build("elsewhere", cwd=tmp_path).text.endswith("run it with: cordon run ./elsewhere\n")
    assert cordon("test", tmp_path / "elsewhere").status == 0


# ---- the sandbox of its tools


def test_a_source_cannot_include_what_lies_outside_of_its_project(build, folder, tmp_path):
    secret = tmp_path / "secret.h"
    secret.write_text("#error the secret is out\n")
    write(folder, skill_c=f'#include "{secret}"\n' + SKILL)
    done = build(folder)
    refused(done, "cannot compile")
    assert "the secret is out" not in done.err
    done = build(folder, "--no-sandbox")
    refused(done, "the secret is out")


def test_a_tool_that_never_ends_is_stopped(build, folder):
    os.mkfifo(folder / "endless.h")
    write(folder, skill_c='#include "endless.h"\n' + SKILL)
    refused(build(folder, "-t", "2s"), "was stopped: it had not ended after 2 s")
    refused(build(folder, "-t", "2s", "--no-sandbox"), "was stopped after 2 s")


def test_a_source_that_would_fill_the_disk_is_stopped(build, folder):
    write(folder, skill_c="char big[600 << 20] = {1};\n" + SKILL)
    refused(build(folder), "it wrote a file of more than 512 MiB")
    assert not (folder / "skill.wasm").exists()


def test_a_time_for_its_tools_that_is_none(build, folder):
    write(folder, skill_c=SKILL)
    refused(build(folder, "-t", "0s"), "0", status=2)
    refused(build(folder, "-t", "2h"), "2h", status=2)
    refused(build(folder, "--tier", "local"), "untrusted or verified", status=2)


def test_c_has_nothing_to_fetch(build, folder):
    write(folder, skill_c=SKILL)
    done = build(folder, "--fetch", "-j")
    assert done.status == 0 and done.json["fetched"] == {"lang": "c", "packages": None, "items": [], "fresh": False}


def test_symbolic_links_in_wit_are_refused(build, folder, tmp_path):
    outside = write(tmp_path / "outside", w_wit=WORLD)
    write(folder, skill_c=ANSWER)
    (folder / "wit").symlink_to(outside)
    refused(build(folder), "wit is not a folder of its own")
    (folder / "wit").unlink()
    (folder / "wit").mkdir()
    (folder / "wit/w.wit").symlink_to(outside / "w.wit")
    refused(build(folder), "wit/w.wit is not a file of its own")
    (folder / "wit/w.wit").unlink()
    write(folder, wit__w_wit=WORLD)
    (folder / "wit/deps").symlink_to(outside)
    refused(build(folder), "wit/deps is not a folder of its own")
    (folder / "wit/deps").unlink()
    (folder / "wit/deps").mkdir()
    (folder / "wit/deps/d").symlink_to(outside)
    refused(build(folder), "wit/deps/d is not a folder of its own")


def test_special_files_are_refused_at_once(build, folder):
    os.mkfifo(folder / "skill.c")
    refused(build(folder), "skill.c is not a regular file")
    (folder / "skill.c").unlink()
    write(folder, skill_c=ANSWER)
    (folder / "wit").mkdir()
    os.mkfifo(folder / "wit/w.wit")
    refused(build(folder), "wit/w.wit is not a file of its own")
    (folder / "wit/w.wit").unlink()
    (folder / "wit/w.wit").mkdir()
    refused(build(folder), "wit/w.wit is not a file of its own")
    shutil.rmtree(folder / "wit")
    (folder / "sub.c").mkdir()
    refused(build(folder), "sub.c is not a regular file")


def test_wit_that_is_no_text(build, folder):
    write(folder, skill_c=ANSWER, wit__w_wit=WORLD)
    (folder / "wit/x.wit").write_bytes(b"\xff\xfe")
    refused(build(folder), "wit/x.wit is not UTF-8")
    (folder / "wit/x.wit").write_bytes(b"interface i {}\0")
    refused(build(folder), "Control code")


def test_outputs_that_cannot_be_written(build, folder, tmp_path):
    write(folder, skill_c=SKILL)
    refused(build(folder, "-o", tmp_path / "nowhere/x.wasm"), "nowhere/x.wasm", status=7)
    refused(build(folder, "-o", tmp_path), "is not a regular file", status=7)
    refused(build(folder, "-o", "/dev/null"), "is not a regular file", status=7)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    refused(build(folder, "-o", tmp_path / ("x" * 300)), status=7)


def test_a_place_for_temporary_files_that_is_none(cordon, folder):
    write(folder, skill_c=SKILL)
    refused(cordon("build", folder, env={"TMPDIR": "/nowhere"}), "/nowhere", status=7)
    assert cordon("build", folder, env={"TMPDIR": "relative"}).status == 0


# ---- stopped


def children_of(pid):
    return subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout.split()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_compiler_and_leaves_nothing(cordon, scratch, folder, number):
    write(folder, skill_c='#include "skill_plugin.h"\n#include "fifo.h"\n')
    os.mkfifo(folder / "fifo.h")  # the compiler waits for what is never written
    with cordon.popen("build", folder, env={"TMPDIR": str(scratch)}) as child:
        deadline = time.monotonic() + 60
        while not (any(scratch.glob("*/skill_plugin.c")) and children_of(child.pid)) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.1)
        compiler = children_of(child.pid)
        child.send_signal(number)
        child.communicate(timeout=30)
    assert child.returncode == -number
    assert compiler and not any(os.path.exists(f"/proc/{pid}") for pid in compiler)
