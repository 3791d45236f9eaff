"""What the validator says, in the words of the house.

`server.tls.mode: 'startls' is not one of auto, implicit, starttls, opportunistic, none (did you mean 'starttls'?)`.
Values at the path of a secret are never shown. Schemas say with `title` what a value is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mailjobs.job.conforms import conforms
from mailjobs.job.masking import without_password
from mailjobs.job.nearest import did_you_mean, nearest
from mailjobs.job.node import JobPath, Node, written
from mailjobs.job.problems import NULL, Problems
from mailjobs.job.schema import is_secret, kind_name, variants

TYPES = {
    "string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "array": "a list", "object": "a mapping", "null": "nothing",
}  # fmt: skip
EXACTLY = {
    "a step": "exactly one action",
    "a secret": "exactly one source",
    "a variable": "exactly one source",
    "a source of certificates": "exactly one form",
    "a mapping of file, pem or data": "exactly one form",
    "an attachment": "exactly one source",
    "an html body": "exactly one source",
    "a raw message": "exactly one source",
}
CODES = {"port": 116}
LONGEST = 60
# What a number lacks to be what a title says.
UNITS = {"a rate such as 600/m": "/m"}
# What somebody may look for in vain, and why.
REASONS = {"apop": "APOP belongs to POP3, and SMTP has nothing like it; what comes nearest is cram-md5"}
VAGUE = ("pattern", "minimum", "maximum")  # a title says more than these


def explain(error: Any, root: Node, problems: Problems, above: JobPath = ()) -> None:
    """Adds the problems that `error`, a jsonschema ValidationError at the path `above`, stands for."""
    path = (*above, *error.relative_path)
    node = root.at(path)
    if node is None:
        return
    if error.validator == "anyOf":
        _any_of(error, root, problems, path)
    elif "propertyNames" in error.relative_schema_path:
        _names(error, node, path, problems)
    else:
        RULES.get(error.validator, _other)(error, node, path, problems)


def _unknown_keys(error: Any, node: Node, path: JobPath, problems: Problems) -> None:
    known = list(error.schema.get("properties", ()))
    for key in error.instance:
        if key not in known and not (key.startswith("x-") and "patternProperties" in error.schema):
            hint = did_you_mean(key, known, "known keys")
            name = shown(key) if nearest(key, known) else _value(key, path)
            problems.at_key(node.value[key], path, f"unknown key {name}", hint=hint)


def _missing_key(error: Any, node: Node, path: JobPath, problems: Problems) -> None:
    for key in error.validator_value:
        if key not in error.instance:
            known = error.schema.get("properties", {})
            near = [given for given in error.instance if given not in known and nearest(given, known) == key]
            if not near:
                problems.at(node, path, f"missing key '{key}'")


def _wrong_type(error: Any, node: Node, path: JobPath, problems: Problems) -> None:
    wanted = error.validator_value
    kinds = [wanted] if isinstance(wanted, str) else [kind for kind in wanted if kind != "null"]
    title = error.schema.get("title") if len(kinds) > 1 else None
    words = title or alternatives(TYPES[kind] for kind in kinds)
    _expected(words, error.instance, node, path, problems, error.schema)


def _expected(
    words: str, instance: Any, node: Node, path: JobPath, problems: Problems, schema: dict[str, Any] | None = None
) -> None:
    """`schema` is what the value does not fit, where it might if it were text."""
    hint = None
    if schema is not None and isinstance(instance, bool | int | float) and conforms(_word(instance), schema):
        hint = "put it in quotes"
    elif words in UNITS and type(instance) is int and instance > 0:
        hint = f"write {instance}{UNITS[words]}"
    elif instance is None:
        hint = NULL
    problems.at(node, path, f"expected {words}, found {kind_of(instance)}", hint=hint, code=_code(path))


def _not_listed(error: Any, node: Node, path: JobPath, problems: Problems) -> None:
    listed = list(dict.fromkeys(_word(value) for value in error.validator_value if value is not None))
    if kind_name(error.instance) not in {kind_name(value) for value in error.validator_value}:
        _expected(alternatives(listed), error.instance, node, path, problems)
        return
    words = [word for word in listed if word[:1].isalpha()]
    near = nearest(error.instance, words) if isinstance(error.instance, str) else None
    hint = REASONS.get(str(error.instance).lower()) if path[-1:] == ("mechanism",) else None
    hint = hint or (f"did you mean '{near}'?" if near else None)
    only = f"not one of {', '.join(listed)}" if len(listed) > 1 else f"not {listed[0]}"
    problems.at(node, path, f"{_value(error.instance, path)} is {only}", hint=hint)


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _one_of(error: Any, node: Node, path: JobPath, problems: Problems) -> None:
    if not isinstance(error.instance, dict):
        return  # a wrong type, which is a problem already
    wanted = [branch["required"][0] for branch in error.validator_value]
    given = [key for key in error.instance if key in wanted]
    unknown = [key for key in error.instance if key not in error.schema.get("properties", {})]
    if not given and unknown:
        return  # a misspelt one, which is a problem already
    subject = error.schema.get("title", "this")
    words = EXACTLY.get(subject, "exactly one of these")
    found = " and ".join(given) if given else "none"
    spot = node.value[given[1]] if given else node
    hint = ", ".join(wanted)
    (problems.at_key if given else problems.at)(spot, path, f"{subject} has {words}; found {found}", hint=hint)


def _bounds(error: Any, node: Node, path: JobPath, problems: Problems) -> None:
    side = "at least" if error.validator == "minimum" else "at most"
    message = f"{_value(error.instance, path)} is out of bounds: {side} {error.validator_value}"
    problems.at(node, path, message, code=_code(path))


def _size(error: Any, node: Node, path: JobPath, problems: Problems) -> None:
    if error.validator in ("minItems", "minLength"):
        problems.at(node, path, "must not be empty")
    elif "title" in error.schema:
        problems.at(node, path, f"{_value(error.instance, path)} is not {error.schema['title']}")
    else:
        problems.at(node, path, f"longer than {error.validator_value}")


def _pattern(error: Any, node: Node, path: JobPath, problems: Problems) -> None:
    title = error.schema.get("title", "of the form that is wanted")
    problems.at(node, path, f"{_value(error.instance, path)} is not {title}")


def _names(error: Any, node: Node, path: JobPath, problems: Problems) -> None:
    title = error.schema.get("title") or "a valid name"
    spot = node.value[error.instance]
    problems.at_key(spot, path, f"{shown(error.instance)} is not {title}")


def _one_key(error: Any, node: Node, path: JobPath, problems: Problems) -> None:
    given = alternatives(error.instance, "and") if error.instance else "none"
    known = alternatives(error.schema["properties"])
    problems.at(node, path, f"exactly one of {known} is expected; found {given}")


def _repeated(error: Any, node: Node, path: JobPath, problems: Problems) -> None:
    problems.at(node, path, "the same entry stands here twice")


def _needs(error: Any, node: Node, path: JobPath, problems: Problems) -> None:
    for key, needed in error.validator_value.items():
        for other in needed:
            if key in error.instance and other not in error.instance:
                problems.at_key(node.value[key], path, f"'{key}' goes with '{other}', which is missing")


def _other(error: Any, node: Node, path: JobPath, problems: Problems) -> None:
    problems.at(node, path, f"does not fit the schema ({error.validator})")


def _any_of(error: Any, root: Node, problems: Problems, path: JobPath) -> None:
    """Explains the branches that fit the kind of value that stands there; where none does, what would fit."""
    node = root.at(path)
    if node is not None and all(branch.keys() == {"required"} for branch in error.validator_value):
        keys = alternatives(f"'{branch['required'][0]}'" for branch in error.validator_value)
        problems.at(node, path, f"missing key {keys}")
        return
    branches: dict[int, list[Any]] = {}
    for inner in error.context:
        branches.setdefault(inner.relative_schema_path[0], []).append(inner)
    fit = [found for index, found in branches.items() if fits(error.validator_value[index], error.instance)]
    deep = [found for found in fit if any(_is_deep(inner) for inner in found)]
    title = _title(error.schema)
    if deep or (len(fit) == 1 and not (title and all(inner.validator in VAGUE for inner in fit[0]))):
        for inner in (deep or fit)[0]:
            explain(inner, root, problems, path)
    elif node is not None and fit:
        problems.at(node, path, f"{_value(error.instance, path)} is not {title}", code=_code(path))
    elif node is not None:
        kinds = {kind for branch in error.validator_value for kind in _kinds(branch)} - {"null"}
        wanted = title if title and len(kinds) > 1 else alternatives(TYPES[kind] for kind in TYPES if kind in kinds)
        _expected(wanted, error.instance, node, path, problems, error.schema)


def _is_deep(error: Any) -> bool:
    """Whether an error of a branch is about what is inside a value, so that the branch is the one that was meant."""
    inside = error.relative_path or "propertyNames" in error.relative_schema_path
    return bool(inside) or isinstance(error.instance, dict | list)


def _title(schema: dict[str, Any]) -> str:
    return next((found["title"] for found in variants(schema) if "title" in found), "")


def fits(schema: dict[str, Any], instance: Any) -> bool:
    """Whether a value is of a kind that `schema` could take."""
    kinds = _kinds(schema)
    return kind_name(instance) in kinds or (type(instance) is int and "number" in kinds)


def _kinds(schema: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    for variant in variants(schema):
        named = variant.get("type", [])
        found.update([named] if isinstance(named, str) else named)
        found.update(kind_name(value) for value in variant.get("enum", ()))
    return found


def kind_of(instance: Any) -> str:
    """A value's kind in words; never the value."""
    return "a number" if isinstance(instance, int) and not isinstance(instance, bool) else TYPES[kind_name(instance)]


def alternatives(words: Iterable[str], last_but_one: str = "or") -> str:
    """`a, b or c`."""
    *others, last = list(words)
    return f"{', '.join(others)} {last_but_one} {last}" if others else last


def _value(instance: Any, path: JobPath) -> str:
    return "(not shown)" if is_secret(path) else shown(instance)


def shown(instance: Any) -> str:
    """A scalar as messages show it: quoted where it is text, and not at any length."""
    if isinstance(instance, str):
        instance = without_password(instance)
        return repr(instance if len(instance) <= LONGEST else instance[: LONGEST - 1] + "…")
    if isinstance(instance, dict | list):
        return kind_of(instance)
    return _word(instance)[:LONGEST]


def _code(path: JobPath) -> int | None:
    return CODES.get(written(path[-1:]))


RULES: dict[str, Callable[[Any, Node, JobPath, Problems], None]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_key,
    "type": _wrong_type,
    "enum": _not_listed,
    "oneOf": _one_of,
    "minimum": _bounds,
    "maximum": _bounds,
    "minLength": _size,
    "maxLength": _size,
    "minItems": _size,
    "pattern": _pattern,
    "minProperties": _one_key,
    "maxProperties": _one_key,
    "uniqueItems": _repeated,
    "dependencies": _needs,
}
