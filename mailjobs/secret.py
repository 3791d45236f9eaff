"""Values that must never be seen. A secret is marked where it is made and has no text form but `***`."""

from __future__ import annotations

from collections.abc import Callable

MASK = "***"


class Secret:
    """A secret that is fetched when first revealed, and kept.

    `origin` says in public words where it comes from ("env SMTP_PASSWORD"); it is what errors show.
    """

    __slots__ = ("_fetch", "_value", "origin")

    def __init__(self, fetch: Callable[[], str], origin: str) -> None:
        self._fetch = fetch
        self._value: str | None = None
        self.origin = origin

    @classmethod
    def literal(cls, value: str) -> Secret:
        """A secret that stands in the job itself."""
        return cls(lambda: value, "the job file")

    def reveal(self) -> str:
        """The value. Raises SecretError where it cannot be had."""
        if self._value is None:
            self._value = self._fetch()
        return self._value

    def __str__(self) -> str:
        return MASK

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return MASK

    def __reduce__(self) -> str:
        raise TypeError("a secret cannot be copied out of the process")
