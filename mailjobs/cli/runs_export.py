"""`mailjobs runs export`."""

from __future__ import annotations

import io
import sys
from contextlib import ExitStack, nullcontext
from itertools import chain
from pathlib import Path

import click

from mailjobs.cli.new_file import check_target, new_file
from mailjobs.cli.which_runs import folder_of, in_states, letters_of, of_a_job, some_runs, told
from mailjobs.ledger import Remains, Wanted
from mailjobs.ledger.accounts import ALL
from mailjobs.report.recipients import write_csv, write_jsonl
from mailjobs.report.visible import visible
from mailjobs.rows.csv_rows import Writable, columns_of


@click.command("export")
@of_a_job
@click.argument("run", required=False, metavar="[RUN]")
@in_states
@click.option("--format", "format_", type=click.Choice(["csv", "jsonl"]), default="csv", help="csv is the default.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to this file (0600).")
def command(
    job: Path, state_dir: Path | None, run: str | None, states: tuple[str, ...], format_: str, output: Path | None
) -> int:
    """Print every recipient of a run of JOB, the latest or RUN, with the columns of its row.

    Columns of ours stand behind: mailjobs_step, mailjobs_key, mailjobs_address, mailjobs_state, mailjobs_reply.

    \b
    Example:
      mailjobs runs export job.yaml --state rejected --output rejected.csv
    """
    folder = folder_of(job, state_dir)
    if output is not None:
        check_target(output, job, folder.path)
    (past,) = some_runs(job, folder, run)
    wanted = Wanted(letters_of(states) or ALL)
    with ExitStack() as stack:
        steps = past.opened(folder, stack)
        with nullcontext(_standard_output()) if output is None else new_file(output) as out:
            _write(out, steps, wanted, format_)
        damage = past.told(steps)
    return told(damage)


def _write(out: Writable, steps: list[Remains], wanted: Wanted, format_: str) -> None:
    found = chain.from_iterable(step.recipients(wanted) for step in steps)
    if format_ == "jsonl":
        write_jsonl(out, found, lambda one: one.as_dict())
    else:
        columns = columns_of(chain.from_iterable(step.rows_with(wanted.letters) for step in steps))
        write_csv(out, columns, found)


class _Terminal:
    """Standard output where a person looks at it: a line is a line, and nothing steers."""

    def write(self, text: str) -> None:
        sys.stdout.write(visible(text.rstrip("\r\n")) + "\n")


def _standard_output() -> Writable:
    if sys.stdout.isatty():
        return _Terminal()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    return sys.stdout
