"""The merged job against the schema, with every error as a problem that has a place."""

from __future__ import annotations

from typing import Any

from mailjobs.job.conforms import conforms
from mailjobs.job.node import JobPath, Node
from mailjobs.job.problems import NULL, Problems
from mailjobs.job.schema import Schema, is_secret, read_schema


def validate(root: Node, problems: Problems) -> None:
    """Collects whatever in the job the schema does not allow."""
    found = Problems()
    data, schema = root.plain(), read_schema()
    if not conforms(data, schema):
        from mailjobs.job.explain import explain

        errors = _validator(schema).iter_errors(data)
        for error in sorted(errors, key=lambda error: [str(step) for step in error.path]):
            explain(error, root, found)
    for key in ("data", "server", "servers", "defaults", "messages"):
        node = root.get(key)
        if node is not None:
            nothing_removed(node, (key,), found)
    _take_over(found, problems)


def _validator(schema: Schema) -> Any:
    """Of draft-07, but that 25.0 is no whole number: what reads the job counts on an int."""
    import jsonschema

    draft: Any = jsonschema.Draft7Validator
    whole = draft.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    extended: Any = jsonschema.validators
    return extended.extend(draft, type_checker=whole)(schema)


def nothing_removed(node: Node, path: JobPath, problems: Problems) -> None:
    """Adds a problem for each null that is left: the schema allows them only because files are written with them."""
    if node.value is None and not is_secret(path):
        problems.at(node, path, "expected a value, found nothing", hint=NULL)
    for key, inner in node.items():
        nothing_removed(inner, (*path, key), problems)
    for index, inner in enumerate(node.entries()):
        nothing_removed(inner, (*path, index), problems)


def _take_over(found: Problems, problems: Problems) -> None:
    """Each problem once: what stands in `defaults` is met again in every message."""
    told = {problem.place[:3] for problem in problems.errors if problem.place and problem.place.line}
    seen: set[tuple[str, int, int, str]] = set()
    for problem in found.errors:
        spot = problem.place
        problems.broken.add(spot.path if spot else "")
        if spot and spot[:3] in told:  # a template that failed left nothing, which is no other problem
            continue
        mark = (spot.file, spot.line, spot.column, problem.message) if spot and spot.line else None
        if mark is None or mark not in seen:
            problems.errors.append(problem)
        if mark:
            seen.add(mark)
