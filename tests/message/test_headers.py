"""Header lines, judged by the standard library."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.errors import DataError, EncodingError, JobError
from mailjobs.message.encoded_words import encode
from mailjobs.message.headers import LineTooLong, fold, phrase, text_header

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=200)
WORD = re.compile(r"=\?utf-8\?[qb]\?[!-<>@-~=]*\?=")


def decoded(value):
    return str(make_header(decode_header(value)))


@given(TEXT)
def test_any_subject_comes_back(text):
    line = text_header("Subject", text)
    assert line.text.isascii()
    assert line.text == "Subject:\r\n" if not text else decoded(line.value) == text


@given(TEXT)
def test_lines_are_short_and_unfold_to_the_value(text):
    try:
        line = text_header("Subject", text)
    except LineTooLong:
        return
    lines = line.text.removesuffix("\r\n").split("\r\n")
    assert "".join(lines) == (f"Subject: {line.value}" if line.value else "Subject:")
    assert all(re.match(r"[ \t]+[^ \t]", part) for part in lines[1:])
    for part in lines:
        if "=?" in part:
            assert len(part) <= 76
        else:
            assert len(part) <= 78 or len(part.split()) <= 2


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200), st.booleans())
def test_each_encoded_word_stands_for_itself(text, in_phrase):
    """No character is split: each word decodes alone (RFC 2047 section 5)."""
    words = encode(text, 60, in_phrase).split(" ")
    assert all(len(word) <= 75 and WORD.fullmatch(word) for word in words)
    parts = []
    for word in words:
        ((data, charset),) = decode_header(word)
        parts.append(data.decode(charset))
    assert "".join(parts) == text


def test_encoded_words_of_a_phrase_have_letters_that_a_phrase_may_have():
    """RFC 2047 section 5, rule 3."""
    words = phrase('Grüße an alle und jeden, und (auch) an die "anderen": zu Hause @ home & so weiter')
    assert words.startswith("=?utf-8?q?")
    assert all(re.fullmatch(r"=\?utf-8\?q\?[A-Za-z0-9!*+/=_-]+\?=", word) for word in words.split())


def test_the_shorter_encoding_is_taken():
    assert encode("Ein Gruß an alle") == "=?utf-8?q?Ein_Gru=C3=9F_an_alle?="
    assert encode("日本語") == "=?utf-8?b?5pel5pys6Kqe?="


@pytest.mark.parametrize("text", ["=?utf-8?q?x=0D=0ABcc:_evil@e?=", "a =?x?= b", " leading", "trailing ", "bell\a"])
def test_ascii_that_would_not_come_back_is_encoded(text):
    line = text_header("Subject", text)
    assert line.value != text
    assert decoded(line.value) == text


@pytest.mark.parametrize("blanks", [20, 200, 2000])
def test_a_long_run_of_blanks_is_encoded_since_readers_may_make_one_of_it(blanks):
    text = "a" + " " * blanks + "b"
    assert decoded(text_header("Subject", text).value) == text
    assert " " * 20 not in text_header("Subject", text).text
    assert " " * 20 not in phrase(text)


def test_a_name_like_an_encoded_word_is_never_sent_as_it_stands():
    assert "Evil" not in phrase("=?utf-8?q?Evil?=")


def test_plain_ascii_stays_bare():
    assert text_header("Subject", 'Re: a "b" <c>\t!').text == 'Subject: Re: a "b" <c>\t!\r\n'


def test_long_lines_break_before_white_space():
    folded = fold("Subject: " + "word " * 30 + "end")
    assert all(len(line) <= 78 for line in folded.split("\r\n"))
    assert folded.replace("\r\n", "") == "Subject: " + "word " * 30 + "end"


def test_a_long_word_stays_whole_up_to_998():
    assert fold("X: " + "a" * 995) == "X: " + "a" * 995
    assert fold("X: " + "a" * 997) == "X:\r\n " + "a" * 997
    with pytest.raises(LineTooLong):
        fold("X: " + "a" * 998)


def test_a_long_name_of_a_header_leaves_room_for_encoded_words():
    line = text_header("X-" + "a" * 60, "ü" * 100)
    assert max(map(len, line.text.split("\r\n"))) <= 76
    assert decoded(line.value) == "ü" * 100


def test_headers_stand_in_order_and_as_sent(desk):
    outgoing = desk.fill(
        subject="Grüße", cc=("c@d.test",), reply_to=("r@d.test",), headers=[("X-A", "1"), ("X-A", "ü")], text="x"
    )
    names = "Date From To Cc Reply-To Subject Message-ID MIME-Version X-A X-A Content-Type Content-Transfer-Encoding"
    assert [name for name, _ in outgoing.headers] == names.split()
    parsed = message_from_bytes(outgoing.content, policy=default)
    assert parsed.keys() == names.split()
    assert dict(outgoing.headers)["Subject"] == "=?utf-8?b?R3LDvMOfZQ==?="
    assert parsed["date"] == "Fri, 01 Mar 2024 21:24:52 -0500"
    assert outgoing.head.endswith(b"\r\n\r\n")
    assert outgoing.size == len(outgoing.content)


def test_the_same_run_renders_the_same_bytes_and_another_does_not(desk):
    fields = {"text": "{{ row.x }}", "html": "<p>{{ row.x }}", "row": {"x": "ü"}}
    first, again = desk.fill(**fields), desk.fill(**fields)
    assert first.content == again.content
    other_key = desk.fill(identity=desk.identity._replace(key="8"), **fields)
    other_run = desk.fill(identity=desk.identity._replace(run_id="run2"), **fields)
    assert len({first.message_id, other_key.message_id, other_run.message_id}) == 3


def test_the_message_id_is_at_the_from_domain(desk):
    outgoing = desk.fill(from_="a@bücher.test")
    assert re.fullmatch(r"<[0-9a-f]{32}@xn--bcher-kva\.test>", outgoing.message_id)
    assert ("Message-ID", outgoing.message_id) in outgoing.headers


@pytest.mark.parametrize("name", ["a b", "a:b", "", "ü", "a\r\nb", "a\n"])
def test_header_names_that_may_not_be_set(desk, name):
    with pytest.raises(JobError) as caught:
        desk.compile(headers=[(name, "x")])
    assert caught.value.place.line == 10


@pytest.mark.parametrize("value", ["a\r\nBcc: evil@e.test", "a\nb", "a\rb", "a\0b"])
@pytest.mark.parametrize(
    ("field", "fields"),
    [("subject", {"subject": "s {{ row.x }}"}), ("headers.X-A", {"headers": [("X-A", "{{ row.x }}")]})],
)
def test_a_value_cannot_end_a_header(desk, value, field, fields):
    with pytest.raises(DataError) as caught:
        desk.fill(row={"x": value}, **fields)
    assert caught.value.message.startswith(f"{field}: ")


def test_a_line_break_of_the_job_is_refused_with_its_line(desk):
    with pytest.raises(JobError) as caught:
        desk.compile(subject="one\ntwo")
    assert caught.value.message.startswith("subject: ")


def test_the_end_of_a_block_scalar_is_no_line_break(desk):
    assert ("Subject", "one 7") in desk.fill(row={"x": "7"}, subject="one {{ row.x }}\n").headers


def test_half_a_character_cannot_be_sent(desk):
    for fields in ({"subject": "{{ row.x }}"}, {"text": "{{ row.x }}"}, {"to": ("{{ row.x }} <a@b.test>",)}):
        with pytest.raises(EncodingError) as caught:
            desk.fill(row={"x": "\ud800"}, **fields)
        assert caught.value.code == 434


def test_a_word_that_no_line_can_hold_is_told(desk):
    with pytest.raises(DataError, match="too long for a header"):
        desk.fill(row={"x": "a" * 1000}, subject="{{ row.x }}")


def test_a_thousand_recipients_are_folded(desk):
    outgoing = desk.fill(to=(", ".join(f'"N, {n}" <user{n}@example.com>' for n in range(1000)),))
    assert max(map(len, outgoing.head.split(b"\r\n"))) <= 78
    assert len(message_from_bytes(outgoing.content, policy=default)["to"].addresses) == 1000
