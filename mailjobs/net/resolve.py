"""Host names to addresses, under a deadline."""

from __future__ import annotations

import ipaddress
import queue
import re
import socket
import threading
from typing import Any

from mailjobs.errors import MailjobsError, ResolveError, TimedOut, resolve_error
from mailjobs.model import AddressFamily
from mailjobs.net.deadline import Deadline

UNFIT = re.compile(r"[\x00-\x20\x7f]")
LONGEST = 255  # bytes, RFC 1035 section 2.3.4
LONGEST_LABEL = 63
LABELS = re.compile(rf"[^.]{{1,{LONGEST_LABEL}}}(?:\.[^.]{{1,{LONGEST_LABEL}}})*\.?")

UNKNOWN = 11001  # the number of a ResolveError for a name that does not exist
FAMILIES: dict[AddressFamily, socket.AddressFamily] = {
    "any": socket.AF_UNSPEC, "ipv4": socket.AF_INET, "ipv6": socket.AF_INET6,
}  # fmt: skip
Address = tuple[socket.AddressFamily, tuple[Any, ...]]
Answer = list[Any] | OSError | UnicodeError


def ascii_host(host: str) -> str:
    """`host` as it is looked up: without brackets, a name in any script as A-labels. Raises ResolveError."""
    name = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    _require_fit(name, host)
    if name != host and not is_address(name):
        raise _unfit(host, "what stands in brackets is no address")
    if name.isascii():
        return name
    import idna

    try:
        name = idna.encode(name, uts46=True).decode()
    except idna.IDNAError as error:
        raise _unfit(host, str(error)) from None
    _require_fit(name, host)
    return name


def _require_fit(name: str, host: str) -> None:
    if not name or UNFIT.search(name):
        raise _unfit(host, "a blank or control character in it" if name else "it is empty")
    if len(name.encode("utf-8", "surrogatepass")) > LONGEST:
        raise _unfit(host[:40] + "…", f"it is longer than {LONGEST} bytes")
    if name.isascii() and not is_address(name) and LABELS.fullmatch(name) is None:
        raise _unfit(host, f"between dots stand 1 to {LONGEST_LABEL} characters")


def _unfit(host: str, why: str) -> ResolveError:
    return ResolveError(f"{host!r} is no host name: {why}", stage="resolve", host=host)


def is_address(host: str) -> bool:
    """Whether `host` is an IP address rather than a name. It may have a zone (RFC 4007): fe80::1%eth0."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def resolve(host: str, port: int, deadline: Deadline, family: AddressFamily = "any") -> list[Address]:
    """The addresses of `host`, in the system's order, without repeats. Raises ResolveError, or TimedOut."""
    found = _resolve(host, port, deadline, FAMILIES[family])
    for _, address in found:
        _refuse_unspecified(address[0], host, port)
    return found


def resolve_ours(host: str | None, port: int, deadline: Deadline) -> list[Address]:
    """The ends that a socket of ours may have: those of `host`, or any. Raises ResolveError, or TimedOut."""
    if host is None:
        return [(socket.AF_INET, ("", port)), (socket.AF_INET6, ("::", port))]
    try:
        return _resolve(host, port, deadline, socket.AF_UNSPEC)
    except MailjobsError as error:
        error.hint = "this is `server.bind.host`: an address of this machine"
        raise


def _resolve(host: str, port: int, deadline: Deadline, family: socket.AddressFamily) -> list[Address]:
    name = ascii_host(host)
    if is_address(name):
        answer = _look_up(name, port, family, socket.AI_NUMERICHOST)
    else:
        answer = _wait(name, host, port, family, deadline)
    if isinstance(answer, OSError):
        error = resolve_error(answer, host)
        error.hint = (_hint(name, family) if error.code == UNKNOWN else None) or error.hint
        raise error.within(stage="resolve", port=port) from None
    if isinstance(answer, UnicodeError):
        raise _unfit(host, str(answer))
    return list(dict.fromkeys((family, address) for family, _, _, _, address in answer))


def _hint(name: str, family: socket.AddressFamily) -> str | None:
    if is_address(name):
        _, percent, zone = name.partition("%")
        return f"is {zone} an interface of this machine?" if percent else None
    if family == socket.AF_UNSPEC:
        return None
    kind = "IPv6" if family == socket.AF_INET6 else "IPv4"
    return f"is it spelt as it should be? only its {kind} addresses were asked for"


def _look_up(name: str, port: int, family: socket.AddressFamily, flags: int = 0) -> Answer:
    try:
        return socket.getaddrinfo(name, port, family=family, type=socket.SOCK_STREAM, flags=flags)
    except (OSError, UnicodeError) as error:
        return error


def _wait(name: str, host: str, port: int, family: socket.AddressFamily, deadline: Deadline) -> Answer:
    """Look `name` up in a thread that nobody waits for at the end, since getaddrinfo cannot be interrupted."""
    answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
    look_up = lambda: answers.put(_look_up(name, port, family))  # noqa: E731
    threading.Thread(target=look_up, daemon=True, name=f"resolve {name}").start()
    try:
        remaining = deadline.remaining()
        return answers.get(timeout=None if remaining is None else min(remaining, threading.TIMEOUT_MAX))
    except (queue.Empty, TimedOut):
        words = f"at resolve: no answer of the name service for {host} within"
        error = deadline.timed_out(words, deadline.total, deadline.total_setting)
        error.stage = "resolve"
        raise error.within(host=host, port=port) from None


def _refuse_unspecified(address: str, host: str, port: int) -> None:
    """The system takes 0.0.0.0 and :: for itself, so that mail meant for elsewhere would go to this machine."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(parsed, "ipv4_mapped", None) or parsed
    if inner.is_unspecified:
        words = f"{host} is no address of a server" if is_address(host) else f"{host} has the address {address}"
        raise ResolveError(f"{words}: it stands for no machine", code=102, stage="resolve", host=host, port=port)
