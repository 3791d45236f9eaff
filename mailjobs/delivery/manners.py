"""What a server bears: one that misbehaves with pipelining is remembered for the run and treated gently."""

from __future__ import annotations

import re

from mailjobs.errors import MailjobsError, ProtocolError, TimedOut
from mailjobs.session import Conversation
from mailjobs.smtp import Reply

BLAMED = re.compile(r"pipelin|synchroni[sz]", re.IGNORECASE)
ASKING = ("MAIL", "RCPT", "DATA")


class Manners:
    """Shared by all connections to one server. First the next message is not opened ahead any more (`look_ahead`),
    then every command waits for the reply to the one before (`pipelining`)."""

    def __init__(self) -> None:
        self._lost_ahead = 0  # connections, right behind a message with another one opened ahead
        self.look_ahead = True
        self.pipelining = True

    def offended(self, error: MailjobsError) -> bool:
        """Whether `error` may come from how we talk, and we can be gentler; from now on we are."""
        confused = isinstance(error, ProtocolError) or (isinstance(error, TimedOut) and error.stage in ASKING)
        return confused and self.be_gentler()

    def be_gentler(self) -> bool:
        """One step down; whether there was one."""
        if self.look_ahead:
            self.look_ahead = False
            return True
        gentler, self.pipelining = self.pipelining, False
        return gentler

    def lost_ahead(self) -> None:
        """A server has hung up where a message was opened behind another. Once may be chance."""
        self._lost_ahead += 1
        if self._lost_ahead > 1 and self.look_ahead:
            self.be_gentler()

    def apply(self, conversation: Conversation) -> None:
        """Take no notice of what this server offers and does not bear."""
        if not self.pipelining:
            conversation.do_without("PIPELINING", "CHUNKING")


def blames_pipelining(reply: Reply | None) -> bool:
    """Whether a refusal says that commands came too early (503 or 554, in words of several servers)."""
    return reply is not None and reply.code in (503, 554) and bool(BLAMED.search(reply.text))
