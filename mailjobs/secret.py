"""Values that must never be seen. A secret is marked where it is made and has no text form but `***`."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator

MASK = "***"
SHORTEST = 4  # characters of what can be told from chance where it is met in a text
_revealed: set[str] = set()
_variables: set[str] = set()


class Secret:
    """A secret that is fetched when first revealed, and kept.

    `origin` says in public words where it comes from ("env SMTP_PASSWORD"); it is what errors show.
    """

    __slots__ = ("_fetch", "_lock", "_value", "origin")

    def __init__(self, fetch: Callable[[], str], origin: str) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._value: str | None = None
        self.origin = origin

    @classmethod
    def literal(cls, value: str, origin: str = "the job file") -> Secret:
        """A secret that is known already, such as one that stands in the job itself."""
        return cls(lambda: value, origin)

    def reveal(self, anew: bool = False) -> str:
        """The value; with `anew` it is fetched again. Raises SecretError where it cannot be had."""
        with self._lock:
            if self._value is None or anew:
                self._value = self._fetch()
                _revealed.add(self._value)
            return self._value

    def __str__(self) -> str:
        return MASK

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return MASK

    def __reduce__(self) -> str:
        raise TypeError("a secret cannot be copied out of the process")


def keep_from_children(variable: str) -> None:
    """A variable of the environment holds a secret of a job: no program that is started gets to see it."""
    _variables.add(variable)


def environment_of_children() -> dict[str, str]:
    """The environment for a program that a job names: ours, without what holds secrets of jobs."""
    return {name: value for name, value in os.environ.items() if name not in _variables}


def keep_from_core_dumps() -> None:
    """Should this process crash, nobody finds its memory in a file. Where the system has no such limit, nothing."""
    try:
        import resource
    except ImportError:
        return
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))


def holds_secret(text: str) -> bool:
    """Whether `text`, which others wrote, holds a secret that was revealed, in any form that goes over the wire.

    For text that can be left out whole: what an endpoint says of an error, the words of a bug. Nothing of ours is
    searched for secrets; it is made without them.
    """
    known = [value for value in _revealed if len(value) >= SHORTEST]
    return any(form in text for value in known for form in _forms(value))


def _forms(value: str) -> Iterator[str]:
    from base64 import b64encode, urlsafe_b64encode
    from urllib.parse import quote, quote_plus

    octets = value.encode("utf-8", "surrogatepass")
    yield from (value, repr(value)[1:-1], repr(octets)[2:-1], octets.hex(), octets.hex().upper())
    yield from (quote(octets, safe=""), quote_plus(octets))
    for shift in range(3):  # where a secret begins within a message decides what its base64 is
        kept = octets[-shift % 3 :]
        kept = kept[: len(kept) - len(kept) % 3]
        if kept:
            yield b64encode(kept).decode()
            yield urlsafe_b64encode(kept).decode()


def bug_report(error: BaseException) -> str:
    """The traceback of a bug, without local values; without any messages where those hold a secret."""
    import traceback

    text = "".join(traceback.format_exception(error))
    if not holds_secret(text):
        return text
    lines: list[str] = []
    for one in reversed(list(_chain(error))):
        lines += [*traceback.format_tb(one.__traceback__), f"{type(one).__qualname__}\n"]
    return "".join(lines) + "(what these errors say holds a secret, and is left out)\n"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what led to it, the last effect first."""
    seen: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and not any(found is one for one in seen):
        seen.append(found)
        yield found
        found = found.__cause__ or found.__context__
