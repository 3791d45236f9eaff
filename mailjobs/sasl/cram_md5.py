"""CRAM-MD5 (RFC 2195)."""

from __future__ import annotations

import hmac
from typing import ClassVar

from mailjobs.sasl.mechanism import Mechanism


class CramMd5(Mechanism):
    """One challenge, which the server has not used before; the answer proves that the password is known."""

    name: ClassVar[str] = "CRAM-MD5"
    _asked = False

    def respond(self, challenge: bytes) -> bytes:
        """User name, blank, keyed hash of the challenge in hexadecimal."""
        if self._asked:
            raise self.error("has gone wrong: the server asks a second time")
        if not challenge:
            raise self.error("has gone wrong: the server's challenge is empty")
        self._asked = True
        key = self.octets(self.secret(), "the password")
        digest = hmac.new(key, challenge, "md5").hexdigest()
        return self.octets(self.username, "the user name") + b" " + digest.encode()
