"""Rows whose letter can no longer be made when their turn comes: not attempted, and the run fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.running import run_text
from tests.fixtures.taking import TakingServer


@pytest.mark.parametrize("processes", [1, 2])
def test_a_row_that_cannot_be_made_any_more_fails_the_step(
    taking: Callable[..., TakingServer], tmp_path: Path, processes: int
) -> None:
    for number in range(20):
        (tmp_path / f"{number}.txt").write_text("x")

    def answer(connection: int, verb: str, line: str) -> None:
        (tmp_path / "19.txt").unlink(missing_ok=True)

    server = taking(answer)
    (tmp_path / "rows.csv").write_text("id\n" + "".join(f"{number}\n" for number in range(20)))
    text = f"""
server: {{host: 127.0.0.1, port: {server.port}, tls: none, hello: me}}
data: {{rows: {{csv: rows.csv, key: id}}}}
messages:
  m:
    {{from: a@x.test, to: "r{{{{ row.id }}}}@x.test", subject: s, text: x, attachments: ["{{{{ row.id }}}}.txt"]}}
steps: [{{send: {{message: m, for_each: rows, processes: {processes}, connections: {processes}}}}}]
"""
    record, _ = run_text(text, folder=tmp_path)
    totals = record.steps[0].result["totals"]
    assert (totals["accepted"], totals["not-attempted"], record.exit_status) == (19, 1, 66)
    assert "19.txt" in record.steps[0].error.message
