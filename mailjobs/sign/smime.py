"""S/MIME (RFC 8551): a detached signature beside the content, or the content encrypted, or both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mailjobs.mime import Disposition, Entity, bytes_entity, multipart
from mailjobs.sign.whole import whole

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from mailjobs.certs.store import Identity


class SmimeSealer:
    """Signs with `identity` where there is one, then encrypts to `recipients` where there are any (RSA keys alone).

    Raises ValueError for keys that S/MIME cannot be done with.
    """

    def __init__(self, identity: Identity | None, recipients: Sequence[Certificate] = ()) -> None:
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

        if identity is not None and not isinstance(identity.key, RSAPrivateKey | EllipticCurvePrivateKey):
            raise ValueError("S/MIME signs with RSA or elliptic curve keys")
        if not all(isinstance(one.public_key(), RSAPublicKey) for one in recipients):
            raise ValueError("S/MIME encrypts to certificates with RSA keys")
        self._identity = identity
        self._recipients = tuple(recipients)

    def apply(self, content: Entity) -> Entity:
        """`content`, sealed: its own fields go inside. Raises ValueError where it is 8-bit."""
        made = content
        if self._identity is not None:
            made = self._signed(made, self._identity)
        return self._encrypted(made) if self._recipients else made

    def _signed(self, content: Entity, identity: Identity) -> Entity:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import Encoding
        from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

        builder = PKCS7SignatureBuilder().set_data(whole(content))
        builder = builder.add_signer(identity.certificate, identity.key, SHA256())
        for certificate in identity.chain:
            builder = builder.add_certificate(certificate)
        signature = builder.sign(Encoding.DER, [PKCS7Options.DetachedSignature, PKCS7Options.Binary])
        part = bytes_entity(signature, "application/pkcs7-signature", Disposition(name="smime.p7s"))
        told = {"protocol": "application/pkcs7-signature", "micalg": "sha-256"}
        return multipart("signed", [content, part], told)

    def _encrypted(self, content: Entity) -> Entity:
        from cryptography.hazmat.primitives.ciphers.algorithms import AES256
        from cryptography.hazmat.primitives.serialization import Encoding
        from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7EnvelopeBuilder, PKCS7Options

        builder = PKCS7EnvelopeBuilder().set_data(whole(content)).set_content_encryption_algorithm(AES256)
        for certificate in self._recipients:
            builder = builder.add_recipient(certificate)
        sealed = builder.encrypt(Encoding.DER, [PKCS7Options.Binary])
        shown = Disposition(name="smime.p7m", parameters={"smime-type": "enveloped-data"})
        return bytes_entity(sealed, "application/pkcs7-mime", shown)
