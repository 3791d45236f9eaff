"""The files of a queue become outcomes, over a pool of connections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from mailjobs.delivery import Limits, Terms
from mailjobs.delivery.pool import Pool
from mailjobs.delivery.rates import Rates
from mailjobs.delivery.signals import HeldSignals
from mailjobs.errors import FileError, MailjobsError
from mailjobs.events import Error, MessageSettled, Publish
from mailjobs.message import Recipient
from mailjobs.model import Guards, ProcessQueue
from mailjobs.prepare.check_told import check_told
from mailjobs.rows.temporary import temporary
from mailjobs.session import Conversation
from mailjobs.spool import FAILED, HELD, QUEUED, SENT, Aside, Patience, QueuedLetter, Rested, Spool, measure, recover
from mailjobs.spool.names import SENDING
from mailjobs.spool.notice import Notifier
from mailjobs.spool.resting import nobody_told
from mailjobs.steps.context import Context, Output, reply_dict
from mailjobs.steps.due import due, opened
from mailjobs.steps.queues import check_queue
from mailjobs.steps.reporting import Reporter
from mailjobs.steps.tally import Failure, Tally, weightier
from mailjobs.steps.watching import Watching

KINDS: Final = {SENT: "sent", QUEUED: "deferred", FAILED: "failed", HELD: "unknown"}
WORST_FIRST: Final = {"sent": "a", "deferred": "dn", "failed": "rd", "unknown": "u"}
MOST_TOLD: Final = 1000  # files of each kind in the result
ENDED: Final = "the process that was sending it has ended before the reply"


class Processing:
    """One process_queue step under way."""

    def __init__(self, context: Context, action: ProcessQueue) -> None:
        self.tally = Tally()
        self.files: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS.values()}
        self.counts: Counter[str] = Counter()
        self.aside: list[Aside] = []
        self.recovered = 0
        self._context = context
        self._action = action
        self._counted = 0  # recipients, for the guards
        retry, told = context.step.retry, check_told(context.step)
        self._patience = Patience(retry.attempts, retry.delay, retry.max_delay, action.max_age)
        self._notifier = Notifier(told) if told is not None else None
        self._limits = _limits(action)
        self._kept: Conversation | None = None
        self._loud: Publish | None = None
        self._publish = context.publish.bind(server=context.sessions.name(context.step.server))

    def run(self) -> MailjobsError | None:
        """Until all that was due is settled, or it is told to stop; what kept it from going on."""
        try:
            check_queue(self._action)
            self._check_told()
            with HeldSignals() as signals:
                self.recover()
                if self._action.watch:
                    Watching(self._context, self._action, self).run(signals.check)
                else:
                    self.send(None, signals.check)
        except MailjobsError as error:
            return error
        return None

    def _check_told(self) -> None:
        """Whoever is told of failures may be sent to: else that would be found out when it is too late."""
        if self._notifier is not None:
            self._context.preparation.gate.pass_((Recipient(self._notifier.address, "to"),), None)

    def recover(self) -> None:
        """Take up what processes that are gone have left. Raises FileError, OutputError."""
        action = self._action
        found = recover(
            action.dir, self._patience, keep=action.keep, tell=self._tell, failed=self._notifier or nobody_told
        )
        self.recovered += len(found)
        for one in found:
            if one.suffix == FAILED or (one.suffix == HELD and action.on_unknown == "hold"):
                self._tell_late(one.rested)

    def _tell_late(self, rested: Rested) -> None:
        """Tell what a process came to know, or to leave unknown, that ended before it could say so."""
        self._rested(rested)
        for one in rested.entry.recipients:
            outcome = rested.state.outcome(one.address)
            if outcome.state == "unknown":
                outcome = replace(outcome, reason=ENDED)
            if outcome.state in ("unknown", "rejected"):
                self.tally.totals[outcome.state] += 1
                self.tally.fail({}, Failure(one.kind, outcome, None))
                reply = str(outcome.reply) if outcome.reply else None
                self._publish(MessageSettled(None, one.address, outcome.state, reply))

    def send(self, files: Sequence[str] | None, check: Callable[[], None]) -> None:
        """Send what is due of `files`, or of all, and then what tells of failures. Raises what keeps it from that."""
        self._send(files, check)
        while made := self._notices():
            self._send(made, check)

    def _notices(self) -> list[str]:
        """The notifications that were made since; who watches the queue finds them there."""
        if self._notifier is None:
            return []
        made, self._notifier.made = self._notifier.made, []
        return [] if self._action.watch else made

    def hang_up(self) -> None:
        """End the connection that is kept, where there is one. Raises Interrupted."""
        if self._kept is not None:
            self._kept.quit()

    def _send(self, files: Sequence[str] | None, check: Callable[[], None]) -> None:
        spool = self._open(files)
        failed: MailjobsError | None = None
        try:
            self._deliver(spool, check)
        except MailjobsError as error:
            failed = error
        finally:
            if self._kept is not None and self._loud is not None:
                self._kept.publish = self._loud
        try:
            spool.close()
        except MailjobsError as error:
            failed = failed or error
        if failed is not None:
            raise failed

    def _open(self, files: Sequence[str] | None) -> Spool:
        """See to the guards. Raises FileError, GuardError."""
        action, context = self._action, self._context
        gate = context.preparation.gate
        if gate.guards != Guards() or gate.redirect is not None:
            found = due(context, action)
            self._counted += found.new
            context.send_to(self._counted)
            meant = set(found.files if files is None else files)
            files = [file for file in found.files if file in meant]
        return Spool(
            action.dir,
            opened(action),
            keep=action.keep,
            patience=self._patience,
            files=files,
            limit=action.limit,
            redirect=gate.redirect.address if gate.redirect is not None else None,
            tell=self._tell,
            rested=self._rested,
            failed=self._notifier or nobody_told,
        )

    def _deliver(self, spool: Spool, check: Callable[[], None]) -> None:
        reporter = Reporter(self._publish, ())
        pool = Pool[QueuedLetter](
            spool, _terms(self._action), self._limits, self._dial, reporter, self._context.sessions.has_time
        )
        try:
            pool.run(lambda: self.tally.absorb(reporter.take()), check)
        finally:
            self.tally.absorb(reporter.take())

    def _dial(self, number: int) -> Conversation:
        """The first connection is the step's, which later steps go on with."""
        context, quiet = self._context, self._publish.in_batch()
        if number:
            return context.sessions.another(context.step.server, quiet)
        conversation = context.connection()
        conversation.used = conversation.used or conversation is self._kept  # of an earlier round
        self._kept = conversation
        self._loud, conversation.publish = conversation.publish, quiet
        if self._notifier is not None:
            self._notifier.remote = conversation.server.host
        return conversation

    # --- what is told; in any thread

    def _tell(self, aside: Aside) -> None:
        if len(self.aside) < MOST_TOLD:
            self.aside.append(aside)
        self._publish(Error(FileError.code, aside.told(self._action.dir)))

    def _rested(self, rested: Rested) -> None:
        if rested.suffix == QUEUED and not rested.state.tried:
            return  # it was not come to
        kind = KINDS[rested.suffix]
        self.counts[kind] += 1
        if len(self.files[kind]) < MOST_TOLD:
            self.files[kind].append(_told(kind, rested))


def process(context: Context, action: ProcessQueue) -> Output:
    """The step's result."""
    processing = Processing(context, action)
    error = processing.run()
    tally = processing.tally
    output = Output(error=weightier(error, tally.error(())), last_reply=tally.last_reply)
    if output.error is None and processing.aside:
        output.error = FileError(processing.aside[0].told(action.dir), hint="see what it is; nothing else is touched")
    output.result = {
        **processing.files,
        "counts": {kind: processing.counts[kind] for kind in KINDS.values()},
        "totals": dict(tally.totals),
        "recovered": processing.recovered,
        "set_aside": [aside._asdict() for aside in processing.aside],
    }
    output.summary = _summary(processing, output.error is not None) + _queue(action, output)
    return output


def _queue(action: ProcessQueue, output: Output) -> str:
    """What is left of the queue, for the result and for people."""
    try:
        depth = measure(action.dir)
    except FileError:
        return ""
    output.result |= {"depth": depth.waiting, "age": round(depth.age, 3), "left": depth.counts}
    if not depth.waiting:
        return "; the queue is empty"
    states = ((SENDING, "begun by others"), (HELD, "held"))
    parts = ", ".join([f"{depth.counts[suffix]} {words}" for suffix, words in states if depth.counts.get(suffix)])
    return f"; {depth.waiting} in the queue{f' ({parts})' if parts else ''}, the oldest {age_words(depth.age)} old"


def _summary(processing: Processing, failed: bool) -> str:
    counts = [f"{processing.counts[kind]} {kind}" for kind in KINDS.values() if processing.counts[kind]]
    more = [f"{processing.recovered} recovered"] if processing.recovered else []
    more += [f"{len(processing.aside)} of no use"] if processing.aside else []
    return ", ".join(counts + more) or ("nothing was sent" if failed else "nothing to send")


def age_words(seconds: float) -> str:
    """An age in its largest unit: `3 days`, `5 minutes`."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{int(seconds)} second{'' if int(seconds) == 1 else 's'}"


def _told(kind: str, rested: Rested) -> dict[str, Any]:
    state = rested.state
    outcomes = [(one, state.outcome(one.address)) for one in rested.entry.recipients]
    letters = WORST_FIRST[kind]
    ranked = sorted(outcomes, key=lambda pair: _rank(letters, state.letters[pair[0].address]))
    decisive = next((outcome for _, outcome in ranked if outcome.reply is not None), None)
    return {
        "file": rested.file,
        "message_id": rested.entry.message_id,
        "reply": reply_dict(decisive.reply if decisive is not None else None),
        "reason": state.held or state.given_up,
        "next": state.next.isoformat() if kind == "deferred" and state.next is not None else None,
        "recipients": [
            {"address": one.address, "kind": one.kind, "state": outcome.state, "reply": reply_dict(outcome.reply)}
            for one, outcome in outcomes
        ],
    }


def _rank(letters: str, letter: str) -> int:
    return letters.index(letter) if letter in letters else len(letters)


def _limits(action: ProcessQueue) -> Limits:
    with temporary():
        return Rates(action.rate, action.rate_per_domain, 1)


def _terms(action: ProcessQueue) -> Terms:
    """A message that is deferred waits in the queue, so delivery itself tries once."""
    return Terms(
        connections=action.connections,
        in_flight=action.in_flight,
        messages_per_connection=action.messages_per_connection,
        recipients_per_message=action.recipients_per_message,
        on_unknown=action.on_unknown,
    )
