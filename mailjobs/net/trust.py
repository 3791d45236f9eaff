"""Whom to trust: a TLS context from the model's settings. OpenSSL is imported here and not before."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from mailjobs.errors import CertificateError, FileError
from mailjobs.model import CaSource, Tls
from mailjobs.net.tls_failure import openssl_reason
from mailjobs.net.verdict import Finding

if TYPE_CHECKING:
    from OpenSSL import SSL, crypto

PEM = re.compile(rb"-----BEGIN ((?:X509 )?CERTIFICATE)-----.+?-----END \1-----", re.DOTALL)
HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")
DER = b"\x30\x82"  # how a certificate in DER begins: a sequence whose length takes two bytes


def check_trust(tls: Tls) -> None:
    """Read what `tls.ca` names, anew, and raise what is wrong with it: CertificateError, FileError."""
    trusting_context.cache_clear()
    trusting_context(tls)


@lru_cache(maxsize=32)
def trusting_context(tls: Tls) -> SSL.Context:
    """A client's context, kept: reading the system's authorities costs ten times what a handshake does.

    Complaints about certificates are appended to the connection's app data, as Findings.
    """
    from OpenSSL import SSL, crypto

    versions = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(versions[tls.min_version])
    context.set_max_proto_version(versions[tls.max_version])
    context.set_options(SSL.OP_NO_RENEGOTIATION)
    context.set_verify(SSL.VERIFY_PEER, _hear)
    for source in tls.ca:
        _trust(context, source)
    # What the user names is trusted, be it an authority at the top, one in the middle, or the server's certificate.
    _store(context).set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    return context


def _store(context: SSL.Context) -> crypto.X509Store:
    store = context.get_cert_store()
    assert store is not None, "a new context has a store"
    return store


def _hear(connection: SSL.Connection, certificate: crypto.X509, number: int, depth: int, ok: int) -> bool:
    if not ok:
        connection.get_app_data().append(Finding(number, depth, certificate))
    return True


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

    store = _store(context)
    failures: list[str] = []
    blocks = [found[0] for found in PEM.finditer(text)]
    for block in blocks:
        try:
            store.add_cert(crypto.load_certificate(crypto.FILETYPE_PEM, block))
        except (crypto.Error, ValueError) as error:
            failures.append(openssl_reason(error))
    if not blocks:
        hint = f"it is DER: 'openssl x509 -inform der -in {name}' shows it as PEM" if text.startswith(DER) else None
        raise CertificateError(f"{name} has no certificate in PEM", place=source.place, hint=hint)
    if len(failures) == len(blocks):
        raise CertificateError(f"{name} has no certificate that can be read: {failures[0]}", place=source.place)
