"""The job language as frozen dataclasses without behaviour. Only `job` builds them."""

from mailjobs.model.job import Job, Kind, Source
from mailjobs.model.message import (
    AddressEntry,
    Attachment,
    Dsn,
    FilePath,
    Header,
    Message,
    Notify,
    Raw,
    Stamp,
    Unsubscribe,
)
from mailjobs.model.server import Auth, CaSource, Extensions, Server, Timeouts, Tls
from mailjobs.model.step import (
    Action,
    Command,
    Connect,
    Disconnect,
    Expand,
    Expectation,
    Retry,
    Send,
    Step,
    Verify,
)
from mailjobs.model.template import Template

__all__ = [
    "Action",
    "AddressEntry",
    "Attachment",
    "Auth",
    "CaSource",
    "Command",
    "Connect",
    "Disconnect",
    "Dsn",
    "Expand",
    "Expectation",
    "Extensions",
    "FilePath",
    "Header",
    "Job",
    "Kind",
    "Message",
    "Notify",
    "Raw",
    "Retry",
    "Send",
    "Server",
    "Source",
    "Stamp",
    "Step",
    "Template",
    "Timeouts",
    "Tls",
    "Unsubscribe",
    "Verify",
]
