"""Encoded words (RFC 2047): text of any script in a header of ASCII."""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Callable, Iterator

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
    q_size = sum(len(table[byte]) for byte in data)
    short = q_size <= (len(data) + 2) // 3 * 4
    pieces = _split_q(text, table, room, longest) if short else _split_b(text, room, longest)
    return " ".join([_q_word(piece, table) if short else _b_word(piece) for piece in pieces])


def _q_word(data: bytes, table: tuple[str, ...], charset: str = "utf-8") -> str:
    return f"=?{charset}?q?{''.join([table[byte] for byte in data])}?="


def _b_word(data: bytes, charset: str = "utf-8") -> str:
    return f"=?{charset}?b?{b2a_base64(data, newline=False).decode()}?="


def _split_q(text: str, table: tuple[str, ...], room: int, longest: int) -> Iterator[bytes]:
    return _split(text, lambda data: sum(len(table[byte]) for byte in data), room - _FRAME, longest - _FRAME)


def _split_b(text: str, room: int, longest: int) -> Iterator[bytes]:
    return _split(text, len, (room - _FRAME) // 4 * 3, (longest - _FRAME) // 4 * 3)


def _split(text: str, cost: Callable[[bytes], int], first: int, rest: int) -> Iterator[bytes]:
    """Whole characters of `text` in pieces that cost at most `first`, then `rest`, each at least one character."""
    piece, size, limit = bytearray(), 0, first
    for character in text:
        data = character.encode()
        more = cost(data)
        if piece and size + more > limit:
            yield bytes(piece)
            piece, size, limit = bytearray(), 0, rest
        piece += data
        size += more
    yield bytes(piece)


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
