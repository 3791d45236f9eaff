"""ANONYMOUS (RFC 4505)."""

from __future__ import annotations

from typing import ClassVar

from mailjobs.sasl.all_at_once import AllAtOnce

LONGEST = 255  # characters of a trace, RFC 4505 section 2


class Anonymous(AllAtOnce):
    """The user name, where there is one, is a trace that the server may log: an address or any word."""

    name: ClassVar[str] = "ANONYMOUS"
    needs: ClassVar[frozenset[str]] = frozenset()
    automatic: ClassVar[bool] = False
    check: str = "the server may not let anybody in without a name"

    @property
    def identity(self) -> str | None:
        """Nobody."""
        return "anonymous"

    def initial(self) -> bytes:
        """The trace."""
        trace = self.credentials.username or ""
        if len(trace) > LONGEST or any(ord(character) < 32 or ord(character) == 127 for character in trace):
            raise self.error(f"cannot say the trace: it has a control character or more than {LONGEST} characters")
        return self.octets(trace, "the trace")
