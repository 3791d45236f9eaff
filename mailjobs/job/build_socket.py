"""The sockets of a server, as the model has them."""

from __future__ import annotations

from mailjobs import model
from mailjobs.job.node import JobPath, Node
from mailjobs.job.problems import Problems
from mailjobs.job.values import octets, plain, seconds

LONGEST_PAUSE = 32767  # seconds, what Linux takes for a time between probes
LONGEST_LINGER = 3600
MOST_BUFFER = 2**30  # twice as much is the most that the system's number holds
VERSIONS = {"ipv4": 4, "ipv6": 6}


def build_bind(node: Node | None) -> model.Bind:
    """Our end of the connection."""
    if node is None:
        return model.Bind()
    host: str | None = plain(node.get("host"))
    return model.Bind(host.removeprefix("[").removesuffix("]") if host else None, plain(node.get("port"), 0))


def build_socket(node: Node | None, path: JobPath, problems: Problems) -> model.Socket:
    """Options of the socket. Problems are added to `problems`."""
    if node is None:
        return model.Socket()
    return model.Socket(
        keepalive=_keepalive(node.get("keepalive"), (*path, "keepalive"), problems),
        nodelay=plain(node.get("nodelay"), True),
        linger=_linger(node.get("linger"), (*path, "linger"), problems),
        send_buffer=_buffer(node.get("send_buffer"), (*path, "send_buffer"), problems),
        receive_buffer=_buffer(node.get("receive_buffer"), (*path, "receive_buffer"), problems),
    )


def _keepalive(node: Node | None, path: JobPath, problems: Problems) -> model.KeepAlive | None:
    if node is None or node.value is False:
        return None
    found = {key: _whole(node.get(key), (*path, key), problems, LONGEST_PAUSE) for key in ("time", "interval")}
    return model.KeepAlive(**found)


def _whole(node: Node | None, path: JobPath, problems: Problems, most: int) -> int | None:
    """Whole seconds, 1 to `most`."""
    if node is None:
        return None
    found = seconds(node, path, problems, 1)
    if found != int(found) or not 1 <= found <= most:
        problems.at(node, path, f"{node.value!r:.40} is not whole seconds from 1 to {most}")
        return None
    return int(found)


def _linger(node: Node | None, path: JobPath, problems: Problems) -> bool | int:
    if node is None:
        return True
    if isinstance(node.value, bool):
        return node.value
    if not seconds(node, path, problems, 1):
        hint = "`true` for as long as the system tries, `false` to reset"
        problems.at(node, path, "0 seconds is not what it seems: it resets the connection", hint=hint)
        return True
    return _whole(node, path, problems, LONGEST_LINGER) or True


def _buffer(node: Node | None, path: JobPath, problems: Problems) -> int | None:
    if node is None:
        return None
    found = octets(node)
    if not 0 < found <= MOST_BUFFER:
        problems.at(node, path, f"{node.value!r:.40} is out of bounds: 1 byte to 1 GiB")
        return None
    return found


def check_family(family: str, named: list[tuple[str | None, Node | None, JobPath]], problems: Problems) -> None:
    """An address of the other family is a problem: of the server, of our end, of the proxy."""
    version = VERSIONS.get(family)
    if version is None:
        return
    from ipaddress import ip_address

    for host, node, path in named:
        if host is None or node is None:
            continue
        try:
            found = ip_address(host.partition("%")[0]).version
        except ValueError:
            continue
        if found != version:
            words = f"{host} is an IPv{found} address, and address_family is {family}"
            problems.at(node, path, words, hint="address_family: any")
