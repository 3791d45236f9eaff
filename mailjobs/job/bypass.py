"""Which servers are gone to directly, past the proxy: names, suffixes, addresses and networks."""

from __future__ import annotations

import re
from collections.abc import Iterable

ALL = "*"
LOCAL = "<local>"  # Windows: names without a dot
NAME = re.compile(r"(?:\*?\.)?[^\s.:/\[\]*]+(?:\.[^\s.:/\[\]*]+)*\.?")


def split_entry(entry: str) -> tuple[str, int | None]:
    """The host of an entry, without brackets, and its port; a port that is none stays in the host."""
    if entry.startswith("["):
        host, _, rest = entry[1:].partition("]")
        port = rest.removeprefix(":")
        return (host, int(port)) if _is_port(port) else (host, None) if not rest else (entry, None)
    host, _, port = entry.rpartition(":")
    if host and ":" not in host and _is_port(port):
        return host, int(port)
    return entry, None


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) < 65536


def check_entry(entry: str) -> str | None:
    """Why `entry` can match no server, or None."""
    host, _ = split_entry(entry)
    if host in (ALL, LOCAL) or _network(host) is not None:
        return None
    if "/" in host:
        return "is no network: write 10.0.0.0/8"
    return None if NAME.fullmatch(host) else "is no name, .suffix, address or network"


def _network(host: str) -> tuple[int, int, int] | None:
    """Version, first address and mask of an address or a network; bits of the host part are let pass."""
    from ipaddress import ip_network

    try:
        network = ip_network(host.partition("%")[0], strict=False)
    except ValueError:
        return None
    return network.version, int(network.network_address), int(network.netmask)


def goes_directly(host: str, port: int, entries: Iterable[str], loosely: bool = False) -> bool:
    """Whether one of `entries` matches `host`, a name or an address; a name is not looked up for that.

    `loosely` is how NO_PROXY is read everywhere: a name stands for all names below it, too.
    """
    return any(_matches(host.lower().rstrip("."), port, entry.lower(), loosely) for entry in entries)


def _matches(host: str, port: int, entry: str, loosely: bool) -> bool:
    wanted, only = split_entry(entry)
    if only is not None and only != port:
        return False
    if wanted == ALL:
        return True
    network = _network(wanted)
    if network is not None:
        return _lies_in(host, network)
    if wanted == LOCAL:
        return "." not in host and ":" not in host
    suffix = wanted.removeprefix("*").rstrip(".")
    if suffix.startswith("."):
        return host.endswith(suffix) or (loosely and host == suffix[1:])
    return host == suffix or (loosely and host.endswith("." + suffix))


def _lies_in(host: str, network: tuple[int, int, int]) -> bool:
    from ipaddress import ip_address

    version, first, mask = network
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    inner = getattr(address, "ipv4_mapped", None) or address
    return bool(inner.version == version and int(inner) & mask == first)
