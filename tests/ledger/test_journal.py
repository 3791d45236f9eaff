"""The journal: what is written in which order, and what is read from what is left of it."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.errors import OutputError
from mailjobs.ledger import Journal, Known, LedgerBook, LocalClaims, lines, restore
from mailjobs.ledger.replay import records
from mailjobs.session import Part, Settled
from tests.book.books import Ledger, Table, mail, outcome
from tests.book.deliveries import drain, settle, some, whom

ADDRESSES = st.lists(st.text(max_size=20), min_size=1, max_size=3)


def a_book(folder, letters, block=4):
    ledger = Ledger(folder, block)
    return ledger, ledger.make(letters)


@given(ADDRESSES)
def test_any_address_is_read_as_it_was(addresses):
    words = lines.parse(lines.dot(3, addresses)[:-1])
    assert words[:2] == ["dot", "3"]
    expected = [address.encode("utf-8", "backslashreplace").decode() for address in addresses]
    assert [lines.unescape(word) for word in words[2:]] == expected


def test_a_person_can_read_it(tmp_path):
    _, book = a_book(tmp_path, some(2))
    letter = book.take()
    book.dot([letter])
    settle(book, letter, "rejected")
    book.close()
    text = [line[9:] for line in next(tmp_path.glob("*.log")).read_text().splitlines()]
    assert text[0].split()[0] == "start"
    assert text[1:] == [
        "take 0 1",
        "dot 0 u0@example.com",
        "done 0 r u0@example.com",
        "said 0 u0@example.com 550 5.1.1 no such user",
        "close",
    ]


def watched(monkeypatch):
    """The system calls in their order."""
    calls, write, sync = [], os.write, os.fdatasync

    def written(descriptor, data):
        calls.extend(line.split()[1] for line in bytes(data).decode().splitlines())
        return write(descriptor, data)

    def synced(descriptor):
        calls.append("SYNC")
        sync(descriptor)

    monkeypatch.setattr(os, "write", written)
    monkeypatch.setattr(os, "fdatasync", synced)
    return calls


def test_a_block_is_on_the_disk_before_its_first_dot(tmp_path, monkeypatch):
    calls = watched(monkeypatch)
    _, book = a_book(tmp_path, some(5), block=2)
    drain(book)
    book.close()
    two = ["take", "SYNC", "dot", "done", "dot", "done"]
    assert calls == ["start", *two, *two, "take", "SYNC", "dot", "done", "close", "SYNC"]


def test_a_second_dot_is_on_the_disk_before_it_goes_out(tmp_path, monkeypatch):
    _, book = a_book(tmp_path, some(1))
    letter = book.take()
    book.dot([letter])
    settle(book, letter, "deferred")
    calls = watched(monkeypatch)
    book.dot([letter])
    assert calls == ["dot", "SYNC"]


def test_a_part_is_no_second_dot(tmp_path, monkeypatch):
    _, book = a_book(tmp_path, [mail("a@x", "b@x")])
    whole = book.take()
    calls = watched(monkeypatch)
    for index in range(2):
        book.dot([Part(whole, (index,))])
        settle(book, Part(whole, (index,)), "deferred")
    assert calls == ["row", "dot", "done", "said", "dot", "done", "said"]
    book.dot([Part(whole, (0,))])
    assert calls[-1] == "SYNC"


def test_a_part_that_was_settled_has_a_second_dot_while_others_are_open(tmp_path, monkeypatch):
    _, book = a_book(tmp_path, [mail("a@x", "b@x")])
    part = Part(book.take(), (0,))
    book.dot([part])
    settle(book, part, "deferred")
    calls = watched(monkeypatch)
    book.dot([part])
    assert calls == ["dot", "SYNC"]


def another_boot(monkeypatch):
    monkeypatch.setattr("mailjobs.ledger.replay.boot_id", lambda: "another")


def test_after_a_power_loss_a_block_is_in_doubt(tmp_path, monkeypatch):
    ledger, book = a_book(tmp_path, some(10), block=4)
    for _ in range(5):
        letter = book.take()
        book.dot([letter])
        settle(book, letter, "accepted")
    another_boot(monkeypatch)
    assert restore(ledger.journals(), 10).states == b"aaaaauuunn"
    assert whom(drain(ledger.reopen())) == [("u8@example.com",), ("u9@example.com",)]


def test_what_was_under_way_when_the_block_was_marked_is_in_doubt_too(tmp_path, monkeypatch):
    ledger, book = a_book(tmp_path, some(10), block=4)
    book.take()
    for _ in range(4):
        letter = book.take()
        book.dot([letter])
        settle(book, letter, "accepted")
    another_boot(monkeypatch)
    assert restore(ledger.journals(), 10).states == b"uaaaauuunn"


def test_after_an_orderly_end_nothing_is_in_doubt(tmp_path, monkeypatch):
    ledger, book = a_book(tmp_path, some(10), block=4)
    book.take()
    book.close()
    another_boot(monkeypatch)
    assert restore(ledger.journals(), 10).states == b"n" * 10


def test_recipients_of_a_row_are_in_doubt_one_by_one(tmp_path, monkeypatch):
    ledger, book = a_book(tmp_path, [mail("a@x", "b@x", "c@x")])
    first = Part(book.take(), (0,))
    book.dot([first])
    settle(book, first, "accepted")
    another_boot(monkeypatch)
    assert restore(ledger.journals(), 1).mixed == {0: {"a@x": "a", "b@x": "u", "c@x": "u"}}


def test_a_recipient_that_has_a_line_is_in_no_doubt(tmp_path, monkeypatch):
    ledger, book = a_book(tmp_path, [mail("a@x", "b@x", "c@x")])
    first = Part(book.take(), (0,))
    book.dot([first])
    settle(book, first, "deferred")
    another_boot(monkeypatch)
    assert restore(ledger.journals(), 1).mixed == {0: {"a@x": "d", "b@x": "u", "c@x": "u"}}


def a_journal(folder):
    ledger, book = a_book(folder, [mail(f"a{i}@x", f"b{i}@x") for i in range(6)], block=2)
    for number in range(5):
        letter = book.take()
        book.dot([letter])
        if number != 3:
            settle(book, letter, "accepted", "deferred" if number == 2 else "accepted")
    return ledger, ledger.journals()[0].read_bytes()


def test_cut_at_every_octet_it_is_read_up_to_there(tmp_path):
    ledger, whole = a_journal(tmp_path)
    path = ledger.journals()[0]
    before = None
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        known = restore([path], 6)
        assert known.garbage == 0
        now = whole[:size].count(b"\n"), known.states, known.mixed
        if before is not None and before[0] == now[0]:
            assert now == before
        before = now
        if now[0] == 0:  # not even the start is there
            assert known.states == b"n" * 6
    assert known.states == b"aamuan"


@given(st.data())
def test_garbage_never_opens_what_may_have_been_sent(tmp_path_factory, data):
    ledger, whole = a_journal(tmp_path_factory.mktemp("garbage"))
    path = ledger.journals()[0]
    found = whole.splitlines(keepends=True)
    index = data.draw(st.integers(1, len(found) - 1).filter(lambda i: b" take " not in found[i]))
    found[index] = data.draw(st.binary(max_size=40)).replace(b"\n", b"") + b"\x00\n"
    path.write_bytes(b"".join(found))
    known = restore([path], 6)
    assert known.garbage == 1
    assert not any(known.open(position, "n") for position in (0, 1, 3, 4))  # those that had a dot


@given(st.binary(max_size=300))
def test_any_file_can_be_read(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "x.log"
    path.write_bytes(data)
    restore([path], 3)


WORD = st.sampled_from(["start", "take", "dot", "done", "row", "said", "torn", "close", "0", "1", "-1", "9", "a", "au"])


@given(st.lists(st.lists(WORD, max_size=5), max_size=5))
def test_any_record_can_be_read(tmp_path_factory, found):
    path = tmp_path_factory.mktemp("any") / "x.log"
    path.write_bytes(b"".join([lines.line(" ".join(words)) for words in found]))
    restore([path], 3)


def cut_write(monkeypatch, size):
    """The next write puts down only so many octets, and those after it nothing; gives the real one."""
    write = os.write

    def cut(descriptor, data):
        monkeypatch.setattr(os, "write", nothing)
        return write(descriptor, data[:size])

    def nothing(descriptor, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", cut)
    return write


@pytest.mark.parametrize("size", [0, 5, 30, 45, 60])
def test_a_write_that_is_cut_forgets_nothing(tmp_path, monkeypatch, size):
    ledger, book = a_book(tmp_path, some(4))
    first, second = book.take(), book.take()
    book.dot([first])
    write = cut_write(monkeypatch, size)
    with pytest.raises(OutputError, match="No space left"):
        book.dot([second], [Settled(first, (outcome("u0@example.com", "accepted"),))])
    assert book.totals == {"accepted": 1}
    settle(book, second, "not-attempted")
    monkeypatch.setattr(os, "write", write)  # there is room again
    with pytest.raises(OutputError):
        book.close()
    assert restore(ledger.journals(), 4).states == b"annn"
    assert None not in list(records(ledger.journals()[0]))


def test_a_disk_that_fails_to_sync_takes_no_further_dot(tmp_path, monkeypatch):
    _, book = a_book(tmp_path, some(4), block=2)

    def broken(descriptor):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", broken)
    with pytest.raises(OutputError, match="Input/output error") as caught:
        book.take()
    assert int(caught.value.exit_status) == 74
    with pytest.raises(OutputError):
        book.take()


def test_deferred_letters_that_nobody_holds_are_forgotten(tmp_path):
    rows = 2000
    table, journal, claims = Table([None] * rows), Journal(tmp_path / "x.log"), LocalClaims(rows)
    book = LedgerBook(table, journal, claims, lambda row, position: mail("a@x"), Known.nothing(rows))
    held = []
    for number in range(rows):
        letter = book.take()
        settle(book, letter, "deferred")
        if number % 100 == 0:
            held.append(letter)
    assert len(book._at) < 600
    for letter in held:
        book.dot([letter])
