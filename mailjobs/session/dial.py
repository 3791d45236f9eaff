"""From a model of a server to a conversation that is ready for mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailjobs.errors import ConnectionLost, MailjobsError, ProtocolError, ReplyError, TimedOut, TLSError
from mailjobs.events import ConnectionStatus, Error, Publish
from mailjobs.model import Server
from mailjobs.net import Stream, Until, reach
from mailjobs.session.conversation import Conversation
from mailjobs.smtp import Ehlo, Helo, Noop, Reply, StartTls

if TYPE_CHECKING:
    from mailjobs.net.paced import Pace

TLS_PORT = "if this port speaks TLS from the start, as 465 does: 'tls: implicit'"
WEB = (
    "an HTTP server answers there: a captive portal or a proxy may stand between; log in to the network, or set `proxy`"
)
BEYOND = "the proxy has opened a way that leads nowhere: does the server listen on this port, and let the proxy in?"


def open_conversation(
    server: Server, publish: Publish, until: Until | None = None, pace: Pace | None = None
) -> Conversation:
    """Connect, secure, greet and log in, as `server` says; what goes out is written at `pace`.

    Raises ResolveError, TransportError (TimedOut, ConnectionLost), ProxyError, TLSError (VerifyError), ReplyError
    (AuthError, ProtocolError); each names its stage. Nothing stays open after an error.
    """
    if server.auth is None or server.auth.oauth2 is None:
        return _dial(server, publish, until, pace)
    from mailjobs.session.by_token import open_by_token

    return open_by_token(server, publish, lambda known: _dial(known, publish, until, pace), until)


def _dial(server: Server, publish: Publish, until: Until | None, pace: Pace | None) -> Conversation:
    stream = _stream(server, publish, until, pace)
    conversation = Conversation(stream, server, publish)
    conversation.until = until
    try:
        _establish(conversation)
    except BaseException as error:
        if isinstance(error, MailjobsError):
            conversation.locate(error)
        conversation.close()
        raise
    publish(ConnectionStatus("connected", 0, f"{server.host}:{server.port}"))
    return conversation


def _stream(server: Server, publish: Publish, until: Until | None, pace: Pace | None) -> Stream:
    stream: Stream
    if server.proxy is not None:
        from mailjobs.net.proxy.route import reach_through

        stream = reach_through(server, server.proxy, publish, until)
    else:
        stream = reach(server, server.host, server.port, until)
    _tell_sizes(server, stream, publish)
    if pace is None:
        return stream
    from mailjobs.net.paced import Paced

    return Paced(stream, pace)


def _tell_sizes(server: Server, stream: Stream, publish: Publish) -> None:
    """Systems have bounds for buffers, and say nothing where they apply."""
    for name in ("send_buffer", "receive_buffer"):
        asked, granted = getattr(server.socket, name), getattr(stream.peer, name)
        if asked is not None and granted != asked:
            words = f"socket.{name}: {asked} bytes were asked for, and the system gives {granted}"
            publish(Error(None, words))


def _establish(conversation: Conversation) -> None:
    server = conversation.server
    if server.tls.mode == "implicit":
        conversation.stream = _secure(conversation)
        conversation.engine.tls = True
    _greet(conversation)
    _hello(conversation)
    if server.tls.mode in ("starttls", "opportunistic"):
        _start_tls(conversation)
    if server.auth is not None:
        from mailjobs.session.login import log_in

        log_in(conversation, server.auth)
    conversation.check_open("EHLO")


def _greet(conversation: Conversation) -> None:
    try:
        reply = conversation.answer("greeting").reply
    except (TimedOut, ProtocolError, ConnectionLost) as error:
        error.hint = _why_no_greeting(conversation, error)
        raise
    conversation.greeting = reply.text
    if reply.code != 220:
        raise _unwelcome(conversation, reply)


def _why_no_greeting(conversation: Conversation, error: MailjobsError) -> str | None:
    """A server that waits for a handshake says nothing, or nothing that is SMTP."""
    if isinstance(error, ProtocolError) and ("'HTTP/" in error.message or "'<" in error.message):
        return WEB
    if isinstance(error, ConnectionLost):
        return BEYOND if conversation.stream.peer.proxy is not None else None
    return TLS_PORT if conversation.tls is None else None


def _unwelcome(conversation: Conversation, reply: Reply) -> ReplyError:
    """RFC 5321 section 3.1: 220, or 554 and 421 for no service."""
    if reply.positive or reply.intermediate:
        return ProtocolError(f"the greeting is {reply.code}, not 220: {reply}", reply=reply, stage="greeting")
    error = conversation.refusal("the connection", reply, "greeting")
    if conversation.tls is not None and not conversation.server.tls.certificate and "certificate" in reply.text.lower():
        from mailjobs.net.tls_failure import NO_CERTIFICATE

        error.hint = NO_CERTIFICATE
    return error


def _hello(conversation: Conversation) -> None:
    """EHLO, or HELO where the server does not know EHLO or the job turns extensions off."""
    server = conversation.server
    name = server.hello or _own_literal(conversation)
    reply = conversation.ask(Ehlo(name)) if server.extensions.enabled else None
    if reply is None or (reply.permanent and conversation.usable):
        conversation.demand(Helo(name))
    elif not reply.positive:
        raise conversation.refusal("EHLO", reply)


def _own_literal(conversation: Conversation) -> str:
    """The address literal of our end (RFC 5321 section 4.1.3): true everywhere, and no name look-up."""
    host = conversation.stream.peer.local_host
    return f"[IPv6:{host.split('%')[0]}]" if ":" in host else f"[{host}]"


def _start_tls(conversation: Conversation) -> None:
    required = conversation.server.tls.mode == "starttls"
    if not conversation.extensions.has("STARTTLS"):
        if required:
            raise _not_offered(conversation)
        return
    reply = conversation.ask(StartTls(), "STARTTLS")
    if reply.code != 220:
        if required or not conversation.usable:  # opportunistic or not, a 421 ends it
            raise TLSError(f"STARTTLS was refused: {reply}", stage="STARTTLS", reply=reply, temporary=reply.temporary)
        return
    _require_silence(conversation)
    conversation.secured(_secure(conversation))
    _hello(conversation)


def _require_silence(conversation: Conversation) -> None:
    """Nothing that was said in clear may count once the conversation is private."""
    try:
        conversation.engine.require_empty_buffer()
    except ProtocolError as error:
        error.stage = "STARTTLS"
        raise


def _not_offered(conversation: Conversation) -> TLSError:
    return TLSError(
        "the server does not offer STARTTLS, which this job requires",
        stage="STARTTLS",
        hint="somebody between may have removed it; 'tls: implicit' where the port speaks TLS from the start, "
        "'tls: none' to go without",
    )


def _secure(conversation: Conversation) -> Stream:
    from mailjobs.net.tls import secure

    conversation.stream.deadline = conversation.deadline("handshake")
    server = conversation.server
    stream = secure(conversation.stream, server.host, server.tls, conversation.publish)
    conversation.publish(ConnectionStatus("TLS established", 0, stream.spoken))
    return stream


def still_there(conversation: Conversation) -> bool:
    """Whether the server answers NOOP."""
    try:
        return conversation.usable and conversation.ask(Noop()).positive
    except MailjobsError:
        return False
