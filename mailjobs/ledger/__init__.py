"""What became of every recipient of a batch, on disk: exact after kill -9, a block in doubt after a power loss."""

from mailjobs.ledger.accounts import Account, accounts
from mailjobs.ledger.book import LedgerBook
from mailjobs.ledger.carry import Delivered, carry_over
from mailjobs.ledger.claims import BLOCK, LocalClaims, SharedClaims
from mailjobs.ledger.decision import New, Refuse, Resume, Wishes, decide
from mailjobs.ledger.folder import StateFolder, StepFiles, state_folder
from mailjobs.ledger.history import Recipient, forget, forget_before, past, show, totals_of
from mailjobs.ledger.journal import Journal
from mailjobs.ledger.kept import KeptWriter
from mailjobs.ledger.known import Known
from mailjobs.ledger.once import OnceIndex, OnceKeysWriter, once_key
from mailjobs.ledger.replay import restore
from mailjobs.ledger.run import Run, StepState

__all__ = [
    "BLOCK",
    "Account",
    "Delivered",
    "Journal",
    "KeptWriter",
    "Known",
    "LedgerBook",
    "LocalClaims",
    "New",
    "OnceIndex",
    "OnceKeysWriter",
    "Recipient",
    "Refuse",
    "Resume",
    "Run",
    "SharedClaims",
    "StateFolder",
    "StepFiles",
    "StepState",
    "Wishes",
    "accounts",
    "carry_over",
    "decide",
    "forget",
    "forget_before",
    "once_key",
    "past",
    "restore",
    "show",
    "state_folder",
    "totals_of",
]
