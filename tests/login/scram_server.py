"""The server's half of SCRAM, written from RFC 5802, with the faults that a test asks for."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Generator
from dataclasses import dataclass

Exchange = Generator[bytes | str, bytes, str]


@dataclass
class ScramServer:
    """`bind` gives the server's view of a channel binding by its name, or raises LookupError for what it has not.

    `nonce` makes the whole nonce out of the client's, `signature` what is sent for the right one (None: nothing).
    """

    digest: str = "sha256"
    password: str = "pencil"
    salt: bytes = b"salt of the server"
    iterations: int = 4096
    plus: bool = False
    offers_plus: bool = False
    bind: Callable[[str], bytes] | None = None
    nonce: Callable[[str], str] = lambda ours: f"{ours}theirs"
    signature: Callable[[bytes], bytes | None] = lambda right: right
    header: str = ""
    user: str = ""

    def exchange(self, first: bytes | None) -> Exchange:
        """One login, from the client's first message on."""
        assert first is not None
        flag, authzid, bare = first.decode().split(",", 2)
        self.header = f"{flag},{authzid},"
        fields = dict(part.split("=", 1) for part in bare.split(","))
        self.user = fields["n"].replace("=2C", ",").replace("=3D", "=")
        if flag == "y" and self.offers_plus:
            return (yield from self._refuse("server-does-support-channel-binding"))
        assert flag.startswith("p=") is self.plus, f"the flag is {flag}"
        nonce = self.nonce(fields["r"])
        told = f"r={nonce},s={b64encode(self.salt).decode()},i={self.iterations}"
        final = (yield told.encode()).decode()
        unproven, _, proof = final.rpartition(",p=")
        bound = dict(part.split("=", 1) for part in unproven.split(","))
        assert bound["r"] == nonce
        try:
            data = self.bind(flag.removeprefix("p=")) if self.plus and self.bind is not None else b""
        except LookupError:
            return (yield from self._refuse("unsupported-channel-binding-type"))
        if b64decode(bound["c"]) != self.header.encode() + data:
            return (yield from self._refuse("channel-bindings-dont-match"))
        return (yield from self._judge(b64decode(proof), f"{bare},{told},{unproven}".encode()))

    def _judge(self, proof: bytes, message: bytes) -> Exchange:
        salted = hashlib.pbkdf2_hmac(self.digest, self.password.encode(), self.salt, self.iterations)
        stored = hashlib.new(self.digest, hmac.digest(salted, b"Client Key", self.digest)).digest()
        mask = hmac.digest(stored, message, self.digest)
        key = bytes(one ^ other for one, other in zip(proof, mask, strict=True))
        if hashlib.new(self.digest, key).digest() != stored:
            return (yield from self._refuse("invalid-proof"))
        server_key = hmac.digest(salted, b"Server Key", self.digest)
        signature = self.signature(hmac.digest(server_key, message, self.digest))
        if signature is not None:
            assert (yield b"v=" + b64encode(signature)) == b""
        return "235 2.7.0 in"

    def _refuse(self, error: str) -> Exchange:
        assert (yield f"e={error}".encode()) == b""
        return "535 5.7.8 no"
