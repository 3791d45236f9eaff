"""GSSAPI, which is Kerberos (RFC 4752), by python-gssapi. The library asks the KDC, over sockets of its own."""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar

from mailjobs.errors import SetupError
from mailjobs.model import Gssapi as Settings
from mailjobs.sasl.kerberos_failure import kerberos_failure
from mailjobs.sasl.mechanism import Circumstances, Credentials, Mechanism
from mailjobs.sasl.saslprep import authorization_identity

NO_LAYER = 1  # RFC 4752 section 3.1: a login, and no protection of what follows


class Gssapi(Mechanism):
    """Both sides show who they are; then, protected, the server offers layers and the client takes none."""

    name: ClassVar[str] = "GSSAPI"
    needs: ClassVar[frozenset[str]] = frozenset(("gssapi",))
    authorizes: ClassVar[bool] = True
    check: str = "the server may not know this principal, or let it act as whom was asked for"

    def __init__(self, credentials: Credentials, circumstances: Circumstances | None = None) -> None:
        super().__init__(credentials, circumstances)
        self._settings = credentials.gssapi or Settings()
        self._context: Any = None
        self._answered = False

    @classmethod
    def check_installed(cls) -> None:
        """Raises SetupError where python-gssapi, or Kerberos itself, is missing."""
        try:
            import_module("gssapi")
        except (ImportError, OSError):  # it loads the system's library
            hint = "pip install 'mailjobs[kerberos]'; on Debian it needs gcc, python3-dev and libkrb5-dev"
            raise SetupError("Kerberos needs python-gssapi", hint=hint, stage="AUTH") from None

    @property
    def identity(self) -> str | None:
        """The authorization identity, or the principal whose ticket was shown."""
        if self.credentials.authorization_identity or self._context is None:
            return super().identity
        return str(self._context.initiator_name)

    def initial(self) -> bytes:
        """The ticket for the server. Raises AuthError where there is none to be had."""
        self.check_installed()
        gssapi = import_module("gssapi")
        flag = gssapi.RequirementFlag
        flags = [flag.mutual_authentication, flag.integrity, flag.out_of_sequence_detection]
        flags += [flag.delegate_to_peer] if self._settings.delegate else []
        try:
            self._context = gssapi.SecurityContext(
                name=self._target(), creds=self._tickets(), mech=gssapi.MechType.kerberos, flags=flags, usage="initiate"
            )
            return self._context.step(None) or b""
        except gssapi.exceptions.GSSError as error:
            raise kerberos_failure(self, error) from None

    def respond(self, challenge: bytes) -> bytes:
        """The next token; at the end the choice of no layer. Raises AuthError."""
        gssapi = import_module("gssapi")
        try:
            if not self._context.complete:
                return self._context.step(challenge) or b""
            if self._answered:
                raise self.error("has gone wrong: the server goes on after the end")
            self._answered = True
            return self._choice(self._context.unwrap(challenge).message)
        except gssapi.exceptions.GSSError as error:
            raise kerberos_failure(self, error) from None

    def finish(self) -> None:
        """Raises AuthError where the server has not shown who it is."""
        if not self._answered:
            raise self.error("has gone wrong: the server accepts the login without having shown who it is")

    def _choice(self, offer: bytes) -> bytes:
        """What RFC 4752 section 3.1 has: a bit mask of layers, a size, and in the answer the authorization identity."""
        if len(offer) != 4:
            raise self.error("has gone wrong: the server's offer of layers has not four octets")
        if not offer[0] & NO_LAYER:
            raise self.error("cannot go on: the server wants a layer of its own behind the login, and TLS is ours")
        identity = self.octets(authorization_identity(self), "the authorization identity")
        wrapped: bytes = self._context.wrap(bytes((NO_LAYER, 0, 0, 0)) + identity, False).message
        return wrapped

    def _target(self) -> Any:
        gssapi = import_module("gssapi")
        settings = self._settings
        host = settings.host or self.circumstances.host
        if settings.realm is None:
            return gssapi.Name(f"{settings.service}@{host}", gssapi.NameType.hostbased_service)
        return gssapi.Name(f"{settings.service}/{host}@{settings.realm}", gssapi.NameType.kerberos_principal)

    def _tickets(self) -> Any:
        """Those of the cache or by the keytab that are named, else by password; None is the library's own choice."""
        gssapi = import_module("gssapi")
        settings, user = self._settings, self._principal()
        named = settings.credential_cache or settings.keytab
        if self.credentials.password is not None and not named:
            password = self.octets(self.secret(), "the password")
            kerberos = [gssapi.MechType.kerberos]
            return gssapi.raw.acquire_cred_with_password(user, password, mechs=kerberos, usage="initiate").creds
        store = {}
        if settings.credential_cache:
            store["ccache"] = settings.credential_cache
        if settings.keytab:
            store["client_keytab"] = f"FILE:{settings.keytab}"
            store.setdefault("ccache", f"MEMORY:mailjobs {user} {settings.keytab}")
        if not store and user is None:
            return None
        return gssapi.Credentials(name=user, usage="initiate", mechs=[gssapi.MechType.kerberos], store=store or None)

    def _principal(self) -> Any:
        user, realm = self.credentials.username, self._settings.realm
        if user is None:
            return None
        gssapi = import_module("gssapi")
        self.octets(user, "the user name")
        whole = f"{user}@{realm}" if realm and "@" not in user else user
        return gssapi.Name(whole, gssapi.NameType.kerberos_principal)
