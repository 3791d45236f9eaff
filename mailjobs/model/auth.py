"""Who logs in at a server, and how."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from mailjobs.errors import Place
from mailjobs.frozen import frozen
from mailjobs.model.oauth2 import Oauth2
from mailjobs.secret import Secret

InitialResponse = Literal["auto", "never"]
ChannelBinding = Literal["auto", "tls-exporter", "tls-unique", "tls-server-end-point"]


@frozen
class Gssapi:
    """Kerberos. The ticket is for `service` at `host` (None: the server's) in `realm` (None: as krb5.conf has it).

    Who asks for it is known by the password, by `keytab`, or by the tickets in `credential_cache` (None: the
    usual one).
    """

    service: str = "smtp"
    host: str | None = None
    realm: str | None = None
    credential_cache: str | None = None
    keytab: Path | None = None
    delegate: bool = False


@frozen
class Auth:
    """Which of `username`, `password`, `token`, `oauth2` and `gssapi` are there is what the mechanism needs."""

    username: str | None = None
    password: Secret | None = None
    mechanism: str = "auto"
    authorization_identity: str | None = None
    place: Place | None = None
    token: Secret | None = None
    oauth2: Oauth2 | None = None
    initial_response: InitialResponse = "auto"
    channel_binding: ChannelBinding = "auto"
    gssapi: Gssapi | None = None
