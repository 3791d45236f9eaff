"""Small files over http, for what a certificate points to: bounded in time and size, with no redirect and no proxy."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from threading import Lock

from mailjobs import clock
from mailjobs.errors import MailjobsError, ResolveError, TransportError
from mailjobs.net.deadline import Deadline, Until
from mailjobs.net.tcp import connect

PATIENCE = 10.0  # seconds for all of it
LARGEST = 20 * 1024 * 1024
AGAIN = 60.0  # seconds until what failed is tried again
MOST = 64
URL = re.compile(r"http://(\[[0-9a-fA-F:.]+\]|[^\s/:?#@\[\]]+)(?::([0-9]{1,5}))?(/[\x21-\x7e]*)?", re.ASCII)


def fetch(url: str, until: Until | None = None, body: bytes = b"", kind: str = "") -> bytes:
    """What `url` gives; with `body` by POST, as of type `kind`. Raises TransportError, and as `connect` does."""
    found = URL.fullmatch(url)
    if found is None:
        raise TransportError("it is not asked for: only plain http is, since https would have to be checked likewise")
    if int(found[2] or 80) > 65535:
        raise TransportError(f"no port has the number {found[2]}")
    host, port, path = found[1].strip("[]"), int(found[2] or 80), found[3] or "/"
    with closing(connect(host, port, timeout=PATIENCE, until=until)) as stream:
        stream.deadline = Deadline(
            "fetch", total=PATIENCE, total_setting="what is fetched for a certificate", until=until
        )
        heard = _Heard()
        head = f"{'POST' if body else 'GET'} {path} HTTP/1.0\r\nHost: {found[1]}:{port}\r\n"
        if body:
            head += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        stream.write(f"{head}\r\n".encode("ascii") + body, heard)
        while data := stream.read():
            heard(data)
    return _content(heard)


class _Heard:
    """What has come so far, up to the largest size; also what HTTPResponse takes for a socket."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def __call__(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > LARGEST:
            raise TransportError(f"it is larger than {LARGEST // 1024 // 1024} MiB")
        self._pieces.append(data)

    def makefile(self, mode: str) -> BytesIO:
        return BytesIO(b"".join(self._pieces))


def _content(heard: _Heard) -> bytes:
    from http.client import HTTPException, HTTPResponse

    try:
        response = HTTPResponse(heard)  # type: ignore[arg-type]
        response.begin()
        content = response.read()
    except (HTTPException, ValueError):
        raise TransportError("what came is no answer of http, or not all of it") from None
    if response.status != 200:
        raise TransportError(f"it answers {response.status}")
    return content


class Fetched:
    """Keeps what was fetched, so that the connections of a batch fetch it once. For any number of threads."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, bytes], tuple[float, bytes | MailjobsError]] = {}
        self._lock = Lock()

    def get(self, url: str, body: bytes, fetch: Callable[[], bytes], life: Callable[[bytes], float]) -> bytes:
        """What is kept for `url` and `body`, else what `fetch` gives, kept for `life` seconds. Raises as that does."""
        key = (url, body)
        with self._lock:
            until, found = self._kept.get(key, (0.0, b""))
        if clock.monotonic() >= until:
            until, found = self._fetched(fetch, life)
            with self._lock:
                if len(self._kept) >= MOST:
                    self._kept.clear()
                self._kept[key] = (until, found)
        if isinstance(found, MailjobsError):
            raise found
        return found

    def _fetched(
        self, fetch: Callable[[], bytes], life: Callable[[bytes], float]
    ) -> tuple[float, bytes | MailjobsError]:
        try:
            found = fetch()
        except (TransportError, ResolveError) as error:
            return clock.monotonic() + AGAIN, error
        return clock.monotonic() + life(found), found
