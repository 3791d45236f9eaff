"""A signed assertion (RFC 7523): a JSON Web Token (RFC 7519) that a private key vouches with."""

from __future__ import annotations

import json
import uuid
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any

from mailjobs.certs.store import load_key
from mailjobs.errors import CertificateError, Place
from mailjobs.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SECONDS = 600  # for which an assertion is good
CURVES = {
    "secp256r1": ("ES256", 32, "SHA256"),
    "secp384r1": ("ES384", 48, "SHA384"),
    "secp521r1": ("ES512", 66, "SHA512"),
}


def assertion(key: Secret, claims: dict[str, str | None], key_id: str | None, now: float, place: Place | None) -> str:
    """The token with `claims` (those that are None are left out), made at `now`, signed with the key in PEM.

    The algorithm (RFC 7518, RFC 8037) follows from the key: RS256, ES256 to ES512, EdDSA. Raises CertificateError,
    SecretError.
    """
    private = load_key(key, place or Place("the job"))
    algorithm, sign = _signer(private, place)
    head = {"alg": algorithm, "typ": "JWT", **({"kid": key_id} if key_id else {})}
    body: dict[str, Any] = {name: value for name, value in claims.items() if value is not None}
    body |= {"iat": int(now), "exp": int(now) + SECONDS, "jti": uuid.uuid4().hex}
    text = f"{_part(head)}.{_part(body)}"
    return f"{text}.{_encoded(sign(text.encode()))}"


def _part(value: dict[str, Any]) -> str:
    return _encoded(json.dumps(value, separators=(",", ":")).encode())


def _encoded(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def _signer(key: Any, place: Place | None) -> tuple[str, Any]:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

    if isinstance(key, rsa.RSAPrivateKey):
        return "RS256", lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "EdDSA", key.sign
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in CURVES:
        return CURVES[key.curve.name][0], lambda data: _by_curve(key, data)
    raise CertificateError("no algorithm of JWT signs with this kind of key", place=place, hint="RSA, EC or Ed25519")


def _by_curve(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    """The two numbers of an ECDSA signature, each as long as the curve has it (RFC 7518 section 3.4)."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    _, length, digest = CURVES[key.curve.name]
    numbers = utils.decode_dss_signature(key.sign(data, ec.ECDSA(getattr(hashes, digest)())))
    return b"".join(number.to_bytes(length, "big") for number in numbers)
