"""`expect`: which replies count as success."""

from __future__ import annotations

from dataclasses import replace

from mailjobs.errors import ReplyError
from mailjobs.model import Expectation
from mailjobs.session import Conversation
from mailjobs.smtp import Reply
from mailjobs.steps.context import Output


def meets(expect: Expectation | None, reply: Reply, usual: tuple[str, ...]) -> bool:
    """Whether `reply` is one of the codes or classes expected (`usual` where the step says nothing)."""
    code = str(reply.code)
    wanted = expect.codes if expect else usual
    return any(word == "any" or word in (code, f"{code[0]}xx") for word in wanted)


def judged(output: Output, expect: Expectation | None) -> Output:
    """The output of an action that expects nothing by itself, where the step says which last reply is a success.

    So `expect: 550` of a send succeeds where a relay refuses it, as a check of that relay wants.
    """
    reply = output.last_reply
    if expect is None or reply is None:
        return output
    if not meets(expect, reply, ()):
        wanted = ", ".join(expect.codes)
        failure = ReplyError(f"expected {wanted}, the server said {reply}", reply=reply)
        return replace(output, error=output.error or failure)
    refused = isinstance(output.error, ReplyError) and output.error.reply == reply
    return replace(output, error=None) if refused else output


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
