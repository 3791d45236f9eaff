"""Address lists of RFC 5322 section 3.4: mailboxes, display names, comments, groups.

Liberal where people are (dots and UTF-8 in names, empty places between commas), strict where it matters: obsolete
routes are refused, and so is whatever is left over. Placeholders of `templates.holes` count as letters, so that a
list with holes is parsed like any other and its structure never depends on what fills them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from mailjobs.message.mailbox import AddressSyntax, mailbox, shown
from mailjobs.templates.holes import CLOSE, OPEN_LIST, PLACEHOLDER

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<quoted>"(?:[^"\\]|\\.)*")
    |(?P<literal>\[[^\[\]\\\x00-\x20\x7f]*\])
    |(?P<special>[<>@,;:])
    |(?P<atom>[^\s\x00-\x20\x7f()<>\[\]:;@\\,"]+)""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Entry(NamedTuple):
    """One place of a list. `name` and `address` may have placeholders; `several`: `address` is one that stands for
    any number of mailboxes."""

    name: str
    address: str
    several: bool = False


class _Token(NamedTuple):
    kind: str
    text: str
    spaced: bool
    at: int


@lru_cache(maxsize=1024)
def parse_mailboxes(text: str) -> tuple[Entry, ...]:
    """The mailboxes of an address list, members of groups included. Raises AddressSyntax."""
    parser = _Parser(text)
    entries = parser.items(in_group=False)
    for entry in entries:
        if CLOSE not in entry.address:
            mailbox("", entry.address)
    return tuple(entries)


class _Parser:
    """Recursive descent over tokens."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = 0

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def items(self, in_group: bool) -> list[Entry]:
        """Entries up to the end, or in a group up to its semicolon."""
        entries: list[Entry] = []
        while True:
            token = self._peek()
            if token.kind == "end" or (in_group and token.text == ";"):
                return entries
            if token.text == ",":
                self._take()
                continue
            entries.extend(self._item(in_group))
            after = self._peek()
            if after.kind != "end" and after.text != "," and not (in_group and after.text == ";"):
                raise _unexpected(after)

    def _item(self, in_group: bool) -> list[Entry]:
        words = self._words()
        token = self._peek()
        if token.text == "<":
            return [_entry(_phrase(words), self._angle())]
        if token.text == ":" and words and not in_group:
            return self._group(words)
        if not words:
            raise _unexpected(token)
        return [_entry("", _addr_spec(words))]

    def _words(self) -> list[_Token]:
        words = []
        while self._peek().kind in ("atom", "quoted", "literal") or self._peek().text == "@":
            words.append(self._take())
        return words

    def _angle(self) -> str:
        opening = self._take()
        words = self._words()
        closing = self._take()
        if words and words[0].text == "@":
            raise AddressSyntax(
                f"a route ({shown(''.join(word.text for word in words))}) may not be used in an address"
            )
        if closing.text != ">":
            raise AddressSyntax(f"the '<' at character {opening.at + 1} is not closed with '>' after one address")
        if not words:
            raise AddressSyntax("there is no address between '<' and '>'")
        return _addr_spec(words)

    def _group(self, words: list[_Token]) -> list[Entry]:
        name = _phrase(words)
        self._take()
        members = self.items(in_group=True)
        if self._take().text != ";":
            raise AddressSyntax(f"the group {shown(name)} does not end with ';'")
        return members


def _entry(name: str, address: str) -> Entry:
    several = OPEN_LIST in address
    if OPEN_LIST in name or (several and (name or not PLACEHOLDER.fullmatch(address))):
        raise AddressSyntax("what the filter `addresses` gives has to stand alone between commas")
    return Entry(name, address, several)


def _phrase(words: list[_Token]) -> str:
    """A display name: words and quoted strings, one blank where the text has white space."""
    parts: list[str] = []
    for word in words:
        if word.kind == "literal" or word.text == "@":
            raise AddressSyntax(f"{shown(word.text)} before '<': put the name in quotes")
        text = _ESCAPED.sub(r"\1", word.text[1:-1]) if word.kind == "quoted" else word.text
        parts.append(f" {text}" if word.spaced and parts else text)
    return "".join(parts)


def _addr_spec(words: list[_Token]) -> str:
    """The words of an address in one; white space may stand beside the @ and dots only."""
    text = ""
    for word in words:
        joined = not text or text[-1] in "@." or word.text[0] in "@."
        if word.spaced and not joined:
            raise AddressSyntax(f"{shown(text)} and {shown(word.text)}: a comma or '<…>' is missing between them")
        text += word.text
    return text


def _unexpected(token: _Token) -> AddressSyntax:
    if token.text == ";":
        return AddressSyntax("';' ends no group here: addresses are separated by commas")
    if token.kind == "end":
        return AddressSyntax("an address is missing at the end")
    return AddressSyntax(f"{shown(token.text)} at character {token.at + 1} is not expected there")


def _tokens(text: str) -> list[_Token]:
    tokens = []
    at, spaced = 0, False
    while at < len(text):
        if text[at] == "(":
            at, spaced = _skip_comment(text, at), True
            continue
        found = _TOKEN.match(text, at)
        if found is None:
            words = "a quote is not closed" if text[at] == '"' else f"{text[at]!r} is not expected there"
            raise AddressSyntax(f"character {at + 1}: {words}")
        if found.lastgroup == "space":
            spaced = True
        else:
            tokens.append(_Token(str(found.lastgroup), found[0], spaced, at))
            spaced = False
        at = found.end()
    tokens.append(_Token("end", "", spaced, at))
    return tokens


def _skip_comment(text: str, start: int) -> int:
    """Where the comment that opens at `start` has ended. Comments nest."""
    depth, at = 0, start
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == "(":
            depth += 1
        elif text[at] == ")":
            depth -= 1
            if not depth:
                return at + 1
        at += 1
    raise AddressSyntax(f"the comment that opens at character {start + 1} is not closed")
