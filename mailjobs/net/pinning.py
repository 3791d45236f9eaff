"""`tls.accept`: exactly these certificates or keys, in the place of chain, name and dates."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mailjobs.errors import CertificateError, FileError, VerifyError
from mailjobs.model import Accepted
from mailjobs.net.certificate import name_text, sha256

if TYPE_CHECKING:
    from cryptography import x509

LARGEST = 1024 * 1024
PEM = b"-----BEGIN "


def accepted_digests(accept: Sequence[Accepted]) -> frozenset[str]:
    """The SHA-256 of each certificate or key that `accept` names, in hex. Raises FileError, CertificateError."""
    found: set[str] = set()
    for one in accept:
        if one.sha256 is not None:
            found.add(one.sha256)
        elif one.file is not None:
            found |= _digests(_read(one.file, one), str(one.file), one)
        else:
            found |= _digests((one.pem or "").encode(), "tls.accept.pem", one)
    return frozenset(found)


def refusal(leaf: x509.Certificate, digests: frozenset[str]) -> VerifyError | None:
    """The error where neither the server's certificate nor its key is among `digests`."""
    if not digests.isdisjoint(own_digests(leaf)):
        return None
    return VerifyError(
        f"the server's certificate is refused: {name_text(leaf.subject)} is none that 'tls.accept' names",
        stage="certificate",
        hint=f"if it was replaced by one that you have checked, its SHA-256 is {sha256(leaf)}",
    )


def own_digests(leaf: x509.Certificate) -> tuple[str, ...]:
    """The SHA-256 of a certificate, of its key (SubjectPublicKeyInfo), and of its key as ssh-keygen has it."""
    from cryptography.hazmat.primitives.serialization import Encoding

    key = leaf.public_key()
    return (hashlib.sha256(leaf.public_bytes(Encoding.DER)).hexdigest(), *_key_digests(key))


def _key_digests(key: object) -> tuple[str, ...]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, ssh_key_fingerprint

    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    own = hashlib.sha256(encoded).hexdigest()
    try:
        return own, ssh_key_fingerprint(key, hashes.SHA256()).hex()  # type: ignore[arg-type]
    except (UnsupportedAlgorithm, ValueError, TypeError):
        return (own,)  # SSH has no keys of this kind


def _read(path: Path, accepted: Accepted) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}", place=accepted.place) from None


def _digests(data: bytes, name: str, accepted: Accepted) -> set[str]:
    """Of every certificate and public key in `data`, which is PEM or DER."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

    try:
        if b"BEGIN CERTIFICATE-" in data:
            return {own_digests(one)[0] for one in x509.load_pem_x509_certificates(data)}
        if b"BEGIN PUBLIC KEY-" in data:
            return {_key_digests(load_pem_public_key(data))[0]}
        if PEM in data:
            raise _refused(name, accepted, _kind(data))
        try:
            return {own_digests(x509.load_der_x509_certificate(data))[0]}
        except ValueError:
            return {_key_digests(load_der_public_key(data))[0]}
    except ValueError:
        raise _refused(name, accepted) from None


def _kind(data: bytes) -> str:
    begin = data.index(PEM) + len(PEM)
    return data[begin : begin + 40].partition(b"-----")[0].decode("ascii", "replace").lower()


def _refused(name: str, accepted: Accepted, kind: str | None = None) -> CertificateError:
    words = f"it holds a {kind}" if kind else "it is neither"
    return CertificateError(
        f"{name} has no certificate and no public key that can be read: {words}",
        place=accepted.place,
        hint="'openssl s_client -connect HOST:PORT -starttls smtp' shows a server's certificate in PEM",
    )
