"""What OpenSSL tells of one connection by its callbacks, kept as the connection's app data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailjobs.errors import MailjobsError
from mailjobs.events import Publish
from mailjobs.net.reasons import Finding

if TYPE_CHECKING:
    from OpenSSL import SSL, crypto


class Heard:
    """Callbacks of a context find the connection's own here; contexts are shared."""

    __slots__ = ("failure", "findings", "judged", "publish", "staple", "verified")

    def __init__(self, publish: Publish) -> None:
        self.publish = publish
        self.findings: list[Finding] = []
        self.verified = False  # whether a certificate was looked at: not where a session is resumed
        self.staple = b""  # the answer about revocation that the server brings along
        self.judged: str | None = None  # the digest of the certificate that was found to be good
        self.failure: MailjobsError | None = None  # of a callback, which cannot raise


def heard(connection: SSL.Connection) -> Heard:
    """What was heard of this connection."""
    found = connection.get_app_data()
    assert isinstance(found, Heard), "every connection is made with one"
    return found


def hear_certificate(connection: SSL.Connection, certificate: crypto.X509, number: int, depth: int, ok: int) -> bool:
    """Keeps complaints, and lets the handshake go on; one later than the verdict must show the same certificate."""
    one = heard(connection)
    one.verified = True
    if one.judged is not None:
        return depth > 0 or digest(certificate) == one.judged
    if not ok:
        one.findings.append(Finding(number, depth, certificate))
    return True


def hear_staple(connection: SSL.Connection, answer: bytes, _: object) -> bool:
    """Keeps the answer about revocation; the verdict comes after the handshake."""
    heard(connection).staple = answer
    return True


def digest(certificate: crypto.X509) -> str:
    """A certificate's SHA-256."""
    return certificate.digest("sha256").decode()
