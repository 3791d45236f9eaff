"""The job language's schema: found, read, and asked what may stand where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from mailjobs.job.node import JobPath

Schema = dict[str, Any]
TEMPLATE = {"$ref": "#/definitions/template"}
# The definitions with settings that may be templates.
TEMPLATED = (
    "server", "tls", "timeouts", "auth", "oauth2", "gssapi", "bind", "socket", "keepalive", "proxy", "source", "guards",
)  # fmt: skip


def schema_path(name: str = "job") -> Path:
    """The file of a schema: in an installed package `mailjobs/schemas`, in a checkout the folder beside the package."""
    package = Path(__file__).resolve().parent.parent
    file = f"{name}.schema.json"
    installed = package / "schemas" / file
    return installed if installed.exists() else package.parent / "schemas" / file


def schema_text(name: str = "job") -> str:
    """A schema as it stands in its file, to be printed."""
    return schema_path(name).read_text(encoding="utf-8")


@cache
def read_schema(name: str = "job") -> Schema:
    """A schema as plain data, for jobs whose settings are rendered. It is shared: do not change it."""
    import json

    schema: Schema = _anchored(json.loads(schema_text(name)))
    for part in TEMPLATED:
        if part in schema.get("definitions", ()):
            schema["definitions"][part] = _rendered(schema["definitions"][part])
    return schema


def _anchored(schema: Any) -> Any:
    """`schema` with patterns that end where the text does: Python's `$` would take a newline behind it."""
    if isinstance(schema, list):
        return [_anchored(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: inner if key in ("examples", "default") else _anchored(inner) for key, inner in schema.items()}
    if isinstance(made.get("pattern"), str) and made["pattern"].endswith("$"):
        made["pattern"] = made["pattern"].removesuffix("$") + r"\Z"
    return made


def _rendered(schema: Any) -> Any:
    """`schema` without the templates that editors meet: here they have become what they stand for."""
    if isinstance(schema, list):
        return [_rendered(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: inner if key in ("examples", "default") else _rendered(inner) for key, inner in schema.items()}
    if TEMPLATE in made.get("anyOf", ()):
        rest = [branch for branch in made.pop("anyOf") if branch != TEMPLATE]
        made = {**made, **rest[0]} if len(rest) == 1 else {**made, "anyOf": rest}
    return made


def variants(schema: Schema) -> Iterator[Schema]:
    """`schema`, and all that its references, `allOf` and `anyOf` lead to."""
    yield schema
    if "$ref" in schema:
        yield from variants(read_schema()["definitions"][schema["$ref"].rpartition("/")[2]])
    for inner in (*schema.get("allOf", ()), *schema.get("anyOf", ())):
        yield from variants(inner)


def at(path: JobPath) -> list[Schema]:
    """Every schema that a value at `path` may fit; none where the language has no such key."""
    found = [read_schema()]
    for step in path:
        found = [inner for schema in found for variant in variants(schema) for inner in _below(variant, step)]
    return [variant for schema in found for variant in variants(schema)]


def _below(schema: Schema, step: str | int) -> Iterator[Schema]:
    if isinstance(step, int):
        if isinstance(schema.get("items"), dict):
            yield schema["items"]
        return
    if step in schema.get("properties", ()):
        yield schema["properties"][step]
        return
    for pattern, inner in schema.get("patternProperties", {}).items():
        if re.search(pattern, step):
            yield inner
            return
    if isinstance(schema.get("additionalProperties"), dict):
        yield schema["additionalProperties"]


def kinds(path: JobPath) -> set[str]:
    """The JSON types that a value at `path` may have."""
    found: set[str] = set()
    for schema in at(path):
        named = schema.get("type", [])
        found.update([named] if isinstance(named, str) else named)
        for value in schema.get("enum", ()):
            found.add(kind_name(value))
    return found


def kind_name(value: object) -> str:
    """The JSON type of a value."""
    return TYPES[type(value)]


TYPES: dict[type, str] = {
    bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null",
    list: "array", dict: "object",
}  # fmt: skip


def example(path: JobPath) -> Any:
    """A value that fits at `path`, for where the real one is not known."""
    return next((schema["examples"][0] for schema in at(path) if schema.get("examples")), None)


def keys(path: JobPath) -> list[str]:
    """The keys that a mapping at `path` may have, in the order of the schema."""
    return list(dict.fromkeys(key for schema in at(path) for key in schema.get("properties", ())))


def is_secret(path: JobPath) -> bool:
    """Whether what stands at `path`, or above it, is a secret (`writeOnly` in the schema)."""
    return any(schema.get("writeOnly") for length in range(1, len(path) + 1) for schema in at(path[:length]))
