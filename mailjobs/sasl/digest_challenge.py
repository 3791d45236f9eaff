"""The challenge of DIGEST-MD5 (RFC 2831 section 2.1.1), read within bounds."""

from __future__ import annotations

import re
from collections.abc import Callable

from mailjobs.errors import AuthError
from mailjobs.frozen import frozen

LONGEST = 2048  # octets, RFC 2831 section 2.1.1
BLANK = r"[ \t\r\n]*"
DIRECTIVE = re.compile(
    rf"{BLANK}(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+){BLANK}={BLANK}"
    rf"(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<token>[^\x00-\x20\x7f-\uffff()<>@,;:\\\"/\[\]?={{}}]*)){BLANK}(?:,|\Z)",
    re.DOTALL,
)
EMPTY = re.compile(rf"{BLANK},|{BLANK}\Z")


@frozen
class Challenge:
    """`nonce` is the server's; `utf8` says whether names may be UTF-8."""

    nonce: str
    realms: tuple[str, ...]
    utf8: bool


def parse(challenge: bytes, error: Callable[[str], AuthError]) -> Challenge:
    """The challenge. Raises the AuthError that `error` makes for what is none, or asks for what there is not."""
    if len(challenge) >= LONGEST:
        raise error(f"has gone wrong: the server's challenge is longer than {LONGEST - 1} octets")
    found = _directives(challenge, error)
    for name in ("nonce", "algorithm"):
        if len(found.get(name, ())) != 1:
            raise error(f"has gone wrong: the server's challenge has not exactly one {name}")
    for name in ("charset", "qop", "stale", "maxbuf"):
        if len(found.get(name, ())) > 1:
            raise error(f"has gone wrong: the server's challenge has {name} twice")
    if found["algorithm"][0].lower() != "md5-sess":
        raise error("has gone wrong: the server wants another algorithm than md5-sess")
    offered = found.get("qop", ["auth"])[0].lower()
    if "auth" not in re.split(rf"{BLANK},{BLANK}", offered.strip()):
        raise error("cannot go on: the server wants a layer of its own behind the login, and TLS is what mailjobs has")
    if not found["nonce"][0]:
        raise error("has gone wrong: the server's nonce is empty")
    return Challenge(found["nonce"][0], tuple(found.get("realm", ())), "charset" in found)


def _directives(challenge: bytes, error: Callable[[str], AuthError]) -> dict[str, list[str]]:
    """Lower-case names with their values, in order."""
    try:
        text = challenge.decode()
    except UnicodeDecodeError:
        text = challenge.decode("latin-1")
    found: dict[str, list[str]] = {}
    at = 0
    while at < len(text):
        if empty := EMPTY.match(text, at):
            at = max(empty.end(), at + 1)
            continue
        directive = DIRECTIVE.match(text, at)
        if directive is None:
            raise error("has gone wrong: the server's challenge is not one of DIGEST-MD5")
        escaped = directive["quoted"]
        value = directive["token"] if escaped is None else re.sub(r"\\(.)", r"\1", escaped, flags=re.DOTALL)
        found.setdefault(directive["name"].lower(), []).append(value)
        at = directive.end()
    return found


def quoted(text: str) -> str:
    """A quoted-string."""
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'
