"""What XOAUTH2 and OAUTHBEARER have in common: a bearer token (RFC 6750), and an error told as JSON."""

from __future__ import annotations

import json
import re
from typing import ClassVar

from mailjobs.sasl.mechanism import Mechanism

TOKEN = re.compile(r"[!-~]+")  # more than the b64token of RFC 6750 section 2.1: issuers make what they like
SHOWN = ("status", "error", "error_description", "scope", "schemes", "openid-configuration")
HARMLESS = re.compile(r"[\w .,:;/@?&=()'+-]{1,200}")


class Bearer(Mechanism):
    """`token` with or without `Bearer ` in front. A challenge is the server's error, and the answer ends the login."""

    shows_secret: ClassVar[bool] = True
    needs: ClassVar[frozenset[str]] = frozenset(("username", "token"))
    check: str = "the token may have expired, or be for another user or scope"
    dismissal: ClassVar[bytes] = b""

    def token(self) -> str:
        """The token alone. Raises AuthError for what is none; the error does not hold it."""
        found = self.secret("token").strip()
        if found[:7].lower() == "bearer ":
            found = found[7:].strip()
        if not TOKEN.fullmatch(found):
            raise self.error("cannot say the token: a token is of visible characters of ASCII, without blanks")
        return found

    def user(self) -> str:
        """The user name. Raises AuthError for a control character, which separates the parts of a message."""
        if any(character < " " or character == "\x7f" for character in self.username):
            raise self.error("cannot say the user name: it has a control character")
        return self.username

    def respond(self, challenge: bytes) -> bytes:
        """Keeps the error in words, and lets the server say its 535."""
        if self.complaint is not None:
            raise self.error("has gone wrong: the server goes on after its error")
        self.complaint = words(challenge, self.token())
        return self.dismissal


def words(challenge: bytes, token: str) -> str:
    """The error that the server told, as far as it is one of the known members and harmless to show."""
    try:
        told = json.loads(challenge)
    except (ValueError, RecursionError):
        return "an error that is not JSON"
    if not isinstance(told, dict):
        return "an error that says nothing"
    shown = [f"{key} {told[key]}" for key in SHOWN if _harmless(told.get(key), token)]
    return ", ".join(shown) or "an error that says nothing"


def _harmless(value: object, token: str) -> bool:
    """Whether a value may be shown: servers echo what they were told."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return False
    text = str(value) if isinstance(value, str) or abs(value) < 10**9 else ""
    return bool(HARMLESS.fullmatch(text)) and token not in text and not any(c.isspace() and c != " " for c in text)
