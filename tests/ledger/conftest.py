"""Runs of a job, as a process would leave them."""

from datetime import UTC, datetime

import pytest

from mailjobs.ledger import (
    Journal,
    LedgerBook,
    LocalClaims,
    Run,
    StepState,
    carry_over,
    restore,
    state_folder,
    totals_of,
)
from mailjobs.rows import Row
from mailjobs.rows.snapshot import Snapshot, SnapshotWriter
from tests.book.books import mail
from tests.book.deliveries import settle


def people(row):
    return row.values["to"].split()


class Runs:
    """Makes runs of the step `send`. A row is a key and its recipients."""

    def __init__(self, folder):
        self.folder = folder

    def begin(self, name, rows, kept=(), letters="au"):
        run = Run(name, "job.yaml", datetime(2026, 11, len(self.folder.runs()) + 1, tzinfo=UTC))
        sources = tuple(f"{one}/send" for one in kept)
        run.steps["send"] = state = StepState(rows=len(rows), kept=sources, recipients=sum(len(one) for _, one in rows))
        self.folder.save(run)
        files = self.folder.files(name, "send")
        with SnapshotWriter(files.rows) as writer:
            for number, (key, addresses) in enumerate(rows, 1):
                writer.append(Row(number, key, {"to": " ".join(addresses)}, number + 1))
        state.size, state.checksum = writer.size, writer.checksum
        self.folder.save(run)
        if kept:
            carry_over(self.folder, sources, files, letters, people=people)
        return files

    def book(self, files, opened="nd"):
        rows = Snapshot(files.rows)
        known = restore(files.journals(), len(rows), files.kept)
        journal = Journal(files.next_journal(), opened)

        def render(row, position):
            return mail(*people(row))

        return LedgerBook(rows, journal, LocalClaims(len(rows), 2), render, known, opened)

    def deliver(self, files, states, opened="nd"):
        """Send to all that is open, each with the state that `states` has for the address; None: no reply comes."""
        book, sent = self.book(files, opened), []
        while (letter := book.take()) is not None:
            book.dot([letter])
            recipients = letter.envelope.recipients
            sent += recipients
            found = [states.get(address, "accepted") for address in recipients]
            if None not in found:
                settle(book, letter, *found)
        return sent

    def finish(self, name):
        """Say that it ended by itself."""
        run = next(run for run in self.folder.runs() if run.id == name)
        files = self.folder.files(name, "send")
        run.finished = datetime(2026, 12, 1, tzinfo=UTC)
        run.steps["send"].state = "finished"
        run.steps["send"].totals = totals_of(restore(files.journals(), run.steps["send"].rows, files.kept))
        self.folder.save(run)


@pytest.fixture
def runs(tmp_path):
    folder = state_folder(tmp_path / "job.yaml")
    folder.lock()
    yield Runs(folder)
    folder.unlock()
