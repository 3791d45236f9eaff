"""`--set server.host=x` and `--var name=text`: what the command line changes in a job."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mailjobs.errors import JobError, Place, Problem, UsageError
from mailjobs.job import schema
from mailjobs.job.expand import expand
from mailjobs.job.loader import parse
from mailjobs.job.nearest import did_you_mean, nearest
from mailjobs.job.node import JobPath, Node, Source, written
from mailjobs.job.problems import Problems
from mailjobs.job.scalars import scalar

STEP = re.compile(r"\.?([^\s.\[\]=]+)|\[([0-9]{1,6})\]|\[(['\"])(.+?)\3\]")
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
FITS: dict[type, set[str]] = {bool: {"boolean"}, int: {"integer", "number"}, float: {"number"}}


def apply_settings(root: Node, settings: Sequence[tuple[str, str]], problems: Problems) -> Node:
    """The expanded job with each `path=value` set, in order, and expanded.

    Raises UsageError for a path that the language does not have, and for a plain secret.
    """
    for text, value in settings:
        path = parse_path(text)
        _check_path(root, path, text)
        source = Source(f"--set {text}", Path(), value)
        node = _value(source, path)
        if node.value is None and isinstance(path[-1], int):
            raise UsageError(f"--set {text}: null removes a key, not an entry of a list", hint="set the whole list")
        _check_secret(node, path, text)
        root = expand(_put(root, path, node), problems)
    return root


def parse_path(text: str) -> JobPath:
    """`steps[0].send.message` as a path. Raises UsageError."""
    path: list[str | int] = []
    position = 0
    while position < len(text):
        found = STEP.match(text, position)
        if not found:
            raise UsageError(f"--set {text}: not a path", hint="write --set server.host=mail.example.com")
        path.append(int(found[2]) if found[2] else found[1] or found[4])
        position = found.end()
    if not path or isinstance(path[0], int):
        raise UsageError(f"--set {text}: not a path", hint="write --set server.host=mail.example.com")
    return tuple(path)


def _check_path(root: Node, path: JobPath, text: str) -> None:
    if path[0] == "extends":
        raise UsageError(f"--set {text}: files are merged before keys are set", hint="write `extends` into the job")
    for length, step in enumerate(path):
        here = path[:length]
        if isinstance(step, int):
            node = root.at(here)
            count = len(node.entries()) if node else 0
            if step >= count:
                raise UsageError(f"--set {text}: {written(here)} has {count} entries, counted from 0")
        elif not schema.at((*here, step)):
            where = f"{written(here)} has no key" if here else "a job has no key"
            hint = did_you_mean(step, schema.keys(here), "known keys")
            raise UsageError(f"--set {text}: {where} '{step}'", hint=hint)


def _value(source: Source, path: JobPath) -> Node:
    problems = Problems()
    try:
        node = parse(source, problems) or Node(None, source)
    except JobError as error:
        problems.errors += error.problems
    if problems.errors:
        raise UsageError(f"{source.label}: {problems.errors[0].message}", hint=problems.errors[0].hint)
    return nowhere(typed(node, path))


def nowhere(node: Node) -> Node:
    """The node without line and column: a flag has none."""
    value = node.value
    if isinstance(value, dict):
        value = {key: nowhere(inner) for key, inner in value.items()}
    elif isinstance(value, list):
        value = [nowhere(inner) for inner in value]
    return Node(value, node.source, block=node.block, raw=node.raw)


def typed(node: Node, path: JobPath) -> Node:
    """A plain scalar as the type that the schema wants at `path`: yes and no, digits that are to be text."""
    if not node.raw or isinstance(node.value, dict | list):
        return node
    wanted = schema.kinds(path)
    if "boolean" in wanted and not wanted & {"integer", "number"} and node.raw.lower() in BOOLEANS:
        return replace(node, value=BOOLEANS[node.raw.lower()])
    if type(node.value) in FITS and "string" in wanted and not FITS[type(node.value)] & wanted:
        return replace(node, value=node.raw)
    return node


def _check_secret(node: Node, path: JobPath, text: str) -> None:
    """A plain secret on a command line is seen by everybody who may list processes, and kept by the shell."""
    if isinstance(node.value, dict):
        for key, inner in node.items():
            _check_secret(inner, (*path, key), text)
    elif isinstance(node.value, str | int | float) and schema.at(path) and _takes_secret(path):
        hint = f"write --set '{written(path)}={{env: NAME}}'"
        raise UsageError(f"--set {text}: a secret cannot be given on the command line", hint=hint)


def _takes_secret(path: JobPath) -> bool:
    return any(found.get("writeOnly") for found in schema.at(path))


def _put(root: Node, path: JobPath, node: Node) -> Node:
    for length in range(1, len(path)):
        inner = root.at(path[:length])
        if inner is None or not isinstance(inner.value, dict | list):
            root = root.replaced(path[:length], Node({}, node.source))
    if node.value is None:
        return _without(root, path)
    return root.replaced(path, node)


def _without(root: Node, path: JobPath) -> Node:
    above, key = root.at(path[:-1]), path[-1]
    if above is None or not isinstance(above.value, dict):
        return root
    kept = {name: node for name, node in above.items() if name != key}
    return root.replaced(path[:-1], replace(above, value=kept))


def apply_variables(root: Node, variables: Mapping[str, str]) -> Node:
    """The job with each variable set to a text. Raises UsageError for a name that no template could say."""
    for name, text in variables.items():
        if not IDENTIFIER.fullmatch(name):
            raise UsageError(f"--var {name}: not an identifier", hint="letters, digits and _, no digit first")
        source = Source(f"--var {name}", Path(), text)
        value = Node(scalar(text, "", False), source)
        known = root.get("vars")
        if known is None or not isinstance(known.value, dict):
            root = root.replaced(("vars",), Node({}, source))
        root = root.replaced(("vars", name), value)
    return root


def misspelt(root: Node, variables: Mapping[str, str]) -> list[Problem]:
    """A warning for each variable that the job does not have and that is like one that it has."""
    declared = root.get("vars")
    known = [name for name, _ in declared.items()] if declared is not None else []
    found = [(name, nearest(name, known)) for name in variables if name not in known]
    return [
        Problem(
            f"the job has no variable '{name}'",
            Place(f"--var {name}"),
            None,
            f"did you mean '{near}'?",
            None,
            "warning",
        )
        for name, near in found
        if near is not None
    ]
