"""Dot-stuffing in chunks is dot-stuffing of the whole, wherever it is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.smtp import DotStuffer, dot_stuff

# Anything, and much of what matters: dots at line starts, line ends, and halves of them.
contents = st.one_of(
    st.binary(max_size=60),
    st.lists(st.sampled_from([b".", b"..", b"\r\n", b"\r\n.", b"x", b"\r\n.\r\n"]), max_size=12).map(b"".join),
    st.lists(st.sampled_from([b".", b"\r", b"\n", b"\r\n", b"x"]), max_size=8).map(b"".join),
)


def in_chunks(content: bytes, cuts: list[int]) -> bytes:
    stuffer = DotStuffer()
    places = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    wire = b"".join([stuffer.feed(content[a:b]) for a, b in pairwise(places)])
    assert stuffer.octets == len(content)
    return wire + stuffer.finish()


def whole(content: bytes) -> bytes | str:
    try:
        return dot_stuff(content)
    except ValueError as error:
        return str(error)


@given(contents, st.lists(st.integers(0, 60), max_size=6))
def test_any_chunks_are_the_whole(content: bytes, cuts: list[int]) -> None:
    try:
        found: bytes | str = in_chunks(content, cuts)
    except ValueError as error:
        found = str(error)
    assert found == whole(content)


@given(contents)
def test_byte_by_byte_is_the_whole(content: bytes) -> None:
    cuts = list(range(len(content)))
    if isinstance(whole(content), bytes):
        assert in_chunks(content, cuts) == dot_stuff(content)
    else:
        with pytest.raises(ValueError, match=str(whole(content))):
            in_chunks(content, cuts)


def test_what_was_given_out_never_ends_the_content() -> None:
    """Between a CR and its LF nothing is decided yet, and a dot behind them is doubled."""
    stuffer = DotStuffer()
    assert [stuffer.feed(chunk) for chunk in (b"x\r", b"\n", b".", b"\r", b"\n")] == [
        b"x",
        b"\r\n",
        b"..",
        b"",
        b"\r\n",
    ]
    assert stuffer.finish() == b".\r\n"
