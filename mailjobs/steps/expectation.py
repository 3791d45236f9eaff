"""`expect`: which replies count as success."""

from __future__ import annotations

from mailjobs.errors import ReplyError
from mailjobs.model import Expectation
from mailjobs.session import Conversation
from mailjobs.smtp import Reply


def meets(expect: Expectation | None, reply: Reply, usual: tuple[str, ...]) -> bool:
    """Whether `reply` is one of the codes or classes expected (`usual` where the step says nothing)."""
    code = str(reply.code)
    wanted = expect.codes if expect else usual
    return any(word == "any" or word in (code, f"{code[0]}xx") for word in wanted)


def unmet(
    expect: Expectation | None, reply: Reply, usual: tuple[str, ...], command: str, conversation: Conversation
) -> ReplyError | None:
    """The error for a reply that was not expected, or None."""
    if meets(expect, reply, usual):
        return None
    wanted = ", ".join(expect.codes if expect else usual)
    error = ReplyError(
        f"{command}: expected {wanted}, the server said {reply}", reply=reply, command=command, stage=command
    )
    conversation.locate(error)
    return error
