"""Signatures and encryption: DKIM over a whole message, S/MIME and PGP/MIME around its content."""

from mailjobs.sign.dkim import DkimSigner
from mailjobs.sign.pgp import PgpSealer
from mailjobs.sign.smime import SmimeSealer

__all__ = ["DkimSigner", "PgpSealer", "SmimeSealer"]
