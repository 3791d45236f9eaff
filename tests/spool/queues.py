"""A queue in a folder, filled and emptied by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mailjobs import clock
from mailjobs.session import Settled
from mailjobs.spool import Patience, Spool, fresh_name, queue_message
from mailjobs.spool.stored import parse_file
from tests.spool.files import entry, outcome

CONTENT = b"Subject: x\r\n\r\nx\r\n"
NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


class Clock:
    """Stands still until it is moved."""

    def __init__(self, monkeypatch, now=NOW):
        self.time = now
        monkeypatch.setattr(clock, "now", lambda: self.time)

    def forward(self, seconds):
        self.time += timedelta(seconds=seconds)


def queued(folder, *recipients, content=CONTENT, **fields):
    """Queue one; the name of its file."""
    fields.setdefault("created", clock.now())
    return queue_message(folder, fresh_name(), entry(*recipients, size=len(content), **fields), [content])


def files(folder):
    """All names but for those of drafts, in order, without the name: what suffixes there are."""
    return sorted(path.name for path in folder.iterdir())


def suffixes(folder):
    return [file[file.index(".", 20) :] for file in files(folder)]


def state_of(folder, number=0):
    return parse_file((folder / files(folder)[number]).read_bytes()).state


def deliver(spool, letter, state, code=0, *lines, dot=True):
    """One try of a letter."""
    if dot:
        spool.dot([letter])
    spool.settle([Settled(letter, tuple(outcome(one, state, code, *lines) for one in letter.envelope.recipients))])


def attempt(folder, state, code=0, **options):
    """Take all that is due, and let the same become of each; how many there were."""
    spool = Spool(folder, **options)
    count = 0
    while (letter := spool.take()) is not None:
        deliver(spool, letter, state, code)
        count += 1
    del letter
    spool.close()
    return count


ONCE = Patience(attempts=1)
