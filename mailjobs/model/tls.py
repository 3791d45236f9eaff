"""How a connection is secured, and whom it trusts."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import Literal

from mailjobs.errors import Place
from mailjobs.frozen import frozen
from mailjobs.model.certificate import CertificateStore, Token
from mailjobs.secret import Secret

TlsMode = Literal["auto", "implicit", "starttls", "opportunistic", "none"]
TlsVersion = Literal["1.0", "1.1", "1.2", "1.3"]
Check = Literal["off", "soft", "hard"]


@frozen
class CaSource:
    """Trusted certificates: exactly one of the system's store, a PEM file, a hashed directory, or PEM text."""

    system: bool = False
    file: Path | None = None
    dir: Path | None = None
    pem: str | None = None
    place: Place | None = None


@frozen
class Named:
    """The name of an algorithm, and where it stands."""

    text: str
    place: Place | None = None


@frozen
class Accepted:
    """Certificates or keys that are taken whatever else is said of them: exactly one of the first five.

    `sha256` is 64 hexadecimal digits in lower case, of the certificate or of its key. The others are stores of any
    format, with `password`, `type` and `subject` as a CertificateStore has them; without `subject` all they hold is
    taken, but for the certificates of authorities above another one.
    """

    sha256: str | None = None
    file: Path | None = None
    pem: str | None = None
    data: Secret | None = None
    pkcs11: Token | None = None
    password: Secret | None = None
    type: str = "auto"
    subject: str | None = None
    place: Place | None = None


@frozen
class Revocation:
    """Whether to ask if certificates were revoked. `soft` warns where that cannot be known, `hard` refuses.

    `crl_files` are lists that are at hand, in PEM or DER; others are fetched from where a certificate says.
    """

    crl: Check = "off"
    ocsp: Check = "off"
    crl_files: tuple[Path, ...] = ()
    place: Place | None = None


@frozen
class Tls:
    """When the connection is secured, by which algorithms, and whom to trust.

    Empty `ciphers`, `groups` and `signature_algorithms` are OpenSSL's own; `min_strength` is in bits. `accept`
    stands in the place of all other checks, `allow` names the checks that need not hold. `certificate` is ours.
    """

    mode: TlsMode = "auto"
    min_version: TlsVersion = "1.2"
    max_version: TlsVersion = "1.3"
    ciphers: tuple[Named, ...] = ()
    min_strength: int = 0
    groups: tuple[Named, ...] = ()
    signature_algorithms: tuple[Named, ...] = ()
    renegotiation: bool = False
    log: bool = False
    ca: tuple[CaSource, ...] = (CaSource(system=True),)
    accept: tuple[Accepted, ...] = ()
    allow: tuple[str, ...] = ()
    revocation: Revocation = field(default_factory=Revocation)
    session_reuse: bool = True
    key_log_file: Path | None = None
    certificate: CertificateStore | None = None
    place: Place | None = None
