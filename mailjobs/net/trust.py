"""Whom to trust: a TLS context from the model's settings. OpenSSL is imported here and not before."""

from __future__ import annotations

import re
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from mailjobs.errors import CertificateError, FileError, OutputError
from mailjobs.model import CaSource, Tls
from mailjobs.net.heard import hear_certificate, hear_staple, heard
from mailjobs.net.sessions import Sessions
from mailjobs.net.spoken import speak
from mailjobs.net.tls_failure import openssl_reason

if TYPE_CHECKING:
    from OpenSSL import SSL, crypto

PEM = re.compile(rb"-----BEGIN ((?:X509 )?CERTIFICATE)-----.+?-----END \1-----", re.DOTALL)
HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")
DER = b"\x30\x82"  # how a certificate in DER begins: a sequence whose length takes two bytes


def check_trust(tls: Tls) -> None:
    """Read all that `tls` names, anew, and raise what is wrong with it.

    Raises JobError (names of algorithms), CertificateError, FileError, OutputError (the key log), SetupError.
    """
    trusting_context.cache_clear()
    if tls.accept:
        from mailjobs.net.pinning import accepted_digests

        accepted_digests.cache_clear()
    trusting_context(tls)
    _check_files(tls)
    if tls.key_log_file is not None:
        from mailjobs.net.key_log import check_key_log

        check_key_log(tls.key_log_file)


def check_settings(tls: Tls) -> None:
    """What of `check_trust` needs no file of ours to be made, secrets last. Raises as that does."""
    from OpenSSL import SSL

    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    speak(context, tls)
    for source in tls.ca:
        if not source.system:
            _trust(context, source)
    _check_files(tls)


def _check_files(tls: Tls) -> None:
    if tls.revocation.crl_files:
        from mailjobs.net.revocation import lists_of

        for path in tls.revocation.crl_files:
            lists_of(path, tls.revocation)
    if tls.accept:
        from mailjobs.net.pinning import accepted_digests

        accepted_digests(tls.accept)


@lru_cache(maxsize=32)
def trusting_context(tls: Tls) -> SSL.Context:
    """A client's context, kept: reading the system's authorities costs ten times what a handshake does.

    What its callbacks hear is kept with the connection (`Heard`), sessions with the context (`Sessions`).
    """
    from OpenSSL import SSL, crypto

    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_app_data(Sessions())
    speak(context, tls)
    context.set_options(0 if tls.renegotiation else SSL.OP_NO_RENEGOTIATION)
    context.set_verify(SSL.VERIFY_PEER, hear_certificate)
    if tls.revocation.ocsp != "off":
        context.set_ocsp_client_callback(hear_staple)
    if tls.key_log_file is not None:
        context.set_keylog_callback(partial(_log_key, tls.key_log_file))
    if tls.log:
        from mailjobs.net.openssl import hear_messages
        from mailjobs.net.tls_messages import tell_message

        hear_messages(context, tell_message)
    for source in tls.ca:
        _trust(context, source)
    if tls.certificate is not None:
        from mailjobs.net.client_certificate import show_certificate

        show_certificate(context, tls.certificate)
    # What the user names is trusted, be it an authority at the top, one in the middle, or the server's certificate.
    _store(context).set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    return context


def _log_key(path: Path, connection: SSL.Connection, line: bytes) -> None:
    """What fails in a callback is raised when the handshake is over."""
    from mailjobs.net.key_log import log_key

    try:
        log_key(path, line)
    except OutputError as error:
        heard(connection).failure = error


def _store(context: SSL.Context) -> crypto.X509Store:
    store = context.get_cert_store()
    assert store is not None, "a new context has a store"
    return store


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
        raise CertificateError(f"{name} has no certificate in PEM", place=source.place, hint=_other_hint(text, name))
    if len(failures) == len(blocks):
        raise CertificateError(f"{name} has no certificate that can be read: {failures[0]}", place=source.place)


def _other_hint(text: bytes, name: str) -> str | None:
    if text.startswith(DER):
        return f"it is DER: 'openssl x509 -inform der -in {name}' shows it as PEM"
    if b"-----BEGIN CERTIFICATE-----" in text or b"-----BEGIN X509 CERTIFICATE-----" in text:
        return "the certificate in it has no end: the file is cut off"
    return "it holds a private key; that of an authority is never needed here" if b"PRIVATE KEY-----" in text else None
