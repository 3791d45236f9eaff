"""Ways to empty a book."""

import os

from mailjobs.session import Settled
from tests.book.books import mail, outcome

ORIGINAL = os.write  # tests put another in its place


def drain(book):
    """All letters that are left, each accepted."""
    found = []
    while (letter := book.take()) is not None:
        book.dot([letter])
        settle(book, letter, "accepted")
        found.append(letter)
    return found


def settle(book, letter, *states):
    recipients = letter.envelope.recipients
    states = states * len(recipients) if len(states) == 1 else states
    book.settle([Settled(letter, tuple(map(outcome, recipients, states)))])


def whom(letters):
    return [letter.envelope.recipients for letter in letters]


def some(count):
    return [mail(f"u{number}@example.com") for number in range(count)]


def fork(work):
    """Run `work` in a process of its own; gives its id."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return child


def deliver(book, log, state="accepted"):
    """Deliver all, and write down for the test who was sent to (the moment of the dot) and who was told accepted."""
    before = None
    while (letter := book.take()) is not None:
        book.dot([letter], [before] if before else [])
        record(log, "sent", letter)
        before = Settled(letter, tuple(outcome(one, state) for one in letter.envelope.recipients))
    if before:
        book.settle([before])


def record(log, word, letter):
    ORIGINAL(log, f"{word} {' '.join(letter.envelope.recipients)}\n".encode())
