"""PFX (PKCS #12, RFC 7292): keys and certificates, encrypted by modern or by old means, with a MAC or without.

cryptography gives the first key and every certificate. Further keys lie in the open part of the file, encrypted one
by one, and are found there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mailjobs.certs import der
from mailjobs.certs.entry import Entry, Locked, key_entry, octets, paired
from mailjobs.certs.loading import MAX_KEYS, from_der, readable, reading
from mailjobs.certs.unreadable import Unreadable, needs_password, wrong_password

DATA = bytes.fromhex("2a864886f70d010701")
KEY_BAG = bytes.fromhex("2a864886f70d010c0a0101")
SHROUDED_BAG = bytes.fromhex("2a864886f70d010c0a0102")
FRIENDLY_NAME = bytes.fromhex("2a864886f70d010914")


def read(data: bytes, password: bytes | None) -> list[Entry]:
    """Keys with their certificates, then other certificates. Raises Unreadable."""
    der.whole(data)
    der.bounded(data)
    found = _load(data, password)
    own = [found.cert, *found.additional_certs] if found.cert is not None else list(found.additional_certs)
    first = [key_entry(found.key, _text(found.cert.friendly_name) if found.cert else "")] if found.key else []
    more = [one for one in _keys(data, password) if not first or octets(one.public) != octets(first[0].public)]
    with reading("a certificate"):
        certificates = [readable(one.certificate) for one in own]
    entries = paired(certificates, [*first, *more])
    if not entries:
        raise Unreadable("it holds no certificate and no key")
    return entries


def _load(data: bytes, password: bytes | None) -> Any:
    """What cryptography finds; a password that is not needed does no harm."""
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

    with reading("the PFX"):
        for tried in dict.fromkeys((password, None)):
            try:
                return load_pkcs12(data, tried)
            except ValueError as error:
                if "password" not in str(error).lower():
                    raise
        raise wrong_password(sure=False) if password else needs_password()


def _text(name: bytes | None) -> str:
    return name.decode("utf-8", "replace") if name else ""


def _keys(data: bytes, password: bytes | None) -> list[Entry]:
    """The keys of the open part; one that cannot be opened is locked, since the file as a whole could be."""
    found: list[Entry] = []
    for kind, value, alias in _bags(data):
        if len(found) >= MAX_KEYS:
            raise Unreadable(f"it holds more than {MAX_KEYS} private keys")
        try:
            key = from_der(value, password, kind == SHROUDED_BAG)
        except Unreadable as error:
            key = Locked(error.words, error.hint)
        if not isinstance(key, Locked):
            found.append(key_entry(key, alias))
    return found


def _bags(data: bytes) -> Iterator[tuple[bytes, bytes, str]]:
    """Kind, value and friendly name of each key in the open part of a PFX in DER."""
    for safe in _safes(data):
        for bag in der.children(safe, der.element(safe)):
            inner = der.first(safe, bag, 3)
            kind = safe[inner[0].start : inner[0].end] if inner else b""
            if kind in (KEY_BAG, SHROUDED_BAG) and len(inner) > 1:
                alias = _alias(safe, inner[2]) if len(inner) > 2 else ""
                yield kind, safe[inner[1].start : inner[1].end], alias


def _safes(data: bytes) -> Iterator[bytes]:
    outer = der.first(data, der.element(data), 2)
    content = _octets(data, outer[1]) if len(outer) > 1 else b""
    if not content:
        return
    for info in der.children(content, der.element(content)):
        kind = der.first(content, info, 1)
        if kind and content[kind[0].start : kind[0].end] == DATA:
            safe = _octets(content, info)
            if safe:
                yield safe


def _octets(data: bytes, info: der.Element) -> bytes:
    """The octet string of a ContentInfo: a kind, and below [0] the content."""
    parts = der.first(data, info, 2)
    inner = der.first(data, parts[1], 1) if len(parts) > 1 else []
    return data[inner[0].start : inner[0].end] if inner and inner[0].tag == der.OCTET_STRING else b""


def _alias(data: bytes, attributes: der.Element) -> str:
    for attribute in der.children(data, attributes):
        parts = der.first(data, attribute, 2)
        if len(parts) == 2 and data[parts[0].start : parts[0].end] == FRIENDLY_NAME:
            values = der.first(data, parts[1], 1)
            return data[values[0].start : values[0].end].decode("utf-16-be", "replace") if values else ""
    return ""
