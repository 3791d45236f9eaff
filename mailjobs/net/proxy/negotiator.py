"""PySocks, made to speak over a stream of ours. Imported late: few jobs have a proxy, and fewer one for SOCKS."""

from __future__ import annotations

import socket
from typing import Any

import socks

from mailjobs.errors import from_oserror
from mailjobs.net.proxy.exchange import Exchange

Piece = tuple[int, tuple[bytes, ...]]  # a first octet, and values behind it that each begin with their length


class Talk:
    """The file that PySocks writes to and reads from: it is over `exchange`.

    PySocks writes a length as UTF-8, which from 128 on is two octets, where RFC 1928 and 1929 have one. So `pieces`,
    which are all that it writes with a length, are put right as they go out. `heard` is what was read since the last
    words of ours.
    """

    def __init__(self, exchange: Exchange, pieces: tuple[Piece, ...] = ()) -> None:
        self.heard = b""
        self._exchange = exchange
        self._right = {_piece(piece, lambda length: chr(length).encode()): _piece(piece, _octet) for piece in pieces}
        self._unsaid = b""

    def write(self, data: bytes) -> None:
        """Collect what is to be said."""
        self._unsaid += self._right.get(data, data)

    def flush(self) -> None:
        """Say it. Raises TransportError."""
        said, self._unsaid, self.heard = self._unsaid, b"", b""
        self._exchange.write(said)

    def read(self, count: int) -> bytes:
        """The next `count` octets, never fewer. Raises ProxyError where the proxy hangs up, TransportError."""
        data = self._exchange.exactly(count)
        self.heard += data
        return data

    def close(self) -> None:
        """The stream stays open."""


def _piece(piece: Piece, spoken: Any) -> bytes:
    first, values = piece
    return _octet(first) + b"".join(spoken(len(value)) + value for value in values)


def _octet(number: int) -> bytes:
    return bytes((number,))


class _Connected(socket.socket):
    """What lies below PySocks' class, so that it finds itself connected: the way to the proxy is open already."""

    def connect(self, address: object) -> None:
        """Nothing is left to do."""


class _Negotiator(socks.socksocket, _Connected):  # type: ignore[misc] # PySocks has no types
    """PySocks, whose words go by way of `talk`: its own socket stays unconnected and unused."""

    def __init__(self, talk: Talk) -> None:
        super().__init__()
        self._talk = talk

    def makefile(self, *_: Any, **__: Any) -> Any:
        return self._talk


def negotiate(talk: Talk, version: int, host: str, port: int, username: str, password: str = "") -> None:
    """Have PySocks ask for a way to `host`, an address or a name that the proxy looks up. `version` is 4 or 5.

    Raises what PySocks does of SOCKS (its SOCKS4Error, SOCKS5Error, SOCKS5AuthError, and GeneralProxyError for what
    is no SOCKS), and of the connection what `talk` does.
    """
    try:
        negotiator: Any = _Negotiator(talk)
    except OSError as error:
        raise from_oserror(error, "ask the proxy") from None
    with negotiator:
        kind = socks.SOCKS5 if version == 5 else socks.SOCKS4
        negotiator.set_proxy(kind, rdns=True, username=username, password=password)
        negotiator.connect((host, port), catch_errors=True)  # else it wraps its errors in another
