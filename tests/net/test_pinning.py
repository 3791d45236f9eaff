"""`tls.accept`: exactly this certificate or key, whatever else is said of it, and no other."""

from __future__ import annotations

import hashlib
import ssl
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PublicFormat,
    load_pem_private_key,
    pkcs12,
)

from mailjobs.errors import CertificateError, FileError, Place, VerifyError
from mailjobs.events import Publish, ServerCertificate
from mailjobs.model import Accepted, CaSource, Tls
from mailjobs.net.pinning import accepted_digests, own_digests
from mailjobs.net.tls import secure
from mailjobs.net.trust import check_trust
from mailjobs.secret import Secret
from tests.fixtures.lab import Lab
from tests.fixtures.scripted import TlsFiles
from tests.net.notary import load
from tests.net.peers import Authority, Listen, MemoryServer, dial

PLACE = Place("job.yaml", 3, 5)
SPKI = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def exactly(*accepted: Accepted) -> Tls:
    return Tls(mode="implicit", accept=accepted)


def sha256(lab: Lab, name: str) -> str:
    text = (lab.ca_file.with_name("server") / f"{name}.crt").read_text()
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(text)).hexdigest()


BAD = ["valid", "expired", "notyet", "selfsigned", "otherca", "nochain", "wronghost", "wildcard", "cnonly",
       "clientonly", "revoked", "ecdsa", "weak"]  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_it_names_is_taken_whatever_is_wrong_with_it(lab: Lab, name: str) -> None:
    stream = dial(lab.facts["BAD_CERTS"][name]["implicit"], exactly(Accepted(sha256=sha256(lab, name))))
    assert stream.info.accepted == stream.info.peer
    assert stream.info.peer["has_private_key"] is False
    stream.close()


@pytest.mark.parametrize("name", ["valid", "expired"])
def test_nothing_else_is_however_good_it_may_be(lab: Lab, name: str) -> None:
    other = sha256(lab, "ecdsa")
    tls = Tls(mode="implicit", accept=(Accepted(sha256=other),), ca=(CaSource(file=lab.ca_file),))
    with pytest.raises(VerifyError) as caught:
        dial(lab.facts["BAD_CERTS"][name]["implicit"], tls)
    error = caught.value
    assert (error.code, error.stage) == (280, "certificate")
    assert "CN=localhost,O=Mail Lab is none that 'tls.accept' names" in error.message
    assert sha256(lab, name) in str(error.hint).replace(":", "")


SECRET = Secret.literal("secret")


def as_pfx(files: TlsFiles) -> bytes:
    """The certificate in `files` and its key, encrypted, with that of the authority."""
    key = load_pem_private_key(files.key.read_bytes(), None)
    locked = BestAvailableEncryption(b"secret")
    authority = x509.load_pem_x509_certificate(files.ca.read_bytes())
    made: bytes = pkcs12.serialize_key_and_certificates(None, key, load(files), [authority], locked)  # type: ignore[arg-type]
    return made


def forms(files: TlsFiles, folder: Path) -> dict[str, Accepted]:
    """Every way to name the certificate in `files`, or its key."""
    leaf = load(files)
    key, der = leaf.public_key().public_bytes(*SPKI), leaf.public_bytes(Encoding.DER)
    files_of = {
        "der": der,
        "public.pem": b"# ours\n" + key,
        "public.der": leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "bundle.pem": Authority("other").pem + files.certificate.read_bytes(),
        "ssh.pub": leaf.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
    }
    for name, content in files_of.items():
        (folder / name).write_bytes(content)
    certificate, own_key, ssh = own_digests(leaf)
    assert certificate == hashlib.sha256(der).hexdigest()
    return {
        **{name: Accepted(file=folder / name) for name in files_of},
        "pem": Accepted(file=files.certificate),
        "pfx": Accepted(data=Secret.literal(b64encode(as_pfx(files)).decode()), password=SECRET, type="pfx"),
        "certificate in the job": Accepted(pem=files.certificate.read_text().replace("\n", "\r\n")),
        "key in the job": Accepted(pem=key.decode()),
        "digest of the certificate": Accepted(sha256=certificate),
        "digest of the key": Accepted(sha256=own_key),
        "digest of the key in ssh's form": Accepted(sha256=ssh),
    }


FORMS = ["der", "ssh.pub", "pfx", "public.pem", "public.der", "bundle.pem", "pem",
         "certificate in the job", "key in the job",
         "digest of the certificate", "digest of the key", "digest of the key in ssh's form"]  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_there_are_many_ways_to_name_one(tmp_path: Path, tls_files: TlsFiles, name: str) -> None:
    accepted = forms(tls_files, tmp_path)[name]
    check_trust(exactly(accepted))
    secure(MemoryServer(tls_files), "other.example", exactly(accepted), Publish())
    other = Authority("CA").issue(tmp_path, "localhost")
    with pytest.raises(VerifyError):
        secure(MemoryServer(other), "localhost", exactly(accepted), Publish())
    secure(MemoryServer(other), "localhost", exactly(accepted, Accepted(file=other.certificate)), Publish())


def test_another_certificate_of_the_same_key_is_taken_by_its_key_alone(tmp_path: Path, tls_files: TlsFiles) -> None:
    leaf = load(tls_files)
    certificate, key, _ = own_digests(leaf)
    authority = Authority("CA")
    again = authority._sign(leaf.subject, leaf.public_key(), 1, [])
    files = TlsFiles(tls_files.ca, tmp_path / "cert.pem", tls_files.key)
    files.certificate.write_bytes(again.public_bytes(Encoding.PEM))
    secure(MemoryServer(files), "localhost", exactly(Accepted(sha256=key)), Publish())
    with pytest.raises(VerifyError):
        secure(MemoryServer(files), "localhost", exactly(Accepted(sha256=certificate)), Publish())


def test_it_is_told(tls_files: TlsFiles) -> None:
    listen = Listen()
    secure(MemoryServer(tls_files), "else", exactly(Accepted(file=tls_files.certificate)), Publish([listen]))
    told = next(event for event in listen.heard if isinstance(event, ServerCertificate))
    assert (told.status, told.accept) == ("OK: tls.accept names it", True)


def test_a_store_has_the_key_which_is_told_and_not_used(tmp_path: Path, tls_files: TlsFiles) -> None:
    (tmp_path / "relay.pfx").write_bytes(as_pfx(tls_files))
    tls = exactly(Accepted(file=tmp_path / "relay.pfx", password=SECRET))
    info = secure(MemoryServer(tls_files), "else", tls, Publish()).info
    assert info.accepted == info.peer | {"has_private_key": True}


def test_the_authority_in_a_store_is_not_taken_for_a_server(tmp_path: Path, tls_files: TlsFiles) -> None:
    authority = x509.load_pem_x509_certificate(tls_files.ca.read_bytes())
    path = tmp_path / "chain.pem"
    path.write_bytes(tls_files.certificate.read_bytes() + tls_files.ca.read_bytes())
    digests = accepted_digests((Accepted(file=path),))
    assert list(digests) == [own_digests(load(tls_files))[0]]
    assert own_digests(authority)[0] in accepted_digests((Accepted(file=tls_files.ca),))


def test_a_subject_picks_one_of_several_and_accepts_nobody_by_itself(tmp_path: Path, tls_files: TlsFiles) -> None:
    for name in ("one", "two", "forged"):
        (tmp_path / name).mkdir()
    one, two = (Authority(name).issue(tmp_path / name, "localhost", common_name=name) for name in ("one", "two"))
    path = tmp_path / "both.pem"
    path.write_bytes(one.certificate.read_bytes() + two.certificate.read_bytes())
    tls = exactly(Accepted(file=path, subject="CN=two"))
    secure(MemoryServer(two), "else", tls, Publish())
    for other in (one, Authority("forged").issue(tmp_path / "forged", "localhost", common_name="two")):
        with pytest.raises(VerifyError):
            secure(MemoryServer(other), "else", tls, Publish())
    secure(MemoryServer(one), "else", exactly(Accepted(file=path, subject="*")), Publish())
    for subject, words in (("CN=three", "no certificate has the subject 'CN=three'"), ("o", "several subjects fit")):
        with pytest.raises(CertificateError, match=words) as caught:
            check_trust(exactly(Accepted(file=path, subject=subject, place=PLACE)))
        assert (caught.value.code, caught.value.place) == (272, PLACE)
        assert caught.value.message.startswith(f"'{path}': ")
        assert "s_client" not in str(caught.value.hint)


@pytest.mark.parametrize(
    ("accepted", "words"),
    [
        (Accepted(password=Secret.literal("wrong")), "the password is wrong"),
        (Accepted(), "there is no password"),
        (Accepted(password=SECRET, type="jks"), r"it is PFX \(PKCS #12\), not JKS"),
    ],
)
def test_a_store_that_cannot_be_opened_is_told_before_connecting(
    tmp_path: Path, tls_files: TlsFiles, accepted: Accepted, words: str
) -> None:
    path = tmp_path / "relay.pfx"
    path.write_bytes(as_pfx(tls_files))
    with pytest.raises(CertificateError, match=rf"relay\.pfx': .*{words}") as caught:
        check_trust(exactly(replace(accepted, file=path, place=PLACE)))
    assert (caught.value.place, caught.value.code) == (PLACE, 271)


def test_a_store_is_opened_once_for_many_connections(tmp_path: Path, tls_files: TlsFiles) -> None:
    path = tmp_path / "relay.pem"
    path.write_bytes(tls_files.certificate.read_bytes())
    tls = exactly(Accepted(file=path))
    check_trust(tls)
    path.unlink()
    secure(MemoryServer(tls_files), "else", tls, Publish())
    with pytest.raises(FileError):
        check_trust(tls)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"no certificate", "it is no certificate, key or store"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ""),
        (b"-----BEGIN CERTIFICATE-----\nAAAA", "it is truncated"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", ""),
        (b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "request"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "damaged"),
    ],
)
def test_a_file_that_holds_neither_is_refused_before_connecting(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "server.pem"
    path.write_bytes(content)
    with pytest.raises(CertificateError, match=rf"server\.pem': .*{words}") as caught:
        check_trust(exactly(Accepted(file=path, place=PLACE)))
    assert (caught.value.place, caught.value.code) == (PLACE, 271)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"no\.pem' does not exist") as caught:
        check_trust(exactly(Accepted(file=tmp_path / "no.pem", place=PLACE)))
    assert caught.value.place == PLACE
    with pytest.raises(CertificateError, match=r"^`accept`: it is no certificate"):
        check_trust(exactly(Accepted(pem="ours")))
