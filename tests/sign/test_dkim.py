"""DKIM, judged by dkimpy (RFC 6376, RFC 8463)."""

from __future__ import annotations

import os
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from mailjobs.errors import CertificateError
from mailjobs.sign.dkim import DkimSigner
from tests.fixtures.letters import Writer
from tests.sign.stores import BODIES, ED, RSA, cert_pem, certificate, pem, vouched

SIGN = "sign: {dkim: {domain: example.com, selector: s1, key: {file: dkim.pem}}}"


@pytest.mark.parametrize("key", [RSA, ED], ids=["rsa", "ed25519"])
@pytest.mark.parametrize("body", BODIES)
def test_others_vouch_for_it(write: Writer, key: Any, body: str) -> None:
    write.file("dkim.pem", pem(key)).chmod(0o600)
    write.file("body.txt", body)
    got = write(
        "subject: 'Grüße   an alle, die das lesen, und noch viele Worte mehr, bis die Zeile voll ist'\n"
        f"headers: {{X-Other: a}}\ntext: {{file: body.txt}}\n{SIGN}"
    )
    content = got.outgoing.content
    assert got.outgoing.headers[0][0] == "DKIM-Signature"
    assert vouched(content, key)
    assert not vouched(content.replace(b"From: Ann", b"From: Bob"), key)
    assert not vouched(content.replace(b"To: bob", b"To: rob"), key)
    assert not vouched(content.replace(b"\r\nTo:", b"\r\nFrom: evil@e.test\r\nTo:"), key)
    assert vouched(content.replace(b"X-Other: a", b"X-Other: b"), key)
    assert not vouched(content + b"more\r\n", key)


def test_the_same_run_signs_alike(write: Writer) -> None:
    write.file("dkim.pem", pem(RSA)).chmod(0o600)
    assert write(f"text: x\n{SIGN}").outgoing.content == write(f"text: x\n{SIGN}").outgoing.content


def test_a_streamed_attachment_is_vouched_for(write: Writer) -> None:
    write.file("dkim.pem", pem(ED)).chmod(0o600)
    write.file("large.bin", os.urandom(1_300_000))
    got = write(f"text: x\nattachments: large.bin\n{SIGN}")
    assert got.outgoing.whole is None
    assert vouched(got.outgoing.content, ED)


def test_a_ready_made_message_can_be_vouched_for(write: Writer) -> None:
    write.file("dkim.pem", pem(ED)).chmod(0o600)
    got = write(f"subject: null\nraw: |\n  From: a@example.com\n  Subject: x\n\n  hello\n{SIGN}")
    assert vouched(got.outgoing.content, ED)


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(st.text(st.sampled_from("ab \t."), max_size=6), max_size=8),
    cuts=st.lists(st.integers(1, 5), max_size=10),
)
def test_any_body_in_any_pieces(lines: list[str], cuts: list[int]) -> None:
    body = "".join(f"{line}\r\n" for line in lines).encode()
    head = b"From: a@example.com\r\nSubject:  x \t y\r\n\r\n"
    signer = DkimSigner("example.com", "s1", ED)
    field = signer.field(head, [body], 1).encode()
    rest, pieces = body, []
    for cut in cuts:
        pieces.append(rest[:cut])
        rest = rest[cut:]
    assert signer.field(head, [*pieces, rest], 1).encode() == field
    assert vouched(field + head + body, ED)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pem(ec.generate_private_key(ec.SECP256R1())), "RSA or Ed25519"),
        (pem(RSA, b"x"), "encrypted"),
        (b"rubbish", "no private key"),
        (cert_pem(certificate(RSA)), "no private key"),
    ],
)
def test_keys_that_cannot_sign(write: Writer, content: bytes, words: str) -> None:
    write.file("dkim.pem", content).chmod(0o600)
    with pytest.raises(CertificateError, match=words):
        write.compiled(SIGN)
