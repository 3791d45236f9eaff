"""SASLprep against the examples of RFC 4013 section 3."""

from __future__ import annotations

from unicodedata import ucd_3_2_0

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailjobs.errors import AuthError
from mailjobs.sasl.saslprep import prepare


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("p\u00e4ssword\u20ac", "p\u00e4ssword\u20ac"),
        ("pa\u0308ss", "p\u00e4ss"),
        ("a\u00a0b\u3000c", "a b c"),
        ("日本", "日本"),
        ("سلام", "سلام"),
        ("\u0627\u0031\u0628", "\u0627\u0031\u0628"),
        ("🙂", "🙂"),  # not in Unicode 3.2: let through, since servers may know it
    ],
)
def test_what_is_made_of_a_name(text: str, prepared: str) -> None:
    assert prepare(text, "the name") == prepared


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\u0007", "a control character"),
        ("a\u0085", "a control character"),
        ("\u0627\u0031", "different directions"),
        ("a\u0627", "different directions"),
        ("\ue000", "private use"),
        ("\ufdd0", "no character"),
        ("\udc80", "no character"),
        ("\ufffd", "missing"),
        ("a\u202eb", "direction"),
        ("\u00ad", "is empty"),
        ("", "is empty"),
    ],
)
def test_what_is_forbidden(text: str, words: str) -> None:
    with pytest.raises(AuthError, match=words) as caught:
        prepare(text, "the password")
    assert not text or text not in str(caught.value)


def test_what_is_stored_has_what_unicode_3_2_has() -> None:
    with pytest.raises(AuthError, match=r"Unicode 3\.2"):
        prepare("🙂", "the name", stored=True)


@settings(deadline=None)
@given(text=st.text(max_size=20))
def test_what_is_prepared_is_normal_and_stays_so(text: str) -> None:
    try:
        prepared = prepare(text, "the name")
    except AuthError:
        return
    assert ucd_3_2_0.normalize("NFKC", prepared) == prepared
    assert prepare(prepared, "the name") == prepared
