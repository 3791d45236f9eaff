"""Answers about one certificate: good ones, and those that are wrong in every way, each with soft and with hard."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.ocsp import OCSPCertStatus
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from mailjobs.model import Revocation
from mailjobs.net.ocsp import read_answer
from mailjobs.net.revocation import standings
from tests.net.notary import DAY, Notary, Office, http, judge, load
from tests.net.peers import Peers

HARD_OCSP = Revocation(ocsp="hard")
NOTARY, OTHER = Notary("CA"), Notary("CA")  # two authorities of one name
NOT_SIGNED = "the answer is not signed by CN=CA"


def answers(leaf: x509.Certificate) -> dict[str, tuple[bytes, str | None]]:
    """What a responder may say of `leaf`, and the reason that comes of it; "" where all is well, None: revoked."""
    other = NOTARY.charge()[0]
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


@pytest.mark.parametrize("check", ["soft", "hard"])
@pytest.mark.parametrize("name", ANSWERS)
def test_answers_that_come_with_the_handshake(tmp_path: Path, name: str, check: str) -> None:
    leaf = load(NOTARY.certify(tmp_path))
    said, reason = answers(leaf)[name]
    if name == "nothing":
        reason = "its certificate names no responder"
    found = standings(Revocation(ocsp=check), [leaf, NOTARY.certificate], said, True, None)
    judge(found, reason, check == "hard")


@pytest.mark.parametrize("check", ["soft", "hard"])
@pytest.mark.parametrize("name", ANSWERS)
def test_answers_that_are_fetched(tmp_path: Path, peers: Peers, name: str, check: str) -> None:
    office = Office(peers)
    leaf = load(NOTARY.certify(tmp_path, responder=office.url))
    said, reason = answers(leaf)[name]
    office.answer = http(said)
    found = standings(Revocation(ocsp=check), [leaf, NOTARY.certificate], b"", True, None)
    judge(found, reason, check == "hard")
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


@settings(max_examples=60, deadline=timedelta(seconds=5))
@given(st.integers(0, len(REVOKED) - 1), st.integers(1, 255))
def test_no_answer_that_was_touched_is_believed(at: int, change: int) -> None:
    whole = bytearray(REVOKED)
    whole[at] ^= change
    assert read_answer(bytes(whole), LEAF, NOTARY.certificate).state in ("unknown", "revoked")
    assert read_answer(REVOKED[:at], LEAF, NOTARY.certificate).state == "unknown"
    assert read_answer(GOOD + bytes([change]), LEAF, NOTARY.certificate).state == "unknown"
