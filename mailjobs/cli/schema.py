"""`mailjobs schema`: the public schemas, for editors and programs."""

from __future__ import annotations

from pathlib import Path

import click

from mailjobs.errors import OutputError

NAMES = ("job", "event", "report", "plan")


@click.command("schema")
@click.argument("name", type=click.Choice(NAMES), default="job")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
def command(name: str, output: Path | None) -> None:
    """Print a JSON schema: of job files (the default), of events, reports, or plans.

    Editors complete and check a job whose first line is: # yaml-language-server: $schema=job.schema.json

    \b
    Example:
      mailjobs schema --output job.schema.json
    """
    from mailjobs.job.schema import schema_text

    text = schema_text(name)
    if output is None:
        click.echo(text, nl=not text.endswith("\n"))
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as cause:
        raise OutputError(f"cannot write {output}: {cause.strerror}") from cause
