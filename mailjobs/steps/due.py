"""What a process_queue step would send: which files are due, and to how many."""

from __future__ import annotations

from collections.abc import Iterable

from mailjobs import clock
from mailjobs.errors import GuardError
from mailjobs.frozen import frozen
from mailjobs.message import Recipient
from mailjobs.model import ProcessQueue
from mailjobs.prepare.found import counted
from mailjobs.spool import Spool, list_files, look
from mailjobs.spool.book import suffixes_of
from mailjobs.steps.context import Context, Output


@frozen
class Due:
    """`recipients` counts those of `files`; `new` are those that no `queue` step of this run has counted."""

    files: tuple[str, ...]
    recipients: int
    new: int


def opened(action: ProcessQueue) -> str:
    """The letters of the states that are sent to."""
    return "ndu" if action.on_unknown == "resend" else "nd"


def due(context: Context, action: ProcessQueue) -> Due:
    """The files that may be sent now. Raises FileError, and GuardError for one that may not."""
    files: list[str] = []
    recipients = new = 0
    run = context.scope["run"]["id"]
    for file, entry_run, people in _open(context, action):
        if len(files) == action.limit:
            break
        count = len(_allowed(context, file, people))
        files.append(file)
        recipients += count
        new += count if entry_run != run else 0
    return Due(tuple(files), recipients, new)


def _open(context: Context, action: ProcessQueue) -> Iterable[tuple[str, str, tuple[Recipient, ...]]]:
    now = clock.now()
    for file in list_files(action.dir, suffixes_of(opened(action))):
        stored = look(action.dir, file)
        if stored is None or not Spool.wants(stored.state, now):
            continue
        whom = set(stored.state.open(opened(action)))
        people = tuple([Recipient(one.address, one.kind) for one in stored.entry.recipients if one.address in whom])
        if people:
            yield file, stored.entry.run, people


def _allowed(context: Context, file: str, people: tuple[Recipient, ...]) -> tuple[Recipient, ...]:
    try:
        return context.preparation.gate.pass_(people, None)
    except GuardError as error:
        error.message = f"{error.message} ({file})"
        raise


def would_process(context: Context, action: ProcessQueue) -> Output:
    """What a dry run says. Raises FileError, GuardError."""
    found = due(context, action)
    count = counted(len(found.files), "message")
    return Output(
        {"messages": len(found.files), "recipients": found.recipients},
        f"would send {count} of {action.dir.name} to {counted(found.recipients, 'recipient')}",
    )
