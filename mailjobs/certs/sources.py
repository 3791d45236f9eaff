"""The octets of a store, wherever a job says that they lie, and the entries that they make."""

from __future__ import annotations

from pathlib import Path

from mailjobs.certs.entry import Entry
from mailjobs.certs.foreign import REFUSED_TYPES
from mailjobs.certs.formats import read_store
from mailjobs.certs.unreadable import Unreadable
from mailjobs.errors import FileError
from mailjobs.model import Accepted, CertificateStore, KeySource
from mailjobs.secret import Secret

MAX_SIZE = 4 * 1024 * 1024


def contents(store: CertificateStore | Accepted) -> list[Entry]:
    """The entries of a store; none where it names nothing but a certificate of its own (`pem`).

    Raises Unreadable (whose `source` says which file it is about), FileError, SecretError, SetupError.
    """
    if store.type in REFUSED_TYPES:
        raise Unreadable(*REFUSED_TYPES[store.type])
    if store.pkcs11 is not None:
        from mailjobs.certs.pkcs11 import read_token

        return read_token(store.pkcs11, store.password)
    return _entries(store.file, store.data, store.password, store.type)


def beside(source: KeySource, password: Secret | None) -> list[Entry]:
    """The entries of what lies beside a store. Raises as `contents` does."""
    if source.pem is not None:
        try:
            return read_store(source.pem.encode(), None)[1]
        except Unreadable as error:
            error.source = "`pem`"
            raise
    return _entries(source.file, source.data, password, "auto")


def _entries(file: Path | None, data: Secret | None, password: Secret | None, wanted: str) -> list[Entry]:
    if file is None and data is None:
        return []
    secret = password.reveal().encode() if password is not None else None
    try:
        content = of_file(file) if file is not None else of_secret(data)
        return read_store(content, secret, wanted)[1]
    except Unreadable as error:
        error.source = f"'{file}'" if file is not None else f"what {_origin(data)} has"
        raise


def of_file(path: Path) -> bytes:
    """The content of a file of at most 4 MiB. Raises FileError, Unreadable."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SIZE + 1)
    except FileNotFoundError:
        raise FileError(f"the file '{path}' does not exist") from None
    except IsADirectoryError:
        raise FileError(f"'{path}' is a directory, not a file") from None
    except (OSError, ValueError) as error:
        raise FileError(f"'{path}' cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return bounded(data)


def bounded(data: bytes) -> bytes:
    """`data`, of which at least one octet more than allowed was read. Raises Unreadable."""
    if len(data) > MAX_SIZE:
        raise Unreadable(f"it is larger than {MAX_SIZE // 1024 // 1024} MiB: no store of keys is")
    return data


def of_secret(secret: Secret | None) -> bytes:
    """The text of a secret as octets: PEM and the like, or base64, which is unwrapped later."""
    return bounded(secret.reveal().encode()) if secret is not None else b""


def _origin(secret: Secret | None) -> str:
    return secret.origin if secret is not None else ""
