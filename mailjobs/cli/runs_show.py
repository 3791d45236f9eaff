"""`mailjobs runs show`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

import click

from mailjobs.cli.which_runs import folder_of, in_states, letters_of, of_a_job, some_runs, told
from mailjobs.errors import DataError, UsageError
from mailjobs.frozen import frozen
from mailjobs.ledger import PastRun, Recipient, Remains, Wanted
from mailjobs.ledger.accounts import ALL
from mailjobs.report import recipients, runs
from mailjobs.report.table import terminal_width
from mailjobs.report.visible import visible, visible_json

NOT_ACCEPTED = "rdun"


@frozen
class Shown:
    """A run that is open: its steps, and those of its recipients that are wanted."""

    past: PastRun
    job: Path
    steps: Sequence[Remains]
    wanted: Wanted

    @property
    def recipients(self) -> Iterator[Recipient]:
        """Of all steps."""
        return chain.from_iterable(step.recipients(self.wanted) for step in self.steps)


@click.command("show")
@of_a_job
@click.argument("run", required=False, metavar="[RUN]")
@in_states
@click.option("--to", "address", metavar="ADDRESS", help="What became of this person.")
@click.option("--key", metavar="K", help="What became of the row with this key.")
@click.option("--all-runs", is_flag=True, help="Look through all runs, the newest first.")
@click.option("--json", "json_", is_flag=True, help="Print JSON lines: each run, and behind it its recipients.")
def command(
    job: Path, state_dir: Path | None, run: str | None, states: tuple[str, ...], address: str | None, key: str | None,
    all_runs: bool, json_: bool,
) -> int:  # fmt: skip
    """Show a run of JOB, the latest or RUN: its totals, and who has not got it. With --to or --key: one person, or row.

    \b
    Example:
      mailjobs runs show job.yaml --to ann@example.com --all-runs
    """
    if all_runs and run is not None:
        raise UsageError("--all-runs looks through all runs: leave out RUN")
    if address == "" or key == "":
        raise UsageError("--to takes an address, and --key the key of a row, which is never empty")
    somebody = address is not None or key is not None
    wanted = Wanted(letters_of(states) or (ALL if somebody else NOT_ACCEPTED), key, address)
    show = _json if json_ else _person if somebody else _whole
    folder = folder_of(job, state_dir)
    found, damage = False, []
    for number, past in enumerate(some_runs(job, folder, run, all_runs)):
        with ExitStack() as stack:
            shown = Shown(past, job, past.opened(folder, stack), wanted)
            if number and show is _whole:
                click.echo()
            found = show(shown) or found
            damage += past.told(shown.steps)
    status = told(damage)
    if somebody and not found:
        raise _nobody(wanted, all_runs)
    return status


def _json(shown: Shown) -> bool:
    """The run, and behind it its recipients; nothing where somebody is asked for who is not in it."""
    waiting = shown.recipients
    first = next(waiting, None)
    if first is None and shown.wanted.somebody:
        return False
    shown.past.count(shown.steps)
    told = {"kind": "Run", **runs.as_dict(shown.past, shown.past.told(shown.steps))}
    click.echo(visible_json(json.dumps(told, ensure_ascii=False)))
    if first is not None:
        recipients.write_jsonl(sys.stdout, chain([first], waiting), lambda one: recipients.as_dict(one, shown.past.id))
    return first is not None


def _person(shown: Shown) -> bool:
    """A heading, and what became of somebody."""
    waiting = shown.recipients
    first = next(waiting, None)
    if first is None:
        return False
    redirected = f", redirected to {shown.past.run.staging}" if shown.past.run.staging else ""
    click.echo(visible(f"{runs.heading(shown.past)}{redirected}"))
    width = terminal_width(sys.stdout)
    for line in recipients.lines(chain([first], waiting), width and width - 2):
        sys.stdout.write("".join([f"  {part}\n" for part in line.splitlines()]))
    return True


def _whole(shown: Shown) -> bool:
    """The run as a whole, and of its recipients those that are wanted."""
    shown.past.count(shown.steps)
    width = terminal_width(sys.stdout)
    runs.print_run(sys.stdout, shown.past, str(shown.job))
    for step in shown.steps:
        heading = f"\n{step.step}:\n" if len(shown.steps) > 1 else "\n"
        for line in recipients.lines(step.recipients(shown.wanted), width):
            sys.stdout.write(f"{heading}{line}\n")
            heading = ""
    return True


def _nobody(wanted: Wanted, all_runs: bool) -> DataError:
    asked = [f"the key '{wanted.key}'"] if wanted.key is not None else []
    asked += [f"the address '{wanted.address}'"] if wanted.address is not None else []
    where = "any run" if all_runs else "this run"
    hint = "of rows that were never sent to, those are found that have the address in a column"
    return DataError(f"nobody with {' and '.join(asked)} is in {where}", hint=hint if wanted.address else None)
