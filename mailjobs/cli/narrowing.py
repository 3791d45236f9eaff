"""The options that narrow which rows a batch has, and to whom anything goes."""

from __future__ import annotations

import os
from functools import partial

import click

from mailjobs.errors import UsageError


class Narrowing(click.Option):
    """An option whose twin in the environment may be missing, but not empty.

    A pipeline that forgets to set the variable would send to everybody.
    """

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """The value of the twin. Raises UsageError where that is empty."""
        twin = f"{ctx.auto_envvar_prefix}_{self.name.upper()}" if self.name else ""
        if not os.environ.get(twin, "-").strip():
            raise UsageError(f"{twin} is empty", hint=f"unset it to do without {self.opts[0]}, or give it a value")
        return super().resolve_envvar_value(ctx)


def one_address(ctx: click.Context, option: click.Parameter, text: str | None) -> str | None:
    """Raises UsageError where the text of an option is not one address."""
    if text is not None:
        from mailjobs.prepare.guards import redirect_to

        redirect_to(text)
    return text


narrowing = partial(click.option, cls=Narrowing)
redirecting = narrowing(
    "--redirect-to", metavar="ADDRESS", callback=one_address, help="Send everything to this address instead."
)
