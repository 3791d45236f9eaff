"""Keys, certificates and published records, made anew for a run of the tests."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

RSA = rsa.generate_private_key(65537, 2048)
ED = ed25519.Ed25519PrivateKey.generate()
BODIES = ["hello\n", "trailing  \n\n\n", ".dots\n..\n", "grün " * 300, "", " \n\t\n", "From me\nx"]


def pem(key: Any, password: bytes | None = None) -> bytes:
    """A private key as PEM."""
    protection = BestAvailableEncryption(password) if password else NoEncryption()
    made: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)
    return made


def certificate(key: Any, name: str = "me@example.com") -> x509.Certificate:
    """A certificate that `key` gives itself."""
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(name)]), critical=False)
    return builder.sign(key, hashes.SHA256())


def cert_pem(made: x509.Certificate) -> bytes:
    """A certificate as PEM."""
    return made.public_bytes(Encoding.PEM)


def published(key: Any) -> bytes:
    """The TXT record of a DKIM key."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return b"v=DKIM1; k=ed25519; p=" + b64encode(raw)
    raw = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + b64encode(raw)


def vouched(message: bytes, key: Any) -> bool:
    """Whether dkimpy believes the signature."""
    import dkim

    return bool(dkim.verify(message, dnsfunc=lambda name, timeout=5: published(key)))
