"""Lists of revoked certificates (RFC 5280 section 5). One that is stale, or signed by another, is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailjobs.net.answers import Answer, not_current, revoked_words, unknown
from mailjobs.net.certificate import name_text

if TYPE_CHECKING:
    from cryptography import x509

PEM = b"-----BEGIN X509 CRL-----"
END = b"-----END X509 CRL-----"


def read_lists(data: bytes) -> list[x509.CertificateRevocationList]:
    """The lists in `data`, which is PEM (with text around them) or DER. Raises ValueError."""
    from cryptography import x509

    if b"-----BEGIN " not in data:
        return [x509.load_der_x509_crl(data)]
    blocks = [block.partition(END)[0] for block in data.split(PEM)[1:]]
    if not blocks:
        raise ValueError("it holds no list of revoked certificates")
    return [x509.load_pem_x509_crl(PEM + block + END + b"\n") for block in blocks]


def list_urls(certificate: x509.Certificate) -> list[str]:
    """Where a certificate says that its list is, without those that have only some reasons. Raises ValueError."""
    from cryptography import x509

    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return []
    whole = [point for point in points if point.reasons is None and point.crl_issuer is None]
    names = [name for point in whole for name in point.full_name or ()]
    return [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]


def is_of(found: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Whether a list goes by the name of `issuer`."""
    return found.issuer == issuer.subject


def look_up(
    found: x509.CertificateRevocationList, certificate: x509.Certificate, issuer: x509.Certificate, name: str
) -> Answer:
    """What the list says about `certificate`; `name` is what the list is called. Raises ValueError."""
    what = f"the list '{name}'"
    wrong = _unfit(found, certificate, issuer, what) or not_current(found.last_update_utc, found.next_update_utc, what)
    if wrong is not None:
        return unknown(wrong)
    entry = found.get_revoked_certificate_by_serial_number(certificate.serial_number)
    if entry is None:
        return Answer("good", until=found.next_update_utc)
    return _revoked(entry)


def _unfit(
    found: x509.CertificateRevocationList, certificate: x509.Certificate, issuer: x509.Certificate, what: str
) -> str | None:
    if not is_of(found, issuer):
        return f"{what} is of {name_text(found.issuer)}, not of {name_text(issuer.subject)}"
    if not _signs_lists(issuer) or not _is_signed(found, issuer):
        return f"{what} is not signed by {name_text(issuer.subject)}"
    return _narrow(found, certificate, what)


def _is_signed(found: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    try:
        return found.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except TypeError:
        return False  # a key that signs nothing


def _signs_lists(issuer: x509.Certificate) -> bool:
    from cryptography import x509

    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _narrow(found: x509.CertificateRevocationList, certificate: x509.Certificate, what: str) -> str | None:
    """Why a list does not speak of `certificate`: it is of some kinds alone, of changes, or says what nobody knows."""
    from cryptography import x509

    for extension in found.extensions:
        value = extension.value
        if isinstance(value, x509.IssuingDistributionPoint):
            is_ca = _is_ca(certificate)
            partly = value.indirect_crl or value.only_some_reasons or value.only_contains_attribute_certs
            if partly or (value.only_contains_user_certs and is_ca) or (value.only_contains_ca_certs and not is_ca):
                return f"{what} is not about certificates of this kind"
        elif isinstance(value, x509.DeltaCRLIndicator):
            return f"{what} has only what has changed since another"
        elif extension.critical and isinstance(value, x509.UnrecognizedExtension):
            return f"{what} has an extension that is not known: {extension.oid.dotted_string}"
    return None


def _is_ca(certificate: x509.Certificate) -> bool:
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _revoked(entry: x509.RevokedCertificate) -> Answer:
    from cryptography import x509

    try:
        reason: object = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        reason = None
    return Answer("revoked", revoked_words(entry.revocation_date_utc, reason))
