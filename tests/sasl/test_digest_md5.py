"""DIGEST-MD5 against the examples of RFC 2831, and what it takes from no server."""

from __future__ import annotations

import hashlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailjobs.errors import AuthError
from mailjobs.sasl.digest_challenge import parse, quoted
from mailjobs.sasl.digest_md5 import DigestMd5
from tests.sasl.asking import me, server

IMAP = b'realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",qop="auth",algorithm=md5-sess,charset=utf-8'
ACAP = b'realm="elwood.innosoft.com",nonce="OA9BSXrbuRhWay",qop="auth",algorithm=md5-sess,charset=utf-8'


def chris(nonce: str, service: str, host: str = "elwood.innosoft.com") -> DigestMd5:
    mechanism = DigestMd5(me("secret", "chris"), server(host=host), nonce)
    mechanism._uri = f"{service}/{host}"  # ours is smtp, the RFC's are not
    return mechanism


@pytest.mark.parametrize(
    ("challenge", "cnonce", "service", "response", "proof"),
    [
        (IMAP, "OA6MHXh6VqTrRk", "imap", "d388dad90d4bbd760a152321f2143af7", "ea40f60335c427b5527b84dbabcdfffd"),
        (ACAP, "OA9BSuZWMSpW8m", "acap", "6084c6db3fede7352c551284490fd0fc", "2f0b3d7c3c2e486600ef710726aa2eae"),
    ],
)
def test_examples_of_rfc_2831(challenge: bytes, cnonce: str, service: str, response: str, proof: str) -> None:
    mechanism = chris(cnonce, service)
    said = mechanism.respond(challenge).decode()
    assert f"response={response}," in said + ","
    assert f'digest-uri="{service}/elwood.innosoft.com"' in said
    with pytest.raises(AuthError, match="without its own proof"):
        mechanism.finish()
    assert mechanism.respond(f"rspauth={proof}".encode()) == b""
    mechanism.finish()
    with pytest.raises(AuthError, match="after its proof"):
        mechanism.respond(b"")


@pytest.mark.parametrize("proof", [b"", b"rspauth=", b"rspauth=" + b"0" * 32, IMAP, b"\xff"])
def test_a_server_that_proves_nothing_is_refused(proof: bytes) -> None:
    mechanism = chris("OA6MHXh6VqTrRk", "imap")
    mechanism.respond(IMAP)
    with pytest.raises(AuthError, match="does not know the password"):
        mechanism.respond(proof)
    with pytest.raises(AuthError):
        mechanism.finish()


def asked(user: str, password: str, challenge: bytes, authzid: str | None = None) -> bytes:
    return DigestMd5(me(password, user, authzid), server(host="h"), "c").respond(challenge)


def expected(user: bytes, realm: bytes, password: bytes, authzid: bytes = b"") -> bytes:
    """RFC 2831 section 2.1.2.1, written out."""
    first = hashlib.md5(user + b":" + realm + b":" + password).digest() + b":n:c" + authzid
    inner = hashlib.md5(first).hexdigest(), hashlib.md5(b"AUTHENTICATE:smtp/h").hexdigest()
    return b"response=" + hashlib.md5(f"{inner[0]}:n:00000001:c:auth:{inner[1]}".encode()).hexdigest().encode()


UTF8 = b'realm="r",nonce="n",algorithm=md5-sess,charset=utf-8'


def test_what_latin_1_has_is_hashed_as_such_and_sent_as_utf_8() -> None:
    said = asked("jürgen", "pässword€", UTF8)
    assert 'username="jürgen"'.encode() in said
    assert expected("jürgen".encode("latin-1"), b"r", "pässword€".encode()) in said


def test_without_utf_8_all_is_latin_1() -> None:
    plain = UTF8.replace(b",charset=utf-8", b"")
    said = asked("jürgen", "pass", plain)
    assert 'username="jürgen"'.encode("latin-1") in said
    assert b"charset" not in said
    with pytest.raises(AuthError, match="ISO 8859-1 alone") as caught:
        asked("u", "pässword€", plain)
    assert "€" not in str(caught.value)


def test_quotes_blanks_and_backslashes_in_names() -> None:
    said = asked('a"\\b c', 'p"\\', UTF8, "other")
    assert rb'username="a\"\\b c"' in said
    assert b',authzid="other"' in said
    assert expected(b'a"\\b c', b"r", b'p"\\', b":other") in said


@pytest.mark.parametrize(
    ("realms", "user", "realm"),
    [
        (b"", "u", b""),
        (b'realm="one",realm="two",', "u", b"one"),
        (b'realm="one",realm="two",', "u@two", b"two"),
        (b'realm="q\\"x",', "u", b'q"x'),
    ],
)
def test_which_realm(realms: bytes, user: str, realm: bytes) -> None:
    said = asked(user, "p", realms + b'nonce="n",algorithm=md5-sess')
    assert expected(user.encode(), realm, b"p") in said
    assert (b"realm=" in said) is bool(realm)


@pytest.mark.parametrize(
    ("challenge", "words"),
    [
        (b"", "exactly one nonce"),
        (b'nonce="n"', "exactly one algorithm"),
        (b'nonce="n",nonce="m",algorithm=md5-sess', "exactly one nonce"),
        (b'nonce="",algorithm=md5-sess', "empty"),
        (b'nonce="n",algorithm=md5', "another algorithm"),
        (b'nonce="n",algorithm=md5-sess,qop="auth-int,auth-conf"', "a layer of its own"),
        (b'nonce="n",algorithm=md5-sess,charset=utf-8,charset=utf-8', "charset twice"),
        (b'nonce="n,algorithm=md5-sess', "not one of DIGEST-MD5"),
        (b"nonce=n algorithm=md5-sess", "not one of DIGEST-MD5"),
        (b"\x00\xff\xfe", "not one of DIGEST-MD5"),
        (b"rspauth=1", "exactly one nonce"),
        (b'nonce="' + b"n" * 2048 + b'",algorithm=md5-sess', "longer than 2047"),
    ],
)
def test_what_is_no_challenge(challenge: bytes, words: str) -> None:
    with pytest.raises(AuthError, match=words):
        asked("u", "p", challenge)


def test_blanks_and_empty_directives_between() -> None:
    assert b"nonce=" in asked("u", "p", b' , nonce = "n" ,,\r\n algorithm=MD5-SESS, qop="auth-conf, auth" ,')


@settings(deadline=None)
@given(value=st.text(st.characters(codec="utf-8"), min_size=1, max_size=50))
def test_what_is_quoted_is_read_again(value: str) -> None:
    challenge = f"nonce={quoted(value)},algorithm=md5-sess,realm={quoted(value)}".encode()
    found = parse(challenge, AuthError)
    assert (found.nonce, found.realms) == (value, (value,))


@settings(deadline=None)
@given(challenge=st.binary(max_size=300))
def test_whatever_comes_is_a_challenge_or_is_refused(challenge: bytes) -> None:
    with suppress(AuthError):
        asked("u", "sesame", challenge)
