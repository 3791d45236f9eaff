"""What speaks against a certificate: words, the setting that would take it, and the cause where it is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from mailjobs import clock
from mailjobs.net.certificate import alt_names, ca_issuers, name_text
from mailjobs.net.complaints import (
    EXPIRED,
    NO_CA,
    NO_ISSUER,
    NOT_YET_VALID,
    UNKNOWN_CA,
    WRONG_HOST,
    WRONG_USAGE,
    complaint,
)
from mailjobs.net.resolve import is_address

if TYPE_CHECKING:
    from cryptography import x509
    from OpenSSL import crypto

SHOWN = 5  # names of a certificate
LATELY = timedelta(days=7)


class Finding(NamedTuple):
    """One complaint of OpenSSL: its number, the depth in the chain (0: the server's own), and the certificate."""

    number: int
    depth: int
    certificate: crypto.X509


class Reason(NamedTuple):
    """One reason in words. `allow` is the value of `tls.allow` that takes it, `code` the component's number."""

    words: str
    allow: str | None = None
    code: int = 280
    hint: str | None = None
    final: bool = False  # nothing may take it, not `tls.accept` either: it was revoked


def found_reasons(findings: Sequence[Finding], sent: int) -> list[Reason]:
    """OpenSSL's complaints. `sent` is how many certificates the server has sent."""
    expired = {finding.depth for finding in findings if complaint(finding.number).allow == EXPIRED}
    several = len(expired) > 1
    return list(dict.fromkeys(_reason(finding, sent, several) for finding in _distinct(findings)))


def _distinct(findings: Sequence[Finding]) -> list[Finding]:
    """OpenSSL complains twice where an issuer is missing: no issuer, and no proof of the first signature. What is no CA
    is not made for anything above others either.
    """
    missing = [finding for finding in findings if complaint(finding.number) is NO_ISSUER]
    no_ca = {finding.depth for finding in findings if complaint(finding.number) is NO_CA}
    others = [finding for finding in findings if complaint(finding.number) is not NO_ISSUER]
    return [one for one in others if one.depth not in no_ca or complaint(one.number).allow != WRONG_USAGE] + missing[:1]


def _reason(finding: Finding, sent: int, several_expired: bool) -> Reason:
    found = complaint(finding.number)
    certificate = finding.certificate.to_cryptography()
    start, end, now = certificate.not_valid_before_utc, certificate.not_valid_after_utc, clock.now()
    words = found.words.format(
        subject=name_text(certificate.subject),
        issuer=name_text(certificate.issuer),
        start=f"{start:%Y-%m-%d}",
        end=f"{end:%Y-%m-%d}",
        since=_span(now - end),
        until=_span(start - now),
    )
    code = found.code if not finding.depth or found is NO_ISSUER else 275
    if found.allow == EXPIRED:
        hint = _expired_hint(now - end, several_expired)
    else:
        hint = _hint(finding, found.allow, certificate, sent)
    return Reason(words, found.allow, code, hint)


def _expired_hint(age: timedelta, several: bool) -> str | None:
    if several:
        return "several certificates have expired at once: is the clock of this machine right?"
    return "it expired lately: whoever runs the server has to renew it" if age < LATELY else None


def _hint(finding: Finding, allow: str | None, certificate: x509.Certificate, sent: int) -> str | None:
    if allow == NOT_YET_VALID:
        return "is the clock of this machine right?"
    if allow != UNKNOWN_CA:
        return None
    if complaint(finding.number) is NO_ISSUER:
        return _missing_hint(certificate, sent)
    if finding.depth:
        return "if you trust that authority: its certificate in 'tls.ca'"
    return "if you know it to be the right one: this certificate in 'tls.ca'"


def _missing_hint(certificate: x509.Certificate, sent: int) -> str:
    """A server that sends nothing but its own certificate has most likely left out the one between."""
    trust = "if you trust that authority: its certificate in 'tls.ca'"
    if sent > 1:
        return f"{trust}; or the server should send the one between"
    url = ca_issuers(certificate)
    between = f"; {url} has it" if url else ""
    return f"the server sends no certificate of an authority between, as it should{between}; {trust}"


def _span(span: timedelta) -> str:
    minutes = int(abs(span).total_seconds() // 60)
    number, unit = next(
        ((minutes // size, unit) for size, unit in ((24 * 60, "day"), (60, "hour")) if minutes >= size),
        (minutes, "minute"),
    )
    return f"{number} {unit}{'' if number == 1 else 's'}"


def name_reason(leaf: x509.Certificate, host: str) -> Reason | None:
    """Names count in subjectAltName alone (RFC 9525). `host` is a name in A-labels or an address."""
    import service_identity
    from service_identity.cryptography import verify_certificate_hostname, verify_certificate_ip_address

    names = alt_names(leaf)
    verify = verify_certificate_ip_address if is_address(host) else verify_certificate_hostname
    try:
        verify(leaf, host)
    except (service_identity.CertificateError, service_identity.VerificationError):
        return _other_name([name for name in names if name], host)
    except ValueError:
        return Reason(f"{host} is no name that a certificate can be for", WRONG_HOST)
    return None


def _other_name(names: Sequence[str], host: str) -> Reason:
    if not names:
        return Reason(f"it names no host in subjectAltName, so it is not for {host}", WRONG_HOST)
    if host in names:
        return Reason(f"it has {host} as a name, not as an address", WRONG_HOST)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    hint = "if that is the server you mean: one of its names as 'host'"
    return Reason(f"it is for {', '.join(names[:SHOWN])}{more}, not for {host}", WRONG_HOST, hint=hint)
