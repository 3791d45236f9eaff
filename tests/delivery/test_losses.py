"""What becomes of letters when connections break under them, and when another connection takes them over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mailjobs.delivery import NoLimits, Terms
from mailjobs.delivery.dispatch import Dispatch
from mailjobs.delivery.lane import Lane
from mailjobs.delivery.manners import Manners
from mailjobs.delivery.supply import Supply
from mailjobs.errors import ConnectionLost
from mailjobs.model import Retry
from mailjobs.session import Letter, Settled
from mailjobs.smtp import Outcome, Reply
from tests.book.books import Ledger, Mail, mail, outcome
from tests.book.deliveries import some
from tests.fixtures.stream import PlayedStream, talk

CHUNKING = ("EHLO client\r\n", "250-played\r\n250-PIPELINING\r\n250 CHUNKING\r\n")
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


class Broken(PlayedStream):
    """Its second group of messages cannot be written; the server's last words are the reply to its first message."""

    def write(self, data: bytes, receive: Callable[[bytes], None]) -> None:
        """EHLO, the first group, the second."""
        self.writes.append(data.decode())
        if len(self.writes) == 1:
            self._answers.append(CHUNKING[1].encode())
        if len(self.writes) == 3:
            receive(b"250 ok\r\n" * 4)
            raise ConnectionLost("reset")


def test_a_server_that_goes_with_last_words_leaves_nobody_untold(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    told: list[Settled[Letter]] = []
    dispatch: Dispatch[Mail] = Dispatch(ledger.make(some(12)), Terms(in_flight=12), NoLimits(), told.append)

    def dial():
        if dialled:
            raise ConnectionLost("no other")
        dialled.append(Broken())
        return talk(dialled[0])

    dialled: list[Broken] = []
    Lane(dispatch, Terms(in_flight=12), Manners(), dial, lambda error: None).run()
    assert len(dialled[0].writes) == 3
    assert [one.outcomes[0].state for one in told] == ["accepted"] + 11 * ["unknown"]
