"""One message on its way: which commands, in which groups, and what the replies mean for each recipient.

    opening   MAIL, each RCPT, DATA; in one group where the server pipelines, else one by one
    content   after 354, up to the final dot
    final     the reply to the dot

DATA joins the group only where no partial refusal may stop the message: with `stop_indexes`, or where somebody else
might still be refused, the replies to RCPT come first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from mailjobs.errors import ProtocolError, ReplyError
from mailjobs.smtp.address import needs_smtputf8
from mailjobs.smtp.commands import Bdat, Command, Content, Data, Mail, Rcpt
from mailjobs.smtp.envelope import Envelope, Outcome, State, unmet, unsayable
from mailjobs.smtp.extensions import Extensions
from mailjobs.smtp.reply import Reply
from mailjobs.smtp.streamed import StreamedContent

Cleanup = Literal["rset", "dot", "close"]

GO_AHEAD = 354
DATA = Data()
CONTENTS = (Content, StreamedContent, Bdat)
CLOSING = 421
TOO_MANY_RECIPIENTS = 552  # at RCPT counts as temporary, RFC 5321 section 4.5.3.1.10


class Transaction:
    """Feed it the answers, and it knows what to say next and what became of whom.

    `stop_indexes` are those recipients whose refusal keeps the message from everybody.
    """

    __slots__ = (
        "_accepted", "_answered", "_ascii", "_asked", "_content_begun", "_content_sent", "_data_sent", "_final",
        "_go_ahead", "_lost", "_next_recipient", "_outcomes", "_sent", "_stopped", "_stops", "_waiting", "envelope",
    )  # fmt: skip

    def __init__(self, envelope: Envelope, stop_indexes: frozenset[int] = frozenset()) -> None:
        self.envelope = envelope
        self._stops = stop_indexes
        self._outcomes = [Outcome(recipient, "not-attempted") for recipient in envelope.recipients]
        self._ascii = all(map(str.isascii, envelope.recipients))
        self._asked: Sequence[int] = range(len(self._outcomes))  # whom RCPT names; `require` takes some out
        self._waiting: deque[Command] = deque()
        self._sent = 0
        self._answered = 0
        self._next_recipient = 0
        self._accepted = 0
        self._stopped = False
        self._go_ahead = False
        self._data_sent = False
        self._content_begun = False
        self._content_sent = False
        self._final: Reply | None = None
        self._lost = False

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """One for each recipient, in order."""
        return tuple(self._outcomes)

    @property
    def stage(self) -> str:
        """The command whose reply is due, for errors and deadlines."""
        if self._content_begun:
            return "the message"
        if self._answered == 0:
            return "MAIL"
        return "RCPT" if self._next_recipient < len(self._asked) else "DATA"

    def require(self, extensions: Extensions) -> None:
        """Raise a permanent ReplyError, and count everybody as rejected, where the server cannot take the message.

        Recipients whose address alone the server cannot take are rejected without being asked for, and the message
        goes to the others; the error is raised where nobody is left, or where one of them stops the message.
        """
        reason = unmet(self.envelope, extensions)
        if reason is not None:
            self._refuse_here(range(len(self._outcomes)), reason)
            raise self._not_sent(reason)
        if not self._ascii and (refused := unsayable(self.envelope, extensions)):
            self._leave_out(refused)

    def _leave_out(self, refused: Mapping[int, str]) -> None:
        for index, reason in refused.items():
            self._refuse_here([index], reason)
        self._asked = [index for index in self._asked if index not in refused]
        stopping = [index for index in refused if index in self._stops]
        if stopping or not self._asked:
            index = (stopping or list(refused))[0]
            raise self._not_sent(f"{self._outcomes[index].recipient}: {refused[index]}")

    def _refuse_here(self, indexes: Iterable[int], reason: str) -> None:
        for index in indexes:
            self._outcomes[index] = replace(self._outcomes[index], state="rejected", reason=reason)

    def _not_sent(self, reason: str) -> ReplyError:
        self._lost = True
        return ReplyError(reason, stage="MAIL", temporary=False)

    def opening(self, extensions: Extensions, pipelining: bool) -> Sequence[Command]:
        """The first group to write. What has to wait for replies comes from `next`."""
        envelope = self.envelope
        size = envelope.size if "SIZE" in extensions.keywords else None
        utf8 = envelope.smtputf8 if self._ascii else self._smtputf8
        mail = Mail(envelope.sender, size, envelope.eightbit, utf8, envelope.mail_parameters)
        if envelope.recipient_parameters:
            people = [Rcpt(envelope.recipients[index], envelope.parameters_of(index)) for index in self._asked]
        else:
            people = [Rcpt(envelope.recipients[index]) for index in self._asked]
        commands: list[Command] = [mail, *people]
        if not pipelining:
            self._waiting.extend(commands[1:])
            del commands[1:]
        elif not self._stops or len(self._asked) == 1:
            commands.append(DATA)
            self._data_sent = True
        self._sent = len(commands)
        return commands

    def group(self, extensions: Extensions, content: bytes) -> list[Command]:
        """The whole message in one group, for a server with PIPELINING and CHUNKING: MAIL, each RCPT, BDAT LAST.

        Of no use where one refused recipient may stop the message: the content is out before the replies are in.
        """
        opening = self.opening(extensions, pipelining=True)
        commands = [*opening[: -1 if self._data_sent else None], Bdat(content)]
        self._sent = len(commands)
        return commands

    @property
    def _smtputf8(self) -> bool:
        recipients = self.envelope.recipients
        return self.envelope.smtputf8 or True in [needs_smtputf8(recipients[index]) for index in self._asked]

    def next(self) -> Command | None:
        """The next command to write before reading, or None while replies are due."""
        if self._answered < self._sent or self.opening_answered:
            return None
        command = self._waiting.popleft() if self._waiting else Data()
        self._data_sent = isinstance(command, Data)
        self._sent += 1
        return command

    @property
    def opening_answered(self) -> bool:
        """Whether there is nothing more to say or to hear before the content."""
        if self._lost:
            return True
        if self._answered < self._sent:
            return False
        if self._data_sent:
            return True
        return self._stopped or (not self._waiting and self._accepted == 0)

    @property
    def ready_for_content(self) -> bool:
        """Whether the server has said 354 and somebody is there to get it."""
        return self._go_ahead and self._accepted > 0 and not (self._stopped or self._content_begun)

    @property
    def awaits_final(self) -> bool:
        """Whether the content is out, or under way, and its reply is due."""
        return self._content_begun and self._final is None and not self._lost

    @property
    def finished(self) -> bool:
        """Whether nothing more can come."""
        return self._final is not None or self._lost

    @property
    def cleanup(self) -> Cleanup | None:
        """How to end what was opened and will not be used: RSET, the lone dot, or only by closing."""
        if self.finished or self._sent == 0:
            return None
        if not self._go_ahead:
            return "rset"
        return "dot" if self._accepted == 0 else "close"

    def content_begun(self) -> None:
        """Pieces of the content go out, the final dot does not: a server that obeys the protocol takes nothing yet."""
        self._content_begun = True

    def content_sent(self) -> None:
        """The final dot is about to go out: from now on a lost connection leaves the outcome unknown."""
        self._content_begun = self._content_sent = True

    def answer(self, command: Command | None, reply: Reply) -> None:
        """Take in a reply; `command` None is a 421 that nobody asked for, which ends everything before the content.

        Raises ProtocolError for a code that the command cannot have.
        """
        self._answered += 1
        kind = type(command)
        if kind is Mail:
            if reply.code == 250:
                return
            _expect(reply, 2, "MAIL")
            self._settle_all(reply, "MAIL")
        elif kind is Rcpt:
            if reply.code != 250:
                _expect(reply, 2, "RCPT")
            self._recipient(reply)
        elif kind is Data:
            if reply.code == GO_AHEAD:
                self._go_ahead = True
                return
            _expect(reply, 3, "DATA")
            self._data(reply)
        elif kind in CONTENTS:
            if reply.code != 250 or not self._content_sent:
                _expect(reply, 2, "the message")
                self._check_early(reply)
            self._final = reply
            self._finish(reply)
        elif command is None and reply.code == CLOSING:
            self._closing(reply)
        else:
            raise ProtocolError(f"a reply out of order: {reply}", reply=reply)

    def answer_all(self, reply: Reply) -> None:
        """As `answer` with 250 for each command of a `group` of which none was answered yet; `reply` is the last."""
        self._answered = self._sent
        self._next_recipient = self._accepted = len(self._asked)
        self._final = reply
        self._settle_open("accepted", reply, "the message")

    @property
    def unanswered(self) -> int:
        """How many replies are due where none has come, else 0."""
        return 0 if self._answered else self._sent

    @property
    def due(self) -> int:
        """How many replies are due."""
        return self._sent - self._answered

    def _check_early(self, reply: Reply) -> None:
        """A server may refuse content before its end; one that claims to have taken it leaves the outcome unknown."""
        if reply.positive and not self._content_sent:
            self._content_sent = True
            raise ProtocolError(f"the server said {reply} before the end of the message", reply=reply)

    def _recipient(self, reply: Reply) -> None:
        index = self._asked[self._next_recipient]
        self._next_recipient += 1
        if self._outcomes[index].state != "not-attempted":
            return  # MAIL was refused, which decided it
        if reply.code < 300:
            self._accepted += 1
            return
        self._refuse(index, reply, "RCPT")
        self._stopped = self._stopped or index in self._stops

    def _data(self, reply: Reply) -> None:
        self._finish(reply, "DATA")
        self._accepted = 0

    def _closing(self, reply: Reply) -> None:
        """The server goes away unasked; it has not read any content that went out afterwards."""
        if not self.finished:
            self._settle_open("deferred", reply, None)
            self._lost = True

    def _settle_all(self, reply: Reply, command: str) -> None:
        if reply.positive:
            return
        for index in self._asked:
            self._refuse(index, reply, command)
        self._stopped = True

    def _refuse(self, index: int, reply: Reply, command: str) -> None:
        temporary = reply.temporary or (reply.code == TOO_MANY_RECIPIENTS and command == "RCPT")
        state: State = "deferred" if temporary else "rejected"
        self._outcomes[index] = Outcome(self._outcomes[index].recipient, state, reply, command)

    def _finish(self, reply: Reply, command: str = "the message") -> None:
        """The reply decides for everybody whose RCPT was accepted."""
        state: State = "accepted" if reply.code < 300 else "deferred" if reply.temporary else "rejected"
        self._settle_open(state, reply, command)

    def _settle_open(self, state: State, reply: Reply | None, command: str | None) -> None:
        for index, outcome in enumerate(self._outcomes):
            if outcome.state == "not-attempted":
                self._outcomes[index] = Outcome(outcome.recipient, state, reply, command)

    def not_read(self) -> None:
        """The server has said that it goes away before it came to this content."""
        self._content_sent = False

    def lost(self) -> None:
        """The connection is gone: once the final dot is out nobody can say what became of the message (RFC 1047)."""
        if self.finished:
            return
        self._lost = True
        if self._content_begun:
            self._settle_open("unknown" if self._content_sent else "not-attempted", None, "the message")


def _expect(reply: Reply, kind: int, command: str) -> None:
    if reply.code in (250, GO_AHEAD) and reply.code // 100 == kind:
        return
    if reply.code // 100 not in (kind, 4, 5) or (reply.intermediate and reply.code != GO_AHEAD):
        raise ProtocolError(f"{reply.code} is no reply to {command}: {reply}", reply=reply, command=command)
