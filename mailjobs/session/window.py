"""Several messages under way over one conversation, where the server has PIPELINING and CHUNKING (RFC 3030).

A whole transaction is one group, and several go out in one write before the first is answered:

    C: RSET MAIL RCPT BDAT <1>   RSET MAIL RCPT BDAT <2>   …     S: 250 250 250 250 (1 is accepted)   250 …

RSET comes first because the one before may have ended with every recipient refused: some servers then answer
BDAT with 503 and keep that transaction open, and would take the next content for the sender of the last.
All that is under way is in doubt when the connection breaks, so nobody gets more of this than he asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar, cast

from mailjobs.errors import MailjobsError, ReplyError
from mailjobs.session.conversation import Conversation
from mailjobs.session.letter import Letter, Settled
from mailjobs.smtp import Answer, Bdat, Command, Rset, Transaction

L = TypeVar("L", bound=Letter)

RSET = Rset()
USUAL = {250}


class Window(Generic[L]):
    """Up to `size` messages without an answer. The caller changes `size` as the server bears it."""

    def __init__(self, conversation: Conversation, size: int) -> None:
        self._conversation = conversation
        self._under_way: deque[tuple[L, Transaction]] = deque()
        self._done: list[Settled[L]] = []
        timeout = conversation.server.timeout
        self._patience = max(timeout.idle, timeout.final) if timeout.idle else 0
        self.size = size

    @property
    def room(self) -> int:
        """How many more letters may be written now."""
        return self.size - len(self._under_way)

    @property
    def empty(self) -> bool:
        """Whether no answer is due."""
        return not self._under_way

    def takes(self, letter: Letter) -> bool:
        """Whether this letter can go this way: the server can it, and it needs no reply before its content."""
        engine = self._conversation.engine
        keywords = engine.extensions.keywords
        if not ("PIPELINING" in keywords and "CHUNKING" in keywords and isinstance(letter.content, bytes)):
            return False
        if self._conversation.server.rset == "never":
            return False
        return not letter.stop_indexes or len(letter.envelope.recipients) == 1

    def write(self, letters: Sequence[L]) -> None:
        """Write all of `letters`, whose dots the caller has written down, but for what the server cannot take at all.

        Raises MailjobsError where the connection fails; `lost` then tells what is known.
        """
        commands: list[Command] = []
        for letter in letters:
            transaction = Transaction(letter.envelope, letter.stop_indexes)
            try:
                commands += self._group(letter, transaction)
            except ReplyError as error:
                self._done.append(Settled(letter, transaction.outcomes, error))
                continue
            transaction.content_sent()
            self._under_way.append((letter, transaction))
        if commands:
            self._conversation.write(commands, "the message")

    def _group(self, letter: Letter, transaction: Transaction) -> list[Command]:
        extensions = self._conversation.engine.extensions
        transaction.require(extensions)
        return [RSET, *transaction.group(extensions, cast("bytes", letter.content))]  # the caller has asked `takes`

    def collect(self, wait: bool) -> list[Settled[L]]:
        """Letters whose reply has come, in order, and those refused; with `wait` at least one.

        Raises MailjobsError as `write` does.
        """
        if not wait:
            self._conversation.listen()
        while self._under_way:
            answers = self._conversation.answers_at_hand()
            if not answers:
                if self._done or not wait:
                    break
                answers = [self._conversation.answer("the message", self._patience)]
            self._take(answers)
        done, self._done = self._done, []
        return done

    def _take(self, answers: Sequence[Answer]) -> None:
        at, count = 0, len(answers)
        usual = {reply.code for _, reply in answers} == USUAL
        while at < count:
            letter, transaction = self._under_way[0]
            size = transaction.unanswered if usual else 0
            if size and at + size < count and type(answers[at].command) is Rset:
                at += size + 1
                transaction.answer_all(answers[at - 1].reply)
            else:
                at += 1
                if not _hear(transaction, answers[at - 1]):
                    continue
            self._under_way.popleft()
            self._done.append(Settled(letter, transaction.outcomes))

    def lost(self, error: MailjobsError) -> list[Settled[L]]:
        """All that is not told yet, after the connection has failed.

        What was under way is unknown, but for what the server had refused. A 421 says that the server goes and does
        nothing more: what came behind it was not attempted.
        """
        settled, self._done = self._done, []
        told = self._conversation.said_goodbye
        for letter, transaction in self._under_way:
            if told:
                transaction.not_read()
            transaction.lost()
            settled.append(Settled(letter, transaction.outcomes, error))
        self._under_way.clear()
        return settled


def _hear(transaction: Transaction, answer: Answer) -> bool:
    """Take in one reply to a group; whether it was the last. That to its RSET says something only by a refusal."""
    kind = type(answer.command)
    if kind is Rset and answer.reply.positive:
        return False
    transaction.answer(None if kind is Rset else answer.command, answer.reply)
    return kind is Bdat
