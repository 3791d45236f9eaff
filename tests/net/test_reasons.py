"""Reasons against a certificate: causes that are known, and the strength that old versions of TLS do not lower."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from OpenSSL import crypto

from mailjobs.errors import VerifyError
from mailjobs.events import Publish
from mailjobs.net.complaints import ALLOWED, COMPLAINTS, complaint
from mailjobs.net.reasons import Finding, found_reasons
from mailjobs.net.tls import secure
from mailjobs.net.weakness import weaknesses
from tests.fixtures.scripted import TlsFiles
from tests.net.peers import Authority, MemoryServer, Peers, trusting


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


PERMITTED = x509.NameConstraints([x509.DNSName("other.example")], None)
EXCLUDED = x509.NameConstraints(None, [x509.DNSName("localhost")])
SIGNS_NOT = x509.KeyUsage(*[True] + [False] * 8)
LEAF = x509.BasicConstraints(False, None)
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")


@pytest.mark.parametrize(
    ("between", "own", "words", "code"),
    [
        (PERMITTED, None, "CN=localhost has a name that an authority above it may not certify (name constraints)", 280),
        (EXCLUDED, None, "CN=localhost has a name that an authority above it must not certify (name constraints)", 280),
        (SIGNS_NOT, None, "CN=between is a certificate that signs others and is no CA", 275),
        (None, LEAF, "CN=between is a certificate that signs others and is no CA", 275),
        (None, UNKNOWN, "CN=localhost has a critical extension that is not known", 280),
    ],
)
def test_what_an_authority_may_not_do_is_said_once(
    tmp_path: Path, between: x509.ExtensionType | None, own: x509.ExtensionType | None, words: str, code: int
) -> None:
    root = Authority("root")
    authority = Authority("between", root, limits=[between] if between else [], ca=own is not LEAF)
    more = [own] if own is UNKNOWN else []
    files = authority.issue(tmp_path, "localhost", critical=more)
    files.ca.write_bytes(root.pem)
    error = refused(files)
    assert (error.message, error.code) == (f"the server's certificate is refused: {words}", code)


def test_what_has_no_words_of_ours_has_those_of_openssl() -> None:
    certificate = crypto.X509.from_cryptography(Authority("odd").certificate)
    (reason,) = found_reasons([Finding(33, 0, certificate)], 1)
    assert reason.words.startswith("CN=odd fails a check of OpenSSL: ")
    assert reason.words.endswith("(33)")
    assert len(reason.words) > 50


def test_an_address_that_stands_among_the_names_is_none(tmp_path: Path) -> None:
    name = x509.SubjectAlternativeName([x509.DNSName("192.0.2.1")])
    error = refused(Authority("CA").issue(tmp_path, extension=name), "192.0.2.1")
    assert "it has 192.0.2.1 as a name, not as an address" in error.message


JOB = """version: 1
server: {{host: localhost, port: {port}, tls: {{mode: implicit, ca: {{file: cert.pem}}}}}}
steps: [{{id: relay, connect: true}}]
"""


def test_a_serial_number_below_zero_is_taken_without_a_word_of_libraries(tmp_path: Path, peers: Peers) -> None:
    """Old authorities have such numbers. Python warns of them unless it is told not to, as here."""
    files = TlsFiles(tmp_path / "cert.pem", tmp_path / "cert.pem", tmp_path / "key.pem")
    making = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=x", "-set_serial", "-5",
              "-addext", "subjectAltName=DNS:localhost"]  # fmt: skip
    subprocess.run([*making, "-keyout", files.key, "-out", files.certificate], check=True, capture_output=True)
    port = peers.serve(lambda sock: sock.sendall(b"554 nobody\r\n"), files)
    (tmp_path / "job.yaml").write_text(JOB.format(port=port))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    running = [sys.executable, "-m", "mailjobs", "run", "job.yaml"]
    done = subprocess.run(running, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=60)
    assert "554 nobody" in done.stdout, done.stderr
    assert done.stderr == ""


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
