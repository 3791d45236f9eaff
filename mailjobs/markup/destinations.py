"""Row values in the destination of a link or an image (RFC 3986).

A value at the very start of a destination may be a URL of its own: it keeps the characters that have a meaning in
URLs. Anywhere else a value is data: all but unreserved characters are percent-encoded, so that it adds no path
segment, no parameter, no host and no fragment. Where a value has a part in the scheme, the scheme has to be one of
a few; any other is made a relative reference by encoding its colon, and `javascript:` cannot come about.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from mailjobs.templates.holes import PLACEHOLDER

SCHEMES = frozenset({"http", "https", "mailto", "tel"})

# What is no character of a URL, and a percent sign that begins no octet (RFC 3986, section 2).
_FOREIGN = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9;/?:@&=+$,\-_.!~*'()#%\[\]]")
_SETTLED = re.compile("[:/?#]")
_FIRST_SEGMENT = re.compile("[^/?#]*")


def destination(url: str, values: Mapping[str, str]) -> str:
    """`url` percent-encoded, with its placeholders replaced by the `values` for their numbers."""
    pieces = PLACEHOLDER.split(url)
    own = pieces[0]
    # RFC 6068: the address of a mailto URL has its "@" as it is.
    safe = "@" if own.lower().startswith("mailto:") else ""
    out = [_encoded(own)]
    for at in range(1, len(pieces), 2):
        value = values.get(pieces[at], "")
        out.append(_encoded(value) if at == 1 and not own else quote(_well_formed(value), safe=safe))
        out.append(_encoded(pieces[at + 1]))
    made = "".join(out)
    return made if _SETTLED.search(own) else _with_known_scheme(made)


def _encoded(url: str) -> str:
    return _FOREIGN.sub(lambda found: quote(found[0], safe=""), _well_formed(url))


def _well_formed(value: str) -> str:
    """A lone surrogate has no octets in UTF-8."""
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _with_known_scheme(url: str) -> str:
    scheme, colon, _ = url.partition(":")
    if not colon or scheme.lower() in SCHEMES:
        return url
    first = _FIRST_SEGMENT.match(url)
    end = first.end() if first else 0
    return url[:end].replace(":", "%3A") + url[end:]
