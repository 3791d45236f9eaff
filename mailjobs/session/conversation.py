"""Commands out, answers in, over one stream. Knows deadlines and the trace; knows nothing of messages."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from mailjobs.errors import ConnectionLost, Interrupted, MailjobsError, ProtocolError, ReplyError
from mailjobs.events import ConnectionStatus, Publish, Trace
from mailjobs.model import Server
from mailjobs.net import Deadline, Stream, Until
from mailjobs.smtp import Answer, Command, Content, Engine, Extensions, Piece, Quit, Reply, StreamedContent
from mailjobs.smtp.auth_commands import Auth, AuthCancel, AuthResponse

if TYPE_CHECKING:
    from mailjobs.net.tls_info import TlsInfo

CLOSING = 421
FAREWELL = 2.0  # seconds for the reply to QUIT, where nobody wants to know it
HIDDEN = (Auth, AuthResponse, AuthCancel)


class _Replied(Exception):
    """Breaks off the write of a piece of content to which the server has replied."""


class Conversation:
    """One SMTP conversation. Not for several threads.

    `until` is when the step that uses it has to be over (None: no limit).
    Every error that leaves it says stage, host, address and port.
    """

    def __init__(self, stream: Stream, server: Server, publish: Publish) -> None:
        self.stream = stream
        self.server = server
        self.publish = publish
        self.engine = Engine(server.max_reply_line)
        self.engine.disable(server.extensions.disable)
        self.until: Until | None = None
        self.used = False  # whether an earlier step has worked with it
        self.opened = False  # whether a transaction was opened
        self.greeting = ""
        self.authenticated_as: str | None = None
        self._answers: deque[Answer] = deque()
        self._deadlines: dict[tuple[str, float | None], Deadline] = {}  # made once and begun anew
        self._heard: Answer | None = None  # the last answer that somebody has got
        self._failure: MailjobsError | None = None  # told when the server's last words are read
        self._closed = False

    @property
    def extensions(self) -> Extensions:
        """What the server offered in its last EHLO."""
        return self.engine.extensions

    @property
    def last_reply(self) -> Reply | None:
        """The reply that was asked for last, as it may be shown."""
        return None if self._heard is None else _shown(self._heard)

    def do_without(self, *names: str) -> None:
        """Take no notice of these extensions any more."""
        self.engine.disable([*self.server.extensions.disable, *names])
        self.engine.extensions = self.engine.extensions.without(names)

    @property
    def usable(self) -> bool:
        """Whether a new command may be sent."""
        return not self.engine.closed

    @property
    def expects_answer(self) -> bool:
        """Whether `answer` has something to give or to wait for."""
        return bool(self._answers) or self.engine.outstanding > 0

    @property
    def said_goodbye(self) -> bool:
        """Whether the last that was heard of the server is a 421: it does nothing of what was not answered."""
        return not self.usable and self.last_reply is not None and self.last_reply.code == CLOSING

    @property
    def tls(self) -> TlsInfo | None:
        """What was negotiated, or None on a plain connection."""
        return self.stream.info

    def deadline(self, stage: str, idle: float | None = None) -> Deadline:
        """The limits for one operation: inactivity, `timeout.total`, and the end of the step."""
        known = self._deadlines.get((stage, idle))
        if known is not None and known.until is self.until:
            known.begin()
            return known
        timeout = self.server.timeout
        if idle is None or idle == timeout.idle:
            made = Deadline(stage, timeout.idle, timeout.total, until=self.until)
        else:
            made = Deadline(stage, idle, timeout.total, idle_setting="timeout.final", until=self.until)
        self._deadlines[stage, idle] = made
        return made

    def write(self, commands: Sequence[Command], stage: str = "") -> None:
        """Send `commands` in one write, taking in what the server says meanwhile."""
        stage = stage or commands[-1].name
        if self.engine.closed:
            self.check_open(stage)
        data = self._wire(commands)
        self.stream.deadline = self.deadline(stage)
        try:
            self.stream.write(data, self._take)
        except MailjobsError as error:
            self._lost(error, stage)

    def _wire(self, commands: Sequence[Command]) -> bytes:
        data = self.engine.send_together(commands)
        if self.publish.wants(Trace):
            for command in commands:
                self._trace_command(command)
        return data

    def _put(self, data: bytes, stage: str, take: Callable[[bytes], None]) -> None:
        try:
            self.stream.write(data, take)
        except MailjobsError as error:
            self._lost(error, stage)

    def begin_content(self, command: StreamedContent) -> None:
        """Content follows in pieces. `timeout.total` is for all of them, `timeout.idle` for each."""
        self._wire([command])
        self.stream.deadline = self.deadline(command.name)

    def write_piece(self, piece: Piece, behind: Sequence[Command] = ()) -> None:
        """Write a piece of the content, taking in what the server says meanwhile; behind the last one, `behind`.

        A reply before the last piece breaks the write off: who has refused may not read any further.
        """
        if not piece.last:
            with suppress(_Replied):
                self._put(piece.wire, StreamedContent.name, self._take_early)
            return
        self.engine.end_content()
        self._put(piece.wire + self._wire(behind), StreamedContent.name, self._take)

    def interrupted_by_reply(self) -> bool:
        """Whether the server has replied before the content's end; does not wait. To be asked before each piece."""
        deadline = self.stream.deadline
        try:
            deadline.touch()
            deadline.remaining()
            if not self._answers:
                self.stream.poll(self._take)
        except MailjobsError as error:
            self._lost(error, deadline.stage)
        return bool(self._answers)

    def listen(self) -> None:
        """Take in what the server has said already; does not wait. Raises as `answer` does."""
        if self._answers:
            return
        try:
            self._check_hearing("the message")
            self.stream.poll(self._take)
        except MailjobsError as error:
            self._lost(error, "the message")

    def answers_at_hand(self, most: int | None = None) -> Sequence[Answer]:
        """As many of the next replies to commands as have come already."""
        answers = self._answers
        if not answers or (most is not None and most <= 0):
            return ()
        found = list(answers)[:most]
        if found and found[-1].command is None:
            found.pop()
        if len(found) == len(answers):
            answers.clear()
        else:
            for _ in found:
                answers.popleft()
        if found:
            self._heard = found[-1]
        return found

    def answer(self, stage: str, idle: float | None = None) -> Answer:
        """The next reply with the command that it answers. Raises ConnectionLost, TimedOut or ProtocolError."""
        if not self._answers:
            self.stream.deadline = self.deadline(stage, idle)
        while not self._answers:
            try:
                if self.engine.closed or self._failure is not None:
                    self._check_hearing(stage)
                data = self.stream.read()
                if not data:
                    raise ConnectionLost(f"the server closed the connection before its reply to {stage}")
                self._take(data)
            except MailjobsError as error:
                self._lost(error, stage)
        self._heard = answer = self._answers.popleft()
        return answer

    def check_open(self, stage: str) -> None:
        """Raise what ended the conversation, where something did: a breach, a 421 that nobody asked for, the end."""
        self.engine.check_breach()
        if not self.engine.closed:
            return
        said = [answer.reply for answer in self._answers if answer.command is None]
        if said:
            raise self.refusal("the conversation", said[-1], stage)
        lost = ConnectionLost(f"the server ended the conversation before {stage}", stage=stage)
        self.locate(lost)
        raise lost

    def _check_hearing(self, stage: str) -> None:
        """From a server that broke the protocol or said 421, and over a stream that failed, nothing more is awaited."""
        self.engine.check_breach()
        if self._failure is not None:
            raise self._failure
        if self.engine.closed:
            raise ConnectionLost(f"the server ended the conversation before its reply to {stage}")

    def ask(self, command: Command, stage: str = "") -> Reply:
        """One command and its reply, whatever it says."""
        self.write([command], stage)
        return self.answer(stage or command.name).reply

    def demand(self, command: Command, stage: str = "") -> Reply:
        """As `ask`, but a negative reply is raised as a ReplyError."""
        reply = self.ask(command, stage)
        if not reply.positive:
            raise self.refusal(command.name, reply, stage)
        return reply

    def refusal(self, command: str, reply: Reply, stage: str = "") -> ReplyError:
        """A ReplyError for `reply`, with what is known of the peer; a ProtocolError for 3xx, which refuses nothing."""
        kind: type[ReplyError] = ProtocolError if reply.intermediate else ReplyError
        words = f"{reply.code} is no reply to {command}" if reply.intermediate else f"{command} was refused"
        error = kind(f"{words}: {reply}", reply=reply, command=command, stage=stage or command)
        self.locate(error)
        return error

    def locate(self, error: MailjobsError, stage: str | None = None) -> MailjobsError:
        """Fill in stage, host, address and port."""
        peer = self.stream.peer
        return error.within(stage=stage, host=peer.host, address=peer.address, port=peer.port)

    def secured(self, stream: Stream) -> None:
        """Go on over TLS after the reply to STARTTLS: what was said before is forgotten (RFC 3207 section 4.2)."""
        self.engine.start_tls()
        self.stream = stream

    def quit(self, patience: float | None = FAREWELL) -> Reply | None:
        """Say QUIT and close. A server that does not answer it within `patience` seconds (None: the usual limits)
        changes nothing any more. Raises Interrupted.
        """
        reply = None
        if patience is not None and (self.until is None or self.until.left > patience):
            self.until = Until.after(patience)
        try:
            if self.usable and not self.engine.outstanding:
                reply = self.ask(Quit())
        except Interrupted:
            self.close(abort=True)
            raise
        except MailjobsError:
            reply = None
        self.close()
        return reply

    def cut(self) -> None:
        """End the connection from another thread; whoever waits for a reply loses it."""
        self.stream.cut()

    def close(self, abort: bool = False) -> None:
        """Close the connection as it is; with `abort`, throw away what was written and has not gone out. Once."""
        self.engine.eof()
        if self._closed:
            return
        self._closed = True
        self.stream.close(abort)
        self.publish(ConnectionStatus("disconnected"))
        proxy = self.stream.peer.proxy
        if proxy is not None:
            self.publish(ConnectionStatus("proxy disconnected", 0, proxy))

    def _take(self, data: bytes) -> None:
        answers = self.engine.receive(data)
        if self.publish.wants(Trace):
            for answer in answers:
                self._trace_reply(answer)
        self._answers.extend(answers)

    def _take_early(self, data: bytes) -> None:
        self._take(data)
        if self._answers:
            raise _Replied

    def _lost(self, error: MailjobsError, stage: str) -> None:
        """The connection is of no more use; the server's last words, if it had any, say more than the failure."""
        self.engine.eof()
        self.locate(error, stage)
        if not self._answers or isinstance(error, Interrupted):
            raise error
        self._failure = error

    def _trace_command(self, command: Command) -> None:
        is_content = isinstance(command, Content | StreamedContent)
        self.publish(Trace("info" if is_content else "client", command.trace()))

    def _trace_reply(self, answer: Answer) -> None:
        reply = answer.reply
        if isinstance(answer.command, HIDDEN):  # servers echo what they were told
            self.publish(Trace("server", str(reply.code)))
            return
        last = len(reply.lines) - 1
        for index, line in enumerate(reply.lines):
            self.publish(Trace("server", f"{reply.code}{'-' if index < last else ' '}{line}"))


def _shown(answer: Answer) -> Reply:
    """The reply as it may be shown: of those to AUTH the codes alone, since servers echo what they were told."""
    reply = answer.reply
    return Reply(reply.code, (reply.enhanced or "",)) if type(answer.command) in HIDDEN else reply
