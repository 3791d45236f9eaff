"""DIGEST-MD5 (RFC 2831), with the quality of protection `auth`: a login, and no layer of its own after it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import ClassVar

from mailjobs.sasl.digest_challenge import Challenge, parse, quoted
from mailjobs.sasl.mechanism import Circumstances, Credentials, Mechanism
from mailjobs.sasl.saslprep import authorization_identity

COUNT = "00000001"
QOP = "auth"


class DigestMd5(Mechanism):
    """The server challenges, the client answers, the server proves that it knows the password too.

    `nonce` is the client's, made anew where it is None.
    """

    name: ClassVar[str] = "DIGEST-MD5"
    authorizes: ClassVar[bool] = True

    def __init__(
        self, credentials: Credentials, circumstances: Circumstances | None = None, nonce: str | None = None
    ) -> None:
        super().__init__(credentials, circumstances)
        self._nonce = nonce or secrets.token_urlsafe(24)
        self._uri = f"smtp/{self.circumstances.host}"
        self._expected: str | None = None  # the server's proof
        self._proven = False

    def respond(self, challenge: bytes) -> bytes:
        """The answer to the challenge, then an empty one to the server's proof. Raises AuthError."""
        if self._expected is None:
            return self._answer(parse(challenge, self.error))
        if self._proven:
            raise self.error("has gone wrong: the server goes on after its proof")
        proof = challenge.removeprefix(b"rspauth=").strip(b'"')
        if not hmac.compare_digest(proof, self._expected.encode()):
            raise self.error("has gone wrong: the server does not know the password", hint="it may not be the server")
        self._proven = True
        return b""

    def finish(self) -> None:
        """Raises AuthError where the server has not proven that it knows the password."""
        if not self._proven:
            raise self.error("has gone wrong: the server accepts the login without its own proof")

    def _answer(self, challenge: Challenge) -> bytes:
        user, password = self.username, self.secret()
        identity = authorization_identity(self)
        realm = _realm(challenge.realms, user)
        secret = b":".join(self._hashed(text, what, challenge) for text, what in (
            (user, "the user name"), (realm, "the realm"), (password, "the password")))  # fmt: skip
        first = hashlib.md5(secret, usedforsecurity=False).digest()
        first += f":{challenge.nonce}:{self._nonce}".encode() + (b":" + identity.encode() if identity else b"")
        self._expected = self._digest(first, "", challenge.nonce)
        fields = [f"username={quoted(user)}", f"realm={quoted(realm)}"] if realm else [f"username={quoted(user)}"]
        fields += [f"nonce={quoted(challenge.nonce)}", f"cnonce={quoted(self._nonce)}", f"nc={COUNT}", f"qop={QOP}"]
        fields += [
            f"digest-uri={quoted(self._uri)}",
            f"response={self._digest(first, 'AUTHENTICATE', challenge.nonce)}",
        ]
        fields += ["charset=utf-8"] if challenge.utf8 else []
        fields += [f"authzid={quoted(identity)}"] if identity else []
        if challenge.utf8:
            return self.octets(",".join(fields), "the user name")
        return self._latin(",".join(fields), "the user name")

    def _digest(self, first: bytes, verb: str, nonce: str) -> str:
        """RFC 2831 section 2.1.2.1; the server's proof is the same without the verb."""
        second = _hex(f"{verb}:{self._uri}".encode())
        return _hex(f"{_hex(first)}:{nonce}:{COUNT}:{self._nonce}:{QOP}:{second}".encode())

    def _hashed(self, text: str, what: str, challenge: Challenge) -> bytes:
        """ISO 8859-1 where that has all of `text`, whatever goes over the wire; else UTF-8, where the server has it."""
        octets = self.octets(text, what)
        try:
            return text.encode("latin-1")
        except UnicodeEncodeError:
            return octets if challenge.utf8 else self._latin(text, what)

    def _latin(self, text: str, what: str) -> bytes:
        try:
            return text.encode("latin-1")
        except UnicodeEncodeError:
            raise self.error(f"cannot say {what}: this server takes ISO 8859-1 alone") from None


def _realm(offered: tuple[str, ...], user: str) -> str:
    """The realm of the user where the server has it, else the server's first."""
    own = user.rpartition("@")[2]
    return own if own in offered else (offered[0] if offered else "")


def _hex(octets: bytes) -> str:
    return hashlib.md5(octets, usedforsecurity=False).hexdigest()
