"""OAUTHBEARER (RFC 7628)."""

from __future__ import annotations

from typing import ClassVar

from mailjobs.sasl.bearer import Bearer
from mailjobs.sasl.gs2 import escaped


class OAuthBearer(Bearer):
    """A GS2 header with the user, then host, port and token, each ended by ^A. The answer to an error is one ^A."""

    name: ClassVar[str] = "OAUTHBEARER"
    authorizes: ClassVar[bool] = True
    dismissal: ClassVar[bytes] = b"\x01"

    def initial(self) -> bytes:
        """The whole message."""
        user = escaped(self.credentials.authorization_identity or self.user())
        server = self.circumstances
        message = f"n,a={user},\x01host={server.host}\x01port={server.port}\x01auth=Bearer {self.token()}\x01\x01"
        return self.octets(message, "user name and token")
