"""Values that do not change: dataclasses with slots, frozen for the type checker.

A dataclass that is frozen while it runs costs 0.4 ms to define and three times as long to make; a start defines
nearly a hundred of them. mypy refuses an assignment to a field as it does for `frozen=True`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """Make `cls` a dataclass with slots, equal and hashed by its fields."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
