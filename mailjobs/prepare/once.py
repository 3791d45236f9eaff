"""`once_per`: what must not be delivered twice, whatever else has changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from mailjobs.errors import DataError
from mailjobs.model import Send
from mailjobs.rows import Row

if TYPE_CHECKING:
    from mailjobs.prepare.preparation import Preparation
    from mailjobs.templates import Rendering

Scope = Mapping[str, Any]


class OnceKey:
    """The key of each row, and the units that are delivered once: a recipient under a key.

    A key that does not depend on the row, such as a build number, is for the whole batch: then the key of the row,
    where the data has one, is part of the unit, so that two rows for one address remain two messages.
    """

    def __init__(self, rendering: Rendering, with_row: bool) -> None:
        self._rendering = rendering
        self._with_row = with_row

    @classmethod
    def of(cls, preparation: Preparation, action: Send) -> OnceKey | None:
        """That of a batch, if it has any. Raises JobError."""
        if action.once_per is None or action.for_each is None:
            return None
        references = preparation.templates.references(action.once_per)
        of_row = any(reference.root == "row" for reference in references)
        keyed = preparation.job.data[action.for_each].key is not None
        return cls(preparation.templates.text(action.once_per), keyed and not of_row)

    def units(self, row: Row, addresses: Sequence[str], scope: Scope) -> list[bytes]:
        """A unit for each address, of 16 octets. Raises DataError."""
        key = self._rendering.render({**scope, "row": row.values})
        if not key.strip():
            raise DataError("once_per: the key renders empty", place=self._rendering.template.place)
        return [unit(key, row.key if self._with_row else "", address) for address in addresses]


def unit(key: str, row_key: str, address: str) -> bytes:
    """What is delivered once."""
    told = "\0".join((key, row_key, address.lower()))
    return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).digest()
