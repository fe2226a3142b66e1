# SPDX-License-Identifier: Apache-2.0
"""Settings files: where they are taken from, what they change, who may have written them."""

import os
import subprocess

import pytest
from conftest import Done, is_sanitized

MAKERS = [["run", "x"], ["inspect"], ["tools"], ["bench", "x", "-n", "1"]]


@pytest.fixture
def config(tmp_path):
    """config(text) is the path of a settings file with that text."""
    def write(text):
        path = tmp_path / "config.toml"
        path.write_text(text)
        path.chmod(0o600)
        return str(path)
    return write


def with_words(words, path, target):
    return [words[0], target, *words[1:], "--config", path]


def values(cordon, *words, **options):
    done = cordon("doctor", "-j", *words, **options)
    return {row["key"]: row for row in done.json["settings"]["values"]}


# ---- which file ----

def test_doctor_says_where_settings_were_looked_for(cordon):
    files = cordon("doctor", "-j").json["settings"]["files"]
    assert [row["path"] for row in files] == ["/etc/cordon/config.toml", f"{cordon.env['HOME']}/.config/cordon/config.toml"]
    text = cordon("doctor").text
    assert all(row["path"] in text for row in files)


def test_the_places_and_which_goes_first(cordon, tmp_path):
    places = {}
    for name, wall in (("home", 11), ("xdg/cordon", 12), ("dot/.config/cordon", 13)):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        places[name] = folder / "config.toml"
        places[name].write_text(f"[compile]\nwall = {wall}\n")
    given = tmp_path / "given.toml"
    given.write_text("[compile]\nwall = 10\n")

    env = {"CORDON_HOME": str(tmp_path / "home"), "XDG_CONFIG_HOME": str(tmp_path / "xdg"), "HOME": str(tmp_path / "dot")}
    found = []
    for words, variables in ((["--config", given], env), ([], env), ([], {**env, "CORDON_HOME": ""}), ([], {"HOME": env["HOME"]})):
        row = values(cordon, *words, env=variables)["compile.wall"]
        found.append((row["value"], row["from"], row["line"]))
    assert found == [("10s", str(given), 2), ("11s", str(places["home"]), 2), ("12s", str(places["xdg/cordon"]), 2),
                     ("13s", str(places["dot/.config/cordon"]), 2)]


def test_nothing_is_read_from_the_working_directory(cordon, wat, tmp_path):
    for name in ("config.toml", "cordon.toml", "cordon/config.toml", ".config/cordon/config.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("this is no setting\n")
    assert cordon("run", wat("echo"), "hi", cwd=tmp_path).out == b"hi"
    assert cordon("run", wat("echo"), "hi", cwd=tmp_path, env={"XDG_CONFIG_HOME": ".config"}).out == b"hi"
    done = cordon("run", wat("echo"), "hi", cwd=tmp_path, env={"CORDON_HOME": "."})
    assert done.status == 7 and "CORDON_HOME" in done.err and done.out == b""


@pytest.mark.parametrize("words", MAKERS, ids=lambda words: words[0])
def test_a_file_that_was_named_must_be_there(cordon, wat, tmp_path, words):
    done = cordon(*with_words(words, str(tmp_path / "none.toml"), wat("echo")))
    assert done.status == 7 and "there is no settings file" in done.err and done.out == b""


# ---- what is in it ----

@pytest.mark.parametrize("words", MAKERS, ids=lambda words: words[0])
def test_a_mistake_ends_the_command_before_anything_runs(cordon, wat, config, words):
    path = config("[tiers.untrusted.default]\nfeul = \"1G\"\n")
    done = cordon(*with_words(words, path, wat("echo")))
    assert done.status == 2 and done.out == b""
    assert f"{path}:2:1: there is no key `feul` in [tiers.untrusted.default]; did you mean fuel" in done.err
    assert "log-lines" in done.err  # the keys there are


def test_a_mistake_as_json(cordon, wat, config):
    error = cordon("run", wat("echo"), "hi", "--config", config("[cache]\nmax = 3\n"), "-j").json["error"]
    assert error["id"] == "bad-config" and error["category"] == "usage" and error["subject"] == "cache.max"
    assert ":2:7: " in error["message"] and "16MiB" in error["hint"]
    done = cordon("doctor", "--config", config("[cache]\nmax = 3\n"))
    assert done.status == 2 and "cache.max" in done.err


@pytest.mark.parametrize("section", ["serve", "mcp"])
def test_a_key_that_this_version_does_not_know_is_an_error(cordon, wat, config, section):
    done = cordon("run", wat("echo"), "hi", "--config", config(f"[{section}]\n"))
    assert done.status == 2 and f"no key `{section}`" in done.err


def test_a_hostile_file_does_no_harm_to_the_terminal(cordon, wat, config):
    done = cordon("run", wat("echo"), "hi", "--config", config('"\\u001b[31m\\u202e" = 1\n'))
    assert done.status == 2 and "\x1b" not in done.err and "\u202e" not in done.err


# ---- what it changes ----

def test_defaults_bound_a_call(cordon, wat, config):
    path = config('[tiers.untrusted]\ndefault = { fuel = "1M", memory = "2MiB" }\n')
    assert cordon("run", wat("echo"), "hi", "--config", path).out == b"hi"
    found = cordon("run", wat("spin"), "x", "--config", path, "-j").json
    assert found["outcome"] == "out-of-fuel" and found["limits"]["fuel"] == 1_000_000 and found["limits"]["memory_bytes"] == 2 << 20
    assert "in the settings" in found["error"]["message"]
    assert cordon("run", wat("spin"), "x", "--config", path, "--fuel", "2M", "-j").json["limits"]["fuel"] == 2_000_000


def test_inspect_says_that_a_limit_is_from_the_settings(cordon, wat, config):
    limits = cordon("inspect", wat("echo"), "-j", "--config", config('[tiers.untrusted]\ndefault.fuel = "1M"\nceiling.fuel = "3M"\n')).json["limits"]
    assert limits["fuel"]["value"] == 1_000_000 and limits["fuel"]["ceiling"] == 3_000_000 and "settings" in limits["fuel"]["origin"]
    assert "settings" not in limits["memory"]["origin"]


def test_a_ceiling_bounds_flags_both_ways(cordon, wat, config):
    path = config('[tiers.untrusted.ceiling]\nfuel = "200G"\nmemory = "32MiB"\n')
    assert cordon("run", wat("echo"), "hi", "--config", path, "--fuel", "150G").out == b"hi"
    done = cordon("run", wat("echo"), "hi", "--config", path, "--fuel", "201G")
    assert done.status == 2 and "200 G" in done.err
    done = cordon("run", wat("echo"), "hi", "--config", path, "-m", "64MiB")
    assert done.status == 2 and "32 MiB" in done.err
    assert cordon("run", wat("echo"), "hi", "--config", path, "-j").json["limits"]["memory_bytes"] == 32 << 20


def test_a_ceiling_below_what_a_skill_needs_is_an_outcome(cordon, wat, config):
    found = cordon("run", wat("echo"), "hi", "--config", config('[tiers.untrusted.ceiling]\nmemory = "1k"\n'), "-j").json
    assert found["outcome"] == "out-of-memory"


def test_a_ceiling_bounds_the_input(cordon, wat, config):
    path = config("[tiers.untrusted.ceiling]\ninput = 3\n")
    assert cordon("run", wat("echo"), "abc", "--config", path).out == b"abc"
    assert cordon("run", wat("echo"), "abcd", "--config", path).status == 6
    assert cordon("run", wat("echo"), "-", "--config", path, input=b"abcd").status == 6


@pytest.mark.parametrize("flags, works", [(["--fuel", "5M"], True), (["--fuel", "10M"], True), (["--fuel", "11M"], False), (["-m", "65MiB"], False),
                                          (["-t", "11s"], False), (["-t", "1s"], True)])
def test_flags_may_be_forbidden_to_raise(cordon, wat, config, flags, works):
    path = config('[tiers.untrusted.default]\nfuel = "10M"\n[policy]\nflags = false\n')
    done = cordon("run", wat("echo"), "hi", "--config", path, *flags)
    assert (done.status == 0) == works
    assert works or ("flags raise nothing" in done.err and done.status == 2)


def test_bench_advises_only_what_may_be_given(cordon, wat, config):
    path = config('[policy]\nflags = false\n[tiers.untrusted.default]\nmemory = "192KiB"\n')
    assert cordon("bench", wat("echo"), "hi", "-n", "5", "--config", path, "-j").json["suggested"]["memory"] == "192KiB"


@pytest.mark.parametrize("highest, tier, status", [(None, "verified", 3), ("untrusted", "verified", 3), ("verified", "verified", 0), ("local", "verified", 0),
                                                   ("local", "local", 3), ("verified", "untrusted", 0), ("untrusted", "untrusted", 0)])
def test_the_highest_tier_is_the_settings_to_say(cordon, wat, config, highest, tier, status):
    path = config(f'[policy]\nhighest_tier = "{highest}"\n' if highest else "")
    done = cordon("run", wat("echo"), "hi", "--config", path, "--tier", tier, "-j")
    assert done.status == status
    assert done.json["tier"] == tier if status == 0 else done.json["error"]["id"] == "tier-refused"
    assert cordon("inspect", wat("echo"), "--config", path, "--tier", tier).status == status


def test_what_is_refused_in_one_tier_may_run_in_another(cordon, wat, config):
    path = config('[policy]\nhighest_tier = "verified"\n')
    assert cordon("inspect", wat("simd"), "--config", path).status == 6
    assert cordon("inspect", wat("simd"), "--config", path, "--tier", "verified").status == 0


def test_the_bounds_of_a_compilation(cordon, config, tmp_path):
    if is_sanitized(cordon):
        pytest.skip("a sanitizer needs terabytes of address space, so there is no bound of it")
    big = tmp_path / "big.wat"
    big.write_text("(component (core module " + "".join(
        "(func " + "(local i64)" * 1000 + "(loop " * 200 + ")" * 200 + ")" for _ in range(20)) + "))")
    done = cordon("inspect", str(big), "--config", config("[compile]\nmemory = \"64MiB\"\n"))
    assert done.status == 6 and "64 MiB" in done.err


def test_the_cache_is_kept_within_its_size(cordon, tmp_path, config):
    path = config('[cache]\nmax = "16MiB"\n')
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    code = tmp_path / "cache/cordon/code-v1"

    def run(n):
        skill = tmp_path / f"s{n}.wat"
        skill.write_text(f'(component (core module $m (memory (export "memory") 1) (data (i32.const 0) "{n}"))(core instance (instantiate $m)))')
        assert cordon("inspect", str(skill), "--config", path, env=env).status == 0
    run(0)
    (first,) = [entry for entry in code.glob("??/*")]
    stale = first.with_name("0" * 64)
    with open(stale, "wb") as f:
        f.write(b"x" * (17 << 20))
    os.utime(stale, (1, 1))
    run(0)
    assert stale.exists()  # a load from the cache does not look
    run(1)
    assert not stale.exists() and first.exists()


# ---- who may have written it ----

def test_a_file_that_others_can_write_is_refused(cordon, wat, config):
    path = config("[cache]\n")
    os.chmod(path, 0o666)
    done = cordon("run", wat("echo"), "hi", "--config", path)
    assert done.status == 7 and done.out == b"" and f"chmod go-w {path}" in done.err
    subprocess.run(f"chmod go-w {path}", shell=True, check=True)
    assert cordon("run", wat("echo"), "hi", "--config", path).out == b"hi"


def test_a_folder_that_others_can_write_is_refused(cordon, wat, config, tmp_path):
    path = config("[cache]\n")
    tmp_path.chmod(0o777)
    done = cordon("run", wat("echo"), "hi", "--config", path)
    assert done.status == 7 and done.out == b"" and f"chmod go-w {tmp_path}" in done.err


def test_a_fifo_is_refused_at_once(cordon, wat, tmp_path):
    os.mkfifo(tmp_path / "config.toml")
    done = cordon("run", wat("echo"), "hi", env={"CORDON_HOME": str(tmp_path)})
    assert done.status == 7 and "not a regular file" in done.err


# ---- the system's file ----

@pytest.fixture
def with_system(cordon, tmp_path):
    """with_system(text)(words...) runs the command where /etc/cordon/config.toml has that text."""
    etc = tmp_path / "etc"
    into = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc && exec "$@"', str(etc)]
    (etc / "cordon").mkdir(parents=True)
    if os.geteuid() != 0 or subprocess.run([*into, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("only root can put another /etc in place, in a namespace of its own")

    def write(text, mode=0o644):
        (etc / "cordon/config.toml").write_text(text)
        (etc / "cordon/config.toml").chmod(mode)

        def run(*words, env=None):
            done = subprocess.run([*into, cordon.path, *words], env={**cordon.env, **(env or {})}, stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=120, check=False)
            return Done(done.returncode, done.stdout, done.stderr.decode(errors="replace"))
        return run
    return write


def test_the_user_narrows_what_the_system_sets(with_system, wat, config):
    run = with_system('[tiers.untrusted.ceiling]\nmemory = "128MiB"\nfuel = "50G"\n[policy]\nhighest_tier = "untrusted"\n')
    path = config('[tiers.untrusted]\nceiling = { memory = "1GiB", fuel = "20G" }\ndefault.memory = "512MiB"\n[policy]\nhighest_tier = "verified"\n')
    assert run("run", wat("echo"), "hi", "--config", path, "-m", "129MiB").status == 2
    assert run("run", wat("echo"), "hi", "--config", path, "--fuel", "21G").status == 2
    assert run("run", wat("echo"), "hi", "--config", path, "--fuel", "20G", "-m", "128MiB").out == b"hi"
    done = run("run", wat("echo"), "hi", "--config", path, "--tier", "verified")
    assert done.status == 3 and "/etc/cordon/config.toml" in done.err
    found = {row["key"]: row for row in run("doctor", "-j", "--config", path).json["settings"]["values"]}
    assert found["tiers.untrusted.ceiling.memory"] == {"key": "tiers.untrusted.ceiling.memory", "value": "128MiB", "from": "/etc/cordon/config.toml", "line": 2}
    assert found["tiers.untrusted.default.memory"]["value"] == "128MiB" and found["tiers.untrusted.ceiling.fuel"]["from"] == path
    assert found["tiers.untrusted.default.fuel"]["from"] == "shipped"


def test_neither_flags_nor_the_users_file_raise_what_the_system_fixed(with_system, wat, config):
    run = with_system('[policy]\nflags = false\n[tiers.untrusted.default]\nfuel = "1G"\n')
    path = config('[policy]\nflags = true\n[tiers.untrusted.default]\nfuel = "2G"\nmemory = "32MiB"\n')
    limits = run("run", wat("echo"), "hi", "--config", path, "-j").json["limits"]
    assert limits["fuel"] == 1_000_000_000 and limits["memory_bytes"] == 32 << 20
    assert run("run", wat("echo"), "hi", "--config", path, "--fuel", "1001M").status == 2


def test_a_systems_file_that_is_not_roots_alone_stops_everything(with_system, wat):
    for mode in (0o666, 0o664):
        done = with_system("[cache]\n", mode)("run", wat("echo"), "hi")
        assert done.status == 7 and "chmod go-w /etc/cordon/config.toml" in done.err and done.out == b""
    done = with_system("nonsense\n")("run", wat("echo"), "hi")
    assert done.status == 2 and "/etc/cordon/config.toml:1:" in done.err and done.out == b""


# ---- local scripts ----

def test_doctor_says_whether_local_scripts_run(cordon, config):
    def scripts(path):
        return next(row for row in cordon("doctor", "-j", "--config", path).json["checks"] if row["name"] == "scripts")
    if os.geteuid() == 0:
        refused = scripts(config(""))
        assert refused["status"] == "warn" and "root" in refused["detail"] and "[scripts]" in refused["hint"]
    allowed = scripts(config('[scripts]\nroot = true\nlandlock = "optional"\n'))
    assert allowed["status"] == "ok" and allowed["detail"].endswith("/cordon-supervisor")
    rows = values(cordon, "--config", config('[scripts]\nlandlock = "optional"\n'))
    assert (rows["scripts.landlock"]["value"], rows["scripts.root"]["value"]) == ("optional", "false")
