"""PPK, PuTTY's private keys, versions 2 and 3: lines of fields, a public blob, and a private one with a MAC.

The public part can be read without the password.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64decode
from binascii import Error
from dataclasses import field
from hashlib import sha1, sha256
from typing import Any

from mailjobs.certs import wire
from mailjobs.certs.entry import Entry, Locked, octets
from mailjobs.certs.loading import reading
from mailjobs.certs.unreadable import GIVE_IT, TRUNCATED, Unreadable, wrong_password
from mailjobs.frozen import frozen

MAGIC = b"PuTTY-User-Key-File-"
LINE = re.compile(r"([A-Za-z0-9-]{1,40}): ?(.*)")
MAC_SALT = b"putty-private-key-file-mac-key"
MAX_MEMORY = 1024 * 1024  # KiB that Argon2 may take
MAX_WORK = 64 * 1024 * 1024  # KiB times passes
MAX_LANES = 64
FLAVOURS = {"Argon2id": "Argon2id", "Argon2i": "Argon2i", "Argon2d": "Argon2d"}


@frozen
class _Keys:
    """What a password becomes: for the cipher and for the MAC."""

    cipher: bytes = field(default=b"", repr=False)
    vector: bytes = b""
    mac: bytes = field(default=b"", repr=False)


def read(data: bytes, password: bytes | None) -> list[Entry]:
    """The one key. Raises Unreadable."""
    fields = _fields(data.decode("utf-8", "replace"))
    version, kind = fields["version"], fields["kind"]
    if version not in ("2", "3"):
        raise Unreadable(f"it is a PPK of version {version[:10]}", "puttygen KEY -O private -o NEW writes a later one")
    blob, hidden = _base64(fields["Public-Lines"]), _base64(fields["Private-Lines"])
    public = wire.public_key(blob)
    comment = fields.get("Comment", "")
    encryption = fields.get("Encryption", "none")
    if encryption not in ("none", "aes256-cbc"):
        raise Unreadable(f"it is encrypted by {encryption[:40]!r}, which is not known")
    if encryption != "none" and password is None:
        locked = Locked("the key is encrypted, and there is no password", GIVE_IT, public)
        return [Entry(key=locked, public=public, alias=comment)]
    secret = password if encryption != "none" and password is not None else None
    keys = _derived(version, fields, secret)
    plain = hidden if secret is None else _decrypted(hidden, keys)
    told = b"".join(wire.string(part.encode()) for part in (kind, encryption, comment))
    told += wire.string(blob) + wire.string(plain)
    digest = sha1 if version == "2" else sha256
    if not hmac.compare_digest(
        hmac.new(keys.mac, told, digest).hexdigest().encode(), fields["Private-MAC"].lower().encode()
    ):
        raise wrong_password(sure=False) if secret is not None else Unreadable("it is damaged: its MAC is wrong")
    return [Entry(key=_private(public, plain), public=public, alias=comment)]


def _fields(text: str) -> dict[str, str]:
    """The fields; those that count lines have the lines themselves."""
    lines = text.splitlines()
    found: dict[str, str] = {}
    at = 0
    while at < len(lines):
        match = LINE.fullmatch(lines[at])
        at += 1
        if match is None:
            continue
        name, value = match[1], match[2]
        if name.endswith("-Lines"):
            count = int(value) if value.isascii() and value.isdigit() and len(value) < 7 else 0
            if at + count > len(lines):
                raise Unreadable(TRUNCATED)
            value, at = "".join(lines[at : at + count]), at + count
        if name.startswith(MAGIC.decode()):
            found["version"], found["kind"] = name.removeprefix(MAGIC.decode()), value.strip()
        else:
            found[name] = value
    if any(name not in found for name in ("version", "Public-Lines", "Private-Lines", "Private-MAC")):
        raise Unreadable(TRUNCATED)
    return found


def _base64(text: str) -> bytes:
    try:
        return b64decode(text.encode("ascii", "replace"), validate=True)
    except Error:
        raise Unreadable("it is damaged: a part of it is no base64") from None


def _derived(version: str, fields: dict[str, str], password: bytes | None) -> _Keys:
    if version == "2":
        secret = password or b""
        cipher = b"".join(_sha1(number.to_bytes(4) + secret) for number in (0, 1))[:32]
        return _Keys(cipher, bytes(16), _sha1(MAC_SALT + secret))
    if password is None:
        return _Keys()
    made = _argon2(fields, password)
    return _Keys(made[:32], made[32:48], made[48:])


def _argon2(fields: dict[str, str], password: bytes) -> bytes:
    from cryptography.hazmat.primitives.kdf import argon2

    memory, passes, lanes = (_number(fields, f"Argon2-{name}") for name in ("Memory", "Passes", "Parallelism"))
    if memory > MAX_MEMORY or memory * passes > MAX_WORK or lanes > MAX_LANES:
        raise Unreadable(
            f"its password takes {memory} KiB of memory, {passes} times over, with {lanes} threads: too much",
            "puttygen KEY -O private --ppk-param memory=8192,passes=13 -o NEW asks for less",
        )
    flavour = getattr(argon2, FLAVOURS.get(fields.get("Key-Derivation", ""), ""), None)
    if flavour is None:
        raise Unreadable(
            f"its password is hashed by {fields.get('Key-Derivation', '')[:40]!r}, which is not known here"
        )
    try:
        salt = bytes.fromhex(fields.get("Argon2-Salt", ""))
    except ValueError:
        raise Unreadable("it is damaged: its salt is no hexadecimal") from None
    with reading("the key derivation"):
        made: bytes = flavour(salt=salt, length=80, iterations=passes, lanes=lanes, memory_cost=memory).derive(password)
        return made


def _number(fields: dict[str, str], name: str) -> int:
    text = fields.get(name, "").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise Unreadable(f"it is damaged: {name} is no number")
    return int(text)


def _decrypted(hidden: bytes, keys: _Keys) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES256
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    with reading("the private key"):
        opening = Cipher(AES256(keys.cipher), CBC(keys.vector)).decryptor()
        return opening.update(hidden) + opening.finalize()


def _private(public: Any, plain: bytes) -> Any:
    """The key of a private blob, which is that of `public`."""
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

    fields = wire.Fields(plain)
    with reading("the private key"):
        key: Any
        if isinstance(public, rsa.RSAPublicKey):
            d, p, q, coefficient = (fields.mpint() for _ in range(4))
            numbers = rsa.RSAPrivateNumbers(
                p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), coefficient, public.public_numbers()
            )
            key = numbers.private_key()
        elif isinstance(public, dsa.DSAPublicKey):
            key = dsa.DSAPrivateNumbers(fields.mpint(), public.public_numbers()).private_key()
        elif isinstance(public, ec.EllipticCurvePublicKey):
            key = ec.derive_private_key(fields.mpint(), public.curve)
        elif isinstance(public, ed25519.Ed25519PublicKey):
            key = ed25519.Ed25519PrivateKey.from_private_bytes(fields.string())
        else:
            key = ed448.Ed448PrivateKey.from_private_bytes(fields.string())
    if octets(key.public_key()) != octets(public):
        raise Unreadable("it is damaged: its private part is not that of its public one")
    return key


def _sha1(data: bytes) -> bytes:
    return sha1(data, usedforsecurity=False).digest()
