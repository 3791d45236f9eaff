"""SASL without I/O (RFC 4422): challenge in, response out."""

from mailjobs.sasl.mechanism import Credentials, Mechanism
from mailjobs.sasl.table import MECHANISMS, choose

__all__ = ["MECHANISMS", "Credentials", "Mechanism", "choose"]
