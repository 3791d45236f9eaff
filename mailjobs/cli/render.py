"""`mailjobs render`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable

import click

from mailjobs.cli.load import Changes, changing, checked
from mailjobs.cli.narrowing import redirecting
from mailjobs.errors import DataError, UsageError
from mailjobs.message import Outgoing
from mailjobs.model import Job, Send
from mailjobs.prepare import Choice, Letter, Preparation, RunFacts
from mailjobs.report.visible import visible_json


@click.command("render")
@click.argument("job", metavar="JOB")
@click.option("--message", metavar="NAME", help="The message; not needed where the job has one.")
@click.option("--row", type=click.IntRange(1), metavar="N", help="The row of a batch, counted from 1 (the first).")
@click.option("--key", metavar="K", help="The row of a batch with this key.")
@click.option("--run", "run_id", metavar="ID", help="As the run with this id sent it.")
@click.option("--headers", "part", flag_value="headers", help="The header section alone.")
@click.option("--text", "part", flag_value="text", help="The text body, decoded.")
@click.option("--html", "part", flag_value="html", help="The html body, decoded.")
@click.option("--json", "part", flag_value="json", help="Envelope and headers as JSON.")
@redirecting
@changing
def command(
    job: str, message: str | None, row: int | None, key: str | None, run_id: str | None, part: str | None,
    redirect_to: str | None, changes: Changes,
) -> int:  # fmt: skip
    """Print the exact bytes of a message, as they would be or were sent.

    \b
    Example:
      mailjobs render job.yaml --message invoice --row 3
    """
    if row is not None and key is not None:
        raise UsageError("--row and --key each choose a row: give one of them")
    loaded = checked(job, changes)
    facts = RunFacts.parse(run_id) if run_id else RunFacts.new()
    action = _send(loaded.job, message)
    letter = _letter(Preparation(loaded.job, facts, choice=Choice(redirect_to=redirect_to)), action, row, key)
    for chunk in PARTS[part or "bytes"](letter.outgoing):
        sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()
    return 0


def _send(job: Job, name: str | None) -> Send:
    """The first step that sends the message; where none does, a send of it alone."""
    if name is None and len(job.messages) != 1:
        raise UsageError(f"--message chooses one of: {', '.join(job.messages) or 'none, the job has no message'}")
    name = name or next(iter(job.messages))
    if name not in job.messages:
        raise UsageError(f"the job has no message '{name}'; it has: {', '.join(job.messages) or 'none'}")
    sends = [step.action for step in job.steps if isinstance(step.action, Send)]
    return next((send for send in sends if send.message == name), Send(name))


def _letter(preparation: Preparation, action: Send, row: int | None, key: str | None) -> Letter:
    scope = preparation.scope()
    if action.for_each is None:
        if row is not None or key is not None:
            raise UsageError(f"the message '{action.message}' is not sent for rows, so --row and --key choose nothing")
        return preparation.letter(action, scope)
    for letter in preparation.letters(action, scope):
        if (key is not None and letter.key == key) or (key is None and letter.row == (row or 1)):
            return letter
    wanted = f"with the key '{key}'" if key is not None else str(row or 1)
    raise DataError(f"{action.for_each} has no row {wanted}")


def _part(outgoing: Outgoing, kind: str) -> bytes:
    from email import message_from_bytes, policy

    body = message_from_bytes(outgoing.content, policy=policy.default).get_body((kind,))
    if body is None:
        raise UsageError(f"the message has no {'html' if kind == 'html' else 'text'} body")
    return str(body.get_content()).encode()


def _json(outgoing: Outgoing) -> bytes:
    found = {
        "message": outgoing.message,
        "message_id": outgoing.message_id,
        "sender": outgoing.sender,
        "recipients": [{"address": r.address, "kind": r.kind, "name": r.name} for r in outgoing.recipients],
        "headers": outgoing.told(),
        "size": outgoing.size,
        "smtputf8": outgoing.smtputf8,
    }
    return (visible_json(json.dumps(found, indent=2, ensure_ascii=False)) + "\n").encode()


PARTS: dict[str, Callable[[Outgoing], Iterable[bytes]]] = {
    "bytes": lambda outgoing: outgoing,
    "headers": lambda outgoing: [outgoing.head],
    "text": lambda outgoing: [_part(outgoing, "plain")],
    "html": lambda outgoing: [_part(outgoing, "html")],
    "json": lambda outgoing: [_json(outgoing)],
}
