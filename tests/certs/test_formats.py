"""Every format, by its content alone, as the programs that people use write it."""

from __future__ import annotations

from base64 import encodebytes
from pathlib import Path

import pytest

from mailjobs.certs.entry import Entry, octets
from mailjobs.certs.formats import FORMATS, SAME, TYPES, read_store
from tests.certs.makers import PASSWORD, People

# Name, type, whether it is encrypted, and what it has: a certificate, a key, so many certificates above.
WHOLE, KEY, PUBLIC = (True, True), (False, True), (False, False)
FILES = {
    "pem": ("pem", False, *WHOLE, 2), "mixed.pem": ("pem", True, *WHOLE, 2),
    "pfx": ("pfx", True, *WHOLE, 2), "legacy.pfx": ("pfx", True, *WHOLE, 2), "no-mac.pfx": ("pfx", True, *WHOLE, 2),
    "open.pfx": ("pfx", False, *WHOLE, 2), "no-password.pfx": ("pfx", False, *WHOLE, 2),
    "jks": ("jks", True, *WHOLE, 2), "v1.jks": ("jks", True, *WHOLE, 2), "jwk": ("jwk", False, *WHOLE, 2),
    "key": ("pem", False, *KEY, 0), "traditional": ("pem", False, *KEY, 0), "pkcs8.key": ("pem", True, *KEY, 0),
    "scrypt.key": ("pem", True, *KEY, 0), "traditional.key": ("pem", True, *KEY, 0),
    "key.der": ("der", False, *KEY, 0), "pkcs8.der": ("der", True, *KEY, 0), "openssh": ("ssh", False, *KEY, 0),
    "openssh-locked": ("ssh", True, *KEY, 0), "v2.ppk": ("ppk", False, *KEY, 0), "v3.ppk": ("ppk", False, *KEY, 0),
    "v2-locked.ppk": ("ppk", True, *KEY, 0), "v3-locked.ppk": ("ppk", True, *KEY, 0),
    "v3-argon2i.ppk": ("ppk", True, *KEY, 0), "v3-argon2d.ppk": ("ppk", True, *KEY, 0),
    "jwks": ("jwk", False, *KEY, 0), "crt": ("pem", False, True, False, 0), "crt.der": ("der", False, True, False, 0),
    "p7b": ("p7b", False, True, False, 2), "der.p7b": ("p7b", False, True, False, 2), "pub": ("pem", False, *PUBLIC, 0),
    "pub.der": ("der", False, *PUBLIC, 0), "ssh-pub": ("ssh", False, *PUBLIC, 0), "rfc4716": ("ssh", False, *PUBLIC, 0),
}  # fmt: skip
OF_RSA = {"xml": ("xml", False, *KEY, 0), "pub.xml": ("xml", False, *PUBLIC, 0)}
ALL = [(f"{kind}.{name}", *row) for kind in ("rsa", "ec") for name, row in FILES.items()]
ALL += [(f"rsa.{name}", *row) for name, row in OF_RSA.items()]


@pytest.mark.parametrize(
    ("name", "kind", "encrypted", "certificate", "key", "above"), ALL, ids=lambda value: str(value)
)
def test_its_content_tells_what_it_is(
    stores: Path, people: People, name: str, kind: str, encrypted: bool, certificate: bool, key: bool, above: int,
) -> None:  # fmt: skip
    found, entries = read_store((stores / name).read_bytes(), PASSWORD.encode() if encrypted else None)
    assert found == kind
    assert len(entries) == 1
    own: Entry = entries[0]
    owner = people.keys[name.partition(".")[0]]
    assert octets(own.public) == octets(owner.public_key())
    assert (own.certificate is not None, own.unlocked) == (certificate, key)
    assert own.chain == (people.middle, people.root)[:above]
    if key:
        assert own.key.private_numbers() == owner.private_numbers()


@pytest.mark.parametrize("name", ["ec.pem", "ec.pfx", "ec.der.p7b", "ec.jks", "ec.jwk", "ec.v3.ppk", "ec.key.der"])
def test_base64_around_all_of_it_does_not_count(stores: Path, name: str) -> None:
    data = (stores / name).read_bytes()
    kind, entries = read_store(encodebytes(data), PASSWORD.encode())
    assert (kind, len(entries)) == (read_store(data, PASSWORD.encode())[0], 1)


def test_every_format_is_tried() -> None:
    assert {row[1] for row in ALL} == {SAME.get(name, name) for name in FORMATS} == set(TYPES) - {"public"}


@pytest.mark.parametrize("password", [None, PASSWORD.encode()])
def test_a_password_that_is_not_needed_does_no_harm(stores: Path, password: bytes | None) -> None:
    for name in ("ec.pem", "ec.no-password.pfx", "ec.open.pfx", "ec.v3.ppk", "ec.openssh", "ec.key.der"):
        assert read_store((stores / name).read_bytes(), password)[1][0].unlocked


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"])
def test_text_that_windows_wrote(stores: Path, mark: bytes) -> None:
    encoding = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}[mark]
    text = (stores / "rsa.pem").read_text().replace("\r", "").replace("\n", "\r\n")
    kind, entries = read_store(mark + text.encode(encoding), None)
    assert (kind, entries[0].unlocked) == ("pem", True)


@pytest.mark.parametrize(
    ("name", "public"),
    [
        ("rsa.jks", True), ("rsa.openssh-locked", True), ("rsa.v3-locked.ppk", True), ("ec.v2-locked.ppk", True),
        ("rsa.mixed.pem", True), ("rsa.pkcs8.key", False),
    ],
)  # fmt: skip
def test_without_the_password_what_is_open_is_shown(stores: Path, name: str, public: bool) -> None:
    _, entries = read_store((stores / name).read_bytes(), None)
    assert entries[0].has_key
    assert not entries[0].unlocked
    assert (entries[0].public is not None) == public
