"""A conversation whose login takes an access token that has to be asked for first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mailjobs.errors import AuthError
from mailjobs.events import Publish, Trace
from mailjobs.model import Server
from mailjobs.net import Until
from mailjobs.secret import Secret
from mailjobs.session.conversation import Conversation
from mailjobs.tokens import supply_of


def open_by_token(
    server: Server, publish: Publish, dial: Callable[[Server], Conversation], until: Until | None = None
) -> Conversation:
    """What `dial` opens with the token in hand; where the server refuses that one, once more with a new one.

    Over a new connection: some servers close theirs after a refusal. Raises what `dial` raises, and what keeps one
    from a token.
    """
    auth = server.auth
    assert auth is not None, "somebody logs in"
    assert auth.oauth2 is not None, "by a token that is asked for"
    supply = supply_of(auth.oauth2, auth.username or "")
    token = supply.token(until.left if until else None)
    publish(Trace("info", f"an access token from {token.origin}"))
    try:
        conversation = dial(_with(server, token))
    except AuthError as error:
        if not _refused(error) or not supply.renew(token, until.left if until else None):
            raise
        publish(Trace("info", "the access token was refused, and there is a new one: once more"))
        token = supply.token(until.left if until else None)
        conversation = dial(_with(server, token))
    supply.accepted(token)
    return conversation


def _with(server: Server, token: Secret) -> Server:
    assert server.auth is not None, "somebody logs in"
    return replace(server, auth=replace(server.auth, token=token))


def _refused(error: AuthError) -> bool:
    """Whether it is the server's last word on the token."""
    return error.reply is not None and bool(error.reply.permanent)
