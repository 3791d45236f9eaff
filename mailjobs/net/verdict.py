"""What speaks against a server's certificate: every reason at once, in words, with the setting that would help.

The numbers are those of the component: 274 an issuer is not found, 275 the chain above is wrong, 280 the certificate
itself is (expired, for another host, not for servers); 280 also where they are mixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from mailjobs import clock
from mailjobs.errors import VerifyError
from mailjobs.net.certificate import alt_names, name_text
from mailjobs.net.resolve import is_address

if TYPE_CHECKING:
    from cryptography import x509
    from OpenSSL import crypto

NO_ISSUER = (2, 20, 21, 27)
NOT_YET, EXPIRED, SELF_SIGNED, SELF_SIGNED_ROOT = 9, 10, 18, 19
OTHERS = {  # whose fault it is where the certificate is the server's own (depth 0), and the words
    7: (275, "has a signature that does not verify"),
    22: (275, "has a chain that is too long"),
    23: (280, "is revoked"),
    24: (275, "is a certificate that signs others and is no CA"),
    25: (275, "is signed over more levels than its CA allows"),
    26: (280, "is not made for servers (extended key usage)"),
    66: (280, "has a key that is too small"),
    67: (275, "is signed by a CA whose key is too small"),
    68: (280, "is signed with a digest that is too weak"),
    79: (275, "is a certificate that signs others and is no CA"),
}
SHOWN = 5  # names of a certificate


class Finding(NamedTuple):
    """One complaint of OpenSSL: its number, the depth in the chain (0: the server's own), and the certificate."""

    number: int
    depth: int
    certificate: crypto.X509


class Reason(NamedTuple):
    """One reason in words. `code` is the component's number for it."""

    words: str
    code: int = 280
    hint: str | None = None


def verdict(findings: Sequence[Finding], leaf: x509.Certificate, host: str) -> VerifyError | None:
    """The error with all reasons against the certificate, or None where it is good for `host` (a name in A-labels or
    an address). Raises ValueError and the like where a certificate cannot be read.
    """
    reasons = list(dict.fromkeys(_reason(finding) for finding in _distinct(findings)))
    name = _name_reason(leaf, host)
    if name is not None:
        reasons.append(name)
    if not reasons:
        return None
    hints = dict.fromkeys(reason.hint for reason in reasons if reason.hint)
    codes = {reason.code for reason in reasons}
    return VerifyError(
        f"the server's certificate is refused: {'; '.join(reason.words for reason in reasons)}",
        code=codes.pop() if len(codes) == 1 else 280,
        stage="certificate",
        hint="; ".join(hints) or None,
    )


def _distinct(findings: Sequence[Finding]) -> list[Finding]:
    """OpenSSL complains twice where an issuer is missing: no issuer, and no proof of the first signature."""
    missing = [finding for finding in findings if finding.number in NO_ISSUER]
    return [finding for finding in findings if finding.number not in NO_ISSUER] + missing[:1]


def _reason(finding: Finding) -> Reason:
    number, depth = finding.number, finding.depth
    certificate = finding.certificate.to_cryptography()
    subject = name_text(certificate.subject)
    if number in (EXPIRED, NOT_YET):
        return _date_reason(certificate, subject, number, 275 if depth else 280)
    if number in NO_ISSUER:
        hint = "if you trust that authority: its certificate in 'tls.ca'; or the server should send the one between"
        return Reason(f"{subject} is signed by {name_text(certificate.issuer)}, which is not trusted here", 274, hint)
    if number == SELF_SIGNED:
        hint = "if you know it to be the right one: this certificate in 'tls.ca'"
        return Reason(f"{subject} is signed by itself, and not trusted here", 275, hint)
    if number == SELF_SIGNED_ROOT:
        hint = "if you trust that authority: its certificate in 'tls.ca'"
        return Reason(f"the chain ends in {subject}, which is not trusted here", 275, hint)
    code, words = OTHERS.get(number, (275, f"fails OpenSSL's check {number}"))
    return Reason(f"{subject} {words}", 275 if depth else code)


def _date_reason(certificate: x509.Certificate, subject: str, number: int, code: int) -> Reason:
    now = clock.now()
    if number == EXPIRED:
        end = certificate.not_valid_after_utc
        return Reason(f"{subject} expired on {end:%Y-%m-%d}, {_span(now - end)} ago", code)
    start = certificate.not_valid_before_utc
    words = f"{subject} is not valid before {start:%Y-%m-%d}, {_span(start - now)} from now"
    return Reason(words, code, "is the clock of this machine right?")


def _span(span: timedelta) -> str:
    minutes = int(abs(span).total_seconds() // 60)
    number, unit = next(
        ((minutes // size, unit) for size, unit in ((24 * 60, "day"), (60, "hour")) if minutes >= size),
        (minutes, "minute"),
    )
    return f"{number} {unit}{'' if number == 1 else 's'}"


def _name_reason(leaf: x509.Certificate, host: str) -> Reason | None:
    """Names count in subjectAltName alone (RFC 9525)."""
    import service_identity
    from service_identity.cryptography import verify_certificate_hostname, verify_certificate_ip_address

    names = alt_names(leaf)
    verify = verify_certificate_ip_address if is_address(host) else verify_certificate_hostname
    try:
        verify(leaf, host)
    except (service_identity.CertificateError, service_identity.VerificationError):
        return Reason(f"it is for {_listed(names)}, not for {host}" if names else _NAMELESS.format(host))
    except ValueError:
        return Reason(f"{host} is no name that a certificate can be for")
    return None


_NAMELESS = "it names no host in subjectAltName, so it is not for {}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
