"""HTTP CONNECT (RFC 9110 section 9.3.6), with Basic (RFC 7617) and header fields of the job's own."""

from __future__ import annotations

import base64
import re

from mailjobs.errors import JobError, ProxyError
from mailjobs.model import Proxy
from mailjobs.net.certificate import printable
from mailjobs.net.proxy.exchange import Exchange
from mailjobs.net.proxy.refusal import login_refused, refused, rubbish
from mailjobs.secret import holds_secret

STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])(?: ([^\r\n]*))?\r?\n")
MARK = b"HTTP/"
MOST_INTERIM = 10  # 1xx replies before the one that counts
LOGIN, UNAUTHORIZED, FORBIDDEN, TOO_MANY = 407, 401, 403, 429
BREAKS = re.compile(r"[\x00\r\n]")
TELLING = (b"proxy-status", b"x-squid-error")  # RFC 9209, and what squid has for it
CLOSED_PORT = "many proxies allow CONNECT to few ports, often to 443 alone: ask for this one, or try 465 or 587"


def ask(exchange: Exchange, proxy: Proxy, host: str, port: int) -> None:
    """Have the proxy open a way to `host`, a name or an address. Raises ProxyError, JobError, TransportError."""
    exchange.write(request(proxy, host, port))
    for _ in range(MOST_INTERIM):
        head = exchange.head(_begins_well)
        status = STATUS.match(head)
        if status is None:
            raise rubbish(head)
        code = int(status[1])
        if code >= 200:
            break
    else:
        raise rubbish(head, "the proxy only says that it goes on")
    if code >= 300:
        raise _refusal(code, status[2] or b"", head, proxy)


def request(proxy: Proxy, host: str, port: int) -> bytes:
    """The request. Raises JobError for a value that would end its line."""
    authority = f"[{host.partition('%')[0]}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    if proxy.username is not None:
        password = proxy.password.reveal() if proxy.password is not None else ""
        token = base64.b64encode(f"{proxy.username}:{password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {token}")
    lines += [f"{name}: {value.reveal()}" for name, value in proxy.headers]
    for line in lines:
        if BREAKS.search(line):
            name = line.partition(":")[0]
            where = name if BREAKS.search(name) is None else "the request"
            raise JobError(f"a line break or NUL in {where} for the proxy", stage="proxy", place=proxy.place)
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def _begins_well(heard: bytes) -> bool:
    return heard[: len(MARK)] == MARK[: len(heard)]


def _refusal(code: int, reason: bytes, head: bytes, proxy: Proxy) -> ProxyError:
    words = f"{code} {printable(reason.decode('latin-1'))}".strip()
    fields = [line.partition(b":") for line in head.splitlines()[1:]]
    more = [printable(value.strip().decode("latin-1")) for name, _, value in fields if name.strip().lower() in TELLING]
    words = f"{words} ({'; '.join(more)})" if more else words
    words = f"{code} (its words hold a secret)" if holds_secret(words) else words
    if code == LOGIN or (code == UNAUTHORIZED and proxy.username is not None):  # tinyproxy's word for a wrong password
        return _login(words, fields, proxy)
    return refused(words, temporary=code >= 500 or code == TOO_MANY, hint=CLOSED_PORT if code == FORBIDDEN else None)


def _login(words: str, fields: list[tuple[bytes, bytes, bytes]], proxy: Proxy) -> ProxyError:
    error = login_refused(words, named=proxy.username is not None)
    schemes = [value.split()[0].lower() for name, _, value in fields
               if name.strip().lower() == b"proxy-authenticate" and value.split()]  # fmt: skip
    if schemes and b"basic" not in schemes:
        offered = ", ".join(printable(scheme.decode("latin-1")) for scheme in schemes)
        error.hint = f"it takes {offered} alone, and this program knows Basic"
    return error
