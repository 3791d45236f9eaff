"""Stores of every kind, made by the programs that people make them with."""

from __future__ import annotations

import json
import os
import subprocess
from base64 import b64encode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

PASSWORD = "pä sswörd"
ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
DAY = timedelta(days=1)
PKCS8 = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
TRADITIONAL = (Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def name(*parts: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    """A name, each part in a set of its own, what is most general first."""
    return x509.Name([x509.NameAttribute(*part) for part in parts])


def called(text: str) -> x509.Name:
    return name((x509.NameOID.ORGANIZATION_NAME, "Tests, Inc."), (x509.NameOID.COMMON_NAME, text))


def signed(
    subject: x509.Name, key: Any, issuer: x509.Name, signer: Any, *extensions: x509.ExtensionType, serial: int = 0
) -> x509.Certificate:
    """A certificate for `key` that `signer` signs."""
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), serial or x509.random_serial_number())
    builder = builder.not_valid_before(now - DAY).not_valid_after(now + 30 * DAY)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(signer, hashes.SHA256())


class People:
    """An authority, one below it, and two who have certificates of the latter: an RSA key and one on a curve."""

    def __init__(self) -> None:
        ca = x509.BasicConstraints(True, None)
        root_key, middle_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self.keys: dict[str, Any] = {
            "rsa": rsa.generate_private_key(65537, 2048),
            "ec": ec.generate_private_key(ec.SECP256R1()),
        }
        self.root = signed(called("root"), root_key, called("root"), root_key, ca)
        self.middle = signed(called("middle"), middle_key, called("root"), root_key, ca)
        self.certificates = {
            kind: signed(
                called(kind), key, called("middle"), middle_key, x509.SubjectAlternativeName([x509.DNSName(kind)])
            )
            for kind, key in self.keys.items()
        }

    def pem(self, kind: str) -> bytes:
        return self.certificates[kind].public_bytes(Encoding.PEM)

    @property
    def chain(self) -> bytes:
        return b"".join(one.public_bytes(Encoding.PEM) for one in (self.middle, self.root))

    def key(self, kind: str, form: Any = PKCS8) -> bytes:
        made: bytes = self.keys[kind].private_bytes(*form)
        return made


def run(*words: str | Path, **options: Any) -> bytes:
    done = subprocess.run(list(map(str, words)), capture_output=True, timeout=60, env=ENVIRONMENT, **options)
    assert done.returncode == 0, (words, done.stderr, done.stdout)
    return done.stdout


def keytool(*words: str | Path) -> None:
    """Java's tool, told to start as fast as it can."""
    run("keytool", "-J-XX:TieredStopAtLevel=1", "-J-Xshare:auto", *words)


class Maker:
    """Makes files in `folder` of the key and certificate `kind` of `people`."""

    def __init__(self, folder: Path, people: People, kind: str) -> None:
        self.folder, self.people, self.kind = folder, people, kind
        self.file("key", people.key(kind))
        self.file("traditional", people.key(kind, TRADITIONAL))
        self.file("crt", people.pem(kind))
        self.file("chain", people.chain)
        self.file("pass", PASSWORD.encode())

    def file(self, name: str, content: bytes = b"") -> Path:
        path = self.folder / f"{self.kind}.{name}"
        if content:
            path.write_bytes(content)
            path.chmod(0o600)
        return path

    def openssl(self, name: str, *words: str | Path) -> Path:
        path = self.file(name)
        run("openssl", *words, "-out", path)
        return path

    def pfx(self, name: str, *words: str, password: str = PASSWORD) -> Path:
        parts = ("-inkey", self.file("key"), "-in", self.file("crt"), "-certfile", self.file("chain"))
        return self.openssl(name, "pkcs12", "-export", *parts, "-name", "me", "-passout", f"pass:{password}", *words)

    def encrypted(self, name: str, *words: str) -> Path:
        source = self.file("traditional")
        return self.openssl(name, *words, "-in", source, "-passout", f"pass:{PASSWORD}")

    def openssh(self, name: str, password: str = "") -> Path:
        path = self.file(name, self.people.key(self.kind))
        run("ssh-keygen", "-q", "-p", "-P", "", "-N", password, "-a", "2", "-f", path)
        return path

    def ppk(self, name: str, parameters: str, password: str = "") -> Path:
        source, path, secret = self.openssh("for-putty"), self.file(name), self.file("ppk-pass")
        secret.write_text(password)
        run("puttygen", source, "-O", "private", "-o", path, "--new-passphrase", secret, "--ppk-param", parameters)
        return path


def jwk(key: Any, **more: Any) -> dict[str, Any]:
    """A key as RFC 7518 has it."""
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        public = numbers.public_numbers
        found = {"n": public.n, "e": public.e, "d": numbers.d, "p": numbers.p, "q": numbers.q}
        return {"kty": "RSA", **{name: url64(value) for name, value in found.items()}, **more}
    values = key.private_numbers()
    point = values.public_numbers
    found = {"x": point.x, "y": point.y, "d": values.private_value}
    return {"kty": "EC", "crv": "P-256", **{name: url64(value, 32) for name, value in found.items()}, **more}


def url64(value: int, size: int = 0) -> str:
    octets = value.to_bytes(size or (value.bit_length() + 7) // 8)
    return urlsafe_b64encode(octets).decode().rstrip("=")


def x5c(*certificates: x509.Certificate) -> list[str]:
    return [b64encode(one.public_bytes(Encoding.DER)).decode() for one in certificates]


def xml(key: rsa.RSAPrivateKey, private: bool = True) -> bytes:
    """A key as .NET writes it."""
    numbers = key.private_numbers()
    public = numbers.public_numbers
    found = {"Modulus": public.n, "Exponent": public.e}
    if private:
        found |= {"P": numbers.p, "Q": numbers.q, "DP": numbers.dmp1, "DQ": numbers.dmq1}
        found |= {"InverseQ": numbers.iqmp, "D": numbers.d}
    inner = "".join(
        f"<{name}>{b64encode(value.to_bytes((value.bit_length() + 7) // 8)).decode()}</{name}>"
        for name, value in found.items()
    )
    return f"<RSAKeyValue>{inner}</RSAKeyValue>".encode()


def jks_version_1(store: bytes) -> bytes:
    """A JKS of version 2 as version 1 has it, which names no kinds of certificates."""
    body = store[:-20].replace(b"\x00\x05X.509", b"")
    body = body[:4] + (1).to_bytes(4) + body[8:]
    return body + sha1(PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite" + body).digest()


def jks(
    entries: dict[str, tuple[Any, list[x509.Certificate]]], password: str = PASSWORD, key_password: str | None = None
) -> bytes:
    """A JKS of version 2, as Java writes it: for each alias a key with its chain, or a certificate without a key."""
    body = bytes.fromhex("feedfeed00000002") + len(entries).to_bytes(4)
    for alias, (key, chain) in entries.items():
        body += (2 if key is None else 1).to_bytes(4) + jks_text(alias) + bytes(8)
        if key is not None:
            hidden = jks_key(key, (key_password or password).encode("utf-16-be"))
            body += len(hidden).to_bytes(4) + hidden + len(chain).to_bytes(4)
        for one in chain:
            octets = one.public_bytes(Encoding.DER)
            body += jks_text("X.509") + len(octets).to_bytes(4) + octets
    return body + sha1(password.encode("utf-16-be") + b"Mighty Aphrodite" + body).digest()


def jks_text(text: str) -> bytes:
    return len(text).to_bytes(2) + text.encode()


def jks_key(key: Any, password: bytes) -> bytes:
    """A key under Java's own cipher: a chain of SHA-1 that begins with the salt, and the digest of the key."""
    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    salt = last = bytes(range(20))
    stream = b""
    while len(stream) < len(plain):
        last = sha1(password + last).digest()
        stream += last
    hidden = bytes(one ^ other for one, other in zip(plain, stream, strict=False))
    octets = salt + hidden + sha1(password + plain).digest()
    return der(0x30, bytes.fromhex("300e060a2b060104012a021101010500") + der(0x04, octets))


def der(tag: int, content: bytes) -> bytes:
    size = len(content)
    return bytes([tag]) + (bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2)) + content


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()
