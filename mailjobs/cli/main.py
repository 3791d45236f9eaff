"""The command `mailjobs`. Commands are imported when they are called, so that `--help` is there in a blink."""

from __future__ import annotations

import importlib

import click

from mailjobs import __version__
from mailjobs.cli.failure import guarded

COMMANDS = {
    "run": ("run", "Run jobs."),
    "plan": ("plan", "Show what a run would do, and what changed since the last one."),
    "validate": ("validate", "Check jobs without running them."),
    "render": ("render", "Print the exact bytes of a job's messages."),
    "runs": ("runs", "Look at past runs of a job, and what became of each recipient."),
    "queue": ("queue", "Look after a queue: list, retry, hold, remove, send."),
    "cert": ("cert", "Tell what a certificate, key or store holds."),
    "sandbox": ("sandbox", "Catch mail on loopback and keep it as files."),
    "init": ("init", "Write a first job to start from."),
    "schema": ("schema", "Print a JSON schema of the job file, events, reports or plans."),
}


class LazyGroup(click.Group):
    """A group whose commands live in modules of their own, imported by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"mailjobs.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "MAILJOBS"})
@click.version_option(__version__, message="mailjobs %(version)s")
def group() -> None:
    """Mail jobs from a YAML file: checked before they run, sent over SMTP, accounted for afterwards.

    \b
    Example:
      mailjobs init hello && mailjobs run hello/job.yaml
    """


def mailjobs(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit status."""
    return guarded(lambda: group.main(args=arguments, prog_name="mailjobs", standalone_mode=False))
