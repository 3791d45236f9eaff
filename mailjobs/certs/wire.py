"""Keys as SSH writes them (RFC 4253 section 6.6, RFC 5656, RFC 8709): what fingerprints are made of, and PPK holds."""

from __future__ import annotations

from typing import Any

from mailjobs.certs.unreadable import Unreadable

MAX_RSA = 16384  # bits
CURVES = {"nistp256": "secp256r1", "nistp384": "secp384r1", "nistp521": "secp521r1"}
NAMES = {curve: name for name, curve in CURVES.items()}


class Fields:
    """The fields of a blob, one after the other; each raises Unreadable where the octets do not suffice."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        """So many octets."""
        piece = self._data[self._at : self._at + size]
        if len(piece) < size:
            raise Unreadable("the key is truncated")
        self._at += size
        return piece

    def number(self) -> int:
        """An uint32."""
        return int.from_bytes(self.take(4))

    def string(self) -> bytes:
        """A string."""
        return self.take(self.number())

    def mpint(self) -> int:
        """A whole number, which is not negative and has no more bits than a key may have."""
        octets = self.string()
        if len(octets) > MAX_RSA // 8 + 1:
            raise Unreadable("the key is larger than any that is used")
        return int.from_bytes(octets)

    @property
    def rest(self) -> bytes:
        """What has not been taken."""
        return self._data[self._at :]


def string(data: bytes) -> bytes:
    """`data` with its length in front."""
    return len(data).to_bytes(4) + data


def mpint(number: int) -> bytes:
    """A number that is not negative, with its length in front."""
    return string(number.to_bytes(number.bit_length() // 8 + 1) if number else b"")


def public_key(blob: bytes) -> Any:
    """The public key of a blob. Raises Unreadable."""
    fields = Fields(blob)
    kind = fields.string().decode("ascii", "replace")
    try:
        return _read(kind, fields)
    except Unreadable:
        raise
    except ValueError:
        raise Unreadable("the public key is damaged") from None


def _read(kind: str, fields: Fields) -> Any:
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

    if kind == "ssh-rsa":
        exponent = fields.mpint()
        return rsa.RSAPublicNumbers(exponent, fields.mpint()).public_key()
    if kind == "ssh-dss":
        p, q, g, y = (fields.mpint() for _ in range(4))
        return dsa.DSAPublicNumbers(y, dsa.DSAParameterNumbers(p, q, g)).public_key()
    if kind == "ssh-ed25519":
        return ed25519.Ed25519PublicKey.from_public_bytes(fields.string())
    if kind == "ssh-ed448":
        return ed448.Ed448PublicKey.from_public_bytes(fields.string())
    name = kind.removeprefix("ecdsa-sha2-")
    if name in CURVES and kind != name:
        if fields.string().decode("ascii", "replace") != name:
            raise Unreadable("the public key is damaged")
        return ec.EllipticCurvePublicKey.from_encoded_point(curve(name), fields.string())
    raise Unreadable(f"its key is of the kind {kind[:40]!r}, which is not known")


def curve(name: str) -> Any:
    """The curve that SSH calls `name`, such as nistp256."""
    from cryptography.hazmat.primitives.asymmetric import ec

    curves: dict[str, ec.EllipticCurve] = {
        "nistp256": ec.SECP256R1(), "nistp384": ec.SECP384R1(), "nistp521": ec.SECP521R1(),
    }  # fmt: skip
    return curves[name]


def blob(key: Any) -> bytes | None:
    """A public key as SSH writes it; None where SSH has no form for it."""
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return string(b"ssh-rsa") + mpint(numbers.e) + mpint(numbers.n)
    if isinstance(key, dsa.DSAPublicKey):
        values = key.public_numbers()
        group = values.parameter_numbers
        return string(b"ssh-dss") + b"".join(map(mpint, (group.p, group.q, group.g, values.y)))
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in NAMES:
        name = NAMES[key.curve.name].encode()
        point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return string(b"ecdsa-sha2-" + name) + string(name) + string(point)
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        kind = b"ssh-ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else b"ssh-ed448"
        return string(kind) + string(key.public_bytes_raw())
    return None
