# SPDX-License-Identifier: Apache-2.0
"""Python values to the JSON of docs/reference.md ("Values"), and back by the schema of a result."""

from __future__ import annotations

import base64
import json
import math
from typing import Any, Callable, Mapping, Sequence, Union

Reader = Callable[[Any], Any]
Arguments = Union[Mapping[str, Any], Sequence[Any]]

_INT64 = 2**63


def to_json(arguments: Arguments) -> bytes:
    """An object by parameter name, or an array in order."""
    if isinstance(arguments, (str, bytes)) or not isinstance(arguments, (Mapping, Sequence)):
        raise TypeError(f"arguments are a dict by name or a list in order, not {type(arguments).__name__}")
    return dumps(arguments)


def dumps(value: Any) -> bytes:
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def octets(value: str | bytes | bytearray | memoryview, what: str) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"{what} is bytes or a str, not {type(value).__name__}")


def parameter(name: str) -> str:
    """A WIT name has hyphens where a Python name has underscores; a trailing one is for a name that Python keeps: `from_`."""
    return name.rstrip("_").replace("_", "-")


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return int(value) if -_INT64 <= value < _INT64 else str(int(value))
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else "NaN" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, Mapping):
        return {_key(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, (list, tuple)) or isinstance(value, Sequence):
        return [_plain(part) for part in value]
    if isinstance(value, (set, frozenset)):
        return sorted(_plain(part) for part in value)
    raise TypeError(f"a skill takes no {type(value).__name__}")


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"the name of a field is a str, not {type(key).__name__}")
    return key


# ---- back: a reader for each schema, None where JSON's own value is the answer ----


def result_reader(export: Mapping[str, Any]) -> Reader | None:
    """For what an ok call of this export answers; `export` as describe() has it."""
    schema = export["result"]
    if _is_result(export):
        return _field(schema["oneOf"][0], "ok")  # the call's own result: its error is an outcome
    return reader(schema) if schema and _type(export) else None


def error_reader(export: Mapping[str, Any]) -> Reader | None:
    """For the value of an err."""
    return _field(export["result"]["oneOf"][1], "err") if _is_result(export) else None


def _type(export: Mapping[str, Any]) -> str:
    """Of the result. Empty where the whole type is too long to be shown: then JSON's own values have to do."""
    return (export["type"] or "").rpartition(") -> ")[2] if (export["type"] or "").startswith("func(") else ""


def _is_result(export: Mapping[str, Any]) -> bool:
    """A variant with the cases `ok` and `err` has the same schema, and is none."""
    return export["result"] is not None and _type(export).startswith("result")


def _field(schema: Mapping[str, Any], name: str) -> Reader | None:
    return reader(schema["properties"][name])


def reader(schema: Mapping[str, Any]) -> Reader | None:
    if "anyOf" in schema:
        some, other = schema["anyOf"]
        if other["type"] != "null":
            return float
        return _reads_option(reader(some))
    if "oneOf" in schema:
        return _reads_one_of(schema["oneOf"])
    if "prefixItems" in schema:
        return _reads_tuple([reader(part) for part in schema["prefixItems"]])
    if isinstance(schema["type"], list):
        return int  # 64 bits: a string where JSON's number would lose digits
    if schema.get("contentEncoding") == "base64":
        return base64.b64decode
    if schema["type"] == "array":
        return _reads_list(reader(schema["items"]))
    if schema["type"] == "object":
        return _reads_fields({name: reader(part) for name, part in schema["properties"].items()})
    return None


def _reads_option(some: Reader | None) -> Reader | None:
    return some and (lambda value: None if value is None else some(value))


def _reads_list(element: Reader | None) -> Reader | None:
    return element and (lambda value: [element(part) for part in value])


def _reads_tuple(elements: list[Reader | None]) -> Reader:
    return lambda value: tuple(part if read is None else read(part) for read, part in zip(elements, value))


def _reads_fields(fields: dict[str, Reader | None]) -> Reader | None:
    special = {name: read for name, read in fields.items() if read}
    if not special:
        return None
    return lambda value: {name: special[name](part) if name in special else part for name, part in value.items()}


def _reads_one_of(cases: list[Mapping[str, Any]]) -> Reader | None:
    """A case without a payload is its bare name."""
    payloads: dict[str, Reader | None] = {}
    for case in cases:
        for name, part in case.get("properties", {}).items():
            payloads[name] = reader(part)
    fields = _reads_fields(payloads)
    return fields and (lambda value: value if isinstance(value, str) else fields(value))
