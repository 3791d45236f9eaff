"""Certificates that are too weak to be trusted.

OpenSSL refuses them itself, but not where old versions of TLS are spoken: those need its lowest level of security, and
that is one for all. What the versions are must not decide which certificates are good.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mailjobs.net.complaints import CA_KEY_TOO_SMALL, DIGEST_TOO_WEAK, KEY_TOO_SMALL
from mailjobs.net.reasons import Finding

if TYPE_CHECKING:
    from cryptography import x509
    from OpenSSL import crypto

SMALLEST = 2048  # bits of RSA, DSA and DH, as OpenSSL's level 2 has it
SMALLEST_CURVE = 224
WEAK_DIGESTS = ("md5", "sha1")


def weaknesses(chain: Sequence[crypto.X509]) -> list[Finding]:
    """What OpenSSL's level 2 would say of `chain`, the server's own certificate first. A root may sign as it likes."""
    found = []
    for depth, certificate in enumerate(chain):
        one = certificate.to_cryptography()
        if _small(one):
            found.append(Finding(CA_KEY_TOO_SMALL if depth else KEY_TOO_SMALL, depth, certificate))
        if one.subject != one.issuer and _weak_digest(one):
            found.append(Finding(DIGEST_TOO_WEAK, depth, certificate))
    return found


def _small(certificate: x509.Certificate) -> bool:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

    key = certificate.public_key()
    smallest = SMALLEST_CURVE if isinstance(key, EllipticCurvePublicKey) else SMALLEST
    return getattr(key, "key_size", smallest) < smallest


def _weak_digest(certificate: x509.Certificate) -> bool:
    digest = certificate.signature_hash_algorithm
    return digest is not None and digest.name in WEAK_DIGESTS
