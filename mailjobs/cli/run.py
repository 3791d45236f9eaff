"""`mailjobs run`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from mailjobs.cli.actions import on_actions, tell_actions
from mailjobs.cli.again import choosing, how
from mailjobs.cli.failure import tell
from mailjobs.cli.load import Changes, all_checked, changing, warn
from mailjobs.cli.sinks import Lasting, Listening, check_targets, sinks
from mailjobs.events import Publish
from mailjobs.job import Loaded
from mailjobs.report.files import as_json, check_report_path, write_report
from mailjobs.report.visible import visible
from mailjobs.run import Options, RunRecord, run_job
from mailjobs.secret import keep_from_core_dumps

REPORTING = (
    click.option(
        "--report", type=click.Path(path_type=Path), metavar="FILE", help="Write a report: .json, .xml (JUnit) or .md."
    ),
    click.option("--events", metavar="FILE", help="Write events as JSON lines; '-' is stdout."),
    click.option("--trace", metavar="FILE", help="Show the conversation on stderr, or --trace=FILE."),
    click.option("--json", "json_", is_flag=True, help="Print the report as JSON on stdout."),
    click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors."),
    click.option("--verbose", "-v", is_flag=True, help="Show every recipient and connection."),
)


class BareTrace(click.Command):
    """`--trace` alone is stderr; a file is given as `--trace=FILE`, so that a job's name is never taken for one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give a bare `--trace` its value."""
        return super().parse_args(ctx, ["--trace=-" if arg == "--trace" else arg for arg in args])


def reporting(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options that say what is told of a run, and where; `carry_out` takes them."""
    for option in reversed(REPORTING):
        command = option(command)
    return command


@click.command("run", cls=BareTrace)
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@click.option("--dry-run", is_flag=True, help="Render and check everything, connect to nothing.")
@changing
@choosing
@click.option("--resume", is_flag=True, help="Go on with an unfinished run (the default).")
@click.option("--yes", "-y", is_flag=True, help="Confirm what `guards.confirm_above` asks.")
@reporting
def command(
    jobs: tuple[str, ...], changes: Changes, dry_run: bool, step: str | None, report: Path | None, json_: bool,
    **rest: Any,
) -> int:  # fmt: skip
    """Run jobs in order, and stop at the first that fails. JOB '-' is standard input.

    \b
    Example:
      mailjobs run job.yaml --var build=17 --trace --report report.json
    """
    keep_from_core_dumps()
    if report is not None:
        check_report_path(report)
    listening = {name: rest.pop(name) for name in ("quiet", "verbose", "trace", "events")}
    options = Options(dry_run, step, (), **how(**rest), warned=partial(warn, listening["quiet"]))
    ready = all_checked(jobs, changes, step, listening["quiet"])
    if isinstance(ready, int):
        return ready
    return carry_out(ready, options, Listening(**listening), report, json_)


def carry_out(ready: Sequence[Loaded], options: Options, listening: Listening, report: Path | None, json_: bool) -> int:
    """Run jobs that are checked, in order, and stop at the first that fails; the exit status."""
    check_targets([report, listening.events, listening.trace], [loaded.job for loaded in ready])
    listens = replace(listening, quiet=listening.quiet or json_)
    records: list[RunRecord] = []
    with ExitStack() as stack:
        listeners = sinks(listens, stack)
        publish = Publish(listeners)
        for loaded in ready:
            records.append(_run(loaded, options, publish))
            if records[-1].failed:
                break
    if report is not None:
        write_report(report, records)
    if on_actions():
        tell_actions(records, [loaded.job for loaded in ready])
    if json_:
        click.echo(as_json(records), nl=False)
    elif listens.quiet:
        _tell_failures(records)
    return records[-1].exit_status or _unwritten(listeners)


def _unwritten(listeners: Sequence[Lasting]) -> int:
    """The exit status for what could not be written, which is told; 0 where all was."""
    failures = [one.failure for one in listeners if one.failure is not None]
    for failure in failures:
        click.echo(f"mailjobs: {failure}", err=True)
    return int(failures[0].exit_status) if failures else 0


def _run(loaded: Loaded, options: Options, publish: Publish) -> RunRecord:
    record = run_job(loaded.job, replace(options, warnings=loaded.warnings), publish)
    if record.error is not None:
        tell(record.error)
    return record


def _tell_failures(records: list[RunRecord]) -> None:
    for record in records:
        for step in record.steps:
            if step.error is not None and not step.ignored:
                click.echo(visible(f"{record.file}: {step.name}: {step.error}"), err=True)
