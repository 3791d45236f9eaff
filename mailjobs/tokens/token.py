"""What an endpoint gives."""

from __future__ import annotations

from mailjobs.frozen import frozen
from mailjobs.secret import Secret

LEEWAY = 60.0  # seconds before its end from which on a token is not shown any more


@frozen
class Token:
    """An access token. `expires` is in seconds since 1970, None where nobody says; `refresh_token` came with it."""

    access: Secret
    expires: float | None = None
    refresh_token: Secret | None = None

    def good_at(self, now: float) -> bool:
        """Whether it may still be shown; one whose end nobody knows may, until a server refuses it."""
        return self.expires is None or now < self.expires - LEEWAY
