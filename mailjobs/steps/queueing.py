"""The rows of a batch become queue files, each once however often the run is begun again.

A file is written under a name that nobody looks for and put on the disk; then the ledger has its dot; then it gets its
name. So where a dot is left without an outcome, the draft says that it was not queued, and its absence that it was.
After a power loss the absence says nothing, for the dot may be that of a whole block of rows.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from mailjobs.delivery.signals import HeldSignals
from mailjobs.disk import boot_id
from mailjobs.errors import MailjobsError
from mailjobs.ledger import LedgerBook, StepFiles
from mailjobs.ledger.replay import records
from mailjobs.model import Queue
from mailjobs.prepare import Letter
from mailjobs.rows import Row
from mailjobs.session import Settled
from mailjobs.smtp import Outcome
from mailjobs.spool import Drafts, is_prepared, is_queued, row_name
from mailjobs.steps.context import Context
from mailjobs.steps.letter_maker import LetterMaker
from mailjobs.steps.queue import entry_of
from mailjobs.steps.reporting import Progress, Reporter
from mailjobs.steps.shelf import Shelf
from mailjobs.steps.tally import Tally

GROUP: Final = 32  # files that get their names together: one sync of the directory for them all


class Queueing:
    """One batch under way, in the place of a `Shipment`. `tally` is what became of its recipients in this run."""

    lost = False

    def __init__(self, context: Context, action: Queue, folder: Path, shelf: Shelf, maker: LetterMaker) -> None:
        self.tally = Tally()
        self._context = context
        self._action = action
        self._folder = folder
        self._shelf = shelf
        self._maker = maker
        self._batch = shelf.files.step
        self._sure = _of_this_boot(shelf.files)
        self._doubtful: set[int] = set()  # rows of which an earlier session has left a dot alone
        self._progress = Progress(context.publish, self.tally, shelf.left)
        self._reporter = Reporter(context.publish, action.stop_on)

    def deliver(self) -> MailjobsError | None:
        """Until the end; what kept it from going on."""
        try:
            with HeldSignals() as signals:
                self._queue_all(signals.check)
        except MailjobsError as error:
            return error
        finally:
            self.tally.absorb(self._reporter.take())
            self._progress.finish()
        return None

    def _queue_all(self, check: Callable[[], None]) -> None:
        book = self._shelf.book(0, self._noting(self._maker.told_to(self._reporter)))
        drafts = Drafts(self._folder, prepared=True)
        try:
            while self._queue_some(book, drafts):
                self.tally.absorb(self._reporter.take())
                self._progress.pulse()
                check()
        finally:
            drafts.close()
            book.close()

    def _noting(self, render: Callable[[Row, int], Letter | None]) -> Callable[[Row, int], Letter | None]:
        known = self._shelf.known

        def noted(row: Row, position: int) -> Letter | None:
            if known.states[position] == ord("u"):
                self._doubtful.add(row.number)
            return render(row, position)

        return noted

    def _queue_some(self, book: LedgerBook[Letter], drafts: Drafts) -> bool:
        """One group; whether there may be more."""
        written: list[Letter] = []
        letters = 0
        try:
            while letters < GROUP and (letter := book.take()) is not None:
                letters += 1
                known = self._known(letter)
                if known is None:
                    drafts.write(self._name(letter), entry_of(self._context, self._action, letter), letter.outgoing)
                    written.append(letter)
                else:
                    self._settle(book, [Settled(letter, known)])
        finally:  # also where one does not fit: those before it do
            self._publish(book, drafts, written)
        return letters == GROUP

    def _publish(self, book: LedgerBook[Letter], drafts: Drafts, written: list[Letter]) -> None:
        if written:
            drafts.sync()
            book.dot(written)
            drafts.publish()
            self._settle(book, [Settled(letter, _all(letter, "accepted")) for letter in written])

    def _known(self, letter: Letter) -> tuple[Outcome, ...] | None:
        """What became of the letter of a row that was come to before; None where it is to be queued."""
        name = self._name(letter)
        if is_queued(self._folder, name):
            return _all(letter, "accepted")
        if letter.row not in self._doubtful or is_prepared(self._folder, name):
            return None
        if self._sure:
            return _all(letter, "accepted")  # and somebody has sent it since
        return None if self._action.on_unknown == "resend" else _all(letter, "unknown")

    def _settle(self, book: LedgerBook[Letter], settled: list[Settled[Any]]) -> None:
        book.settle(settled)
        for one in settled:  # no event says that anybody has got it: that is for those who process the queue
            self.tally.add(one)

    def _name(self, letter: Letter) -> str:
        return row_name(self._context.preparation.facts.id, self._batch, letter.key)


def _of_this_boot(files: StepFiles) -> bool:
    """Whether all that earlier sessions have written is there: no power was lost since."""
    here = boot_id()
    starts = [next(records(journal), None) for journal in files.journals()]
    return bool(here) and all(words is not None and words[:1] + words[3:4] == ["start", here] for words in starts)


def _all(letter: Letter, state: str) -> tuple[Outcome, ...]:
    return tuple([Outcome(one, state) for one in letter.envelope.recipients])  # type: ignore[arg-type]
