"""What became of every recipient of a batch, on disk: exact after kill -9, a block in doubt after a power loss."""

from mailjobs.ledger.book import LedgerBook
from mailjobs.ledger.claims import BLOCK, LocalClaims, SharedClaims
from mailjobs.ledger.journal import Journal
from mailjobs.ledger.known import Known
from mailjobs.ledger.restore import restore

__all__ = ["BLOCK", "Journal", "Known", "LedgerBook", "LocalClaims", "SharedClaims", "restore"]
