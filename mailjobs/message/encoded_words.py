"""Encoded words (RFC 2047): text of any script in a header of ASCII."""

from __future__ import annotations

from binascii import b2a_base64
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate

MAX_WORD = 75
_FRAME = len("=?utf-8?q??=")


def _table(kept: str) -> tuple[str, ...]:
    letters = "abcdefghijklmnopqrstuvwxyz"
    plain = set((letters + letters.upper() + "0123456789" + kept).encode())
    table = [chr(byte) if byte in plain else f"={byte:02X}" for byte in range(256)]
    table[0x20] = "_"
    return tuple(table)


# What may stand as it is in a phrase (section 5, rule 3), and in other text.
_IN_PHRASE = _table("!*+-/")
_IN_TEXT = _table("!\"#$%&'()*+,-./:;<>@[\\]^`{|}~")
# How many characters of Q each octet takes.
_COSTS_IN_PHRASE, _COSTS_IN_TEXT = [bytes([len(word) for word in table]) for table in (_IN_PHRASE, _IN_TEXT)]


def encode(
    text: str, room: int = MAX_WORD, phrase: bool = False, charset: str = "utf-8", longest: int = MAX_WORD
) -> str:
    """`text` as encoded words with one blank between them, in base64 or Q, whichever is shorter.

    `room` is for the first word, `longest` (at most 75) for the others; both in characters. No character is split, and
    each word is complete in itself: a charset with shifts begins and ends it in ASCII. A word has one character at
    least, so that it may outgrow a room too small for that. `charset` is a name that both mail and Python know.
    Raises UnicodeEncodeError for what the charset lacks, or does not give back: lone surrogates in UTF-8.
    """
    table = _IN_PHRASE if phrase else _IN_TEXT
    if charset != "utf-8":
        return _in_charset(text, room, table, charset, longest)
    data = text.encode()
    costs = data.translate(_COSTS_IN_PHRASE if phrase else _COSTS_IN_TEXT)
    if sum(costs) <= (len(data) + 2) // 3 * 4:
        return " ".join([_q_word(piece, table) for piece in _split(data, costs, room - _FRAME, longest - _FRAME)])
    rooms = (room - _FRAME) // 4 * 3, (longest - _FRAME) // 4 * 3
    return " ".join([_b_word(piece) for piece in _split(data, b"\1" * len(data), *rooms)])


def _q_word(data: bytes, table: tuple[str, ...], charset: str = "utf-8") -> str:
    return f"=?{charset}?q?{''.join([table[byte] for byte in data])}?="


def _b_word(data: bytes, charset: str = "utf-8") -> str:
    return f"=?{charset}?b?{b2a_base64(data, newline=False).decode()}?="


def _split(data: bytes, costs: bytes, first: int, rest: int) -> list[bytes]:
    """Whole characters of UTF-8 in pieces that cost at most `first`, then `rest`, each at least one character.

    `costs` has what each octet costs.
    """
    if sum(costs) <= first:
        return [data]
    pieces: list[bytes] = []
    spent = list(accumulate(costs))
    start, limit = 0, first
    while start < len(data):
        end = max(bisect_right(spent, limit), start + 1)
        while end > start + 1 and end < len(data) and data[end] & 0xC0 == 0x80:  # not within a character
            end -= 1
        while end < len(data) and data[end] & 0xC0 == 0x80:  # which is wider than there is room
            end += 1
        pieces.append(data[start:end])
        start, limit = end, spent[end - 1] + rest
    return pieces


def _in_charset(text: str, room: int, table: tuple[str, ...], charset: str, longest: int) -> str:
    """The words in any charset: what one costs is known only when it is made, since shifts belong to it."""
    _check_returns(text, charset)
    q = _words(text, room, longest, lambda piece: _q_word(piece.encode(charset), table, charset))
    b = _words(text, room, longest, lambda piece: _b_word(piece.encode(charset), charset))
    return min(" ".join(q), " ".join(b), key=len)


def _check_returns(text: str, charset: str) -> None:
    """Raises UnicodeEncodeError at the first character that the charset lacks or takes for another."""
    if text.encode(charset).decode(charset, "replace") == text:
        return
    for at, character in enumerate(text):
        if character.encode(charset).decode(charset, "replace") != character:
            raise UnicodeEncodeError(charset, text, at, at + 1, "another character comes back")
    raise UnicodeEncodeError(charset, text, 0, len(text), "another text comes back")


def _words(text: str, room: int, longest: int, made: Callable[[str], str]) -> Iterator[str]:
    """The words that `made` gives for whole characters of `text`, each as long as there is room."""
    at = 0
    while at < len(text):
        # No character takes less than a letter of a word.
        fits, beyond = 1, min(room, len(text) - at) + 1
        while beyond - fits > 1:
            middle = (fits + beyond) // 2
            if len(made(text[at : at + middle])) <= room:
                fits = middle
            else:
                beyond = middle
        yield made(text[at : at + fits])
        at, room = at + fits, longest
