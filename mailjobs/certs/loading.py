"""Certificates and private keys by cryptography, whose many ways of saying no become ours."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mailjobs.certs import der
from mailjobs.certs.entry import Locked
from mailjobs.certs.unreadable import GIVE_IT, Unreadable, wrong_password

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

MAX_KEYS = 64  # private keys in a file: each may cost a second to open
LOCKED = Locked("the key is encrypted, and there is no password", GIVE_IT)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turns what cryptography raises into Unreadable, which says that `what` is damaged. Its warnings are not ours."""
    from cryptography import x509
    from cryptography.exceptions import InternalError, UnsupportedAlgorithm

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Unreadable:
        raise
    except UnsupportedAlgorithm:
        raise Unreadable(f"{what} is of a kind that is not known") from None
    except (ValueError, TypeError, OverflowError, InternalError, x509.InvalidVersion):
        raise Unreadable(f"{what} is damaged") from None
    except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise Unreadable(f"{what} is damaged") from None


def certificate(data: bytes) -> Certificate:
    """The certificate in DER. Raises Unreadable."""
    from cryptography import x509

    der.whole(data)
    with reading("a certificate"):
        return readable(x509.load_der_x509_certificate(data))


def readable(found: Certificate) -> Certificate:
    """`found`, of which every part can be read, as is done when it is asked for. Raises what `reading` turns round."""
    found.subject, found.issuer, found.serial_number, found.not_valid_after_utc, found.not_valid_before_utc  # noqa: B018
    for _ in found.extensions:
        pass
    return found


def private_key(data: bytes, password: bytes | None, encrypted: bool, load: Callable[..., Any]) -> Any:
    """The private key that `load` makes of `data`; Locked where it is `encrypted` and there is no password.

    Raises Unreadable where it is damaged, or the password is wrong.
    """
    if encrypted and password is None:
        return LOCKED
    with reading("the private key"):
        try:
            return load(data, password if encrypted else None)
        except ValueError:
            if encrypted:
                raise wrong_password(sure=False) from None
            raise


def from_der(data: bytes, password: bytes | None, encrypted: bool) -> Any:
    """A private key in DER: PKCS #8, encrypted or not, PKCS #1 or SEC 1. Raises Unreadable."""
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    der.whole(data)
    der.bounded(data)
    return private_key(data, password, encrypted, load_der_private_key)
