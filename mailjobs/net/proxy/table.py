"""The types of proxies: one line each."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mailjobs.model import AddressFamily, Proxy
from mailjobs.net.proxy import http, socks4, socks5
from mailjobs.net.proxy.exchange import Exchange


class Kind(NamedTuple):
    """`port` is where such proxies usually are. `remote`: the proxy looks names up unless the job says otherwise.

    `family` is what it bears of the addresses that are looked up here.
    """

    ask: Callable[[Exchange, Proxy, str, int], None]
    port: int
    remote: bool = True
    tls: bool = False
    family: AddressFamily = "any"


KINDS: dict[str, Kind] = {
    "http": Kind(http.ask, 80),
    "https": Kind(http.ask, 443, tls=True),
    "socks4": Kind(socks4.ask, 1080, remote=False, family="ipv4"),
    "socks4a": Kind(socks4.ask, 1080, family="ipv4"),
    "socks5": Kind(socks5.ask, 1080),
}
