"""What a store holds: certificates, each with its key where that is there, and the certificates above it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from mailjobs.frozen import frozen

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

LONGEST = 16  # certificates of a chain


@frozen
class Locked:
    """A private key that is there and cannot be had: `words` say why, `hint` what helps. `public` where it shows."""

    words: str
    hint: str | None = None
    public: Any = None


@frozen
class Entry:
    """One certificate or key. `key` is the private key, or why it cannot be had, or None.

    `public` is the public key; None where nothing shows it, or it is of a kind that is not known.
    """

    certificate: Certificate | None = None
    key: Any = field(default=None, repr=False)
    public: Any = None
    alias: str = ""
    chain: tuple[Certificate, ...] = ()

    @property
    def has_key(self) -> bool:
        """Whether the private key is there, locked or not."""
        return self.key is not None

    @property
    def unlocked(self) -> bool:
        """Whether the private key can be used."""
        return self.key is not None and not isinstance(self.key, Locked)


def public_of(certificate: Certificate) -> Any:
    """A certificate's public key; None where it is of a kind that is not known."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None


def octets(public: Any) -> bytes:
    """A public key as SubjectPublicKeyInfo in DER; nothing for None."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) if public is not None else b""


def key_entry(key: Any, alias: str = "") -> Entry:
    """A private key, locked or not, without a certificate."""
    return Entry(key=key, public=key.public if isinstance(key, Locked) else key.public_key(), alias=alias)


def paired(certificates: Sequence[Certificate], keys: Iterable[Entry] = (), publics: Iterable[Any] = ()) -> list[Entry]:
    """Entries of what lies loose in a file: keys with their certificates first, then other certificates, then keys.

    A certificate that stands above another one is told in that one's chain alone. `keys` are entries with nothing but
    a key. One that is locked and does not show whose it is goes to the only certificate that may be meant.
    """
    left = list(dict.fromkeys(certificates))
    issuers: dict[bytes, list[Certificate]] = {}
    for one in left:
        issuers.setdefault(one.subject.public_bytes(), []).append(one)
    owners = {octets(public_of(one)): one for one in reversed(left)}
    found: list[Entry] = []
    lone: list[Entry] = []
    for key in keys:
        own = owners.get(octets(key.public)) if key.public is not None else None
        if own is None:
            lone.append(key)
            continue
        left = [one for one in left if one != own]
        found.append(replace(key, certificate=own, chain=chain_of(own, issuers)))
    used = {one for entry in found for one in entry.chain}
    found += _without_key([one for one in left if one not in used], issuers)
    _give_away(lone, found)
    return [*found, *lone, *(Entry(public=one) for one in publics)]


def _without_key(left: Sequence[Certificate], issuers: dict[bytes, list[Certificate]]) -> list[Entry]:
    made = [Entry(one, public=public_of(one), chain=chain_of(one, issuers)) for one in left]
    above = {one for entry in made for one in entry.chain}
    return [entry for entry in made if entry.certificate not in above]


def _give_away(lone: list[Entry], found: list[Entry]) -> None:
    """A locked key that hides its public part, to the first certificate, which such files begin with."""
    hidden = [key for key in lone if isinstance(key.key, Locked) and key.public is None]
    if len(hidden) == 1 and found and not any(entry.has_key for entry in found):
        lone.remove(hidden[0])
        found[0] = replace(found[0], key=hidden[0].key, alias=found[0].alias or hidden[0].alias)


def chain_of(certificate: Certificate, issuers: dict[bytes, list[Certificate]]) -> tuple[Certificate, ...]:
    """The certificates above `certificate`, as far as they are among `issuers` (by their subjects)."""
    chain: list[Certificate] = []
    current = certificate
    while len(chain) < LONGEST:
        above = [one for one in issuers.get(current.issuer.public_bytes(), ()) if one not in (certificate, *chain)]
        signer = next((one for one in above[:LONGEST] if _signed(current, one)), None)
        if signer is None:
            break
        chain.append(signer)
        current = signer
    return tuple(chain)


def _signed(certificate: Certificate, issuer: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
