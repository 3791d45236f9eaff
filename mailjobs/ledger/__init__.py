"""What became of every recipient of a batch, on disk: exact after kill -9, a block in doubt after a power loss."""

from mailjobs.ledger.accounts import Account, accounts
from mailjobs.ledger.book import LedgerBook
from mailjobs.ledger.carry import Delivered, carry_over
from mailjobs.ledger.claims import BLOCK, LocalClaims, SharedClaims
from mailjobs.ledger.decision import New, Refuse, Resume, Wishes, changed, decide, last
from mailjobs.ledger.folder import StateFolder, StepFiles, busy, state_folder
from mailjobs.ledger.history import forget, forget_all, past, show
from mailjobs.ledger.journal import Journal
from mailjobs.ledger.kept import KeptWriter
from mailjobs.ledger.known import Known, totals_of
from mailjobs.ledger.look import PastRun, counted, look
from mailjobs.ledger.once import OnceIndex, OnceKeysWriter, once_key
from mailjobs.ledger.recipient import Recipient
from mailjobs.ledger.remains import Remains
from mailjobs.ledger.replay import restore
from mailjobs.ledger.run import Run, StepState
from mailjobs.ledger.wanted import Wanted

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
    "PastRun",
    "Recipient",
    "Refuse",
    "Remains",
    "Resume",
    "Run",
    "SharedClaims",
    "StateFolder",
    "StepFiles",
    "StepState",
    "Wanted",
    "Wishes",
    "accounts",
    "busy",
    "carry_over",
    "changed",
    "counted",
    "decide",
    "forget",
    "forget_all",
    "last",
    "look",
    "once_key",
    "past",
    "restore",
    "show",
    "state_folder",
    "totals_of",
]
