"""The proxy of a server, as the model has it."""

from __future__ import annotations

import re

from mailjobs import model
from mailjobs.job.bypass import check_entry
from mailjobs.job.node import JobPath, Node, key_place
from mailjobs.job.problems import Problems
from mailjobs.job.secrets import secret
from mailjobs.job.values import plain
from mailjobs.model.proxy import ProxyType
from mailjobs.secret import Secret

CONNECT = ("http", "https")
SOCKS4 = ("socks4", "socks4a")
LONGEST = 255  # octets of a name or password, RFC 1929 section 2
COMPUTED = ("host", "connection", "content-length", "transfer-encoding")  # these would change where the request ends
BREAKS = re.compile(r"[\x00\r\n]")


def build_proxy(
    node: Node | None, path: JobPath, starred: bool, ca: tuple[model.CaSource, ...], problems: Problems
) -> model.Proxy | None:
    """The proxy, or None where there is none. `starred`: a star before the server's name says that it looks it up.
    `ca` is what stands below that key.
    """
    kind: ProxyType = plain(node.get("type"), "none") if node is not None else "none"
    if node is None or kind == "none":
        if node is not None and node.get("host") is not None and node.get("type") is None:
            _wrong(node, (*path, "host"), "a proxy with a host has a type", problems)
        return None
    _check_keys(node, path, kind, problems)
    resolve = plain(node.get("resolve"))
    if starred and resolve == "local":
        _wrong(node, (*path, "resolve"), "a star before the host's name says that the proxy looks it up", problems)
    headers, password = node.get("headers"), node.get("password")
    return model.Proxy(
        type=kind,
        host=_host(node),
        port=plain(node.get("port"), 0),
        username=plain(node.get("username")),
        password=secret(password, (*path, "password"), problems) if password is not None else None,
        headers=_headers(headers, (*path, "headers"), problems) if headers is not None else (),
        resolve="remote" if starred else resolve,
        bypass=_bypass(node.get("bypass"), (*path, "bypass"), problems),
        ca=ca or model.Proxy().ca,
        needed=starred,
        place=key_place(node, path),
    )


def _wrong(node: Node, path: JobPath, message: str, problems: Problems, hint: str | None = None) -> None:
    problems.at_key(node.value[path[-1]], path, message, hint=hint)


def _host(node: Node) -> str | None:
    host: str | None = plain(node.get("host"))
    return host.removeprefix("[").removesuffix("]") if host else None


def _check_keys(node: Node, path: JobPath, kind: str, problems: Problems) -> None:
    """What each type has no use for, and what it needs."""
    auto = kind == "auto"
    for key in ("host", "port", "username", "password") if auto else ():
        if node.get(key) is not None:
            _wrong(node, (*path, key), f"`{key}` comes from the environment where type is auto", problems)
    if not auto and node.get("host") is None:
        problems.at_key(node, path, f"missing key 'host': a proxy of type {kind} has one")
    refused = {
        "headers": (kind not in (*CONNECT, "auto"), "has no header fields: they are for http and https"),
        "password": (kind in SOCKS4, "has no passwords"),
        "ca": (kind not in ("https", "auto"), "shows no certificate: that is for https"),
    }
    for key, (wrong, words) in refused.items():
        if wrong and node.get(key) is not None:
            _wrong(node, (*path, key), f"{kind} {words}", problems)
    if kind == "socks4" and plain(node.get("resolve")) == "remote":
        _wrong(node, (*path, "resolve"), "socks4 knows no names", problems, hint="socks4a does")
    _check_login(node, path, kind, problems)


def _check_login(node: Node, path: JobPath, kind: str, problems: Problems) -> None:
    username, password = node.get("username"), node.get("password")
    if username is None:
        if password is not None and kind not in SOCKS4:
            _wrong(node, (*path, "password"), "a password needs a `username`", problems)
        return
    if kind in CONNECT and ":" in username.value:
        problems.at(username, (*path, "username"), "a name for Basic has no colon (RFC 7617)")
    if kind == "socks5" and password is None:
        problems.at_key(username, (*path, "username"), "a login to socks5 needs a `password` (RFC 1929)")
    if kind == "socks5" and len(username.value.encode()) > LONGEST:
        problems.at(username, (*path, "username"), f"a name for socks5 has at most {LONGEST} octets (RFC 1929)")


def _headers(node: Node, path: JobPath, problems: Problems) -> tuple[tuple[str, Secret], ...]:
    found = []
    for name, value in node.items():
        if name.lower() in COMPUTED:
            problems.at_key(value, (*path, name), f"the header field {name} is made by the request itself")
        if isinstance(value.value, str):
            if BREAKS.search(value.value):
                problems.at(value, (*path, name), "a line break or NUL is in it")
            found.append((name, Secret.literal(value.value)))
        else:
            found.append((name, secret(value, (*path, name), problems)))
    return tuple(found)


def _bypass(node: Node | None, path: JobPath, problems: Problems) -> tuple[str, ...]:
    if node is None:
        return ()
    text = isinstance(node.value, str)
    entries = [part.strip() for part in node.value.split(";")] if text else node.plain()
    for index, entry in enumerate(entries):
        why = check_entry(entry) if entry else None
        if why is not None:
            spot = node if text else node.entries()[index]
            problems.at(spot, path if text else (*path, index), f"{entry!r:.80} {why}")
    return tuple(entry for entry in entries if entry)
