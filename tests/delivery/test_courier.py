"""Many letters over scripted servers: what one letter's failure leaves of the others, and what is tried again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from mailjobs import clock
from mailjobs.delivery import Courier
from mailjobs.errors import ConnectionLost, FileError, MailjobsError, ReplyError
from mailjobs.events import Publish
from mailjobs.model import Retry, Server, Timeouts, Tls
from mailjobs.session import Conversation, Settled, open_conversation
from mailjobs.smtp import Envelope
from tests.fixtures.scripted import ScriptedServer

Scripted = Callable[..., ScriptedServer]

LARGE = 64_000  # lines of 1000 octets: more than sockets hold
HELLO = """
    S: 220 ready
    C: EHLO me
    S: 250-here
    S: 250 PIPELINING
"""
OPENED = """
    C: MAIL FROM:<a@x.test>
    C: RCPT TO:<b@x.test>
    C: DATA
    S: 250 ok
    S: 250 ok
    S: 354 go
"""
TAKEN = """
    C= content
    S: 250 taken
"""
QUIT = """
    C: QUIT
    S: 221 bye
"""
WHOLE = HELLO + OPENED + TAKEN + QUIT


class Lines:
    """`number` lines of 1000 octets, then `failure`; counts how often it was begun."""

    def __init__(self, number: int, failure: MailjobsError | None = None) -> None:
        self.size = number * 1000 + (1 if failure else 0)
        self.begun = 0
        self._number = number
        self._failure = failure

    def __iter__(self) -> Iterator[bytes]:
        self.begun += 1
        for _ in range(self._number):
            yield b"x" * 998 + b"\r\n"
        if self._failure is not None:
            raise self._failure


@dataclass(frozen=True)
class Note:
    content: bytes | Lines
    envelope: Envelope
    stop_indexes: frozenset[int] = frozenset()


def note(content: bytes | Lines = b"Subject: x\r\n", *recipients: str, stop: tuple[int, ...] = ()) -> Note:
    size = len(content) if isinstance(content, bytes) else content.size
    return Note(content, Envelope("a@x.test", recipients or ("b@x.test",), size), frozenset(stop))


@pytest.fixture
def gone() -> FileError:
    return FileError("report.pdf has gone")


class Line:
    """Connections to `server`, the first of which may have lain idle since an earlier step; QUIT ends the last."""

    def __init__(self, server: ScriptedServer, kept: bool = False) -> None:
        self._model = Server("localhost", server.port, hello="me", tls=Tls(mode="none"), timeout=Timeouts(idle=10))
        self._kept = kept
        self.opened: list[Conversation] = []

    def __call__(self) -> Conversation:
        if not self.opened or not self.opened[-1].usable:
            self.opened.append(open_conversation(self._model, Publish()))
            self.opened[-1].used = self._kept and len(self.opened) == 1
        return self.opened[-1]

    def deliver(self, *notes: Note, attempts: int = 1) -> list[Settled[Note]]:
        try:
            return list(Courier[Note](self, Retry(attempts, 1)).deliver(notes))
        finally:
            for conversation in self.opened:
                conversation.quit()


def states(settled: list[Settled[Note]]) -> list[list[str]]:
    return [[outcome.state for outcome in one.outcomes] for one in settled]


def test_a_file_that_fails_costs_its_own_message_and_the_connection(scripted: Scripted, gone: FileError) -> None:
    server = scripted(HELLO + OPENED + TAKEN + OPENED + "S! swallow", WHOLE)
    line = Line(server)
    settled = line.deliver(note(), note(Lines(3000, gone)), note())
    assert states(settled) == [["accepted"], ["not-attempted"], ["accepted"]]
    assert [one.error for one in settled] == [None, gone, None]
    server.finish()
    assert b"\r\n.\r\n" not in server.contents[1]
    assert not server.contents[1].endswith(b"\n."), "not even the beginning of the end"
    assert len(line.opened) == 2


def test_a_file_that_fails_is_not_tried_again(
    scripted: Scripted, gone: FileError, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "sleep", lambda _: pytest.fail("nothing is to be waited for"))
    opening = OPENED.replace("C: DATA", "C: RCPT TO:<c@x.test>\nC: DATA").replace("S: 354", "S: 450 later\nS: 354")
    content = Lines(1, gone)
    line = Line(scripted(HELLO + opening + "S! swallow"), kept=True)
    settled = line.deliver(note(content, "b@x.test", "c@x.test"), attempts=3)
    assert states(settled) == [["not-attempted", "deferred"]]
    assert (content.begun, settled[0].error) == (1, gone)


def test_a_server_that_refuses_and_goes_on_reading_is_not_fed(scripted: Scripted) -> None:
    server = scripted(HELLO + OPENED + "C+ 1000\nS: 552 too big\nS! swallow", WHOLE)
    settled = Line(server).deliver(note(Lines(LARGE)), note())
    assert states(settled) == [["rejected"], ["accepted"]]
    assert str(settled[0].outcomes[0].reply) == "552 too big"
    assert settled[0].error is None
    server.finish()
    assert len(server.contents[0]) < LARGE * 1000 / 2


@pytest.mark.parametrize(
    ("content", "ending"),
    [
        (Lines(LARGE), "close"),
        (Lines(LARGE), "reset"),
        (Lines(LARGE), "silence"),
        (b"x" * 998 + b"\r\n" + b"y" * 50_000_000, "close"),
        (b"x" * 998 + b"\r\n" + b"y" * 50_000_000, "reset"),
    ],
    ids=["streamed-close", "streamed-reset", "streamed-silence", "whole-close", "whole-reset"],
)
def test_a_server_that_refuses_and_goes_away_is_heard(scripted: Scripted, content: Lines | bytes, ending: str) -> None:
    refusing = HELLO + OPENED + f"C+ 1000\nS: 552 too big\nS! {ending}"
    server = scripted(refusing, WHOLE)
    settled = Line(server).deliver(note(content), note())
    assert states(settled) == [["rejected"], ["accepted"]]
    assert str(settled[0].outcomes[0].reply) == "552 too big"


def test_a_refusal_for_a_while_is_tried_again_from_the_start(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "sleep", lambda _: None)
    server = scripted(HELLO + OPENED + "C+ 1000\nS: 452 no room\nS! swallow", WHOLE)
    settled = Line(server).deliver(note(Lines(LARGE // 10)), attempts=2)
    assert states(settled) == [["accepted"]]
    server.finish()
    assert len(server.contents[1]) == LARGE // 10 * 1000


def test_a_connection_lost_in_the_middle_is_no_stale_one(scripted: Scripted) -> None:
    content = Lines(LARGE)
    line = Line(scripted(HELLO + OPENED + "C+ 1000\nS! reset"), kept=True)
    settled = line.deliver(note(content))
    assert states(settled) == [["not-attempted"]]
    assert isinstance(settled[0].error, ConnectionLost)
    assert content.begun == 1


def test_a_stale_connection_is_replaced_though_a_recipient_was_left_out(scripted: Scripted) -> None:
    server = scripted(HELLO + "C: MAIL FROM:<a@x.test>\nS: 421 idle too long\nS! close", WHOLE)
    settled = Line(server, kept=True).deliver(note(b"Subject: x\r\n", "b@x.test", "jürgen@x.test"))
    assert states(settled) == [["accepted", "rejected"]]


def test_what_a_server_cannot_say_is_left_out_of_a_batch(scripted: Scripted) -> None:
    server = scripted(HELLO + OPENED + TAKEN + OPENED + TAKEN + OPENED + TAKEN + QUIT)
    settled = Line(server).deliver(
        note(),
        note(b"Subject: x\r\n", "jürgen@x.test", "b@x.test"),
        note(b"Subject: x\r\n", "jürgen@x.test"),
        note(b"Subject: x\r\n", "b@x.test", "jürgen@x.test", stop=(1,)),
        note(),
    )
    assert states(settled) == [
        ["accepted"], ["rejected", "accepted"], ["rejected"], ["not-attempted", "rejected"], ["accepted"]
    ]  # fmt: skip
    assert [type(one.error) for one in settled] == [type(None), type(None), ReplyError, ReplyError, type(None)]
    assert settled[1].outcomes[0].reason == "the address needs SMTPUTF8, which the server does not offer"


def test_parameters_stay_with_who_is_tried_again(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "sleep", lambda _: None)
    hello = HELLO.replace("250-here", "250-here\nS: 250-DSN")
    server = scripted(
        hello
        + """
        C: MAIL FROM:<a@x.test> RET=HDRS
        C: RCPT TO:<b@x.test> NOTIFY=NEVER
        C: RCPT TO:<c@x.test> NOTIFY=FAILURE
        C: DATA
        S: 250 ok
        S: 250 ok
        S: 450 later
        S: 354 go
        C= content
        S: 250 taken
        C: MAIL FROM:<a@x.test> RET=HDRS
        C: RCPT TO:<c@x.test> NOTIFY=FAILURE
        C: DATA
        S: 250 ok
        S: 250 ok
        S: 354 go
        C= content
        S: 250 taken
        """
        + QUIT
    )
    parameters = (("NOTIFY=NEVER",), ("NOTIFY=FAILURE",))
    envelope = Envelope("a@x.test", ("b@x.test", "c@x.test"), 3, False, False, ("RET=HDRS",), parameters)
    settled = Line(server).deliver(Note(b"x\r\n", envelope), attempts=2)
    assert states(settled) == [["accepted", "accepted"]]
