"""What cannot be read is said: empty, truncated, of another kind, the password missing or wrong, too much work."""

from __future__ import annotations

import resource
import subprocess
import sys
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from mailjobs.certs import der
from mailjobs.certs.entry import Locked
from mailjobs.certs.formats import read_store
from mailjobs.certs.unreadable import Unreadable
from tests.certs.makers import PASSWORD, People, as_json, jks, jwk, run

SECRET = PASSWORD.encode()
WRONG = b"wrong"
MISSING = "encrypted, and there is no password"
ENCRYPTED = (
    "pfx", "legacy.pfx", "no-mac.pfx", "mixed.pem", "pkcs8.key", "scrypt.key", "traditional.key", "pkcs8.der",
    "openssh-locked", "v2-locked.ppk", "v3-locked.ppk", "v3-argon2d.ppk", "jks", "v1.jks",
)  # fmt: skip
SEALED = ("pfx", "legacy.pfx", "no-mac.pfx")


def refused(data: bytes, password: bytes | None = None, wanted: str = "auto") -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read_store(data, password, wanted)
    return caught.value


@pytest.mark.parametrize("name", ENCRYPTED)
def test_a_wrong_password_is_said(stores: Path, name: str) -> None:
    assert "the password is wrong" in refused((stores / f"ec.{name}").read_bytes(), WRONG).words


@pytest.mark.parametrize("name", ENCRYPTED)
@pytest.mark.parametrize("password", [None, b""])
def test_a_missing_password_is_said(stores: Path, name: str, password: bytes | None) -> None:
    """By the store, or by the key where the rest can be read."""
    data = (stores / f"ec.{name}").read_bytes()
    if name in SEALED:
        assert MISSING in refused(data, password).words
        return
    _, entries = read_store(data, password)
    assert isinstance(entries[0].key, Locked)
    assert MISSING in entries[0].key.words


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\t", b"\0" * 20, b"\xef\xbb\xbf"])
def test_an_empty_file_is_empty(data: bytes) -> None:
    assert refused(data).words == "it is empty"


@pytest.mark.parametrize(
    "name", ["pem", "pfx", "crt.der", "der.p7b", "jks", "v3.ppk", "openssh", "rfc4716", "crt", "p7b", "jwk", "key.der"]
)
def test_a_file_that_was_cut_is_truncated(stores: Path, name: str) -> None:
    data = (stores / f"rsa.{name}").read_bytes()
    assert "truncated" in refused(data[: len(data) * 2 // 3], SECRET).words


@pytest.mark.parametrize("name", ["pfx", "crt.der", "der.p7b", "jks", "key.der", "pub.der"])
def test_what_stands_behind_the_end_is_said(stores: Path, name: str) -> None:
    assert "2 octets stand behind its end" in refused((stores / f"ec.{name}").read_bytes() + b"xx", SECRET).words


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xce\xce\xce\xce\0\0\0\2", "JCEKS store"),
        (b"SQLite format 3\0 and so on", "a database"),
        (b"<!DOCTYPE html><html><body>Log in, please", "an HTML page"),
        (b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nabcd\n-----END PGP PRIVATE KEY BLOCK-----", "a PGP key"),
        (b"PK\x03\x04 zip", "a ZIP archive"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"hello, world", "no certificate, key or store"),
        (b'{"kty": "oct", "k": "AAAA"}', "a key for both sides"),
        (b'{"keys": []}  "kty"', "no JSON"),
        (b'{"a": "kty", "kty": "x"}', "'x', which is not known"),
        (b"ssh-rsa-cert-v01@openssh.com AAAAHHNzaC1yc2EtY2VydC12MDFAb3BlbnNzaC5jb20AAAAg", "certificate of OpenSSH"),
        (b"sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIA", "security key"),
        (b"-----BEGIN FUNNY-----\nAAAA\n-----END FUNNY-----\n", "no certificate and no key"),
    ],
)
def test_what_it_is_instead_is_said(data: bytes, words: str) -> None:
    assert words in refused(data).words


def test_requests_and_lists_are_called_by_their_names(stores: Path, tmp_path: Path) -> None:
    request = tmp_path / "csr"
    for form in ("PEM", "DER"):
        run("openssl", "req", "-new", "-key", stores / "rsa.key", "-subj", "/CN=x", "-outform", form, "-out", request)
        assert "a certificate request" in refused(request.read_bytes()).words


def test_a_store_of_bouncy_castle_is_refused_with_the_conversion() -> None:
    """ObjectStore: encrypted by PBES2 one level deeper than a key of PKCS #8."""
    scheme = sequence(bytes.fromhex("06092a864886f70d01050d") + sequence(b""))
    error = refused(sequence(sequence(scheme + b"\x04\x04abcd") + sequence(scheme)))
    assert "BCFKS" in error.words
    assert "-srcstoretype BCFKS" in str(error.hint)


def sequence(content: bytes) -> bytes:
    return b"\x30" + (bytes([len(content)]) if len(content) < 128 else b"\x82" + len(content).to_bytes(2)) + content


@pytest.mark.parametrize(
    ("name", "wanted", "words"),
    [
        ("pfx", "pem", "it is PFX (PKCS #12), not PEM"),
        ("pem", "jks", "it is PEM, not JKS (Java)"),
        ("key", "public", "it holds no certificate"),
        ("pfx", "public", "it is PFX (PKCS #12), not a certificate in PEM or DER"),
    ],
)
def test_another_type_than_was_said(stores: Path, name: str, wanted: str, words: str) -> None:
    assert refused((stores / f"rsa.{name}").read_bytes(), SECRET, wanted).words == words


def test_the_type_that_was_said(stores: Path) -> None:
    for name, wanted in (("pfx", "pfx"), ("crt", "public"), ("crt.der", "public"), ("ssh-pub", "ssh")):
        assert read_store((stores / f"rsa.{name}").read_bytes(), SECRET, wanted)[1]


def test_the_key_of_a_jks_may_have_another_password(people: People) -> None:
    data = jks({"x": (people.keys["ec"], [people.certificates["ec"]])}, "store1", "other1")
    _, entries = read_store(data, b"store1")
    assert entries[0].key.words == "the key has another password than the store"


def test_a_jks_may_hold_what_is_trusted(people: People) -> None:
    own = [people.certificates["ec"]]
    _, entries = read_store(jks({"ca": (None, [people.root]), "me": (people.keys["ec"], own)}), SECRET)
    assert [(entry.alias, entry.has_key) for entry in entries] == [("me", True), ("ca", False)]


def test_a_jks_that_announces_much_ends_where_its_octets_do() -> None:
    head = bytes.fromhex("feedfeed00000002")
    assert "truncated" in refused(head + b"\xff\xff\xff\xff").words
    entry = b"\0\0\0\1\0\1a" + bytes(8)
    assert "truncated" in refused(head + b"\0\0\0\1" + entry + b"\x7f\xff\xff\xff").words
    assert "truncated" in refused(head + b"\0\0\0\1" + entry + b"\0\0\0\0" + b"\xff\xff\xff\xff").words


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Argon2-Memory: 256", b"Argon2-Memory: 67108864"), (b"Argon2-Passes: 2", b"Argon2-Passes: 99999999"),
        (b"Argon2-Parallelism: 1", b"Argon2-Parallelism: 4096"),
    ],
)  # fmt: skip
def test_an_argon2_that_asks_for_too_much_is_refused(stores: Path, old: bytes, new: bytes) -> None:
    data = (stores / "ec.v3-locked.ppk").read_bytes()
    assert old in data
    assert "too much" in refused(data.replace(old, new), SECRET).words


@pytest.mark.parametrize("name", ["pfx", "pkcs8.der", "no-mac.pfx"])
def test_iterations_without_end_are_refused(stores: Path, name: str) -> None:
    data = (stores / f"ec.{name}").read_bytes()
    many = data.replace(b"\x02\x02\x08\x00", b"\x02\x02\x7f\xff")
    assert many != data
    der.MAX_ITERATIONS, before = 10_000, der.MAX_ITERATIONS
    try:
        assert "32767 times: more than 10000" in refused(many, SECRET).words
    finally:
        der.MAX_ITERATIONS = before


def test_a_bcrypt_without_end_is_refused(tmp_path: Path, stores: Path) -> None:
    data = (stores / "ec.openssh-locked").read_bytes()
    body = data.split(b"-----")[2]
    blob = b64decode(b"".join(body.split()))
    assert blob.count(b"\0\0\0\2") == 1
    many = b64encode(blob.replace(b"\0\0\0\2", b"\x7f\0\0\2"))
    assert "by bcrypt" in refused(data.replace(body, b"\n" + many + b"\n"), SECRET).words


def test_keys_that_contradict_themselves_are_damaged(people: People) -> None:
    own, other = jwk(people.keys["ec"]), jwk(ec.generate_private_key(ec.SECP256R1()))
    assert "damaged" in refused(as_json({**own, "d": other["d"]})).words
    rsa = jwk(people.keys["rsa"])
    assert "damaged" in refused(as_json({**rsa, "d": rsa["n"]})).words
    assert "damaged" in refused(as_json({name: rsa[name] for name in ("kty", "n", "e")} | {"d": "AQAB"})).words
    assert "missing" in refused(as_json({"kty": "RSA", "n": rsa["n"]})).words
    assert "larger" in refused(as_json({"kty": "RSA", "n": "A" * 20_000, "e": "AQAB"})).words


def test_a_key_without_its_primes_finds_them(people: People) -> None:
    whole = jwk(people.keys["rsa"])
    _, entries = read_store(as_json({name: whole[name] for name in ("kty", "n", "e", "d")}), None)
    assert entries[0].key.private_numbers().d == people.keys["rsa"].private_numbers().d


HOSTILE = [
    b"-----BEGIN X-----\n" * 60_000,
    b"-----BEGIN CERTIFICATE-----\n" + b"A" * 1_000_000 + b"\n-----END CERTIFICATE-----",
    b"<RSAKeyValue>" * 80_000,
    b"<X509Certificate>" * 60_000,
    b'{"kty":' + b"[" * 500_000,
    b"{" * 500_000 + b'"kty"',
    b" " * 1_000_000 + b"!",
    b"\x30\x84\xff\xff\xff\xff\x30\x84\xff\xff\xff\xff" * 80_000,
    b"\x30\x80" * 500_000,
    b"ssh-rsa " * 120_000,
    b"ssh-rsa AAAA" + b" " * 1_000_000,
    b"PuTTY-User-Key-File-3: ssh-rsa\nPublic-Lines: 999999\n" + b"A\n" * 400_000,
]


def test_hostile_files_take_no_time_and_no_memory(tmp_path: Path) -> None:
    """In a process that may have six seconds of the processor and 600 MB."""
    for number, data in enumerate(HOSTILE):
        (tmp_path / str(number)).write_bytes(data)
    code = (
        "import sys, mailjobs.certs.formats as f\n"
        "from mailjobs.certs.unreadable import Unreadable\n"
        "for path in sys.argv[1:]:\n"
        "    try: f.read_store(open(path, 'rb').read(), b'x')\n"
        "    except Unreadable: print('refused')\n"
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (6, 6))
        resource.setrlimit(resource.RLIMIT_AS, (600_000_000, 600_000_000))

    files = sorted(map(str, tmp_path.iterdir()))
    done = subprocess.run([sys.executable, "-c", code, *files], capture_output=True, text=True, preexec_fn=limit)
    assert (done.returncode, done.stdout.count("refused")) == (0, len(HOSTILE)), done.stderr
