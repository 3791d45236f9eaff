"""The one record of a certificate or key, as plain data. What it says was written by others: no text moves a cursor."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from mailjobs import clock
from mailjobs.certs.entry import Locked, public_of
from mailjobs.certs.fingerprints import fingerprints, thumbprints
from mailjobs.certs.names import name_parts, printable, subject_text
from mailjobs.certs.usage import extended_usage, key_usage, signature_name

if TYPE_CHECKING:
    from cryptography import x509

    from mailjobs.certs.entry import Entry

# Of a key that has no certificate: what is not known of it.
NO_CERTIFICATE: dict[str, Any] = {
    "subject": None, "subject_parts": [], "issuer": None, "issuer_parts": [], "not_before": None, "not_after": None,
    "days_left": None, "serial": None, "version": None, "signature_algorithm": None,
    "alt_names": {"dns": [], "ip": [], "email": [], "uri": [], "other": []},
    "key_usage": [], "key_usage_flags": 0, "extended_key_usage": [], "md5": None, "sha1": None, "sha256": None,
}  # fmt: skip
OIDS = {"1.2.840.113549.1.1.1": "RSA", "1.2.840.113549.1.1.10": "RSA-PSS", "1.2.840.10040.4.1": "DSA",
        "1.2.840.10045.2.1": "EC", "1.3.101.110": "X25519", "1.3.101.111": "X448", "1.3.101.112": "Ed25519",
        "1.3.101.113": "Ed448"}  # fmt: skip
KINDS = {"RSAPublicKey": "RSA", "DSAPublicKey": "DSA", "ECPublicKey": "EC", "EllipticCurvePublicKey": "EC"}
BITS = {"Ed25519": 256, "X25519": 256, "Ed448": 448, "X448": 448}


def describe(certificate: x509.Certificate, has_private_key: bool = False) -> dict[str, Any]:
    """Every field of a certificate.

    Names are single texts and pairs, dates ISO 8601 in UTC, `serial` hexadecimal. `md5`, `sha1` and `sha256` are of the
    certificate, `key_md5`, `key_sha1`, `key_sha256` and `key_ssh` of its key in SSH's form. Raises ValueError and the
    like where the certificate cannot be read.
    """
    oid = certificate.public_key_algorithm_oid.dotted_string
    return {
        **_names(certificate),
        **_dates(certificate),
        "serial": serial(_number(certificate)),
        "version": f"V{certificate.version.value + 1}",
        "signature_algorithm": signature_name(certificate),
        "alt_names": alt_names_by_kind(certificate),
        **key_usage(certificate),
        "extended_key_usage": extended_usage(certificate),
        **thumbprints(certificate),
        **_key(public_of(certificate), OIDS.get(oid, oid)),
        "has_private_key": has_private_key,
        "pem": pem(certificate),
    }


def describe_entry(entry: Entry) -> dict[str, Any]:
    """The record of an entry of a store: of its certificate, or of its key alone."""
    if entry.certificate is not None:
        return describe(entry.certificate, entry.has_key)
    known = _key(entry.public, None)
    return {**NO_CERTIFICATE, **known, "has_private_key": entry.has_key, "pem": None}


def state_of(entry: Entry) -> str | None:
    """Why the private key cannot be had, where it cannot."""
    return entry.key.words if isinstance(entry.key, Locked) else None


def _names(certificate: x509.Certificate) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, name in (("subject", certificate.subject), ("issuer", certificate.issuer)):
        found[key] = subject_text(name)
        found[f"{key}_parts"] = [{"name": kind, "value": value} for kind, value in name_parts(name)]
    return found


def _dates(certificate: x509.Certificate) -> dict[str, Any]:
    end = certificate.not_valid_after_utc
    return {
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": end.isoformat(),
        "days_left": (end - clock.now()).days,
    }


def _number(certificate: x509.Certificate) -> int:
    """The serial number; cryptography warns of those that are not above zero, which old authorities have."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return certificate.serial_number


def serial(number: int) -> str:
    """A serial number in hexadecimal, two digits an octet, as OpenSSL writes it; below zero with a sign."""
    digits = f"{abs(number):X}"
    return ("-" if number < 0 else "") + digits.zfill(len(digits) + len(digits) % 2)


def alt_names_by_kind(certificate: x509.Certificate) -> dict[str, list[str]]:
    """Whom a certificate is for besides its subject: dns, ip, email, uri, and whatever else there may be."""
    from cryptography import x509

    found: dict[str, list[str]] = {kind: [] for kind in ("dns", "ip", "email", "uri", "other")}
    kinds: dict[type, str] = {
        x509.DNSName: "dns", x509.IPAddress: "ip", x509.RFC822Name: "email", x509.UniformResourceIdentifier: "uri",
    }  # fmt: skip
    for name in _alt_names(certificate):
        found[kinds.get(type(name), "other")].append(_general_name(name))
    return found


def _alt_names(certificate: x509.Certificate) -> list[x509.GeneralName]:
    from cryptography import x509

    try:
        return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return []


def _general_name(name: x509.GeneralName) -> str:
    from cryptography import x509

    if isinstance(name, x509.DirectoryName):
        return subject_text(name.value)
    if isinstance(name, x509.OtherName):
        return f"{name.type_id.dotted_string}:{name.value.hex()}"
    if isinstance(name, x509.RegisteredID):
        return name.value.dotted_string
    return printable(str(name.value))


def alt_names(certificate: x509.Certificate) -> list[str]:
    """The DNS names and IP addresses that a certificate is for, in its order."""
    from cryptography import x509

    wanted = x509.DNSName | x509.IPAddress
    return [_general_name(name) for name in _alt_names(certificate) if isinstance(name, wanted)]


def pem(certificate: x509.Certificate) -> str:
    """The certificate in PEM."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM).decode()


def _key(public: Any, algorithm: str | None) -> dict[str, Any]:
    """What is known of a public key."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if public is None:
        spki, bits = None, None
    else:
        spki = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        name = type(public).__name__
        kind = KINDS.get(name, name.removesuffix("PublicKey"))
        algorithm = algorithm or kind
        bits = getattr(public, "key_size", None) or BITS.get(kind)
    return {
        "public_key_algorithm": algorithm,
        "public_key_bits": bits,
        "public_key_pem": spki,
        **fingerprints(public),
    }
