"""`disconnect`: say QUIT. Without a connection it does nothing."""

from __future__ import annotations

from mailjobs.steps.context import Context, Output, reply_dict


def perform(context: Context) -> Output:
    """The reply to QUIT, or none where nothing was open."""
    reply = context.sessions.quit(context.step.server)
    return Output({"reply": reply_dict(reply)}, str(reply) if reply else "not connected", None, reply)
