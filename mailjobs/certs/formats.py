"""The formats, one registry, and which of them a file has: its content says so, never its name."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Callable
from typing import NamedTuple

from mailjobs.certs import bare, jks, jwk, p7b, pem, pfx, ppk, ssh, xml_key
from mailjobs.certs.entry import Entry
from mailjobs.certs.foreign import foreign
from mailjobs.certs.unreadable import EMPTY, Unreadable

Read = Callable[[bytes, bytes | None], list[Entry]]


class Format(NamedTuple):
    """`title` as people call it; `looks` is asked of the content, in the order of the table; `read` gives entries."""

    title: str
    looks: Callable[[bytes], bool]
    read: Read


def _starts(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda data: data.lstrip().startswith(marks)


def _shaped(*shapes: str) -> Callable[[bytes], bool]:
    return lambda data: bare.shape(data) in shapes


def _labels(data: bytes) -> set[bytes]:
    return set(LABEL.findall(data))


LABEL = re.compile(rb"-----BEGIN ([A-Z0-9 #]{1,40})-----")
SSH_LINE = re.compile(rb"(?m)^(?:[^#\r\n{<-][^\r\n]{0,2000}?\s)?(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]{1,60}\s+AAAA")
XML = re.compile(rb"<(?:\w+:)?(?:RSAKeyValue|X509Certificate)\b")
FORMATS: dict[str, Format] = {
    "jks": Format("JKS (Java)", _starts(jks.MAGIC), jks.read),
    "ppk": Format("PPK (PuTTY)", _starts(ppk.MAGIC), ppk.read),
    "ssh": Format("SSH", lambda data: _labels(data) == {pem.OPENSSH} or ssh.RFC4716 in data, ssh.read),
    "p7b": Format("P7B (PKCS #7)", lambda data: bool(_labels(data)) and _labels(data) <= set(pem.BUNDLES), p7b.read),
    "pem": Format("PEM", lambda data: pem.BEGIN in data, pem.read),
    "xml": Format("XML", lambda data: XML.search(data) is not None, xml_key.read),
    "jwk": Format("JWK", lambda data: data.lstrip()[:1] == b"{" and b'"kty"' in data, jwk.read),
    "ssh-lines": Format("SSH", lambda data: SSH_LINE.search(data) is not None, ssh.read),
    "pfx": Format("PFX (PKCS #12)", _shaped("pfx"), pfx.read),
    "p7b-der": Format("P7B (PKCS #7)", _shaped("p7b"), p7b.read),
    "der": Format("DER", _shaped("certificate", "key", "encrypted key", "public key"), bare.read),
}
SAME = {"ssh-lines": "ssh", "p7b-der": "p7b"}
# What `type` may say, and the formats that it lets pass; `public` is a certificate alone.
TYPES = {name: (SAME.get(name, name),) for name in FORMATS if name not in SAME} | {"public": ("pem", "der")}
MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
BASE64 = re.compile(rb"[A-Za-z0-9+/\s]{24,}={0,2}")


def read_store(data: bytes, password: bytes | None, wanted: str = "auto") -> tuple[str, list[Entry]]:
    """The format of `data` and its entries, of which there is at least one; keys come first.

    `wanted` is a key of TYPES, or auto. Raises Unreadable; SetupError where a package is missing.
    """
    data, password = unwrapped(data), password or None
    name = recognised(data)
    if wanted != "auto" and name not in TYPES[wanted]:
        raise Unreadable(f"it is {FORMATS[name].title}, not {title(wanted)}", "`type: auto` finds out by itself")
    entries = _format(data, name).read(data, password)
    if wanted == "public" and not any(entry.certificate for entry in entries):
        raise Unreadable("it holds no certificate")
    return name, entries


def title(name: str) -> str:
    """What people call a format, or a type."""
    return FORMATS[name].title if name in FORMATS else "a certificate in PEM or DER"


def _format(data: bytes, name: str) -> Format:
    return next(one for key, one in FORMATS.items() if SAME.get(key, key) == name and one.looks(data))


def recognised(data: bytes) -> str:
    """The format of `data`, a key of TYPES. Raises Unreadable, which says what it is instead where that can be seen."""
    if not data.strip(b" \t\r\n\0"):
        raise Unreadable(EMPTY)
    refused = foreign(data)
    if refused is not None:
        raise refused
    for name, one in FORMATS.items():
        if one.looks(data):
            return SAME.get(name, name)
    raise Unreadable("it is no certificate, key or store of a kind that is known, or it is damaged")


def unwrapped(data: bytes) -> bytes:
    """`data` without a byte order mark, and without base64 around all of it."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            data = data[len(mark) :].decode(encoding, "replace").encode()
            break
    text = data.strip()
    if BASE64.fullmatch(text):
        try:
            inner = b64decode(b"".join(text.split()), validate=True)
        except Error:
            return data
        if foreign(inner) or any(one.looks(inner) for one in FORMATS.values()):
            return inner
    return data
