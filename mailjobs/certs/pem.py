"""PEM (RFC 7468, and what OpenSSL wrote before): blocks of certificates and keys in any order, with text between."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from typing import TYPE_CHECKING, Any, NamedTuple

from mailjobs.certs import der
from mailjobs.certs.entry import Entry, key_entry, paired
from mailjobs.certs.loading import MAX_KEYS, certificate, from_der, private_key, reading
from mailjobs.certs.unreadable import Unreadable

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

BEGIN = b"-----BEGIN "
LONGEST_LABEL = 60
CERTIFICATES = (b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE")
BUNDLES = (b"PKCS7", b"CMS", b"PKCS #7 SIGNED DATA")
KEYS = (b"PRIVATE KEY", b"ENCRYPTED PRIVATE KEY", b"RSA PRIVATE KEY", b"EC PRIVATE KEY", b"DSA PRIVATE KEY")
PUBLICS = (b"PUBLIC KEY", b"RSA PUBLIC KEY")
OPENSSH = b"OPENSSH PRIVATE KEY"
OTHERS = {
    b"CERTIFICATE REQUEST": "a certificate request, which an authority has not signed yet",
    b"NEW CERTIFICATE REQUEST": "a certificate request, which an authority has not signed yet",
    b"X509 CRL": "a list of revoked certificates",
    b"PGP PUBLIC KEY BLOCK": "a PGP key",
    b"PGP PRIVATE KEY BLOCK": "a PGP key",
    b"DH PARAMETERS": "parameters of a key exchange",
    b"EC PARAMETERS": "the parameters of a curve",
}


class Block(NamedTuple):
    """One block: its label, its lines, and all of it."""

    label: bytes
    body: bytes
    whole: bytes

    @property
    def der(self) -> bytes:
        """What its base64 holds. Raises Unreadable."""
        try:
            return b64decode(b"".join(self.body.split()), validate=True)
        except Error:
            raise Unreadable("a block of it is no base64: it is damaged") from None


def blocks(data: bytes) -> list[Block]:
    """All blocks of a text. Raises Unreadable where one has no end."""
    found: list[Block] = []
    begin = data.find(BEGIN)
    while begin >= 0:
        label, _, _ = data[begin + len(BEGIN) : begin + len(BEGIN) + LONGEST_LABEL].partition(b"-----")
        mark = b"-----END " + label + b"-----"
        following = data.find(BEGIN, begin + 1)
        end = data.find(mark, begin, None if following < 0 else following)
        if end < 0:
            raise Unreadable("it is truncated: a block has no end")
        body = data[begin + len(BEGIN) + len(label) + 5 : end]
        found.append(Block(label, body, data[begin : end + len(mark)] + b"\n"))
        begin = following
    return found


def read(data: bytes, password: bytes | None) -> list[Entry]:
    """Entries of certificates and keys in any order. Raises Unreadable."""
    certificates: list[Certificate] = []
    keys: list[Entry] = []
    publics: list[Any] = []
    found = blocks(data)
    if sum(one.label in (*KEYS, OPENSSH) for one in found) > MAX_KEYS:
        raise Unreadable(f"it holds more than {MAX_KEYS} private keys")
    for block in found:
        if block.label in CERTIFICATES:
            certificates.append(certificate(_untrusted(block)))
        elif block.label in BUNDLES:
            certificates += _bundle(block)
        elif block.label in KEYS:
            keys.append(key_entry(_key(block, password)))
        elif block.label == OPENSSH:
            keys += _openssh(block, password)
        elif block.label in PUBLICS:
            publics.append(_public(block))
    entries = paired(certificates, keys, publics)
    if not entries:
        raise _nothing(found)
    return entries


def _untrusted(block: Block) -> bytes:
    """The certificate alone: OpenSSL puts what it is trusted for behind it."""
    octets = block.der
    return octets[: der.element(octets).end] if block.label == b"TRUSTED CERTIFICATE" else octets


def _bundle(block: Block) -> list[Certificate]:
    from mailjobs.certs.p7b import certificates_of

    return certificates_of(block.der)


def _openssh(block: Block, password: bytes | None) -> list[Entry]:
    from mailjobs.certs.ssh import private

    return [private(block.whole, password)]


def _key(block: Block, password: bytes | None) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if b"Proc-Type:" in block.body:
        return private_key(block.whole, password, b"ENCRYPTED" in block.body, load_pem_private_key)
    return from_der(block.der, password, block.label == b"ENCRYPTED PRIVATE KEY")


def _public(block: Block) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    with reading("the public key"):
        return load_pem_public_key(block.whole)


def _nothing(found: list[Block]) -> Unreadable:
    told = next((OTHERS[block.label] for block in found if block.label in OTHERS), None)
    return Unreadable(f"it holds {told}" if told else "it holds no certificate and no key")
