"""NTLM (MS-NLMP, MS-SMTPNTLM), by pyspnego."""

from __future__ import annotations

from importlib import import_module
from logging import WARNING, getLogger
from typing import Any, ClassVar

from mailjobs.errors import SetupError
from mailjobs.sasl.mechanism import Circumstances, Credentials, Mechanism

SHORTEST = 32  # octets of a challenge
TARGET_INFO = 0x00800000


class Ntlm(Mechanism):
    r"""The user name may have its domain, as DOMAIN\user or user@domain.

    NTLMv2; NTLMv1, from which the password can be found out, only inside TLS and for servers that know no other.
    """

    name: ClassVar[str] = "NTLM"
    check: str = r"check user name and password; the server may want the domain, as DOMAIN\user"

    def __init__(self, credentials: Credentials, circumstances: Circumstances | None = None) -> None:
        super().__init__(credentials, circumstances)
        self._context: Any = None
        self._asked = False

    @classmethod
    def check_installed(cls) -> None:
        """Raises SetupError where pyspnego is missing."""
        try:
            import_module("spnego")
        except ImportError:
            raise SetupError("NTLM needs pyspnego", hint="pip install 'mailjobs[ntlm]'", stage="AUTH") from None

    def initial(self) -> bytes:
        """NEGOTIATE."""
        self.check_installed()
        spnego = import_module("spnego")
        getLogger("spnego").setLevel(WARNING)  # below that it tells whole messages
        user, password = self.username, self.secret()
        self.octets(user, "the user name")
        self.octets(password, "the password")
        options = spnego.NegotiateOptions.use_ntlm
        host = self.circumstances.host
        self._context = spnego.client(user, password, hostname=host, service="smtp", protocol="ntlm", options=options)
        return self._step(None)

    def respond(self, challenge: bytes) -> bytes:
        """AUTHENTICATE."""
        if self._asked:
            raise self.error("has gone wrong: the server asks a second time")
        self._asked = True
        if nameless(challenge):
            if self.circumstances.bind is not None:
                self._speak_version_1()
            else:
                self.check = "this server may know NTLMv1 alone, which is spoken inside TLS alone"
        return self._step(challenge)

    def _speak_version_1(self) -> None:
        """pyspnego has no name of its own for this but a variable of the environment, which is everybody's."""
        if hasattr(self._context, "_nt_v1") and hasattr(self._context, "_nt_v2"):
            self._context._nt_v1, self._context._nt_v2 = True, False

    def _step(self, challenge: bytes | None) -> bytes:
        """What pyspnego answers. It trusts what servers send, and fails in many ways where that is garbage."""
        from struct import error as struct_error

        exceptions = import_module("spnego.exceptions")
        failures = (
            exceptions.SpnegoError,
            ValueError,
            LookupError,
            TypeError,
            OverflowError,
            MemoryError,
            struct_error,
        )
        try:
            answer: bytes | None = self._context.step(challenge)
        except failures as error:
            raise self.error(f"has gone wrong: the server's challenge is not one ({type(error).__name__})") from None
        return answer or b""


def nameless(challenge: bytes) -> bool:
    """Whether a CHALLENGE (MS-NLMP section 2.2.1.2) names no target and says nothing of one, as those of Exim do."""
    flags = int.from_bytes(challenge[20:24], "little")
    return len(challenge) >= SHORTEST and challenge[12:14] == b"\0\0" and not flags & TARGET_INFO
