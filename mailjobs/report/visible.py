"""Text for a terminal: what would steer it, or turn the direction of its text, is shown and has no effect."""

from __future__ import annotations

# None of these is printable for Python, so text that is need not be looked at character by character.
_STEERING = (*range(0x20), *range(0x7F, 0xA0), 0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_SHOWN = {code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" for code in _STEERING if chr(code) != "\t"}

_IN_JSON = {code: f"\\u{code:04x}" for code in _STEERING if code >= 0x7F}


def visible(text: str) -> str:
    """`text` in one line, with escapes such as `\\x1b` for what no terminal is to get."""
    return text if text.isprintable() else text.translate(_SHOWN)


def visible_json(text: str) -> str:
    """JSON that means the same as `text`; what could steer a terminal is an escape (below 0x20 it is one already)."""
    return text if text.isprintable() or (text.isascii() and "\x7f" not in text) else text.translate(_IN_JSON)
