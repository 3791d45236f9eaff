"""Why a store cannot be read, in words that fit behind its name."""

from __future__ import annotations


class Unreadable(ValueError):
    """`words` say what is wrong, `hint` what to do about it, `source` which of several files it is about."""

    def __init__(self, words: str, hint: str | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.hint = hint
        self.source: str | None = None


GIVE_IT = "give `password`"
EMPTY = "it is empty"
TRUNCATED = "it is truncated"


def needs_password(what: str = "it") -> Unreadable:
    """The password is missing."""
    return Unreadable(f"{what} is encrypted, and there is no password", GIVE_IT)


def wrong_password(sure: bool = True) -> Unreadable:
    """The password is wrong; where it is not `sure`, damage looks the same."""
    return Unreadable("the password is wrong" if sure else "the password is wrong, or the file is damaged")
