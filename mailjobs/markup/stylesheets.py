"""Images in style sheets: `url(…)` (CSS Syntax 3, 4.3). Fonts, imported sheets and namespaces are none."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SPACE = r"[ \t\n\f\r]*+"
_TOKEN = re.compile(
    rf"""/\*(?:[^*]|\*(?!/))*+(?:\*/)?
    |(?<![\w\\-])url\({_SPACE}
      (?P<inner>"(?:[^"\\\n\f\r]|\\[\s\S])*+"|'(?:[^'\\\n\f\r]|\\[\s\S])*+'|(?:[^"'()\\\s]|\\[^\n\f\r])++)
      {_SPACE}\)
    |(?<![\w\\-])url\((?:[^)\\]|\\[\s\S])*+
    |"(?:[^"\\\n\f\r]|\\[\s\S])*+"?
    |'(?:[^'\\\n\f\r]|\\[\s\S])*+'?
    |@(?P<rule>import|namespace|font-face)(?![\w-])
    |(?P<end>[;}}])""",
    re.VERBOSE | re.IGNORECASE,
)
_RULE_END = {"import": ";", "namespace": ";", "font-face": "}"}
_ESCAPE = re.compile(r"\\(?:([0-9A-Fa-f]{1,6})(?:\r\n|[ \t\n\f\r])?|(\r\n|[\n\f\r])|([\s\S]))")
_SPECIAL = re.compile(r"[\x01-\x20\"'()\\<>&`\x7f]")


def image_urls(css: str) -> Iterator[tuple[int, int, str]]:
    """Where the argument of each `url(…)` stands, with its quotes, and the URL that it gives."""
    until = ""
    for token in _TOKEN.finditer(css):
        if until:
            until = "" if token["end"] == until else until
        elif token["rule"]:
            until = _RULE_END[token["rule"].lower()]
        elif inner := token["inner"]:
            yield *token.span("inner"), _unescaped(inner[1:-1] if inner[0] in "\"'" else inner)


def argument(url: str) -> str:
    """`url` as the argument of `url(…)`, without quotes, so that it fits into any attribute and any `<style>`."""
    return _SPECIAL.sub(lambda found: f"\\{ord(found[0]):06x}", url)


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(found: re.Match[str]) -> str:
    if found[1] is None:
        return found[3] or ""
    number = int(found[1], 16)
    return chr(number) if 0 < number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else "\ufffd"
