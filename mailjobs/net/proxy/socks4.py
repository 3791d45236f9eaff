"""SOCKS 4, and 4A with names that the proxy looks up."""

from __future__ import annotations

from mailjobs.errors import ExitStatus, JobError, ProxyError
from mailjobs.model import Proxy
from mailjobs.net.proxy.exchange import Exchange
from mailjobs.net.proxy.refusal import refused, rubbish
from mailjobs.net.resolve import is_address

REPLIES = {
    91: "request rejected or failed",
    92: "the proxy cannot ask the identd of this machine",
    93: "the identd of this machine names another user",
}
NO_REASON = "SOCKS 4 tells no reason: the server may not be there, or the proxy may want a login, as SOCKS 5 has it"
NO_IPV6 = "SOCKS 4 knows no IPv6 addresses"


def ask(exchange: Exchange, proxy: Proxy, host: str, port: int) -> None:
    """Have the proxy open a way to `host`. Raises ProxyError, JobError, TransportError."""
    user = proxy.username or ""
    _require_sayable(user, host, proxy)
    import socks

    from mailjobs.net.proxy.negotiator import Talk, negotiate

    talk = Talk(exchange)
    try:
        negotiate(talk, 4, host, port, user)
    except socks.SOCKS4Error:
        raise _refusal(talk.heard[1]) from None
    except socks.ProxyError:
        raise rubbish(talk.heard + exchange.rest) from None


def _require_sayable(user: str, host: str, proxy: Proxy) -> None:
    """The user id ends at a NUL, and so may not hold one."""
    if "\0" in user:
        raise JobError("a NUL in the user id for the proxy", stage="proxy", place=proxy.place)
    if ":" in host and is_address(host):
        raise ProxyError(f"{NO_IPV6}, and {host} is one", hint="`type: socks5`, or a server with an IPv4 address")


def _refusal(code: int) -> ProxyError:
    words = f"{REPLIES.get(code, 'an unknown reply')} (SOCKS4 reply {code})"
    error = refused(words, temporary=code == 91, hint=NO_REASON if code == 91 else None)
    if code in (92, 93):
        error.exit_status = ExitStatus.NOPERM
        error.hint = "it goes by the user id: `server.proxy.username`"
    return error
