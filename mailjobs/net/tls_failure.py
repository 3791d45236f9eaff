"""Failures of OpenSSL in words that help."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mailjobs.errors import TLSError
from mailjobs.model import Tls
from mailjobs.net.certificate import printable

if TYPE_CHECKING:
    from OpenSSL import SSL

ALERT = re.compile(r"(?:tlsv1[0-9]?|sslv3|ssl/tls|tls) (?:alert )?(.+)")
REPLY = re.compile(rb"[2-5][0-9]{0,2}(?:$|[ -])")
RECORD_TYPES = (20, 21, 22, 23)  # RFC 8446 section 5.1
VERSIONS = ("protocol version", "unsupported protocol")
NOTHING_IN_COMMON = ("handshake failure", "insufficient security", "wrong signature type", "bad ecpoint", "wrong curve")
# Alerts of a server about the certificate that logs us in: RFC 8446 section 6.2.
UNTRUSTED = ("unknown ca", "bad certificate", "certificate unknown", "certificate expired", "certificate revoked",
             "unsupported certificate")  # fmt: skip
NO_CERTIFICATE = "the server wants to know who connects: 'tls.certificate' shows a certificate"
STARTTLS = "'tls: starttls' secures the connection after the greeting, 'tls: none' never"
WEB = "a web server, a captive portal or a proxy answers there, and no mail server: check host and port"
SHOWN = 80  # of what a server says that does not speak TLS


def handshake_error(error: SSL.Error, heard: bytes, tls: Tls) -> TLSError:
    """Why the handshake failed; `heard` is what the server said first."""
    if heard and heard[0] not in RECORD_TYPES:
        return _plain_text(heard, tls)
    reason = openssl_reason(error)
    alert = ALERT.fullmatch(reason)
    words = f"the server ended it with the alert '{alert[1]}'" if alert else reason
    hint = None
    if any(word in reason for word in VERSIONS):
        hint = _version_hint(tls)
    elif any(word in reason for word in NOTHING_IN_COMMON):
        hint = _choice_hint(tls)
    elif alert:
        hint = _certificate_hint(alert[1])
    return TLSError(f"the TLS handshake failed: {words}", stage="handshake", hint=hint)


def record_error(error: SSL.Error, doing: str, code: int) -> TLSError:
    """Why TLS cannot go on; `doing` is "decrypt" or "encrypt". An alert of the server is told by its name, as 276."""
    reason = openssl_reason(error)
    alert = ALERT.fullmatch(reason)
    if alert:
        hint = _certificate_hint(alert[1])
        return TLSError(f"the server ended TLS with the alert '{alert[1]}'", code=276, hint=hint)
    return TLSError(f"cannot {doing} what goes over the connection: {reason}", code=code)


def _certificate_hint(alert: str) -> str | None:
    if alert == "certificate required":
        return NO_CERTIFICATE
    return "the server does not take the certificate of 'tls.certificate'" if alert in UNTRUSTED else None


def openssl_reason(error: Exception) -> str:
    """OpenSSL's reason: the last word of the last entry of its queue."""
    entries = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return str(entries[-1][-1]) if entries else (" ".join(map(str, error.args)) or type(error).__name__)


def _plain_text(heard: bytes, tls: Tls) -> TLSError:
    line = printable(heard.splitlines()[0][:SHOWN].decode("latin-1"))
    if tls.mode != "implicit":
        return TLSError(f"the server goes on in plain text after STARTTLS: {line!r}", stage="handshake")
    smtp, web = REPLY.match(heard) is not None, heard.lstrip().startswith((b"HTTP/", b"<"))
    return TLSError(
        f"the server speaks plain {'SMTP' if smtp else 'HTTP' if web else 'text'} on this port, not TLS: {line!r}",
        stage="handshake",
        hint=STARTTLS if smtp else WEB if web else None,
    )


def _version_hint(tls: Tls) -> str:
    if (tls.min_version, tls.max_version) == ("1.2", "1.3"):
        return "it seems to know no version that is safe; 1.2 is the oldest, unless 'tls.min_version' says otherwise"
    allowed = " to ".join(dict.fromkeys((tls.min_version, tls.max_version)))
    return f"this job allows TLS {allowed} alone: tls.min_version, tls.max_version"


def _choice_hint(tls: Tls) -> str | None:
    """Where the job has narrowed what may be spoken, that is the likely cause."""
    settings = ("ciphers", "groups", "signature_algorithms")
    narrowed = [f"tls.{name}" for name in settings if getattr(tls, name)]
    return f"the server may have none of what this job allows: {', '.join(narrowed)}" if narrowed else None
