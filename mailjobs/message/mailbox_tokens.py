"""The tokens of an address list (RFC 5322 sections 3.2 and 3.4, RFC 6532): comments and folding are gone from them."""

from __future__ import annotations

import re
from typing import NamedTuple

from mailjobs.message.mailbox import AddressSyntax, shown
from mailjobs.templates.holes import OPEN_LIST

# Placeholders are letters of an atom, as all is that is not ASCII.
_TOKEN = re.compile(
    r"""(?P<space>(?:[ \t]|\r?\n)+)
    |(?P<quoted>"(?:[^"\\]|\\.)*")
    |(?P<literal>\[[^\[\]\\\x00-\x20\x7f]*\])
    |(?P<special>[<>@,;:])
    |(?P<atom>[^\x00-\x20\x7f()<>\[\]:;@\\,"]+)""",
    re.VERBOSE | re.DOTALL,
)
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_FOLD_OR_CONTROL = re.compile(r"\r?\n(?=[ \t])|([\x00-\x08\x0a-\x1f\x7f])")
_COMMENT_MARK = re.compile(r"[()]|\\.|(\\)", re.DOTALL)
_REASONS = {
    '"': "a quote that is not closed",
    "[": "a '[' that is not closed, or with white space behind it",
    ")": "a ')' that closes no comment",
    "]": "a ']' without '['",
    "\\": "a backslash outside quotes",
    "\r": "a carriage return",
    "\0": "a NUL character",
}


class Token(NamedTuple):
    """A token. `kind` is quoted, literal, special, atom or end; `at` is where it begins in the text, from 0.

    `spaced`: white space or a comment stands before it.
    """

    kind: str
    text: str
    spaced: bool
    at: int


def tokens(text: str) -> list[Token]:
    """The tokens of `text`, the last of kind "end". Raises AddressSyntax."""
    found: list[Token] = []
    at, spaced = 0, False
    while at < len(text):
        if text[at] == "(":
            at, spaced = _after_comment(text, at), True
            continue
        match = _TOKEN.match(text, at)
        if match is None:
            raise AddressSyntax(_REASONS.get(text[at], f"{text[at]!r} stands where it may not"), at)
        kind = match.lastgroup
        if kind == "space":
            spaced = True
        else:
            found.append(
                Token(str(kind), _unfolded(match[0], at, "quotes") if kind == "quoted" else match[0], spaced, at)
            )
            spaced = False
        at = match.end()
    found.append(Token("end", "", spaced, at))
    return found


def _unfolded(text: str, start: int, what: str) -> str:
    """`text` with its folding taken out: a line break before a blank is none (section 3.2.2)."""
    for found in _FOLD_OR_CONTROL.finditer(text):
        if found[1] is not None:
            words = "a line break" if found[1] in "\r\n" else f"the control character {found[1]!r}"
            raise AddressSyntax(f"{words} may not stand between {what}", start + found.start())
    return _FOLD.sub("", text)


def _after_comment(text: str, start: int) -> int:
    """Where the comment that opens at `start` has ended. Comments nest."""
    depth = 0
    for mark in _COMMENT_MARK.finditer(text, start):
        depth += {"(": 1, ")": -1}.get(mark[0], 0)
        if not depth:
            comment = text[start : mark.end()]
            _unfolded(comment, start, "parentheses")
            if OPEN_LIST in comment:
                raise AddressSyntax("what the filter `addresses` gives has to stand alone between commas", start)
            return mark.end()
    raise AddressSyntax(f"the comment {shown(text[start : start + 80])} is not closed", start)
