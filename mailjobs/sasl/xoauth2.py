"""XOAUTH2 (Google's and Microsoft's, older than OAUTHBEARER)."""

from __future__ import annotations

from typing import ClassVar

from mailjobs.sasl.bearer import Bearer


class XOAuth2(Bearer):
    """User name and token, each ended by ^A. The answer to an error is empty."""

    name: ClassVar[str] = "XOAUTH2"

    def initial(self) -> bytes:
        """The whole message."""
        return self.octets(f"user={self.user()}\x01auth=Bearer {self.token()}\x01\x01", "user name and token")
