"""What the sandbox shows of a message."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.sandbox.seen import Kept, Listening, NotKept, human_size, subject_of


def kept(**changes: object) -> Kept:
    values = {
        "number": 7, "file": Path("sandbox/0007-hi.eml"), "sender": "a@example.com", "recipients": ("b@example.com",),
        "peer": "127.0.0.1:4000", "received": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "subject": "Hi", "size": 1234,
    }  # fmt: skip
    return Kept(**{**values, **changes})


def test_a_message_is_one_line():
    assert str(kept()) == '0007  a@example.com -> b@example.com  "Hi"  1.2 kB'


def test_the_null_sender_is_shown_as_such():
    assert str(kept(sender="")).startswith("0007  <> -> ")


def test_of_many_recipients_the_first_three_are_shown():
    assert "-> r0, r1, r2 and 2 more  " in str(kept(recipients=tuple(f"r{n}" for n in range(5))))
    assert "-> r0, r1, r2  " in str(kept(recipients=("r0", "r1", "r2")))


def test_addresses_cannot_drive_the_terminal():
    assert "\x1b" not in str(kept(sender="\x1b[2Ja@example.com"))


def test_as_data_a_message_has_its_envelope_and_its_file():
    assert json.loads(json.dumps(kept().as_dict())) == {
        "kind": "kept", "number": 7, "file": "sandbox/0007-hi.eml", "from": "a@example.com", "to": ["b@example.com"],
        "peer": "127.0.0.1:4000", "received": "2026-01-02T03:04:05.000+00:00", "subject": "Hi", "size": 1234,
    }  # fmt: skip


def test_the_first_line_says_where():
    line = str(Listening("127.0.0.1", 2525, Path("sandbox")))
    assert line == "sandbox: smtp://127.0.0.1:2525, keeping messages in sandbox/ (Ctrl-C ends it)"
    secured = str(Listening("::1", 2525, Path("s"), Path("s/ca.pem")))
    assert secured == "sandbox: smtp://[::1]:2525, STARTTLS with s/ca.pem, keeping messages in s/ (Ctrl-C ends it)"


def test_a_message_that_could_not_be_kept_says_why():
    assert str(NotKept("disk full")) == "not kept: disk full"
    assert NotKept("disk full").as_dict() == {"kind": "not-kept", "reason": "disk full"}


@pytest.mark.parametrize(
    ("octets", "shown"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1249, "1.2 kB"), (2_500_000, "2.5 MB")]
)
def test_sizes_are_short(octets: int, shown: str):
    assert human_size(octets) == shown


@pytest.mark.parametrize(
    ("head", "subject"),
    [
        (b"Subject: Plain\r\n", "Plain"),
        (b"To: a@example.com\r\n", ""),
        (b"subject: =?utf-8?q?=C3=9Cbersicht?= und mehr\r\n", "Übersicht und mehr"),
        (b"Subject: =?utf-8?b?w5xiZXI=?=\r\n =?utf-8?b?c2ljaHQ=?=\r\n", "Übersicht"),
        (b"Subject: a\r\n long one\r\n", "a long one"),
        ("Subject: δοκιμή\r\n".encode(), "δοκιμή"),
        (b"Subject: =?no-such-charset?q?abc?=\r\n", "abc"),
        (b"Subject: =?utf-8?b?w?=\r\n", "=?utf-8?b?w?="),
        (b"Subject: \x1b[31mred\r\n", "[31mred"),
    ],
)
def test_the_subject_is_decoded(head: bytes, subject: str):
    assert subject_of(head + b"\r\nSubject: not this\r\n") == subject


@given(st.binary(max_size=200))
def test_no_subject_breaks_the_sandbox(value: bytes):
    shown = subject_of(b"Subject: " + value)
    assert shown == "" or shown.isprintable()
