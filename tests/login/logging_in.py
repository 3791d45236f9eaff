"""Log in at a server, with little said about it."""

from __future__ import annotations

from typing import Any

from mailjobs.events import Publish
from mailjobs.model import Auth, CaSource, Server, Tls
from mailjobs.secret import Secret
from mailjobs.session import Conversation, open_conversation
from tests.fixtures.scripted import TlsFiles


def secret(text: str | None) -> Secret | None:
    return None if text is None else Secret.literal(text)


def auth(
    mechanism: str = "auto",
    username: str | None = "user",
    password: str | None = "pencil",
    token: str | None = None,
    **more: Any,
) -> Auth:
    return Auth(username, secret(password), mechanism, token=secret(token), **more)


def enter(port: int, who: Auth, files: TlsFiles | None = None) -> Conversation:
    """A conversation after the login: over TLS from the start where there are `files`, else in clear."""
    tls = Tls("none") if files is None else Tls("implicit", ca=(CaSource(file=files.ca),))
    return open_conversation(Server("localhost", port, tls=tls, auth=who), Publish(()))
