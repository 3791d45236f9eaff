"""A message that goes to one address instead of its own people: staging."""

from __future__ import annotations

from mailjobs.message.headers import header_line
from mailjobs.message.outgoing import Recipient
from mailjobs.mime import Field

_ORIGINAL = {"to": "X-Original-To", "cc": "X-Original-Cc"}


def redirected(lines: list[Field], redirect: Recipient) -> list[Field]:
    """The header with `redirect` as its To. The original To and Cc are told under names that no reply goes to."""
    found: list[Field] = []
    addressed = False
    for line in lines:
        name = _ORIGINAL.get(line.name.lower())
        if name is None:
            found.append(line)
            continue
        if not addressed:
            found.append(header_line("To", redirect.address))
            addressed = True
        found.append(header_line(name, line.value))
    return found if addressed else [header_line("To", redirect.address), *found]
