"""Whom to trust: every kind of `tls.ca`, and what is said of those that cannot be read."""

from __future__ import annotations

import shutil
import ssl
from pathlib import Path

import pytest
from OpenSSL import SSL, crypto

from mailjobs.errors import CertificateError, FileError, Place, VerifyError
from mailjobs.events import Publish
from mailjobs.model import CaSource, Tls
from mailjobs.net.tls import secure
from mailjobs.net.trust import check_trust, trusting_context
from tests.fixtures.scripted import TlsFiles
from tests.net.peers import Authority, MemoryServer, trusting


def accepts(tls: Tls, files: TlsFiles) -> bool:
    error = None
    try:
        secure(MemoryServer(files), "localhost", tls, Publish())
    except VerifyError as refused:
        error = refused
    assert error is None or error.code == 274
    return error is None


def hashed(folder: Path, ca: Path) -> Path:
    """A directory as `openssl rehash` makes it."""
    certificate = crypto.load_certificate(crypto.FILETYPE_PEM, ca.read_bytes())
    folder.mkdir()
    shutil.copy(ca, folder / f"{certificate.subject_name_hash():08x}.0")
    return folder


def test_a_file_with_many_certificates_and_text_around_them(tmp_path: Path, tls_files: TlsFiles) -> None:
    path = tmp_path / "ca.pem"
    others = [Authority(name).pem for name in ("one", "two")]
    path.write_bytes(b"\xff # ours\r\n" + others[0] + b"text\n" + tls_files.ca.read_bytes() + others[1] + b"the end")
    assert accepts(trusting(path), tls_files)
    path.write_bytes(b"".join(others))
    check_trust(trusting(path))
    assert not accepts(trusting(path), tls_files)


def test_one_certificate_that_cannot_be_read_does_not_spoil_the_others(tmp_path: Path, tls_files: TlsFiles) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + tls_files.ca.read_bytes())
    assert accepts(trusting(path), tls_files)


def test_windows_line_ends_and_text_in_the_job(tls_files: TlsFiles) -> None:
    text = tls_files.ca.read_text().replace("\n", "\r\n")
    assert accepts(Tls(ca=(CaSource(pem=text),)), tls_files)


def test_a_hashed_directory(tmp_path: Path, tls_files: TlsFiles) -> None:
    assert accepts(Tls(ca=(CaSource(dir=hashed(tmp_path / "certs", tls_files.ca)),)), tls_files)


def test_several_sources_add_up(tmp_path: Path, tls_files: TlsFiles) -> None:
    other = Authority("other").pem.decode()
    assert accepts(Tls(ca=(CaSource(pem=other), CaSource(file=tls_files.ca))), tls_files)
    assert not accepts(Tls(ca=(CaSource(pem=other),)), tls_files)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_the_system_s_store_is_where_openssl_s_variables_say(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tls_files: TlsFiles, variable: str
) -> None:
    system = Tls(ca=(CaSource(system=True),))
    assert not accepts(system, tls_files)
    place = tls_files.ca if variable == "SSL_CERT_FILE" else hashed(tmp_path / "certs", tls_files.ca)
    monkeypatch.setenv(variable, str(place))
    check_trust(system)
    assert accepts(system, tls_files)


def test_the_server_s_own_certificate_may_be_trusted(tmp_path: Path) -> None:
    files = Authority("unknown").issue(tmp_path, "localhost")
    assert accepts(trusting(files.certificate), files)
    (tmp_path / "other").mkdir()
    other = Authority("unknown").issue(tmp_path / "other", "localhost")
    assert not accepts(trusting(other.certificate), files)


def test_an_authority_in_the_middle_may_be_trusted(tmp_path: Path) -> None:
    between = Authority("between", Authority("root"))
    assert accepts(trusting(between.issue(tmp_path, "localhost").ca), between.issue(tmp_path, "localhost"))


def test_the_context_is_kept_until_trust_is_checked_anew(tmp_path: Path, tls_files: TlsFiles) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(Authority("other").pem)
    tls = trusting(path)
    assert trusting_context(tls) is trusting_context(trusting(path))
    assert not accepts(tls, tls_files)
    path.write_bytes(tls_files.ca.read_bytes())
    check_trust(tls)
    assert accepts(tls, tls_files)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no certificate in PEM"),
        (b"no certificate", "no certificate in PEM"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA", "no certificate in PEM"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no certificate in PEM"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate that can be read"),
        (b"-----BEGIN CERTIFICATE-----\n\xff\n-----END CERTIFICATE-----\n", "no certificate that can be read"),
    ],
)
def test_a_file_without_certificates_is_refused_before_connecting(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(content)
    place = Place("job.yaml", 3, 5)
    with pytest.raises(CertificateError, match=rf"ca\.pem has {words}") as caught:
        check_trust(Tls(ca=(CaSource(file=path, place=place),)))
    assert (caught.value.place, caught.value.code) == (place, 271)
    assert "[(" not in caught.value.message, "OpenSSL's queue is no sentence"


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "it holds a private key"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA", "the file is cut off"),
    ],
)
def test_what_a_file_holds_instead_is_told(tmp_path: Path, content: bytes, hint: str) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(content)
    with pytest.raises(CertificateError) as caught:
        check_trust(trusting(path))
    assert hint in str(caught.value.hint)


def test_text_in_the_job_without_certificates_is_named_by_its_setting() -> None:
    with pytest.raises(CertificateError, match=r"^tls\.ca\.pem has no certificate"):
        check_trust(Tls(ca=(CaSource(pem="ours"),)))


def test_a_certificate_in_der_is_told_how_to_become_pem(tmp_path: Path, tls_files: TlsFiles) -> None:
    path = tmp_path / "ca.der"
    path.write_bytes(ssl.PEM_cert_to_DER_cert(tls_files.ca.read_text()))
    with pytest.raises(CertificateError, match="no certificate in PEM") as caught:
        check_trust(trusting(path))
    assert "-inform der" in str(caught.value.hint)


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    place = Place("job.yaml", 3, 5)
    for source in (
        CaSource(file=tmp_path / "no.pem", place=place),
        CaSource(dir=tmp_path / "no.pem", place=place),
    ):
        with pytest.raises(FileError, match=r"cannot read .*no\.pem: No such file") as caught:
            check_trust(Tls(ca=(source,)))
        assert (caught.value.place, caught.value.code) == (place, 302)
    with pytest.raises(FileError, match="Is a directory"):
        check_trust(trusting(tmp_path))


def test_a_directory_whose_files_are_not_hashed_is_told_how(tmp_path: Path, tls_files: TlsFiles) -> None:
    shutil.copy(tls_files.ca, tmp_path / "ca.pem")
    with pytest.raises(CertificateError, match="subject hash") as caught:
        check_trust(Tls(ca=(CaSource(dir=tmp_path),)))
    assert "openssl rehash" in str(caught.value.hint)


def test_no_server_can_ask_for_a_second_handshake() -> None:
    assert trusting_context(Tls()).set_options(0) & SSL.OP_NO_RENEGOTIATION
