"""SMTP without I/O (RFC 5321, 2920, 3207, 3461, 4954): commands become bytes, bytes become replies and outcomes."""

from mailjobs.smtp.address import mailbox_wire, needs_smtputf8, split_mailbox
from mailjobs.smtp.auth_commands import Auth, AuthCancel, AuthResponse
from mailjobs.smtp.commands import (
    Bdat,
    Command,
    Content,
    Data,
    Ehlo,
    Expn,
    Helo,
    Mail,
    Noop,
    Quit,
    Raw,
    Rcpt,
    Rset,
    StartTls,
    Vrfy,
)
from mailjobs.smtp.content import DotStuffer, bare_line_end, dot_stuff
from mailjobs.smtp.engine import Answer, Engine
from mailjobs.smtp.envelope import Envelope, Outcome
from mailjobs.smtp.extensions import Extensions
from mailjobs.smtp.reply import Reply, ReplyParser
from mailjobs.smtp.streamed import Piece, Streamed, StreamedContent
from mailjobs.smtp.transaction import Transaction
from mailjobs.smtp.xtext import xtext

__all__ = [
    "Answer",
    "Auth",
    "AuthCancel",
    "AuthResponse",
    "Bdat",
    "Command",
    "Content",
    "Data",
    "DotStuffer",
    "Ehlo",
    "Engine",
    "Envelope",
    "Expn",
    "Extensions",
    "Helo",
    "Mail",
    "Noop",
    "Outcome",
    "Piece",
    "Quit",
    "Raw",
    "Rcpt",
    "Reply",
    "ReplyParser",
    "Rset",
    "StartTls",
    "Streamed",
    "StreamedContent",
    "Transaction",
    "Vrfy",
    "bare_line_end",
    "dot_stuff",
    "mailbox_wire",
    "needs_smtputf8",
    "split_mailbox",
    "xtext",
]
