"""Messages that are ready made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.errors import DataError, FileError, JobError
from mailjobs.message.raw import split_message
from tests.fixtures.letters import Writer

MAIL = b"Subject: hi\r\nX-Long: one\r\n two\r\nMessage-ID: <7@x.test>\r\n\r\n.dot\r\nbody\r\n"


@pytest.mark.parametrize("endings", ["crlf", "keep"])
def test_bytes_are_not_touched(write: Writer, endings: str) -> None:
    write.file("m.eml", MAIL)
    outgoing = write(f"subject: null\nraw: {{file: m.eml, line_endings: {endings}}}").outgoing
    assert outgoing.content == MAIL
    assert outgoing.headers == (("Subject", "hi"), ("X-Long", "one two"), ("Message-ID", "<7@x.test>"))
    assert outgoing.message_id == "<7@x.test>"
    assert [one.address for one in outgoing.recipients] == ["bob@example.org"]
    assert outgoing.sender == "ann@example.com"


def test_line_ends_become_crlf(write: Writer) -> None:
    write.file("m.eml", MAIL.replace(b"\r\n", b"\n"))
    assert write("subject: null\nraw: {file: m.eml}").outgoing.content == MAIL


def test_it_may_stand_in_the_job(write: Writer) -> None:
    got = write("subject: null\nraw: |\n  Subject: {{ no hole }}\n\n  hello\n")
    assert got.outgoing.content == b"Subject: {{ no hole }}\r\n\r\nhello\r\n"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (MAIL.replace(b"dot\r\n", b"dot\n"), "bare LF"),
        (MAIL.replace(b"dot\r\n", b"dot\r"), "bare CR"),
        (MAIL[:-2], "last line"),
        (MAIL + b"\0\r\n", "NUL"),
        (MAIL + b"x" * 999 + b"\r\n", "998 octets"),
        (b"no header\r\n\r\nx\r\n", "no header field"),
        (b" folded: first\r\n\r\nx\r\n", "no header field"),
    ],
)
def test_what_no_server_may_get_is_refused(write: Writer, data: bytes, words: str) -> None:
    write.file("m.eml", data)
    with pytest.raises(JobError, match=words):
        write.compiled("subject: null\nraw: {file: m.eml, line_endings: keep}")


def test_8_bit_content_needs_8bitmime(write: Writer) -> None:
    write.file("m.eml", MAIL + "grün\r\n".encode())
    outgoing = write("subject: null\nraw: {file: m.eml}").outgoing
    assert (outgoing.eightbit, outgoing.smtputf8) == (True, False)


def test_a_row_chooses_within_the_folder(write: Writer) -> None:
    write.file("out/1.eml", MAIL)
    write.file("secret.eml", MAIL)
    assert write("subject: null\nraw: {file: 'out/{{ row.n }}.eml'}", {"n": 1}).outgoing.content == MAIL
    with pytest.raises(DataError, match="folder"):
        write("subject: null\nraw: {file: 'out/{{ row.n }}.eml'}", {"n": "../secret"})


def test_a_missing_file_is_told_before_anything_is_sent(write: Writer) -> None:
    with pytest.raises(FileError):
        write.compiled("subject: null\nraw: {file: gone.eml}")


@pytest.mark.parametrize("other", ["text: x", "html: x", "headers: {X-A: b}", "subject: x", "attachments: x"])
def test_it_is_the_whole_message(write: Writer, other: str) -> None:
    write.file("m.eml", MAIL)
    rest = other if "subject" in other else f"{other}\nsubject: null"
    with pytest.raises(JobError, match="`raw` is the whole message"):
        write.compiled(f"{rest}\nraw: {{file: m.eml}}")


@given(st.binary(max_size=300))
def test_any_bytes_are_split_or_refused(data: bytes) -> None:
    for keep in (False, True):
        try:
            split = split_message(data, keep)
        except ValueError:
            continue
        joined = split.head + split.body
        assert joined.replace(b"\r\n", b"").translate(None, b"\r\n") == joined.replace(b"\r\n", b"")
        if keep:
            assert joined == data


@pytest.mark.parametrize("raw", ["raw: {file: m.eml}", "raw: |\n  Bcc: x@y.test\n\n  body"])
def test_a_bcc_that_all_would_see_is_warned_about(write: Writer, raw: str) -> None:
    from mailjobs.job import load_job

    write.file("m.eml", b"Subject: x\r\nbcc : x@y.test\r\n\r\nBcc: in the body\r\n")
    write.compiled(f"subject: null\n{raw}")
    (warning,) = load_job(write.folder / "job.yaml").warnings
    assert "Bcc field" in warning.message
