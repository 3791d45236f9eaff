"""One row of data, and the key by which it is known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from mailjobs.frozen import frozen


@frozen
class Row:
    """`number` counts from 1; `line` is where the row begins in its file (0: it has none); `values` are by column name.

    `key` tells the row from all others: the value of the source's key column, else a hash of the whole row. `without`
    are the addresses that get nothing by this row, since an earlier one has them.
    """

    number: int
    key: str
    values: Mapping[str, Any]
    line: int
    without: tuple[str, ...] = ()


def hash_key(values: Mapping[str, Any]) -> str:
    """16 hexadecimal digits that stand for the values of a row, whatever the order of its columns."""
    told = json.dumps(values, ensure_ascii=True, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:16]
