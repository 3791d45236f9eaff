"""`mailjobs queue`: the commands that look after a queue."""

from __future__ import annotations

import importlib

import click

COMMANDS = {
    "list": ("queue_list", "List what is in the queue."),
    "show": ("queue_show", "Show a message: its recipients, what became of them, and when."),
    "retry": ("queue_retry", "Send again what has failed, and at once what waits."),
    "hold": ("queue_hold", "Send nothing of it until it is released."),
    "release": ("queue_release", "Send what is held after all."),
    "remove": ("queue_remove", "Take messages out of the queue for good."),
    "recover": ("queue_recover", "Take back what a host that is gone had begun to send."),
    "run": ("queue_run", "Send what is due, once or until it is stopped."),
}


class _Commands(click.Group):
    """The commands, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"mailjobs.cli.{COMMANDS[cmd_name][0]}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group("queue", cls=_Commands)
def command() -> None:
    """Look after a queue: the directory that `queue` steps write to and `process_queue` sends from.

    A FILE is named as `list` shows it, without its suffix, or by how it begins. What is being sent is left alone.

    \b
    Example:
      mailjobs queue list outbox --state failed
    """
