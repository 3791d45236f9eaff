"""Text parts."""

from __future__ import annotations

from functools import lru_cache

from mailjobs.mime.entity import Entity, Field, head_of
from mailjobs.mime.parameters import field
from mailjobs.mime.transfer import TransferEncoding, canonical, encode_text


def text_entity(text: str, subtype: str, charset: str = "utf-8", firm: bool = False) -> Entity:
    """`text` with CRLF line ends, the last line ended, in `charset`.

    Text that is ASCII alone is labelled with the charset all the same: every charset offered here contains ASCII.
    `firm`: nothing is left that a relay may change. Raises UnicodeEncodeError for what the charset lacks.
    """
    coding, data = encode_text(canonical(text.encode(charset)), firm)
    fields, head = _fields(subtype, charset, coding)
    return Entity(fields, head, (data,) if data else ())


@lru_cache(maxsize=64)
def _fields(subtype: str, charset: str, coding: TransferEncoding) -> tuple[tuple[Field, ...], bytes]:
    kind = field("Content-Type", f"text/{subtype}", {"charset": charset})
    fields = (kind, field("Content-Transfer-Encoding", coding))
    return fields, head_of(fields)
