# SPDX-License-Identifier: Apache-2.0
"""Numbers, structures and prototypes that the binding repeats are those of the public headers, and its names are those of the tables."""

import ctypes
import re
import subprocess
from ctypes import POINTER

import pytest
from conftest import BINDING, ROOT

from cordon import _errors, _library, _limits

INCLUDE = ROOT / "include"
HEADERS = {path.name: re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL) for path in (INCLUDE / "cordon").glob("*.h")}
ENUMS = {"CORDON_USAGE_": _library.USAGE, "CORDON_OUTPUT_": _library.OUTPUT_KINDS, "CORDON_TOOLS_": _library.TOOL_FORMATS,
         "CORDON_FUNCTION_": _library.FUNCTION_PLACES}
STRUCTS = {"cordon_host_stats": _library.HostStats, "cordon_function_call": _library.FunctionCall, "cordon_question": _library.Question}
TYPES = {"void": None, "bool": ctypes.c_bool, "int": ctypes.c_int, "unsigned": ctypes.c_uint, "size_t": ctypes.c_size_t, "uint64_t": ctypes.c_uint64,
         "char *": ctypes.c_char_p, "void *": ctypes.c_void_p, "char **": POINTER(ctypes.c_char_p), "size_t *": POINTER(ctypes.c_size_t),
         "uint64_t *": POINTER(ctypes.c_uint64), "cordon_done_fn *": _library.DONE, "cordon_function_fn *": _library.FUNCTION,
         "cordon_ask_fn *": _library.ASK, "struct cordon_question *": POINTER(_library.Question),
         "struct cordon_function_call *": POINTER(_library.FunctionCall), "struct cordon_host_stats *": POINTER(_library.HostStats)}


def declarations():
    found = {}
    for text in HEADERS.values():
        text = re.sub(r"__attribute__\s*\(\(.*?\)\)\)?", "", text)
        for result, name, arguments in re.findall(r"CORDON_API\s+([^;()]*?)(cordon_\w+)\s*\(([^;]*)\)\s*;", text):
            found[name] = (result, [] if arguments.strip() == "void" else arguments.split(","))
    return found


DECLARED = declarations()


def ctype(text, named):
    """The type of a parameter (`const char *name`) or a result, as the binding is to have it."""
    const = "const" in text
    text = re.sub(r"\bconst\b", "", " ".join(text.split()))
    if named:
        text = re.sub(r"\w+$", "", text.strip())
    words = " ".join(re.sub(r"\s*(\*+)\s*", r" \1", text).split())
    if words == "char **" and not const:
        return POINTER(ctypes.c_void_p)  # to be freed, so it stays a pointer
    if words == "char *" and not named and not const:
        return ctypes.c_void_p
    if words == "void *" and named and const:
        return ctypes.c_char_p  # bytes that are read
    if words.startswith("enum "):
        return POINTER(ctypes.c_int) if words.endswith("*") else ctypes.c_int
    if words in TYPES:
        return TYPES[words]
    assert re.fullmatch(r"cordon_\w+ \*\*?", words), words
    return POINTER(ctypes.c_void_p) if words.endswith("**") else ctypes.c_void_p


@pytest.mark.parametrize("name", _library.PROTOTYPES)
def test_a_prototype_is_that_of_the_header(name):
    result, arguments = DECLARED[name]
    bound_result, bound_arguments = _library.PROTOTYPES[name]
    wanted = ctypes.c_void_p if name == "cordon_outcome_output" else ctype(result, named=False)  # may hold a NUL
    assert bound_result is wanted
    assert list(bound_arguments) == [ctype(argument, named=True) for argument in arguments]


@pytest.mark.parametrize("name, header, bound", [("cordon_done_fn", "call.h", _library.DONE), ("cordon_function_fn", "function.h", _library.FUNCTION),
                                                 ("cordon_ask_fn", "call.h", _library.ASK)])
def test_a_callback_is_that_of_the_header(name, header, bound):
    result, arguments = re.search(rf"typedef (\w+) {name}\((.*?)\);", HEADERS[header]).groups()
    assert result == "void" and [ctype(argument, named=True) for argument in arguments.split(",")] == list(bound._argtypes_)


def test_numbers_and_structures_are_those_of_the_compiler(tmp_path):
    expressions = {prefix + name: number for prefix, names in ENUMS.items() for number, name in enumerate(names)}
    expressions["CORDON_USAGE_COUNT"] = len(_library.USAGE)
    for name, struct in STRUCTS.items():
        expressions[f"sizeof(struct {name})"] = ctypes.sizeof(struct)
        for field, _ in struct._fields_:
            expressions[f"offsetof(struct {name}, {field})"] = getattr(struct, field).offset
            expressions[f"sizeof(((struct {name} *)0)->{field})"] = getattr(struct, field).size
    checks = "".join(f'_Static_assert(({expression}) == {number}, "{expression}");\n' for expression, number in expressions.items())
    done = subprocess.run(["gcc", "-std=c11", "-fsyntax-only", f"-I{INCLUDE}", "-xc", "-"], input=f"#include <cordon/cordon.h>\n{checks}", capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("prefix", ENUMS)
def test_an_enum_has_no_names_that_are_missing_here(prefix):
    body = next(body for text in HEADERS.values() for body in re.findall(r"enum \w+ \{(.*?)\}", text, re.DOTALL) if prefix in body)
    assert tuple(name for name in re.findall(rf"\b{prefix}(\w+)", body) if name != "COUNT") == ENUMS[prefix]


def test_every_outcome_but_ok_has_an_exception():
    names = re.findall(r'^ +X\(\w+, "([^"]+)", \d+\)', (INCLUDE / "cordon/outcome.h").read_text(), re.MULTILINE)
    assert set(_errors.BY_OUTCOME) == set(names) - {"ok"}
    readme = (BINDING / "README.md").read_text()
    for name, exception in _errors.BY_OUTCOME.items():
        assert f"| `{name}` | `cordon.{exception.__name__}` |" in readme


def test_the_limits_are_those_of_the_table():
    body = re.search(r"enum cordon_limit \{(.*?)\}", HEADERS["limits.h"], re.DOTALL)[1]
    assert len(_limits.numbers()) == body.count("CORDON_LIMIT_") - 1
    readme = (BINDING / "README.md").read_text()
    assert all(f"`{name}`" in readme for name in _limits.numbers())


def test_the_version_is_that_of_the_project():
    version = re.search(r"version: '([^']+)'", (ROOT / "meson.build").read_text())[1]
    assert f'\nversion = "{version}"\n' in (BINDING / "pyproject.toml").read_text()
