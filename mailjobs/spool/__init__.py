"""The queue: a directory with a file for each message, and the second Book (see `session.Book`).

A file is called after what becomes of it: `.queued` waits, `.sending` is somebody's, `.held` waits for a person,
`.failed` is not tried any more, `.sent` is kept. It changes its name only in the hands of whoever has its lock, and
grows only at its end, by whole lines.
"""

from mailjobs.spool.book import Spool
from mailjobs.spool.directory import Aside, Depth, list_files, look, measure, peek
from mailjobs.spool.entry import Entry, Person
from mailjobs.spool.head import Damaged
from mailjobs.spool.letter import QueuedLetter
from mailjobs.spool.locked import Locked, lock
from mailjobs.spool.names import FAILED, HELD, QUEUED, SENDING, SENT, fresh_name, is_prepared, is_queued, row_name
from mailjobs.spool.patience import Patience
from mailjobs.spool.recover import Recovered, recover
from mailjobs.spool.resting import Rested
from mailjobs.spool.state import Owner, State
from mailjobs.spool.stored import Stored, read, read_entry
from mailjobs.spool.write import Drafts, queue_message

__all__ = [
    "FAILED",
    "HELD",
    "QUEUED",
    "SENDING",
    "SENT",
    "Aside",
    "Damaged",
    "Depth",
    "Drafts",
    "Entry",
    "Locked",
    "Owner",
    "Patience",
    "Person",
    "QueuedLetter",
    "Recovered",
    "Rested",
    "Spool",
    "State",
    "Stored",
    "fresh_name",
    "is_prepared",
    "is_queued",
    "list_files",
    "lock",
    "look",
    "measure",
    "peek",
    "queue_message",
    "read",
    "read_entry",
    "recover",
    "row_name",
]
