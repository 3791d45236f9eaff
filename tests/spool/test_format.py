"""A queue file is what was written, whole or damaged; nothing between."""

from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.smtp import Outcome, Reply
from mailjobs.spool import Damaged, Entry, Person, lines
from mailjobs.spool.head import encode_head, parse_head
from mailjobs.spool.stored import parse_file
from mailjobs.spool.write import encode_file
from tests.spool.files import MOMENT, entry, outcome

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
WORD = TEXT.filter(lambda text: text and text != "<>")
WORDS = st.lists(WORD, max_size=3).map(tuple)
KIND = st.sampled_from(["to", "cc", "bcc"])
MOMENTS = st.datetimes(timezones=st.just(UTC))
ENTRIES = st.builds(
    Entry,
    created=MOMENTS,
    sender=TEXT.filter(lambda text: text != "<>"),
    recipients=st.lists(st.builds(Person, KIND, WORD, WORDS), max_size=3).map(tuple),
    size=st.integers(0, 2**40),
    job=TEXT,
    run=TEXT,
    row=TEXT,
    message=TEXT,
    message_id=TEXT,
    mail_parameters=WORDS,
    smtputf8=st.booleans(),
    eightbit=st.booleans(),
    stop_on=st.lists(KIND, unique=True).map(tuple),
    deliver=st.sampled_from(["mail", "terminal"]),
    expires=st.none() | MOMENTS,
)
PEOPLE = ("a@x.example", '"b c"@x.example')
TAIL = (
    lines.claim(MOMENT, "host.example.com", 4711, "0c1f"),
    lines.dot(MOMENT, PEOPLE),
    lines.done(MOMENT, [outcome(PEOPLE[0], "accepted", 250), outcome(PEOPLE[1], "deferred", 451, "4", "5")]),
    lines.wait(MOMENT, MOMENT + timedelta(seconds=60), 2),
)


def file_of(content=b"x: y\r\n\r\n", tail=TAIL, **fields):
    made = entry(*PEOPLE, size=len(content), **fields)
    return b"".join([*encode_file(made, [content]), *tail])


@given(ENTRIES, st.binary(max_size=20))
def test_a_head_comes_back_whatever_is_behind_it(written, behind):
    data = encode_head(written)
    assert parse_head(data + behind) == (written, len(data))


@given(ENTRIES)
def test_a_head_is_lines_that_a_person_can_read(written):
    text = encode_head(written).decode()
    assert text.startswith("mailjobs-queue 1\ncreated: ")
    assert text.endswith("\n\n")
    assert all(line.isprintable() or not line.isascii() for line in text.split("\n"))


@given(ENTRIES, st.data())
def test_a_head_is_damaged_by_any_octet(written, data):
    head = bytearray(encode_head(written))
    at = data.draw(st.integers(0, len(head) - 3))
    head[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Damaged):
        parse_head(bytes(head))


@given(st.binary(max_size=200))
def test_anything_else_is_no_queue_file(data):
    with pytest.raises(Damaged):
        parse_file(data)


def test_a_file_says_what_became_of_its_message():
    stored = parse_file(file_of())
    assert stored.content == b"x: y\r\n\r\n"
    assert stored.good == stored.length
    assert stored.state.letters == {"a@x.example": "a", '"b c"@x.example': "d"}
    assert stored.state.outcome('"b c"@x.example').reply == Reply(451, ("4", "5"))
    assert stored.state.owner[:3] == ("host.example.com", 4711, "0c1f")
    assert stored.state.tries == 2
    assert [stored.state.due(MOMENT + timedelta(seconds=one)) for one in (-5, 0, 59, 60)] == [True, False, False, True]


def test_cut_anywhere_it_is_damaged_or_lacks_its_last_lines():
    data = file_of()
    bare = len(file_of(tail=()))
    for end in range(len(data)):
        if end < bare:
            with pytest.raises(Damaged):
                parse_file(data[:end])
            continue
        stored = parse_file(data[:end])
        assert stored.good == data.rfind(b"\n", 0, end) + 1
        assert stored.content == b"x: y\r\n\r\n"


def test_any_octet_changed_damages_it_but_in_the_end_of_its_last_line():
    data = file_of()
    for at in range(len(data) - 1):
        for change in (1, 0x20, 0x80):
            with pytest.raises(Damaged):
                parse_file(data[:at] + bytes([data[at] ^ change]) + data[at + 1 :])
    assert parse_file(data[:-1] + b"x").good < len(data)


@given(st.binary(max_size=50).filter(lambda data: b"\n" not in data))
def test_a_torn_last_line_is_no_damage(torn):
    data = file_of()
    stored = parse_file(data + torn)
    assert (stored.good, stored.length) == (len(data), len(data) + len(torn))


def test_content_with_lines_of_ours_is_content():
    content = b"\r\n" + b"".join(TAIL) + b"\n1c291ca3 content 7 00\n"
    stored = parse_file(file_of(content))
    assert stored.content == content


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=1), TEXT)
def test_replies_and_reasons_come_back(texts, reason):
    reply = Reply(550, tuple("".join(one.split("\n")) for one in texts))
    replied = Outcome(PEOPLE[0], "rejected", reply, "the message")
    reasoned = Outcome(PEOPLE[1], "rejected", reason=reason)
    state = parse_file(file_of(tail=[lines.done(MOMENT, [replied, reasoned])])).state
    assert state.outcome(PEOPLE[0]) == replied
    assert state.outcome(PEOPLE[1]) == reasoned


def test_what_is_released_is_open_and_need_not_wait():
    done = lines.done(MOMENT, [outcome(PEOPLE[0], "rejected", 550), outcome(PEOPLE[1], "accepted", 250)])
    tail = [done, lines.hold(MOMENT, "by hand\n"), lines.given_up(MOMENT, "too old")]
    state = parse_file(file_of(tail=tail)).state
    assert (state.held, state.given_up, state.open()) == ("by hand\n", "too old", [])
    state = parse_file(file_of(tail=[*TAIL, *tail, lines.again(MOMENT, PEOPLE[:1])])).state
    assert (state.held, state.given_up, state.next, state.tries) == ("", "", None, 0)
    assert state.open() == [PEOPLE[0]]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"From: somebody\r\n\r\n", "no queue file"),
        (b"mailjobs-queue 2\nx: y\n\n", "version 2 of the format, and this mailjobs reads 1"),
        (encode_head(entry())[:-1], "its head has no end"),
        (encode_head(entry()).replace(b"size: 7", b"size: 8"), "its head is not what was written"),
        (encode_head(entry()) + b"content", "ends before its content does"),
        (file_of(tail=()).replace(b"x: y", b"x: z"), "its content is not what was written"),
        (file_of(tail=[lines.line("what is this"), b""]), "cannot be read: 'what is this'"),
    ],
)
def test_what_is_wrong_is_said(data, words):
    with pytest.raises(Damaged, match=words):
        parse_file(data)
