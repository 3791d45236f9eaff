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


SIZES = {"B": 1, "kB": 1000, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}


def octets(node: Node | None) -> int:
    """A size (`65536`, `64 KiB`, `1.5 MB`) in bytes; 0 where there is none."""
    if node is None:
        return 0
    if not isinstance(node.value, str):
        return int(node.value)
    number = node.value.rstrip("BkKMGi ")
    return round(float(number) * SIZES[node.value[len(number) :].strip()])


PER = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def per_second(node: Node, path: JobPath, problems: Problems) -> float:
    """A rate (`600/m`, `14/s`) as a number a second."""
    number, _, unit = node.value.partition("/")
    found = float(number) / PER[unit.strip()]
    if not found:
        problems.at(node, path, "a rate is above 0", hint="without the key there is no limit")
    return found


def plain(node: Node | None, default: Any = None) -> Any:
    """The value without its places, or `default` where there is none."""
    return default if node is None else node.plain()
