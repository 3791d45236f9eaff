"""Write docs/reference.md from the schema of job files: `python docs/make_reference.py` (or `make docs`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

DOCS = Path(__file__).parent
SCHEMA = DOCS.parent / "schemas" / "job.schema.json"
REFERENCE = DOCS / "reference.md"
END_MARK = "...\n"
Schema = dict[str, Any]

INTRODUCTION = """\
# Reference of the job file

Every key that a job file may have. This page is generated from `schemas/job.schema.json`, which editors read too
(`mailjobs schema` prints it); [job-file.md](job-file.md) explains. A key like `send.message` stands below the key
`send`. Examples are YAML.
"""
TYPES = {"boolean": "true or false", "integer": "a whole number", "number": "a number", "string": "text",
         "array": "a list", "object": "a mapping", "null": "nothing"}  # fmt: skip


def reference(schema: Schema) -> str:
    """The page for `schema`."""
    definitions: dict[str, Schema] = schema["definitions"]
    sections = [section("the job", schema, definitions)]
    for name, definition in definitions.items():
        if any(mappings(definition)):
            sections.append(section(heading(name), definition, definitions))
    return "\n".join([INTRODUCTION, *sections])


def heading(name: str) -> str:
    """The heading of a definition's section, which its links name."""
    return name.replace("_", " ")


def anchor(name: str) -> str:
    """What a link to a definition's section ends in."""
    return heading(name).replace(" ", "-")


def section(title: str, schema: Schema, definitions: dict[str, Schema]) -> str:
    """One heading with a table of keys."""
    lines = [f"## {title}", "", *([schema["description"], ""] if "description" in schema else [])]
    lines += ["| key | takes | default | meaning | example |", "| --- | --- | --- | --- | --- |"]
    required = schema.get("required", [])
    for key, inner in rows(schema):
        meaning = inner.get("description") or target(inner, definitions).get("description", "")
        must = " Required." if key in required else ""
        default = inner.get("default", target(inner, definitions).get("default"))
        examples = inner.get("examples") or target(inner, definitions).get("examples", [])
        cells = [f"`{key}`", takes(inner, definitions), "" if default is None else code(default), meaning + must,
                 code(examples[0]) if examples else ""]  # fmt: skip
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def mappings(schema: Schema) -> Iterator[Schema]:
    """The forms of `schema` that are mappings with known keys."""
    for form in (schema, *schema.get("anyOf", [])):
        if "properties" in form:
            yield form


def rows(schema: Schema, prefix: str = "") -> Iterator[tuple[str, Schema]]:
    """Every key of `schema`, and those below it that have no section of their own."""
    for mapping in mappings(schema):
        for key, inner in mapping["properties"].items():
            yield prefix + key, inner
            yield from rows(inner, f"{prefix}{key}.")


def target(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """The definition that `schema` is, or an empty one."""
    name = referred(schema)
    return definitions[name] if name else {}


def referred(schema: Schema) -> str:
    """The name of the definition that `schema` refers to, or ""."""
    links = [form["$ref"] for form in (schema, *schema.get("allOf", [])) if "$ref" in form]
    return links[0].rpartition("/")[2] if links else ""


def takes(schema: Schema, definitions: dict[str, Schema]) -> str:
    """What may stand as the value, in words."""
    name = referred(schema)
    if name:
        definition = definitions[name]
        if any(mappings(definition)):
            return f"[{definition.get('title', heading(name))}](#{anchor(name)})"
        return takes(definition, definitions)
    if "enum" in schema:
        return ", ".join(dict.fromkeys(f"`{value}`".lower() for value in schema["enum"]))
    if "title" in schema:
        forms = schema.get("anyOf", [])
        below = [referred(form) for form in forms if any(mappings(target(form, definitions)))]
        return f"[{schema['title']}](#{anchor(below[0])})" if below else str(schema["title"])
    if "anyOf" in schema:
        return ", or ".join(dict.fromkeys(takes(form, definitions) for form in schema["anyOf"]))
    return containing(schema, definitions)


def containing(schema: Schema, definitions: dict[str, Schema]) -> str:
    """What a plain type, a list or a mapping of names takes."""
    if isinstance(schema.get("items"), dict):
        return f"a list of: {takes(schema['items'], definitions)}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"a mapping of names, each to {takes(schema['additionalProperties'], definitions)}"
    named = schema.get("type", [])
    kinds = [named] if isinstance(named, str) else named
    return " or ".join(TYPES[kind] for kind in kinds) or "any value"


def code(value: object) -> str:
    """`value` as a line of YAML, set as code."""
    if isinstance(value, str) and "\n" in value:
        return f"`{json.dumps(value, ensure_ascii=False)}`"
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True, sort_keys=False)
    return f"`{text.removesuffix(END_MARK).strip()}`"


if __name__ == "__main__":
    REFERENCE.write_text(reference(json.loads(SCHEMA.read_text(encoding="utf-8"))), encoding="utf-8")
