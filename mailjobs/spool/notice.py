"""A notification about a message that has failed, put into the same queue: exactly one, whenever the process dies.

It is written aside as `.NAME-notice.notice`, then the file of the message says so by a line of its own, and only then
it gets the name by which it is found. Who finds the line knows that it was written; where it still lies aside it is
given its name, and where it does not it had that long ago and may be sent already. Whoever does this has the lock of
the message's file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mailjobs import clock
from mailjobs.disk import sync_folder
from mailjobs.frozen import frozen
from mailjobs.message.delivery_status import AboutRecipient
from mailjobs.message.notification import RETURNED, Original, notification
from mailjobs.message.outgoing import Reports
from mailjobs.spool import lines
from mailjobs.spool.entry import Entry, Person
from mailjobs.spool.names import QUEUED, draft_of, host_name
from mailjobs.spool.state import State
from mailjobs.spool.stored import FromFile, Stored
from mailjobs.spool.write import Drafts, unwritable

ASIDE: Final = ".notice"
LONGEST_HEAD: Final = 1024 * 1024  # octets in which the header section of a message is looked for
_XTEXT: Final = re.compile(r"\+([0-9A-F]{2})")


@frozen
class Notifier:
    """Tells `address` of messages that have failed. `remote` is the name of the server that they were given to."""

    address: str
    remote: str = ""

    def prepare(self, folder: Path, name: str, stored: Stored) -> bytes:
        """Write the notification about the message `name` aside; the line to append to its file, durably.

        b"" where nobody is to be told: it was done before, nobody has failed, or it is a notification itself. Raises
        OutputError, and AddressSyntax.
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
            people=(Person("to", outgoing.recipients[0].address),),
            size=outgoing.size,
            job=stored.entry.job,
            message=outgoing.message,
            message_id=outgoing.message_id,
            smtputf8=outgoing.smtputf8,
            eightbit=outgoing.eightbit,
        )
        drafts = Drafts(folder)
        try:
            drafts.write(told, entry, outgoing)
            os.rename(folder / draft_of(told), folder / aside(told))
            sync_folder(folder)
        except OSError as error:
            raise unwritable(folder, error) from None
        finally:
            drafts.drop()
        return lines.told(now, told)


def publish(folder: Path, told: str) -> bool:
    """Give a notification that lies aside the name by which it is found; False where it had it. Raises OutputError."""
    try:
        os.rename(folder / aside(told), folder / f"{told}{QUEUED}")
        sync_folder(folder)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise unwritable(folder, error) from None
    return True


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
    for person in entry.people:
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
            expired=given_up,
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
