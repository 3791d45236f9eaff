"""Lists of revoked certificates, good and wrong, and where they and answers are fetched from."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mailjobs.model import Revocation
from mailjobs.net import fetch, revocation
from mailjobs.net.revocation import standings
from tests.net.notary import DAY, Notary, Office, http, judge, load, nobody
from tests.net.peers import Peers

HARD_OCSP = Revocation(ocsp="hard")
NOTARY, OTHER = Notary("CA"), Notary("CA")  # two authorities of one name


LISTS: dict[str, tuple[Callable[[x509.Certificate], bytes], str | None]] = {
    "good": (lambda leaf: NOTARY.list(), ""),
    "others are on it": (lambda leaf: NOTARY.list(NOTARY.charge()[0]), ""),
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
    judge(found, reason, check == "hard")
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
    judge(standings(asked, [leaf, NOTARY.certificate], b"", True, None), reason, True)


def pem_of(der: bytes) -> bytes:
    return b"# ours\n" + x509.load_der_x509_crl(der).public_bytes(Encoding.PEM) + b"the end\n"


@pytest.mark.parametrize("asked", [HARD_OCSP, Revocation(crl="hard")], ids=["ocsp", "crl"])
def test_an_address_is_not_asked_where_nobody_vouches_for_who_wrote_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Revocation
) -> None:
    monkeypatch.setattr(revocation, "fetch", nobody)
    leaf = load(NOTARY.certify(tmp_path, responder="http://127.0.0.1:1/", crl="http://127.0.0.1:1/"))
    judge(standings(asked, [leaf, NOTARY.certificate], b"", False, None), "its authority is not trusted", True)


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
    judge(standings(HARD_OCSP, [leaf, NOTARY.certificate], b"", True, None), words, True)


@pytest.mark.parametrize("check", ["soft", "hard"])
@pytest.mark.parametrize("kind", ["crl", "ocsp"])
def test_nobody_is_there(tmp_path: Path, kind: str, check: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    leaf = load(NOTARY.certify(tmp_path, **{"crl" if kind == "crl" else "responder": url}))
    found = standings(Revocation(**{kind: check}), [leaf, NOTARY.certificate], b"", True, None)
    judge(found, f"{url}: cannot connect to 127.0.0.1", check == "hard")


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
    judge(standings(HARD_OCSP, [leaf, NOTARY.certificate], b"", True, None), words, True)


def test_what_is_too_large_or_takes_too_long_is_given_up(
    tmp_path: Path, peers: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "LARGEST", 1000)
    office = Office(peers)
    office.answer = http(b"x" * 5000)
    leaf = load(NOTARY.certify(tmp_path, responder=office.url))
    judge(standings(HARD_OCSP, [leaf, NOTARY.certificate], b"", True, None), "it is larger than", True)
    monkeypatch.setattr(fetch, "PATIENCE", 0.1)
    slow = peers.serve(lambda sock: [sock.recv(1000), sock.sendall(b"HTTP/1.1 200 OK\r\n"), sock.recv(1)])
    leaf = load(NOTARY.certify(tmp_path, responder=f"http://127.0.0.1:{slow}/"))
    judge(standings(HARD_OCSP, [leaf, NOTARY.certificate], b"", True, None), "took longer than 0.1 s", True)


def test_a_responder_that_was_not_there_is_not_waited_for_by_every_connection(tmp_path: Path, peers: Peers) -> None:
    office = Office(peers)
    office.answer = http(b"", "503 Later")
    leaf = load(NOTARY.certify(tmp_path, responder=office.url))
    first = standings(HARD_OCSP, [leaf, NOTARY.certificate], b"", True, None)
    assert standings(HARD_OCSP, [leaf, NOTARY.certificate], b"", True, None) == first
    assert len(office.asked) == 1
