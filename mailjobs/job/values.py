"""Values that the schema has passed, as the model has them."""

from __future__ import annotations

import math
from typing import Any

from mailjobs.job.node import JobPath, Node
from mailjobs.job.problems import Problems

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(node: Node | None, path: JobPath, problems: Problems, default: float) -> float:
    """A duration (`30`, `30s`, `500ms`, `5m`, `1h`) in seconds."""
    if node is None:
        return default
    if isinstance(node.value, str):
        number = node.value.rstrip("msh ")
        unit = node.value[len(number) :].strip()
        return float(number) * UNITS[unit or "s"]
    if not math.isfinite(node.value):
        problems.at(node, path, "a duration is a finite number")
        return default
    return float(node.value)


def plain(node: Node | None, default: Any = None) -> Any:
    """The value without its places, or `default` where there is none."""
    return default if node is None else node.plain()
