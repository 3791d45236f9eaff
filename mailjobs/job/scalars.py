"""What a scalar means: the core schema of YAML 1.2.2, section 10.3.2."""

from __future__ import annotations

import re

Scalar = None | bool | int | float | str

WORDS: dict[str, Scalar] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
# One deviation: `0o14` and `0x1F`, which the core schema reads as numbers, stay text. Nobody means them in a job.
INTEGER = re.compile(r"[-+]?[0-9]{1,300}")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,300}|[0-9]{1,300}(?:\.[0-9]{0,300})?)(?:[eE][-+]?[0-9]{1,9})?")
SPECIAL = {
    f"{sign}{word}": float(f"{sign}inf") for sign in ("", "-", "+") for word in (".inf", ".Inf", ".INF")
} | dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan"))


def scalar(text: str, tag: str, plain: bool) -> Scalar:
    """The value of a scalar: quoted or tagged `!!str` it is text; tagged otherwise it is read as if plain."""
    kind = tag.rpartition(":")[2]
    if plain or kind in ("int", "float", "bool", "null"):
        return resolve(text)
    return text


def resolve(text: str) -> Scalar:
    """The value of a plain scalar."""
    if text in WORDS:
        return WORDS[text]
    if INTEGER.fullmatch(text):
        return int(text)
    if FLOAT.fullmatch(text):
        return float(text)
    return SPECIAL.get(text, text)
