"""What a certificate says, as text. It was written by the other side, so nothing of it may move a cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailjobs.certs.describe import alt_names, describe, pem
from mailjobs.certs.names import printable

if TYPE_CHECKING:
    from cryptography import x509


__all__ = ["access_urls", "alt_names", "ca_issuers", "describe", "name_text", "pem", "printable", "sha256"]


def name_text(name: x509.Name) -> str:
    """A distinguished name as RFC 4514 writes it, and E for the address."""
    from cryptography.x509 import NameOID

    return printable(name.rfc4514_string({NameOID.EMAIL_ADDRESS: "E"})) or "(no name)"


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
