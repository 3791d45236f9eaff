"""The files of a queue as a Book: each is claimed once, and what became of it is written into it."""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

from mailjobs import clock
from mailjobs.disk import boot_id, sync_folder
from mailjobs.errors import OutputError, StateError
from mailjobs.session import Letter, Part, Settled
from mailjobs.spool import lines
from mailjobs.spool.directory import Aside, Tell, broken, list_files, set_aside
from mailjobs.spool.head import Damaged
from mailjobs.spool.letter import QueuedLetter, outcomes_of
from mailjobs.spool.locked import Locked, lock
from mailjobs.spool.names import FAILED, HELD, QUEUED, SENDING, host_name
from mailjobs.spool.patience import UNKNOWN, Patience, rest
from mailjobs.spool.resting import Failed, Rested, nobody_told, put
from mailjobs.spool.state import State
from mailjobs.spool.stored import Stored

BLOCK: Final = 64  # files that are claimed together: one sync of the directory for them all
BLOCK_OCTETS: Final = 4 * 1024 * 1024  # of content, above which no more are claimed together


class _Watch(weakref.ref[QueuedLetter]):
    """Tells when nobody holds a letter any more, so that its file may be let go."""

    __slots__ = ("held", "stored")

    held: Locked
    stored: Stored


def _watch(letter: QueuedLetter, callback: Callable[[Any], Any]) -> _Watch:
    made = _Watch(letter, callback)
    made.held, made.stored = letter.held, letter.stored
    return made


class Spool:
    """Implements `session.Book` for the queue in `folder`. For any number of threads, and of processes with one each.

    It has the files that are there when it is made, or `files` of them; `opened` are the letters of the states that
    are sent to. Who is accepted by is never sent to again. `keep` leaves what all have got as `.sent`. `redirect` gets
    each message instead of its recipients, and the file is then held, for they have not got it. `tell` is called with
    what is put aside, `rested` with each file that is let go; both in any thread. `failed` is called with each before
    it gets its name as a failure.
    """

    def __init__(
        self,
        folder: Path,
        opened: str = "nd",
        *,
        keep: bool = False,
        patience: Patience | None = None,
        files: Sequence[str] | None = None,
        limit: int | None = None,
        redirect: str | None = None,
        tell: Tell = lambda aside: None,
        rested: Callable[[Rested], None] = lambda rested: None,
        failed: Failed = nobody_told,
        block: int = BLOCK,
    ) -> None:
        """Raises FileError where the folder cannot be looked into."""
        self.folder = folder
        self.failure: OutputError | None = None
        self._opened = opened
        self._keep = keep
        self._patience = Patience() if patience is None else patience
        self._files = deque(list_files(folder, suffixes_of(opened)) if files is None else files)
        self._left = limit
        self._redirect = redirect
        self._tell = tell
        self._rested = rested
        self._failed = failed
        self._most = block
        self._me = host_name(), os.getpid(), boot_id()
        self._lock = threading.RLock()
        self._block: deque[QueuedLetter | Part] = deque()  # claimed, and not taken yet
        self._released: deque[QueuedLetter | Part] = deque()
        self._watches: dict[int, _Watch] = {}  # by id() of what is held
        self._let_go: deque[_Watch] = deque()  # nobody has their letters any more
        self._unsaved: list[tuple[Locked, bytes]] = []

    # --- session.Book

    def take(self) -> QueuedLetter | None:
        """The next letter. Raises OutputError where nothing can be claimed any more."""
        self._tidy()
        with self._lock:
            for ready in (self._released, self._block):
                if ready:
                    return cast("QueuedLetter", ready.popleft())
            self._claim_block()
            return cast("QueuedLetter", self._block.popleft()) if self._block else None

    def dot(self, letters: Sequence[Letter], settled: Sequence[Settled[Letter]] = ()) -> None:
        """See `session.Book`."""
        self._write_settled(settled)
        self._check()
        now = clock.now()
        for letter in letters:
            whole = whole_of(letter)
            if whole.redirect is None:
                self._append(whole.held, lines.dot(now, letter.envelope.recipients))
                whole.stored.state.dot(letter.envelope.recipients)
        self._check()
        self._tidy()

    def settle(self, settled: Sequence[Settled[Letter]]) -> None:
        """See `session.Book`. Where it cannot be written it is kept, and the next dot and `close` raise OutputError."""
        self._write_settled(settled)
        self._tidy()

    def release(self, letter: QueuedLetter) -> None:
        """Give back a letter that was taken and not sent."""
        with self._lock:
            self._released.append(letter)

    def close(self) -> None:
        """Let go of all files, each under the name of what became of it. Raises OutputError."""
        self._save()
        with self._lock:
            self._block.clear()
            self._released.clear()
        self._tidy()
        for watch in list(self._watches.values()):
            self._finish(watch.held, watch.stored)
        try:
            sync_folder(self.folder)
        except OSError as error:
            self._fail(error)
        self.abandon()
        self._check()

    def abandon(self) -> None:
        """Let go of all files as they are, as a process does that dies."""
        for watch in list(self._watches.values()):
            watch.held.close()
        self._watches.clear()
        self._files.clear()

    @staticmethod
    def wants(state: State, now: datetime) -> bool:
        """Whether a file that says this may be tried now, if anybody is left to send to."""
        return state.due(now) and (not state.held or state.held.startswith(UNKNOWN))

    # --- claims

    def _claim_block(self) -> None:
        """Claim some files, and put that on the disk: after a power loss all of them may have been sent."""
        self._check()
        octets, claimed = 0, 0
        try:
            while self._files and claimed < self._most and octets < BLOCK_OCTETS and self._left != 0:
                letter = self._claim(self._files.popleft())
                if letter is not None:
                    self._block.append(letter)
                    octets += letter.envelope.size
                    claimed += 1
                    self._left = self._left - 1 if self._left is not None else None
            if claimed:
                sync_folder(self.folder)
        except OSError as error:
            self._fail(error)
            self._check()

    def _claim(self, file: str) -> QueuedLetter | Part | None:
        try:
            held = lock(self.folder, file)
        except Damaged as error:
            self._tell(Aside(file, str(error)))
            return None
        except PermissionError as error:
            self._tell(Aside(file, f"it cannot be opened: {error.strerror}"))
            return None
        if held is None:
            return None
        try:
            stored = held.read()
            letter = self._begin(held, stored)
        except Damaged as error:
            set_aside(held, str(error), self._tell)
            return None
        except FileExistsError as error:
            set_aside(held, str(error.strerror), self._tell)
            return None
        except BaseException:
            held.close()
            raise
        if letter is None:
            held.close()
        return letter

    def _begin(self, held: Locked, stored: Stored) -> QueuedLetter | Part | None:
        """Make the file ours, where there is anything to do for it now."""
        now, state = clock.now(), stored.state
        if not self.wants(state, now):
            if state.held and held.suffix == QUEUED:  # who holds it did not come to give it that name
                self._finish(held, stored)
            return None
        chosen = [index for index, who in enumerate(stored.entry.recipients) if state.letters[who[1]] in self._opened]
        if not chosen or (state.given_up and held.suffix == QUEUED):
            if held.suffix == QUEUED:
                self._finish(held, stored)
            return None
        held.append(lines.claim(now, *self._me))
        state.claimed()
        held.rename(SENDING)
        letter = QueuedLetter(held, stored, self._redirect)
        self._watches[id(held)] = _watch(letter, self._let_go.append)
        if len(chosen) == len(stored.entry.recipients) or self._redirect is not None:
            return letter
        return Part(letter, tuple(chosen))

    # --- what became of them

    def _write_settled(self, settled: Sequence[Settled[Letter]]) -> None:
        now = clock.now()
        for one in settled:
            whole = whole_of(one.letter)
            held, stored = whole.held, whole.stored
            if whole.redirect is not None:
                self._redirected(whole, one, now)
                continue
            outcomes = outcomes_of(one)
            letters = stored.state.settle(outcomes)
            self._append(held, lines.done(now, outcomes, letters), keep=True)
            if self.failure is None and not set(stored.state.letters.values()) - {"a"}:
                self._finish(held, stored)

    def _redirected(self, letter: QueuedLetter, settled: Settled[Letter], now: datetime) -> None:
        """Its own recipients have not got it, so it stays, and is not sent again by itself."""
        if settled.outcomes[0].state == "accepted" and not letter.stored.state.held:
            letter.stored.state.held = f"sent to {letter.redirect} instead"
            self._append(letter.held, lines.hold(now, letter.stored.state.held), keep=True)

    def _finish(self, held: Locked, stored: Stored) -> None:
        """Give a file the name of what became of it, and let it go."""
        with self._lock:
            if held.closed:
                return
            self._watches.pop(id(held), None)
            try:
                if self.failure is None:
                    self._put_to_rest(held, stored)
            except OSError as error:
                self._fail(error)
            finally:
                held.close()

    def _put_to_rest(self, held: Locked, stored: Stored) -> None:
        state = stored.state
        if state.held and not state.held.startswith(UNKNOWN):
            suffix, data = HELD, b""
        else:
            suffix, data = rest(stored.entry, state, self._patience, clock.now())
        gone = put(held, stored, suffix, data, self._keep, self._failed)
        self._rested(Rested(f"{held.name}{QUEUED}" if gone else held.file, suffix, gone, stored.entry, state))

    def _tidy(self) -> None:
        """Let go of files whose letters nobody has any more."""
        while self._let_go:
            try:
                watch = self._let_go.popleft()
            except IndexError:  # another thread was faster
                return
            self._finish(watch.held, watch.stored)

    # --- failures

    def _append(self, held: Locked, data: bytes, keep: bool = False) -> None:
        """`keep`: try again later where it fails, instead of raising."""
        if self.failure is None:
            try:
                held.append(data)
                return
            except OSError as error:
                self._fail(error)
        if keep:
            with self._lock:
                self._unsaved.append((held, data))
            return
        self._check()

    def _save(self) -> None:
        """Try once more to write what became of letters."""
        with self._lock:
            unsaved, self._unsaved = self._unsaved, []
            for held, data in unsaved:
                with suppress(OSError):
                    if not held.closed:
                        held.append(data)

    def _fail(self, error: OSError) -> None:
        self.failure = self.failure or broken(self.folder, error)

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure


def suffixes_of(opened: str) -> tuple[str, ...]:
    """Which files may have recipients in one of these states."""
    by_letter = (("n", QUEUED), ("d", QUEUED), ("u", HELD), ("r", FAILED))
    return tuple(dict.fromkeys([suffix for letter, suffix in by_letter if letter in opened]))


def whole_of(letter: Letter) -> QueuedLetter:
    """The letter as it was taken, or raises StateError."""
    while isinstance(letter, Part):
        letter = letter.whole
    if not isinstance(letter, QueuedLetter):
        raise StateError("a letter was sent that was not taken from this book")
    return letter
