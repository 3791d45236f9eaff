"""Revocation: lists and answers, of the laboratory and made to be wrong, each with soft and with hard."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import OCSPCertStatus
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from mailjobs.errors import CertificateError, FileError, VerifyError
from mailjobs.events import Error, Publish
from mailjobs.model import Revocation
from mailjobs.net import fetch, revocation
from mailjobs.net.ocsp import read_answer
from mailjobs.net.revocation import Standing, standings
from mailjobs.net.tls import secure
from mailjobs.net.trust import check_trust
from tests.fixtures.lab import Lab
from tests.net.notary import DAY, Notary, Office, http, load
from tests.net.peers import Listen, MemoryServer, Peers, dial, trusting

HARD_OCSP, SOFT_OCSP = Revocation(ocsp="hard"), Revocation(ocsp="soft")
NOTARY, OTHER = Notary("CA"), Notary("CA")  # two authorities of one name
SELF = "CN=localhost,O=Mail Lab"
NOT_SIGNED = "the answer is not signed by CN=CA"


@pytest.fixture(autouse=True)
def _nothing_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocation, "FETCHED", fetch.Fetched())


def nobody(url: str, *rest: object) -> bytes:
    raise AssertionError(f"nobody was to be asked, and it was {url}")


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


def answers(leaf: x509.Certificate) -> dict[str, tuple[bytes, str | None]]:
    """What a responder may say of `leaf`, and the reason that comes of it; "" where all is well, None: revoked."""
    other = load_other()
    return {
        "good": (NOTARY.answer(leaf), ""),
        "revoked": (NOTARY.answer(leaf, OCSPCertStatus.REVOKED), None),
        "good, by one who is charged": (NOTARY.answer(leaf, by=NOTARY.charge()), ""),
        "revoked, by one who is charged": (NOTARY.answer(leaf, OCSPCertStatus.REVOKED, by=NOTARY.charge()), None),
        "unknown": (NOTARY.answer(leaf, OCSPCertStatus.UNKNOWN), "the responder does not know the certificate"),
        "stale": (NOTARY.answer(leaf, ago=5 * DAY), "the answer is stale since 20"),
        "yet to come": (NOTARY.answer(leaf, ago=-DAY), "which is yet to come: is the clock of this machine right?"),
        "signed by another": (NOTARY.answer(leaf, signer=OTHER), NOT_SIGNED),
        "signed by one charged by another": (NOTARY.answer(leaf, by=OTHER.charge()), NOT_SIGNED),
        "signed by a certificate for servers":
            (NOTARY.answer(leaf, by=NOTARY.charge(ExtendedKeyUsageOID.SERVER_AUTH)), NOT_SIGNED),
        "signed by one whose charge is over":
            (NOTARY.answer(leaf, by=NOTARY.charge(days=-1)), NOT_SIGNED),
        "for another certificate": (NOTARY.answer(other), "the answer is about another certificate"),
        "for another authority's": (OTHER.answer(leaf), "the answer is about another certificate"),
        "try later": (bytes.fromhex("30030a0103"), "the responder says try later"),
        "garbage": (b"garbage", "the answer cannot be read"),
        "nothing": (b"", "the answer cannot be read"),
    }  # fmt: skip


ANSWERS = ["good", "revoked", "good, by one who is charged", "revoked, by one who is charged", "unknown", "stale",
           "yet to come", "signed by another", "signed by one charged by another",
           "signed by a certificate for servers",
           "signed by one whose charge is over", "for another certificate", "for another authority's", "try later",
           "garbage", "nothing"]  # fmt: skip
LEAF = NOTARY.charge()[0]
REVOKED, GOOD = NOTARY.answer(LEAF, OCSPCertStatus.REVOKED), NOTARY.answer(LEAF)


def load_other() -> x509.Certificate:
    return NOTARY.charge()[0]


def of(found: list[Standing]) -> tuple[str, bool]:
    """The words and whether it refuses, of the one standing there is; "" of none."""
    assert len(found) < 2
    return (found[0].reason.words, found[0].refuses) if found else ("", False)


def judge(words: str, refuses: bool, reason: str | None, hard: bool) -> None:
    if reason is None:
        assert "CN=localhost was revoked on 20" in words
        assert refuses
    elif reason == "":
        assert (words, refuses) == ("", False)
    else:
        assert words.startswith("it cannot be known whether CN=localhost is revoked: ")
        assert reason in words
        assert refuses is hard


@pytest.mark.parametrize("check", ["soft", "hard"])
@pytest.mark.parametrize("name", ANSWERS)
def test_answers_that_come_with_the_handshake(tmp_path: Path, name: str, check: str) -> None:
    leaf = load(NOTARY.certify(tmp_path))
    said, reason = answers(leaf)[name]
    if name == "nothing":
        reason = "its certificate names no responder"
    found = standings(Revocation(ocsp=check), [leaf, NOTARY.certificate], said, True, None)
    judge(*of(found), reason, check == "hard")


@pytest.mark.parametrize("check", ["soft", "hard"])
@pytest.mark.parametrize("name", ANSWERS)
def test_answers_that_are_fetched(tmp_path: Path, peers: Peers, name: str, check: str) -> None:
    office = Office(peers)
    leaf = load(NOTARY.certify(tmp_path, responder=office.url))
    said, reason = answers(leaf)[name]
    office.answer = http(said)
    found = standings(Revocation(ocsp=check), [leaf, NOTARY.certificate], b"", True, None)
    judge(*of(found), reason, check == "hard")
    assert office.asked[0].startswith(b"POST /there?is=more HTTP/1.0\r\nHost: 127.0.0.1:")
    assert b"Content-Type: application/ocsp-request\r\n" in office.asked[0]


def test_a_bad_answer_that_is_brought_along_does_not_keep_the_responder_from_being_asked(
    tmp_path: Path, peers: Peers
) -> None:
    office = Office(peers)
    leaf = load(NOTARY.certify(tmp_path, responder=office.url))
    office.answer = http(NOTARY.answer(leaf))
    stale = NOTARY.answer(leaf, ago=5 * DAY)
    assert standings(HARD_OCSP, [leaf, NOTARY.certificate], stale, True, None) == []


@pytest.mark.parametrize("asked", [HARD_OCSP, Revocation(crl="hard")], ids=["ocsp", "crl"])
def test_an_address_is_not_asked_where_nobody_vouches_for_who_wrote_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Revocation
) -> None:
    monkeypatch.setattr(revocation, "fetch", nobody)
    leaf = load(NOTARY.certify(tmp_path, responder="http://127.0.0.1:1/", crl="http://127.0.0.1:1/"))
    judge(*of(standings(asked, [leaf, NOTARY.certificate], b"", False, None)), "its authority is not trusted", True)


LISTS: dict[str, tuple[Callable[[x509.Certificate], bytes], str | None]] = {
    "good": (lambda leaf: NOTARY.list(), ""),
    "others are on it": (lambda leaf: NOTARY.list(load_other()), ""),
    "revoked": (lambda leaf: NOTARY.list(leaf), None),
    "stale": (lambda leaf: NOTARY.list(leaf, ago=5 * DAY), "is stale since 20"),
    "yet to come": (lambda leaf: NOTARY.list(ago=-DAY), "which is yet to come"),
    "signed by another": (lambda leaf: OTHER.list(), "is not signed by CN=CA"),
    "of another": (lambda leaf: Notary("else").list(), "is of CN=else, not of CN=CA"),
    "of changes alone": (lambda leaf: NOTARY.list(extension=x509.DeltaCRLIndicator(1)), "only what has changed"),
    "of authorities alone": (lambda leaf: NOTARY.list(extension=partly(only_contains_ca_certs=True)), "of this kind"),
    "of some reasons alone": (lambda leaf: NOTARY.list(
        extension=partly(only_some_reasons=frozenset([x509.ReasonFlags.key_compromise]))), "of this kind"),
    "of users alone": (lambda leaf: NOTARY.list(leaf, extension=partly(only_contains_user_certs=True)), None),
    "with what nobody knows": (lambda leaf: NOTARY.list(
        extension=x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\5\0")), "not known: 1.2.3"),
    "garbage": (lambda leaf: b"garbage", "the list cannot be read"),
    "nothing": (lambda leaf: b"", "the list cannot be read"),
}  # fmt: skip


def partly(**more: object) -> x509.IssuingDistributionPoint:
    """What a list says that is about some certificates alone."""
    parts: dict[str, object] = {
        "full_name": None, "relative_name": None, "only_contains_user_certs": False, "only_contains_ca_certs": False,
        "only_some_reasons": None, "indirect_crl": False, "only_contains_attribute_certs": False,
    }  # fmt: skip
    return x509.IssuingDistributionPoint(**{**parts, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("check", ["soft", "hard"])
@pytest.mark.parametrize("name", LISTS)
def test_lists_that_are_fetched(tmp_path: Path, peers: Peers, name: str, check: str) -> None:
    office = Office(peers)
    leaf = load(NOTARY.certify(tmp_path, crl=office.url))
    make, reason = LISTS[name]
    office.answer = http(make(leaf))
    found = standings(Revocation(crl=check), [leaf, NOTARY.certificate], b"", True, None)
    judge(*of(found), reason, check == "hard")
    assert office.asked[0].startswith(b"GET /there?is=more HTTP/1.0\r\n")


@pytest.mark.parametrize("name", ["good", "revoked", "stale", "signed by another", "of another"])
@pytest.mark.parametrize("as_pem", [True, False])
def test_lists_in_a_file(tmp_path: Path, name: str, as_pem: bool) -> None:
    leaf = load(NOTARY.certify(tmp_path))
    make, reason = LISTS[name]
    path = tmp_path / "own.crl"
    path.write_bytes(pem_of(make(leaf)) if as_pem else make(leaf))
    asked = Revocation(crl="hard", crl_files=(path,))
    reason = "names no list" if name == "of another" else reason
    judge(*of(standings(asked, [leaf, NOTARY.certificate], b"", True, None)), reason, True)


def pem_of(der: bytes) -> bytes:
    return b"# ours\n" + x509.load_der_x509_crl(der).public_bytes(Encoding.PEM) + b"the end\n"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (http(b"<html>sign in</html>", "302 Found"), "it answers 302"),
        (http(b"<html>sign in</html>"), "the answer cannot be read"),
        (http(b"", "500 Oh"), "it answers 500"),
        (b"220 mail ESMTP\r\n", "what came is no answer of http"),
        (b"", "what came is no answer of http"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort", "or not all of it"),
    ],
)  # fmt: skip
def test_a_responder_that_says_something_else(tmp_path: Path, peers: Peers, said: bytes, words: str) -> None:
    office = Office(peers)
    office.answer = said
    leaf = load(NOTARY.certify(tmp_path, responder=office.url))
    judge(*of(standings(HARD_OCSP, [leaf, NOTARY.certificate], b"", True, None)), words, True)


@pytest.mark.parametrize("check", ["soft", "hard"])
@pytest.mark.parametrize("kind", ["crl", "ocsp"])
def test_nobody_is_there(tmp_path: Path, kind: str, check: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    leaf = load(NOTARY.certify(tmp_path, **{"crl" if kind == "crl" else "responder": url}))
    found = standings(Revocation(**{kind: check}), [leaf, NOTARY.certificate], b"", True, None)
    judge(*of(found), f"{url}: cannot connect to 127.0.0.1", check == "hard")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://127.0.0.1/x", "only plain http"),
        ("ldap:///cn=x", "only plain http"),
        ("http://127.0.0.1:1/a b", "only plain http"),
        ("http://u@127.0.0.1:1/", "only plain http"),
        ("http://127.0.0.1:99999/", "no port has the number 99999"),
        ("http://exa!mple..x/", "is no host name"),
    ],
)
def test_addresses_that_nobody_asks(tmp_path: Path, url: str, words: str) -> None:
    leaf = load(NOTARY.certify(tmp_path, responder=url))
    judge(*of(standings(HARD_OCSP, [leaf, NOTARY.certificate], b"", True, None)), words, True)


def test_what_is_too_large_or_takes_too_long_is_given_up(
    tmp_path: Path, peers: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "LARGEST", 1000)
    office = Office(peers)
    office.answer = http(b"x" * 5000)
    leaf = load(NOTARY.certify(tmp_path, responder=office.url))
    judge(*of(standings(HARD_OCSP, [leaf, NOTARY.certificate], b"", True, None)), "it is larger than", True)
    monkeypatch.setattr(fetch, "PATIENCE", 0.1)
    slow = peers.serve(lambda sock: [sock.recv(1000), sock.sendall(b"HTTP/1.1 200 OK\r\n"), sock.recv(1)])
    leaf = load(NOTARY.certify(tmp_path, responder=f"http://127.0.0.1:{slow}/"))
    judge(*of(standings(HARD_OCSP, [leaf, NOTARY.certificate], b"", True, None)), "took longer than 0.1 s", True)


def test_a_responder_that_was_not_there_is_not_waited_for_by_every_connection(tmp_path: Path, peers: Peers) -> None:
    office = Office(peers)
    office.answer = http(b"", "503 Later")
    leaf = load(NOTARY.certify(tmp_path, responder=office.url))
    first = standings(HARD_OCSP, [leaf, NOTARY.certificate], b"", True, None)
    assert standings(HARD_OCSP, [leaf, NOTARY.certificate], b"", True, None) == first
    assert len(office.asked) == 1


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


def trusting_all(path: Path) -> object:
    from mailjobs.model import Tls

    return Tls(mode="implicit", revocation=Revocation(crl="hard", crl_files=(path,)))


@settings(max_examples=60, deadline=timedelta(seconds=5))
@given(st.integers(0, len(REVOKED) - 1), st.integers(1, 255))
def test_no_answer_that_was_touched_is_believed(at: int, change: int) -> None:
    whole = bytearray(REVOKED)
    whole[at] ^= change
    assert read_answer(bytes(whole), LEAF, NOTARY.certificate).state in ("unknown", "revoked")
    assert read_answer(REVOKED[:at], LEAF, NOTARY.certificate).state == "unknown"
    assert read_answer(GOOD + bytes([change]), LEAF, NOTARY.certificate).state == "unknown"
