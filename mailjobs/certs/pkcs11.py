"""PKCS #11 tokens: certificates are read out of them, keys stay within."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from mailjobs.certs.entry import Entry, paired, public_of
from mailjobs.certs.loading import certificate
from mailjobs.certs.names import printable
from mailjobs.certs.token_key import TokenKey
from mailjobs.certs.unreadable import Unreadable, needs_password
from mailjobs.errors import SetupError
from mailjobs.model import Token
from mailjobs.secret import Secret

KNOWN = ("token", "serial", "manufacturer", "model", "object", "id")
NO_PROVIDER = 270


def read_token(token: Token, password: Secret | None) -> list[Entry]:
    """The certificates of a token, with their keys, which stay there. `password` is the PIN.

    Raises Unreadable, SecretError; SetupError 270 where the package or the module is missing.
    """
    wanted = parse_uri(token.uri)
    library = _library(token)
    pin = password.reveal() if password is not None else None
    with _session(library, wanted, pin) as session:
        found = list(_objects(session, wanted, password))
    if not found:
        raise Unreadable("the token has no such certificate" + ("" if pin else "; without its PIN keys do not show"))
    return sorted(found, key=lambda entry: not entry.has_key)


def parse_uri(uri: str) -> dict[str, bytes]:
    """The attributes of a URI of RFC 7512, as octets. Raises Unreadable."""
    path, _, query = uri.removeprefix("pkcs11:").partition("?")
    if "pin-value=" in query:
        raise Unreadable("a URI with the PIN in it shows a secret", "the PIN is given as a password is")
    found: dict[str, bytes] = {}
    for pair in filter(None, path.split(";")):
        name, sign, value = pair.partition("=")
        if not sign or name not in KNOWN:
            hint = f"known are {', '.join(KNOWN)}"
            raise Unreadable(f"the URI has the attribute '{printable(name)[:40]}', which is not known", hint)
        found[name] = unquote(value, "latin-1").encode("latin-1", "replace")
    return found


def module_of(uri: str) -> Path:
    """The module that a URI names by itself, in its module-path. Raises Unreadable."""
    for pair in uri.partition("?")[2].split("&"):
        name, _, value = pair.partition("=")
        if name == "module-path" and value:
            return Path(unquote(value))
    raise Unreadable("the URI names no module", "'pkcs11:token=NAME?module-path=/usr/lib/softhsm/libsofthsm2.so'")


def _library(token: Token) -> Any:
    try:
        pkcs11 = import_module("pkcs11")
    except ImportError:
        hint = "pip install 'mailjobs[certs]'"
        raise SetupError("a PKCS #11 token needs an optional package", hint=hint, code=NO_PROVIDER) from None
    try:
        return pkcs11.lib(str(token.module))
    except (RuntimeError, OSError, pkcs11.exceptions.PKCS11Error):
        words = f"'{token.module}' is no PKCS #11 module that can be loaded"
        raise SetupError(words, code=NO_PROVIDER) from None


@contextmanager
def _session(library: Any, wanted: dict[str, bytes], pin: str | None) -> Iterator[Any]:
    errors = import_module("pkcs11.exceptions")
    try:
        with _token(library, wanted).open(user_pin=pin) as session:
            yield session
    except (errors.PinIncorrect, errors.PinInvalid, errors.PinLenRange):
        raise Unreadable("the PIN is wrong") from None
    except errors.PinLocked:
        raise Unreadable("the token is locked: its PIN was wrong too often") from None
    except errors.UserNotLoggedIn:
        raise needs_password("the token") from None
    except errors.PKCS11Error as error:
        raise Unreadable(f"the token does not answer: {type(error).__name__}") from None


def _token(library: Any, wanted: dict[str, bytes]) -> Any:
    initialized = import_module("pkcs11.constants").TokenFlag.TOKEN_INITIALIZED
    tokens = [slot.get_token() for slot in library.get_slots(token_present=True)]
    tokens = [one for one in tokens if initialized in one.flags]
    found = [one for one in tokens if _is(one, wanted)]
    names = ", ".join(f"'{_text(one.label)}'" for one in tokens) or "none"
    if not found:
        raise Unreadable(f"there is no such token; there are {names}")
    if len(found) > 1:
        raise Unreadable(f"several tokens fit: {names}", "`token=` or `serial=` says which")
    return found[0]


def _is(token: Any, wanted: dict[str, bytes]) -> bool:
    own = {"token": token.label, "serial": token.serial, "manufacturer": token.manufacturer_id, "model": token.model}
    return all(_text(own[name]) == value.decode("utf-8", "replace") for name, value in wanted.items() if name in own)


def _text(value: Any) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.rstrip(" \0")


def _objects(session: Any, wanted: dict[str, bytes], pin: Secret | None) -> Iterator[Entry]:
    """Certificates with whether a key of the same id is there, each with the others as its chain."""
    constants = import_module("pkcs11.constants")
    attribute, kinds = constants.Attribute, constants.ObjectClass
    keys = {one[attribute.ID] for one in session.get_objects({attribute.CLASS: kinds.PRIVATE_KEY})}
    others = [
        (certificate(bytes(one[attribute.VALUE])), _text(one[attribute.LABEL]), bytes(one[attribute.ID]))
        for one in session.get_objects({attribute.CLASS: kinds.CERTIFICATE})
    ]
    chains = {entry.certificate: entry.chain for one, _, _ in others for entry in paired([one, *_rest(others, one)])}
    for one, label, identity in others:
        named = wanted.get("object", label.encode()) == label.encode() and wanted.get("id", identity) == identity
        if named:
            public = public_of(one)
            key = TokenKey(session.token.serial, identity, pin, public) if identity in keys else None
            yield Entry(one, key, public, label, chains.get(one, ()))


def _rest(others: Any, own: Any) -> list[Any]:
    return [one for one, _, _ in others if one != own]
