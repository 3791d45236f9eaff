"""Deliver the rows of a batch: in this process, or in several that are forked from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Lock

from mailjobs.delivery import Limits, Terms
from mailjobs.delivery.crew import Crew, Outbox, Worker
from mailjobs.delivery.pool import Pool
from mailjobs.delivery.signals import HeldSignals
from mailjobs.errors import MailjobsError
from mailjobs.events import Error, Publish, Sink, Stamped
from mailjobs.model import Send
from mailjobs.prepare import Letter
from mailjobs.session import Book, Conversation
from mailjobs.steps.context import Context
from mailjobs.steps.letter_maker import LetterMaker
from mailjobs.steps.limits import connections_of, processes_of
from mailjobs.steps.reporting import Progress, Reporter
from mailjobs.steps.shelf import Shelf
from mailjobs.steps.tally import Tally

HELD = 200  # events that a worker passes on together


class Shipment:
    """One batch under way. `tally` is what became of its recipients so far in this run; where `lost` it is not all of
    it.
    """

    def __init__(
        self, context: Context, action: Send, shelf: Shelf, maker: LetterMaker, limits: Limits, total: int
    ) -> None:
        self.tally = Tally()
        self.lost = False
        self._context = context
        self._action = action
        self._shelf = shelf
        self._maker = maker
        self._limits = limits
        self._terms = _terms(context, action)
        self._kept: Conversation | None = None
        self._loud: Publish | None = None
        self._told = False  # what the server lacks
        self._publish = context.publish.bind(server=context.sessions.name(context.step.server))
        self._progress = Progress(self._publish, self.tally, total)

    def deliver(self) -> MailjobsError | None:
        """Until the end; what kept it from going on."""
        processes = processes_of(self._action)
        try:
            with HeldSignals() as signals:
                if processes > 1:
                    return self._in_crew(processes, signals.check)
                self._here(signals.check)
        except MailjobsError as error:
            return error
        finally:
            self._progress.finish()
        return None

    def _here(self, check: Callable[[], None]) -> None:
        reporter = Reporter(self._publish, self._action.stop_on)
        book = self._shelf.book(0, self._maker.told_to(reporter))

        def pulse() -> None:
            self.tally.absorb(reporter.take())
            self._progress.pulse()

        try:
            self._pool(book, reporter, self._dial).run(pulse, check)
        finally:
            self.tally.absorb(reporter.take())
            if self._kept is not None and self._loud is not None:
                self._kept.publish = self._loud
            book.close()

    def _pool(
        self, book: Book[Letter], reporter: Reporter, dial: Callable[[int], Conversation], worker: int = 0
    ) -> Pool[Letter]:
        terms = replace(self._terms, connections=connections_of(self._action, worker))
        return Pool(book, terms, self._limits, dial, reporter, self._context.sessions.has_time)

    def _dial(self, number: int) -> Conversation:
        """The first connection is the step's, which later steps go on with."""
        context, quiet = self._context, self._publish.in_batch()
        if number:
            return context.sessions.another(context.step.server, quiet)
        self._kept = context.connection()
        self._tell_once(self._lacking(self._kept))
        self._loud, self._kept.publish = self._kept.publish, quiet
        return self._kept

    def _lacking(self, conversation: Conversation) -> Error | None:
        """What the job asks for and the server does not have."""
        wanted = self._terms.in_flight
        no_rset = conversation.server.rset == "never"
        if wanted == 1 or (conversation.extensions.has("CHUNKING") and not no_rset):
            return None
        why = "it needs RSET (rset: never)" if no_rset else "the server does not offer CHUNKING"
        return Error(None, f"in_flight: {wanted} does nothing, since {why}: one message at a time")

    def _tell_once(self, lacking: Error | None) -> None:
        if lacking is not None and not self._told:
            self._told = True
            self._publish(lacking)

    # --- several processes

    def _in_crew(self, processes: int, check: Callable[[], None]) -> MailjobsError | None:
        self._shelf.share(processes)
        self._context.sessions.share(processes)
        crew = Crew(processes, self._work)

        def receive(thing: object) -> None:
            if isinstance(thing, Tally):
                self.tally.absorb(thing)
                if self._too_many():
                    crew.stop()
            elif isinstance(thing, Error):
                self._tell_once(thing)
            elif isinstance(thing, list):
                for stamped in thing:
                    self._publish.pass_on(stamped)

        try:
            return crew.run(receive, self._progress.pulse, check)
        finally:
            self.lost = crew.lost
            self._context.sessions.share(1)

    def _too_many(self) -> bool:
        totals = self.tally.totals
        failed = totals.total() - totals["accepted"] - totals["not-attempted"]
        most = self._terms.max_failures
        return (self._terms.on_error == "stop" and failed > 0) or (most is not None and failed > most)

    def _work(self, number: int, outbox: Outbox, obey: Callable[[Worker], None]) -> None:
        """The life of a worker process."""
        forward = _Forward(outbox, self._publish)
        publish = self._publish.to([forward]).in_batch()
        reporter = Reporter(publish, self._action.stop_on)
        book = self._shelf.book(number, self._maker.told_to(reporter))
        sessions, server = self._context.sessions, self._context.step.server

        def dial(lane: int) -> Conversation:
            conversation = sessions.another(server, publish)
            lacking = None if lane else self._lacking(conversation)
            if lacking is not None:
                outbox.send(lacking)
            return conversation

        pool = self._pool(book, reporter, dial, number)
        obey(pool)

        def pulse() -> None:
            tally = reporter.take()
            if not tally.empty:
                outbox.send(tally)
            forward.flush()

        try:
            pool.run(pulse)
        finally:
            pulse()
            pool.hang_up()
            book.close()


class _Forward(Sink):
    """Passes a worker's events to its parent."""

    def __init__(self, outbox: Outbox, publish: Publish) -> None:
        self.hears = publish.in_batch().heard  # type: ignore[misc]
        self.follows_batches = True  # type: ignore[misc]
        self._outbox = outbox
        self._held: list[Stamped] = []
        self._lock = Lock()

    def __call__(self, stamped: Stamped) -> None:
        with self._lock:
            self._held.append(stamped)
        if len(self._held) >= HELD:
            self.flush()

    def flush(self) -> None:
        """Pass on what is held."""
        with self._lock:
            held, self._held = self._held, []
        if held:
            self._outbox.send(held)


def _terms(context: Context, action: Send) -> Terms:
    return Terms(
        connections=action.connections,
        in_flight=action.in_flight,
        messages_per_connection=action.messages_per_connection,
        recipients_per_message=action.recipients_per_message,
        on_error=action.on_error,
        max_failures=action.max_failures,
        on_unknown=action.on_unknown,
        retry=context.step.retry,
    )
