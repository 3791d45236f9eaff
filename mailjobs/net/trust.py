"""Whom to trust: a TLS context from the model's settings. OpenSSL is imported here and not before."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mailjobs.errors import CertificateError, FileError
from mailjobs.model import CaSource, Tls

if TYPE_CHECKING:
    from OpenSSL import SSL, crypto

PEM = re.compile(rb"-----BEGIN ((?:TRUSTED |X509 )?CERTIFICATE)-----.+?-----END \1-----", re.DOTALL)
HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")

Callback = Callable[["SSL.Connection", "crypto.X509", int, int, int], bool]


def check_trust(tls: Tls) -> None:
    """Raise now what would keep the context from being made: CertificateError, FileError."""
    build_context(tls, lambda *_: True)


def build_context(tls: Tls, callback: Callback) -> SSL.Context:
    """A client's context; `callback` hears of each certificate of the server's chain."""
    from OpenSSL import SSL

    versions = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(versions[tls.min_version])
    context.set_max_proto_version(versions[tls.max_version])
    context.set_verify(SSL.VERIFY_PEER, callback)
    for source in tls.ca:
        _trust(context, source)
    return context


def _trust(context: SSL.Context, source: CaSource) -> None:
    if source.system:
        context.set_default_verify_paths()
    elif source.dir is not None:
        _trust_directory(context, source.dir, source)
    elif source.file is not None:
        _trust_certificates(context, _read(source.file, source), str(source.file), source)
    elif source.pem is not None:
        _trust_certificates(context, source.pem.encode(), "tls.ca.pem", source)


def _read(path: Path, source: CaSource) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}", place=source.place) from None


def _trust_directory(context: SSL.Context, path: Path, source: CaSource) -> None:
    try:
        names = [entry.name for entry in path.iterdir()]
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}", place=source.place) from None
    if not any(HASHED.fullmatch(name) for name in names):
        raise CertificateError(
            f"{path} has no file named by a subject hash, such as 9d66eef0.0",
            place=source.place,
            hint=f"'openssl rehash {path}' makes them",
        )
    context.load_verify_locations(None, str(path))


def _trust_certificates(context: SSL.Context, text: bytes, name: str, source: CaSource) -> None:
    """One certificate at a time: a bundle may hold one that cannot be read, and is good for the others."""
    from OpenSSL import crypto

    store = context.get_cert_store()
    assert store is not None, "a new context has a store"
    failures: list[str] = []
    blocks = [found[0] for found in PEM.finditer(text)]
    for block in blocks:
        try:
            store.add_cert(crypto.load_certificate(crypto.FILETYPE_PEM, block))
        except (crypto.Error, ValueError) as error:
            failures.append(str(error))
    if not blocks:
        raise CertificateError(f"{name} has no certificate in PEM", place=source.place)
    if len(failures) == len(blocks):
        raise CertificateError(f"{name} has no certificate that can be read: {failures[0]}", place=source.place)
