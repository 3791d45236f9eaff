"""XML: RSA keys as .NET writes them (RSAKeyValue), and certificates of XML signatures (X509Certificate).

The elements are looked for by name and nothing else of XML is done, so no entity, reference or depth counts.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from typing import Any

from mailjobs.certs.entry import Entry, key_entry, paired
from mailjobs.certs.loading import certificate
from mailjobs.certs.numbers import rsa_private, rsa_public
from mailjobs.certs.unreadable import TRUNCATED, Unreadable

KEY = re.compile(rb"<(?:\w+:)?RSAKeyValue\b[^<>]*>(.*?)</(?:\w+:)?RSAKeyValue\s*>", re.DOTALL)
CERTIFICATE = re.compile(rb"<(?:\w+:)?X509Certificate\b[^<>]*>([^<>]*)</(?:\w+:)?X509Certificate\s*>")
FIELD = re.compile(rb"<(?:\w+:)?(\w+)\b[^<>]*>([^<>]*)</(?:\w+:)?\1\s*>")
MAX_ELEMENTS = 64
OPEN = re.compile(rb"<(?:\w+:)?(?:RSAKeyValue|X509Certificate)\b")


def read(data: bytes, password: bytes | None) -> list[Entry]:
    """Entries of keys and certificates. Raises Unreadable."""
    wanted = OPEN.findall(data)
    if len(wanted) > MAX_ELEMENTS:
        raise Unreadable(f"it holds more than {MAX_ELEMENTS} keys and certificates")
    found = KEY.findall(data)
    certificates = [certificate(_octets(one)) for one in CERTIFICATE.findall(data)]
    if len(found) + len(certificates) < len(wanted):
        raise Unreadable(f"{TRUNCATED}: an element has no end")
    keys: list[Entry] = []
    publics: list[Any] = []
    for one in found:
        numbers = {name.decode(): int.from_bytes(_octets(text)) for name, text in FIELD.findall(one)}
        if "D" in numbers:
            keys.append(key_entry(_private(numbers)))
        else:
            publics.append(rsa_public(numbers.get("Modulus", 0), numbers.get("Exponent", 0)))
    entries = paired(certificates, keys, publics)
    if not entries:
        raise Unreadable("it is XML without RSAKeyValue or X509Certificate")
    return entries


def _private(numbers: dict[str, int]) -> Any:
    n, e, d, p, q = (numbers.get(name, 0) for name in ("Modulus", "Exponent", "D", "P", "Q"))
    return rsa_private(n, e, d, p, q)


def _octets(text: bytes) -> bytes:
    try:
        return b64decode(b"".join(text.split()), validate=True)
    except Error:
        raise Unreadable("it is damaged: an element is no base64") from None
