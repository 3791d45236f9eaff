"""SCRAM against the examples of its RFCs, and what it takes from no server."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailjobs.errors import AuthError
from mailjobs.sasl.scram import Scram, ScramSha1, ScramSha256, ScramSha256Plus, ScramSha512
from tests.sasl.asking import BINDING, me, server

NONCE_1, THEIRS_1 = "fyko+d2lbbFgONRv9qkxdawL", "3rfcNHYJY1ZVvWVs7j"
NONCE_256, THEIRS_256 = "rOprNGfwEbeRWgbNEkqO", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
EXAMPLES = [
    (ScramSha1, NONCE_1, THEIRS_1, "QSXCR+Q6sek8bf92", "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "rmF9pqV8S7suAoZWja4dJRkFsKQ="),
    (
        ScramSha256,
        NONCE_256,
        THEIRS_256,
        "W22ZaJ0SNY7soEsUEjb6gQ==",
        "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    ),
]
pencil = me("pencil", "user")


@pytest.mark.parametrize(("kind", "ours", "theirs", "salt", "proof", "signature"), EXAMPLES)
def test_examples_of_rfc_5802_and_7677(
    kind: type[Scram], ours: str, theirs: str, salt: str, proof: str, signature: str
) -> None:
    scram = kind(pencil, nonce=ours)
    assert scram.initial() == f"n,,n=user,r={ours}".encode()
    final = scram.respond(f"r={ours}{theirs},s={salt},i=4096".encode())
    assert final == f"c=biws,r={ours}{theirs},p={proof}".encode()
    with pytest.raises(AuthError, match="without its own proof"):
        scram.finish()
    assert scram.respond(f"v={signature}".encode()) == b""
    scram.finish()
    with pytest.raises(AuthError, match="after its last message"):
        scram.respond(b"")


def begun(ours: str = NONCE_256) -> Scram:
    scram = ScramSha256(pencil, nonce=ours)
    scram.initial()
    return scram


FIRST = f"r={NONCE_256}{THEIRS_256},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096".encode()


def test_a_wrong_signature_is_no_proof() -> None:
    scram = begun()
    scram.respond(FIRST)
    with pytest.raises(AuthError, match="does not know the password"):
        scram.respond(b"v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
    with pytest.raises(AuthError):
        scram.finish()


@pytest.mark.parametrize("error", ["invalid-proof", "unknown-user", "other-error", "some-extension"])
@pytest.mark.parametrize("early", [True, False])
def test_the_servers_error_is_kept_in_its_words(error: str, early: bool) -> None:
    scram = begun()
    if not early:
        scram.respond(FIRST)
    assert scram.respond(f"e={error}".encode()) == b""
    assert scram.complaint == error
    with pytest.raises(AuthError):
        scram.finish()


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (FIRST.replace(b"rOpr", b"xOpr"), "no answer to us"),
        (FIRST.replace(THEIRS_256.encode(), b""), "no answer to us"),
        (FIRST.replace(b"4096", b"4095"), "easy to guess"),
        (FIRST.replace(b"4096", b"1"), "easy to guess"),
        (FIRST.replace(b"4096", b"5000001"), "5000000 are the most"),
        (FIRST.replace(b"4096", b"9999999999"), "are the most"),
        (FIRST.replace(b"4096", b"99999999999"), "not one of SCRAM"),
        (FIRST.replace(b"4096", b"0"), "not one of SCRAM"),
        (FIRST.replace(b"4096", b"-1"), "not one of SCRAM"),
        (FIRST.replace(b"4096", "४०९६".encode()), "not one of SCRAM"),
        (FIRST.replace(b"W22ZaJ0SNY7soEsUEjb6gQ==", b""), "not one of SCRAM"),
        (FIRST.replace(b"W22ZaJ0SNY7soEsUEjb6gQ==", b"==="), "not one of SCRAM"),
        (b"m=ext," + FIRST, "an extension"),
        (b"e=Other error", "not one of SCRAM"),
        (b"", "not one of SCRAM"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_what_is_no_first_message_of_ours(message: bytes, words: str) -> None:
    with pytest.raises(AuthError, match=words):
        begun().respond(message)


def test_extensions_that_need_not_be_understood_are_passed_over() -> None:
    assert begun().respond(FIRST + b",x=new,y=").startswith(b"c=biws,")


@pytest.mark.parametrize("final", [b"", b"v=", b"v=!", b"v=AA==", b"x=1", b"\xff", b"e=", b"e=\x1b[31m"])
def test_what_is_no_last_message(final: bytes) -> None:
    scram = begun()
    scram.respond(FIRST)
    with pytest.raises(AuthError):
        scram.respond(final)


def test_names_are_prepared_and_escaped() -> None:
    scram = ScramSha1(me("x", "a=b,\u2168\u00ad", "\u2168,"), nonce="n")
    assert scram.initial() == b"n,a=IX=2C,n=a=3Db=2CIX,r=n"


def test_a_new_nonce_each_time() -> None:
    assert ScramSha1(pencil).initial() != ScramSha1(pencil).initial()


def test_plus_binds_and_without_tls_cannot() -> None:
    scram = ScramSha256Plus(me("pencil", "user"), server("SCRAM-SHA-256-PLUS"), nonce=NONCE_256)
    assert scram.initial().startswith(f"p={BINDING[0]},,n=user".encode())
    with pytest.raises(AuthError, match="there is none"):
        ScramSha256Plus(pencil, server(tls=False))


def test_many_iterations_are_done_and_another_hash_is_another_answer() -> None:
    many = FIRST.replace(b"4096", b"20000")
    answers = {kind(pencil, nonce=NONCE_256) for kind in (ScramSha1, ScramSha256, ScramSha512)}
    assert len({scram.respond(many) for scram in answers}) == 3


@settings(deadline=None)
@given(message=st.binary(max_size=300) | st.text(max_size=100).map(lambda text: f"r={NONCE_256}{text}".encode()))
def test_whatever_comes_is_refused_or_answered(message: bytes) -> None:
    scram = begun()
    with suppress(AuthError):
        scram.respond(message)
