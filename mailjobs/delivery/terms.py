"""How a batch is delivered: what the job says of it, and the limits that its server knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from mailjobs.frozen import frozen
from mailjobs.model import Retry


class Limits(Protocol):
    """How fast a server, and each domain, may be sent to. Moments are those of `clock.monotonic`."""

    def server(self, recipients: int) -> float:
        """Book a message to so many; the moment when its MAIL may go out (0: now)."""

    def start(self, recipients: int) -> float:
        """`server` and `admit` in one: 0 where it may go out now, else when to ask `admit`."""

    def admit(self, moment: float, recipients: int) -> float:
        """0 where the message that was booked for `moment` may go out now; else when to ask again."""

    @property
    def due(self) -> float:
        """Changes whenever a message is admitted; for `resume`."""

    def resume(self, due: float, recipients: int) -> float:
        """As `admit`, for what was admitted when `due` became what it is here, and has not gone out yet."""

    def domains(self, addresses: Sequence[str], moment: float = 0.0) -> float:
        """0 where a message may go to the domains of all these now; else when to ask again, with that moment."""

    def server_complains(self) -> None:
        """A 421, or 4xx at the greeting or at MAIL."""

    def domain_complains(self, address: str) -> None:
        """4xx at RCPT for this address."""


class NoLimits:
    """As fast as it goes."""

    due = 0.0

    def resume(self, due: float, recipients: int) -> float:
        """It may."""
        return 0.0

    def server(self, recipients: int) -> float:
        """Now."""
        return 0.0

    def start(self, recipients: int) -> float:
        """Now."""
        return 0.0

    def admit(self, moment: float, recipients: int) -> float:
        """It may."""
        return 0.0

    def domains(self, addresses: Sequence[str], moment: float = 0.0) -> float:
        """It may."""
        return 0.0

    def server_complains(self) -> None:
        """Nobody listens."""

    def domain_complains(self, address: str) -> None:
        """Nobody listens."""


@frozen
class Terms:
    """The keys of a batch that delivery looks at; see the reference of `send`. None is no limit."""

    connections: int = 4
    in_flight: int = 1
    messages_per_connection: int | None = None
    recipients_per_message: int | None = None
    on_error: Literal["continue", "stop"] = "continue"
    max_failures: int | None = None
    on_unknown: Literal["hold", "resend"] = "hold"
    retry: Retry = Retry()
