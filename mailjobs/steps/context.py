"""What a step is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from mailjobs.errors import MailjobsError
from mailjobs.events import Publish
from mailjobs.frozen import frozen
from mailjobs.model import Step, Template
from mailjobs.prepare import Preparation
from mailjobs.session import Conversation
from mailjobs.smtp import Reply

if TYPE_CHECKING:
    from mailjobs.steps.shelf import Shelf


class Sessions(Protocol):
    """The open conversations of a run, by the name of the server."""

    def name(self, server: str | None) -> str:
        """What the server of a step is called, also where the step does not say."""

    def has_time(self, seconds: float) -> bool:
        """Whether so many seconds may pass before the present step has to be over."""

    def get(self, server: str | None) -> Conversation:
        """The conversation in hand, or a new one. Raises what keeps it from being opened."""

    def another(self, server: str | None, publish: Publish) -> Conversation:
        """A new conversation, which is the caller's to end. Raises what keeps it from being opened."""

    def share(self, processes: int) -> None:
        """So many processes are about to open conversations, each with its part of the server's transfer rate."""

    def quit(self, server: str | None) -> Reply | None:
        """End the conversation in hand, if there is one; the reply to QUIT."""


class Batches(Protocol):
    """The batches of a run, looked at before its first step."""

    def shelf(self, step: Step) -> Shelf:
        """The books of a step's batch."""

    def settle(self, step: Step, totals: Mapping[str, int], finished: bool) -> None:
        """Keep what became of a batch. Raises OutputError."""


@frozen
class Context:
    """The surroundings of one step. `scope` is what its templates see.

    `send_to` is told how many recipients the step is about to send to, and raises GuardError where the job forbids so
    many, UsageError where nobody has confirmed them.
    """

    step: Step
    preparation: Preparation
    sessions: Sessions
    publish: Publish
    scope: Mapping[str, Any]
    batches: Batches
    send_to: Callable[[int], None] = lambda recipients: None

    def text(self, template: Template) -> str:
        """`template` rendered. Raises JobError."""
        return self.preparation.templates.text(template).render(self.scope)

    def connection(self) -> Conversation:
        """The conversation with the step's server."""
        return self.sessions.get(self.step.server)


@dataclass(slots=True)
class Output:
    """What a step found out: `result` is what later steps read, `error` what makes the step fail.

    `earlier`: that is no news, but of an earlier session of the run.
    """

    result: dict[str, Any] = field(default_factory=dict)
    summary: str = ""
    error: MailjobsError | None = None
    last_reply: Reply | None = None
    earlier: bool = False


def reply_dict(reply: Reply | None) -> dict[str, Any] | None:
    """A reply as results and reports show it."""
    if reply is None:
        return None
    return {"code": reply.code, "enhanced": reply.enhanced, "text": reply.text}
