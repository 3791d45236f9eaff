"""How an error reads."""

from __future__ import annotations

import pytest

from mailjobs.errors import TransportError


@pytest.mark.parametrize(
    ("host", "port", "start"),
    [
        ("mail.example", 25, "mail.example:25: "),
        ("mail.example", None, "mail.example: "),
        ("::1", 25, "[::1]:25: "),
        ("[::1]", 25, "[::1]:25: "),
        (None, 25, ""),
    ],
)
def test_the_other_end_stands_in_front(host: str | None, port: int | None, start: str) -> None:
    assert str(TransportError("it failed", host=host, port=port, hint="try again")) == f"{start}it failed (try again)"
