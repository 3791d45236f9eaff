"""Files that are no store of a kind that is read here: what they are, and what makes one of them."""

from __future__ import annotations

from mailjobs.certs.bare import shape
from mailjobs.certs.unreadable import Unreadable

BCFKS = (
    "it is a BCFKS store of Bouncy Castle, which is not read here",
    "keytool -importkeystore -srcstoretype BCFKS -srckeystore FILE -deststoretype PKCS12 -destkeystore NEW.pfx "
    "(with Bouncy Castle as -provider)",
)
BEGINNINGS: tuple[tuple[bytes, str, str | None], ...] = (
    (
        b"\xce\xce\xce\xce",
        "it is a JCEKS store of Java, which is not read here",
        "keytool -importkeystore -srcstoretype JCEKS -srckeystore FILE -deststoretype PKCS12 -destkeystore NEW.pfx",
    ),
    (b"sqlite format 3\0", "it is a database, such as NSS keeps certificates in", "pk12util -o NEW.pfx exports one"),
    (b"<!doctype html", "it is an HTML page", "what was fetched was a page that leads to the file, or an error"),
    (b"<html", "it is an HTML page", "what was fetched was a page that leads to the file, or an error"),
    (b"-----begin pgp", "it is a PGP key", "PGP signs messages: `sign.pgp`"),
    (b"pk\x03\x04", "it is a ZIP archive", "unpack it first"),
    (b"\x1f\x8b", "it is compressed by gzip", "unpack it first"),
    (b"%pdf-", "it is a PDF document", None),
    (b"begin:vcard", "it is a vCard", None),
    (b"ssh private key file format", "it is a key of SSH 1, which no TLS takes", None),
)
# Stores that no file has, and what becomes a file of them.
REFUSED_TYPES = {
    "bcfks": BCFKS,
    "user": (
        "the certificate store of a Windows user is not read here",
        "Export-PfxCertificate makes a PFX file of a certificate with its key",
    ),
    "machine": (
        "the certificate store of a Windows machine is not read here",
        "Export-PfxCertificate makes a PFX file of a certificate with its key",
    ),
    "security-key": ("a security key is read through its PKCS #11 module", "`pkcs11: {module: …, uri: …}`"),
}


def foreign(data: bytes) -> Unreadable | None:
    """What `data` is, where it is something that is refused by name."""
    start = data[:200].lstrip().lower()
    for mark, words, hint in BEGINNINGS:
        if start.startswith(mark):
            return Unreadable(words, hint)
    if shape(data) == "bcfks":
        return Unreadable(*BCFKS)
    return None
