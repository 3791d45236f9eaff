"""What one rendering may use. The sandbox keeps templates from our objects; this keeps them from all of the memory.

Jinja stops neither `'x' * 10**9` nor doubling by `~`, nor lists that hold themselves a thousand times over. So
whatever makes a value larger first says how large, and is charged for it. The account is kept for each thread
and is opened anew for each rendering.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from jinja2.exceptions import TemplateRuntimeError

MAX_RENDERED = 64 * 1024 * 1024
MAX_VALUE = 16 * 1024 * 1024
MAX_TOTAL = 4 * MAX_RENDERED
MAX_ROUNDS = 1_000_000
MAX_WIDTH = 1_000_000
MAX_ITEMS = 1_000_000
MAX_BITS = 16_384

# Written so that no text makes them look at anything twice over and over.
_PERCENT_WIDTH = re.compile(r"(?<!\d)\d{6,}(?:\.\d*)?[hlL]?[a-zA-Z%]|\.\d{6,}|%[-#0 +]*(?:\d{1,5}\.|\.)?\*")
_BRACE_WIDTH = re.compile(r"\{[^{}:]*:[^{}]*(?:\{|(?<!\d)\d{6,})")


class TooLarge(TemplateRuntimeError):
    """A template asks for more than it may have."""


class _Account(threading.local):
    """What the rendering under way in this thread has used."""

    rounds = 0
    characters = 0


_account = _Account()


def open_account() -> None:
    """Begin a rendering."""
    _account.rounds = 0
    _account.characters = 0


def charge(size: int) -> None:
    """Pay for a value of `size` characters or items. Raises TooLarge."""
    if size > MAX_VALUE:
        raise TooLarge(f"a value of {size:,} characters is too large (the most is {MAX_VALUE:,})")
    _account.characters += size
    if _account.characters > MAX_TOTAL:
        raise TooLarge(f"the values made on the way are too large together (the most is {MAX_TOTAL:,} characters)")


def charge_rounds(rounds: int) -> None:
    """Pay for `rounds` of a loop. Raises TooLarge."""
    _account.rounds += rounds
    if _account.rounds > MAX_ROUNDS:
        raise TooLarge(f"the loops go round too often (the most is {MAX_ROUNDS:,} times together)")


PARTS = 256  # of an output that are joined before its size is looked at
FEW = 16
_SIMPLE = frozenset({str, int, float, bool, type(None)})


def measure(value: Any) -> int:
    """About how many characters `value` has as text, shared parts counted each time. Raises TooLarge."""
    if isinstance(value, str):
        return len(value)
    if value is None or isinstance(value, (int, float)):
        return 8
    if type(value) is tuple and len(value) < FEW and all(map(_SIMPLE.__contains__, map(type, value))):
        return sum([len(item) if isinstance(item, str) else 8 for item in value])  # what `format` is given
    total = seen = 0
    pending = [value]
    while pending:
        item = pending.pop()
        seen += 1
        if isinstance(item, Mapping):
            pending.extend(item.keys())
            pending.extend(item.values())
        elif isinstance(item, (list, tuple, set, frozenset)):
            pending.extend(item)
        total += len(item) if isinstance(item, (str, bytes)) else 8
        if total > MAX_VALUE or seen + len(pending) > MAX_ITEMS:
            raise TooLarge("a list or mapping is too large to be written out")
    return total


def join_output(parts: Iterable[str]) -> str:
    """The rendered text: what Jinja calls to join the output of a template, a macro or a block. Raises TooLarge."""
    rest = iter(parts)
    kept = list(islice(rest, PARTS))
    size = sum(map(len, kept))
    if len(kept) == PARTS:
        size = _take_rest(rest, kept, size)
    if size > MAX_RENDERED:
        raise _too_large()
    _account.characters += size
    if _account.characters > MAX_TOTAL:
        charge(0)
    return "".join(kept)


def _take_rest(rest: Iterator[str], kept: list[str], size: int) -> int:
    """The size of all parts, which are all in `kept` then."""
    while size <= MAX_RENDERED and (taken := list(islice(rest, PARTS))):
        kept += taken
        size += sum(map(len, taken))
    return size


def _too_large() -> TooLarge:
    return TooLarge(f"the text is larger than {MAX_RENDERED // (1024 * 1024)} MB")


def each(values: Any) -> Any:
    """`values`, to be looped over: rounds are paid for before, where their number is known, else one by one."""
    try:
        size = len(values)
    except TypeError:
        return _counted(values)
    charge_rounds(size)
    return values


def _counted(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        charge_rounds(1)
        yield value


def multiply(left: Any, right: Any) -> Any:
    """`left * right`, not above the bounds."""
    for text, count in ((left, right), (right, left)):
        if isinstance(text, (str, bytes, list, tuple)) and isinstance(count, int):
            size = len(text) * max(count, 0)
            charge(size if isinstance(text, (str, bytes)) else size * (MAX_VALUE // MAX_ITEMS))
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() + right.bit_length())
    return left * right


def power(left: Any, right: Any) -> Any:
    """`left ** right`, not above the bounds."""
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() * max(right, 0))
    return left**right


def _check_bits(bits: int) -> None:
    if bits > MAX_BITS:
        raise TooLarge("a number is too large")


def add(left: Any, right: Any) -> Any:
    """`left + right`, not above the bounds."""
    if isinstance(left, (str, bytes, list, tuple)) and isinstance(right, (str, bytes, list, tuple)):
        size = len(left) + len(right)
        charge(size if isinstance(left, (str, bytes)) else size * (MAX_VALUE // MAX_ITEMS))
    return left + right


def remainder(left: Any, right: Any) -> Any:
    """`left % right`, which for a text is formatting, not above the bounds."""
    if not isinstance(left, (str, bytes)):
        return left % right
    pattern = left if isinstance(left, str) else left.decode("latin-1")
    holes = _percent_holes(pattern)
    charge(len(left) + measure(right) * (1 + holes))
    return left % right


@lru_cache(maxsize=256)
def _percent_holes(pattern: str) -> int:
    """About how many values a pattern takes. Raises TooLarge for a width that is too large."""
    if _PERCENT_WIDTH.search(pattern):
        raise TooLarge("a width in a format is too large")
    return pattern.count("%")


def check_format(pattern: str, args: Iterable[Any]) -> None:
    """Refuse a pattern of `str.format` that could make much of little. Raises TooLarge."""
    if _BRACE_WIDTH.search(pattern):
        raise TooLarge("a width in a format is too large, or comes from a value")
    charge(len(pattern) + sum(measure(arg) for arg in args) * (1 + pattern.count("{")))


def check_width(width: Any) -> None:
    """Refuse a width or a count above the bound. Raises TooLarge."""
    if isinstance(width, int) and abs(width) > MAX_WIDTH:
        raise TooLarge(f"the number {width} is too large here (the most is {MAX_WIDTH:,})")


def check_replace(text: str, old: str, new: str) -> None:
    """Refuse a replacement with too large a result. Raises TooLarge."""
    found = text.count(old) if isinstance(old, str) else 0
    charge(len(text) + found * len(new))


def check_join(separator: Any, items: Iterable[Any]) -> None:
    """Refuse a join with too large a result. Raises TooLarge."""
    between = len(separator) if isinstance(separator, (str, bytes)) else 8
    charge(sum(measure(item) + between for item in items))
