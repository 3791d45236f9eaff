"""The short form of a server: `smtp://ci@relay:2525`, `smtps://relay`, `relay:2525` or `relay`."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn
from urllib.parse import SplitResult, unquote, urlsplit

from mailjobs.job.node import JobPath, Node
from mailjobs.job.problems import Problems

MODES = {"smtp": "auto", "smtps": "implicit"}


class _BadURL(Exception):
    """Message and hint; neither may hold any of the URL's user part."""


def server_url(node: Node, path: JobPath, problems: Problems) -> Node:
    """The server in full. A URL that cannot be meant is a problem, and leaves no server to complain about further."""
    text: str = node.value
    try:
        fields = _url(text) if "://" in text else _host(text)
    except _BadURL as error:
        message, hint = error.args
        problems.at(node, path, message, hint=hint)
        fields = {"host": "invalid"}
    return node.like({key: _node(node, value) for key, value in fields.items()})


def _node(node: Node, value: object) -> Node:
    if isinstance(value, dict):
        value = {key: _node(node, inner) for key, inner in value.items()}
    return replace(node.like(value), key_line=0, key_column=0)


def _refuse(message: str, hint: str | None = None) -> NoReturn:
    raise _BadURL(message, hint)


def _host(text: str) -> dict[str, object]:
    address, bracket, rest = text.rpartition("]")
    host, colon, port = rest.partition(":")
    host = address + bracket + host
    if colon and port.isascii() and port.isdigit():
        return {"host": host, "port": _port(port)}
    return {"host": text}


def _url(text: str) -> dict[str, object]:
    try:
        url = urlsplit(text)
        port = url.netloc.rpartition("@")[2].rpartition("]")[2].partition(":")[2]
        host = url.hostname
    except ValueError:
        _refuse("not a URL of a server", "write smtp://host:port or smtps://host:port")
    _check(url)
    if not host:
        _refuse("the URL names no host", "write smtp://host:port or smtps://host:port")
    found: dict[str, object] = {"host": host, "tls": {"mode": MODES[url.scheme]}}
    if port:
        found["port"] = _port(port)
    if url.username:
        found["auth"] = {"username": unquote(url.username)}
    return found


def _check(url: SplitResult) -> None:
    if url.password is not None:
        _refuse("a password in a URL is refused", "write `auth: {username: …, password: {env: …}}`")
    if url.scheme not in MODES:
        _refuse("the URL of a server begins with smtp:// or smtps://")
    if url.query or url.fragment:
        _refuse("the URL of a server has no query and no fragment", "write the settings as keys of `server`")
    if url.path not in ("", "/"):
        _refuse("the URL of a server has no path")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        _refuse("the port of the URL is not a number")
    return int(text)
