"""Recipients of past runs: a line for each, however many there are."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any, Final

from mailjobs.ledger import Recipient
from mailjobs.report.visible import visible, visible_json
from mailjobs.rows.csv_rows import OURS, CsvRows, Writable
from mailjobs.rows.json_text import json_text

MEASURED: Final = 200  # recipients that say how wide the columns are
WIDEST: Final = 40
STATE: Final = len("not-attempted") + 2
BEFORE: Final = "delivered by an earlier run"


def lines(recipients: Iterable[Recipient], width: int | None = None) -> Iterator[str]:
    """State, address, key and reply of each; where a line is longer than `width` the reply is put below."""
    waiting = iter(recipients)
    first = [_cells(one) for one in islice(waiting, MEASURED)]
    widths = [min(max((len(cells[at]) for cells in first), default=0), WIDEST) for at in (1, 2)]
    for state, address, key, reply in chain(first, map(_cells, waiting)):
        begin = f"{state:<{STATE}}{address:<{widths[0]}}  {key:<{widths[1]}}"
        whole = f"{begin}  {reply}".rstrip()
        if width is None or len(whole) <= width:
            yield whole
        else:
            yield begin.rstrip()
            yield textwrap.fill(reply, max(width, 2 * STATE), initial_indent=" " * STATE, subsequent_indent=" " * STATE)


def _cells(one: Recipient) -> tuple[str, str, str, str]:
    address = one.address or (f"(row {one.row.number})" if one.row.number else "(a row that cannot be read)")
    return one.state, visible(address), visible(one.row.key), visible(one.reply or (BEFORE if one.before else ""))


def as_dict(one: Recipient, run: str) -> dict[str, Any]:
    """A recipient as `runs show --json` has it; `address` is None where it is not known whom the row is for."""
    return {
        "kind": "Recipient",
        "run": run,
        "step": one.step,
        "row": one.row.number or None,
        "key": one.row.key,
        "address": one.address or None,
        "state": one.state,
        "reply": one.reply,
        "before": one.before,
        "values": one.row.values,
    }


def write_csv(out: Writable, columns: tuple[str, ...], recipients: Iterable[Recipient]) -> None:
    """A line of CSV for each: `columns` of the row, then ours."""
    rows = CsvRows(out, columns, OURS)
    for one in recipients:
        rows.write(one.row.values, one.ours)


def write_jsonl(out: Writable, recipients: Iterable[Recipient], made: Callable[[Recipient], Any]) -> None:
    """A line of JSON for each, of what is `made` of it."""
    for one in recipients:
        out.write(visible_json(json_text(made(one))) + "\n")
