"""SOCKS 5 (RFC 1928), with a name and password (RFC 1929)."""

from __future__ import annotations

import socket
import struct

from mailjobs.errors import JobError, ProxyError
from mailjobs.model import Proxy
from mailjobs.net.proxy.exchange import Exchange
from mailjobs.net.proxy.refusal import login_refused, refused, rubbish
from mailjobs.net.resolve import is_address

VERSION, LOGIN_VERSION, CONNECT = 5, 1, 1
NO_LOGIN, PASSWORD, NONE_FITS = 0, 2, 0xFF
IPV4, NAME, IPV6 = 1, 3, 4
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
    login = _login(proxy)
    methods = bytes((NO_LOGIN, PASSWORD) if login else (NO_LOGIN,))
    exchange.write(bytes((VERSION, len(methods))) + methods)
    chosen = _versioned(exchange)
    if chosen == PASSWORD and login:
        _log_in(exchange, login)
    elif chosen in (PASSWORD, NONE_FITS):
        raise login_refused("no method of ours will do (SOCKS5 method 0xFF)" if login else "SOCKS5", bool(login))
    elif chosen != NO_LOGIN:
        raise rubbish(bytes((VERSION, chosen)) + exchange.rest)
    exchange.write(request(host, port))
    status = _versioned(exchange)
    if status:
        words = f"{REPLIES.get(status, 'an unknown reply')} (SOCKS5 reply {status})"
        raise refused(words, temporary=status not in LASTING, hint=HINTS.get(status))
    _skip_bound_address(exchange)


def request(host: str, port: int) -> bytes:
    """The request for a way to `host`, a name or an address."""
    return bytes((VERSION, CONNECT, 0)) + _spoken(host) + struct.pack(">H", port)


def _spoken(host: str) -> bytes:
    if is_address(host):
        plain = host.partition("%")[0]
        if ":" in host:
            return bytes((IPV6,)) + socket.inet_pton(socket.AF_INET6, plain)
        return bytes((IPV4,)) + socket.inet_aton(plain)
    name = host.encode("ascii")
    if len(name) > LONGEST:
        raise ProxyError(f"the server's name is longer than {LONGEST} octets")
    return bytes((NAME, len(name))) + name


def _login(proxy: Proxy) -> bytes:
    """The request of RFC 1929, or nothing without a name. Raises JobError."""
    if proxy.username is None:
        return b""
    name, password = proxy.username.encode(), (proxy.password.reveal() if proxy.password else "").encode()
    for what, value in (("name", name), ("password", password)):
        if not 0 < len(value) <= LONGEST:
            words = f"the {what} for the proxy has {len(value)} octets, and SOCKS5 bears 1 to {LONGEST}"
            raise JobError(words, stage="proxy", place=proxy.place)
    return bytes((LOGIN_VERSION, len(name))) + name + bytes((len(password),)) + password


def _log_in(exchange: Exchange, login: bytes) -> None:
    exchange.write(login)
    _, status = exchange.exactly(2)
    if status:
        raise login_refused(f"SOCKS5 status {status}", named=True)


def _versioned(exchange: Exchange) -> int:
    """The second of two octets, the first of which is the version."""
    reply = exchange.exactly(2)
    if reply[0] != VERSION:
        raise rubbish(reply + exchange.rest)
    return reply[1]


def _skip_bound_address(exchange: Exchange) -> None:
    """The proxy's own end, which says nothing; it may be a name."""
    kind = exchange.exactly(2)[1]
    lengths = {IPV4: 4, IPV6: 16}
    if kind != NAME and kind not in lengths:
        raise rubbish(bytes((VERSION, 0, 0, kind)) + exchange.rest)
    exchange.exactly((exchange.exactly(1)[0] if kind == NAME else lengths[kind]) + 2)
