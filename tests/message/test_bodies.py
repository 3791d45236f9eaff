"""Bodies, judged by the standard library."""

from __future__ import annotations

from binascii import b2a_qp
from email import message_from_bytes
from email.policy import default
from importlib import import_module

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailjobs.errors import DataError
from mailjobs.mime import multipart as multipart_of
from mailjobs.mime import text_entity

CHARACTERS = st.one_of(
    st.characters(exclude_categories=["Cs"]),
    st.sampled_from(
        ["\r", "\n", "\r\n", ".", "\n.", "\nFrom ", " ", "\t", " \n", "=", "é", "\0", "x" * 80, "ü" * 80, "y" * 999]
    ),
)
TEXT = st.lists(CHARACTERS, max_size=60).map("".join)


def meant(text):
    """Lines ended by LF, the last one too."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if not text or text.endswith("\n") else text + "\n"


def encoding_of(part):
    return part.fields[1].value


def read(part):
    """What a reader gets of a text part."""
    decoded = part.get_payload(decode=True).decode(part.get_content_charset())
    return decoded.replace("\r\n", "\n")


@given(TEXT)
@example("x" * 998 + "\n")
@example("x" * 999)
@example("é" + " " * 200)
@example(("a" * 74 + " \r\n") * 3 + "é")
@example("\r\n" * 5)
def test_any_text_comes_back(desk, text):
    outgoing = desk.fill(row={"x": text}, text="{{ row.x }}")
    assert read(message_from_bytes(outgoing.content, policy=default)) == meant(text)


@given(TEXT, TEXT)
def test_any_two_texts_come_back_as_alternatives(desk, text, html):
    outgoing = desk.fill(row={"x": text, "y": html}, text="{{ row.x }}", html="{{ row.y | safe }}")
    parsed = message_from_bytes(outgoing.content, policy=default)
    assert parsed.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "text/html"]
    assert [read(part) for part in parsed.iter_parts()] == [meant(text), meant(html)]
    assert parsed.defects == []


@given(TEXT)
@example(("é" * 12 + " \t \r\n") * 30)
@example(("a" * 74 + "\t\r\n") * 3 + "é")
def test_bytes_fit_any_server(text):
    part = text_entity(text, "plain")
    data = b"".join(part.body)
    assert data.isascii()
    assert b"\0" not in data
    assert b"\r" not in data.replace(b"\r\n", b"")
    assert b"\n" not in data.replace(b"\r\n", b"")
    longest = max(map(len, data.split(b"\r\n")))
    assert longest <= (998 if encoding_of(part) == "7bit" else 76)
    assert not data or data.endswith(b"\r\n")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("plain", "7bit"),
        ("x" * 998, "7bit"),
        ("x" * 999, "quoted-printable"),
        ("nul \0 byte in a text", "quoted-printable"),
        ("Grüße an alle, die das lesen", "quoted-printable"),
        ("日本語のテキスト" * 10, "base64"),
        ("", "7bit"),
    ],
)
def test_the_content_decides_the_encoding(text, encoding):
    assert encoding_of(text_entity(text, "plain")) == encoding


@given(TEXT)
@example("é .\n.\n \t\n" + "x" * 76 + "\n")
def test_lines_are_encoded_one_by_one_as_all_together(text):
    part = text_entity(text, "plain")
    if encoding_of(part) == "quoted-printable":
        assert part.body[0] == b2a_qp(meant(text).replace("\n", "\r\n").encode(), istext=True)


def test_blanks_at_the_end_of_a_full_line_do_not_make_it_too_long():
    text = ("é" + "a" * 69 + " \r\n") * 3
    assert max(map(len, text_entity(text, "plain").body[0].split(b"\r\n"))) <= 76


def test_a_boundary_never_stands_in_the_content(monkeypatch):
    monkeypatch.setattr(
        import_module("mailjobs.mime.multipart"), "_candidate", lambda held, names, attempt: f"=_b{attempt}"
    )
    made = multipart_of("alternative", [text_entity("x --=_b0 y", "plain"), text_entity("=_b1", "html")])
    assert 'boundary="=_b2"' in made.fields[0].value
    assert b"".join(made.body).count(b"--=_b2") == 3


def test_different_texts_have_different_boundaries():
    one = multipart_of("alternative", [text_entity("a", "plain"), text_entity("b", "html")])
    two = multipart_of("alternative", [text_entity("a", "plain"), text_entity("c", "html")])
    assert one.fields != two.fields


def test_no_body_is_headers_only(desk):
    outgoing = desk.fill(subject="x")
    assert outgoing.body == ()
    assert not [name for name, _ in outgoing.headers if name.startswith("Content-")]


def test_html_alone_is_one_part(desk):
    outgoing = desk.fill(html="<p>hi", text_from_html=False)
    parsed = message_from_bytes(outgoing.content, policy=default)
    assert (parsed.get_content_type(), parsed["content-transfer-encoding"]) == ("text/html", "7bit")


def test_only_html_is_escaped(desk):
    outgoing = desk.fill(row={"x": "<&>"}, text="{{ row.x }}", html="{{ row.x }}")
    text, html = message_from_bytes(outgoing.content, policy=default).iter_parts()
    assert (read(text), read(html)) == ("<&>\n", "&lt;&amp;&gt;\n")


def test_an_undefined_variable_in_a_body_is_told_with_its_line(desk):
    with pytest.raises(DataError) as caught:
        desk.fill(row={"name": "x"}, text="one\ntwo\n{{ row.nmae }}")
    (problem,) = caught.value.problems
    assert (problem.message, problem.place.line) == ("text: 'row.nmae' is undefined", 12)
