"""Messages over one conversation: one round trip each where the server pipelines (RFC 2920).

The end of one message's content and the opening of the next transaction go out in one write:

    C: <content of 1> . MAIL RCPT DATA          S: 250 (1 is accepted) 250 250 354
    C: <content of 2> . MAIL RCPT DATA          S: 250 (2 is accepted) 250 250 354

so at most one message is in doubt when the connection breaks. Only what is ready is grouped: a caller that has
no next message at hand passes none, and content and dot go alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from mailjobs.errors import MailjobsError
from mailjobs.events import EndTransfer, StartTransfer, Transfer
from mailjobs.session.conversation import Conversation
from mailjobs.smtp import Command, Content, Envelope, Outcome, Rset, Transaction


class Letter(Protocol):
    """What a message must have to be sent; its content has CRLF line ends and is not yet dot-stuffed."""

    @property
    def envelope(self) -> Envelope:
        """Sender, recipients and needs."""

    @property
    def content(self) -> bytes:
        """Header section, empty line, body."""

    @property
    def stop_indexes(self) -> frozenset[int]:
        """Recipients whose refusal keeps the message from everybody."""


class Post:
    """Sends letters over one conversation. `begin` and `settle` alternate; between them the caller may prepare more."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._opened: tuple[Letter, Transaction] | None = None
        self._current: Transaction | None = None

    @property
    def usable(self) -> bool:
        """Whether another message can be sent over this conversation."""
        return self._conversation.usable

    def begin(self, letter: Letter, following: Letter | None = None) -> None:
        """Write `letter` up to its final dot, with the opening of `following` behind it where that may be.

        Raises MailjobsError where the connection fails; `settle` still tells what is known of the letter.
        """
        self._current = transaction = self._open(letter)
        self._read_opening(transaction)
        if transaction.ready_for_content:
            self._write_content(transaction, letter, following)
        elif not transaction.finished:
            self._abandon(transaction)

    def settle(self) -> tuple[Outcome, ...]:
        """One outcome for each recipient of the letter begun last, in order."""
        transaction = self._current
        if transaction is not None and transaction.awaits_final and self._conversation.engine.outstanding:
            self._read_final(transaction)
        return self.outcomes

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What is known of the letter begun last."""
        assert self._current is not None, "begin comes first"
        return self._current.outcomes

    def _open(self, letter: Letter) -> Transaction:
        if self._opened is not None and self._opened[0] is letter:
            transaction = self._opened[1]
            self._opened = None
            return transaction
        transaction = Transaction(letter.envelope, letter.stop_indexes)
        self._current = transaction
        self._write(transaction, self._opening(transaction))
        return transaction

    def _opening(self, transaction: Transaction) -> Sequence[Command]:
        engine = self._conversation.engine
        transaction.require(engine.extensions)
        return transaction.opening(engine.extensions, engine.pipelining)

    def _write(self, transaction: Transaction, commands: Sequence[Command]) -> None:
        try:
            self._conversation.write(commands)
        except MailjobsError:
            transaction.lost()
            raise

    def _read_opening(self, transaction: Transaction) -> None:
        while not (transaction.ready_for_content or transaction.opening_answered):
            command = transaction.next()
            if command is not None:
                self._write(transaction, [command])
            self._read(transaction)

    def _read(self, transaction: Transaction, idle: float | None = None) -> None:
        try:
            answer = self._conversation.answer(transaction.stage, idle)
            transaction.answer(answer.command, answer.reply)
        except MailjobsError:
            transaction.lost()
            raise

    def _read_final(self, transaction: Transaction) -> None:
        timeout = self._conversation.server.timeout
        self._read(transaction, max(timeout.idle, timeout.final) if timeout.idle else 0)

    def _write_content(self, transaction: Transaction, letter: Letter, following: Letter | None) -> None:
        commands: list[Command] = [Content(letter.content)]
        if following is not None and self._conversation.engine.pipelining:
            commands += self._look_ahead(following)
        self._announce(len(letter.content))
        transaction.content_sent()
        self._write(transaction, commands)
        self._conversation.publish(EndTransfer())

    def _look_ahead(self, following: Letter) -> Sequence[Command]:
        transaction = Transaction(following.envelope, following.stop_indexes)
        try:
            commands = self._opening(transaction)
        except MailjobsError:
            return ()  # its own turn will tell
        self._opened = (following, transaction)
        return commands

    def _announce(self, size: int) -> None:
        publish = self._conversation.publish
        publish(StartTransfer())
        if publish.wants(Transfer):
            publish(Transfer("client", 0, 0))
            publish(Transfer("client", size, 100))

    def _abandon(self, transaction: Transaction) -> None:
        """End a transaction in which nobody is left to send to."""
        cleanup = transaction.cleanup
        if not self._conversation.usable or cleanup is None:
            return
        if cleanup == "close":
            self._conversation.close()
            return
        self._conversation.ask(Rset() if cleanup == "rset" else Content.empty())
