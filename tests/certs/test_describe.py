"""The record of a certificate, compared with what openssl and ssh-keygen say."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from mailjobs.certs.describe import describe, describe_entry, serial
from mailjobs.certs.entry import Entry, key_entry
from mailjobs.certs.formats import read_store
from mailjobs.certs.usage import FLAGS
from mailjobs.certs.wire import blob
from tests.certs.makers import called, name, run, signed

OID = x509.NameOID
WHO = name(
    (OID.COUNTRY_NAME, "DE"), (OID.STATE_OR_PROVINCE_NAME, "Hessen"), (OID.ORGANIZATION_NAME, 'A "B", & Söhne'),
    (OID.COMMON_NAME, "www.example.com"), (OID.EMAIL_ADDRESS, "me@example.com"),
)  # fmt: skip
KEYS = {
    "rsa": rsa.generate_private_key(65537, 2048), "ec": ec.generate_private_key(ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
}  # fmt: skip
USAGE = x509.KeyUsage(
    digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
    key_agreement=True, key_cert_sign=False, crl_sign=True, encipher_only=True, decipher_only=False,
)  # fmt: skip
NAMES = x509.SubjectAlternativeName(
    [
        x509.DNSName("a.example"), x509.IPAddress(ip_address("192.0.2.7")), x509.IPAddress(ip_address("2001:db8::1")),
        x509.RFC822Name("me@example.com"), x509.UniformResourceIdentifier("https://example.com/"),
        x509.DirectoryName(called("x")), x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4")),
    ]
)  # fmt: skip
PURPOSES = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH, x509.ObjectIdentifier("1.2.3.4")])


def made(kind: str = "rsa") -> x509.Certificate:
    key = KEYS[kind]
    digest = None if kind == "ed25519" else hashes.SHA384()
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(called("issuer"), WHO, key.public_key(), 0x0ABC)
    builder = builder.not_valid_before(now - timedelta(days=2)).not_valid_after(now + timedelta(days=3, hours=1))
    for extension in (USAGE, NAMES, PURPOSES):
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, digest)


def openssl(certificate: x509.Certificate, *words: str) -> str:
    return run("openssl", "x509", "-noout", *words, input=certificate.public_bytes(Encoding.PEM)).decode()


def moment(text: str) -> datetime:
    return datetime.strptime(text.strip(), "%b %d %H:%M:%S %Y %Z").replace(tzinfo=UTC)


@pytest.mark.parametrize("kind", KEYS)
def test_it_says_what_openssl_says(kind: str) -> None:
    certificate = made(kind)
    told = describe(certificate)
    text = openssl(certificate, "-serial", "-startdate", "-enddate", "-pubkey", "-text")
    lines = dict(
        line.split("=", 1) for line in text.splitlines() if line.startswith(("serial=", "notBefore=", "notAfter="))
    )
    assert told["serial"] == lines["serial"] == "0ABC"
    assert datetime.fromisoformat(told["not_before"]) == moment(lines["notBefore"])
    assert datetime.fromisoformat(told["not_after"]) == moment(lines["notAfter"])
    assert told["days_left"] == 3
    assert f"Signature Algorithm: {told['signature_algorithm']}\n" in text
    assert told["version"] == "V3"
    assert "Version: 3 (0x2)" in text
    for digest in ("md5", "sha1", "sha256"):
        shown = openssl(certificate, "-fingerprint", f"-{digest}").strip().partition("=")[2]
        assert told[digest] == shown.lower()
    assert told["public_key_pem"] in text
    if kind != "ed25519":
        assert f"({told['public_key_bits']} bit)" in text
    assert told["public_key_algorithm"] == {"rsa": "RSA", "ec": "EC", "ed25519": "Ed25519"}[kind]


def test_names_in_one_text_and_in_parts() -> None:
    told = describe(made())
    whole = 'E=me@example.com, CN=www.example.com, O="A \\"B\\", & Söhne", ST=Hessen, C=DE'
    assert told["subject"] == whole
    assert told["issuer"] == 'CN=issuer, O="Tests, Inc."'
    shown = openssl(made(), "-subject", "-nameopt", "multiline,utf8,-esc_msb")
    values = re.findall(r"= (.*)", shown)
    assert [part["value"] for part in told["subject_parts"]] == values[::-1]
    assert [part["name"] for part in told["subject_parts"]] == ["E", "CN", "O", "ST", "C"]


def test_alternative_names_by_kind() -> None:
    told = describe(made())["alt_names"]
    shown = openssl(made(), "-ext", "subjectAltName")
    assert told == {
        "dns": ["a.example"], "ip": ["192.0.2.7", "2001:db8::1"], "email": ["me@example.com"],
        "uri": ["https://example.com/"], "other": ['CN=x, O="Tests, Inc."', "1.2.3.4"],
    }  # fmt: skip
    assert all(f"DNS:{one}" in shown for one in told["dns"])
    assert all(f"email:{one}" in shown for one in told["email"])
    assert all(f"URI:{one}" in shown for one in told["uri"])


def test_usages_by_name_and_as_numbers() -> None:
    told = describe(made())
    assert told["key_usage"] == [
        "Digital Signature", "Non-Repudiation", "Key Agreement", "CRL Signing", "Encipher Only",
    ]  # fmt: skip
    assert told["key_usage_flags"] == 0x80 | 0x40 | 0x08 | 0x02 | 0x01
    assert sum(flag for flag, _ in FLAGS.values() if flag < 0x100) == 0xFF
    assert told["extended_key_usage"] == [
        {"oid": "1.3.6.1.5.5.7.3.2", "name": "TLS client"}, {"oid": "1.2.3.4", "name": "1.2.3.4"},
    ]  # fmt: skip
    bare = describe(signed(called("x"), KEYS["ec"], called("x"), KEYS["ec"]))
    assert (bare["key_usage"], bare["key_usage_flags"], bare["extended_key_usage"]) == ([], 0, [])


MORE = [
    ec.generate_private_key(ec.SECP256R1()),
    ec.generate_private_key(ec.SECP521R1()),
    dsa.generate_private_key(1024),
]


@pytest.mark.parametrize("key", [*KEYS.values(), *MORE], ids=lambda key: type(key).__name__)
def test_fingerprints_are_of_the_key_as_ssh_keygen_shows_them(tmp_path: Path, key: Any) -> None:
    told = describe_entry(key_entry(key))
    path = tmp_path / "key.pub"
    written = blob(key.public_key())
    assert written is not None
    kind = written[4 : 4 + int.from_bytes(written[:4])]
    path.write_bytes(kind + b" " + b64encode(written) + b"\n")
    if not isinstance(key, dsa.DSAPrivateKey):
        assert path.read_bytes().strip() == key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    shown = run("ssh-keygen", "-l", "-f", path).decode().split()
    assert (int(shown[0]), shown[1]) == (told["public_key_bits"], told["key_ssh"])
    md5 = run("ssh-keygen", "-l", "-E", "md5", "-f", path).decode().split()[1]
    assert md5 == f"MD5:{told['key_md5']}"
    assert told["md5"] is told["sha1"] is told["sha256"] is told["pem"] is told["subject"] is None
    assert told["has_private_key"]


def test_a_fingerprint_is_no_thumbprint() -> None:
    own, again = made("ec"), made("ec")
    assert describe(own)["key_sha256"] == describe(again)["key_sha256"]
    assert describe(own)["sha256"] != describe(again)["sha256"]


def test_a_key_that_ssh_has_no_form_for_has_no_fingerprint() -> None:
    told = describe_entry(key_entry(ec.generate_private_key(ec.SECP256K1())))
    assert (told["public_key_algorithm"], told["public_key_bits"], told["key_ssh"]) == ("EC", 256, None)
    told = describe_entry(Entry(public=ed448.Ed448PrivateKey.generate().public_key()))
    assert (told["public_key_bits"], told["key_ssh"] is not None, told["has_private_key"]) == (448, True, False)


def test_every_record_has_the_same_keys() -> None:
    of_key = describe_entry(key_entry(KEYS["ec"]))
    of_nothing = describe_entry(Entry())
    assert list(describe(made())) == list(describe(made("ec"), True))
    assert set(of_key) == set(of_nothing) == set(describe(made()))


@pytest.mark.parametrize(("number", "text"), [(1, "01"), (0xABC, "0ABC"), (0, "00"), (-1, "-01"), (-300, "-012C")])
def test_serial_numbers_that_are_not_above_zero(number: int, text: str) -> None:
    assert serial(number) == text


def test_a_certificate_of_version_1_with_serial_zero(tmp_path: Path) -> None:
    """As old authorities wrote them: openssl makes one without extensions."""
    key, request, path = tmp_path / "key", tmp_path / "csr", tmp_path / "crt"
    key.write_bytes(KEYS["rsa"].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    run("openssl", "req", "-new", "-key", key, "-subj", "/CN=old", "-out", request)
    run("openssl", "x509", "-req", "-in", request, "-signkey", key, "-set_serial", "0", "-out", path)
    _, entries = read_store(path.read_bytes(), None)
    told = describe_entry(entries[0])
    assert (told["version"], told["serial"]) == ("V1", "00")


def test_a_hostile_subject_moves_no_cursor() -> None:
    told = describe(signed(called("a\x1b[2Jb\n"), KEYS["ec"], called("x"), KEYS["ec"]))
    assert told["subject"] == 'CN=a?[2Jb?, O="Tests, Inc."'
