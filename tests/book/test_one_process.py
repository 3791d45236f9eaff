"""What every Book does, in one process after the other."""

import threading

import pytest

from mailjobs.errors import OutputError
from mailjobs.session import Part, Settled
from tests.book.books import mail, outcome
from tests.book.deliveries import ORIGINAL, drain, settle, some, whom


def test_each_letter_is_taken_once(kind):
    letters = some(1000)
    assert whom(drain(kind.make(letters))) == whom(letters)
    assert drain(kind.reopen()) == []


def test_no_letters(kind):
    book = kind.make([])
    assert book.take() is None
    assert book.take() is None


def test_a_letter_that_is_given_back_comes_again(kind):
    book = kind.make(some(2))
    first = book.take()
    second = book.take()
    assert book.take() is None
    book.release(first)
    assert book.take() is first
    assert book.take() is None
    book.release(second)
    assert whom(drain(book)) == [("u1@example.com",)]
    assert whom(drain(kind.reopen())) == [("u0@example.com",)]


def test_what_was_taken_without_a_dot_is_still_to_be_sent(kind):
    book = kind.make(some(3))
    book.take()
    book.take()
    assert len(drain(kind.reopen())) == 3


def test_a_dot_without_an_outcome_is_unknown(kind):
    book = kind.make(some(3))
    lost, _ = book.take(), book.take()
    book.dot([lost])
    assert whom(drain(kind.reopen())) == [("u1@example.com",), ("u2@example.com",)]
    assert drain(kind.reopen()) == []
    assert whom(drain(kind.reopen("ndu"))) == [("u0@example.com",)]
    assert drain(kind.reopen("ndu")) == []


@pytest.mark.parametrize("state", ["accepted", "rejected", "unknown"])
def test_an_outcome_stays(kind, state):
    book = kind.make(some(2))
    letter = book.take()
    book.dot([letter])
    settle(book, letter, state)
    assert whom(drain(kind.reopen())) == [("u1@example.com",)]


@pytest.mark.parametrize("state", ["deferred", "not-attempted"])
def test_what_is_still_open_comes_again(kind, state):
    book = kind.make(some(1))
    letter = book.take()
    book.dot([letter])
    settle(book, letter, state)
    assert book.take() is None
    assert whom(drain(kind.reopen())) == [("u0@example.com",)]
    assert drain(kind.reopen()) == []


@pytest.mark.parametrize("state", ["deferred", "not-attempted"])
def test_a_doubt_outlives_a_try_that_nothing_came_of(kind, state):
    book = kind.make([mail("a@x.example", "b@x.example"), mail("c@x.example")])
    first, second = book.take(), book.take()
    book.dot([first, second])
    settle(book, first, "accepted", "unknown")
    again = kind.reopen("ndu")
    for letter, who in ((again.take(), ("b@x.example",)), (again.take(), ("c@x.example",))):
        assert letter.envelope.recipients == who
        settle(again, letter, state)
    assert drain(kind.reopen()) == []
    assert whom(drain(kind.reopen("ndu"))) == [("b@x.example",), ("c@x.example",)]


def test_outcomes_come_with_the_next_dot(kind):
    book = kind.make(some(3))
    first, second = book.take(), book.take()
    book.dot([first])
    book.dot([second], [Settled(first, (outcome("u0@example.com", "accepted"),))])
    assert whom(drain(kind.reopen("ndu"))) == [("u1@example.com",), ("u2@example.com",)]


def test_a_second_try_counts(kind):
    book = kind.make(some(2))
    first, second = book.take(), book.take()
    for letter in (first, second):
        book.dot([letter])
        settle(book, letter, "deferred")
        book.dot([letter])
    settle(book, first, "accepted")
    assert drain(kind.reopen()) == []
    assert whom(drain(kind.reopen("ndu"))) == [("u1@example.com",)]


@pytest.mark.parametrize("state", ["rejected", "deferred", "unknown", "not-attempted"])
def test_who_holds_a_letter_may_try_again_after_any_outcome(kind, state):
    book = kind.make([mail("a@x.example", "b@x.example")])
    letter = book.take()
    for states in ((state, state), ("accepted", state), ("accepted", "accepted")):
        book.dot([letter])
        settle(book, letter, *states)
    assert drain(kind.reopen("ndur")) == []


@pytest.mark.parametrize("state", ["rejected", "deferred", "unknown", "not-attempted"])
def test_a_try_again_of_some_recipients_after_any_outcome(kind, state):
    book = kind.make([mail("a@x.example", "b@x.example")])
    letter = book.take()
    book.dot([letter])
    settle(book, letter, "accepted", state)
    rest = Part(letter, (1,))
    book.dot([rest])
    settle(book, rest, "accepted")
    assert drain(kind.reopen("ndur")) == []


@pytest.mark.parametrize("state", ["rejected", "deferred", "unknown", "not-attempted"])
def test_a_try_again_of_some_recipients_that_nothing_is_known_of(kind, state):
    book = kind.make([mail("a@x.example", "b@x.example")])
    letter = book.take()
    book.dot([letter])
    settle(book, letter, "accepted", state)
    book.dot([Part(letter, (1,))])
    assert drain(kind.reopen()) == []
    assert whom(drain(kind.reopen("ndu"))) == [("b@x.example",)]


def test_only_the_recipients_that_are_open_come_again(kind):
    book = kind.make([mail("a@x.example", "b@x.example", "c@x.example", "d@x.example")])
    letter = book.take()
    book.dot([letter])
    settle(book, letter, "accepted", "deferred", "rejected", "not-attempted")
    book = kind.reopen()
    again = book.take()
    assert again.envelope.recipients == ("b@x.example", "d@x.example")
    book.dot([again])
    settle(book, again, "accepted")
    assert drain(kind.reopen()) == []
    assert whom(drain(kind.reopen("ndr"))) == [("c@x.example",)]


def test_parts_of_a_letter_are_settled_alone(kind):
    book = kind.make([mail("a@x.example", "b@x.example", "c@x.example")])
    whole = book.take()
    first, second, third = (Part(whole, (index,)) for index in range(3))
    book.dot([first])
    settle(book, first, "accepted")
    book.dot([second])
    settle(book, second, "deferred")
    settle(book, third, "deferred")
    both = Part(whole, (1, 2))
    book.dot([both])
    settle(book, both, "accepted", "deferred")
    assert whom(drain(kind.reopen("ndur"))) == [("c@x.example",)]


def test_who_is_in_no_part_that_was_sent_comes_again(kind):
    book = kind.make([mail("a@x.example", "b@x.example", "c@x.example")])
    whole = book.take()
    first, second = Part(whole, (0,)), Part(whole, (1,))
    book.dot([first])
    settle(book, first, "accepted")
    book.dot([second])
    assert kind.reopen().take().envelope.recipients == ("c@x.example",)


def test_parts_of_a_part(kind):
    book = kind.make([mail("a@x.example", "b@x.example", "c@x.example")])
    letter = book.take()
    book.dot([letter])
    settle(book, letter, "accepted", "deferred", "deferred")
    book = kind.reopen()
    rest = book.take()
    part = Part(rest, (1,))
    book.dot([part])
    settle(book, part, "accepted")
    assert whom(drain(kind.reopen())) == [("b@x.example",)]


@pytest.mark.parametrize(
    "address", ['"a b"@x.example', "100%@x.example", "%20;@x.example", "jörg@x.example", '"\t"@x.example', "a\u2028b@x"]
)
def test_any_address(kind, address):
    book = kind.make([mail(address, "b@x.example")])
    letter = book.take()
    book.dot([letter])
    settle(book, letter, "accepted", "deferred")
    assert whom(drain(kind.reopen("ndu"))) == [("b@x.example",)]


def test_a_letter_that_cannot_be_made_is_left_out(kind):
    letters = some(3)
    letters[1] = None
    assert whom(drain(kind.make(letters))) == [("u0@example.com",), ("u2@example.com",)]


def test_many_threads_take_each_letter_once(kind):
    letters = some(2000)
    book = kind.make(letters)
    found, barrier = [], threading.Barrier(8)

    def work():
        barrier.wait()
        held, released = [], 0
        while (letter := book.take()) is not None:
            if released < len(held) // 7:
                released += 1
                book.release(letter)
                continue
            held.append(letter)
            book.dot([letter])
            settle(book, letter, "deferred" if len(held) % 5 == 1 else "accepted")
            if len(held) % 5 == 1:
                book.dot([letter])
                settle(book, letter, "accepted")
        found.extend(held)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(whom(found + drain(book))) == sorted(whom(letters))
    assert drain(kind.reopen("ndur")) == []


def test_a_full_disk_lets_no_dot_go_out(kind, monkeypatch):
    book = kind.make(some(3))
    first, second = book.take(), book.take()
    book.dot([first])
    with monkeypatch.context() as patch:
        patch.setattr("os.write", full)
        with pytest.raises(OutputError) as caught:
            book.dot([second])
        settle(book, first, "accepted")
        with pytest.raises(OutputError):
            book.dot([second])
    assert int(caught.value.exit_status) == 74
    with pytest.raises(OutputError):  # there is room again, but what is missing may be anything
        book.dot([second])


def full(descriptor, data):
    raise OSError(28, "No space left on device")


def test_a_line_about_some_that_comes_first_does_not_stand_for_all(kind, monkeypatch):
    """A thread that is stopped before it has written while another sends to the others, and then the process dies."""
    book = kind.make([mail("a@x.example", "b@x.example")])
    whole = book.take()
    first, second = Part(whole, (0,)), Part(whole, (1,))

    class Killed(Exception):
        pass

    def overtaken(descriptor, data):
        if not data.endswith(b" a@x.example\n"):
            return ORIGINAL(descriptor, data)
        monkeypatch.undo()
        book.dot([second])
        settle(book, second, "accepted")
        raise Killed

    monkeypatch.setattr("os.write", overtaken)
    with pytest.raises(Killed):
        book.dot([first])
    assert whom(drain(kind.reopen())) == [("a@x.example",)]
