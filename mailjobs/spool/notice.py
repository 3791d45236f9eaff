"""A notification about a message that has failed, put into the same queue: exactly one, whenever the process dies.

It is written aside as `.NAME-notice.notice`, then the file of the message says so by a line of its own, and only then
it gets the name by which it is found. Who finds the line knows that it was written; where it still lies aside it is
given its name, and where it does not it had that long ago and may be sent already. Whoever does this has the lock of
the message's file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mailjobs import clock
from mailjobs.disk import sync_folder
from mailjobs.message.delivery_status import AboutRecipient
from mailjobs.message.notification import RETURNED, Original, notification
from mailjobs.message.outgoing import Reports
from mailjobs.spool import lines
from mailjobs.spool.entry import Entry, Person
from mailjobs.spool.locked import Locked
from mailjobs.spool.names import QUEUED, host_name
from mailjobs.spool.state import State
from mailjobs.spool.stored import FromFile, Stored
from mailjobs.spool.write import encode_file

ASIDE: Final = ".notice"
LONGEST_HEAD: Final = 1024 * 1024  # octets in which the header section of a message is looked for
_XTEXT: Final = re.compile(r"\+([0-9A-F]{2})")


@dataclass
class Notifier:
    """Tells `address` of messages that have failed. `remote` is the name of the server that they were given to.

    `made` are the files of notifications that were found from then on.
    """

    address: str
    remote: str = ""
    made: list[str] = field(default_factory=list)

    def __call__(self, held: Locked, stored: Stored) -> None:
        """See to it that the failure of this message is told of, once. Raises OSError, and AddressSyntax."""
        state = stored.state
        line = self.prepare(held.folder, held.name, stored)
        if line:
            held.append(line)
            held.sync()
            state.told = notice_name(held.name, state)
        if state.told and publish(held.folder, state.told):
            self.made.append(f"{state.told}{QUEUED}")

    def prepare(self, folder: Path, name: str, stored: Stored) -> bytes:
        """Write the notification about the message `name` aside; the line to append to its file, durably.

        b"" where nobody is to be told: it was done before, nobody has failed, or it is a notification itself. Raises
        OSError, and AddressSyntax.
        """
        told = notice_name(name, stored.state)
        original = _original(told, stored)
        people = failed_people(stored.entry, stored.state, self.remote)
        if stored.state.told or not people or not original.may_be_notified:
            return b""
        now = clock.now()
        outgoing = notification(original, people, self.address, host_name(), now)
        entry = Entry(
            created=now,
            sender="",
            recipients=(Person("to", outgoing.recipients[0].address),),
            size=outgoing.size,
            job=stored.entry.job,
            message=outgoing.message,
            message_id=outgoing.message_id,
            smtputf8=outgoing.smtputf8,
            eightbit=outgoing.eightbit,
        )
        _write(folder / aside(told), encode_file(entry, outgoing))
        sync_folder(folder)
        return lines.told(now, told)


def publish(folder: Path, told: str) -> bool:
    """Give a notification that lies aside the name by which it is found; False where it had it. Raises OSError."""
    try:
        os.rename(folder / aside(told), folder / f"{told}{QUEUED}")
    except FileNotFoundError:
        return False
    sync_folder(folder)
    return True


def _write(path: Path, chunks: Iterable[bytes]) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    with open(os.open(path, flags, 0o600), "wb") as file:
        file.writelines(chunks)
        file.flush()
        os.fsync(file.fileno())


def notice_name(name: str, state: State) -> str:
    """The notification about the message of that name; another one after each time it was sent again."""
    return f"{name}-notice-{state.rounds}" if state.rounds else f"{name}-notice"


def aside(told: str) -> str:
    """The file of a notification that nobody may find yet."""
    return f".{told}{ASIDE}"


def failed_people(entry: Entry, state: State, remote: str = "") -> list[AboutRecipient]:
    """Those to whom it was not delivered and will not be. Of whom nobody knows is not among them."""
    return list(_failed(entry, state, remote))


def _failed(entry: Entry, state: State, remote: str) -> Iterator[AboutRecipient]:
    opened = "nd" if state.given_up else ""
    stopped = any(one.kind in entry.stop_on and state.letters[one.address] == "r" for one in entry.recipients)
    for person in entry.recipients:
        letter = state.letters[person.address]
        if letter != "r" and letter not in opened:
            continue
        outcome = state.outcome(person.address)
        given_up = letter != "r"
        yield AboutRecipient(
            person.address,
            reply=outcome.reply,
            reason=state.given_up if given_up else outcome.reason,
            remote=remote if outcome.reply is not None else "",
            original=_named(person.parameters, "ORCPT").partition(";")[2],
            expired=given_up and not stopped,
        )


def _original(name: str, stored: Stored) -> Original:
    head, body = _split(stored)
    entry = stored.entry
    returned = {"FULL": "full", "HDRS": "headers"}.get(_named(entry.mail_parameters, "RET"), "")
    reports = Reports(returned, _named(entry.mail_parameters, "ENVID"))
    return Original(name, entry.sender, head, entry.created, body, reports)


def _split(stored: Stored) -> tuple[bytes, bytes | None]:
    """The header section with the empty line, and the body where it is small."""
    content = stored.content
    if isinstance(content, FromFile):
        data = b""
        for chunk in content:
            data += chunk
            if b"\r\n\r\n" in data or len(data) > LONGEST_HEAD:
                break
    else:
        data = content
    head, end, body = data.partition(b"\r\n\r\n")
    whole = not isinstance(content, FromFile) and len(data) <= RETURNED
    return head + b"\r\n\r\n", body if whole and end else None


def _named(parameters: tuple[str, ...], keyword: str) -> str:
    """The value of a parameter, out of its xtext (RFC 3461 section 4)."""
    found = next((one for one in parameters if one.upper().startswith(f"{keyword}=")), "")
    raw = _XTEXT.sub(lambda code: chr(int(code[1], 16)), found.partition("=")[2])
    return raw.encode("latin-1", "replace").decode("utf-8", "replace")
