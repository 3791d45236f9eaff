"""Bounds on what a run may do."""

from __future__ import annotations

from mailjobs.errors import Place
from mailjobs.frozen import frozen


@frozen
class Guards:
    """Looked at before anything is sent: redirect, then domains, then counts. None and () bound nothing.

    `redirect_all_to` is one address. `allow_domains` are in lower case; `*.example.com` is every subdomain.
    """

    max_recipients: int | None = None
    allow_domains: tuple[str, ...] = ()
    redirect_all_to: str | None = None
    confirm_above: int | None = None
    place: Place | None = None
