"""What becomes of letters when connections break under them, and when another connection takes them over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mailjobs.delivery import NoLimits, Terms
from mailjobs.delivery.dispatch import Dispatch
from mailjobs.delivery.supply import Supply
from mailjobs.errors import ConnectionLost
from mailjobs.model import Retry
from mailjobs.session import Letter, Settled
from mailjobs.smtp import Outcome, Reply
from tests.book.books import Ledger, Mail, mail, outcome

TOO_MANY = Outcome("b@x.example", "deferred", Reply(452, ("4.5.3 too many recipients",)), "RCPT")
FULL = Outcome("b@x.example", "deferred", Reply(451, ("4.3.0 later",)), "RCPT")
LOST = Outcome("b@x.example", "not-attempted")


@pytest.mark.parametrize(
    ("first", "terms", "error"),
    [
        ((outcome("a@x.example", "accepted"), TOO_MANY), Terms(), None),
        ((outcome("a@x.example", "accepted"), FULL), Terms(retry=Retry(attempts=2, delay=0.0)), None),
        ((Outcome("a@x.example", "not-attempted"), LOST), Terms(), ConnectionLost("gone")),
    ],
)
def test_who_is_tried_again_by_another_connection_is_not_forgotten(
    tmp_path: Path, first: tuple[Outcome, ...], terms: Terms, error: ConnectionLost | None
) -> None:
    ledger = Ledger(tmp_path)
    book = ledger.make([mail("a@x.example", "b@x.example")])
    dispatch: Dispatch[Mail] = Dispatch(book, terms, NoLimits(), lambda settled: None)
    one, other = Supply(dispatch, print), Supply(dispatch, print)
    send(one, lambda letter: (first, error))
    send(other, lambda letter: (tuple(outcome(who, "accepted") for who in letter.envelope.recipients), None))
    other.flush()
    one.flush()  # its next dot, with which it writes what it knows, comes after all that
    assert ledger.reopen("ndur").take() is None


def send(supply: Supply[Mail], brings: Callable[[Letter], tuple[tuple[Outcome, ...], ConnectionLost | None]]) -> None:
    assert supply.fill(1, wait=False)
    errand = supply.ready[0]
    supply.dot([errand.letter])
    supply.ready.popleft()
    supply.settle(errand, *brings(errand.letter))
