"""Every form in which a secret may lie about, and whatever lies about after a run."""

from __future__ import annotations

import hashlib
import hmac
import html
import json
import unicodedata
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

PASSWORD = 'Zö!pq 7"w\\%s&+=ﬁ'  # what each encoding writes in another way; SASLprep makes fi of the last letter
TOKEN = "tok-AbC123.~_+/xyz98=="
CLIENT_SECRET = "cl:ient s€cret/&=%41"
REFRESH_TOKEN = "1//refresh token+of/alice"
USER = "alice"


def forms(secret: str, user: str = USER) -> set[str]:
    """A secret as text, in each of its encodings, and within the messages of the mechanisms."""
    prepared = unicodedata.normalize("NFKC", secret)
    found: set[str] = set()
    for text in (secret, prepared):
        octets = text.encode()
        messages = [
            octets,
            f"\0{user}\0{text}".encode(),
            f"user={user}\x01auth=Bearer {text}\x01\x01".encode(),
            f"Bearer {text}".encode(),
            text.encode("utf-16-le"),
            f"mailjobs:{quote_plus(text)}".encode(),
            hmac.new(octets, b"<1.2@mail.example>", hashlib.md5).hexdigest().encode(),
        ]
        for message in messages:
            found.add(message.decode("utf-8", "replace"))
            found |= {b64encode(message).decode(), urlsafe_b64encode(message).decode().rstrip("=")}
            found |= {message.hex(), message.hex().upper(), repr(message)[2:-1]}
        for shift in range(1, 3):  # within a longer message
            kept = octets[3 - shift :]
            found.add(b64encode(kept[: len(kept) // 3 * 3]).decode())
        found |= {text, repr(text)[1:-1], json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
        found |= {quote(text), quote(text, safe=""), quote_plus(text), text[::-1], octets.decode("latin-1")}
        found |= {ascii(text)[1:-1], html.escape(text), html.escape(text, quote=False)}
    return {form for form in found if len(form) > 5}


def left_behind(folder: Path) -> Iterator[tuple[str, str]]:
    """Each file in `folder` and below, by its name, with its content; what is kept secret on purpose is left out,
    and the job, where a secret may stand.
    """
    for path in sorted(folder.rglob("*")):
        yield str(path), str(path)
        kept = {"secrets", "cache"} & set(path.parts) or path == folder / "job.yaml"
        if path.is_file() and not kept:
            yield str(path), path.read_bytes().decode("utf-8", "replace")


def leaks(texts: Iterator[tuple[str, str]] | list[tuple[str, str]], wanted: set[str]) -> list[tuple[str, str]]:
    """Where which form was found."""
    return [(name, form) for name, text in texts for form in wanted if form in text]
