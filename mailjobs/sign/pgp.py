"""PGP/MIME (RFC 3156) through GnuPG: a detached signature, or the content encrypted, or both in one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mailjobs.errors import SetupError
from mailjobs.mime import Disposition, Entity, bytes_entity, multipart
from mailjobs.mime.attached import lines_entity
from mailjobs.mime.entity import entity
from mailjobs.secret import Secret, environment_of_children
from mailjobs.sign.whole import whole

# No key is looked for elsewhere: what a job means is the same on every machine, and nobody is asked about recipients.
OPTIONS = ["--pinentry-mode", "loopback", "--no-auto-key-locate", "--no-auto-key-retrieve"]
# RFC 4880 section 9.4, by the numbers that GnuPG reports.
DIGESTS = {"1": "md5", "2": "sha1", "3": "ripemd160", "8": "sha256", "9": "sha384", "10": "sha512", "11": "sha224"}


class PgpSealer:
    """Signs as `key` where it is given; `encrypt`: to all recipients, whose keys have to be in the key ring `home`.

    Raises SetupError where GnuPG or python-gnupg is missing.
    """

    def __init__(self, key: str | None, passphrase: Secret | None, encrypt: bool, home: Path | None) -> None:
        self._key = key
        # Not --default-key, which gives way to another key where that one is missing.
        self._signer = ["--local-user", key] if key is not None else []
        self._passphrase = passphrase
        self._encrypt = encrypt
        self._gpg = _gnupg(home)

    def apply(self, content: Entity, recipients: Sequence[str], hidden: Sequence[str] = ()) -> Entity:
        """`content`, sealed; encrypted also for those in `hidden`, whom the others do not see.

        Raises ValueError with GnuPG's reason.
        """
        data = whole(content)
        if self._encrypt:
            return _encrypted(self._armored(data, recipients, hidden))
        made = self._gpg.sign(data, passphrase=self._secret(), detach=True, clearsign=False, extra_args=self._signer)
        if not made.data:
            raise ValueError(f"GnuPG does not sign as {self._key}: {_reason(made)}")
        part = bytes_entity(b"", "application/pgp-signature", Disposition(name="signature.asc"))
        kept = [field for field in part.fields if field.name != "Content-Transfer-Encoding"]
        told = {"protocol": "application/pgp-signature", "micalg": f"pgp-{DIGESTS.get(str(made.hash_algo), 'sha256')}"}
        return multipart("signed", [content, entity(tuple(kept), (_crlf(made.data),))], told)

    def _armored(self, data: bytes, recipients: Sequence[str], hidden: Sequence[str]) -> bytes:
        extra = [word for one in hidden for word in ("--hidden-recipient", one)]
        made = self._gpg.encrypt(
            data,
            list(recipients) or None,
            sign=self._key is not None,
            passphrase=self._secret(),
            always_trust=True,
            extra_args=[*extra, *self._signer],
        )
        if not made.ok:
            raise ValueError(f"GnuPG does not encrypt to {', '.join([*recipients, *hidden])}: {_reason(made)}")
        armored: bytes = made.data
        return armored

    def _secret(self) -> str | None:
        return self._passphrase.reveal() if self._passphrase else None


def _encrypted(armored: bytes) -> Entity:
    version = lines_entity(b"Version: 1\r\n", "application/pgp-encrypted", Disposition(name="version.asc"))
    sealed = lines_entity(armored, "application/octet-stream", Disposition("inline", "encrypted.asc"))
    return multipart("encrypted", [version, sealed], {"protocol": "application/pgp-encrypted"})


def _crlf(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _reason(result: Any) -> str:
    """What GnuPG says: its status, and the last line that is for people."""
    lines = [line.removeprefix("gpg: ") for line in str(result.stderr).splitlines() if line.startswith("gpg: ")]
    return lines[-1] if lines else str(result.status or "no reason is given")


def _gnupg(home: Path | None) -> Any:
    try:
        import gnupg
    except ImportError as cause:
        raise SetupError("PGP needs python-gnupg", hint="pip install 'mailjobs[pgp]'") from cause
    try:
        return gnupg.GPG(gnupghome=str(home) if home else None, options=OPTIONS, env=environment_of_children())
    except (OSError, ValueError) as cause:
        raise SetupError(f"GnuPG cannot be used: {cause}", hint="Debian has it in the package gnupg") from cause
