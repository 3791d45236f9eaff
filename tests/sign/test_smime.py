"""S/MIME, judged by openssl (RFC 8551); also behind a relay, together with DKIM."""

from __future__ import annotations

import subprocess
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from mailjobs.errors import CertificateError, DataError, FileError, MailjobsError
from tests.fixtures.lab import Lab
from tests.fixtures.letters import Writer
from tests.fixtures.running import command
from tests.sign.stores import BODIES, RSA, cert_pem, certificate, pem, vouched

ME = certificate(RSA)


@pytest.fixture(autouse=True)
def _files(write: Writer) -> None:
    protected = BestAvailableEncryption(b"secret")
    files = {
        "me.pem": cert_pem(ME) + pem(RSA),
        "cert.pem": cert_pem(ME),
        "key.pem": pem(RSA, b"secret"),
        "me.pfx": pkcs12.serialize_key_and_certificates(b"me", RSA, ME, None, protected),
        "pass": b"secret\n",
        "other.pem": pem(rsa.generate_private_key(65537, 2048)),
        "rubbish": b"\0\1\2",
    }
    for name, content in files.items():
        write.file(name, content).chmod(0o600)


def openssl(*arguments: str | Path, content: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", "cms", *map(str, arguments)], input=content, capture_output=True)


def verified(write: Writer, content: bytes) -> subprocess.CompletedProcess[bytes]:
    return openssl("-verify", "-CAfile", write.folder / "cert.pem", "-purpose", "any", content=content)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(
    "store",
    [
        "{file: me.pem}",
        "{file: me.pfx, password: {file: pass}}",
        "{file: cert.pem, key: key.pem, password: {file: pass}}",
    ],
)
def test_openssl_verifies_it(write: Writer, body: str, store: str) -> None:
    write.file("body.txt", body)
    got = write(f"text: {{file: body.txt}}\nhtml: <p>hällo\nsign: {{smime: {{certificate: {store}}}}}")
    done = verified(write, got.outgoing.content)
    assert done.returncode == 0, done.stderr
    assert got.types[:2] == ["multipart/signed", "multipart/alternative"]
    assert b"Subject" not in done.stdout
    assert verified(write, got.outgoing.content.replace(b"=C3=A4", b"=C3=A5")).returncode != 0


def test_encrypted_it_is_read_by_the_key_alone(write: Writer) -> None:
    got = write("text: geheim\nsign: {smime: {certificate: {file: me.pem}, encrypt_to: [cert.pem]}}")
    assert b"geheim" not in got.outgoing.content
    assert got.types == ["application/pkcs7-mime"]
    done = openssl("-decrypt", "-recip", write.folder / "me.pem", content=got.outgoing.content)
    assert done.returncode == 0, done.stderr
    assert message_from_bytes(done.stdout, policy=policy.default).get_content_type() == "multipart/signed"
    assert verified(write, done.stdout).returncode == 0


@pytest.mark.parametrize(
    ("store", "kind", "words"),
    [
        ("{file: me.pfx}", CertificateError, "password"),
        ("{file: key.pem}", CertificateError, "no certificate"),
        ("{file: cert.pem}", CertificateError, "no private key"),
        ("{file: cert.pem, key: key.pem}", CertificateError, "encrypted"),
        ("{file: cert.pem, key: other.pem}", CertificateError, "not that of the certificate"),
        ("{file: rubbish}", CertificateError, "no certificate, key or store of a kind that is known"),
        ("{file: gone.pem}", FileError, "does not exist"),
    ],
)
def test_stores_that_cannot_sign(write: Writer, store: str, kind: type[MailjobsError], words: str) -> None:
    with pytest.raises(kind, match=words):
        write.compiled(f"text: x\nsign: {{smime: {{certificate: {store}}}}}")


def test_8_bit_content_is_refused(write: Writer) -> None:
    write.file("inner.eml", "Subject: x\n\ngrün\n")
    with pytest.raises(DataError, match="8-bit"):
        write("text: x\nattachments: inner.eml\nsign: {smime: {certificate: {file: me.pem}}}")


def test_behind_a_relay_all_still_holds(lab: Lab, box_name: str, write: Writer) -> None:
    box = lab.mailbox(box_name)
    write.file("dkim.pem", pem(RSA)).chmod(0o600)
    write.file("body.txt", "dots\n.\n..x\ntrailing   \ngrün\n")
    job = write.file(
        "job.yaml",
        f"""version: 1
server: {{host: localhost, port: {lab.port("P_SMTP")}, tls: none}}
steps: [{{send: m}}]
messages:
  m:
    from: me@example.com
    to: {box_name}@lab.test
    subject: signed
    text: {{file: body.txt}}
    sign:
      dkim: {{domain: example.com, selector: s1, key: {{file: dkim.pem}}}}
      smime: {{certificate: {{file: me.pem}}}}
""",
    )
    done = command("run", job)
    assert done.returncode == 0, done.stdout + done.stderr
    arrived = box.wait()[0]
    assert vouched(arrived.raw.replace(b"\n", b"\r\n"), RSA)
    checked = verified(write, arrived.as_sent())
    assert checked.returncode == 0, checked.stderr
