"""The client's side of a conversation as a state machine: commands become bytes, bytes become answers.

The server speaks first (`greeting`), and after its 220 the client says hello (`new`). EHLO or HELO makes it a
`session`, in which MAIL opens a transaction (`mail`); DATA asks for the content (`data`) and the content returns to
`session`, at once where it is one command, with `end_content()` where it goes out in pieces (`content`); BDAT LAST
brings the content along and ends the transaction whatever the server says. AUTH holds
the floor (`auth`) until the server says something other than 334. STARTTLS waits (`tls`) until `start_tls()` says
that the handshake is done, and then everything begins anew with a hello. QUIT, a 421 and the end of the stream close
(`closed`).

State advances when a command is *sent*, since in a group the next command goes out before the reply to this one
has come; a reply moves it where it says otherwise. What may be sent when is the table below. Replies come in the
order of the commands (RFC 2920), so a queue of unanswered commands pairs them.

A server that breaks the protocol is not spoken to again. Answers that were whole before the breach are given first,
since one of them may be the reply to a message; the ProtocolError is raised by the next call.

The engine has no socket, no clock, no thread and no log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final, NamedTuple

from mailjobs.errors import ProtocolError, StateError
from mailjobs.smtp.auth_commands import Auth, AuthCancel, AuthResponse
from mailjobs.smtp.commands import (
    Bdat,
    Command,
    Content,
    Data,
    Ehlo,
    Helo,
    Mail,
    Quit,
    Raw,
    Rcpt,
    Rset,
    StartTls,
)
from mailjobs.smtp.extensions import Extensions
from mailjobs.smtp.reply import Reply, ReplyParser
from mailjobs.smtp.streamed import StreamedContent

GREETING, NEW, SESSION, MAIL = "greeting", "new", "session", "mail"
DATA, CONTENT, AUTH, TLS, CLOSED = "data", "content", "auth", "tls", "closed"

# (state, command) -> state after it was sent. What is not here may be said in new, session and mail, and changes
# nothing.
AFTER: Final[dict[tuple[str, type[Command]], str]] = {
    (NEW, Ehlo): NEW,
    (NEW, Helo): NEW,
    (SESSION, Ehlo): SESSION,
    (SESSION, Helo): SESSION,
    (SESSION, StartTls): TLS,
    (SESSION, Auth): AUTH,
    (AUTH, AuthResponse): AUTH,
    (AUTH, AuthCancel): AUTH,
    (SESSION, Mail): MAIL,
    (MAIL, Rcpt): MAIL,
    (MAIL, Data): DATA,
    (DATA, Content): SESSION,
    (DATA, StreamedContent): CONTENT,
    (MAIL, Bdat): SESSION,
    (MAIL, Rset): SESSION,
    (SESSION, Rset): SESSION,
}
BOUND = {command for _, command in AFTER}
LOGIN = (Auth, AuthResponse, AuthCancel)
ONCE = (StartTls, Auth)  # not inside TLS, not after a successful one
SPEAKING = (NEW, SESSION, MAIL)


class Answer(NamedTuple):
    """A reply and the command that it answers (None: the greeting, or a 421 that nobody asked for)."""

    command: Command | None
    reply: Reply


# As Answer(*pair), in half the time: there are four for each message.
answer_of: Callable[[tuple[Command, Reply]], Answer] = partial(tuple.__new__, Answer)


class Engine:
    """One conversation. `max_reply_line` bounds a line of a reply, in octets."""

    def __init__(self, max_reply_line: int = 2048) -> None:
        self._parser = ReplyParser(max_reply_line)
        self._state = GREETING
        self._unanswered: list[Command] = []
        self._ignored: frozenset[str] = frozenset()
        self._breach: ProtocolError | None = None
        self.extensions = Extensions.none()
        self.tls = False
        self.authenticated = False

    @property
    def closed(self) -> bool:
        """Whether nothing can be said any more."""
        return self._state == CLOSED

    @property
    def greeted(self) -> bool:
        """Whether the server has greeted."""
        return self._state != GREETING

    @property
    def in_transaction(self) -> bool:
        """Whether MAIL was said and the transaction is not over."""
        return self._state in (MAIL, DATA, CONTENT)

    @property
    def outstanding(self) -> int:
        """How many commands are unanswered."""
        return len(self._unanswered)

    @property
    def pipelining(self) -> bool:
        """Whether commands may be sent in groups (RFC 2920)."""
        return "PIPELINING" in self.extensions.keywords

    def disable(self, names: Iterable[str]) -> None:
        """Take no notice of these extensions, from the next EHLO on."""
        self._ignored = frozenset(names)

    def send(self, command: Command) -> bytes:
        """The bytes of `command`, whose reply is expected from now on.

        Raises StateError where it may not be said, ValueError where it cannot be (nothing has changed then), and the
        ProtocolError of a breach.
        """
        return self.send_together((command,))

    def send_together(self, commands: Sequence[Command]) -> bytes:
        """`send` for commands that go out in one write. Raises likewise; nothing has changed then."""
        if self._breach is not None:
            raise self._breach
        state, pipelining = self._state, "PIPELINING" in self.extensions.keywords
        before = self._unanswered[-1] if self._unanswered else None
        for command in commands:
            if before is not None and (before.last_in_group or not pipelining):
                raise self._out_of_group(before, command)
            kind = type(command)
            if kind in ONCE:
                self._check_once(command)
                self._parser.hushed = self._parser.hushed or kind is Auth
            known = (state, kind)
            state = AFTER[known] if known in AFTER else self._unchanged(state, command)
            before = command
        wire = b"".join([command.wire() for command in commands])
        self._state = state
        self._unanswered += commands
        return wire

    @staticmethod
    def _out_of_group(before: Command, command: Command) -> StateError:
        if before.last_in_group:
            return StateError(f"{command.name} may not be sent before the reply to {before.name}")
        return StateError(f"the server does not offer PIPELINING, so {command.name} has to wait for its reply")

    @staticmethod
    def _unchanged(state: str, command: Command) -> str:
        if state in SPEAKING and type(command) not in BOUND:
            return state
        raise StateError(f"{command.name or command.line()} is not allowed now (state: {state})")

    def _check_once(self, command: Command) -> None:
        if isinstance(command, StartTls) and self.tls:
            raise StateError("STARTTLS inside TLS")
        if isinstance(command, Auth) and self.authenticated:
            raise StateError("AUTH after a successful AUTH")

    def end_content(self) -> None:
        """The last piece of a streamed content is about to go out; commands may be sent behind its final dot.

        Raises StateError where no such content is under way, and the ProtocolError of a breach.
        """
        self.check_breach()
        if self._state != CONTENT:
            raise StateError(f"there is no content to end (state: {self._state})")
        self._state = SESSION

    def receive(self, data: bytes) -> list[Answer]:
        """The answers that `data` completes, in order. Raises ProtocolError for what is no SMTP, or unasked for."""
        if self._breach is not None:
            raise self._breach
        answers: list[Answer] = []
        unanswered = self._unanswered
        try:
            replies = self._parser.feed(data)
            commands = unanswered[: len(replies)]
            if [command.usual for command in commands] == [reply.code for reply in replies]:
                del unanswered[: len(commands)]
                answers += map(answer_of, zip(commands, replies, strict=True))
            else:
                for reply in replies:  # one by one, since what a reply changes counts for those behind it
                    answers.append(self._pair(reply))
            self._breach = self._parser.breach
        except ProtocolError as error:
            self._breach = error
        if self._breach is not None:
            self._state = CLOSED
            if not answers:
                raise self._breach
        return answers

    def check_breach(self) -> None:
        """Raise the ProtocolError of a breach, where there was one."""
        if self._breach is not None:
            raise self._breach

    def _pair(self, reply: Reply) -> Answer:
        if self._state == GREETING:
            self._state = NEW if reply.code == 220 else CLOSED
            return Answer(None, reply)
        if not self._unanswered:
            if reply.code == 421:
                self._state = CLOSED
                return Answer(None, reply.bare if self._parser.hushed else reply)
            shown = reply.bare if self._parser.hushed else reply
            raise ProtocolError(f"the server said {shown} without having been asked", reply=shown)
        command = self._unanswered.pop(0)
        self._heard(command, reply)
        return Answer(command, reply.bare if self._parser.hushed and not isinstance(command, LOGIN) else reply)

    def _heard(self, command: Command, reply: Reply) -> None:
        """What a reply changes beyond what sending the command has changed."""
        if reply.code == 421 or isinstance(command, Quit) or not _defined(command, reply):
            self._state = CLOSED
        match command:
            case Ehlo() if reply.positive:
                self._said_hello(command, reply)
            case StartTls() if reply.code != 220 and self._state == TLS:
                self._state = SESSION
            case Auth() | AuthResponse() | AuthCancel() if reply.code != 334 and self._state == AUTH:
                self.authenticated = reply.positive
                self._parser.hushed = not reply.positive
                self._state = SESSION
            case StreamedContent() if self._state == CONTENT:
                self._state = CLOSED  # no final dot has gone out, so all that we say is content to the server
            case Mail() if not reply.positive and self._state == MAIL and not self._unanswered:
                self._state = SESSION
            case Data() if reply.code != 354 and self._state == DATA and not self._unanswered:
                self._state = MAIL
            case Raw() if command.verb == "QUIT" and reply.positive:
                self._state = CLOSED
            case Raw() if command.verb in ("RSET", "EHLO", "HELO") and reply.positive and self._state == MAIL:
                self._state = SESSION
            case _:
                pass

    def _said_hello(self, command: Command, reply: Reply) -> None:
        if self._state == CLOSED:
            return
        self._state = SESSION
        offered = Extensions.none(reply.text) if isinstance(command, Helo) else Extensions.parse(reply)
        self.extensions = offered.without(self._ignored)

    def require_empty_buffer(self) -> None:
        """After the reply to STARTTLS nothing may have come in clear (RFC 3207 section 6). Raises ProtocolError."""
        if self._parser.pending or self._breach is not None:
            raise ProtocolError("the server said more in clear after its reply to STARTTLS: somebody may be injecting")

    def start_tls(self) -> None:
        """The handshake is done: what was learnt in clear is forgotten, and a new hello is due.

        Raises ProtocolError for bytes that came in clear behind the 220, StateError where there was no 220.
        """
        self.require_empty_buffer()
        if self._state != TLS or self._unanswered:
            raise StateError("TLS begins after the server's 220 to STARTTLS, and there was none")
        self.tls = True
        self.authenticated = False
        self.extensions = Extensions.none()
        self._state = NEW

    def eof(self) -> None:
        """The stream has ended."""
        self._state = CLOSED


def _defined(command: Command, reply: Reply) -> bool:
    """Whether `command` can have such a reply. After another one nobody knows what the server waits for."""
    match command:
        case Raw():
            return True
        case Data():
            return reply.code == 354 or not (reply.positive or reply.intermediate)
        case Auth() | AuthResponse():
            return reply.code == 334 or not reply.intermediate
        case _:
            return not reply.intermediate
