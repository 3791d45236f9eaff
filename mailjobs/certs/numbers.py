"""RSA keys from their numbers."""

from __future__ import annotations

from typing import Any

from mailjobs.certs.loading import reading
from mailjobs.certs.unreadable import Unreadable
from mailjobs.certs.wire import MAX_RSA


def rsa_public(n: int, e: int) -> Any:
    """A public key. Raises Unreadable."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    _check_sizes(n, e)
    with reading("the key"):
        return RSAPublicNumbers(e, n).public_key()


def rsa_private(n: int, e: int, d: int, p: int, q: int) -> Any:
    """A private key; `p` and `q` may be 0, which takes longer. Raises Unreadable."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    _check_sizes(n, e, d, p, q)
    with reading("the private key"):
        if p < 2 or q < 2:
            if not _fits(n, e, d):
                raise Unreadable("the private key is damaged")
            p, q = rsa.rsa_recover_prime_factors(n, e, d)
        numbers = rsa.RSAPrivateNumbers(
            p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), rsa.RSAPublicNumbers(e, n)
        )
        return numbers.private_key()


def _fits(n: int, e: int, d: int) -> bool:
    """Whether the exponents undo each other: what does not would be searched for factors in vain."""
    return n > 3 and pow(pow(2, e, n), d, n) == 2


def _check_sizes(*numbers: int) -> None:
    if any(number.bit_length() > MAX_RSA for number in numbers):
        raise Unreadable("the key is larger than any that is used")
