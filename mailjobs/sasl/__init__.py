"""SASL without I/O (RFC 4422): challenge in, response out."""

from mailjobs.sasl.mechanism import Circumstances, Credentials, Mechanism, decoded
from mailjobs.sasl.table import MECHANISMS, choose

__all__ = ["MECHANISMS", "Circumstances", "Credentials", "Mechanism", "choose", "decoded"]
