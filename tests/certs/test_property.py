"""Parsers are fed less, more and other than they expect: an error of ours, never another."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailjobs.certs.bare import shape
from mailjobs.certs.choice import choose
from mailjobs.certs.describe import describe_entry
from mailjobs.certs.entry import Entry
from mailjobs.certs.formats import FORMATS, read_store
from mailjobs.certs.names import folded, name_parts, parsed, subject_text
from mailjobs.certs.unreadable import Unreadable
from tests.certs.makers import PASSWORD, name
from tests.certs.test_formats import ALL

SECRET = PASSWORD.encode()
SMALL = [row[0] for row in ALL if row[0].startswith("ec.") and row[0] not in ("ec.scrypt.key", "ec.mixed.pem")]


def fed(data: bytes, password: bytes | None) -> bool:
    """Whether it was read; what was read can be described."""
    try:
        _, entries = read_store(data, password)
    except Unreadable:
        return False
    for entry in entries:
        described = describe_entry(entry)
        assert described["has_private_key"] == entry.has_key
    return True


@pytest.mark.parametrize("file", SMALL)
def test_truncated_at_every_octet(stores: Path, file: str) -> None:
    """With the password; what a text only lacks blanks or a last line of is whole all the same."""
    data = (stores / file).read_bytes().rstrip()
    encrypted = next(row[2] for row in ALL if row[0] == file)
    for end in range(len(data)):
        assert not fed(data[:end], SECRET if encrypted else None) or file in ENDLESS, (file, end)


# Of these a beginning is whole: texts of several parts, lines without an end mark, a comment at the end.
ENDLESS = ("ec.pem", "ec.p7b", "ec.crt", "ec.ssh-pub", "ec.key")


@pytest.mark.parametrize("file", [*SMALL, "rsa.xml"])
@pytest.mark.parametrize("behind", [b"\0", b"\n", b"\xff" * 40, b"-----BEGIN "])
def test_with_something_behind_it(stores: Path, file: str, behind: bytes) -> None:
    encrypted = next(row[2] for row in ALL if row[0] == file)
    fed((stores / file).read_bytes() + behind, SECRET if encrypted else None)


@pytest.mark.parametrize("file", SMALL)
def test_with_single_octets_changed(stores: Path, file: str) -> None:
    data = (stores / file).read_bytes()
    dice = random.Random(file)
    for _ in range(40):
        at = dice.randrange(len(data))
        fed(data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :], SECRET)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_octets(data: bytes) -> None:
    for start in (b"", b"\x30\x82", b"\xfe\xed\xfe\xed\0\0\0\2", b"-----BEGIN CERTIFICATE-----\n", b'{"kty":"RSA",'):
        fed(start + data, b"x")
    shape(data)
    for one in FORMATS.values():
        one.looks(data)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text_behind_the_mark_of_a_format(text: str) -> None:
    for start in ("ssh-ed25519 AAAA", "PuTTY-User-Key-File-3: ", "<RSAKeyValue>", "---- BEGIN SSH2 PUBLIC KEY ----"):
        fed((start + text).encode("utf-8", "surrogatepass"), None)


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(str.isprintable)
OIDS = ["2.5.4.3", "2.5.4.10", "2.5.4.11", "2.5.4.8", "1.2.840.113549.1.9.1"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(OIDS), NAMES), min_size=1, max_size=4))
def test_a_subject_is_read_as_it_is_written(parts: list[tuple[str, str]]) -> None:
    from cryptography.x509 import ObjectIdentifier

    made = name(*((ObjectIdentifier(oid), value) for oid, value in parts))
    found = parsed(subject_text(made))
    assert found is not None
    assert folded(found) == folded(name_parts(made))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(subject=st.text(max_size=60))
def test_any_subject_finds_something_or_says_what_there_is(stores: Path, subject: str) -> None:
    _, entries = read_store((stores / "ec.crt").read_bytes(), None)
    found: Entry | str
    try:
        found = choose(entries, subject)
    except Unreadable as error:
        found = error.words
    assert found == entries[0] or (isinstance(found, str) and "CN=ec" in found)
