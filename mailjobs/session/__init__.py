"""One conversation with one server: dial, secure, log in, transact. It joins `smtp`, `sasl` and `net`."""

from mailjobs.session.conversation import Conversation
from mailjobs.session.dial import open_conversation
from mailjobs.session.post import Post

__all__ = ["Conversation", "Post", "open_conversation"]
