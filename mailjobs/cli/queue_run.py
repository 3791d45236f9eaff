"""`mailjobs queue run`."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from mailjobs.cli.again import how
from mailjobs.cli.load import Changes, changing, checked, warn
from mailjobs.cli.narrowing import narrowing, redirecting
from mailjobs.cli.run import BareTrace, carry_out, reporting
from mailjobs.cli.sinks import Listening
from mailjobs.cli.which_files import of_a_queue
from mailjobs.errors import FileError, JobError, UsageError
from mailjobs.job import Loaded, load_job
from mailjobs.model import ProcessQueue, Step
from mailjobs.prepare import check_job
from mailjobs.report.files import check_report_path
from mailjobs.run import Options

LABEL = "queue run"  # where errors of what the command line says are


@click.command("run", cls=BareTrace)
@of_a_queue
@click.argument("job", required=False, metavar="[JOB]")
@click.option("--server", metavar="URL|NAME", help="The server: smtp://user@host:port, or its name in JOB.")
@narrowing("--step", metavar="ID", help="Where JOB has several steps for DIR: the one with this id.")
@click.option("--watch", is_flag=True, help="Go on until told to stop: Ctrl-C, SIGTERM.")
@click.option("--keep", is_flag=True, help="Leave what everybody has got as .sent.")
@click.option("--notify", metavar="ADDRESS", help="Tell this address of what has failed.")
@changing
@redirecting
@click.option("--dry-run", is_flag=True, help="Say what is due, connect to nothing.")
@click.option("--yes", "-y", is_flag=True, help="Confirm what `guards.confirm_above` asks.")
@reporting
def command(
    folder: Path, job: str | None, server: str | None, step: str | None, changes: Changes, dry_run: bool,
    report: Path | None, json_: bool, **rest: Any,
) -> int:  # fmt: skip
    """Send what is due in DIR: as the `process_queue` step of JOB says, or to the server of --server.

    A JOB without a step for DIR gives its server, its guards and its secrets. What the server of --server needs besides
    is given by --set, such as server.auth.username.

    \b
    Example:
      mailjobs queue run outbox job.yaml --watch
      mailjobs queue run outbox --server smtps://relay.example.com
    """
    if report is not None:
        check_report_path(report)
    if not folder.is_dir():
        raise FileError(f"there is no queue {folder}", hint=f"mkdir -m 700 {folder}")
    listening = Listening(**{name: rest.pop(name) for name in ("quiet", "verbose", "trace", "events")})
    wanted = {name: value for name in ("watch", "keep", "notify") if (value := rest.pop(name))}
    loaded = _of_job(job, folder, server, step, changes) if job else _of_server(folder, server, step, changes)
    warn(listening.quiet, loaded.warnings)
    loaded = replace(loaded, job=replace(loaded.job, steps=(_as_wanted(loaded.job.steps[0], wanted),)))
    problems = check_job(loaded.job)
    if problems:
        raise JobError.of(problems)
    rest = how(limit=None, only=(), state_dir=None, **rest)
    options = Options(dry_run, None, (), **rest, warned=partial(warn, listening.quiet))
    return carry_out([loaded], options, listening, report, json_)


def _of_server(folder: Path, server: str | None, step: str | None, changes: Changes) -> Loaded:
    """A job of what the command line says."""
    if server is None:
        raise UsageError("say which server: JOB, or --server smtp://host:port")
    if step is not None:
        raise UsageError("--step names a step of JOB, and there is none")
    text = {"version": 1, "server": server, "steps": [{"process_queue": {"dir": str(folder.absolute())}}]}
    settings, variables = changes.settings, dict(changes.variables)
    return load_job(LABEL, text=json.dumps(text, ensure_ascii=False), settings=settings, variables=variables)


def _of_job(path: str, folder: Path, server: str | None, step: str | None, changes: Changes) -> Loaded:
    """The job with its step for `folder` alone, or with one that is like the defaults."""
    loaded = checked(path, changes)
    found = [one for one in loaded.job.steps if _is_for(one, folder) and step in (None, one.id)]
    if len(found) > 1:
        ids = ", ".join([one.id or "(without an id)" for one in found])
        raise UsageError(f"{path} has several steps for {folder}: {ids}", hint="--step ID says which")
    if step is not None and not found:
        raise UsageError(f"no step of {path} that processes {folder} has the id '{step}'")
    one = found[0] if found else _made(loaded, folder)
    names = loaded.job.servers
    if server is not None and server not in names:
        raise UsageError(f"no server of {path} is called '{server}'", hint=f"servers: {', '.join(names)}")
    if server is None and one.server is None and len(names) != 1:
        raise UsageError(f"{path} has {len(names) or 'no'} servers", hint="--server NAME says which")
    one = replace(one, server=server or one.server, if_=None, index=0)
    return replace(loaded, job=replace(loaded.job, steps=(one,)))


def _is_for(step: Step, folder: Path) -> bool:
    return isinstance(step.action, ProcessQueue) and step.action.dir.resolve() == folder.resolve()


def _made(loaded: Loaded, folder: Path) -> Step:
    text = {"version": 1, "server": "localhost", "steps": [{"process_queue": {"dir": str(folder.absolute())}}]}
    (made,) = load_job(LABEL, text=json.dumps(text, ensure_ascii=False)).job.steps
    return replace(made, server=None)


def _as_wanted(step: Step, wanted: dict[str, Any]) -> Step:
    """With what the command line says besides."""
    action = step.action
    assert isinstance(action, ProcessQueue), "no other step is here"
    if wanted.get("watch") and action.limit is not None:
        raise UsageError("a queue that is watched has no limit, and the step has one")
    return replace(
        step,
        action=replace(
            action,
            watch=action.watch or "watch" in wanted,
            keep=action.keep or "keep" in wanted,
            on_failure=wanted.get("notify", action.on_failure),
        ),
    )
