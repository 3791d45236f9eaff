"""What a server offers in its reply to EHLO (RFC 5321 section 4.1.1.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from functools import lru_cache

from mailjobs.frozen import frozen
from mailjobs.smtp.reply import Reply


@frozen
class Extensions:
    """The server's name for itself, and its keywords (upper case) with their parameters."""

    name: str = ""
    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def parse(cls, reply: Reply) -> Extensions:
        """From the 250 reply to EHLO. A keyword that comes twice has the parameters of both."""
        keywords: dict[str, tuple[str, ...]] = {}
        for line in reply.lines[1:]:
            words = line.split()
            if not words:
                continue
            keyword, _, glued = words[0].partition("=")  # some servers still say AUTH=LOGIN
            if not keyword:
                continue
            found = ([glued] if glued else []) + words[1:]
            keywords[keyword.upper()] = keywords.get(keyword.upper(), ()) + tuple(found)
        return cls(reply.lines[0], keywords)

    @classmethod
    def none(cls, name: str = "") -> Extensions:
        """What HELO gives."""
        return cls(name)

    def has(self, keyword: str) -> bool:
        """Whether the keyword is offered."""
        return keyword.upper() in self.keywords

    def without(self, names: Iterable[str]) -> Extensions:
        """The same, less those to take no notice of."""
        ignored = {name.upper() for name in names}
        return Extensions(self.name, {key: value for key, value in self.keywords.items() if key not in ignored})

    @property
    def size(self) -> int | None:
        """The largest message that is taken, in octets; None where there is no limit (RFC 1870)."""
        return _largest(self.keywords["SIZE"]) if "SIZE" in self.keywords else None

    @property
    def auth(self) -> tuple[str, ...]:
        """The SASL mechanisms, upper case, without repeats."""
        return tuple(dict.fromkeys(word.upper() for word in self.keywords.get("AUTH", ())))

    def as_dict(self) -> dict[str, str | bool]:
        """Lower-case keywords with their parameters, or true; `steps.relay.extensions.size` in templates."""
        return {key.lower(): " ".join(value) if value else True for key, value in self.keywords.items()}


@lru_cache(maxsize=16)
def _largest(parameters: tuple[str, ...]) -> int | None:
    """Asked for before each message."""
    if not parameters or not parameters[0].isascii() or not parameters[0].isdigit():
        return None
    return int(parameters[0][:20]) or None
