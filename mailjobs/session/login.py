"""AUTH (RFC 4954): joins a SASL mechanism to the conversation."""

from __future__ import annotations

from mailjobs.errors import AuthError, Interrupted, MailjobsError
from mailjobs.model import Auth as AuthModel
from mailjobs.net.channel_binding import bound
from mailjobs.sasl import Circumstances, Credentials, Mechanism, choose, decoded
from mailjobs.session.conversation import Conversation
from mailjobs.session.refused_login import refused_login
from mailjobs.smtp import Auth, AuthCancel, AuthResponse, Reply
from mailjobs.smtp.commands import LONGEST_LINE

CONTINUE = 334
SUCCESS = 235


def log_in(conversation: Conversation, auth: AuthModel) -> None:
    """Authenticate. Raises AuthError, which names where the login stands in the job, and what secrets raise.

    What the server said is told by its codes alone, since servers echo.
    """
    try:
        _exchange(conversation, auth)
    except AuthError as error:
        error.place = error.place or auth.place
        raise


def _exchange(conversation: Conversation, auth: AuthModel) -> None:
    mechanism = _mechanism(conversation, auth)
    reply = _begin(conversation, mechanism, auth)
    while reply.code == CONTINUE:
        reply = _respond(conversation, mechanism, reply)
    if reply.code != SUCCESS:
        raise refused_login(mechanism, reply)
    mechanism.finish()
    conversation.authenticated_as = mechanism.identity


def _mechanism(conversation: Conversation, auth: AuthModel) -> Mechanism:
    engine, server, stream = conversation.engine, conversation.server, conversation.stream
    credentials = Credentials(auth.username, auth.password, auth.authorization_identity, auth.token, auth.gssapi)
    bind = (lambda: bound(stream, auth.channel_binding)) if engine.tls else None
    circumstances = Circumstances(server.host, server.port, engine.extensions.auth, bind)
    kind = choose(circumstances, credentials, None if auth.mechanism == "auto" else auth.mechanism)
    return kind(credentials, circumstances)


def _begin(conversation: Conversation, mechanism: Mechanism, auth: AuthModel) -> Reply:
    """AUTH, and what the client says first.

    That goes with the command only where the line stays within 512 octets (RFC 4954 section 4): servers cut
    longer ones, and a token or a ticket is long.
    """
    first = mechanism.initial()
    if first is None or (auth.initial_response == "auto" and _fits(mechanism.name, first)):
        return conversation.ask(Auth(mechanism.name, first), "AUTH")
    reply = conversation.ask(Auth(mechanism.name), "AUTH")
    # nothing depends on what the prompt says, and some servers put words there
    return _answer(conversation, mechanism, first) if reply.code == CONTINUE else reply


def _fits(name: str, first: bytes) -> bool:
    return len(f"AUTH {name} ") + (len(first) + 2) // 3 * 4 + 2 <= LONGEST_LINE


def _respond(conversation: Conversation, mechanism: Mechanism, reply: Reply) -> Reply:
    try:
        challenge = decoded("".join(reply.lines))
    except ValueError:
        _cancel(conversation)
        raise mechanism.error("has gone wrong: the server's challenge is not base64") from None
    try:
        response = mechanism.respond(challenge)
    except MailjobsError:
        _cancel(conversation)
        raise
    return _answer(conversation, mechanism, response)


def _answer(conversation: Conversation, mechanism: Mechanism, response: bytes) -> Reply:
    try:
        command = AuthResponse(response)
    except ValueError as error:
        _cancel(conversation)
        raise mechanism.error(f"cannot go on: {error}") from None
    return conversation.ask(command, "AUTH")


def _cancel(conversation: Conversation) -> None:
    """End the exchange. What made us end it is told, whatever becomes of the connection."""
    try:
        conversation.ask(AuthCancel(), "AUTH")
    except Interrupted:
        raise
    except MailjobsError:
        return
