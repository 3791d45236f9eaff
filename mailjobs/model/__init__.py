"""The job language as frozen dataclasses without behaviour. Only `job` builds them."""

from mailjobs.model.job import CsvSource, Job
from mailjobs.model.message import AddressEntry, Header, Message
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
    "Auth",
    "CaSource",
    "Command",
    "Connect",
    "CsvSource",
    "Disconnect",
    "Expand",
    "Expectation",
    "Extensions",
    "Header",
    "Job",
    "Message",
    "Retry",
    "Send",
    "Server",
    "Step",
    "Template",
    "Timeouts",
    "Tls",
    "Verify",
]
