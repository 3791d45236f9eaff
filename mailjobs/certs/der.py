"""As much of DER (X.690) as tells one store from another, and bounds the work that a store may ask for.

Nothing is decoded here that cryptography decodes. Headers are believed only as far as there are octets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mailjobs.certs.unreadable import TRUNCATED, Unreadable

INTEGER, BIT_STRING, OCTET_STRING, OID, SEQUENCE = 0x02, 0x03, 0x04, 0x06, 0x30
CONSTRUCTED = 0x20
MAX_ITERATIONS = 10_000_000  # of PBKDF2 and its elders: some ten seconds
MAX_SCRYPT = 256 * 1024 * 1024  # octets
DEEPEST = 24
MOST = 100_000  # elements that are looked at
PBKDF2 = bytes.fromhex("2a864886f70d01050c")
SCRYPT = bytes.fromhex("2b06010401da47040b")
ITERATED = (PBKDF2, bytes.fromhex("2a864886f70d010c01"), bytes.fromhex("2a864886f70d0105"))


class Element(NamedTuple):
    """Where an element's content lies. `end` is beyond the octets where they are truncated."""

    tag: int
    start: int
    end: int


def element(data: bytes, at: int = 0) -> Element:
    """The element at `at`; one of indefinite length reaches to the end. Raises Unreadable where its header is cut."""
    head = data[at : at + 2]
    if len(head) < 2:
        raise Unreadable(TRUNCATED)
    length, start = head[1], at + 2
    if length == 0x80:
        return Element(head[0], start, len(data))
    if length > 0x80:
        size = length & 0x7F
        if size > 8:
            raise Unreadable("it is damaged")
        octets = data[start : start + size]
        if len(octets) < size:
            raise Unreadable(TRUNCATED)
        length, start = int.from_bytes(octets), start + size
    return Element(head[0], start, start + length)


def children(data: bytes, parent: Element) -> Iterator[Element]:
    """The elements within `parent`, as far as they can be told."""
    at, end = parent.start, min(parent.end, len(data))
    while at < end:
        try:
            child = element(data, at)
        except Unreadable:
            return
        yield child
        at = child.end


def first(data: bytes, parent: Element, count: int) -> list[Element]:
    """The first elements within `parent`, `count` at most."""
    return [child for child, _ in zip(children(data, parent), range(count), strict=False)]


def whole(data: bytes) -> None:
    """Raises Unreadable where `data` is less or more than one element."""
    outer = element(data)
    if data[1] == 0x80:
        return
    if outer.end > len(data):
        raise Unreadable(f"{TRUNCATED}: {outer.end - len(data)} of its {outer.end} octets are missing")
    if outer.end < len(data):
        raise Unreadable(f"{len(data) - outer.end} octets stand behind its end", "is it two files in one?")


def bounded(data: bytes) -> None:
    """Raises Unreadable where opening `data` would take more time or memory than any honest store does."""
    left = [MOST]
    _walk(data, Element(0, 0, len(data)), 0, left)


def _walk(data: bytes, parent: Element, depth: int, left: list[int]) -> None:
    before: Element | None = None
    for child in children(data, parent):
        left[0] -= 1
        if depth > DEEPEST or left[0] < 0:
            return
        if before is not None and before.tag == OID and child.tag == SEQUENCE:
            _check_parameters(data, data[before.start : before.end], child)
        if child.tag & CONSTRUCTED or (child.tag == OCTET_STRING and data[child.start : child.start + 1] == b"\x30"):
            _walk(data, child, depth + 1, left)
        _check_mac(data, parent, before, child)
        before = child


def _check_parameters(data: bytes, name: bytes, parameters: Element) -> None:
    numbers = [int.from_bytes(data[one.start : one.end]) for one in first(data, parameters, 4) if one.tag == INTEGER]
    if name == SCRYPT and len(numbers) >= 2 and 128 * numbers[0] * numbers[1] > MAX_SCRYPT:
        raise Unreadable(f"its key takes {128 * numbers[0] * numbers[1]} octets of memory to derive: too many")
    if name.startswith(ITERATED) and name != SCRYPT and numbers:
        _check_iterations(numbers[0])


def _check_mac(data: bytes, parent: Element, before: Element | None, child: Element) -> None:
    """MacData of PKCS #12 (RFC 7292): digest, salt, iterations."""
    if child.tag == INTEGER and before is not None and before.tag == OCTET_STRING and child.end == parent.end:
        _check_iterations(int.from_bytes(data[child.start : child.end]))


def _check_iterations(number: int) -> None:
    if number > MAX_ITERATIONS:
        raise Unreadable(f"its password is to be hashed {number} times: more than {MAX_ITERATIONS}")
