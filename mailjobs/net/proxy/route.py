"""The way to a server: straight, or through its proxy."""

from __future__ import annotations

from dataclasses import replace

from mailjobs.errors import ConnectionLost, MailjobsError, ProxyError, TimedOut, TLSError, TransportError
from mailjobs.events import ConnectionStatus, Publish, Trace
from mailjobs.job.bypass import goes_directly
from mailjobs.model import Proxy, Server, Tls
from mailjobs.net.deadline import Until
from mailjobs.net.proxy.environment import find
from mailjobs.net.proxy.exchange import Exchange
from mailjobs.net.proxy.refusal import LOGIN
from mailjobs.net.proxy.table import KINDS, Kind
from mailjobs.net.proxy.tunnel import Tunnel
from mailjobs.net.reach import reach
from mailjobs.net.resolve import ascii_host, is_address, resolve
from mailjobs.net.stream import Stream

STAGE = "proxy"
PLAIN = "`type: http` where it is a proxy without TLS: check `server.proxy`"


def reach_through(server: Server, proxy: Proxy, publish: Publish, until: Until | None) -> Stream:
    """A stream to `server`, through `proxy` unless it is one of the servers that are gone to directly.

    `timeout.connect` is for all of it together. Raises ProxyError and, for the proxy's own name, address and TLS,
    ResolveError, TransportError and TLSError, with its host and port and the stage proxy; what `reach` raises.
    """
    found, origin = _choose(server, proxy)
    if found is None:
        publish(Trace("info", f"no proxy: {origin}"))
        return reach(server, server.host, server.port, until)
    kind = KINDS[found.type]
    found = replace(found, port=found.port or kind.port)
    publish(Trace("info", f"proxy: {_url(found)}{f' ({origin})' if origin else ''}"))
    try:
        tunnel = _ask(server, found, kind, until)
    except MailjobsError as error:
        if origin and error.hint:
            error.hint = error.hint.replace("`server.proxy`", origin)
        raise
    publish(ConnectionStatus("proxy connected", 0, _url(found)))
    return tunnel


def _ask(server: Server, proxy: Proxy, kind: Kind, until: Until | None) -> Tunnel:
    stream = _to_proxy(server, proxy, until)
    stream.deadline.stage = STAGE
    try:
        stream = _secured(stream, proxy, kind)
        return _tunnel(stream, server, proxy, kind)
    except MailjobsError as error:
        peer = stream.peer
        stream.close(abort=True)
        failure = _failure(error, kind)
        if failure.host is None:  # else it is about the server's own name
            failure.within(stage=STAGE, host=peer.host, address=peer.address, port=peer.port)
        raise failure from None
    except BaseException:
        stream.close(abort=True)
        raise


def _choose(server: Server, proxy: Proxy) -> tuple[Proxy | None, str]:
    """The proxy to use and where it comes from, or None and why."""
    found: Proxy | None = proxy
    origin = ""
    exceptions: tuple[str, ...] = ()
    if proxy.type == "auto":
        found, origin, exceptions = find(proxy)
    if found is None:
        if proxy.needed:
            hint = "set ALL_PROXY, name the proxy in `server.proxy`, or write the name without the star"
            words = f"no proxy is there to look up {server.host}"
            raise ProxyError(words, stage=STAGE, host=server.host, port=server.port, hint=hint)
        return None, "neither the environment nor the system names one"
    if goes_directly(server.host, server.port, proxy.bypass):
        return None, f"{server.host} is in `bypass`"
    if goes_directly(server.host, server.port, exceptions, loosely=True):
        return None, f"{server.host} is in NO_PROXY"
    return found, origin


def _url(proxy: Proxy) -> str:
    host = f"[{proxy.host}]" if ":" in (proxy.host or "") else proxy.host
    return f"{proxy.type}://{host}:{proxy.port}"


def _to_proxy(server: Server, proxy: Proxy, until: Until | None) -> Stream:
    try:
        return reach(server, proxy.host or "", proxy.port, until)
    except MailjobsError as error:
        error.stage = STAGE
        if not isinstance(error, TimedOut):
            error.hint = f"this is the proxy: check `server.proxy`{f' ({error.hint})' if error.code != 10061 else ''}"
        raise


def _secured(stream: Stream, proxy: Proxy, kind: Kind) -> Stream:
    if not kind.tls:
        return stream
    from mailjobs.net.tls import secure

    try:
        return secure(stream, proxy.host or "", Tls(mode="implicit", ca=proxy.ca), Publish())
    except TLSError as error:
        error.message = f"TLS to the proxy: {error.message.replace('the server', 'the proxy')}"
        error.hint = PLAIN if "speaks plain HTTP" in error.message else _proxy_hint(error.hint or "")
        error.stage = STAGE
        raise


def _proxy_hint(hint: str) -> str | None:
    """What of a hint about TLS to a server holds for a proxy, which has `ca` alone."""
    parts = hint.replace("'tls.ca'", "'proxy.ca'").split("; ")
    return "; ".join(part for part in parts if "tls." not in part) or None


def _tunnel(stream: Stream, server: Server, proxy: Proxy, kind: Kind) -> Tunnel:
    host = _target(stream, server, proxy, kind)
    exchange = Exchange(stream)
    kind.ask(exchange, proxy, host, server.port)
    peer = replace(stream.peer, host=server.host, address=host, port=server.port, proxy=_url(proxy))
    return Tunnel(stream, peer, exchange.rest)


def _target(stream: Stream, server: Server, proxy: Proxy, kind: Kind) -> str:
    """What the proxy is told: the name, or the first of its addresses."""
    name = ascii_host(server.host)
    remote = kind.remote if proxy.resolve is None else proxy.resolve == "remote"
    if is_address(name) or (remote and proxy.type != "socks4"):
        return name
    if proxy.needed:
        raise ProxyError(f"{proxy.type} cannot look up {server.host}", hint="socks4a, socks5 and http can")
    family = kind.family if kind.family != "any" else server.address_family
    try:
        addresses = resolve(server.host, server.port, stream.deadline, family)
    except MailjobsError as error:
        way = "`type: socks4a`" if proxy.type == "socks4" else "`proxy.resolve: remote`"
        error.hint = "; ".join(filter(None, (error.hint, f"{way} lets the proxy look it up")))
        raise
    return str(addresses[0][1][0])


def _failure(error: MailjobsError, kind: Kind) -> MailjobsError:
    """A connection that breaks while the proxy is asked is the proxy's doing."""
    if isinstance(error, TimedOut):
        error.hint = "the proxy does not get there, or is none of this type: check `server.proxy`"
        return error
    if not isinstance(error, TransportError):
        return error
    words = error.message.replace("from the server", "from the proxy").replace("to the server", "to the proxy")
    if not isinstance(error, ConnectionLost):
        return ProxyError(f"the connection to the proxy failed: {words}", temporary=True)
    of_another_type = "" if kind.tls else "some speak TLS: `type: https`; "
    return ProxyError(
        f"the proxy ended the connection: {words}", temporary=True, hint=f"{of_another_type}some want {LOGIN}"
    )
