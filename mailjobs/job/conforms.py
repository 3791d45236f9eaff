"""A quick yes: whether a value fits the schema, without the validator that could say why not.

jsonschema takes longer to import than a good job takes to be read, so it is asked only to explain a no. This knows
the keywords of draft-07 that the schema has; whatever else there may be is a no, and so goes to jsonschema.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mailjobs.job.schema import Schema, kind_name, read_schema

WORDS_ONLY = {"$schema", "$id", "$comment", "title", "description", "default", "examples", "writeOnly", "definitions"}


def conforms(value: Any, schema: Schema) -> bool:
    """Whether `value` is sure to fit."""
    if "$ref" in schema:  # in draft-07 whatever stands beside a reference is ignored
        return conforms(value, read_schema()["definitions"][schema["$ref"].rpartition("/")[2]])
    return all(
        keyword in WORDS_ONLY or (keyword in RULES and RULES[keyword](value, wanted, schema))
        for keyword, wanted in schema.items()
    )


def _type(value: Any, wanted: Any, schema: Schema) -> bool:
    kinds = (wanted,) if isinstance(wanted, str) else wanted
    kind = kind_name(value)
    return kind in kinds or (kind == "integer" and "number" in kinds)


def _enum(value: Any, wanted: Any, schema: Schema) -> bool:
    return any(type(value) is type(one) and value == one for one in wanted)


def _minimum(value: Any, wanted: Any, schema: Schema) -> bool:
    return kind_name(value) not in ("integer", "number") or value >= wanted


def _maximum(value: Any, wanted: Any, schema: Schema) -> bool:
    return kind_name(value) not in ("integer", "number") or value <= wanted


def _pattern(value: Any, wanted: Any, schema: Schema) -> bool:
    return not isinstance(value, str) or re.search(wanted, value) is not None


def _properties(value: Any, wanted: Any, schema: Schema) -> bool:
    return not isinstance(value, dict) or all(
        conforms(inner, wanted[key]) for key, inner in value.items() if key in wanted
    )


def _pattern_properties(value: Any, wanted: Any, schema: Schema) -> bool:
    return not isinstance(value, dict) or all(
        conforms(inner, one)
        for key, inner in value.items()
        for pattern, one in wanted.items()
        if re.search(pattern, key)
    )


def _additional(value: Any, wanted: Any, schema: Schema) -> bool:
    if not isinstance(value, dict):
        return True
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    others = [key for key in value if key not in known and not any(re.search(one, key) for one in patterns)]
    return not others if wanted is False else all(conforms(value[key], wanted) for key in others)


def _items(value: Any, wanted: Any, schema: Schema) -> bool:
    return not isinstance(value, list) or all(conforms(inner, wanted) for inner in value)


def _unique(value: Any, wanted: Any, schema: Schema) -> bool:
    return not isinstance(value, list) or (
        all(isinstance(inner, str) for inner in value) and len(set(value)) == len(value)
    )


def _one_of(value: Any, wanted: Any, schema: Schema) -> bool:
    """Only for branches that are sure both ways: an unsure no would make one yes of two."""
    sure = all(branch.keys() == {"required"} for branch in wanted)
    return sure and sum(conforms(value, branch) for branch in wanted) == 1


RULES: dict[str, Callable[[Any, Any, Schema], bool]] = {
    "type": _type,
    "enum": _enum,
    "minimum": _minimum,
    "maximum": _maximum,
    "minLength": lambda value, wanted, schema: not isinstance(value, str) or len(value) >= wanted,
    "maxLength": lambda value, wanted, schema: not isinstance(value, str) or len(value) <= wanted,
    "minItems": lambda value, wanted, schema: not isinstance(value, list) or len(value) >= wanted,
    "pattern": _pattern,
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional,
    "propertyNames": lambda value, wanted, schema: (
        not isinstance(value, dict) or all(conforms(key, wanted) for key in value)
    ),
    "required": lambda value, wanted, schema: not isinstance(value, dict) or all(key in value for key in wanted),
    "items": _items,
    "uniqueItems": _unique,
    "dependencies": lambda value, wanted, schema: (
        not isinstance(value, dict)
        or all(other in value for key, needed in wanted.items() if key in value for other in needed)
    ),
    "allOf": lambda value, wanted, schema: all(conforms(value, one) for one in wanted),
    "anyOf": lambda value, wanted, schema: any(conforms(value, one) for one in wanted),
    "oneOf": _one_of,
}
