"""`tls.accept`: exactly these certificates or keys, in the place of chain, name and dates."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from mailjobs.errors import CertificateError, FileError, SetupError, VerifyError
from mailjobs.model import Accepted
from mailjobs.net.certificate import name_text, sha256

if TYPE_CHECKING:
    from cryptography import x509

    from mailjobs.certs.entry import Entry

NOT_FOUND = 272


@lru_cache(maxsize=32)
def accepted_digests(accept: tuple[Accepted, ...]) -> Mapping[str, bool]:
    """The SHA-256 of each certificate or key that `accept` names, in hex, and whether its private key lies there too.

    It is kept: a store with a password takes long to open, and a batch has many connections. Raises FileError,
    CertificateError (271, 272), SecretError, SetupError.
    """
    found: dict[str, bool] = {}
    for one in accept:
        if one.sha256 is not None:
            found.setdefault(one.sha256, False)
        else:
            found |= {digest_of(entry): entry.has_key for entry in _meant(one)}
    return found


def refusal(leaf: x509.Certificate, digests: Mapping[str, bool]) -> VerifyError | None:
    """The error where neither the server's certificate nor its key is among `digests`."""
    if not digests.keys().isdisjoint(own_digests(leaf)):
        return None
    return VerifyError(
        f"the server's certificate is refused: {name_text(leaf.subject)} is none that 'tls.accept' names",
        stage="certificate",
        hint=f"if it was replaced by one that you have checked, its SHA-256 is {sha256(leaf)}",
    )


def has_private_key(leaf: x509.Certificate, accept: tuple[Accepted, ...]) -> bool:
    """Whether a file that `accept` names has the private key of the server's certificate, which is not used."""
    digests = accepted_digests(accept)
    return any(digests.get(digest, False) for digest in own_digests(leaf))


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


def digest_of(entry: Entry) -> str:
    """The SHA-256 of what an entry of a store shows: of its certificate, else of its key."""
    from cryptography.hazmat.primitives.serialization import Encoding

    if entry.certificate is None:
        return _key_digests(entry.public)[0]
    return hashlib.sha256(entry.certificate.public_bytes(Encoding.DER)).hexdigest()


def _meant(accepted: Accepted) -> Sequence[Entry]:
    """What a store has that may be shown by a server; with `subject` the one that is meant."""
    from mailjobs.certs.choice import NotFound, choose
    from mailjobs.certs.unreadable import Unreadable

    try:
        entries = _entries(accepted)
        return [choose(entries, accepted.subject)] if accepted.subject is not None else entries
    except Unreadable as error:
        chosen = isinstance(error, NotFound)
        name = error.source or (f"'{accepted.file}'" if accepted.file is not None else "`accept`")
        code, hint = (NOT_FOUND, error.hint) if chosen else (CertificateError.code, error.hint or _shows(accepted))
        raise CertificateError(f"{name}: {error.words}", code=code, place=accepted.place, hint=hint) from None
    except (FileError, SetupError) as error:
        error.place = error.place or accepted.place
        raise


def _entries(accepted: Accepted) -> list[Entry]:
    from mailjobs.certs.formats import read_store
    from mailjobs.certs.sources import contents
    from mailjobs.certs.unreadable import Unreadable

    if accepted.pem is not None:
        found = read_store(accepted.pem.encode(), None, accepted.type)[1]
    else:
        found = contents(accepted)
    shown = [entry for entry in found if entry.certificate is not None or entry.public is not None]
    if not shown:
        raise Unreadable("it has no certificate and no public key that can be read")
    return shown


def _shows(accepted: Accepted) -> str | None:
    """Where the file is no store with a password it may be no certificate at all."""
    return SHOWS if accepted.password is None else None


SHOWS = "'openssl s_client -connect HOST:PORT -starttls smtp' shows a server's certificate in PEM"
