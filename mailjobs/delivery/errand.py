"""A letter on its way through delivery, and what a try leaves of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from mailjobs.session import Letter, Part
from mailjobs.smtp import Outcome

L = TypeVar("L", bound=Letter)
TOO_MANY = (452, 552)  # at RCPT, after others were accepted: RFC 5321 section 4.5.3.1.10


@dataclass(slots=True, eq=False)
class Errand(Generic[L]):
    """A letter, or the part of it that is still open. `whole` is what was taken from the book.

    `tries` counts what brought an answer, `losses` the connections that broke under it. `moment` is when it may go
    out (0: at once). `known` is what the last try brought, where there was one.
    """

    whole: L
    letter: Letter
    tries: int = 0
    losses: int = 0
    moment: float = 0.0
    known: tuple[Outcome, ...] = ()

    @property
    def recipients(self) -> tuple[str, ...]:
        """Whom it is for."""
        return self.letter.envelope.recipients


class Verdict(NamedTuple):
    """Indexes of an errand's recipients by what is to be done with them."""

    final: tuple[int, ...]
    again_now: tuple[int, ...]
    again_later: tuple[int, ...]


def judge(outcomes: tuple[Outcome, ...], may_retry: bool, stops: frozenset[int] = frozenset()) -> Verdict:
    """Those deferred may get another try; at once where the server took others, and these were too many for it.

    `stops` are those whose refusal keeps the message from everybody: where one is deferred all wait for it together.
    """
    if all(outcome.state == "accepted" for outcome in outcomes):
        return Verdict(tuple(range(len(outcomes))), (), ())
    if stops:
        return _together(outcomes, may_retry, stops)
    taken = any(outcome.state == "accepted" for outcome in outcomes)
    final, now, later = [], [], []
    for index, outcome in enumerate(outcomes):
        if taken and _too_many(outcome):
            now.append(index)
        elif outcome.state == "deferred" and may_retry:
            later.append(index)
        else:
            final.append(index)
    return Verdict(tuple(final), tuple(now), tuple(later))


def _together(outcomes: tuple[Outcome, ...], may_retry: bool, stops: frozenset[int]) -> Verdict:
    rejected = any(outcomes[index].state == "rejected" for index in stops)
    states = ("deferred", "not-attempted") if may_retry and not rejected else ()
    later = tuple([index for index, outcome in enumerate(outcomes) if outcome.state in states])
    if not any(outcomes[index].state == "deferred" for index in later):
        later = ()
    return Verdict(tuple([index for index in range(len(outcomes)) if index not in later]), (), later)


def _too_many(outcome: Outcome) -> bool:
    reply = outcome.reply
    if outcome.command != "RCPT" or reply is None or reply.code not in TOO_MANY:
        return False
    return reply.enhanced in (None, "4.5.3", "5.5.3")


def part_of(letter: Letter, indexes: tuple[int, ...]) -> Letter:
    """The letter for those at `indexes` alone: itself where that is everybody."""
    return letter if len(indexes) == len(letter.envelope.recipients) else Part(letter, indexes)


def split(letter: Letter, most: int | None) -> list[Letter]:
    """The letter in parts for at most so many recipients. One refusal that stops all keeps it whole."""
    count = len(letter.envelope.recipients)
    if most is None or count <= most or letter.stop_indexes:
        return [letter]
    return [part_of(letter, tuple(range(start, min(start + most, count)))) for start in range(0, count, most)]
