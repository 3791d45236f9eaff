"""Lines of a job as errors may show them: what could be a secret is masked, however it was misspelt.

Errors are built from values that are marked; a quoted line of source is the one thing that is only text. So here,
and only here, a mask goes by the look of things, and masks rather too much.
"""

from __future__ import annotations

import re

from mailjobs.secret import MASK

LINE_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
KEY = re.compile(r"([\w-]+)[\"']?\s*:(?=\s|$|[\"'{\[])")
SENSITIVE = re.compile(r"(?<!by)pas|pwd|secret|token|credential", re.IGNORECASE)
REFERENCE = re.compile(r"\s*\{\s*(?:env|file|command|keyring)\s*:")
VARIABLE = re.compile(r"\s*[\"']?[A-Za-z_]\w*[\"']?\s*(?:[,}#].*)?")
URL_PASSWORD = re.compile(r"://[^/\s]*@")
TOKEN = re.compile(r"\b(?:bearer\s+|ya29\.|eyJ)[^\s\"',}]+", re.IGNORECASE)
# A login that somebody writes as a `command`, which is refused; in base64 it is as good as in clear.
LOGIN = re.compile(r"\b(AUTH\s+[\w-]+\s+)[^\s\"',}\]]+", re.IGNORECASE)
PIN = re.compile(r"(pin-value=)[^&;\s\"'}]*")
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY.*", re.DOTALL)
LONGEST = 240


def shown_line(text: str, number: int) -> str | None:
    """Line `number` (from 1) of `text`, fit to be shown; None where there is none, or all of it may be secret."""
    lines = LINE_BREAK.split(text)
    if not 0 < number <= len(lines):
        return None
    if _inside_secret(lines, number - 1):
        return None
    return masked(lines[number - 1])[:LONGEST]


def masked(line: str) -> str:
    """A line up to the first value that could be a secret."""
    line = LOGIN.sub(rf"\1{MASK}", TOKEN.sub(MASK, without_password(line)))
    for key in KEY.finditer(line):
        rest = line[key.end() :]
        secret = sensitive(key[1]) and not REFERENCE.match(rest)
        if rest.strip() and (secret or (key[1] == "env" and not VARIABLE.fullmatch(rest))):
            return f"{line[: key.end()]} {MASK}"
    return line


def without_password(text: str) -> str:
    """`text` with whatever stands before the @ of a URL masked, the PIN of one for a token, and private keys."""
    text = PRIVATE_KEY.sub(MASK, text)
    return PIN.sub(rf"\1{MASK}", URL_PASSWORD.sub(f"://{MASK}@", text))


def sensitive(key: str) -> bool:
    """Whether a key sounds like, or is nearly, one that holds a secret."""
    if SENSITIVE.search(key):
        return True
    from difflib import get_close_matches

    return bool(get_close_matches(key.lower(), ["password", "passwd", "passphrase"], cutoff=0.7))


def _inside_secret(lines: list[str], index: int) -> bool:
    """Whether the nearest key above a line that has none of its own is that of a secret."""
    for line in reversed(lines[max(0, index - 200) : index + 1]):
        keys = KEY.findall(line)
        if keys:
            return line is not lines[index] and sensitive(keys[-1])
    return False
