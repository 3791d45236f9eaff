"""The URL of a proxy: `socks5://proxy.example.com:1080`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from mailjobs.job.node import JobPath, Node
from mailjobs.job.problems import Problems

# What a URL may begin with, and the type that it stands for; `socks5h` is what curl calls remote resolution.
SCHEMES = {
    "http": "http", "https": "https", "socks4": "socks4", "socks4a": "socks4a", "socks5": "socks5", "socks5h": "socks5",
    "socks": "socks5",
}  # fmt: skip
WRITTEN = "http://host:port, https://…, socks4://…, socks4a://… or socks5://…"
WORDS = ("auto", "none")


class BadProxyUrl(ValueError):
    """Why a text is no URL of a proxy; says nothing of what stands before an @."""


class ProxyUrl(NamedTuple):
    """What a URL says. `port` 0 is the type's own."""

    scheme: str
    host: str
    port: int = 0
    username: str | None = None
    password: str | None = None

    @property
    def type(self) -> str:
        """The type of the proxy."""
        return SCHEMES[self.scheme]


def split_proxy_url(text: str) -> ProxyUrl:
    """The parts of a URL, user and password decoded. Raises BadProxyUrl."""
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise BadProxyUrl("it has octets that are not UTF-8")
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError:
        raise BadProxyUrl("not a URL of a proxy") from None
    if url.scheme not in SCHEMES or not host:
        raise BadProxyUrl("not a URL of a proxy")
    _refuse_more(url)
    if port == 0:
        raise BadProxyUrl("the port of a proxy is 1 to 65535")
    username = unquote(url.username) if url.username else None
    return ProxyUrl(url.scheme, host, port or 0, username, unquote(url.password) if url.password else None)


def _refuse_more(url: SplitResult) -> None:
    if url.path not in ("", "/") or url.query or url.fragment:
        raise BadProxyUrl("the URL of a proxy ends after its port")


def expand_proxy(node: Node, path: JobPath, problems: Problems) -> Node:
    """The proxy in full: a word or a URL as a mapping. A URL that cannot be meant is a problem."""
    if isinstance(node.value, bool):
        return _mapping(node, {"type": "auto" if node.value else "none"})
    if not isinstance(node.value, str) or "{{" in node.value:
        return node
    if node.value in WORDS:
        return _mapping(node, {"type": node.value})
    try:
        return _mapping(node, _fields(node.value))
    except BadProxyUrl as error:
        hint = "write `proxy: {…, username: …, password: {env: …}}`" if "password" in str(error) else f"write {WRITTEN}"
        problems.at(node, path, str(error), hint=hint)
        return _mapping(node, {"type": "none"})


def _fields(text: str) -> dict[str, Any]:
    url = split_proxy_url(text)
    if url.password is not None or urlsplit(text).password is not None:
        raise BadProxyUrl("a password in a URL is refused")
    found: dict[str, Any] = {"type": url.type, "host": url.host}
    if url.port:
        found["port"] = url.port
    if url.username:
        found["username"] = url.username
    if url.scheme == "socks5h":
        found["resolve"] = "remote"
    return found


def _mapping(node: Node, fields: dict[str, Any]) -> Node:
    return node.like({key: replace(node.like(value), key_line=0, key_column=0) for key, value in fields.items()})
