"""What became of the recipients of a send, added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from mailjobs.errors import MailjobsError, ReplyError
from mailjobs.message import Outgoing, Recipient
from mailjobs.prepare import Letter
from mailjobs.session import Part, Settled
from mailjobs.smtp import Outcome, Reply
from mailjobs.steps.context import reply_dict

BODY_SHOWN = 1024 * 1024  # above it results do not repeat the body
FAILURES_KEPT = 1000
LOST = "the connection was lost between the end of the message and the reply, so "
STATES = ("accepted", "rejected", "deferred", "unknown", "not-attempted")


class Failure(NamedTuple):
    """One recipient that did not get the message, and what broke off the letter, if anything did."""

    kind: str
    outcome: Outcome
    cause: MailjobsError | None

    @property
    def own_error(self) -> MailjobsError | None:
        """The cause, where it was neither server nor network: a file that changed while it was sent."""
        if self.cause is None or self.outcome.reply is not None or self.outcome.reason:
            return None
        return self.cause if self.cause.who not in ("network", "server") else None

    @property
    def refused_bcc(self) -> bool:
        """Whether it is no more than a warning."""
        return self.kind == "bcc" and self.outcome.state == "rejected"

    @property
    def lasting(self) -> bool:
        """Whether trying again cannot be expected to help."""
        own = self.own_error
        return self.outcome.state in ("rejected", "unknown") or (own is not None and not own.temporary)


class Unmade(NamedTuple):
    """A row that no letter can be made of, or none any more. `words` tell it, "" where that was done.

    `recipients` are those of whom nothing will ever be known, where the row is skipped; `bad` says whether it counts as
    a bad row that was not known before. `error` makes the step fail.
    """

    recipients: int = 0
    bad: bool = False
    words: str = ""
    code: int | None = None
    error: MailjobsError | None = None


class Tally:
    """Counts by state, the failures themselves (the first thousand), and those of them that say why the step fails.

    Not for several threads; each may have one of its own, to be absorbed.
    """

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter(dict.fromkeys(STATES, 0))
        self.failures: list[dict[str, Any]] = []
        self.last_reply: Reply | None = None
        self.bad = 0  # rows that were found bad when they were to be sent, and are skipped
        self.skipped = 0  # recipients of rows that are skipped
        self.unmade: MailjobsError | None = None  # why the first row that is not skipped cannot be sent
        self._worst: dict[tuple[bool, bool], Failure] = {}  # the first that is a refused Bcc or not, and lasts or not

    def add(self, settled: Settled[Letter]) -> None:
        """Count one letter, or those of its recipients that the part is for."""
        for index, outcome in enumerate(settled.outcomes):
            self.totals[outcome.state] += 1
            self.last_reply = outcome.reply or self.last_reply
            if outcome.state != "accepted":
                letter, people = addressed(settled)
                row = {"row": letter.row, "key": letter.key} if letter.row is not None else {}
                self.fail(row, Failure(people[index].kind, outcome, settled.error))

    def add_unmade(self, made: Unmade) -> None:
        """Count a row that cannot be sent."""
        self.bad += made.bad
        self.skipped += made.recipients
        self.unmade = self.unmade or made.error

    def absorb(self, other: Tally) -> None:
        """Add what another one has counted later."""
        self.totals.update(other.totals)
        self.last_reply = other.last_reply or self.last_reply
        self.failures += other.failures[: max(FAILURES_KEPT - len(self.failures), 0)]
        self.bad += other.bad
        self.skipped += other.skipped
        self.unmade = self.unmade or other.unmade
        self._worst = {**other._worst, **self._worst}

    def fail(self, row: dict[str, Any], failure: Failure) -> None:
        """Keep a failure, which is counted elsewhere; `row` has row and key, where it is of a batch."""
        if len(self.failures) < FAILURES_KEPT:
            self.failures.append({**row, **_recipient(failure.kind, failure.outcome)})
        self._worst.setdefault((failure.refused_bcc, failure.lasting), failure)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to absorb."""
        return not (self.totals.total() or self.bad or self.skipped or self.unmade)

    def expect(self, recipients: int) -> None:
        """So many there were to send to: whoever is not counted yet was not come to."""
        self.totals["not-attempted"] += max(recipients - self.skipped - self.totals.total(), 0)

    def summary(self, accepted: str = "accepted") -> str:
        """Such as `3 accepted, 1 rejected`; `accepted` is what is said of the former."""
        words = {"accepted": accepted}
        counts = [f"{self.totals[state]} {words.get(state, state)}" for state in STATES if self.totals[state]]
        return ", ".join(counts) or "nobody to send to"

    def error(self, stop_on: tuple[str, ...]) -> MailjobsError | None:
        """Why the step fails, if it does: a To or Cc that did not get it. A refused Bcc is a warning (see stop_on)."""
        worst = list(self._worst.values())
        counted = [failure for failure in worst if not failure.refused_bcc or "bcc" in stop_on]
        if not counted and self.totals["accepted"] == 0:
            counted = worst
        if not counted:
            return None
        lasting = [failure for failure in counted if failure.lasting]
        return self._error((lasting or counted)[0], temporary=not lasting)

    def _error(self, failure: Failure, temporary: bool) -> MailjobsError:
        outcome, where = failure.outcome, failure.cause
        if failure.own_error is not None:
            return failure.own_error
        words = {
            "unknown": f"{'' if outcome.reason else LOST}it is unknown whether {outcome.recipient} got it",
            "not-attempted": f"{outcome.recipient} was not sent to",
        }
        reason = words.get(outcome.state, f"{outcome.recipient} was {outcome.state}")
        said = outcome.reply or outcome.reason or (where and where.message)
        error = ReplyError(
            f"{reason}: {said}" if said else reason,
            code=where.code if where and outcome.reply is None else None,
            temporary=temporary,
            reply=outcome.reply,
            command=outcome.command,
            recipient=outcome.recipient,
        )
        if where is not None:
            error.within(stage=where.stage, host=where.host, address=where.address, port=where.port)
        return error


def weightier(broken: MailjobsError | None, failed: MailjobsError | None) -> MailjobsError | None:
    """The error that tells more: `broken` kept letters from being sent, `failed` is of those that were."""
    if broken is None or (failed is not None and broken.temporary and not failed.temporary):
        return failed
    return broken


def recipients_of(settled: Settled[Letter]) -> list[dict[str, Any]]:
    """Each recipient: address, kind, state, reply."""
    _, people = addressed(settled)
    return [_recipient(one.kind, outcome) for one, outcome in zip(people, settled.outcomes, strict=True)]


def addressed(settled: Settled[Any]) -> tuple[Letter, Sequence[Recipient]]:
    """The whole letter, and those of its recipients whose outcomes these are."""
    letter, indexes = settled.letter, list(range(len(settled.outcomes)))
    while isinstance(letter, Part):
        indexes = [letter.indexes[index] for index in indexes]
        letter = letter.whole
    recipients = letter.outgoing.recipients
    return letter, [recipients[index] for index in indexes]


def _recipient(kind: str, outcome: Outcome) -> dict[str, Any]:
    return {"address": outcome.recipient, "kind": kind, "state": outcome.state, "reply": reply_dict(outcome.reply)}


def sent_facts(letter: Letter) -> dict[str, Any]:
    """headers, headers_text, body_text (None above 1 MiB), message_id, size."""
    outgoing: Outgoing = letter.outgoing
    whole = outgoing.whole if outgoing.body_size <= BODY_SHOWN else None
    body = whole[len(outgoing.head) :].decode("utf-8", "backslashreplace") if whole is not None else None
    return {
        "message_id": outgoing.message_id,
        "size": outgoing.size,
        "headers": outgoing.told(),
        "headers_text": outgoing.head.decode("utf-8", "backslashreplace"),
        "body_text": body,
    }
