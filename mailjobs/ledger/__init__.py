"""What became of every recipient of a batch, on disk: exact after kill -9, a block in doubt after a power loss."""

from mailjobs.ledger.accounts import Account, accounts
from mailjobs.ledger.book import LedgerBook
from mailjobs.ledger.carry import Delivered, add_elsewhere, carry_over
from mailjobs.ledger.claims import BLOCK, LocalClaims, SharedClaims
from mailjobs.ledger.decision import Decision, New, Refuse, Resume, TakenOver, decide, last
from mailjobs.ledger.folder import StateFolder, StepFiles, busy, state_folder
from mailjobs.ledger.history import forget, forget_all, past, show
from mailjobs.ledger.journal import Journal
from mailjobs.ledger.kept import KeptWriter
from mailjobs.ledger.known import Known, everybody, totals_of
from mailjobs.ledger.look import PastRun, counted, look
from mailjobs.ledger.once import OnceIndex, OnceKeysWriter, once_key
from mailjobs.ledger.recipient import Recipient
from mailjobs.ledger.remains import Remains
from mailjobs.ledger.replay import restore
from mailjobs.ledger.rows_kept import move, move_keys, move_rows, open_rows, whole
from mailjobs.ledger.run import Run, StepState
from mailjobs.ledger.verdict import Verdict, changed, stored_name, verdict
from mailjobs.ledger.wanted import Wanted
from mailjobs.prepare.wishes import AtHand, Chance, Wishes

__all__ = [
    "BLOCK",
    "Account",
    "AtHand",
    "Chance",
    "Decision",
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
    "TakenOver",
    "Verdict",
    "Wanted",
    "Wishes",
    "accounts",
    "add_elsewhere",
    "busy",
    "carry_over",
    "changed",
    "counted",
    "decide",
    "everybody",
    "forget",
    "forget_all",
    "last",
    "look",
    "move",
    "move_keys",
    "move_rows",
    "once_key",
    "open_rows",
    "past",
    "restore",
    "show",
    "state_folder",
    "stored_name",
    "totals_of",
    "verdict",
    "whole",
]
