"""`vars`: public values from the job, the environment and files; and the settings that templates make of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mailjobs.errors import FileError, JobError
from mailjobs.job.files import decoded, read_bytes
from mailjobs.job.node import JobPath, Node
from mailjobs.job.problems import Problems
from mailjobs.job.scalars import resolve
from mailjobs.job.schema import example, is_secret, kinds
from mailjobs.job.settings import IDENTIFIER, typed
from mailjobs.job.template import HOLES, template

MISSING = object()


def values(root: Node, problems: Problems) -> dict[str, Any]:
    """The value of each variable. What the schema will refuse is left out."""
    found = {}
    variables = root.get("vars")
    for name, node in variables.items() if variables else ():
        value = _value(node, ("vars", name), problems)
        if value is not MISSING:
            found[name] = value
    return found


def _value(node: Node, path: JobPath, problems: Problems) -> Any:
    if not isinstance(node.value, dict):
        return node.plain()
    kind = [key for key in node.value if key in ("env", "file", "value")]
    if len(kind) != 1:
        return MISSING
    inner = node.value[kind[0]]
    if kind[0] == "value":
        return inner.plain()
    if not isinstance(inner.value, str) or not inner.value:
        return MISSING
    if kind[0] == "file":
        return _from_file(inner, (*path, "file"), problems)
    return _from_environment(inner, node.get("default"), (*path, "env"), problems)


def _from_environment(name: Node, default: Node | None, path: JobPath, problems: Problems) -> Any:
    if not IDENTIFIER.fullmatch(name.value):
        return MISSING
    text = os.environ.get(name.value)
    if text is not None and text.encode("utf-8", "replace").decode() == text:
        return text
    if text is not None:
        problems.at(name, path, f"the environment variable {name.value} is not UTF-8")
        problems.stand_ins.add(f"${name.value}")
        return f"${name.value}"
    if default is not None:
        return default.plain()
    problems.setup(name, path, f"the environment variable {name.value} is not set", hint="set it, or give a `default`")
    problems.stand_ins.add(f"${name.value}")
    return f"${name.value}"


def _from_file(name: Node, path: JobPath, problems: Problems) -> Any:
    file = name.source.folder / name.value
    try:
        return decoded(read_bytes(file), "utf-8", file).removesuffix("\n").removesuffix("\r")
    except (FileError, JobError) as error:
        problems.at(name, path, error.message, code=error.code)
        return MISSING


def render(root: Node, found: Mapping[str, Any], folders: Sequence[Path], problems: Problems) -> Node:
    """The job with the templates in its servers, data and guards rendered; secrets are never templates."""
    for key in ("server", "servers", "data", "guards"):
        node = root.get(key)
        if node is not None:
            root = root.replaced((key,), _rendered(node, (key,), _Scope(found, folders, problems)))
    return root


class _Scope:
    """What a template in a setting sees; the Jinja environment is made when first needed."""

    def __init__(self, found: Mapping[str, Any], folders: Sequence[Path], problems: Problems) -> None:
        self.scope = {"vars": dict(found)}
        self.folders = folders
        self.problems = problems
        self._templates: Any = None

    def text(self, node: Node, path: JobPath) -> str:
        if self._templates is None:
            from mailjobs.templates import Templates

            self._templates = Templates(self.folders)
        rendered: str = self._templates.text(template(node, path)).render(self.scope)
        return rendered


def _rendered(node: Node, path: JobPath, scope: _Scope) -> Node:
    if isinstance(node.value, dict):
        return replace(node, value={key: _rendered(inner, (*path, key), scope) for key, inner in node.items()})
    if isinstance(node.value, list):
        return replace(node, value=[_rendered(n, (*path, i), scope) for i, n in enumerate(node.value)])
    if not isinstance(node.value, str) or not HOLES.search(node.value) or is_secret(path):
        return node
    try:
        text = scope.text(node, path)
    except JobError as error:
        scope.problems.take(error, node, path)
        return replace(node, value=None)
    changed = typed(replace(node, value=text, raw=text, block=False), path)
    if changed.value != text or "string" in kinds(path):
        return changed
    if scope.problems.stands_in(text):
        return replace(changed, value=example(path))
    return replace(changed, value=resolve(text))
