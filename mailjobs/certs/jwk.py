"""JWK and JWK sets (RFC 7517, RFC 7518, RFC 8037): RSA, EC and OKP keys, with certificates in `x5c`."""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64decode
from binascii import Error
from typing import Any

from mailjobs.certs.entry import Entry, key_entry, octets, paired, public_of
from mailjobs.certs.loading import MAX_KEYS, certificate, reading
from mailjobs.certs.numbers import rsa_private, rsa_public
from mailjobs.certs.unreadable import Unreadable
from mailjobs.certs.wire import MAX_RSA

CURVES = {"P-256": "SECP256R1", "P-384": "SECP384R1", "P-521": "SECP521R1", "secp256k1": "SECP256K1"}
OKP = ("Ed25519", "Ed448", "X25519", "X448")


def read(data: bytes, password: bytes | None) -> list[Entry]:
    """One entry for each key. Raises Unreadable."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise Unreadable("it is truncated, or no JSON") from None
    keys = found.get("keys", [found]) if isinstance(found, dict) else None
    if not isinstance(keys, list) or not keys or not all(isinstance(one, dict) for one in keys):
        raise Unreadable("it is JSON, and no JWK: a mapping with `kty`, or with a list `keys`")
    if len(keys) > MAX_KEYS:
        raise Unreadable(f"it holds more than {MAX_KEYS} keys")
    entries = [_entry(one) for one in keys]
    return sorted(entries, key=lambda entry: not entry.has_key)


def _entry(jwk: dict[str, Any]) -> Entry:
    alias = jwk["kid"] if isinstance(jwk.get("kid"), str) else ""
    key, public = _keys(jwk)
    chain = [certificate(_standard(one)) for one in _listed(jwk.get("x5c", []))]
    if not chain:
        return key_entry(key, alias) if key is not None else Entry(public=public, alias=alias)
    if octets(public_of(chain[0])) != octets(public):
        raise Unreadable("the key is not that of the certificate in `x5c`")
    own = paired(chain, [key_entry(key, alias)] if key is not None else [])[0]
    return Entry(chain[0], key, public, alias, own.chain)


def _listed(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Unreadable("`x5c` is no list of certificates")
    return value


def _keys(jwk: dict[str, Any]) -> tuple[Any, Any]:
    """The private key, if it is there, and the public one."""
    kind = jwk.get("kty")
    with reading("the key"):
        if kind == "RSA":
            return _rsa(jwk)
        if kind == "EC":
            return _ec(jwk)
        if kind == "OKP":
            return _okp(jwk)
    if kind == "oct":
        raise Unreadable("it is a key for both sides (`oct`), which has no certificate")
    raise Unreadable(f"its `kty` is {kind!r:.40}, which is not known" if kind else "it is JSON without `kty`: no JWK")


def _rsa(jwk: dict[str, Any]) -> tuple[Any, Any]:
    n, e = _number(jwk, "n"), _number(jwk, "e")
    if "d" not in jwk:
        return None, rsa_public(n, e)
    p, q = (_number(jwk, name) if name in jwk else 0 for name in ("p", "q"))
    key = rsa_private(n, e, _number(jwk, "d"), p, q)
    return key, key.public_key()


def _ec(jwk: dict[str, Any]) -> tuple[Any, Any]:
    from cryptography.hazmat.primitives.asymmetric import ec

    name = CURVES.get(str(jwk.get("crv")))
    if name is None:
        raise Unreadable(f"its curve is {jwk.get('crv')!r:.40}, which is not known")
    numbers = ec.EllipticCurvePublicNumbers(_number(jwk, "x"), _number(jwk, "y"), getattr(ec, name)())
    if "d" not in jwk:
        return None, numbers.public_key()
    key = ec.EllipticCurvePrivateNumbers(_number(jwk, "d"), numbers).private_key()
    return key, key.public_key()


def _okp(jwk: dict[str, Any]) -> tuple[Any, Any]:
    from cryptography.hazmat.primitives.asymmetric import ed448, ed25519, x448, x25519

    name = str(jwk.get("crv"))
    if name not in OKP:
        raise Unreadable(f"its curve is {name!r:.40}, which is not known")
    module = {"Ed25519": ed25519, "Ed448": ed448, "X25519": x25519, "X448": x448}[name]
    public = getattr(module, f"{name}PublicKey").from_public_bytes(_bytes(jwk, "x"))
    if "d" not in jwk:
        return None, public
    key = getattr(module, f"{name}PrivateKey").from_private_bytes(_bytes(jwk, "d"))
    if octets(key.public_key()) != octets(public):
        raise Unreadable("it is damaged: its private part is not that of its public one")
    return key, public


def _number(jwk: dict[str, Any], name: str) -> int:
    return int.from_bytes(_bytes(jwk, name))


def _bytes(jwk: dict[str, Any], name: str) -> bytes:
    text = jwk.get(name)
    if not isinstance(text, str):
        raise Unreadable(f"`{name}` is missing" if text is None else f"`{name}` is no text")
    if len(text) > MAX_RSA:
        raise Unreadable("the key is larger than any that is used")
    try:
        return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except (Error, ValueError):
        raise Unreadable(f"`{name}` is no base64url") from None


def _standard(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (Error, ValueError):
        raise Unreadable("a certificate in `x5c` is no base64") from None
