"""One request to a token endpoint: HTTP over verified TLS, under a deadline, of bounded size, and no further."""

from __future__ import annotations

import http.client
import queue
import re
import ssl
import threading
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit

from mailjobs.errors import (
    ConnectionLost,
    ExitStatus,
    FileError,
    MailjobsError,
    ProtocolError,
    ProxyError,
    TimedOut,
    TLSError,
    VerifyError,
    from_oserror,
    resolve_error,
)
from mailjobs.frozen import frozen
from mailjobs.job.token_url import on_this_machine

LARGEST = 256 * 1024  # octets of an answer
STAGE = "token"
WHERE = "see auth.oauth2.token_url"
PROXY = "the proxy of the environment is asked first: see HTTPS_PROXY and NO_PROXY"
REFUSED = re.compile(r"Tunnel connection failed: (\d{3})")  # how the library tells that a proxy opens no way


@frozen
class Response:
    """What came back. `body` is whole, and may hold a token."""

    status: int
    body: bytes = field(repr=False)


def post(url: str, form: Mapping[str, str], headers: Mapping[str, str], ca: Path | None, seconds: float) -> Response:
    """Post `form` to `url`, which is fit for secrets. A redirect is not followed: its status is the answer.

    Over https the proxy of the environment is used (HTTPS_PROXY, NO_PROXY). Raises ResolveError, TransportError
    (TimedOut, ConnectionLost), ProxyError, VerifyError, ProtocolError, FileError, each with the endpoint's host and
    port.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    told = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", **headers}
    request = urllib.request.Request(url, urlencode(form).encode(), told, method="POST")  # noqa: S310 see token_url
    opener = _opener(host, ca)
    try:
        return _within(seconds, lambda: _answer(opener, request, seconds))
    except MailjobsError as caught:
        error = caught
    except (OSError, http.client.HTTPException, ValueError) as caught:
        error = _failure(caught, host, port, seconds)
    if error.hint is None and _proxied(parts.scheme, host):
        error.hint = PROXY
    raise error.within(stage=STAGE, host=host, port=port)


def _proxied(scheme: str, host: str) -> bool:
    """Whether it is the proxy of the environment that is connected to."""
    through = not on_this_machine(host) and scheme in urllib.request.getproxies()
    return through and not urllib.request.proxy_bypass(host)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """What was meant for one endpoint is not for another one."""

    def redirect_request(self, *_: Any) -> None:
        """None of them."""


def _opener(host: str, ca: Path | None) -> urllib.request.OpenerDirector:
    try:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
    except (OSError, ValueError) as error:
        words = "holds no certificate in PEM" if isinstance(error, ssl.SSLError) else "cannot be read"
        raise FileError(f"'{ca}' {words}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    proxies = urllib.request.ProxyHandler({} if on_this_machine(host) else None)
    return urllib.request.build_opener(proxies, urllib.request.HTTPSHandler(context=context), _NoRedirect)


def _answer(opener: urllib.request.OpenerDirector, request: urllib.request.Request, seconds: float) -> Response:
    try:
        with opener.open(request, timeout=seconds or None) as response:
            return Response(response.status, _body(response))
    except HTTPError as error:
        with error:
            return Response(error.code, _body(error))


def _body(response: Any) -> bytes:
    body: bytes = response.read(LARGEST + 1)
    if len(body) > LARGEST:
        raise ProtocolError(f"the token endpoint answers more than {LARGEST // 1024} KiB", hint=WHERE)
    return body


def _within(seconds: float, action: Callable[[], Response]) -> Response:
    """What `action` gives, in a thread that nobody waits for: a server that drips outlives every timeout of a read."""
    ends: queue.SimpleQueue[Response | Exception] = queue.SimpleQueue()

    def act() -> None:
        try:
            ends.put(action())
        except Exception as error:  # noqa: BLE001 - raised by the thread that waits for it
            ends.put(error)

    threading.Thread(target=act, daemon=True, name="token endpoint").start()
    try:
        end = ends.get(timeout=min(seconds, threading.TIMEOUT_MAX) or None)
    except queue.Empty:
        raise _timed_out(seconds) from None
    if isinstance(end, Exception):
        raise end
    return end


def _timed_out(seconds: float) -> TimedOut:
    return TimedOut(
        f"the token endpoint did not answer within {seconds:.3g} s (auth.oauth2.timeout, or the step's)", stage=STAGE
    )


def _failure(error: Exception, host: str, port: int, seconds: float) -> MailjobsError:
    """An exception of the library as one of ours; nothing that the endpoint said goes into it."""
    cause = error.reason if isinstance(error, URLError) and isinstance(error.reason, Exception) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        hint = "`ca` names a file with the authority that it comes from"
        words = f"the token endpoint's certificate is refused: {cause.verify_message}"
        return VerifyError(words, code=None, hint=hint)
    if isinstance(cause, ssl.SSLError):
        return TLSError(f"no TLS with the token endpoint: {(cause.reason or 'it failed').replace('_', ' ').lower()}")
    if isinstance(cause, TimeoutError):
        return _timed_out(seconds)
    if isinstance(cause, http.client.RemoteDisconnected):
        return ConnectionLost("the token endpoint closed the connection before it had answered")
    if isinstance(cause, http.client.HTTPException | ValueError) and not isinstance(cause, OSError):
        return ProtocolError(f"the token endpoint's answer is not HTTP ({type(cause).__name__})")
    if cause.__class__.__name__ == "gaierror":
        return resolve_error(cause, host)  # type: ignore[arg-type]
    assert isinstance(cause, OSError), "that is all that remains"
    if refused := REFUSED.match(str(cause)):
        return _no_way(int(refused[1]))
    return from_oserror(cause, f"ask the token endpoint {host} port {port}")


def _no_way(status: int) -> ProxyError:
    """The proxy of the environment refuses. Its words are left out: what it was told may stand in them."""
    words = f"the proxy of the environment opens no way to the token endpoint: HTTP {status}"
    error = ProxyError(words, temporary=status >= 500 or status == 429)
    if status in (401, 407):
        error.exit_status = ExitStatus.NOPERM
    return error
