"""AUTH (RFC 4954): joins a SASL mechanism to the conversation."""

from __future__ import annotations

import base64
import binascii

from mailjobs.errors import AuthError
from mailjobs.model import Auth as AuthModel
from mailjobs.sasl import Credentials, Mechanism, choose
from mailjobs.session.conversation import Conversation
from mailjobs.smtp import Auth, AuthCancel, AuthResponse, Reply


def log_in(conversation: Conversation, auth: AuthModel) -> None:
    """Authenticate. Raises AuthError; what the server said is told by its codes alone, since servers echo."""
    engine = conversation.engine
    wanted = None if auth.mechanism == "auto" else auth.mechanism
    kind = choose(engine.extensions.auth, wanted, tls=engine.tls)
    mechanism = kind(Credentials(auth.username, auth.password, auth.authorization_identity))
    reply = conversation.ask(Auth(mechanism.name, mechanism.initial()), "AUTH")
    while reply.code == 334:
        reply = _respond(conversation, mechanism, reply)
    if reply.code != 235:
        raise _refused(mechanism.name, auth.username, reply)
    conversation.authenticated_as = auth.username


def _respond(conversation: Conversation, mechanism: Mechanism, reply: Reply) -> Reply:
    try:
        challenge = base64.b64decode("".join(reply.lines).strip(), validate=True)
        response = mechanism.respond(challenge)
    except (binascii.Error, AuthError) as error:
        conversation.ask(AuthCancel(), "AUTH")
        if isinstance(error, AuthError):
            raise
        raise AuthError(f"{mechanism.name}: the server's challenge is not base64", stage="AUTH") from None
    return conversation.ask(AuthResponse(response), "AUTH")


def _refused(mechanism: str, username: str, reply: Reply) -> AuthError:
    codes = Reply(reply.code, (reply.enhanced or "",))
    shown = f"{reply.code} {reply.enhanced}" if reply.enhanced else str(reply.code)
    hint = "try again later" if reply.temporary else "check user name and password"
    return AuthError(
        f"login as {username} by {mechanism} was refused: {shown}", reply=codes, command="AUTH", stage="AUTH", hint=hint
    )
