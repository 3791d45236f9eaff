"""One conversation with one server: dial, secure, log in, transact. It joins `smtp`, `sasl` and `net`."""

from mailjobs.session.book import Book
from mailjobs.session.conversation import Conversation
from mailjobs.session.dial import open_conversation
from mailjobs.session.letter import Letter, Part, Settled
from mailjobs.session.post import Post

__all__ = ["Book", "Conversation", "Letter", "Part", "Post", "Settled", "open_conversation"]
