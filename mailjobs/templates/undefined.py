"""A name that does not exist: what it was looked for in, so that an error can name it in full."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from jinja2 import StrictUndefined
from jinja2.utils import missing


class Unknown(str):
    """The words of an error about an undefined name, with the name and the object that lacks it."""

    __slots__ = ("name", "owner")

    def __new__(cls, words: str, owner: Any, name: Any) -> Unknown:
        """`owner` is jinja2's `missing` for a bare name."""
        made = super().__new__(cls, words)
        made.owner = owner
        made.name = name
        return made

    owner: Any
    name: Any


class Missing(StrictUndefined):
    """Undefined in every use but `is defined` and `default`."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        return Unknown(super()._undefined_message, self._undefined_obj, self._undefined_name)


def explain(unknown: Unknown, scope: Mapping[str, Any]) -> tuple[str, str | None]:
    """What is undefined ("'row.nmae' is undefined"), and the nearest name as a hint, or None."""
    if unknown.owner is missing:
        near = _near_bare(str(unknown.name), scope)
        return f"'{unknown.name}' is undefined", near
    path = _path_of(unknown.owner, scope)
    if path is None:
        return str(unknown), None
    names = [str(name) for name in unknown.owner] if isinstance(unknown.owner, Mapping) else []
    words = f"'{path}.{unknown.name}' is undefined" if isinstance(unknown.name, str) else f"{path}: {unknown}"
    return words, _did_you_mean(str(unknown.name), {name: f"{path}.{name}" for name in names})


def _near_bare(name: str, scope: Mapping[str, Any]) -> str | None:
    """A bare name is most often a column or variable without its `row.` or `vars.`."""
    if name in scope:
        return "an imported template sees it where it is imported `with context`"
    for root, value in scope.items():
        if isinstance(value, Mapping) and name in value:
            return f"did you mean '{root}.{name}'?"
    return _did_you_mean(name, {root: root for root in scope})


def _did_you_mean(name: str, names: Mapping[str, str]) -> str | None:
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean '{names[near[0]]}'?" if near else None


def _path_of(owner: Any, scope: Mapping[str, Any], depth: int = 4) -> str | None:
    """How a template would write `owner`, found by identity in the scope."""
    for name, value in scope.items():
        if value is owner:
            return str(name)
        if depth and isinstance(value, Mapping):
            inner = _path_of(owner, value, depth - 1)
            if inner is not None:
                return f"{name}.{inner}"
    return None
