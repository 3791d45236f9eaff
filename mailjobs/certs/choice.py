"""Which entry of a store is meant: by its subject, or the one that has a key."""

from __future__ import annotations

from collections.abc import Sequence

from mailjobs.certs.entry import Entry
from mailjobs.certs.names import folded, name_parts, parsed, printable, subject_text
from mailjobs.certs.unreadable import Unreadable

ANY = "*"
SHOWN = 10  # subjects in an error


class NotFound(Unreadable):
    """No entry is meant, or several are."""


def choose(entries: Sequence[Entry], subject: str | None) -> Entry:
    """The entry whose subject is `subject`, else the one whose subject has it in it; "*" is the first with a key.

    Without `subject` it is the only one with a key; where no key is needed, the first of a single certificate. The
    order, the blanks and the case of a subject do not count. Raises NotFound.
    """
    if subject == ANY:
        return next((entry for entry in entries if entry.has_key), entries[0])
    if subject is not None:
        return _one(_matching(entries, subject), entries, f"several subjects fit '{printable(subject)}'")
    keyed = [entry for entry in entries if entry.has_key]
    found = keyed or list(entries)
    return _one(found, found, f"it holds several {'keys' if keyed else 'certificates'}")


def _one(found: Sequence[Entry], among: Sequence[Entry], words: str) -> Entry:
    if len(found) == 1:
        return found[0]
    keyed = [entry for entry in found if entry.has_key]
    if len(keyed) == 1:
        return keyed[0]
    raise NotFound(f"{words}: {listed(found or among)}", "`subject` says which; '*' takes the first")


def _matching(entries: Sequence[Entry], subject: str) -> list[Entry]:
    """Those with exactly this subject, else those with it as a part. Raises NotFound where there are none."""
    certified = [entry for entry in entries if entry.certificate is not None]
    pairs = parsed(subject)
    wanted = folded(pairs) if pairs is not None else None
    exact = [entry for entry in certified if wanted is not None and folded(_parts(entry)) == wanted]
    found = exact or [entry for entry in certified if _has(entry, subject, wanted)]
    if not found:
        there = f"it has {listed(certified)}" if certified else "it has no certificate"
        raise NotFound(f"no certificate has the subject '{printable(subject)}'; {there}")
    return found


def _has(entry: Entry, subject: str, wanted: list[tuple[str, str]] | None) -> bool:
    own = folded(_parts(entry))
    if wanted is not None and all(pair in own for pair in wanted):
        return True
    text = " ".join(subject.casefold().split())
    return text in " ".join(_text(entry).casefold().split())


def _parts(entry: Entry) -> list[tuple[str, str]]:
    return name_parts(entry.certificate.subject) if entry.certificate is not None else []


def _text(entry: Entry) -> str:
    return subject_text(entry.certificate.subject) if entry.certificate is not None else entry.alias


def listed(entries: Sequence[Entry]) -> str:
    """The subjects of entries; of a key without a certificate its name."""
    names = [f"'{printable(_text(entry)) or 'a key without a certificate'}'" for entry in entries]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
