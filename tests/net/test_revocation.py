"""Revocation: what the laboratory says of certificates, what a whole handshake does with it, and files of lists."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mailjobs.errors import CertificateError, FileError, VerifyError
from mailjobs.events import Error, Publish
from mailjobs.model import Revocation, Tls
from mailjobs.net import revocation
from mailjobs.net.tls import secure
from mailjobs.net.trust import check_trust
from tests.fixtures.lab import Lab
from tests.fixtures.scripted import TlsFiles
from tests.net.notary import Notary, load, nobody
from tests.net.peers import Listen, MemoryServer, dial, trusting

HARD_OCSP, SOFT_OCSP = Revocation(ocsp="hard"), Revocation(ocsp="soft")
NOTARY = Notary("CA")
SELF = "CN=localhost,O=Mail Lab"


def heard_of(listen: Listen) -> list[str]:
    return [event.description for event in listen.heard if isinstance(event, Error)]


def verdict(lab: Lab, port: int, asked: Revocation, *allow: str) -> tuple[str | None, list[str]]:
    """The words of a refusal, and those of warnings."""
    listen, refused = Listen(), None
    try:
        dial(port, trusting(lab.ca_file, revocation=asked, allow=allow), publish=Publish([listen])).close()
    except VerifyError as error:
        refused = error.message.removeprefix("the server's certificate is refused: ")
    return refused, heard_of(listen)


@pytest.mark.parametrize("check", ["soft", "hard"])
def test_a_good_certificate_is_vouched_for_by_lists_and_by_the_responder(lab: Lab, check: str) -> None:
    port = lab.facts["BAD_CERTS"]["valid"]["implicit"]
    assert verdict(lab, port, Revocation(crl=check)) == (None, [])
    assert verdict(lab, port, Revocation(ocsp=check)) == (None, [])
    assert verdict(lab, port, Revocation(crl=check, ocsp=check)) == (None, [])


@pytest.mark.parametrize("check", ["soft", "hard"])
def test_a_revoked_one_is_refused_by_both_and_nothing_takes_it(lab: Lab, check: str) -> None:
    port = lab.facts["BAD_CERTS"]["revoked"]["implicit"]
    files = (lab.ca_file.with_name("crls.pem"),)
    for asked in (Revocation(crl=check), Revocation(ocsp=check), Revocation(crl=check, crl_files=files)):
        words, _ = verdict(lab, port, asked)
        assert words is not None
        assert words.startswith(f"{SELF} was revoked on 20")
        assert words.endswith("(keyCompromise)")
    words, _ = verdict(lab, port, Revocation(crl=check, ocsp=check))
    assert (words or "").count("was revoked") == 1
    with pytest.raises(VerifyError) as caught:
        dial(port, trusting(lab.ca_file, revocation=Revocation(crl=check)))
    assert (caught.value.code, caught.value.hint) == (280, None)


def test_what_the_server_brings_along_is_enough(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocation, "fetch", nobody)
    assert verdict(lab, lab.port("P_EXIM_TLS"), HARD_OCSP) == (None, [])


def test_who_brings_nothing_is_asked_for_by_the_responder_and_not_twice(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = lab.facts["BAD_CERTS"]["ecdsa"]["implicit"]
    assert verdict(lab, port, HARD_OCSP) == (None, [])
    monkeypatch.setattr(revocation, "fetch", nobody)
    assert verdict(lab, port, HARD_OCSP) == (None, [])


def test_lists_in_files_are_taken_before_any_is_fetched(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocation, "fetch", nobody)
    files = (lab.ca_file.with_name("crls.pem"),)
    port = lab.facts["BAD_CERTS"]["valid"]["implicit"]
    assert verdict(lab, port, Revocation(crl="hard", crl_files=files)) == (None, [])


def test_authorities_between_count_too_and_have_an_allowance_of_their_own(lab: Lab, tmp_path: Path) -> None:
    port = lab.facts["BAD_CERTS"]["valid"]["implicit"]
    only = tmp_path / "issuing.pem"
    only.write_bytes((lab.ca_file.with_name("issuing") / "crl.pem").read_bytes())
    asked = Revocation(crl="hard", crl_files=(only,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(revocation, "list_urls", lambda certificate: [])
        words, _ = verdict(lab, port, asked)
        assert words == (
            "it cannot be known whether CN=Lab issuing CA,O=Mail Lab is revoked: its certificate names no list"
        )
        assert verdict(lab, port, asked, "unknown-revocation")[0] == words
        assert verdict(lab, port, asked, "unknown-ca-revocation") == (None, [])
        only.write_bytes((lab.ca_file.with_name("root") / "crl.pem").read_bytes())
        words, _ = verdict(lab, port, asked)
        assert words is not None
        assert SELF in words
        assert verdict(lab, port, asked, "unknown-ca-revocation")[0] == words
        assert verdict(lab, port, asked, "unknown-revocation") == (None, [])


def test_a_soft_check_warns_through_the_whole_of_secure(tmp_path: Path) -> None:
    files = NOTARY.certify(tmp_path)
    listen = Listen()
    secure(MemoryServer(files), "localhost", trusting(files.ca, revocation=SOFT_OCSP), Publish([listen]))
    assert heard_of(listen) == [
        "it cannot be known whether CN=localhost is revoked: its certificate names no responder"
    ]
    with pytest.raises(VerifyError) as caught:
        secure(MemoryServer(files), "localhost", trusting(files.ca, revocation=HARD_OCSP), Publish())
    assert caught.value.hint == "'tls.allow: [unknown-revocation]' takes it all the same"


def revoked_for(folder: Path, host: str, days: float) -> Tls:
    """Settings that trust who has signed a certificate for `host` in `folder`, which ends in `days`, and revoked it."""
    files = NOTARY.issue(folder, host, days=days)
    path = folder / "revoked.crl"
    path.write_bytes(NOTARY.list(load(files)))
    return trusting(files.ca, revocation=Revocation(crl="hard", crl_files=(path,)))


def refused(folder: Path, tls: Tls) -> VerifyError:
    files = TlsFiles(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")
    with pytest.raises(VerifyError) as caught:
        secure(MemoryServer(files), "localhost", tls, Publish())
    return caught.value


@pytest.mark.parametrize(
    ("host", "days", "allow", "words"),
    [("localhost", -3, "expired", "expired on"), ("other.example", 1, "wrong-host", "it is for other.example")],
)
def test_what_is_wrong_anyhow_and_revoked_is_told_as_both(
    tmp_path: Path, host: str, days: float, allow: str, words: str
) -> None:
    tls = revoked_for(tmp_path, host, days)
    error = refused(tmp_path, tls)
    assert words in error.message
    assert "CN=localhost was revoked on 20" in error.message
    assert "tls.allow" not in (error.hint or "")
    error = refused(tmp_path, replace(tls, allow=(allow,)))
    assert error.message.startswith("the server's certificate is refused: CN=localhost was revoked on 20")


def test_whom_nobody_trusted_has_signed_chooses_no_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocation, "fetch", nobody)
    NOTARY.certify(tmp_path, responder="http://127.0.0.1:9/")
    (tmp_path / "other.pem").write_bytes(Notary("other").pem)
    error = refused(tmp_path, trusting(tmp_path / "other.pem", revocation=HARD_OCSP))
    assert "not trusted here" in error.message
    assert "revoked" not in error.message


@pytest.mark.parametrize("content", [b"", b"no list", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                                     b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"])  # fmt: skip
def test_a_file_without_a_list_is_refused_before_connecting(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "own.crl"
    path.write_bytes(content)
    with pytest.raises(CertificateError, match=r"own\.crl has no list of revoked certificates that can be read"):
        check_trust(trusting_all(path))
    path.unlink()
    with pytest.raises(FileError, match=r"cannot read .*own\.crl: No such file"):
        check_trust(trusting_all(path))


def trusting_all(path: Path) -> Tls:
    return Tls(mode="implicit", revocation=Revocation(crl="hard", crl_files=(path,)))
