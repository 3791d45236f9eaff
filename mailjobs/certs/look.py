"""A store looked at, for those who want to know what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mailjobs.certs.choice import NotFound, choose
from mailjobs.certs.describe import describe, describe_entry
from mailjobs.certs.entry import Entry, Locked
from mailjobs.certs.formats import read_store, title
from mailjobs.certs.sources import bounded, of_file
from mailjobs.certs.unreadable import Unreadable
from mailjobs.errors import CertificateError
from mailjobs.frozen import frozen
from mailjobs.model import Token
from mailjobs.secret import Secret

NOT_FOUND = 272


@frozen
class Contents:
    """`type` is a key of formats.TYPES, or pkcs11; `entries` are at least one."""

    name: str
    type: str
    entries: tuple[Entry, ...]

    @property
    def title(self) -> str:
        """What people call the format."""
        return "PKCS #11" if self.type == "pkcs11" else title(self.type)

    def as_dict(self) -> dict[str, Any]:
        """As plain data: `certificates` are mappings of alias, certificate (its record), chain (records) and locked.

        Raises CertificateError where a certificate cannot be described.
        """
        return {"file": self.name, "type": self.type, "certificates": [self._entry(one) for one in self.entries]}

    def _entry(self, entry: Entry) -> dict[str, Any]:
        try:
            return {
                "alias": entry.alias or None,
                "certificate": describe_entry(entry),
                "chain": [describe(one) for one in entry.chain],
                "locked": entry.key.words if isinstance(entry.key, Locked) else None,
            }
        except ValueError as error:
            raise CertificateError(f"'{self.name}': a certificate is malformed: {error}") from None


def look(name: str, data: bytes | None, password: Secret | None, subject: str | None = None) -> Contents:
    """What the file `name` holds, or `data` where that is given; with `subject` the one entry that is meant.

    `name` may be a URI of RFC 7512 whose module-path is the module. Raises CertificateError (271, 272), FileError,
    SecretError, SetupError.
    """
    try:
        kind, entries = _read(name, data, password)
        return Contents(name, kind, tuple([choose(entries, subject)] if subject is not None else entries))
    except NotFound as error:
        raise CertificateError(f"'{name}': {error.words}", code=NOT_FOUND, hint=error.hint) from None
    except Unreadable as error:
        raise CertificateError(f"'{name}': {error.words}", hint=error.hint) from None


def _read(name: str, data: bytes | None, password: Secret | None) -> tuple[str, Sequence[Entry]]:
    if data is None and name.startswith("pkcs11:"):
        from mailjobs.certs.pkcs11 import module_of, read_token

        return "pkcs11", read_token(Token(module_of(name), name), password)
    secret = password.reveal().encode() if password is not None else None
    return read_store(of_file(Path(name)) if data is None else bounded(data), secret)
