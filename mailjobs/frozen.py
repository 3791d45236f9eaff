"""Values that do not change: dataclasses with slots, frozen for the type checker.

A dataclass that is frozen while it runs costs three times as long to make, and each method that dataclasses write
costs a compilation: a start defines more than a hundred values. So only `__init__` is written for each; the
others are the same for all. mypy refuses an assignment to a field as it does for `frozen=True`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """Make `cls` a dataclass with slots, equal and hashed by its fields."""
    for name, method in (("__eq__", _equal), ("__hash__", _hash), ("__repr__", _shown)):
        if name not in cls.__dict__ or (name == "__hash__" and cls.__dict__[name] is None):
            setattr(cls, name, method)
    return dataclass(slots=True, eq=False, repr=False)(cls)


def _equal(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    key = _key(self.__class__)
    return key(self) == key(other)


def _hash(self: Any) -> int:
    return hash(_key(self.__class__)(self))


def _shown(self: Any) -> str:
    told = [f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr]
    return f"{self.__class__.__qualname__}({', '.join(told)})"


@cache
def _key(cls: Any) -> Callable[[Any], Any]:
    """What two values of a class are compared by."""
    names = [one.name for one in fields(cls) if one.compare]
    return attrgetter(*names) if names else lambda value: ()
