"""`connect`: open the connection, secure it, log in; or see that the one in hand still answers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from mailjobs.session import Conversation
from mailjobs.steps.context import Context, Output


def perform(context: Context) -> Output:
    """Greeting, extensions, connection, tls and authenticated_as of the step's server."""
    conversation = context.connection()
    result = facts(conversation)
    secured = f", {result['tls']['version']}" if result["tls"] else ", no TLS"
    return Output(result, f"{conversation.greeting}{secured}", None, conversation.last_reply)


def facts(conversation: Conversation) -> dict[str, Any]:
    """What is known of a connection, as plain data."""
    return {
        "greeting": conversation.greeting,
        "extensions": conversation.extensions.as_dict(),
        "connection": {**asdict(conversation.stream.peer), "connected": conversation.usable},
        "tls": asdict(conversation.tls) if conversation.tls else None,
        "authenticated_as": conversation.authenticated_as,
    }
