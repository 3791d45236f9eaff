"""Names of encodings: Python's codecs, and the numbers of Windows code pages."""

from __future__ import annotations

import codecs

# Code pages whose codec is not called cpNNN. ISO 8859-n is 28590 + n.
CODE_PAGES = {
    932: "cp932", 936: "gbk", 949: "cp949", 950: "big5", 1200: "utf-16-le", 1201: "utf-16-be", 12000: "utf-32-le",
    12001: "utf-32-be", 20127: "ascii", 20866: "koi8-r", 20932: "euc-jp", 21866: "koi8-u", 50220: "iso2022-jp",
    50221: "iso2022-jp", 50225: "iso2022-kr", 51932: "euc-jp", 51949: "euc-kr", 52936: "hz", 54936: "gb18030",
    65000: "utf-7", 65001: "utf-8",
}  # fmt: skip


def codec(name: str | int) -> str:
    """The name of a text codec in Python. Raises LookupError where there is none."""
    if isinstance(name, str) and name.isascii() and name.isdigit() and len(name) < 6:
        name = int(name)
    if isinstance(name, int):
        name = CODE_PAGES.get(name) or (f"iso8859-{name - 28590}" if 28590 < name < 28607 else f"cp{name:03}")
    if "\0" in name or not name.isascii():
        raise LookupError(name)
    try:
        "".encode(name)  # refuses codecs that make no text, such as hex
    except UnicodeError:  # the codec `undefined`, which refuses everything
        raise LookupError(name) from None
    return codecs.lookup(name).name
