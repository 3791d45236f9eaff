"""Where private keys and certificates of ours lie."""

from __future__ import annotations

from pathlib import Path

from mailjobs.errors import Place
from mailjobs.frozen import frozen
from mailjobs.secret import Secret


@frozen
class Token:
    """A PKCS #11 token: the library that speaks to it, and which of its objects (RFC 7512)."""

    module: Path
    uri: str


@frozen
class KeySource:
    """A key or certificates beside a store: exactly one of a file of any format, PEM text, or the text of a secret."""

    file: Path | None = None
    pem: str | None = None
    data: Secret | None = None


@frozen
class CertificateStore:
    """A private key with its certificate: at most one of `file`, `data` and `pkcs11`, in any format.

    `pem` is the certificate itself, whose key the store or `key` has. `type` is a format, or auto. `subject` chooses
    among several. `chain` takes the place of the certificates between that the store has.
    """

    place: Place
    file: Path | None = None
    pem: str | None = None
    data: Secret | None = None
    pkcs11: Token | None = None
    password: Secret | None = None
    type: str = "auto"
    subject: str | None = None
    key: KeySource | None = None
    chain: tuple[KeySource, ...] = ()
