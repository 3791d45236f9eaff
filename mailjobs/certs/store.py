"""From what a job names to a private key with its certificate. Private keys have no text form here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailjobs.certs.choice import NotFound, choose
from mailjobs.certs.entry import Entry, Locked, octets, public_of
from mailjobs.certs.formats import read_store
from mailjobs.certs.sources import beside, contents, of_file
from mailjobs.certs.unreadable import Unreadable
from mailjobs.errors import CertificateError, ExitStatus, FileError, MailjobsError, Place, SetupError
from mailjobs.frozen import frozen
from mailjobs.model import CertificateStore
from mailjobs.secret import Secret

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

UNREADABLE, NOT_FOUND, NO_KEY = 271, 272, 273
BESIDE = "`key` names the file of the key"
CERTIFICATE_BESIDE = "`file` or `pem` is the certificate, `key` its key"


@frozen
class Identity:
    """A private key (of cryptography, or a TokenKey), its certificate, and those between that and an authority."""

    key: Any = field(repr=False)
    certificate: Certificate
    chain: tuple[Certificate, ...] = ()


def load_identity(store: CertificateStore) -> Identity:
    """The key and certificate of `store`.

    Raises CertificateError (271 unreadable, 272 no such subject, 273 no key or one of another certificate, 281 a file
    that is missing), SecretError, SetupError.
    """
    try:
        return _identity(store)
    except NotFound as error:
        raise _refused(store, error, NOT_FOUND) from None
    except Unreadable as error:
        raise _refused(store, error, UNREADABLE) from None
    except FileError as error:
        raise _missing(store, error) from None
    except SetupError as error:
        error.place = error.place or store.place
        raise


def needs_password(store: CertificateStore) -> bool:
    """Whether `store`, which can be used, cannot be without its password."""
    try:
        _identity(replace(store, password=None))
    except (Unreadable, MailjobsError):
        return True
    return False


def _identity(store: CertificateStore) -> Identity:
    main = contents(store)
    keys = beside(store.key, store.password) if store.key is not None else []
    chosen = _with_pem(store, main) if store.pem is not None else _with_key(store, main, keys)
    if chosen.certificate is None:
        raise _lacking(store, "it holds no certificate", CERTIFICATE_BESIDE)
    key = chosen.key if chosen.has_key else _fitting(store, chosen, main if store.key is None else keys)
    if isinstance(key, Locked):
        raise _locked(store, key)
    if octets(key.public_key()) != octets(public_of(chosen.certificate)):
        raise _lacking(store, "the key is not that of the certificate", BESIDE)
    chain = _chain(store, chosen)
    return Identity(key, chosen.certificate, chain)


def _with_pem(store: CertificateStore, main: Sequence[Entry]) -> Entry:
    """The certificate that the job itself shows, and the key that the store has for it."""
    assert store.pem is not None
    try:
        _, shown = read_store(store.pem.encode(), None, "auto")
    except Unreadable as error:
        raise Unreadable(f"in `pem`: {error.words}", error.hint) from None
    if any(entry.has_key for entry in shown):
        raise Unreadable("in `pem`: a private key, which all could read who can read the job", "`data: {env: NAME}`")
    chosen = choose(shown, store.subject)
    known = octets(chosen.public)
    own = next((one for one in main if one.has_key and octets(one.public) == known), None)
    return Entry(chosen.certificate, own.key if own else None, chosen.public, chain=chosen.chain)


def _with_key(store: CertificateStore, main: Sequence[Entry], keys: Sequence[Entry]) -> Entry:
    """The certificate that is meant; one of several is that of the only key beside it."""
    if store.subject is None and len(keys) == 1 and keys[0].public is not None:
        known = octets(keys[0].public)
        own = next((one for one in main if one.certificate is not None and octets(one.public) == known), None)
        if own is not None:
            return Entry(own.certificate, keys[0].key, own.public, own.alias, own.chain)
    chosen = choose(main, store.subject)
    return Entry(chosen.certificate, None, chosen.public, chosen.alias, chosen.chain) if keys else chosen


def _fitting(store: CertificateStore, chosen: Entry, among: Sequence[Entry]) -> Any:
    """The key of `chosen` among entries. Raises CertificateError 273, which says whether there was another one."""
    keyed = [entry for entry in among if entry.has_key]
    known = octets(chosen.public)
    found = next((one for one in keyed if one.public is not None and octets(one.public) == known), None)
    hidden = next((one for one in keyed if isinstance(one.key, Locked) and one.public is None), None)
    if found is not None or hidden is not None:
        return (found or hidden).key  # type: ignore[union-attr]
    if keyed:
        raise _lacking(store, "the key is not that of the certificate", BESIDE)
    raise _lacking(store, "it holds no private key", BESIDE)


def _chain(store: CertificateStore, chosen: Entry) -> tuple[Certificate, ...]:
    if not store.chain:
        return chosen.chain
    found: list[Certificate] = []
    for one in store.chain:
        for entry in beside(one, store.password):
            found += [made for made in (entry.certificate, *entry.chain) if made is not None]
    return tuple(one for one in dict.fromkeys(found) if one != chosen.certificate)


def load_certificate(path: Path, place: Place) -> Certificate:
    """The first certificate of a file of any format. Raises FileError, CertificateError."""
    try:
        _, entries = read_store(of_file(path), None)
    except Unreadable as error:
        raise CertificateError(f"'{path}': {error.words}", place=place, hint=error.hint) from None
    except FileError as error:
        raise FileError(error.message, place=place) from None
    found = next((entry.certificate for entry in entries if entry.certificate is not None), None)
    if found is None:
        raise CertificateError(f"'{path}': it holds no certificate", place=place)
    return found


def load_key(pem: Secret, place: Place) -> Any:
    """The private key of a PEM text. Raises CertificateError, SecretError."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(pem.reveal().encode() + b"\n", None)
    except TypeError:
        raise CertificateError("the key is encrypted; store it without a password", place=place) from None
    except ValueError:
        raise CertificateError("the key is no private key in PEM", place=place) from None


def _name(store: CertificateStore) -> str:
    if store.file is not None:
        return f"'{store.file}'"
    return "the token" if store.pkcs11 is not None else "the certificate"


def _refused(store: CertificateStore, error: Unreadable, code: int) -> CertificateError:
    name = error.source or _name(store)
    return CertificateError(f"{name}: {error.words}", code=code, place=store.place, hint=error.hint)


def _lacking(store: CertificateStore, words: str, hint: str) -> CertificateError:
    return CertificateError(f"{_name(store)}: {words}", code=NO_KEY, place=store.place, hint=hint)


def _locked(store: CertificateStore, key: Locked) -> CertificateError:
    return CertificateError(f"{_name(store)}: {key.words}", code=UNREADABLE, place=store.place, hint=key.hint)


def _missing(store: CertificateStore, error: FileError) -> CertificateError:
    found = CertificateError(error.message, code=FileError.missing_certificate, place=store.place)
    found.exit_status = ExitStatus.NOINPUT
    return found
