"""Filters beyond Jinja's: `date`, `number`, `addresses`; and Jinja's own, kept within bounds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import wraps
from typing import Any

from jinja2.filters import FILTERS, make_attrgetter
from jinja2.nodes import EvalContext
from jinja2.runtime import Undefined, markup_join, str_join
from jinja2.utils import pass_environment, pass_eval_context

from mailjobs.templates import bounds

EACH = "each of"
CONCAT = "text of"

# These take a width or a count beside the value.
_WIDTHS = frozenset({"batch", "center", "indent", "int", "round", "slice", "tojson", "truncate", "wordwrap"})
_DATE_WIDTH = re.compile(r"%[-_0^#]*\d")
_MAX_DIGITS = 60


class AddressList(str):
    """What the `addresses` filter gives: in a text its value, in an address field several mailboxes.

    `items` are texts, each of which may hold several mailboxes.
    """

    __slots__ = ("items",)

    items: tuple[str, ...]


def addresses(value: Any) -> AddressList:
    """Several mailboxes from one value: a text with commas, or a list of texts."""
    if isinstance(value, Undefined):
        str(value)
    if isinstance(value, (list, tuple)):
        items = tuple(str(item) for item in value)
    elif isinstance(value, str):
        items = (str(value),)
    else:
        raise TypeError(f"addresses: a text or a list is needed, not {type(value).__name__}")
    made = AddressList(", ".join(items))
    made.items = items
    return made


def format_date(value: Any, form: str = "%Y-%m-%d") -> str:
    """A date, a datetime, or the ISO 8601 text of one, in the form of strftime."""
    if isinstance(value, Undefined):
        str(value)
    if _DATE_WIDTH.search(form):
        raise ValueError(f"date: {form!r} has a width, which is not taken")
    return _moment(value).strftime(form)


def _moment(value: Any) -> date:
    if isinstance(value, date):
        return value
    try:
        return datetime.fromisoformat(value.strip())
    except (ValueError, AttributeError):
        raise ValueError(f"date: {_shown(value)} is neither a date nor ISO 8601 text") from None


def format_number(value: Any, decimals: int | None = None, thousands: str = ",", point: str = ".") -> str:
    """A number, or the text of one, with its thousands grouped. `decimals` None: as many as it has.

    Halves are rounded away from zero, as on an invoice.
    """
    from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

    if isinstance(value, Undefined):
        str(value)
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError(f"number: {_shown(value)} is not a number") from None
    if not number.is_finite() or abs(number.adjusted()) > _MAX_DIGITS or len(number.as_tuple().digits) > _MAX_DIGITS:
        raise ValueError(f"number: {_shown(value)} is beyond {_MAX_DIGITS} digits")
    if decimals is not None:
        if not 0 <= decimals <= _MAX_DIGITS:
            raise ValueError(f"number: {decimals} decimals are not possible")
        scale = Decimal(1).scaleb(-decimals)
        number = Decimal(f"{number:.{decimals + _MAX_DIGITS}f}")
        number = _rounded(number, scale, ROUND_HALF_UP)
    return f"{number:,f}".translate({ord(","): thousands, ord("."): point})


def _rounded(number: Any, scale: Any, rounding: str) -> Any:
    from decimal import Context

    return number.quantize(scale, rounding=rounding, context=Context(prec=4 * _MAX_DIGITS))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


@pass_eval_context
def concat(context: EvalContext, items: Iterable[Any]) -> str:
    """What `~` does, within bounds."""
    parts = list(items)
    bounds.charge(sum(bounds.measure(part) for part in parts))
    return markup_join(parts) if context.autoescape else str_join(parts)


@pass_environment
def total(environment: Any, values: Iterable[Any], attribute: str | int | None = None, start: Any = 0) -> Any:
    """Jinja's `sum`, within bounds for lists as well."""
    getter = make_attrgetter(environment, attribute) if attribute is not None else None
    for value in values:
        start = bounds.add(start, getter(value) if getter else value)
    return start


def _bounded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` with its arguments looked at before and its result charged after."""
    own = 2 if hasattr(function, "jinja_pass_arg") else 1

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        extra = (*args[own:], *kwargs.values())
        if extra and name in _WIDTHS:
            for arg in extra:
                bounds.check_width(arg)
        for arg in (args[own - 1], *extra):
            if isinstance(arg, (list, tuple, Mapping)):
                bounds.measure(arg)
        result = function(*args, **kwargs)
        if isinstance(result, (str, list)):
            bounds.charge(len(result))
        return result

    return call


@pass_eval_context
def _replace(context: EvalContext, text: Any, old: str, new: str, count: int | None = None) -> str:
    bounds.check_replace(str(text), str(old), str(new))
    made: str = _JINJA["replace"](context, text, old, new, count)
    return made


@pass_eval_context
def _join(context: EvalContext, values: Iterable[Any], d: Any = "", attribute: str | int | None = None) -> str:
    items = list(values)
    if attribute is not None:
        items = list(map(make_attrgetter(context.environment, attribute), items))
    bounds.check_join(d, items)
    made: str = _JINJA["join"](context, items, d)
    return made


def _format(pattern: Any, *args: Any, **kwargs: Any) -> Any:
    if args and kwargs:
        raise TypeError("format: either positional or named values, not both")
    return bounds.remainder(pattern if isinstance(pattern, str) else str(pattern), kwargs or args)


_JINJA: dict[str, Callable[..., Any]] = dict(FILTERS)

# `random` is left out: the same run has to give the same bytes.
OURS: dict[str, Callable[..., Any]] = {
    **{name: _bounded(name, function) for name, function in _JINJA.items() if name != "random"},
    "replace": _replace,
    "join": _join,
    "format": _format,
    "sum": total,
    "date": format_date,
    "number": format_number,
    "addresses": addresses,
    EACH: bounds.each,
    CONCAT: concat,
}
