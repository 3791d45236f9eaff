"""Digests: thumbprints are of a certificate, fingerprints of a key, so that files with nothing but a key have them."""

from __future__ import annotations

from base64 import b64encode
from hashlib import md5, sha1, sha256
from typing import TYPE_CHECKING, Any

from mailjobs.certs.wire import blob

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


def thumbprints(certificate: Certificate) -> dict[str, str]:
    """md5, sha1 and sha256 of the certificate in DER, as small hexadecimal digits with colons."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return _digests(certificate.public_bytes(Encoding.DER))


def fingerprints(key: Any) -> dict[str, str | None]:
    """key_md5, key_sha1, key_sha256 of a public key in SSH's form, and `key_ssh`, which is what ssh-keygen -l shows.

    All are None where SSH has no form for the key.
    """
    found = blob(key)
    if found is None:
        return {"key_md5": None, "key_sha1": None, "key_sha256": None, "key_ssh": None}
    digests = {f"key_{name}": value for name, value in _digests(found).items()}
    return {**digests, "key_ssh": f"SHA256:{b64encode(sha256(found).digest()).decode().rstrip('=')}"}


def _digests(data: bytes) -> dict[str, str]:
    return {
        "md5": md5(data, usedforsecurity=False).digest().hex(":"),
        "sha1": sha1(data, usedforsecurity=False).digest().hex(":"),
        "sha256": sha256(data).digest().hex(":"),
    }
