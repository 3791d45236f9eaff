"""Messages over one conversation: one round trip each where the server pipelines (RFC 2920).

The end of one message's content and the opening of the next transaction go out in one write:

    C: <content of 1> . MAIL RCPT DATA          S: 250 (1 is accepted) 250 250 354
    C: <content of 2> . MAIL RCPT DATA          S: 250 (2 is accepted) 250 250 354

so at most one message is in doubt when the connection breaks. Only what is ready is grouped: a caller that has
no next message at hand passes none, and content and dot go alone. Content that is streamed goes out in pieces, the
next opening behind the last of them; where it cannot be had to its end there is no dot, and the connection is closed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing

from mailjobs.errors import MailjobsError, ReplyError
from mailjobs.events import EndTransfer, Publish, StartTransfer, Transfer
from mailjobs.session.conversation import Conversation
from mailjobs.session.letter import Letter
from mailjobs.session.progress import Progress
from mailjobs.smtp import Answer, Command, Content, Outcome, Piece, Rset, Streamed, StreamedContent, Transaction

Following = Letter | Callable[[], Letter | None] | None


class Post:
    """Sends letters over one conversation. `begin` and `settle` alternate; between them the caller may prepare more."""

    def __init__(
        self,
        conversation: Conversation,
        dot: Callable[[Letter], None] = lambda letter: None,
        publish: Publish | None = None,
    ) -> None:
        """`dot` is called before the final dot of a letter goes out; where it raises, none does.

        `publish` gets the progress of each content instead of the conversation's own.
        """
        self._conversation = conversation
        self._dot = dot
        self._resets = conversation.server.rset == "always"
        self._publish = publish or conversation.publish
        timeout = conversation.server.timeout
        self._patience = max(timeout.idle, timeout.final) if timeout.idle else 0
        self._told = any(self._publish.wants(kind) for kind in (StartTransfer, Transfer, EndTransfer))
        self._opened: tuple[Letter, Transaction] | None = None
        self._current: tuple[Letter, Transaction] | None = None

    @property
    def usable(self) -> bool:
        """Whether another message can be sent over this conversation."""
        return self._conversation.usable

    def begin(self, letter: Letter, following: Following = None) -> None:
        """Write `letter` up to its final dot, with the opening of `following` behind it where that may be.

        `following` may be a function that raises nothing, which is asked when the content goes out: what it gives is
        said to the server at once. Raises MailjobsError where the connection fails, or what a streamed content raises,
        over which the connection was closed; `settle` still tells what is known of the letter.
        """
        transaction = self._open(letter)
        self._read_opening(transaction)
        ready = transaction.ready_for_content
        if ready and self._conversation.engine.closed:
            self._read(transaction)  # a 421, or what is no SMTP, came right behind the 354
            ready = transaction.ready_for_content
        if ready:
            self._write_content(transaction, letter, following)
        elif not transaction.finished:
            self._abandon(transaction)

    def settle(self) -> tuple[Outcome, ...]:
        """One outcome for each recipient of the letter begun last, in order."""
        assert self._current is not None, "begin comes first"
        transaction = self._current[1]
        if transaction.awaits_final and self._conversation.expects_answer:
            self._read(transaction, self._patience)
        return transaction.outcomes

    def give_up(self, letter: Letter) -> tuple[Outcome, ...]:
        """What is known of `letter`, for which nothing more is read: it is as if the connection had been lost."""
        if self._current is None or self._current[0] is not letter:
            return tuple([Outcome(recipient, "not-attempted") for recipient in letter.envelope.recipients])
        self._current[1].lost()
        return self.outcomes

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What is known of the letter begun last."""
        assert self._current is not None, "begin comes first"
        return self._current[1].outcomes

    def _open(self, letter: Letter) -> Transaction:
        if self._opened is not None and self._opened[0] is letter:
            self._current, self._opened = self._opened, None
            return self._current[1]
        transaction = Transaction(letter.envelope, letter.stop_indexes)
        self._current = letter, transaction
        self._write(transaction, self._opening(transaction))
        return transaction

    def _opening(self, transaction: Transaction) -> Sequence[Command]:
        """The first commands; with `rset: always` that one before them, which has its round trip without PIPELINING."""
        conversation = self._conversation
        engine = conversation.engine
        transaction.require(engine.extensions)
        commands = transaction.opening(engine.extensions, engine.pipelining)
        again, conversation.opened = conversation.opened, True
        if not (again and self._resets):
            return commands
        if engine.pipelining:
            return [Rset(), *commands]
        try:
            conversation.demand(Rset())
        except MailjobsError:
            transaction.lost()
            raise
        return commands

    def _write(self, transaction: Transaction, commands: Sequence[Command]) -> None:
        try:
            self._conversation.write(commands)
        except MailjobsError:
            transaction.lost()
            raise

    def _read_opening(self, transaction: Transaction) -> None:
        self._take_at_hand(transaction)
        while not (transaction.ready_for_content or transaction.opening_answered):
            command = transaction.next()
            if command is not None and self._conversation.usable:  # not after a 421 behind the last reply
                self._write(transaction, [command])
            self._read(transaction)

    def _take_at_hand(self, transaction: Transaction) -> None:
        """The replies to an opening that went out behind another message have come with the reply to that one."""
        try:
            for answer in self._conversation.answers_at_hand(transaction.due):
                if type(answer.command) is Rset:
                    _hear(transaction, answer)
                else:
                    transaction.answer(*answer)
        except MailjobsError:
            transaction.lost()
            raise

    def _read(self, transaction: Transaction, idle: float | None = None) -> None:
        try:
            _hear(transaction, self._conversation.answer(transaction.stage, idle))
        except MailjobsError:
            transaction.lost()
            raise

    def _write_content(self, transaction: Transaction, letter: Letter, following: Following) -> None:
        content = letter.content
        if not isinstance(content, bytes):
            self._stream_content(transaction, letter, content, following)
            return
        if self._told:
            Progress(self._publish, len(content)).at(len(content))
        self._about_to_dot(letter)
        transaction.content_sent()
        self._write(transaction, [Content(content), *self._look_ahead(following)])
        if self._told:
            self._publish(EndTransfer())

    def _about_to_dot(self, letter: Letter) -> None:
        """The server waits for content that must not come: only closing ends that."""
        try:
            self._dot(letter)
        except MailjobsError:
            self._conversation.close(abort=True)
            raise

    def _stream_content(
        self, transaction: Transaction, letter: Letter, content: Streamed, following: Following
    ) -> None:
        command = StreamedContent(content)
        transaction.content_begun()
        try:
            self._conversation.begin_content(command)
            with closing(command.pieces()) as pieces:
                progress = Progress(self._publish, content.size)
                self._write_pieces(transaction, letter, pieces, progress, following)
        except BaseException:  # without a final dot the server still waits for content: nothing else may be said
            transaction.lost()
            self._conversation.close(abort=True)
            raise

    def _write_pieces(
        self,
        transaction: Transaction,
        letter: Letter,
        pieces: Iterable[Piece],
        progress: Progress,
        following: Following,
    ) -> None:
        for piece in pieces:
            if self._conversation.interrupted_by_reply():
                self._conversation.close(abort=True)
                return
            if piece.last:
                self._dot(letter)
                transaction.content_sent()
            self._conversation.write_piece(piece, self._look_ahead(following) if piece.last else ())
            progress.at(piece.octets)
        self._publish(EndTransfer())

    def _look_ahead(self, following: Following) -> Sequence[Command]:
        if following is None or not self._conversation.engine.pipelining:
            return ()
        if callable(following):
            following = following()
            if following is None:
                return ()
        transaction = Transaction(following.envelope, following.stop_indexes)
        try:
            commands = self._opening(transaction)
        except ReplyError:
            return ()  # its own turn will tell
        self._opened = (following, transaction)
        return commands

    def _abandon(self, transaction: Transaction) -> None:
        """End a transaction in which nobody is left to send to."""
        cleanup = transaction.cleanup
        if not self._conversation.usable or cleanup is None:
            return
        if cleanup == "close":
            self._conversation.close()
            return
        if cleanup == "rset" and self._conversation.server.rset == "never":
            self._conversation.quit()
            return
        self._conversation.ask(Rset() if cleanup == "rset" else Content.empty())


def _hear(transaction: Transaction, answer: Answer) -> None:
    """Take in a reply; that to the RSET before the transaction says something only where it is a refusal."""
    command = None if isinstance(answer.command, Rset) else answer.command
    if command is not answer.command and answer.reply.positive:
        return
    transaction.answer(command, answer.reply)
