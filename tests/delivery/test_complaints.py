"""Which refusals make a batch slower, and which do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mailjobs import clock
from mailjobs.delivery import NoLimits, Terms
from mailjobs.delivery.complaints import of_domain, of_server
from mailjobs.delivery.dispatch import AT_ONCE, Dispatch
from mailjobs.delivery.pool import Pool
from mailjobs.delivery.rates import Rates
from mailjobs.delivery.supply import Supply
from mailjobs.events import Publish
from mailjobs.model import Rate, Server, Tls
from mailjobs.session import Letter, Settled, open_conversation
from mailjobs.smtp import Outcome, Reply
from tests.book.books import Ledger, Mail, outcome
from tests.book.deliveries import some
from tests.fixtures.scripted import ScriptedServer

HELLO = """
    S: 220 ready
    C: EHLO me
    S: 250-here
    S: 250 PIPELINING
"""
MESSAGE = """
    C: MAIL FROM:<from@example.com>
    C: RCPT TO:<u{number}@example.com>
    C: DATA
    S: 250 ok
    S: {reply}
"""
TAKEN = "S: 354 go\nC= content\nS: 250 taken\n"
REFUSED = "S: 554 no valid recipients\nC: RSET\nS: 250 ok\n"


def refused(code: int, text: str, command: str = "RCPT") -> Outcome:
    return Outcome("b@x.example", "deferred", Reply(code, (text,)), command)


@pytest.mark.parametrize(
    ("code", "text", "taken", "complains"),
    [
        (450, "4.7.1 slow down", False, True),
        (451, "4.3.2 busy", True, True),
        (450, "later", True, True),
        (452, "4.2.2 mailbox full", False, False),
        (450, "4.1.8 sender's domain not found", False, False),
        (452, "4.5.3 too many recipients", True, False),
        (452, "4.5.3 too many recipients", False, False),
        (452, "too many recipients", True, False),
        (452, "no room", False, True),
        (450, "4.7.1 <b@x.example>: Greylisted, see http://x.example", False, False),
        (451, "Graylisting in action", False, False),
        (550, "5.7.1 no", False, False),
        (250, "2.1.5 ok", True, False),
    ],
)
def test_refusal_at_rcpt(code: int, text: str, taken: bool, complains: bool) -> None:
    assert of_domain(refused(code, text), taken) is complains


def test_refusal_elsewhere_is_of_no_domain() -> None:
    assert not of_domain(refused(451, "later", "DATA"), taken=False)
    assert not of_domain(Outcome("b@x.example", "not-attempted"), taken=False)


@pytest.mark.parametrize(
    ("code", "command", "complains"),
    [(421, "RCPT", True), (421, "DATA", True), (450, "MAIL", True), (450, "RCPT", False), (550, "MAIL", False)],
)
def test_refusal_by_the_server(code: int, command: str, complains: bool) -> None:
    assert of_server(refused(code, "no", command)) is complains


class Heard(NoLimits):
    """Counts the complaints."""

    def __init__(self) -> None:
        self.server_heard = 0
        self.domains_heard: list[str] = []

    def server_complains(self) -> None:
        self.server_heard += 1

    def domain_complains(self, address: str) -> None:
        self.domains_heard.append(address)


class Dispatched:
    """A dispatch of some letters, and the moment it is."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("mailjobs.clock.monotonic", lambda: self.now)
        self.heard = Heard()
        self.dispatch: Dispatch[Mail] = Dispatch(Ledger(folder).make(some(20)), Terms(), self.heard, lambda _: None)
        self._supply = Supply(self.dispatch, print)

    def settle(self, *outcomes: Outcome) -> None:
        assert self._supply.fill(1, wait=False)
        errand = self._supply.ready.popleft()
        self._supply.dot([errand.letter])
        self._supply.settle(errand, outcomes, None)


@pytest.fixture
def dispatched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dispatched:
    return Dispatched(tmp_path, monkeypatch)


def test_each_complaint_goes_where_it_belongs(dispatched: Dispatched) -> None:
    dispatched.settle(refused(452, "4.2.2 full"))
    dispatched.settle(refused(450, "4.7.0 slow down"))
    assert (dispatched.heard.server_heard, dispatched.heard.domains_heard) == (0, ["b@x.example"])
    dispatched.settle(refused(450, "4.7.0 slow down", "MAIL"))
    assert (dispatched.heard.server_heard, dispatched.heard.domains_heard) == (1, ["b@x.example"])
    assert dispatched.dispatch.complaints == 1


def test_refused_connection_is_a_complaint_where_no_other_is_of_use(dispatched: Dispatched) -> None:
    dispatched.dispatch.server_complains()
    assert dispatched.heard.server_heard == 1


def test_refused_connection_is_no_complaint_while_others_are_of_use(dispatched: Dispatched) -> None:
    for _ in range(5):
        dispatched.settle(outcome("u@example.com", "accepted"))
        dispatched.dispatch.server_complains()
        dispatched.now += 1
        dispatched.dispatch.server_complains()  # another at the same time
        dispatched.now += 60
    assert (dispatched.heard.server_heard, dispatched.dispatch.complaints) == (0, 0)


def test_connection_that_is_refused_and_refused_again_is_a_complaint(dispatched: Dispatched) -> None:
    dispatched.settle(outcome("u@example.com", "accepted"))
    dispatched.dispatch.server_complains()
    dispatched.now += AT_ONCE + 1
    dispatched.dispatch.server_complains()
    assert dispatched.heard.server_heard == 1


def pool(folder: Path, server: ScriptedServer, rates: Rates, count: int) -> list[str]:
    """Deliver letters to so many over one connection; their states."""
    model = Server("localhost", server.port, hello="me", tls=Tls(mode="none"))
    told: list[Settled[Letter]] = []
    book = Ledger(folder).make(some(count))
    sending = Pool[Mail](book, Terms(connections=1), rates, lambda _: open_conversation(model, Publish()), told.append)
    sending.run()
    sending.hang_up()
    server.finish()
    return [one.outcomes[0].state for one in told]


def script(replies: list[str]) -> str:
    """A server that says this to RCPT, message by message."""
    messages = [
        MESSAGE.format(number=number, reply=reply) + (TAKEN if reply.startswith("2") else REFUSED)
        for number, reply in enumerate(replies)
    ]
    return HELLO + "".join(messages) + "C: QUIT\nS: 221 bye\n"


@pytest.mark.parametrize(
    ("reply", "slower"), [("452 4.2.2 full", False), ("450 4.7.1 greylisted", False), ("451 4.7.0 slow down", True)]
)
def test_domain_is_slow_after_a_complaint_alone(
    scripted: Callable[..., ScriptedServer], tmp_path: Path, reply: str, slower: bool
) -> None:
    rates = Rates(None, None)
    states = pool(tmp_path, scripted(script(["250 ok"] * 3 + [reply])), rates, 4)
    assert states == ["accepted"] * 3 + ["deferred"]
    assert any(rates.domains(["a@example.com"]) for _ in range(100)) is slower


def test_domain_keeps_its_rate(scripted: Callable[..., ScriptedServer], tmp_path: Path) -> None:
    began = clock.monotonic()
    states = pool(tmp_path, scripted(script(["250 ok"] * 21)), Rates(None, Rate(100)), 21)
    assert states == ["accepted"] * 21
    assert clock.monotonic() - began >= 19.9 / 100, "twenty turns lie between the first and the last"
