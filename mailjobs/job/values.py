"""Values that the schema has passed, as the model has them."""

from __future__ import annotations

import math
from typing import Any

from mailjobs.job.node import JobPath, Node
from mailjobs.job.problems import Problems

LONGEST = 365 * 24 * 3600  # as the schema has it for numbers
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(node: Node | None, path: JobPath, problems: Problems, default: float) -> float:
    """A duration (`30`, `30s`, `500ms`, `5m`, `1h`) in seconds."""
    if node is None:
        return default
    found = _written(node.value) if isinstance(node.value, str) else float(node.value)
    if not math.isfinite(found):
        problems.at(node, path, "a duration is a finite number")
        return default
    if found > LONGEST:
        problems.at(node, path, f"{node.value!r} is out of bounds: at most 365 days")
        return default
    return found


def _written(text: str) -> float:
    number = text.rstrip("msh ")
    return float(number) * UNITS[text[len(number) :].strip() or "s"]


def plain(node: Node | None, default: Any = None) -> Any:
    """The value without its places, or `default` where there is none."""
    return default if node is None else node.plain()
