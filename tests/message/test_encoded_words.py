"""Encoded words in any charset, and lines of any length, with the standard library as the judge."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.header import decode_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.message.encoded_words import encode
from mailjobs.message.headers import address_header, fold, phrase, text_header
from mailjobs.message.mailbox import Mailbox

ASCII = [chr(code) for code in range(0x20, 0x7F)]
LETTERS = {
    "iso-8859-1": "äöüßéÀÿ£§",
    "iso-8859-15": "€Šžéß",
    "windows-1252": "€„“”–éß™",
    "windows-1251": "Приветмир№Ёё«»",
    "koi8-r": "ПриветмирЁё",
    "iso-2022-jp": "日本語件名ご確認アイウ「」Привет",
    "shift_jis": "日本語件名ご確認アイウ「」ｱｲｳ表ソ能",
    "euc-jp": "日本語件名ご確認ｱｲｳ丂",
    "iso-2022-kr": "안녕하세요한국어",
    "euc-kr": "안녕하세요한국어",
    "gb2312": "中文标题你好",
    "gb18030": "中文标题你好€𠀀😀é",
    "big5": "中文標題許功蓋",
    "utf-8": "äж日😀e\u0301",
}
WORD = re.compile(r"=\?[a-z0-9_-]+\?[qb]\?[!-<>@-~=]*\?=")
CHARSETS = sorted(LETTERS)


@st.composite
def texts(draw):
    charset = draw(st.sampled_from(CHARSETS))
    letters = st.sampled_from([*LETTERS[charset]] * 8 + [letter for letter in ASCII if letter not in "\\~"])
    return charset, draw(st.text(letters, min_size=1, max_size=120))


def decoded(value):
    """The text of an unfolded value."""
    parts = decode_header(value)
    return "".join(part if isinstance(part, str) else part.decode(charset or "ascii") for part, charset in parts)


def words_of(value):
    """Each encoded word, decoded by itself."""
    for word in value.split():
        assert len(word) <= 75
        assert WORD.fullmatch(word)
        ((data, charset),) = decode_header(word)
        yield data.decode(charset)


@given(texts(), st.booleans(), st.integers(20, 75), st.integers(60, 75))
def test_each_word_stands_for_itself(made, in_phrase, room, longest):
    charset, text = made
    value = encode(text, room, in_phrase, charset, longest)
    assert value.startswith(f"=?{charset}?")
    assert "".join(words_of(value)) == text
    first, *others = value.split()
    assert len(first) <= max(room, 40)  # room for one character at least
    assert all(len(word) <= longest for word in others)
    assert decoded(value) == text


@pytest.mark.parametrize(
    ("charset", "text", "value"),
    [
        ("iso-8859-1", "Grüße an alle", "=?iso-8859-1?q?Gr=FC=DFe_an_alle?="),
        ("koi8-r", "Привет", "=?koi8-r?b?8NLJ18XU?="),
        ("iso-2022-jp", "日本語のお知らせ", "=?iso-2022-jp?q?=1B$BF|K\\8l$N$*CN$i$;=1B(B?="),
        ("windows-1252", "€", "=?windows-1252?q?=80?="),
    ],
)
def test_the_shorter_encoding_is_taken(charset, text, value):
    assert encode(text, charset=charset) == value


@given(texts())
def test_a_charset_with_shifts_ends_each_word_in_ascii(made):
    _, text = made
    text = "".join(letter for letter in text if letter in LETTERS["iso-2022-jp"] or letter.isascii()) + "日本"
    for word in encode(text, 75, False, "iso-2022-jp").split():
        ((data, _),) = decode_header(word)
        last = data.rfind(b"\x1b")
        assert last < 0 or data[last : last + 3] == b"\x1b(B"


@given(texts(), st.sampled_from([20, 40, 60, 76, 78, 200, 998]), st.sampled_from(["X", "Subject", "X-" + "a" * 70]))
def test_a_header_in_any_charset_and_length_comes_back(made, limit, name):
    charset, text = made
    line = text_header(name, text, charset, limit)
    lines = line.text.removesuffix("\r\n").split("\r\n")
    assert line.text.isascii()
    assert "".join(lines) == f"{name}: {line.value}"
    assert all(part.strip(" \t") for part in lines)
    for part in lines:
        if "=?" in part:
            assert len(part) <= (76 if limit == 20 else min(limit, 76))
        else:
            assert len(part) <= limit or len(part.split()) == 1 or part.startswith(f"{name}: ")
    found = message_from_bytes(f"{line.text}\r\n".encode())[name]
    assert decoded(found.replace("\r\n", "").removeprefix(" ")) == text


@given(texts(), st.sampled_from([20, 40, 78, 998]))
def test_names_in_any_charset_come_back(made, limit):
    charset, text = made
    box = Mailbox(text.strip() or "x", "a", "b.test", True)
    line = address_header("To", [box, box], charset, limit)
    lines = line.text.removesuffix("\r\n").split("\r\n")
    assert all(part.strip(" \t") for part in lines)
    assert all(len(part) <= (76 if limit == 20 else min(limit, 76)) for part in lines if "=?" in part)
    name = phrase(box.name, charset, limit)
    assert line.value == f"{name} <a@b.test>, {name} <a@b.test>"
    if "=?" in name:
        assert "".join(words_of(name)) == box.name


@pytest.mark.parametrize(
    ("charset", "text", "start"),
    [
        ("iso-8859-1", "abc€d", 3),
        ("koi8-r", "Привет ü", 7),
        ("iso-2022-jp", "日本 ü日", 3),
        ("iso-2022-jp", "日本\x1b", 2),
        ("shift_jis", "100 ¥", 4),
        ("us-ascii", "ü", 0),
        ("windows-1252", "a\x81", 1),
        ("gb18030", "a\ud800", 1),
        ("utf-8", "ab\ud800", 2),
    ],
)
def test_what_the_charset_lacks_is_told_with_its_place(charset, text, start):
    for make in (
        lambda: encode(text, charset=charset),
        lambda: text_header("Subject", text, charset),
        lambda: phrase(text, charset),
        lambda: address_header("To", [Mailbox(text, "a", "b.test", True)], charset),
    ):
        with pytest.raises(UnicodeEncodeError) as caught:
            make()
        assert (caught.value.start, caught.value.object) == (start, text)


def test_ascii_needs_no_charset():
    assert text_header("Subject", "Hello", "iso-2022-jp").value == "Hello"
    assert phrase("Bob, B", "koi8-r") == '"Bob, B"'


@pytest.mark.parametrize("limit", [20, 40, 60, 78, 200, 998])
def test_ascii_lines_are_as_long_as_the_limit_lets_them(limit):
    text = "ab cd " * 400
    lines = text_header("Subject", text.strip(), limit=limit).text.removesuffix("\r\n").split("\r\n")
    assert limit - 3 <= max(map(len, lines)) <= limit


def test_encoded_lines_stay_at_76_whatever_the_limit():
    lines = text_header("Subject", "ä" * 600, limit=998).text.split("\r\n")
    assert 70 < max(map(len, lines)) <= 76


def test_lines_of_utf8_are_measured_in_octets():
    boxes = [Mailbox("", "é" * 30, "b.test", False)] * 60
    lines = address_header("To", boxes, limit=998).text.encode().split(b"\r\n")
    assert 900 < max(map(len, lines)) <= 998


def test_white_space_at_the_end_stays_and_makes_no_line_of_its_own():
    line = f"X: {'a' * 60} {'b' * 60}  \t"
    assert fold(line) == f"X: {'a' * 60}\r\n {'b' * 60}  \t"


def test_a_long_name_of_a_header_leaves_an_encoded_word_a_line_of_its_own():
    line = text_header("X-" + "a" * 60, "日", "iso-2022-jp", 20)
    assert line.text == f"X-{'a' * 60}:\r\n =?iso-2022-jp?q?=1B$BF|=1B(B?=\r\n"


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("limit", [40, 60, 78])
def test_long_texts_fill_the_lines_that_they_may_have(charset, limit):
    text = LETTERS[charset] * 12
    for line in (
        text_header("Subject", text, charset, limit),
        address_header("To", [Mailbox(text, "a", "b.test", True)], charset, limit),
    ):
        longest = max(map(len, line.text.split("\r\n")))
        assert min(limit, 76) - 12 <= longest <= min(limit, 76)


@pytest.mark.parametrize("charset", CHARSETS)
def test_only_the_first_word_is_as_short_as_its_room(charset):
    first, *others = encode(LETTERS[charset] * 12, 40, charset=charset).split()
    assert len(first) <= 40 < 60 < max(map(len, others)) <= 75
