"""P7B: certificates without keys in PKCS #7 (RFC 2315, RFC 5652), in DER or PEM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailjobs.certs import der
from mailjobs.certs.entry import Entry, paired
from mailjobs.certs.loading import readable, reading
from mailjobs.certs.unreadable import Unreadable

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

SIGNED_DATA = bytes.fromhex("2a864886f70d010702")


def read(data: bytes, password: bytes | None) -> list[Entry]:
    """The certificates, those above others as their chains. Raises Unreadable."""
    if b"-----BEGIN " in data:
        from mailjobs.certs import pem

        return pem.read(data, password)
    return paired(certificates_of(data))


def certificates_of(data: bytes) -> list[Certificate]:
    """All certificates of PKCS #7 in DER (or BER). Raises Unreadable."""
    from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates

    der.whole(data)
    kind = der.first(data, der.element(data), 1)
    if not kind or data[kind[0].start : kind[0].end] != SIGNED_DATA:
        raise Unreadable("it is PKCS #7 without certificates, such as an encrypted message")
    with reading("the PKCS #7"):
        found = [readable(one) for one in load_der_pkcs7_certificates(data)]
        if not found:
            raise Unreadable("it holds no certificate")
        return found
