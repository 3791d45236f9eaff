"""SCRAM (RFC 5802; SHA-256 by RFC 7677, SHA-512 in the same way), with and without channel binding.

The password is never sent, the server proves that it knows it too, and with -PLUS both do so for this very TLS
connection. Without -PLUS the client says whether it could have bound (`y`) or could not, or did not want to (`n`):
where somebody between has taken the -PLUS out of what the server offers, the server sees it by the `y`.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64encode
from typing import ClassVar

from mailjobs.sasl.gs2 import escaped
from mailjobs.sasl.mechanism import Circumstances, Credentials, Mechanism
from mailjobs.sasl.saslprep import authorization_identity, prepare
from mailjobs.sasl.scram_messages import ServerFirst, server_final, server_first

PLUS = "-PLUS"
WORDS = {
    "channel-bindings-dont-match": "set `channel_binding` to what the server has, such as tls-server-end-point; "
    "or somebody stands between",
    "unsupported-channel-binding-type": "set `channel_binding` to what the server has, such as tls-server-end-point",
    "server-does-support-channel-binding": "somebody may have taken the -PLUS mechanisms out of what the server offers",
}


class Scram(Mechanism):
    """`digest` is the name of the hash. `nonce` is the client's, made anew where it is None."""

    authorizes: ClassVar[bool] = True
    digest: ClassVar[str]

    def __init__(
        self, credentials: Credentials, circumstances: Circumstances | None = None, nonce: str | None = None
    ) -> None:
        super().__init__(credentials, circumstances)
        self._nonce = nonce or b64encode(secrets.token_bytes(24)).decode()
        self._header, self._binding = self._gs2()
        self._bare = ""
        self._signature: bytes | None = None  # the server's, once it can be known
        self._proven = False
        self._over = False

    def _gs2(self) -> tuple[str, bytes]:
        """The GS2 header (RFC 5802 section 7), and the data of the channel binding."""
        bind, flag, data = self.circumstances.bind, "n", b""
        if self.binds:
            if bind is None:
                raise self.error("binds the login to TLS, and there is none")
            name, data = bind()
            flag = f"p={name}"
        elif bind is not None and not any(name.endswith(PLUS) for name in self.circumstances.offered):
            flag = "y"
        identity = authorization_identity(self)
        return f"{flag},{f'a={escaped(identity)}' if identity else ''},", data

    def initial(self) -> bytes:
        """client-first-message."""
        user = prepare(self.username, "the user name")
        self._bare = f"n={escaped(user)},r={self._nonce}"
        return self.octets(self._header + self._bare, "the user name")

    def respond(self, challenge: bytes) -> bytes:
        """client-final-message to the first challenge; nothing to the server's signature. Raises AuthError."""
        if self._over:
            raise self.error("has gone wrong: the server goes on after its last message")
        if self._signature is None and not challenge.startswith(b"e="):
            return self._final(server_first(challenge, self._nonce, self.error))
        self._over = True
        signature, refusal = server_final(challenge, self.error)
        if refusal is not None:
            self.complaint = refusal
            self.check = WORDS.get(refusal, type(self).check)
            return b""
        if self._signature is None or not hmac.compare_digest(signature, self._signature):
            raise self.error("has gone wrong: the server does not know the password", hint="it may not be the server")
        self._proven = True
        return b""

    def finish(self) -> None:
        """Raises AuthError where the server has not proven that it knows the password."""
        if not self._proven:
            raise self.error("has gone wrong: the server accepts the login without its own proof")

    def _final(self, first: ServerFirst) -> bytes:
        password = prepare(self.secret(), "the password").encode()
        salted = hashlib.pbkdf2_hmac(self.digest, password, first.salt, first.iterations)
        bound = b64encode(self._header.encode() + self._binding).decode()
        unproven = f"c={bound},r={first.nonce}"
        message = f"{self._bare},{first.text},{unproven}".encode()
        key = self._keyed(salted, b"Client Key")
        mask = self._keyed(hashlib.new(self.digest, key).digest(), message)
        proof = b64encode(bytes(one ^ other for one, other in zip(key, mask, strict=True))).decode()
        self._signature = self._keyed(self._keyed(salted, b"Server Key"), message)
        return f"{unproven},p={proof}".encode()

    def _keyed(self, key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, self.digest)


class ScramSha1(Scram):
    """SCRAM-SHA-1."""

    name: ClassVar[str] = "SCRAM-SHA-1"
    digest: ClassVar[str] = "sha1"


class ScramSha256(Scram):
    """SCRAM-SHA-256."""

    name: ClassVar[str] = "SCRAM-SHA-256"
    digest: ClassVar[str] = "sha256"


class ScramSha512(Scram):
    """SCRAM-SHA-512."""

    name: ClassVar[str] = "SCRAM-SHA-512"
    digest: ClassVar[str] = "sha512"


class ScramSha1Plus(ScramSha1):
    """SCRAM-SHA-1-PLUS."""

    name: ClassVar[str] = "SCRAM-SHA-1-PLUS"
    binds: ClassVar[bool] = True


class ScramSha256Plus(ScramSha256):
    """SCRAM-SHA-256-PLUS."""

    name: ClassVar[str] = "SCRAM-SHA-256-PLUS"
    binds: ClassVar[bool] = True


class ScramSha512Plus(ScramSha512):
    """SCRAM-SHA-512-PLUS."""

    name: ClassVar[str] = "SCRAM-SHA-512-PLUS"
    binds: ClassVar[bool] = True
