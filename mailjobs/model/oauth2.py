"""How an access token is had (RFC 6749)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from mailjobs.errors import Place
from mailjobs.frozen import frozen
from mailjobs.secret import Secret


@frozen
class ServiceAccount:
    """Who vouches for itself with a key (RFC 7523). `key` is a JSON key file or a private key in PEM.

    What is None is that of the key file, else: `issuer` the client, `subject` who logs in, `audience` the token URL.
    """

    key: Secret
    issuer: str | None = None
    subject: str | None = None
    audience: str | None = None
    key_id: str | None = None
    place: Place | None = None


@frozen
class Oauth2:
    """Exactly one of `refresh_token`, `service_account` and `command` says how; none of them: the client itself.

    `token_url` is None only with a command, or where the key file has it. `ca` is a PEM file of authorities that the
    token endpoint is trusted by, in the place of the system's; `timeout` is in seconds, for one request.
    """

    token_url: str | None = None
    client_id: str | None = None
    client_secret: Secret | None = None
    refresh_token: Secret | None = None
    service_account: ServiceAccount | None = None
    command: Secret | None = None
    scope: str | None = None
    client_authentication: Literal["post", "basic"] = "post"
    cache: Literal["file", "keyring", "none"] = "file"
    ca: Path | None = None
    timeout: float = 30
    place: Place | None = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What has to be there before a token can be asked for."""
        account = self.service_account
        found = (self.client_secret, self.refresh_token, account.key if account else None)
        return tuple(secret for secret in found if secret is not None)
