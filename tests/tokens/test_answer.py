"""What endpoints and programs say, as a value or as a refusal to take it for one; never another exception."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailjobs.secret import Secret
from mailjobs.tokens.answer import BadAnswer, Refusal, printed_token, refusal_of, token_of
from mailjobs.tokens.token import Token

NOW = 1_700_000_000.0
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
KEYS = (
    "access_token",
    "token_type",
    "expires_in",
    "refresh_token",
    "expires_on",
    "error",
    "error_description",
    "token",
)
ANSWERS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6)


def body(**members: Any) -> bytes:
    return json.dumps(members).encode()


def test_an_answer_is_a_token_with_its_end_and_what_to_ask_with_next() -> None:
    token = token_of(body(access_token="ya29.x", token_type="bearer", expires_in=3599, refresh_token="1//r"), NOW)
    assert (token.access.reveal(), token.expires) == ("ya29.x", NOW + 3599)
    assert token.refresh_token is not None
    assert token.refresh_token.reveal() == "1//r"
    assert "ya29" not in repr(token)


@pytest.mark.parametrize(("told", "left"), [("3599", 3599), (3599.5, 3599.5), (-5, -5), (0, 0)])
def test_seconds_may_come_as_text(told: Any, left: float) -> None:
    assert token_of(body(access_token="x", expires_in=told), NOW).expires == NOW + left


def test_nobody_need_say_when_it_ends() -> None:
    token = token_of(body(access_token="x"), NOW)
    assert token.expires is None
    assert token.good_at(NOW + 1e9)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "no JSON object"),
        (b"{}", "no access_token"),
        (body(access_token="a b"), "is no token"),
        (body(access_token="a\x01b"), "is no token"),
        (body(access_token="x" * 12_001), "is no token"),
        (body(access_token=7), "is no token"),
        (body(access_token="x", token_type="mac"), "not Bearer"),
        (body(access_token="x", token_type=1), "not Bearer"),
        (body(access_token="x", refresh_token=["y"]), "refresh_token is no token"),
        (body(access_token="x", expires_in=True), "no number of seconds"),
        (body(access_token="x", expires_in="soon"), "no number of seconds"),
        (b'{"access_token": "x", "expires_in": 1e999}', "no number of seconds"),
        (b'{"access_token": "x", "expires_in": NaN}', "no number of seconds"),
    ],
)
def test_what_is_no_answer_is_told_without_its_content(text: bytes, why: str) -> None:
    with pytest.raises(BadAnswer, match=why) as caught:
        token_of(text, NOW)
    assert caught.value.__cause__ is None


@given(ANSWERS | VALUES)
@example({"access_token": "x", "expires_in": 10**400})
def test_any_json_is_a_token_or_no_answer(answer: Any) -> None:
    text = json.dumps(answer).encode("utf-8", "surrogatepass")
    for parse in (token_of, lambda found, now: printed_token(found.decode(), now)):
        try:
            token = parse(text, NOW)
        except BadAnswer:
            continue
        assert isinstance(token, Token)
        assert token.expires is None or math.isfinite(token.expires)
    assert isinstance(refusal_of(text), Refusal | None)


@given(st.binary(max_size=80))
def test_any_bytes_are_no_answer_or_one(data: bytes) -> None:
    whole = body(access_token="x", expires_in=9)
    for text in (data, data + whole, whole + data):
        refusal_of(text)
        try:
            token_of(text, NOW)
        except BadAnswer:
            continue
    for length in range(len(whole)):
        with pytest.raises(BadAnswer):
            token_of(whole[:length], NOW)


@pytest.mark.parametrize("printed", ["ya29.x", "ya29.x\n", "Bearer ya29.x", "  bearer  ya29.x \r\n"])
def test_a_program_prints_a_token_alone(printed: str) -> None:
    assert printed_token(printed, NOW).access.reveal() == "ya29.x"


@pytest.mark.parametrize(
    ("members", "end"),
    [
        ({"access_token": "t", "expires_in": 60}, NOW + 60),
        ({"accessToken": "t", "expires_on": 1_700_000_100}, 1_700_000_100),
        ({"token": "t", "expiry": "2023-11-14T22:15:00Z"}, 1_700_000_100),
        ({"token": "t", "expires_at": "2023-11-14T23:15:00+01:00"}, 1_700_000_100),
        ({"token": "t"}, None),
    ],
)
def test_a_program_prints_the_json_of_a_token(members: dict[str, Any], end: float | None) -> None:
    token = printed_token(json.dumps(members), NOW)
    assert (token.access.reveal(), token.expires) == ("t", end)


@pytest.mark.parametrize(
    "printed", ["", "two words", "ü", "{}", '{"token": "t", "expiry": "2023-11-14T22:15:00"}', "{"]
)
def test_what_a_program_prints_else_is_refused(printed: str) -> None:
    with pytest.raises(BadAnswer):
        printed_token(printed, NOW)


def test_a_refusal_is_its_code_and_its_words() -> None:
    found = refusal_of(body(error="invalid_grant", error_description="Token has been\n expired\x1b[31m."))
    assert found == ("invalid_grant", "Token has been expired?[31m.")
    assert refusal_of(body(error={"code": 400, "message": "no", "status": "INVALID"})) == ("INVALID", "no")
    assert refusal_of(b"<html>") is None
    assert refusal_of(body(error=7)) is None


def test_words_that_hold_a_secret_are_left_out() -> None:
    Secret.literal("refresh-token-of-alice").reveal()
    for form in ("refresh-token-of-alice", "cmVmcmVzaC10b2tlbi1vZi1hbGljZQ==", b"refresh-token-of-alice".hex()):
        assert refusal_of(body(error="invalid_grant", error_description=f"bad: {form}")) == ("invalid_grant", "")
    assert refusal_of(body(error="refresh-token-of-alice")) is None
