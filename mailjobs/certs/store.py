"""From a store to a private key with its certificate.

A PFX file holds both; a PEM file may, or `key` names another one. Private keys have no text form here.
"""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailjobs.errors import CertificateError, FileError, Place
from mailjobs.frozen import frozen
from mailjobs.model import CertificateStore
from mailjobs.secret import Secret

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

MAX_SIZE = 1024 * 1024
PEM = b"-----BEGIN "


@frozen
class Identity:
    """A private key, its certificate, and the certificates between that and an authority."""

    key: Any = field(repr=False)
    certificate: Certificate
    chain: tuple[Certificate, ...] = ()


def load_identity(store: CertificateStore) -> Identity:
    """The key and certificate of `store`. Raises FileError, CertificateError, SecretError."""
    data = _read(store.file, store.place)
    password = store.password.reveal().encode() if store.password else None
    found = _from_pem(store, data, password) if PEM in data else _from_pfx(store, data, password)
    if found.key.public_key() != found.certificate.public_key():
        raise _refused(store, "the key is not that of the certificate", "`key` names the key's own file")
    return found


def load_certificate(path: Path, place: Place) -> Certificate:
    """The first certificate of a PEM or DER file. Raises FileError, CertificateError."""
    from cryptography import x509

    data = _read(path, place)
    try:
        return x509.load_pem_x509_certificate(data) if PEM in data else x509.load_der_x509_certificate(data)
    except ValueError:
        raise CertificateError(f"'{path}' holds no certificate", place=place) from None


def load_key(pem: Secret, place: Place) -> Any:
    """The private key of a PEM text. Raises CertificateError, SecretError."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(pem.reveal().encode() + b"\n", None)
    except TypeError:
        raise CertificateError("the key is encrypted; store it without a password", place=place) from None
    except ValueError:
        raise CertificateError("the key is no private key in PEM", place=place) from None


def _from_pem(store: CertificateStore, data: bytes, password: bytes | None) -> Identity:
    from cryptography import x509

    try:
        certificates = x509.load_pem_x509_certificates(data)
    except ValueError:
        raise _refused(store, "it holds no certificate", None) from None
    source = _read(store.key, store.place) if store.key else data
    return Identity(_private(store, source, password), certificates[0], tuple(certificates[1:]))


def _private(store: CertificateStore, data: bytes, password: bytes | None) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    begin = next((at for at in _begins(data) if b"PRIVATE KEY" in data[at : at + 60]), None)
    if begin is None:
        raise _refused(store, "it holds no private key", "`key` names the key's own file")
    encrypted = b"ENCRYPTED" in data[begin : begin + 200]
    try:
        return load_pem_private_key(data[begin:], password if encrypted else None)
    except TypeError:
        raise _refused(store, "the key is encrypted", "give `password`") from None
    except ValueError:
        words = "the password is wrong, or the key is damaged" if encrypted else "the key is damaged"
        raise _refused(store, words, None) from None


def _begins(data: bytes) -> list[int]:
    found = [data.find(PEM)]
    while found[-1] >= 0:
        found.append(data.find(PEM, found[-1] + 1))
    return found[:-1]


def _from_pfx(store: CertificateStore, data: bytes, password: bytes | None) -> Identity:
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

    try:
        found = load_pkcs12(data, password)
    except ValueError as error:
        wrong = "password" in str(error).lower() or "mac" in str(error).lower()
        words = "the password is wrong, or is missing" if wrong else "it is neither PEM nor PFX"
        raise _refused(store, words, None) from None
    if found.key is None or found.cert is None:
        raise _refused(store, "it holds no key with a certificate", None)
    return Identity(found.key, found.cert.certificate, tuple(one.certificate for one in found.additional_certs))


def _read(path: Path, place: Place) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_SIZE)
    except OSError as error:
        raise FileError(f"'{path}' cannot be read: {error.strerror}", place=place) from None


def _refused(store: CertificateStore, words: str, hint: str | None) -> CertificateError:
    return CertificateError(f"'{store.file}': {words}", place=store.place, hint=hint)
