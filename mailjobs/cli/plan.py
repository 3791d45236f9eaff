"""`mailjobs plan`."""

from __future__ import annotations

import sys
from typing import Any

import click

from mailjobs.cli.again import choosing, how
from mailjobs.cli.load import Changes, all_checked, changing
from mailjobs.report.colour import style_for
from mailjobs.report.plan import as_json, as_text
from mailjobs.run import Options
from mailjobs.run.planning import plan_job


# Its options have the twins of `run`: what holds for a run has to hold for its plan.
@click.command("plan", context_settings={"auto_envvar_prefix": "MAILJOBS_RUN"})
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@changing
@choosing
@click.option("--diff", is_flag=True, help="Show how what changed since the last run has changed.")
@click.option("--json", "as_data", is_flag=True, help="Print the plan as JSON.")
def command(
    jobs: tuple[str, ...], changes: Changes, step: str | None, diff: bool, as_data: bool, **rest: Any
) -> int:  # fmt: skip
    """Show what a run would do: steps, recipients, what was delivered already, what changed since the last run.

    Connects to nothing and changes nothing. The exit status is that of the run, as far as it is known before.

    \b
    Example:
      mailjobs plan job.yaml --diff
    """
    ready = all_checked(jobs, changes, step, quiet=False)
    if isinstance(ready, int):
        return ready
    plans = []
    for loaded in ready:
        options = Options(step=step, warnings=loaded.warnings, **how(**rest))
        plans.append(plan_job(loaded.job, options, diff))
        if not as_data:
            click.echo(("\n" if len(plans) > 1 else "") + as_text(plans[-1], style_for(sys.stdout)), nl=False)
    if as_data:
        click.echo(as_json(plans), nl=False)
    return next((plan.exit_status for plan in plans if plan.exit_status), 0)
