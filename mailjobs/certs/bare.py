"""One certificate or key in DER, with nothing around it."""

from __future__ import annotations

from mailjobs.certs import der
from mailjobs.certs.entry import Entry, key_entry, public_of
from mailjobs.certs.loading import certificate, from_der, reading
from mailjobs.certs.unreadable import Unreadable


def read(data: bytes, password: bytes | None) -> list[Entry]:
    """The one entry. Raises Unreadable."""
    der.whole(data)
    kind = shape(data)
    if kind == "public key":
        from cryptography.hazmat.primitives.serialization import load_der_public_key

        with reading("the public key"):
            return [Entry(public=load_der_public_key(data))]
    if kind in ("key", "encrypted key"):
        return [key_entry(from_der(data, password, kind == "encrypted key"))]
    try:
        found = certificate(data)
    except Unreadable:
        _something_else(data)
        raise
    return [Entry(found, public=public_of(found))]


def _something_else(data: bytes) -> None:
    """Raises what it is where it is a request or a list of revoked certificates."""
    from cryptography import x509

    for load, words in (
        (x509.load_der_x509_csr, "a certificate request, which an authority has not signed yet"),
        (x509.load_der_x509_crl, "a list of revoked certificates"),
    ):
        try:
            load(data)
        except ValueError:
            continue
        raise Unreadable(f"it is {words}, not a certificate")


def shape(data: bytes) -> str:
    """What the first headers look like: pfx, p7b, bcfks, certificate, key, encrypted key, public key; "" for no DER."""
    try:
        outer = der.element(data)
    except Unreadable:
        return ""
    inner = der.first(data, outer, 2)
    tags = [one.tag for one in inner]
    if outer.tag != der.SEQUENCE or not inner:
        return ""
    if tags[0] == der.OID:
        return "p7b"
    if tags[0] == der.INTEGER:
        return _numbered(data, inner)
    return _nested(data, inner) if tags[0] == der.SEQUENCE else ""


def _numbered(data: bytes, inner: list[der.Element]) -> str:
    """PFX is 3 and a sequence; keys are 0 or 1 and something; a public RSA key is two large numbers."""
    number = int.from_bytes(data[inner[0].start : min(inner[0].end, inner[0].start + 4)])
    behind = inner[1].tag if len(inner) > 1 else 0
    if number == 3 and behind == der.SEQUENCE:
        return "pfx"
    if number in (0, 1) and behind in (der.SEQUENCE, der.INTEGER, der.OCTET_STRING):
        return "key"
    return "public key" if behind == der.INTEGER else ""


def _nested(data: bytes, inner: list[der.Element]) -> str:
    within = der.first(data, inner[0], 1)
    behind = inner[1].tag if len(inner) > 1 else 0
    if within and within[0].tag == der.OID:
        return {der.OCTET_STRING: "encrypted key", der.BIT_STRING: "public key"}.get(behind, "")
    deeper = der.first(data, within[0], 1) if within and within[0].tag == der.SEQUENCE else []
    if deeper and data[deeper[0].start : deeper[0].end] == PBES2 and behind == der.SEQUENCE:
        return "bcfks"
    return "certificate"


PBES2 = bytes.fromhex("2a864886f70d01050d")
