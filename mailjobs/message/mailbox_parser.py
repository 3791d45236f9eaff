"""Address lists of RFC 5322 section 3.4, with RFC 6532 (UTF-8) and RFC 6854 (groups).

Liberal where people are: dots in names, empty places between commas. Strict where it matters: obsolete routes and
local parts are refused, and so is whatever is left over. Placeholders of `templates.holes` count as letters, so that
a list with holes is parsed like any other and its structure never depends on what fills them.

Comments say nothing to a program, and are dropped. Encoded words of a name are decoded: in the syntax of a header
they stand for their text, and a name copied from a header means that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from mailjobs.message.mailbox import AddressSyntax, Group, mailbox, shown
from mailjobs.message.mailbox_tokens import Token, tokens
from mailjobs.templates.holes import CLOSE, MARKS, OPEN_LIST, PLACEHOLDER

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ENCODED_WORD = re.compile(r"=\?([!-)+->@-~]+)(?:\*[A-Za-z0-9-]*)?\?([bBqQ])\?([!->@-~]*)\?=")
# Codecs of Python that are no charsets.
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})


class Entry(NamedTuple):
    """One place of a list. `name` and `address` may have placeholders; `several`: `address` is one that stands for
    any number of mailboxes. `at`: where the address begins in the text, from 0."""

    name: str
    address: str
    several: bool = False
    at: int = 0


class Parsed(NamedTuple):
    """A list: its entries, members of groups included, and the groups, whose names may have placeholders."""

    entries: tuple[Entry, ...]
    groups: tuple[Group, ...]


@lru_cache(maxsize=1024)
def parse_addresses(text: str) -> Parsed:
    """An address list. Raises AddressSyntax, with the position in `text`."""
    return _Parser(text).parsed()


def parse_mailboxes(text: str) -> tuple[Entry, ...]:
    """The mailboxes of an address list, members of groups included. Raises as `parse_addresses`."""
    return parse_addresses(text).entries


class _Parser:
    """Recursive descent over tokens."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._next = 0
        self._entries: list[Entry] = []
        self._groups: list[Group] = []

    def parsed(self) -> Parsed:
        """All of the text."""
        self._items(in_group=False)
        return Parsed(tuple(self._entries), tuple(self._groups))

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _items(self, in_group: bool) -> None:
        """Entries up to the end, or in a group up to its semicolon."""
        while not self._ended(in_group):
            if self._peek().text == ",":
                self._take()
                continue
            self._item(in_group)
            if not self._ended(in_group) and self._peek().text != ",":
                raise _unexpected(self._peek(), in_group)

    def _ended(self, in_group: bool) -> bool:
        token = self._peek()
        return token.kind == "end" or (in_group and token.text == ";")

    def _item(self, in_group: bool) -> None:
        words = self._words()
        token = self._peek()
        if token.text == "<":
            name = _phrase(words)
            self._entries.append(_entry(name, self._angle()))
        elif token.text == ":" and words and not in_group:
            self._group(words)
        elif words and token.text != ":":
            self._entries.append(_entry("", words))
        else:
            raise _unexpected(token, in_group)

    def _words(self) -> list[Token]:
        words = []
        while self._peek().kind in ("atom", "quoted", "literal") or self._peek().text == "@":
            words.append(self._take())
        return words

    def _angle(self) -> list[Token]:
        opening = self._take()
        words = self._words()
        if words and words[0].text == "@":
            route = shown("".join(word.text for word in words))
            raise AddressSyntax(
                f"a route ({route}) may not be used in an address: write what follows its ':'", opening.at
            )
        closing = self._take()
        if closing.text != ">":
            raise AddressSyntax("this '<' is not closed with '>' after one address", opening.at)
        if not words:
            raise AddressSyntax("there is no address between '<' and '>'", opening.at)
        return words

    def _group(self, words: list[Token]) -> None:
        name = _phrase(words)
        if OPEN_LIST in name:
            raise _not_alone(words[0].at)
        self._take()
        start = len(self._entries)
        self._items(in_group=True)
        if self._take().text != ";":
            raise AddressSyntax(f"the group {shown(name)} does not end with ';'", words[0].at)
        self._groups.append(Group(name, start, len(self._entries)))


def _entry(name: str, words: list[Token]) -> Entry:
    address, at = _addr_spec(words), words[0].at
    several = OPEN_LIST in address
    if OPEN_LIST in name or (several and (name or not PLACEHOLDER.fullmatch(address))):
        raise _not_alone(at)
    if CLOSE not in address:
        try:
            mailbox("", address)
        except AddressSyntax as error:
            raise AddressSyntax(str(error), _position(words, error.at or 0)) from None
    return Entry(name, address, several, at)


def _not_alone(at: int) -> AddressSyntax:
    return AddressSyntax("what the filter `addresses` gives has to stand alone between commas", at)


def _phrase(words: Sequence[Token]) -> str:
    """A display name: words and quoted strings, one blank where the text has white space or a comment."""
    parts: list[str] = []
    after_encoded = False
    for word in words:
        if word.kind == "literal" or word.text == "@":
            raise AddressSyntax(f"{shown(word.text)} in a name: put the name in quotes", word.at)
        text = _ESCAPED.sub(r"\1", word.text[1:-1]) if word.kind == "quoted" else word.text
        encoded = word.kind == "atom" and text.startswith("=?") and text.endswith("?=")
        decoded = _decoded(word) if encoded else None
        # White space between two encoded words is none (RFC 2047 section 6.2).
        if word.spaced and parts and not (after_encoded and decoded is not None):
            parts.append(" ")
        parts.append(text if decoded is None else decoded)
        after_encoded = decoded is not None
    return "".join(parts)


def _decoded(word: Token) -> str | None:
    """The text of an encoded word; None for what only looks like one."""
    if CLOSE in word.text:
        raise AddressSyntax(f"{shown(word.text)}: a value cannot stand in an encoded word", word.at)
    found = _ENCODED_WORD.fullmatch(word.text)
    if found is None:
        return None
    try:
        text = _decoded_text(found[1], found[2], found[3])
    except (LookupError, ValueError):
        raise AddressSyntax(f"{shown(word.text)} cannot be decoded", word.at) from None
    if any(mark in text for mark in MARKS):
        raise AddressSyntax(f"{shown(word.text)} has a character that is none (U+FDD0 to U+FDD2)", word.at)
    return text


def _decoded_text(charset: str, encoding: str, text: str) -> str:
    import codecs
    from binascii import a2b_base64, a2b_qp

    if codecs.lookup(charset).name.replace("_", "-") in _NO_CHARSETS:
        raise LookupError(charset)
    data = a2b_base64(text, strict_mode=True) if encoding in "bB" else a2b_qp(text, header=True)
    return data.decode(charset)


def _addr_spec(words: list[Token]) -> str:
    """The words of an address in one; white space and comments may stand beside the @ only."""
    text = ""
    for word in words:
        if text and text[-1] != "@" and word.text != "@":
            _check_joined(text, word)
        text += word.text
    return text


def _check_joined(before: str, word: Token) -> None:
    """Two words of an address with neither an @ between them nor beside them are an error."""
    if word.spaced and (before[-1] == "." or word.text[0] == "."):
        raise AddressSyntax("white space or a comment beside a dot of an address is obsolete: leave it out", word.at)
    if word.spaced:
        raise AddressSyntax(
            f"{shown(before)} and {shown(word.text)}: a comma or '<…>' is missing between them", word.at
        )
    if (before[-1] == '"' or word.kind == "quoted") and "@" not in before:
        raise AddressSyntax("a local part that is quoted in part is obsolete: quote all of it, or nothing", word.at)


def _position(words: list[Token], offset: int) -> int:
    """Where the character at `offset` of an address stands in the text. Folding may put it a little behind."""
    for word in words:
        if offset < len(word.text):
            return word.at + offset
        offset -= len(word.text)
    return words[-1].at


def _unexpected(token: Token, in_group: bool) -> AddressSyntax:
    words = f"{shown(token.text)} is not expected here"
    if token.kind == "end":
        words = "an address is missing at the end"
    elif token.text == ";":
        words = "';' ends no group here: addresses are separated by commas"
    elif token.text == ":" and in_group:
        words = "a group cannot stand in a group"
    elif token.kind != "special" or token.text == "<":
        words = f"a comma is missing before {shown(token.text)}"
    return AddressSyntax(words, token.at)
