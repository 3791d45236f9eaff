"""What a proxy did instead of opening a way, as errors 118 with its own words."""

from __future__ import annotations

from mailjobs.errors import ExitStatus, ProxyError
from mailjobs.net.certificate import printable
from mailjobs.secret import holds_secret

SHOWN, OCTETS = 80, 20  # of what is no reply of a proxy, as text and as octets
BLANK, DELETE = 0x20, 0x7F  # between them ASCII has what can be seen
LOGIN = "`username` and `password` of `server.proxy`"


def refused(words: str, *, temporary: bool = False, hint: str | None = None) -> ProxyError:
    """The proxy does not open the way. It may later where that is `temporary`."""
    return ProxyError(f"the proxy refused: {words}", temporary=temporary, hint=hint)


def login_refused(words: str, named: bool) -> ProxyError:
    """The proxy wants a login, or refused the one that was `named`: another try would do no better."""
    said = "refused the login" if named else "wants a login"
    error = ProxyError(f"the proxy {said}: {words}", hint=f"check {LOGIN}" if named else LOGIN)
    error.exit_status = ExitStatus.NOPERM
    return error


def hung_up(heard: bytes) -> ProxyError:
    """The proxy closed the connection; `heard` is what it had said."""
    words = "the proxy closed the connection before it had opened a way"
    hint = "it may not get to the server (ssh -D says no more), or be of another type: check `server.proxy`"
    return ProxyError(f"{words}; it had said {shown(heard)}" if heard else words, temporary=True, hint=hint)


def rubbish(heard: bytes, words: str = "the proxy says what is no reply of such a proxy") -> ProxyError:
    """What was heard is nothing that such a proxy says."""
    error = ProxyError(f"{words}: {shown(heard)}", hint=_taken_for(heard))
    error.exit_status = ExitStatus.PROTOCOL
    return error


def shown(heard: bytes) -> str:
    """The first line, without what a terminal obeys, or octets where it is no text; nothing of an echoed secret."""
    line = (heard.splitlines() or [b""])[0].decode("latin-1")
    if holds_secret(line):
        return "(it holds a secret)"
    if heard and not any(BLANK <= octet < DELETE for octet in heard):
        return f"octets {heard[:OCTETS].hex(' ')}"
    return repr(printable(line[:SHOWN]))


def _taken_for(heard: bytes) -> str:
    if heard[:4] in (b"220 ", b"220-"):
        return "this is a mail server, not a proxy: check host and port of `server.proxy`"
    if heard[:5] == b"HTTP/" or heard.lstrip()[:1] == b"<":
        return "this is an HTTP server: `type: http` where it is a proxy for CONNECT"
    return "check `type`, host and port of `server.proxy`"
