"""The notification about a failure: written once, found once, whenever the process dies."""

from __future__ import annotations

import email
import email.policy
import errno
import os
from pathlib import Path

import pytest

from mailjobs.session import Settled
from mailjobs.spool import lines, queue_message, read
from mailjobs.spool.book import Spool
from mailjobs.spool.locked import Locked, lock
from mailjobs.spool.notice import Notifier, aside, publish
from mailjobs.spool.patience import Patience
from mailjobs.spool.recover import recover
from mailjobs.spool.stored import Stored
from tests.spool.files import MOMENT, entry, outcome

CONTENT = b"Subject: hi\r\nMessage-ID: <1@x.example>\r\n\r\nhello\r\n"
NOTIFIER = Notifier("ops@x.example", "mx.example")
BOB, EVE = "bob@x.example", "eve@x.example"


def queued(folder: Path, *added: bytes, content: bytes = CONTENT, **fields: object) -> None:
    """A message for two in `folder`, to which something has been added since."""
    queue_message(folder, "m", entry(BOB, EVE, size=len(content), **fields), [content])
    append(folder, *added)


def append(folder: Path, *added: bytes) -> None:
    with (folder / "m.queued").open("ab") as file:
        file.write(b"".join(added))


def stored(folder: Path, file: str = "m.queued") -> Stored:
    descriptor = os.open(folder / file, os.O_RDONLY)
    try:
        return read(descriptor)
    finally:
        os.close(descriptor)


def refused(*addresses: str) -> bytes:
    return lines.done(MOMENT, [outcome(one, "rejected", 550, "5.1.1 no such user") for one in addresses])


def mail(folder: Path, file: str = "m-notice.queued") -> email.message.EmailMessage:
    found = email.message_from_bytes(bytes(stored(folder, file).content), policy=email.policy.default)
    assert isinstance(found, email.message.EmailMessage)
    return found


def told_of(folder: Path) -> str:
    return str(list(mail(folder).iter_parts())[1].as_string())


def test_it_is_a_message_of_the_queue_and_says_who_failed(tmp_path: Path) -> None:
    queued(tmp_path, refused(BOB))
    append(tmp_path, NOTIFIER.prepare(tmp_path, "m", stored(tmp_path)))
    assert publish(tmp_path, stored(tmp_path).state.told)
    made = stored(tmp_path, "m-notice.queued")
    assert made.entry.sender == ""
    assert [one.address for one in made.entry.recipients] == ["ops@x.example"]
    assert (tmp_path / "m-notice.queued").stat().st_mode & 0o777 == 0o600
    text = told_of(tmp_path)
    assert f"Final-Recipient: rfc822; {BOB}" in text
    assert EVE not in text
    assert "Remote-MTA: dns; mx.example" in text
    assert "Reporting-MTA: dns; " in text


def test_nothing_is_found_before_the_file_says_so_and_nothing_is_told_twice(tmp_path: Path) -> None:
    queued(tmp_path, refused(BOB))
    line = NOTIFIER.prepare(tmp_path, "m", stored(tmp_path))
    assert [one.name for one in tmp_path.glob("*.queued")] == ["m.queued"]
    again = NOTIFIER.prepare(tmp_path, "m", stored(tmp_path))  # it died before the line was there
    assert again.split()[3:] == line.split()[3:]
    append(tmp_path, again)
    assert NOTIFIER.prepare(tmp_path, "m", stored(tmp_path)) == b""
    assert publish(tmp_path, "m-notice")
    assert not publish(tmp_path, "m-notice")  # it died behind that
    (tmp_path / "m-notice.queued").unlink()  # it was sent
    assert NOTIFIER.prepare(tmp_path, "m", stored(tmp_path)) == b""
    assert not publish(tmp_path, "m-notice")
    assert not (tmp_path / aside("m-notice")).exists()


def test_what_fails_once_more_is_told_once_more(tmp_path: Path) -> None:
    queued(tmp_path, refused(BOB))
    append(tmp_path, NOTIFIER.prepare(tmp_path, "m", stored(tmp_path)))
    append(tmp_path, lines.again(MOMENT, [BOB]), refused(BOB))
    append(tmp_path, NOTIFIER.prepare(tmp_path, "m", stored(tmp_path)))
    assert publish(tmp_path, stored(tmp_path).state.told)
    assert publish(tmp_path, "m-notice")
    assert mail(tmp_path)["Message-ID"] != mail(tmp_path, "m-notice-1.queued")["Message-ID"]


def test_who_was_not_reached_in_time_is_told_with_the_last_words(tmp_path: Path) -> None:
    deferred = lines.done(MOMENT, [outcome(BOB, "deferred", 451, "4.7.1 later"), outcome(EVE, "accepted", 250)])
    queued(tmp_path, deferred, lines.given_up(MOMENT, "it is older than 5 days"))
    append(tmp_path, NOTIFIER.prepare(tmp_path, "m", stored(tmp_path)))
    publish(tmp_path, "m-notice")
    text = told_of(tmp_path)
    assert "Status: 4.7.1" in text
    assert "Diagnostic-Code: smtp; 451 4.7.1 later" in text
    assert EVE not in text
    assert "it is older than 5 days" in mail(tmp_path).as_string()


def test_whom_the_refusal_of_another_has_kept_from_it_is_told_as_that(tmp_path: Path) -> None:
    why = f"{BOB} was refused, which keeps it from everybody (stop_on)"
    queued(tmp_path, refused(BOB), lines.given_up(MOMENT, why), stop_on=("to",))
    append(tmp_path, NOTIFIER.prepare(tmp_path, "m", stored(tmp_path)))
    publish(tmp_path, "m-notice")
    _, eve = told_of(tmp_path).split(f"rfc822; {BOB}")[1].split("Final-Recipient")
    assert "Status: 5.0.0" in eve
    assert "stop_on" in eve


def test_what_rcpt_and_mail_said_is_used(tmp_path: Path) -> None:
    queued(tmp_path, refused(BOB, EVE), mail_parameters=("RET=FULL", "ENVID=a+2Bb"))
    data = stored(tmp_path)
    people = tuple([one._replace(parameters=("ORCPT=rfc822;old+2Btag@x.example",)) for one in data.entry.recipients])
    data.entry.recipients = people  # type: ignore[misc]
    append(tmp_path, NOTIFIER.prepare(tmp_path, "m", data))
    publish(tmp_path, "m-notice")
    text = told_of(tmp_path)
    assert "Original-Envelope-Id: a+b" in text
    assert "Original-Recipient: rfc822; old+tag@x.example" in text
    assert list(mail(tmp_path).iter_parts())[2].get_content_type() == "message/rfc822"


@pytest.mark.parametrize("how", ["null sender", "automatic", "nobody failed"])
def test_nobody_is_told(tmp_path: Path, how: str) -> None:
    content = b"Auto-Submitted: auto-replied\r\n\r\nhello\r\n" if how == "automatic" else CONTENT
    sender = "" if how == "null sender" else "from@x.example"
    queued(tmp_path, b"" if how == "nobody failed" else refused(BOB), content=content, sender=sender)
    assert NOTIFIER.prepare(tmp_path, "m", stored(tmp_path)) == b""
    assert [one.name for one in tmp_path.iterdir()] == ["m.queued"]


def test_a_large_message_is_not_read_whole(tmp_path: Path) -> None:
    queued(tmp_path, refused(BOB), content=CONTENT + b"x\r\n" * 700_000, mail_parameters=("RET=FULL",))
    descriptor = os.open(tmp_path / "m.queued", os.O_RDONLY)
    append(tmp_path, NOTIFIER.prepare(tmp_path, "m", read(descriptor)))
    os.close(descriptor)
    publish(tmp_path, "m-notice")
    assert list(mail(tmp_path).iter_parts())[2].get_content_type() == "text/rfc822-headers"


def test_a_book_tells_of_what_fails_before_it_is_called_failed(tmp_path: Path) -> None:
    queued(tmp_path)
    notifier = Notifier("ops@x.example")
    book = Spool(tmp_path, failed=notifier)
    letter = book.take()
    assert letter is not None
    outcomes = (outcome(BOB, "rejected", 550, "no"), outcome(EVE, "accepted", 250))
    book.settle([Settled(letter, outcomes)])
    del letter
    book.close()
    assert notifier.made == ["m-notice.queued"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["m-notice.queued", "m.failed"]
    assert BOB in told_of(tmp_path)


def test_recovery_tells_of_what_its_process_did_not_come_to_tell(tmp_path: Path) -> None:
    queued(tmp_path)
    book = Spool(tmp_path)
    letter = book.take()
    assert letter is not None
    book.settle([Settled(letter, (outcome(BOB, "rejected", 550, "no"), outcome(EVE, "accepted", 250)))])
    book.abandon()
    notifier = Notifier("ops@x.example")
    recover(tmp_path, Patience(), failed=notifier)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["m-notice.queued", "m.failed"]


def test_nothing_is_found_where_the_line_cannot_be_put_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process might send it, and this one would tell once more when it is run again."""
    queued(tmp_path, refused(BOB))
    held = lock(tmp_path, "m.queued")
    assert held is not None

    def fail(held: Locked) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(Locked, "sync", fail)
    with held, pytest.raises(OSError, match="broken"):
        NOTIFIER(held, held.read())
    assert [one.name for one in tmp_path.glob("*.queued")] == ["m.queued"]
