"""What the command line chooses of a job, to see the first ones for real."""

from __future__ import annotations

from mailjobs.frozen import frozen


@frozen
class Choice:
    """`limit` is for each batch that has no smaller one of its own, `only` are keys of rows, `redirect_to` an address
    that takes the place of the job's own `redirect_all_to`."""

    limit: int | None = None
    only: tuple[str, ...] = ()
    redirect_to: str | None = None


ALL = Choice()
