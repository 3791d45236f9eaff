"""SOCKS 4, and 4A with names that the proxy looks up."""

from __future__ import annotations

import socket
import struct

from mailjobs.errors import ExitStatus, JobError, ProxyError
from mailjobs.model import Proxy
from mailjobs.net.proxy.exchange import Exchange
from mailjobs.net.proxy.refusal import refused, rubbish
from mailjobs.net.resolve import is_address

VERSION, CONNECT, GRANTED = 4, 1, 90
REPLIES = {
    91: "request rejected or failed",
    92: "the proxy cannot ask the identd of this machine",
    93: "the identd of this machine names another user",
}
NAME_FOLLOWS = b"\x00\x00\x00\x01"
NO_IPV6 = "SOCKS 4 knows no IPv6 addresses"


def ask(exchange: Exchange, proxy: Proxy, host: str, port: int) -> None:
    """Have the proxy open a way to `host`. Raises ProxyError, JobError, TransportError."""
    exchange.write(request(proxy, host, port))
    reply = exchange.exactly(2)
    if reply[0] not in (0, VERSION):
        raise rubbish(reply + exchange.rest)
    if reply[1] != GRANTED:
        raise _refusal(reply[1])
    exchange.exactly(6)  # the proxy's own port and address, which say nothing


def request(proxy: Proxy, host: str, port: int) -> bytes:
    """The request; the user id ends at a NUL, and so may not hold one."""
    user = (proxy.username or "").encode()
    if b"\0" in user:
        raise JobError("a NUL in the user id for the proxy", stage="proxy", place=proxy.place)
    address, name = _spoken(host)
    return struct.pack(">BBH", VERSION, CONNECT, port) + address + user + b"\0" + name


def _spoken(host: str) -> tuple[bytes, bytes]:
    if not is_address(host):
        return NAME_FOLLOWS, host.encode("ascii") + b"\0"
    if ":" in host:
        raise ProxyError(f"{NO_IPV6}, and {host} is one", hint="`type: socks5`, or a server with an IPv4 address")
    return socket.inet_aton(host), b""


def _refusal(code: int) -> ProxyError:
    words = f"{REPLIES.get(code, 'an unknown reply')} (SOCKS4 reply {code})"
    error = refused(words, temporary=code == 91)
    if code in (92, 93):
        error.exit_status = ExitStatus.NOPERM
        error.hint = "it goes by the user id: `server.proxy.username`"
    return error
