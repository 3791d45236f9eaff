"""What a worker process did not live to tell, from what it had written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby, islice
from typing import NamedTuple, cast

from mailjobs.errors import MailjobsError
from mailjobs.ledger import Account
from mailjobs.ledger.accounts import accounts_of
from mailjobs.ledger.lines import LETTERS
from mailjobs.prepare import Letter
from mailjobs.rows import Row
from mailjobs.session import Part, Settled
from mailjobs.smtp import Outcome, Reply
from mailjobs.smtp.envelope import State
from mailjobs.steps.shelf import Shelf
from mailjobs.steps.tally import FAILURES_KEPT, Failure, Tally

ENDED = ("accepted", "rejected", "deferred", "unknown")


class Untold(NamedTuple):
    """Recipients of a row who did not get their message, and of whom the tally does not know."""

    row: Row
    outcomes: list[Outcome]


def recount(tally: Tally, shelf: Shelf, make: Callable[[Row], Letter]) -> None:
    """Make `tally` agree with the journals. `make` gives the letter of a row again, for the kinds of its recipients.

    Raises OutputError where the journals cannot be read.
    """
    before = shelf.known
    shelf.read_again()
    for letters in ("u", "rd"):  # those come first that say most about the run
        for untold in islice(_untold(tally, shelf, letters, before.open), FAILURES_KEPT):
            _add(tally, untold, make)
    for state in ENDED:
        letter = LETTERS[state]
        held = 0 if letter in shelf.opened else before.totals[letter]
        tally.totals[state] = max(shelf.known.totals[letter] - held, 0)
    tally.totals["not-attempted"] = 0  # whoever is left is expected


def _untold(tally: Tally, shelf: Shelf, letters: str, was_open: Callable[[int, str], bool]) -> Iterator[Untold]:
    told = {(failure.get("row"), failure["address"]) for failure in tally.failures}
    found = accounts_of(shelf.known, shelf.files.journals(), letters)
    for position, group in groupby(found, key=lambda account: account.position):
        if was_open(position, shelf.opened):
            row = shelf.snapshot.row(position)
            outcomes = [_outcome(one) for one in group if (row.number, one.address) not in told]
            if outcomes:
                yield Untold(row, outcomes)


def _outcome(account: Account) -> Outcome:
    code, _, text = account.reply.partition(" ")
    state = cast("State", account.state)
    if len(code) == 3 and code.isdecimal():
        return Outcome(account.address, state, Reply(int(code), (text,)))
    return Outcome(account.address, state, reason=account.reply)


def _add(tally: Tally, untold: Untold, make: Callable[[Row], Letter]) -> None:
    try:
        letter = make(untold.row)
    except MailjobsError:  # it cannot be made any more
        letter = None
    recipients = letter.envelope.recipients if letter is not None else ()
    if letter is None or any(outcome.recipient not in recipients for outcome in untold.outcomes):
        for outcome in untold.outcomes:
            tally.fail({"row": untold.row.number, "key": untold.row.key}, Failure("to", outcome, None))
        return
    indexes = tuple([recipients.index(outcome.recipient) for outcome in untold.outcomes])
    part = cast("Letter", Part(letter, indexes))  # the tally looks through parts
    tally.add(Settled(part, tuple(untold.outcomes)))
