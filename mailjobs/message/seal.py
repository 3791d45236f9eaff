"""Signing and encrypting a message, joined to its content and its head. Keys are read once."""

from __future__ import annotations

from collections.abc import Sequence

from mailjobs.errors import CertificateError, DataError, Place
from mailjobs.message.outgoing import Identity, Outgoing, Recipient
from mailjobs.mime import Entity
from mailjobs.model import Sign
from mailjobs.sign import DkimSigner, PgpSealer, SmimeSealer


class Seal:
    """What `sign` asks for. Raises CertificateError, FileError, SecretError and SetupError when made."""

    def __init__(self, sign: Sign) -> None:
        self._sign = sign
        self._smime = _smime(sign)
        pgp = sign.pgp
        self._pgp = PgpSealer(pgp.key, pgp.passphrase, pgp.encrypt, pgp.home) if pgp else None
        self._dkim = _dkim(sign)

    def content(self, content: Entity, recipients: Sequence[Recipient]) -> Entity:
        """The content, sealed. Raises DataError where it cannot be."""
        try:
            if self._smime is not None:
                return self._smime.apply(content)
            if self._pgp is not None:
                seen = [one.address for one in recipients if one.kind != "bcc"]
                return self._pgp.apply(content, seen, [one.address for one in recipients if one.kind == "bcc"])
        except ValueError as error:
            kind, place = self._about()
            raise DataError(f"sign.{kind}: {error}", place=place) from None
        return content

    def head(self, outgoing: Outgoing, identity: Identity) -> str:
        """What comes on top of the head."""
        if self._dkim is None:
            return ""
        body = (chunk for piece in outgoing.body for chunk in ((piece,) if isinstance(piece, bytes) else piece))
        return self._dkim.field(outgoing.head, body, int(identity.started.timestamp()))

    def _about(self) -> tuple[str, Place | None]:
        if self._sign.smime is not None:
            return "smime", self._sign.smime.place
        return "pgp", self._sign.pgp.place if self._sign.pgp else None


def _smime(sign: Sign) -> SmimeSealer | None:
    if sign.smime is None:
        return None
    from mailjobs.certs.store import load_certificate, load_identity

    store, place = sign.smime.certificate, sign.smime.place
    recipients = [load_certificate(path, place) for path in sign.smime.encrypt_to]
    try:
        return SmimeSealer(load_identity(store) if store else None, recipients)
    except ValueError as error:
        raise CertificateError(f"sign.smime: {error}", place=place) from None


def _dkim(sign: Sign) -> DkimSigner | None:
    if sign.dkim is None:
        return None
    from mailjobs.certs.store import load_key

    try:
        return DkimSigner(sign.dkim.domain, sign.dkim.selector, load_key(sign.dkim.key, sign.dkim.place))
    except ValueError as error:
        raise CertificateError(f"sign.dkim: {error}", place=sign.dkim.place) from None
