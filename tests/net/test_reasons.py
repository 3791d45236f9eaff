"""Reasons against a certificate: causes that are known, and the strength that old versions of TLS do not lower."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from OpenSSL import crypto

from mailjobs.errors import VerifyError
from mailjobs.events import Publish
from mailjobs.net.complaints import ALLOWED, COMPLAINTS, complaint
from mailjobs.net.reasons import Finding, found_reasons
from mailjobs.net.tls import secure
from mailjobs.net.weakness import weaknesses
from tests.fixtures.scripted import TlsFiles
from tests.net.peers import Authority, MemoryServer, trusting


def refused(files: TlsFiles, host: str = "localhost", **settings: object) -> VerifyError:
    with pytest.raises(VerifyError) as caught:
        secure(MemoryServer(files), host, trusting(files.ca, **settings), Publish())
    return caught.value


def test_one_that_expired_yesterday_is_for_the_server_to_renew(tmp_path: Path) -> None:
    error = refused(Authority("CA").issue(tmp_path, "localhost", days=-1.5))
    assert str(error.hint).startswith(
        "it expired lately: whoever runs the server has to renew it; 'tls.allow: [expired]'"
    )
    assert "lately" not in str(refused(Authority("CA").issue(tmp_path, "localhost", days=-30)).hint)


def test_where_several_have_expired_the_clock_may_be_wrong(tmp_path: Path) -> None:
    root = Authority("root")
    files = Authority("between", root, days=-20).issue(tmp_path, "localhost", days=-30)
    files.ca.write_bytes(root.pem)
    error = refused(files)
    assert "is the clock of this machine right?" in str(error.hint)
    assert error.message.count("expired on") == 2


def test_the_hint_names_what_is_allowed_already_and_what_would_have_to_be(tmp_path: Path) -> None:
    files = Authority("CA").issue(tmp_path, "else.example", days=-30)
    assert "'tls.allow: [expired, wrong-host]' takes it" in str(refused(files).hint)
    error = refused(files, allow=("wrong-host",))
    assert "'tls.allow: [expired, wrong-host]' takes it" in str(error.hint)
    assert "else.example" not in error.message


def test_every_allowance_but_those_of_names_and_revocation_stands_in_the_table() -> None:
    found = {one.allow for one in COMPLAINTS.values()} - {None}
    assert found == set(ALLOWED) - {"wrong-host", "unknown-revocation", "unknown-ca-revocation"}


@pytest.mark.parametrize("number", [7, 22, 23, 24, 25, 66, 67, 68, 79, 999])
def test_nothing_allows_the_others(number: int) -> None:
    assert complaint(number).allow is None


@pytest.mark.parametrize("number", [*COMPLAINTS, 999])
@pytest.mark.parametrize("depth", [0, 1])
def test_each_complaint_has_words(number: int, depth: int) -> None:
    certificate = crypto.X509.from_cryptography(Authority("odd {name}").certificate)
    (reason,) = found_reasons([Finding(number, depth, certificate)], 1)
    assert "CN=odd {name}" in reason.words
    assert reason.code in (274, 275) if depth else reason.code in (274, 275, 280)


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (["-newkey", "rsa:2048", "-sha256"], []),
        (["-newkey", "rsa:1024", "-sha256"], [66]),
        (["-newkey", "rsa:2048", "-sha1"], []),  # a root's own signature proves nothing
        (["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-sha256"], []),
        (["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-192", "-sha256"], [66]),
        (["-newkey", "ed25519"], []),
    ],
)
def test_what_is_weak(tmp_path: Path, options: list[str], numbers: list[int]) -> None:
    path = tmp_path / "cert.pem"
    making = [
        "openssl",
        "req",
        "-x509",
        *options,
        "-nodes",
        "-subj",
        "/CN=x",
        "-keyout",
        tmp_path / "key",
        "-out",
        path,
    ]
    subprocess.run(making, check=True, capture_output=True)
    certificate = crypto.load_certificate(crypto.FILETYPE_PEM, path.read_bytes())
    assert [finding.number for finding in weaknesses([certificate])] == numbers
