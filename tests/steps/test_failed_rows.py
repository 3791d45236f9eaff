"""The files of rows that failed, ready to be run again."""

import csv
from pathlib import Path
from types import SimpleNamespace

import pytest

from mailjobs.errors import OutputError
from mailjobs.ledger import StepFiles
from mailjobs.prepare import Found
from mailjobs.rows import Row
from mailjobs.rows.snapshot import SnapshotWriter
from mailjobs.steps.failed_rows import write_failed_rows
from mailjobs.steps.shelf import Shelf
from tests.ledger.conftest import Runs, runs

__all__ = ["runs"]

VALUES = [
    {"to": "a@x"},
    {"to": "b@x c@x", "amount": 2, "mailjobs_state": "rejected", "mailjobs_key": "of a run before"},
    {"to": "d@x", "extra": ["é"]},
]


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_a_line_for_each_row_with_all_columns_that_any_of_them_has(runs: Runs) -> None:
    files = runs.begin("r1", [(f"k{number}", []) for number in range(3)])
    with SnapshotWriter(files.rows) as writer:
        for number, values in enumerate(VALUES, 1):
            writer.append(Row(number, f"k{number}", values, 0))
    runs.deliver(files, {"b@x": "rejected", "c@x": "deferred", "d@x": "rejected", "a@x": None})
    found = write_failed_rows(Shelf(files, Found(recipients=4), "nd"))
    assert read(found["failed"]) == [
        ["to", "amount", "extra", "mailjobs_address", "mailjobs_state", "mailjobs_reply"],
        ["b@x c@x", "2", "", "b@x, c@x", "rejected, deferred", "550 5.1.1 no such user; 451 4.7.1 later"],
        ["d@x", "", '["é"]', "d@x", "rejected", "550 5.1.1 no such user"],
    ]
    assert read(found["unknown"]) == [
        ["to", "mailjobs_address", "mailjobs_state", "mailjobs_reply"],
        ["a@x", "a@x", "unknown", ""],
    ]


def test_an_old_file_that_cannot_be_removed(tmp_path: Path) -> None:
    (tmp_path / "mail.failed.csv").mkdir()
    shelf = SimpleNamespace(files=StepFiles(tmp_path, "mail"), known=SimpleNamespace(totals={}))
    with pytest.raises(OutputError, match=r"cannot write .*mail\.failed\.csv"):
        write_failed_rows(shelf)  # type: ignore[arg-type]
