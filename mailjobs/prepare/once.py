"""`once_per`: what must not be delivered twice, whatever else has changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mailjobs.errors import DataError
from mailjobs.model import Send
from mailjobs.rows import Row

if TYPE_CHECKING:
    from mailjobs.prepare.preparation import Preparation
    from mailjobs.templates import Rendering

Scope = Mapping[str, Any]


class OnceKey:
    """The key of each row; what is delivered once is a recipient under a key.

    A key that does not depend on the row, such as a build number, is for the whole batch: then the key of the row,
    where the data has one, is part of it, so that two rows for one address remain two messages.
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

    def of_row(self, row: Row, scope: Scope) -> tuple[str, str | None]:
        """The key, and that of the row where it counts too. Raises DataError."""
        text = self._rendering.render({**scope, "row": row.values})
        if not text.strip():
            raise DataError("once_per: the key renders empty", place=self._rendering.template.place)
        return text, row.key if self._with_row else None
