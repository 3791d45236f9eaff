"""A message is compiled once; a row fills its holes. Out come an envelope and bytes, ready to be sent."""

from mailjobs.message.compiled import CompiledMessage, compile_message
from mailjobs.message.mailbox import Mailbox
from mailjobs.message.outgoing import Identity, Outgoing, Recipient

__all__ = ["CompiledMessage", "Identity", "Mailbox", "Outgoing", "Recipient", "compile_message"]
