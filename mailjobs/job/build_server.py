"""One server of the job, as the model has it."""

from __future__ import annotations

from dataclasses import replace

from mailjobs import model
from mailjobs.job.build_auth import build_auth
from mailjobs.job.build_socket import build_bind, build_socket, check_family
from mailjobs.job.build_tls import build_authority, build_tls
from mailjobs.job.node import JobPath, Node, key_place
from mailjobs.job.problems import Problems
from mailjobs.job.values import octets, plain, seconds

PORTS = {"implicit": 465, "none": 25}
SUBMISSION = 587
NO_HOST = 163
STAR = "*"  # before a name that only the proxy can look up


def build_server(node: Node, path: JobPath, name: str, problems: Problems) -> model.Server | None:
    """The server, or None where it names no host. Problems are added to `problems`."""
    host = node.get("host") or _host_of_provider(node)
    if host is None:
        problems.at_key(node, path, "missing key 'host'", hint="the name of the server", code=NO_HOST)
        return None
    tls = build_tls(node.get("tls"), (*path, "tls"), problems)
    port = int(plain(node.get("port"), PORTS.get(tls.mode, SUBMISSION)))
    if tls.mode == "auto":
        tls = replace(tls, mode="implicit" if port == PORTS["implicit"] else "starttls")
    extensions = _extensions(node.get("extensions"))
    _check_extensions(node, path, tls, extensions, problems)
    name_or_address = host.value.removeprefix(STAR).removeprefix("[").removesuffix("]")
    _check_host(host, name_or_address, path, problems)
    proxy, bind = _proxy(node, host, path, problems), build_bind(node.get("bind"))
    family = plain(node.get("address_family"), "any")
    named = [("bind", bind.host), ("proxy", proxy.host if proxy is not None else None)]
    ends = [(address, node.at((key, "host")), (*path, key, "host")) for key, address in named]
    if proxy is None:
        ends.append((name_or_address, host, (*path, "host")))
    check_family(family, ends, problems)
    return model.Server(
        host=name_or_address,
        port=port,
        name=name,
        hello=plain(node.get("hello")),
        extensions=extensions,
        timeout=_timeouts(node.get("timeout"), (*path, "timeout"), problems),
        max_reply_line=int(plain(node.get("max_reply_line"), 2048)),
        address_family=family,
        bind=bind,
        socket=build_socket(node.get("socket"), (*path, "socket"), problems),
        max_transfer_rate=octets(node.get("max_transfer_rate")),
        rset=plain(node.get("rset"), "after-failure"),
        proxy=proxy,
        tls=tls,
        auth=build_auth(node.get("auth"), (*path, "auth"), tls, problems),
        place=key_place(node, path),
    )


def _host_of_provider(node: Node) -> Node | None:
    """The server of the provider that gives the tokens."""
    auth = node.get("auth")
    oauth2 = auth.get("oauth2") if auth else None
    provider = oauth2.get("provider") if oauth2 else None
    if provider is None:
        return None
    from mailjobs.job.providers import PROVIDERS

    return provider.like(PROVIDERS[provider.value].host)


def _proxy(node: Node, host: Node, path: JobPath, problems: Problems) -> model.Proxy | None:
    written, below, starred = node.get("proxy"), (*path, "proxy"), host.value.startswith(STAR)
    if written is None and not starred:
        return None
    from mailjobs.job.build_proxy import build_proxy  # few jobs have one

    ca = written.get("ca") if written is not None else None
    sources = [
        build_authority(one, (*below, "ca", index), problems) for index, one in enumerate(ca.entries() if ca else ())
    ]
    proxy = build_proxy(written, below, starred, tuple(sources), problems)
    if starred and (proxy is None or proxy.type == "socks4"):
        why = "socks4 knows no names" if proxy is not None else "there is no proxy"
        words = f"a star before the name says that a proxy looks it up, and {why}"
        problems.at(host, (*path, "host"), words, hint="write the name without the star")
    return proxy


def _check_host(node: Node, host: str, path: JobPath, problems: Problems) -> None:
    """A colon stands in IPv6 addresses alone."""
    if ":" not in host:
        return
    from ipaddress import IPv6Address

    try:
        IPv6Address(host)
    except ValueError:
        hint = "a server with a port is host:port, smtp://host:port, or the keys `host` and `port`"
        problems.at(node, (*path, "host"), f"{node.value!r:.80} is not a host name or an IP address", hint=hint)


def _timeouts(node: Node | None, path: JobPath, problems: Problems) -> model.Timeouts:
    defaults = model.Timeouts()
    if node is None:
        return defaults
    names = ("connect", "idle", "final", "total")
    return model.Timeouts(
        *(seconds(node.get(name), (*path, name), problems, getattr(defaults, name)) for name in names)
    )


def _extensions(node: Node | None) -> model.Extensions:
    if node is None:
        return model.Extensions()
    if isinstance(node.value, bool):
        return model.Extensions(enabled=node.value)
    return model.Extensions(disable=tuple(name.lower() for name in plain(node.get("disable"), ())))


def _check_extensions(node: Node, path: JobPath, tls: model.Tls, found: model.Extensions, problems: Problems) -> None:
    needed = {"starttls": ("`tls: starttls`", tls.mode == "starttls"), "auth": ("`auth`", node.get("auth") is not None)}
    for name, (key, wanted) in needed.items():
        if wanted and (not found.enabled or name in found.disable):
            spot = node.value["extensions"]
            problems.at(
                spot, (*path, "extensions"), f"{key} needs the extension {name.upper()}, which is left out here"
            )
