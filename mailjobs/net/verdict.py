"""What speaks against a server's certificate: every reason at once, in words, with the setting that would help."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from mailjobs import clock
from mailjobs.errors import VerifyError
from mailjobs.net.resolve import is_address

if TYPE_CHECKING:
    from cryptography import x509

NOT_YET, EXPIRED, PURPOSE = 9, 10, 26
NO_ISSUER = (2, 20, 21, 27)
SELF_SIGNED, SELF_SIGNED_ROOT = 18, 19
OTHERS = {
    7: "has a signature that does not verify",
    22: "has a chain that is too long",
    23: "is revoked",
    24: "is signed by a certificate that is no CA",
    25: "is signed over more levels than its CA allows",
    66: "has a key that is too small",
    67: "is signed by a CA whose key is too small",
    68: "is signed with a digest that is too weak",
    79: "is signed by a certificate that is no CA",
}


class Finding(NamedTuple):
    """One complaint of OpenSSL: its number, the depth in the chain, and the certificate."""

    number: int
    depth: int
    certificate: x509.Certificate


class Reason(NamedTuple):
    """One reason in words. `code` is the component's number for it."""

    words: str
    code: int = 280
    hint: str | None = None


def verdict(findings: Sequence[Finding], leaf: x509.Certificate, host: str) -> VerifyError | None:
    """The error with all reasons against the certificate, or None where it is good for `host`."""
    reasons = list(dict.fromkeys([_reason(finding) for finding in _distinct(findings)]))
    name = _name_reason(leaf, host)
    if name is not None:
        reasons.append(name)
    if not reasons:
        return None
    hint = next((reason.hint for reason in reasons if reason.hint), None)
    words = "; ".join(reason.words for reason in reasons)
    code = reasons[0].code if len({reason.code for reason in reasons}) == 1 else 280
    return VerifyError(f"the server's certificate is refused: {words}", code=code, stage="certificate", hint=hint)


def _distinct(findings: Sequence[Finding]) -> list[Finding]:
    """OpenSSL complains twice where an issuer is missing: no issuer, and no proof of the first signature."""
    missing = [finding for finding in findings if finding.number in NO_ISSUER]
    return [finding for finding in findings if finding.number not in NO_ISSUER] + missing[:1]


def _reason(finding: Finding) -> Reason:
    number, certificate = finding.number, finding.certificate
    subject = certificate.subject.rfc4514_string() or "(no subject)"
    if number == EXPIRED:
        ended = certificate.not_valid_after_utc
        return Reason(f"{subject} expired on {ended:%Y-%m-%d}, {_days(clock.now() - ended)} ago")
    if number == NOT_YET:
        begins = certificate.not_valid_before_utc
        words = f"{subject} is not valid before {begins:%Y-%m-%d}, {_days(begins - clock.now())} from now"
        return Reason(words, 280, "is the clock of this machine right?")
    if number == PURPOSE:
        return Reason(f"{subject} is not made for servers (extended key usage)")
    if number in NO_ISSUER:
        issuer = certificate.issuer.rfc4514_string()
        hint = "'tls.ca' with the CA's certificate, or the server should send the intermediate one"
        return Reason(f"{subject} is signed by {issuer}, which is not known here", 274, hint)
    if number == SELF_SIGNED:
        hint = "'tls.ca' with this certificate, if you know it to be right"
        return Reason(f"{subject} is signed by itself, and not trusted here", 275, hint)
    if number == SELF_SIGNED_ROOT:
        words = f"the chain ends in {subject}, which is not trusted here"
        return Reason(words, 275, "'tls.ca' with the CA's certificate")
    return Reason(f"{subject} {OTHERS.get(number, f'fails check {number} of OpenSSL')}", 275)


def _days(span: timedelta) -> str:
    return f"{span.days} day{'' if span.days == 1 else 's'}"


def _name_reason(leaf: x509.Certificate, host: str) -> Reason | None:
    """Names count in subjectAltName alone (RFC 9525)."""
    import service_identity
    from service_identity.cryptography import verify_certificate_hostname, verify_certificate_ip_address

    verify = verify_certificate_ip_address if is_address(host) else verify_certificate_hostname
    try:
        verify(leaf, host)
    except service_identity.CertificateError:
        return Reason(f"it names no host in subjectAltName, so it is not for {host}")
    except service_identity.VerificationError:
        return Reason(f"it is for {', '.join(alt_names(leaf)) or 'no host'}, not for {host}")
    return None


def alt_names(certificate: x509.Certificate) -> list[str]:
    """The DNS names and IP addresses that a certificate is for."""
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [str(name.value) for name in found if isinstance(name, x509.DNSName | x509.IPAddress)]
