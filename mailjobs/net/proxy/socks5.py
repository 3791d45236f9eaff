"""SOCKS 5 (RFC 1928), with a name and password (RFC 1929)."""

from __future__ import annotations

from mailjobs.errors import JobError, ProxyError
from mailjobs.model import Proxy
from mailjobs.net.proxy.exchange import Exchange
from mailjobs.net.proxy.refusal import LOGIN, login_refused, refused, rubbish
from mailjobs.net.resolve import is_address

LOGIN_VERSION, NAME = 1, 3  # what a login begins with, and a server's name
LONGEST = 255  # octets of what has one octet for its length
REPLIES = {
    1: "general SOCKS server failure",
    2: "connection not allowed by ruleset",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
    7: "command not supported",
    8: "address type not supported",
}
LASTING = (2, 7, 8)
HINTS = {
    2: "the proxy does not let this server or port through",
    4: "perhaps the proxy does not know the server's name",
}


def ask(exchange: Exchange, proxy: Proxy, host: str, port: int) -> None:
    """Have the proxy open a way to `host`. Raises ProxyError, JobError, TransportError."""
    name, password = _login(proxy)
    import socks

    from mailjobs.net.proxy.negotiator import Talk, negotiate

    host = host.partition("%")[0] if is_address(host) else host  # a zone is this machine's
    pieces = (LOGIN_VERSION, (name.encode(), password.encode())), (NAME, (host.encode(),))
    talk = Talk(exchange, pieces)
    try:
        negotiate(talk, 5, host, port, name, password)
    except socks.SOCKS5AuthError:
        raise _login_refused(talk.heard, bool(name)) from None
    except socks.SOCKS5Error:
        raise _refusal(talk.heard[1]) from None
    except socks.ProxyError:
        raise rubbish(talk.heard + exchange.rest) from None


def _login(proxy: Proxy) -> tuple[str, str]:
    """The name and password, both empty where the job has none. Raises JobError."""
    if proxy.username is None:
        return "", ""
    name, password = proxy.username, proxy.password.reveal() if proxy.password else ""
    for what, value in (("name", name), ("password", password)):
        length = len(value.encode())
        if not 0 < length <= LONGEST:
            words = f"the {what} for the proxy has {length} octets, and SOCKS5 bears 1 to {LONGEST}"
            raise JobError(words, stage="proxy", place=proxy.place, hint=f"check {LOGIN}")
    return name, password


def _login_refused(heard: bytes, named: bool) -> ProxyError:
    """What was heard is a reply to the login, or to the methods that we know."""
    version, number = heard
    if version == LOGIN_VERSION:
        return login_refused(f"SOCKS5 status {number}", named)
    words = "no method of ours will do" if named else "it takes nobody without one"
    return login_refused(f"{words} (SOCKS5 method 0x{number:02X})", named)


def _refusal(code: int) -> ProxyError:
    words = f"{REPLIES.get(code, 'an unknown reply')} (SOCKS5 reply {code})"
    return refused(words, temporary=code not in LASTING, hint=HINTS.get(code))
