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


def encode(text: str, room: int = MAX_WORD, phrase: bool = False) -> str:
    """`text` as encoded words with one blank between them, in base64 or Q, whichever is shorter.

    `room` is for the first word; no character is split. Raises UnicodeEncodeError for lone surrogates.
    """
    data = text.encode()
    table = _IN_PHRASE if phrase else _IN_TEXT
    q_size = sum(len(table[byte]) for byte in data)
    short = q_size <= (len(data) + 2) // 3 * 4
    pieces = _split_q(text, table, room) if short else _split_b(text, room)
    return " ".join([_q_word(piece, table) if short else _b_word(piece) for piece in pieces])


def _q_word(data: bytes, table: tuple[str, ...]) -> str:
    return f"=?utf-8?q?{''.join([table[byte] for byte in data])}?="


def _b_word(data: bytes) -> str:
    return f"=?utf-8?b?{b2a_base64(data, newline=False).decode()}?="


def _split_q(text: str, table: tuple[str, ...], room: int) -> Iterator[bytes]:
    return _split(text, lambda data: sum(len(table[byte]) for byte in data), room - _FRAME, MAX_WORD - _FRAME)


def _split_b(text: str, room: int) -> Iterator[bytes]:
    return _split(text, len, (room - _FRAME) // 4 * 3, (MAX_WORD - _FRAME) // 4 * 3)


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
