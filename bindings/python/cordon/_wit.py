# SPDX-License-Identifier: Apache-2.0
"""The type of a host function, "func(x: u32) -> result<u32, string>", as the schemas that _values reads by.

The library has taken the text when it comes here, so it is well-formed.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

Schema = dict[str, Any]

_TOKEN = re.compile(r"->|[%\w-]+|[(){}<>,:]")
_TEXT = {"type": "string"}
_INTEGER = {"type": "integer"}
_PRIMITIVES: dict[str, Schema] = {
    "bool": {"type": "boolean"}, "string": _TEXT, "char": _TEXT, "u8": _INTEGER, "u16": _INTEGER, "u32": _INTEGER, "s8": _INTEGER,
    "s16": _INTEGER, "s32": _INTEGER, "u64": {"type": ["integer", "string"]}, "s64": {"type": ["integer", "string"]},
    "f32": {"anyOf": [{"type": "number"}, _TEXT]}, "f64": {"anyOf": [{"type": "number"}, _TEXT]}, "_": {"type": "null"},
}


class Signature(NamedTuple):
    """`answers`: is there a value in an answer that is no err?"""

    parameters: dict[str, Schema]
    answers: bool


def signature(text: str) -> Signature:
    tokens = _Tokens(_TOKEN.findall(text))
    tokens.take("func")
    parameters = tokens.fields("(", ")")
    if not tokens.skip("->"):
        return Signature(parameters, False)
    if not tokens.skip("result"):
        return Signature(parameters, True)
    return Signature(parameters, tokens.skip("<") and not tokens.skip("_"))


class _Tokens:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]

    def skip(self, token: str) -> bool:
        found = self._tokens[self._at:self._at + 1] == [token]
        self._at += found
        return found

    def take(self, token: str) -> None:
        if not self.skip(token):
            raise ValueError(f"not the type of a function: {' '.join(self._tokens)}")

    def name(self) -> str:
        return self.next().lstrip("%")

    def fields(self, begin: str, end: str) -> dict[str, Schema]:
        """`name: type`, again and again."""
        found = {}
        self.take(begin)
        while not self.skip(end):
            name = self.name()
            self.take(":")
            found[name] = self.type()
            self.skip(",")
        return found

    def arguments(self) -> list[Schema]:
        """`<type, type>`, or nothing."""
        found = []
        if self.skip("<"):
            while not self.skip(">"):
                found.append(self.type())
                self.skip(",")
        return found

    def cases(self) -> list[Schema]:
        """Of a variant: `name(type)` or `name`."""
        found = []
        self.take("{")
        while not self.skip("}"):
            name, case = self.name(), dict(_TEXT)
            if self.skip("("):
                case = _single(name, self.type())
                self.take(")")
            found.append(case)
            self.skip(",")
        return found

    def names(self) -> None:
        self.take("{")
        while not self.skip("}"):
            self.next()

    def type(self) -> Schema:
        kind = self.next()
        if kind == "record":
            return {"type": "object", "properties": self.fields("{", "}")}
        if kind == "variant":
            return {"oneOf": self.cases()}
        if kind in ("enum", "flags"):
            self.names()
            return _TEXT if kind == "enum" else {"type": "array", "items": _TEXT}
        if kind == "tuple":
            return {"prefixItems": self.arguments()}
        if kind == "list":
            return self.list()
        if kind == "option":
            (some,) = self.arguments()
            return {"anyOf": [_single("some", some) if _is_option(some) else some, {"type": "null"}]}
        if kind == "result":
            ok, err = (*self.arguments(), _PRIMITIVES["_"], _PRIMITIVES["_"])[:2]
            return {"oneOf": [_single("ok", ok), _single("err", err)]}
        return _PRIMITIVES[kind]

    def list(self) -> Schema:
        is_bytes = self._tokens[self._at + 1] == "u8"
        (element,) = self.arguments()
        return {"type": "string", "contentEncoding": "base64"} if is_bytes else {"type": "array", "items": element}


def _single(name: str, schema: Schema) -> Schema:
    return {"type": "object", "properties": {name: schema}}


def _is_option(schema: Schema) -> bool:
    return "anyOf" in schema and schema["anyOf"][1]["type"] == "null"
