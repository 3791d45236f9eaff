"""One recipient of a past run."""

from __future__ import annotations

from typing import Any

from mailjobs.frozen import frozen
from mailjobs.rows import Row
from mailjobs.rows.csv_rows import OURS, original


@frozen
class Recipient:
    """What became of one recipient of a run. `address`: "" where it is not known whom the row is for; `before`: an
    earlier run had delivered to it.
    """

    step: str
    row: Row
    address: str
    state: str
    reply: str
    before: bool = False

    @property
    def ours(self) -> tuple[str, str, str, str, str]:
        """What stands in our columns, in their order."""
        return self.step, self.row.key, self.address, self.state, self.reply

    def as_dict(self) -> dict[str, Any]:
        """As `runs export` gives it: the columns of the row come first."""
        return {**original(self.row.values), **dict(zip(OURS, self.ours, strict=True))}
