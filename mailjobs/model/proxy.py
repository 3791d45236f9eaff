"""A proxy between here and a server."""

from __future__ import annotations

from typing import Literal

from mailjobs.errors import Place
from mailjobs.frozen import frozen
from mailjobs.model.tls import CaSource
from mailjobs.secret import Secret

ProxyType = Literal["none", "auto", "http", "https", "socks4", "socks4a", "socks5"]
Resolve = Literal["remote", "local"]


@frozen
class Proxy:
    """Which proxy, and what it is told.

    `type` auto takes it from the environment; `host` is None for auto and none alone. `port` 0 is the type's own.
    `resolve` says who looks up the server's name, None as the type has it. `headers` are names and values of a
    CONNECT request, `bypass` servers that are gone to directly, `ca` whom to trust where the proxy itself speaks TLS.
    `needed`: only a proxy can look up the server's name, which was written with a star before it.
    """

    type: ProxyType = "none"
    host: str | None = None
    port: int = 0
    username: str | None = None
    password: Secret | None = None
    headers: tuple[tuple[str, Secret], ...] = ()
    resolve: Resolve | None = None
    bypass: tuple[str, ...] = ()
    ca: tuple[CaSource, ...] = (CaSource(system=True),)
    needed: bool = False
    place: Place | None = None
