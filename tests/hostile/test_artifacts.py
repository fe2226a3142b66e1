# SPDX-License-Identifier: Apache-2.0
"""Hostile files: damaged, gigantic, of the wrong kind, with features that are off, with imports that are not offered or of another type, with too many of
everything. Each is refused with the reason, and none takes its host along."""

import os
import random
from pathlib import Path

import pytest
from hostile_ground import FINE, HERE, IS_SANITIZED, PATIENCE_S, component

ANSWER = bytes.fromhex("".join((
    "0061736d 0d000100",                                    # a component:
    "012d 0061736d 01000000 0105016000017f 03020100",       # (core module $m
    "07050101660000 0a06010400412a0b 0009046e616d650002016d",  # (func (export "f") (result i32) (i32.const 42)))
    "0204 01000000",                                        # (core instance $i (instantiate $m))
    "0705 0140000079 0607 01000001000166 0806 010000000000",  # (func (result u32) (canon lift (core func $i "f")))
    "0b0c 010006616e73776572010000",                        # (export "answer" ...)
)))


def refused(e, *ids, words=""):
    assert e.outcome == "not-started" and e.id in ids and words in e.message, e.json
    return e


# ---- damaged ----

def test_the_small_component_is_whole(made):
    assert made(ANSWER).output == 42


@pytest.mark.parametrize("length", range(len(ANSWER)))
def test_each_part_of_a_component_is_refused(made, length):
    refused(made(ANSWER[:length]), "bad-artifact", "not-a-component", "no-such-export")


def test_components_with_bits_flipped(made):
    rng = random.Random(1)
    for n in range(150):
        damaged = bytearray(ANSWER)
        for _ in range(rng.choice((1, 1, 2, 4))):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        made(bytes(damaged), "-t", "300ms", name=f"flipped-{n}")


@pytest.mark.parametrize("head", [b"", b"\0asm", b"\0asm\1\0\0\0", b"\0asm\x0d\0\1\0"])
def test_random_bytes(made, head):
    rng = random.Random(2)
    for n in range(20):
        refused(made(head + rng.randbytes(rng.choice((1, 10, 1000, 100_000)))), "bad-artifact", "not-a-component")


@pytest.mark.parametrize("content", [b"", b"\0", b"\0asm", b"\n\n", b"\xef\xbb\xbf", b"(component \xff)", b"(component", b"(component \"\\ff\")", b"\x1b[2J", b"{}",
                                     b"#!/bin/sh\n", b"\x7fELF" + bytes(100), b"PK\3\4", b"\x1f\x8b\x08"])
def test_what_is_no_webassembly(made, content):
    refused(made(content), "bad-artifact")


def test_precompiled_code_is_never_run(cordon, made):
    made(ANSWER)
    kept = [path for path in Path(cordon.env["XDG_CACHE_HOME"]).rglob("*") if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]
    assert kept
    for content in (kept[0].read_bytes(), b"\x7fELF" + bytes(100)):
        refused(made(content), "bad-artifact", words="precompiled")


@pytest.mark.parametrize("size, ids", [(65 << 20, ("too-large",)), (5 << 20, ("bad-artifact", "too-large")), (1 << 40, ("too-large",))])
def test_giant_files(end, tmp_path, size, ids):
    path = tmp_path / "giant.wasm"
    for head in (b"", ANSWER[:8], b"\0asm\1\0\0\0"):
        with open(path, "wb") as f:
            f.write(head)
            f.truncate(size)
        e = refused(end(str(path)), *ids)
        assert e.seconds < PATIENCE_S / 2


def test_a_giant_text(made):
    refused(made("(component" + " " * (5 << 20) + ")"), "too-large", words="4194304")


def test_sections_that_lie_about_their_length(made):
    for length in (b"\xff\xff\xff\xff\x0f", b"\xff\xff\xff\x7f", b"\x80\x80\x80\x80\x80\x80", b"\x7f"):
        for section in range(13):
            refused(made(ANSWER[:8] + bytes([section]) + length + b"\xff\xff\xff\xff\x0f" * 4), "bad-artifact")


# ---- too many, too deep, too long ----

def nested(n):
    return "(component " * n + ")" * n


def test_a_thousand_nested_components(made):
    refused(made(nested(1001)), "bad-artifact", words="nesting too deep")
    # what the text format would not take, as bytes
    inner = ANSWER[:8]
    for _ in range(1000):
        length, size = len(inner), b""
        while length >= 0x80:
            size, length = size + bytes([length & 0x7f | 0x80]), length >> 7
        inner = ANSWER[:8] + b"\4" + size + bytes([length]) + inner
    refused(made(inner), "no-such-export", "bad-artifact", "compile-limit")


MANY = {
    "core module instances": (128, '(core module $m) ', "(core instance (instantiate $m)) ", 127),
    "memories": (8, "(core module $m (memory 1)) ", "(core instance (instantiate $m)) ", 8),
    "tables": (16, "(core module $m (table 1 funcref)) ", "(core instance (instantiate $m)) ", 16),
}


@pytest.mark.parametrize("what", MANY)
def test_too_many_of_what_a_sandbox_has(made, what):
    ceiling, module, instance, fits = MANY[what]
    assert made(component(module, instance * fits)).outcome == "ok"
    e = refused(made(component(module, instance * (fits + 1))), "too-large", words=str(ceiling))
    assert e.status == 6


def test_instances_of_instances_are_counted(made):
    inner = "(component $c (core module $m)" + "(core instance (instantiate $m))" * 100 + ")"
    refused(made(component(inner, "(instance (instantiate $c))" * 100)), "too-large", words="10001")


@pytest.mark.parametrize("text, words", [
    ("(type $t (record (field \"a\" u32))) " + "".join(f'(export "t{i}" (type $t))' for i in range(20_000)), "2000"),
    ("(type $t (record (field \"a\" u32))) (instance $x " + "".join(f'(export "t{i}" (type $t))' for i in range(20_000)) + ') (export "a:b/c" (instance $x))', "2000"),
    ('(import "boternity:skill/host" (instance ' + "".join(f'(export "t{i}" (type (sub resource)))' for i in range(1_000)) + "))", "256"),
    ('(import "a:b/c" (instance (type $t u32)' + "".join(f'(export "t{i}" (type (eq $t)))' for i in range(20_000)) + "))", "2000"),
    ("".join(f'(import "a:b/c{j}" (instance (type $t u32)' + "".join(f'(export "t{i}" (type (eq $t)))' for i in range(100)) + "))" for j in range(30)), "2000"),
    ("".join(f'(import "t{i}" (type (sub resource)))' for i in range(20_000)), "1000"),
    ("".join(f'(func (export "f{i}") (canon lift (core func $f0 "f")))' for i in range(2_500)), "2000"),
    ("".join(f'(func (export "f{i}") (canon lift (core func $f0 "f")))' for i in range(1_500)), "1000"),
], ids=["types", "types of an interface", "things of the host", "imported types", "imported interfaces of types", "imports", "functions", "fewer functions"])
def test_too_many_exports_and_imports(made, text, words):
    before = '(core module $m0 (func (export "f"))) (core instance $f0 (instantiate $m0))'
    assert refused(made(component(before, text)), "too-large", words=words).seconds < PATIENCE_S / 2


def test_types_that_are_large_cost_little(made):
    fields = "".join(f'(field "{"a" * 200}{i}" u32)' for i in range(4000))
    body = '(core module $m (memory (export "m") 1) (func (export "f") (result i32) (i32.const 0))) (core instance $i (instantiate $m))'
    exports = "".join(f'(func (export "g{i}") (result $r) (canon lift (core func $i "f") (memory (core memory $i "m"))))' for i in range(100))
    large = component(f'(type $r0 (record {fields})) (export $r "r" (type $r0))', body, exports)
    e = refused(made(large, "g7"), "not-callable", words="512")
    assert e.seconds < PATIENCE_S / 2
    small = "".join(f'(field "f{i}" u32)' for i in range(500))
    e = made(component(f'(type $r0 (record {small})) (export $r "r" (type $r0))', body, exports), "f")
    assert e.outcome == "ok" and e.seconds < PATIENCE_S / 2


@pytest.mark.parametrize("depth", [31, 40, 90, 150])
def test_types_that_are_deep(made, depth):
    types = "(type $t0 (list u8))" + "".join(f"(type $t{i} (option $t{i - 1}))" for i in range(1, depth))
    body = '(core module $m (memory (export "m") 1) (func (export "f") (result i32) (i32.const 0))) (core instance $i (instantiate $m))'
    e = made(component(types, body, f'(func (export "g") (result $t{depth - 1}) (canon lift (core func $i "f") (memory (core memory $i "m"))))'), "g")
    assert e.outcome == "ok" if depth < 32 else e.id in ("not-callable", "bad-artifact")


def test_types_that_double_themselves(made):
    types = "(type $t0 (tuple u8 u8))" + "".join(f"(type $t{i} (tuple $t{i - 1} $t{i - 1}))" for i in range(1, 40))
    refused(made(component(types)), "bad-artifact", words="type size")


NAMES = {
    "an export": (f'(func (export "{"a" * 100_000}") (canon lift (core func $f0 "f")))', "f", "too-large"),
    "a parameter": (f'(func (export "g") (param "{"a" * 100_000}" u32) (canon lift (core func $f0 "g")))', "g", "not-callable"),
    "an import": (f'(import "{"a" * 90_000}" (func))', "f", "too-large"),
    "a long import": (f'(import "a:b/{"c" * 100_000}@0.2.0" (instance))', "f", "bad-artifact"),
    "a host function": (f'(import "boternity:skill/host" (instance (export "{"a" * 90_000}" (func))))', "f", "unknown-import"),
    "an export of the core": (f'(core module (func (export "{"b" * 90_000}")))', "f", None),
    "a long export of the core": (f'(core module (func (export "{"b" * 200_000}")))', "f", "bad-artifact"),
}


@pytest.mark.parametrize("what", NAMES)
def test_names_of_100_kb(made, what):
    text, export, id = NAMES[what]
    before = '(core module $m0 (func (export "f")) (func (export "g") (param i32))) (core instance $f0 (instantiate $m0))'
    e = made(component(before, text), export)
    if id:
        assert len(refused(e, id).message) < 2000
    else:
        assert e.outcome == "ok"


def test_function_names_of_100_kb_are_cut_in_backtraces(made):
    name = "n" * 90_000
    e = made(f'(component (core module $m (func $"{name}" (export "f") unreachable)) (core instance $i (instantiate $m)) (func (export "f") (canon lift (core func $i "f"))))')
    assert e.trap == "unreachable code reached" and e.frames[0].startswith("nnn") and len(e.frames[0]) <= 140


# ---- too costly to compile ----

def costly(loops, locals_):
    """A short function whose compilation takes the product of the two."""
    body = "".join(f"(local.set {i} (local.get {(i + 1) % locals_}))" for i in range(locals_))
    code = "(local i32)" * locals_ + "(loop " * loops + body + "(br_if 0 (local.get 0)))" * loops
    return f'(component (core module $m (func (export "f") {code})) (core instance $i (instantiate $m)) (func (export "f") (canon lift (core func $i "f"))))'


def test_what_costs_the_compiler_too_much_is_refused_and_remembered(made, tmp_path):
    (tmp_path / "config.toml").write_text('[compile]\ncpu = "1s"\nwall = "10s"\n')
    (tmp_path / "config.toml").chmod(0o600)
    words = ["--config", str(tmp_path / "config.toml")]
    e = refused(made(costly(300, 4000), None, *words), "compile-limit", words="1 s of CPU")
    assert e.status == 6 and e.seconds < PATIENCE_S
    again = refused(made(costly(300, 4000), None, *words), "compile-limit")
    assert again.message == e.message and again.seconds < 1
    if not IS_SANITIZED:  # what bounds memory is the address space, which a sanitizer takes much of
        (tmp_path / "config.toml").write_text('[compile]\nmemory = "64MiB"\n')
        refused(made(costly(300, 4000), None, *words), "compile-limit", words="64 MiB")
    assert made(ANSWER, None, *words).outcome == "ok"


# ---- features that are off ----

OFF = {
    "SIMD": "(func (result v128) (v128.const i32x4 0 0 0 0))",
    "SIMD (relaxed)": "(func (param v128 v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 1)))",
    "64-bit memories": "(memory i64 1)",
    "64-bit memories (table)": "(table i64 1 funcref)",
    "several memories": "(memory 1) (memory 1)",
    "threads": "(memory 1 1 shared)",
    "garbage collection": "(type (struct (field i32)))",
    "garbage-collected references": "(func (param externref))",
    "exceptions": "(tag) (func (throw 0))",
    "typed function references": "(type $t (func)) (func (param (ref $t)) (call_ref $t (local.get 0)))",
    "custom page sizes": "(memory 1 (pagesize 1))",
    "wide arithmetic": "(func (param i64 i64 i64 i64) (result i64 i64) (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))",
    "stack switching": "(type $f (func)) (type $c (cont $f))",
}
ASYNC = {
    "asynchronous": '(func (export "g") async (canon lift (core func $f0 "f")))',
    "asynchronous (lift)": '(func (export "g") async (canon lift (core func $f0 "r") async (callback (core func $f0 "cb"))))',
    "asynchronous (future)": "(type $t (future u32)) (core func (canon future.new $t))",
    "asynchronous (stream)": '(func (export "g") (param "s" (stream u8)) (canon lift (core func $f0 "i")))',
    "error contexts": '(func (export "g") (param "s" error-context) (canon lift (core func $f0 "i")))',
    "component values": '(import "v" (value string))',
}


@pytest.mark.parametrize("feature", OFF)
def test_features_that_are_off_are_refused_by_name(made, feature):
    refused(made(component(f"(core module {OFF[feature]})")), "unsupported-feature", words=feature.split(" (")[0])


@pytest.mark.parametrize("feature", ASYNC)
def test_asynchronous_components_are_refused_by_name(made, feature):
    before = ('(core module $m0 (func (export "f")) (func (export "i") (param i32)) (func (export "r") (result i32) (i32.const 0)) '
              '(func (export "cb") (param i32 i32 i32) (result i32) (i32.const 0))) (core instance $f0 (instantiate $m0))')
    refused(made(component(before, ASYNC[feature])), "unsupported-feature", words=feature.split(" (")[0])


# ---- imports ----

HOST = {
    "get-context": ((), '(record (field "bot-name" string) (field "bot-slug" string) (field "skill-name" string) (field "invocation-id" string))'),
    "log": ((("level", "string"), ("message", "string")), None),
    "recall-memory": ((("query", "string"), ("limit", "u32")), "(list string)"),
    "http-get": ((("url", "string"),), "(result string (error string))"),
    "http-post": ((("url", "string"), ("body", "string")), "(result string (error string))"),
    "read-file": ((("path", "string"),), "(result string (error string))"),
    "write-file": ((("path", "string"), ("content", "string")), "(result (error string))"),
    "get-secret": ((("name", "string"),), "(result string (error string))"),
    "read-env": ((("name", "string"),), "(result string (error string))"),
}
OTHER_TYPES = ["bool", "u8", "s32", "u64", "f64", "char", "(list u8)", "(list string)", "(option string)", "(tuple string)", "(result string)", '(record (field "a" string))',
               '(variant (case "a" string))', '(enum "a")', '(flags "a")']
NAMED = ("(record", "(variant", "(enum", "(flags")


def importing(name, params, result):
    """A component that imports that function of the host with these types."""
    types, count = [], 0

    def use(text):
        nonlocal count
        if not text.startswith(NAMED):
            return text
        count += 1
        types.append(f'(type $a{count} {text}) (export "t{count}" (type $t{count} (eq $a{count})))')
        return f"$t{count}"

    shown = "".join(f'(param "{n}" {use(t)})' for n, t in params) + (f"(result {use(result)})" if result else "")
    return component(f'(import "boternity:skill/host" (instance {" ".join(types)} (export "{name}" (func {shown}))))')


def wrong_signatures(name):
    params, result = HOST[name]
    for i, (called, right) in enumerate(params):
        for other in OTHER_TYPES + (["string"] if right != "string" else ["u32"]):
            yield params[:i] + ((called, other),) + params[i + 1:], result
        yield params[:i] + params[i + 1:], result
        yield params[:i] + ((called + "x", right),) + params[i + 1:], result
    yield params + (("more", "string"),), result
    yield tuple(reversed(params)) if len(params) > 1 else (("other", "u64"),), result
    for other in OTHER_TYPES + ["string", "u32"]:
        yield params, other
    yield params, (None if result else "string")


@pytest.mark.parametrize("name", HOST)
def test_host_functions_of_the_right_type_are_linked(made, name):
    assert made(importing(name, *HOST[name]), "f").outcome == "ok"


@pytest.mark.parametrize("name", HOST)
def test_host_functions_of_any_other_type_are_refused(made, name):
    seen = 0
    for n, (params, result) in enumerate(wrong_signatures(name)):
        if (params, result) == HOST[name]:
            continue
        e = refused(made(importing(name, params, result), "f", name=f"wrong-{n}"), "bad-import-type", words=name)
        assert e.status == 6
        seen += 1
    assert seen >= 17


@pytest.mark.parametrize("text, id", [
    ('(import "boternity:skill/host" (func))', "bad-import-type"),
    ('(import "boternity:skill/host" (instance (export "log" (instance))))', "bad-import-type"),
    ('(import "boternity:skill/host" (instance (export "r" (type (sub resource)))))', "bad-import-type"),
    ('(import "boternity:skill/host" (instance (export "exec" (func))))', "unknown-import"),
    ('(import "boternity:skill/host@1.0.0" (instance (export "f" (func))))', "unknown-import"),
    ('(import "boternity:skill/hosts" (instance (export "f" (func))))', "unknown-import"),
    ('(import "log" (func (param "level" string) (param "message" string)))', "unknown-import"),
    ('(import "m" (core module))', "unknown-import"),
    ('(import "m" (component))', "bad-artifact"),
    ('(import "wasi:random/random@0.2.0" (instance (export "get-random-bytes" (func (param "len" u32) (result (list u8))))))', "bad-import-type"),
    ('(import "wasi:random/random@0.2.0" (instance (export "get-random-nothing" (func))))', "unknown-import"),
    ('(import "wasi:random/random@0.3.0" (instance (export "f" (func))))', "unknown-import"),
    ('(import "wasi:nn/graph@0.2.0" (instance (export "f" (func))))', "unknown-import"),
    ('(import "wasi:cli/run@0.2.0" (instance (export "run" (func (result (result))))))', "unknown-import"),
])
def test_imports_that_are_not_offered_are_refused_by_name(made, text, id):
    refused(made(component(text)), id)


EXECUTE = ["(param \"input\" u64) (result (result string (error string)))", "(param \"input\" string) (result string)", "(param \"input\" string)",
           "(param \"text\" string) (result (result string (error string)))", "(param \"input\" string) (param \"more\" string) (result (result string (error string)))",
           "(result (result string (error string)))", "(param \"input\" (list u8)) (result (result string (error string)))",
           "(param \"input\" string) (result (result string (error u32)))", "(param \"input\" string) (result (result (list u8) (error string)))"]


@pytest.mark.parametrize("ty", EXECUTE)
def test_a_skill_whose_execute_has_another_type_is_refused(made, ty):
    flat = {"u64": "i64", "string": "i32 i32", "(list u8)": "i32 i32"}
    params = " ".join(flat[p.split('"')[2].strip(" )") + (")" if "list" in p else "")] for p in ty.split("(param")[1:] for p in [p.split("(result")[0]])
    result = "(result i32)" if "(result" in ty else ""
    core = (f'(core module $m (memory (export "m") 1) (func (export "r") (param i32 i32 i32 i32) (result i32) unreachable) '
            f'(func (export "e") (param {params}) {result} unreachable)) (core instance $i (instantiate $m))')
    lift = f'(func (export "execute") {ty} (canon lift (core func $i "e") (memory (core memory $i "m")) (realloc (core func $i "r"))))'
    skill = '(import "boternity:skill/host" (instance (export "log" (func (param "level" string) (param "message" string)))))'
    refused(made(f"(component {skill} {core} {lift})"), "bad-import-type", words="execute")


# ---- core modules ----

@pytest.mark.parametrize("text, ids", [
    ("(module)", ("not-a-component",)),
    ('(module (func (export "_start") (param i32)))', ("not-a-component",)),
    ('(module (global (export "_start") i32 (i32.const 0)))', ("not-a-component",)),
    ('(module (import "env" "exec" (func)) (func (export "_start")))', ("not-a-component",)),
    ('(module (import "wasi_snapshot_preview1" "no_such" (func)) (func (export "_start")))', ("not-a-component",)),
    ('(module (import "wasi_snapshot_preview1" "fd_write" (func (param i64))) (func (export "_start")))', ("not-a-component",)),
    ('(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32))) (func (export "_start") (drop (call 0 (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 0)))))',
     ("not-a-component",)),
    ('(module (import "wasi_snapshot_preview1" "proc_exit" (global i32)) (func (export "_start")))', ("not-a-component",)),
    ('(module (import "blufio" "log" (func (param i32 i32 i32))) (func (export "run")) (func (export "_start")))', ("bad-artifact",)),
    ('(module (memory (export "memory") 1) (func (export "cabi_realloc")) (func (export "_start")))', ("not-a-component",)),
])
def test_core_modules_that_are_no_commands(made, text, ids):
    e = made(text)
    assert e.id in ids or e.outcome == "ok"


def test_a_core_module_with_absurd_metadata(made):
    for name in ("component-type:x", "component-type", "producers", "name", "dylink.0", "package-docs"):
        for data in ("", "\\ff\\ff\\ff\\ff\\0f", "\\00" * 100, "\\01{", "\\01" + "[" * 10000):
            e = made(f'(module (memory (export "memory") 1) (func (export "_start")) (@custom "{name}" "{data}"))')
            assert e.outcome == "ok" or e.id in ("bad-artifact", "not-a-component", "compile-limit")


# ---- targets ----

def test_remembered_refusals_are_the_same(made):
    text = component('(import "wasi:nothing/here@0.2.0" (instance (export "f" (func))))')
    assert made(text).message == made(text).message
    assert made("(component (junk))").message == made("(component (junk))").message
