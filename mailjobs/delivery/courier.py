"""Takes letters one by one and brings back what became of each recipient."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from mailjobs import clock
from mailjobs.delivery.partial import Remainder
from mailjobs.errors import Interrupted, MailjobsError
from mailjobs.model import Retry
from mailjobs.session import Conversation, Letter, Post, Settled
from mailjobs.smtp import Outcome

L = TypeVar("L", bound=Letter)
Result = tuple[tuple[Outcome, ...], MailjobsError | None]


class Courier(Generic[L]):
    """Delivers letters over one connection at a time.

    `open_connection` gives the connection to use: the one in hand while it is usable, else a new one. `retry` is
    for what failed for a while: connections that cannot be opened or are lost before the final dot, and recipients
    that were deferred; `has_time` says whether there are so many seconds left to wait. A message
    whose outcome is unknown is never tried again, nor is one whose content cannot be had.
    """

    def __init__(
        self,
        open_connection: Callable[[], Conversation],
        retry: Retry,
        has_time: Callable[[float], bool] = lambda seconds: True,
    ) -> None:
        self._open_connection = open_connection
        self._retry = retry
        self._has_time = has_time
        self._post: Post | None = None
        self._conversation: Conversation | None = None
        self._fresh = True
        self._after: L | None = None  # the letter behind the following one
        self._under_way: tuple[Post, Letter] | None = None
        self._broken: MailjobsError | None = None
        self._stopped = False

    def deliver(self, letters: Iterable[L]) -> Iterator[Settled[L]]:
        """Each letter settled, in order. Where no connection can be had, or on an interruption, the one in hand is the
        last; then what happened is raised. What keeps a letter from being made is raised behind those before it.
        """
        source = iter(letters)
        current, following = self._pull(source), self._pull(source)
        while current is not None and not self._stopped:
            yield self._carry(current, following, source)
            current, following = following, self._after
        if self._broken is not None:
            raise self._broken

    def _pull(self, source: Iterator[L]) -> L | None:
        """The next letter; what keeps it from being made must not touch the one that is under way."""
        try:
            return None if self._broken else next(source, None)
        except Interrupted:
            raise
        except MailjobsError as error:
            self._broken = error
            return None

    def _carry(self, letter: L, following: L | None, source: Iterator[L]) -> Settled[L]:
        remainder = Remainder(letter)
        try:
            error = self._first(remainder, letter, following, source)
            if not isinstance(error, Interrupted):
                error = self._again(remainder, error)
        except MailjobsError as failure:  # no connection, or an interruption while something is made or waited for
            if self._under_way is not None:
                post, part = self._under_way
                remainder.merge(part, post.give_up(part))
            self._broken, self._stopped, error = failure, True, failure
        if isinstance(error, Interrupted):
            self._broken, self._stopped = error, True
        return Settled(letter, remainder.outcomes, error)

    def _first(self, remainder: Remainder, letter: L, following: L | None, source: Iterator[L]) -> MailjobsError | None:
        """The first try, while which the letter after the next is made ready."""
        post = self._ready()
        self._under_way = post, letter
        # A retry has to come before the next letter, so nothing may be opened behind this one.
        failure = self._begin(post, letter, following if self._retry.attempts == 1 else None)
        self._after = None if isinstance(failure, Interrupted) else self._pull(source)
        return self._result(remainder, letter, self._settle(post, failure))

    def _again(self, remainder: Remainder, error: MailjobsError | None) -> MailjobsError | None:
        for wait in self._waits():
            part = None if _is_ours(error) else remainder.part(error)
            if part is None:
                break
            clock.sleep(wait)
            error = self._result(remainder, part, self._attempt(part))
        return error

    def _result(self, remainder: Remainder, letter: Letter, result: Result) -> MailjobsError | None:
        """Take in what a try has brought; where the connection was stale, what a try over a new one brings."""
        if self._went_stale(*result):
            result = self._attempt(letter)
        outcomes, error = result
        remainder.merge(letter, outcomes)
        self._under_way = None
        return error

    def _attempt(self, letter: Letter) -> Result:
        self._under_way = None  # nothing of the try before is open any more
        post = self._ready()
        self._under_way = post, letter
        return self._settle(post, self._begin(post, letter, None))

    def _begin(self, post: Post, letter: Letter, ahead: Letter | None) -> MailjobsError | None:
        try:
            post.begin(letter, ahead)
        except MailjobsError as error:
            return error
        return None

    def _settle(self, post: Post, failure: MailjobsError | None) -> Result:
        try:
            return post.settle(), failure
        except MailjobsError as error:
            return post.outcomes, error

    def _went_stale(self, outcomes: tuple[Outcome, ...], error: MailjobsError | None) -> bool:
        """Whether a connection that was kept from before turned out to be dead before any content went out.

        Servers close idle connections, some with a 421 to the next command; a new connection then does.
        """
        if self._fresh or isinstance(error, Interrupted) or self._usable():
            return False
        return all(outcome.reason or _unheard(outcome) for outcome in outcomes)

    def _usable(self) -> bool:
        return self._conversation is not None and self._conversation.usable

    def _ready(self) -> Post:
        """The post in hand, or one over a new connection; temporary failures to open one are retried."""
        if self._post is not None and self._usable():
            self._fresh = False
            return self._post
        waits = self._waits()
        while True:
            try:
                return self._renew()
            except MailjobsError as error:
                wait = next(waits, None) if error.temporary and not isinstance(error, Interrupted) else None
                if wait is None:
                    raise
                clock.sleep(wait)

    def _renew(self) -> Post:
        before = self._conversation
        self._conversation = self._open_connection()
        # The first connection may have been opened by an earlier step, and lie idle since.
        self._fresh = before is not None or not self._conversation.used
        self._post = Post(self._conversation)
        return self._post

    def _waits(self) -> Iterator[float]:
        """Seconds before each further attempt, doubled up to `max_delay`, while there is time for it."""
        wait = self._retry.delay
        for _ in range(self._retry.attempts - 1):
            pause = min(wait, self._retry.max_delay)
            if not self._has_time(pause):
                return
            yield pause
            wait *= 2


def _is_ours(error: MailjobsError | None) -> bool:
    """Whether neither server nor network is at fault (a file changed, Ctrl-C): another connection does not help."""
    return error is not None and error.who not in ("network", "server")


def _unheard(outcome: Outcome) -> bool:
    """Whether the server said nothing about the recipient but goodbye, and got no content."""
    if outcome.reply is not None:
        return outcome.reply.code == 421 and outcome.command != "the message"
    return outcome.state == "not-attempted" and outcome.command is None
