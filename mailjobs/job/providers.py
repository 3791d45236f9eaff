"""The two large providers of mailboxes: what everybody would have to look up. Adding one: an entry here, a word in the
schema.
"""

from __future__ import annotations

from typing import NamedTuple


class Provider(NamedTuple):
    """Where a provider gives tokens, for what, and the server that takes them on port 587.

    `token_url` has a hole for the tenant where there are such; `own_scope` is for tokens that a client is given for
    its own secret.
    """

    host: str
    token_url: str
    scope: str
    own_scope: str


PROVIDERS = {
    "google": Provider(
        "smtp.gmail.com",
        "https://oauth2.googleapis.com/token",
        "https://mail.google.com/",
        "https://mail.google.com/",
    ),
    "microsoft": Provider(
        "smtp.office365.com",
        "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
        "https://outlook.office.com/SMTP.Send offline_access",
        "https://outlook.office365.com/.default",
    ),
}
