"""What is said to a proxy and heard from it, before the server beyond it is heard."""

from __future__ import annotations

import re
from collections.abc import Callable

from mailjobs.net.proxy.refusal import hung_up, rubbish
from mailjobs.net.stream import Stream

END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
MOST_HEAD = 64 * 1024  # octets


class Exchange:
    """Reads of `stream` exactly what is the proxy's; `rest` is what came behind it, which is the server's."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._heard = bytearray()

    @property
    def rest(self) -> bytes:
        """What was read and not taken."""
        return bytes(self._heard)

    def write(self, data: bytes) -> None:
        """Say `data`. Raises TransportError."""
        self._stream.write(data, self._heard.extend)

    def exactly(self, count: int) -> bytes:
        """The next `count` octets. Raises ProxyError where the proxy hangs up before, TransportError."""
        while len(self._heard) < count:
            self._more()
        return self._take(count)

    def head(self, fits: Callable[[bytes], bool]) -> bytes:
        """All up to and with the next empty line, as long as `fits` says yes to what has come of it.

        Raises ProxyError, TransportError.
        """
        while True:
            if self._heard and not fits(self.rest):
                raise rubbish(self.rest)
            end = END_OF_HEAD.search(self._heard)
            if end is not None:
                return self._take(end.end())
            if len(self._heard) > MOST_HEAD:
                raise rubbish(self.rest, f"the head of the proxy's reply has more than {MOST_HEAD} octets")
            self._more()

    def _more(self) -> None:
        data = self._stream.read()
        if not data:
            raise hung_up(self.rest)
        self._heard += data

    def _take(self, count: int) -> bytes:
        taken = bytes(self._heard[:count])
        del self._heard[:count]
        return taken
