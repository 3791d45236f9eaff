"""The certificate that a client shows (mutual TLS), with those between it and an authority."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from mailjobs.certs.store import load_identity
from mailjobs.certs.token_key import TokenKey
from mailjobs.errors import CertificateError, SetupError
from mailjobs.model import CertificateStore
from mailjobs.net.tls_failure import openssl_reason

if TYPE_CHECKING:
    from OpenSSL import SSL, crypto

NO_PROVIDER, UNFIT = 270, 273


def show_certificate(context: SSL.Context, store: CertificateStore) -> None:
    """Let `context` log in with what `store` holds. Raises CertificateError, SecretError, SetupError."""
    from OpenSSL import SSL

    identity = load_identity(store)
    try:
        context.use_certificate(identity.certificate)
        _use_key(context, identity.key, store)
        for certificate in identity.chain:
            context.add_extra_chain_cert(certificate)
        context.check_privatekey()
    except (SSL.Error, TypeError, ValueError) as error:
        words = f"TLS cannot use this certificate: {openssl_reason(error)}"
        raise CertificateError(words, code=UNFIT, place=store.place) from None


def _use_key(context: SSL.Context, key: Any, store: CertificateStore) -> None:
    if not isinstance(key, TokenKey):
        context.use_privatekey(key)
        return
    with warnings.catch_warnings():  # keys of cryptography are asked for, which one in a token cannot be
        warnings.simplefilter("ignore", DeprecationWarning)
        context.use_privatekey(_in_token(key, store))


def _in_token(key: TokenKey, store: CertificateStore) -> crypto.PKey:
    """The key as OpenSSL's provider pkcs11 gives it. Raises SetupError 270 where OpenSSL has none."""
    from OpenSSL import crypto

    try:
        return crypto.load_privatekey(crypto.FILETYPE_PEM, key.pem())
    except crypto.Error as error:
        words = f"the key stays in its token, and OpenSSL cannot sign with it: {openssl_reason(error)}"
        hint = "OpenSSL needs the provider pkcs11, named in the file that OPENSSL_CONF names: docs/certificates.md"
        raise SetupError(words, code=NO_PROVIDER, place=store.place, hint=hint) from None
