# SPDX-License-Identifier: Apache-2.0
"""cordon install: from every kind of source to an installed skill; what does not fit is refused and leaves nothing."""

import gzip
import hashlib
import io
import os
import signal
import subprocess
import tarfile
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import ROOT, is_sanitized
from skills import bundle_digest, code, md_skill, toml_skill


@pytest.fixture
def home(cordon, tmp_path):
    cordon.env["CORDON_HOME"] = str(tmp_path / "home")
    yield tmp_path
    del cordon.env["CORDON_HOME"]


def left(home, name):
    folder = home / "home" / name
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def plan(cordon, source, *words):
    done = cordon("install", source, "--dry-run", "-j", *words)
    assert done.status == 0, done.json
    return done.json


def pack_tar(folder, path, gz=True):
    with tarfile.open(path, "w:gz" if gz else "w") as tar:
        tar.add(folder, folder.name)
    return path


def pack_zip(folder, path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for file in folder.rglob("*"):
            z.write(file, f"{folder.name}/{file.relative_to(folder)}")
    return path


# ---- sources ----


def test_a_file(cordon, home):
    code(home, "echo", "echo.wasm")
    done = cordon("install", home / "echo.wasm")
    assert done.status == 0 and done.text == "installed echo 0.0.0 (untrusted)\n"
    assert cordon("run", "echo", "hi").text == "hi"


def test_a_folder_with_a_manifest(cordon, home):
    done = cordon("install", toml_skill(home / "s"))
    assert done.status == 0 and done.text == "installed weather 1.0.0 (untrusted)\n"
    assert cordon("run", "weather", "hi").text == "hi"


def test_a_folder_without_one(cordon, home):
    folder = home / "echo"
    folder.mkdir()
    code(folder, "echo", "echo.wasm")
    assert cordon("install", folder).text == "installed echo 0.0.0 (untrusted)\n"


def test_the_working_directory(cordon, home):
    assert cordon("install", ".", cwd=toml_skill(home / "s")).status == 0
    assert plan(cordon, home / "s")["unchanged"]


@pytest.mark.parametrize("pack, name", [(pack_tar, "s.tar.gz"), (lambda f, p: pack_tar(f, p, gz=False), "s.tar"), (pack_zip, "s.zip")])
def test_an_archive_is_the_folder_that_was_packed(cordon, home, pack, name):
    skill = toml_skill(home / "s")
    done = cordon("install", pack(skill, home / name), "-j")
    assert done.status == 0 and done.json["digest"] == f"sha256:{bundle_digest(skill).hex()}"
    assert cordon("run", "weather", "hi").text == "hi"


def test_the_digest_is_of_every_file_with_path_mode_and_length(cordon, home):
    skill = toml_skill(home / "s")
    (skill / "scripts").mkdir()
    (skill / "scripts/tool.sh").write_text("#!/bin/sh\n")
    (skill / "scripts/tool.sh").chmod(0o755)
    assert plan(cordon, skill)["digest"] == f"sha256:{bundle_digest(skill).hex()}"


def test_a_digest_that_is_asked_for_holds_or_nothing_is_installed(cordon, home):
    skill = toml_skill(home / "s")
    digest = plan(cordon, skill)["digest"]
    assert cordon("install", skill, "--digest", f"sha256:{'0' * 64}").status == 3
    assert cordon("install", skill, "--digest", "sha256:0").status == 2
    assert cordon("install", skill, "--digest", digest).status == 0


class Files(BaseHTTPRequestHandler):
    def do_GET(self):
        data = self.server.files.get(self.path.partition("?")[0])
        self.send_response(200 if data is not None else 404)
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()
        self.wfile.write(data or b"")
        self.server.asked += 1

    def log_message(self, *args):
        pass


@pytest.fixture
def server(home):
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as made:
        made.daemon_threads = True
        made.asked = 0
        archive = pack_tar(toml_skill(home / "s"), home / "s.tar.gz").read_bytes()
        made.files = {"/weather.tar.gz": archive, "/echo.wasm": (ROOT / "tests/fixtures/echo.wat").read_bytes()}
        made.sha256 = hashlib.sha256(archive).hexdigest()
        threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
        made.url = f"http://localhost:{made.server_port}"
        yield made
        made.shutdown()


def test_a_url(cordon, home, server):
    done = cordon("install", f"{server.url}/weather.tar.gz")
    assert done.status == 0 and done.text == "installed weather 1.0.0 (untrusted)\n"
    assert server.asked == 1, "what is shown is what is installed: it is fetched once"
    assert cordon("run", "weather", "hi").text == "hi"
    assert cordon("install", f"{server.url}/echo.wasm").text == "installed echo 0.0.0 (untrusted)\n"


def test_a_url_with_a_digest(cordon, home, server):
    done = cordon("install", f"{server.url}/weather.tar.gz#sha256={'0' * 64}")
    assert done.status == 3 and not left(home, "store")
    assert cordon("install", f"{server.url}/weather.tar.gz#sha256={server.sha256}").status == 0


def test_a_url_that_is_not_there(cordon, home, server):
    done = cordon("install", f"{server.url}/nothing.wasm", "-j")
    assert done.status == 7 and done.json["error"]["id"] == "fetch-failed" and "404" in done.json["error"]["message"]


def test_an_update_fetches_the_same_url(cordon, home, server):
    assert cordon("install", f"{server.url}/weather.tar.gz").status == 0
    assert cordon("update", "weather", "-j").json["updates"][0]["plan"]["unchanged"]
    server.files["/weather.tar.gz"] = pack_tar(toml_skill(home / "s", version="1.1.0"), home / "t.tar.gz").read_bytes()
    assert cordon("update", "weather").text == "installed weather 1.1.0 (untrusted)\n"


def test_the_query_of_a_url_is_not_shown(cordon, home, server):
    done = cordon("install", f"{server.url}/weather.tar.gz?token=hidden", "-j", "--dry-run")
    assert done.json["source"] == f"{server.url}/weather.tar.gz" and "hidden" not in done.json["source"]


def test_no_message_shows_the_query_of_a_url(cordon, home, server):
    bad = toml_skill(home / "bad")
    (bad / "skill.toml").write_text("[skill]\nname = 3\n")
    (home / "none").mkdir()
    (home / "none/readme.txt").write_text("nothing")
    server.files.update({"/bad.tar.gz": b"\x1f\x8bnothing", "/bad.toml.tar.gz": pack_tar(bad, home / "b.tar.gz").read_bytes(),
                         "/none.tar.gz": pack_tar(home / "none", home / "n.tar.gz").read_bytes(), "/bad.wasm": b"\0asm\x0d\0\1\0garbage"})
    assert cordon("install", f"{server.url}/weather.tar.gz?token=hidden").status == 0
    for name in ("bad.tar.gz", "bad.toml.tar.gz", "none.tar.gz", "bad.wasm", "not-there"):
        done = cordon("install", f"{server.url}/{name}?token=hidden", "-j")
        error = done.json["error"]
        assert done.status != 0 and "hidden" not in done.err
        assert "hidden" not in error["message"] + str(error["subject"]) + "".join(error["causes"]), error
    error = cordon("install", toml_skill(home / "t"), "-j").json["error"]
    assert error["id"] == "conflict" and "/weather.tar.gz" in error["message"] and "hidden" not in str(error)
    server.files.clear()
    assert "hidden" not in str(cordon("update", "weather", "-j").json["updates"][0]["error"])
    for words in (["list", "-j"], ["inspect", "weather", "-j"], ["verify", "weather", "-j"], ["audit", "-j"]):
        assert "hidden" not in cordon(*words).text, words


@pytest.mark.parametrize("source", ["ftp://x.example/a", "https://me:pw@x.example/a", "https://x.example/a#sha256=1", "oci://", "file:///etc"])
def test_what_is_no_source_is_a_usage_error(cordon, home, source):
    done = cordon("install", source)
    assert done.status == 2 and "pw" not in done.err


def test_what_is_not_there(cordon, home):
    done = cordon("install", home / "nothing")
    assert done.status == 6 and "there is nothing at" in done.err
    (home / "empty").mkdir()
    done = cordon("install", home / "empty")
    assert done.status == 6
    os.mkfifo(home / "fifo")
    assert cordon("install", home / "fifo").status == 6


# ---- the one step that provides what runs ----


def test_given_code_is_validated_before_anything_is_installed(cordon, home):
    skill = toml_skill(home / "s", wat=None)
    (skill / "skill.wasm").write_bytes(b"\0asm\x0d\0\1\0garbage")
    done = cordon("install", skill)
    assert done.status == 6 and not left(home, "store") and not left(home, "staging")


def test_a_component_that_cannot_run_is_refused_with_the_reason(cordon, home):
    done = cordon("install", toml_skill(home / "s", wat="unknown-import"))
    assert done.status == 6 and "import" in done.err


C_SKILL = (ROOT / "examples/hello/skill.c").read_text()
needs_clang = pytest.mark.skipif(not os.path.exists("/usr/bin/clang-14"), reason="no clang-14")


@needs_clang
def test_a_project_of_this_user_is_built(cordon, home):
    skill = toml_skill(home / "s", wat=None)
    (skill / "skill.c").write_text(C_SKILL)
    assert plan(cordon, skill)["built"]
    assert cordon("install", skill).status == 0
    assert "you" in cordon("run", "weather", "you").text
    assert not (skill / "skill.wasm").exists(), "the project itself is left alone"


@needs_clang
def test_source_of_others_is_built_only_with_build(cordon, home):
    skill = toml_skill(home / "s", wat=None)
    (skill / "skill.c").write_text(C_SKILL)
    archive = pack_tar(skill, home / "s.tar.gz")
    p = plan(cordon, archive)
    assert p["kind"] == "stub" and not p["built"] and any("was not built (--build does it" in w for w in p["warnings"])
    p = plan(cordon, archive, "--build")
    assert p["built"] and p["kind"] == "component"


@needs_clang
def test_a_folder_that_others_can_write_is_not_built(cordon, home):
    skill = toml_skill(home / "s", wat=None)
    (skill / "skill.c").write_text(C_SKILL)
    skill.chmod(0o777)
    assert plan(cordon, skill)["kind"] == "stub"


@needs_clang
@pytest.mark.parametrize("what", ["src/part.h", "src", "skill.c"])
def test_a_project_is_not_this_users_alone_where_others_can_write_anything_in_it(cordon, home, what):
    skill = toml_skill(home / "s", wat=None)
    (skill / "src").mkdir()
    (skill / "src/part.h").write_text("/* nothing */\n")
    (skill / "skill.c").write_text(C_SKILL)
    assert plan(cordon, skill)["built"]
    (skill / what).chmod(0o777 if (skill / what).is_dir() else 0o666)
    assert plan(cordon, skill)["kind"] == "stub"
    done = cordon("install", skill, "--tier", "local")
    assert done.status == 3 and "others can write it" in done.err


@needs_clang
@pytest.mark.parametrize("line", ['#include "{path}"', '__asm__(".incbin \\"{path}\\"");', '#include "../../../../../../../../{path}"'])
def test_a_build_reads_no_file_outside(cordon, home, line):
    (home / "private.h").write_text("int leaked_marker_1234 = 1;\n")
    skill = toml_skill(home / "s", wat=None)
    (skill / "skill.c").write_text(line.format(path=home / "private.h") + "\n" + C_SKILL)
    done = cordon("install", skill, "--build")
    assert done.status == 6 and "leaked_marker" not in done.err and not left(home, "store")


@needs_clang
def test_a_build_follows_no_link_out(cordon, home):
    (home / "private.h").write_text("int leaked_marker_1234 = 1;\n")
    skill = toml_skill(home / "s", wat=None)
    (skill / "skill.c").write_text('#include "link.h"\n' + C_SKILL)
    (skill / "link.h").symlink_to(home / "private.h")
    assert cordon("install", skill, "--build").status == 6


def test_without_code_there_is_a_stub_and_it_says_so(cordon, home):
    done = cordon("install", md_skill(home / "s", body="Write a haiku."))
    assert done.status == 0 and "a stub stands in its place" in done.err
    assert cordon("run", "haiku", "x").text.strip() == "Write a haiku."


def test_a_stub_that_came_along_is_taken_and_real_bytes_replace_it(cordon, home):
    skill = md_skill(home / "s")
    (skill / "skill.wasm").write_text('{"boternity_wasm_stub": true, "version": 1, "body": "from the stub"}')
    assert plan(cordon, skill)["kind"] == "stub" and cordon("install", skill).status == 0
    assert cordon("run", "haiku", "x").text.strip() == "from the stub"
    md_skill(skill, version="1.1.0", wat="echo")
    assert cordon("install", skill, "--yes").status == 0
    assert cordon("run", "haiku", "hi").text == "hi"


def test_a_prompt_skill_runs_no_code(cordon, home):
    assert plan(cordon, md_skill(home / "s", kind="prompt"))["kind"] == "prompt"
    assert cordon("install", home / "s").status == 0
    assert cordon("run", "haiku", "x").text.strip() == "Write a haiku."


def test_a_script_is_a_script_only_if_it_is_local(cordon, home):
    skill = md_skill(home / "s", meta="  capabilities: [exec_command]\n")
    (skill / "scripts").mkdir()
    (skill / "scripts/run.sh").write_text("cat\n")
    p = plan(cordon, skill)
    assert p["kind"] == "stub" and any("--tier local" in w for w in p["warnings"])
    p = plan(cordon, skill, "--tier", "local")
    assert p["kind"] == "script" and p["tier"] == "local" and [ask["grant"] for ask in p["asks"]] == ["exec"]
    done = cordon("install", skill, "--tier", "local", "--allow", "exec", "-j")
    assert done.status == 0 and done.json["granted"] == ["exec"]


def test_a_script_without_exec_command_is_none(cordon, home):
    skill = md_skill(home / "s")
    (skill / "scripts").mkdir()
    (skill / "scripts/run.sh").write_text("cat\n")
    assert plan(cordon, skill, "--tier", "local")["kind"] == "stub"


# ---- names ----


@pytest.mark.parametrize("name", ["../x", ".", "..", "a/b", "x" * 300, "wеather", "we\u200bather", "-x", "a b", "", "con\u0000"])
def test_a_name_that_is_none(cordon, home, name):
    skill = toml_skill(home / "s", name=name.replace("\0", "\\u0000"))
    done = cordon("install", skill)
    assert done.status in (2, 6) and not left(home, "store") and not left(home, "staging")
    if "\0" not in name:
        assert cordon("install", toml_skill(home / "t"), "--as", name).status == 2


def test_a_name_in_capitals_is_made_small(cordon, home):
    assert cordon("install", toml_skill(home / "s", name="WeaTher")).text == "installed weather 1.0.0 (untrusted)\n"


def test_a_file_with_an_odd_name_wants_another(cordon, home):
    code(home, "echo", "---.wasm")
    done = cordon("install", home / "---.wasm")
    assert done.status == 2 and "--as NAME" in done.err
    assert cordon("install", home / "---.wasm", "--as", "echo").status == 0


def test_a_mixture_of_manifests_that_disagrees_is_refused(cordon, home):
    skill = toml_skill(home / "s", name="one")
    md_skill(skill, name="two")
    assert cordon("install", skill).status == 6


# ---- archives of strangers ----


def archive_of(home, entries):
    path = home / "evil.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, data, kind in entries:
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, len(data)
            if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                info.linkname, info.size = data.decode(), 0
                data = b""
            tar.addfile(info, io.BytesIO(data))
    return path


MANIFEST = b'[skill]\nname = "weather"\nversion = "1.0.0"\ndescription = "d"\n'


@pytest.mark.parametrize(
    "entries",
    [
        [("../../evil", b"x", tarfile.REGTYPE)],
        [("/tmp/evil", b"x", tarfile.REGTYPE)],
        [("a", b"/etc/passwd", tarfile.SYMTYPE)],
        [("a", b"skill.toml", tarfile.LNKTYPE)],
        [("a", b"x", tarfile.REGTYPE), ("A", b"y", tarfile.REGTYPE)],
        [("a", b"x", tarfile.REGTYPE), ("a", b"y", tarfile.REGTYPE)],
        [("dev", b"", tarfile.CHRTYPE)],
    ],
    ids=["traversal", "absolute", "link", "hard link", "case", "twice", "device"],
)
def test_an_archive_that_reaches_out_is_refused_and_leaves_nothing(cordon, home, entries):
    done = cordon("install", archive_of(home, [("skill.toml", MANIFEST, tarfile.REGTYPE), *entries]))
    assert done.status == 6 and not left(home, "store") and not left(home, "staging") and not os.path.exists("/tmp/evil")


def test_a_bomb_is_refused(cordon, home):
    path = home / "bomb.tar.gz"
    with gzip.open(path, "wb", compresslevel=9) as f, tarfile.open(fileobj=f, mode="w|") as tar:
        info = tarfile.TarInfo("zeros")
        info.size = 64 << 20
        tar.addfile(info, io.BytesIO(bytes(64 << 20)))
    assert cordon("install", path).status == 6 and not left(home, "staging")


# ---- many at once, and killed ----


def test_two_installs_at_once(cordon, home):
    skills = [toml_skill(home / f"s{n}", name=f"skill-{n}") for n in range(6)]
    children = [cordon.popen("install", skill) for skill in skills for _ in range(2)]
    ends = [(child.communicate(timeout=120), child.returncode) for child in children]
    assert all(code in (0, 2) for _, code in ends), ends
    for n in range(6):
        assert cordon("run", f"skill-{n}", "hi").text == "hi"
    assert not left(home, "staging") and len(left(home, "store")) == 6


def test_what_is_killed_leaves_the_registry_as_before_or_after(cordon, home):
    old = toml_skill(home / "s", version="1.0.0")
    assert cordon("install", old).status == 0
    toml_skill(old, version="1.1.0", wat="cat")
    seen = set()
    for n in range(24):
        child = cordon.popen("install", old, "--yes")
        time.sleep(n * (0.02 if is_sanitized(cordon) else 0.004))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        version = next(row["version"] for row in cordon("list", "-j").json["skills"])
        assert version in ("1.0.0", "1.1.0")
        seen.add(version)
        assert cordon("verify", "weather").status == 0
    assert cordon("install", old, "--yes").status == 0
    assert not left(home, "staging") and len(left(home, "store")) == 2


def test_a_disk_that_is_full_leaves_what_was(cordon, home):
    skill = toml_skill(home / "s")
    assert cordon("install", skill).status == 0
    toml_skill(skill, version="1.1.0", wat="cat")
    (skill / "large.bin").write_bytes(os.urandom(1 << 20))
    for blocks in (0, 8, 64, 256, 1024):
        done = subprocess.run(["sh", "-c", f'ulimit -f {blocks}; trap "" XFSZ; exec "$0" install "$1" --yes', cordon.path, skill], env=cordon.env, capture_output=True, check=False)
        assert done.returncode != 0 and not done.stdout.startswith(b"installed"), done
        assert cordon("run", "weather", "hi").text == "hi"
    assert cordon("install", skill, "--yes").status == 0 and not left(home, "staging")
