"""What a certificate says, as text. It was written by the other side, so nothing of it may move a cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography import x509


def printable(text: str) -> str:
    """`text` with its control characters (and whatever else has no picture) shown as `?`."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def name_text(name: x509.Name) -> str:
    """A distinguished name as RFC 4514 writes it, and E for the address."""
    from cryptography.x509 import NameOID

    return printable(name.rfc4514_string({NameOID.EMAIL_ADDRESS: "E"})) or "(no name)"


def alt_names(certificate: x509.Certificate) -> list[str]:
    """The DNS names and IP addresses that a certificate is for."""
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [printable(str(name.value)) for name in found if isinstance(name, x509.DNSName | x509.IPAddress)]


def ca_issuers(certificate: x509.Certificate) -> str | None:
    """Where the certificate of the authority that signed this one may be had, where it says so."""
    from cryptography.x509.oid import AuthorityInformationAccessOID

    urls = access_urls(certificate, AuthorityInformationAccessOID.CA_ISSUERS)
    return next((printable(url) for url in urls), None)


def access_urls(certificate: x509.Certificate, method: x509.ObjectIdentifier) -> list[str]:
    """The URLs for `method` that a certificate has in authorityInfoAccess. Raises ValueError."""
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return []
    locations = [one.access_location for one in found if one.access_method == method]
    return [one.value for one in locations if isinstance(one, x509.UniformResourceIdentifier)]


def sha256(certificate: x509.Certificate) -> str:
    """The SHA-256 of the certificate, two digits an octet and colons between."""
    from cryptography.hazmat.primitives import hashes

    return certificate.fingerprint(hashes.SHA256()).hex(":")


def pem(certificate: x509.Certificate) -> str:
    """The certificate in PEM."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM).decode()


def describe(certificate: x509.Certificate) -> dict[str, Any]:
    """Subject, issuer, dates (ISO 8601, UTC), serial number, names, fingerprint and PEM, as plain data."""
    return {
        "subject": name_text(certificate.subject),
        "issuer": name_text(certificate.issuer),
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "serial": f"{certificate.serial_number:X}",
        "alt_names": alt_names(certificate),
        "sha256": sha256(certificate),
        "pem": pem(certificate),
    }
