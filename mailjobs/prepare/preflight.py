"""All rows of a batch, before the first of them is sent: selected, written down, rendered and checked."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

from mailjobs.errors import DataError, GuardError, JobError, MailjobsError, Problem
from mailjobs.message import Recipient
from mailjobs.message.noted import Noted, noting
from mailjobs.model import Send
from mailjobs.prepare.once import OnceKey
from mailjobs.prepare.preparation import Preparation
from mailjobs.prepare.selection import Selection
from mailjobs.rows import Row
from mailjobs.rows.keys import Keys
from mailjobs.rows.snapshot import Snapshot, SnapshotWriter

SHOWN = 20  # problems of one kind that are told one by one
SAMPLE = 200  # rows that `preflight: sample` renders

Scope = Mapping[str, Any]


class OnceBook(Protocol):
    """What was delivered under `once_per`, and where it is noted who had it."""

    def key(self, text: str, row_key: str | None) -> bytes:
        """The key of the next row, of whatever length; it is written down."""

    def had(self, key: bytes, address: str) -> str:
        """The letter of this recipient: a, who had it; u, of whom nobody knows; "" for all others."""

    def note(self, position: int, letters: str, addresses: Sequence[str]) -> None:
        """These recipients of a row are left out, each with its letter (s: another row has it under the same key)."""


class NothingBefore:
    """Where nothing is kept."""

    def key(self, text: str, row_key: str | None) -> bytes:
        """Both, as they are."""
        return f"{text}\0{row_key}".encode("utf-8", "surrogatepass")

    def had(self, key: bytes, address: str) -> str:
        """Nobody had."""
        return ""

    def note(self, position: int, letters: str, addresses: Sequence[str]) -> None:
        """Nobody asks."""


@dataclass(slots=True)
class Found:
    """What a batch has to send. Counts of rows: `read` from the data, `selected` by `--only` and `where`, `excluded` by
    a suppression list, `bad`, `repeated` with an address of another, and `messages`, which are written down, for
    `recipients`; of these `delivered` had theirs before, under `once_per`. Who has another row under the same key is
    none of them. `domains` counts the messages to each, where a rate is for each. `digest` tells the rows from any
    others, `left_out` those that are excluded ("": none); `files` are those that go along.
    """

    read: int = 0
    selected: int = 0
    excluded: int = 0
    bad: int = 0
    repeated: int = 0
    delivered: int = 0
    messages: int = 0
    recipients: int = 0
    domains: Counter[str] = field(default_factory=Counter)
    warnings: list[Problem] = field(default_factory=list)
    digest: str = ""
    left_out: str = ""
    files: Noted = field(default_factory=Noted)


class Preflight:
    """Of one batch."""

    def __init__(self, preparation: Preparation, action: Send, scope: Scope, before: OnceBook | None = None) -> None:
        self._preparation = preparation
        self._action = action
        self._scope = scope
        self._before = before or NothingBefore()
        self._selection = Selection(preparation.job, action, preparation.templates, preparation.sought)
        self._once = None if preparation.gate.redirect else OnceKey.of(preparation, action)
        self._suppressed = preparation.suppressed(action)
        self.found = self._found = Found()  # counts so far, also where a bad row refuses the batch
        self._problems = _Told()
        self._repeats = _Told()
        self._left_out_keys = blake2b(digest_size=16)
        looks = bool(self._suppressed or self._once or preparation.job.guards.allow_domains)
        self._checks = action.preflight != "off" or looks

    def run(self, writer: SnapshotWriter) -> Found:
        """Write the rows that are left to `writer`. Raises DataError with all that is wrong, GuardError."""
        with Keys() as keys, Keys() as addresses, Keys() as units, noting() as noted:
            for row in self._selection.rows(self._scope):
                self._row(row, writer, keys, addresses, units)
                if writer.count == self._limit:
                    break
        self._selection.finish()
        self._found.read, self._found.selected = self._selection.read, self._selection.selected
        self._refuse()
        self._found.files = noted
        return self._found

    def finish(self, writer: SnapshotWriter, snapshot: Snapshot) -> Found:
        """With what is known once the rows are written; a sample of them is rendered now. Raises as `run` does."""
        found = self._found
        found.messages, found.digest = len(snapshot), writer.digest
        found.left_out = self._left_out_keys.hexdigest() if found.excluded else ""
        if self._action.preflight != "full":
            with noting() as noted:
                self._sample(snapshot)
            found.files = noted
        found.warnings += self._repeats.problems("more rows with an address that stands in another")
        return found

    def _sample(self, snapshot: Snapshot) -> None:
        """Some rows, spread evenly; of the first one it is at least looked what it brings along."""
        count = len(snapshot)
        if self._action.preflight == "off":
            with suppress(MailjobsError):
                self._preparation.render(self._action, self._scope, snapshot.row(0)) if count else None
            return
        for index in range(min(SAMPLE, count)):
            row = snapshot.row(index * count // min(SAMPLE, count))
            self._try(row, lambda row: self._preparation.render(self._action, self._scope, row))
        self._refuse()

    @property
    def _limit(self) -> int | None:
        limits = [limit for limit in (self._action.limit, self._preparation.choice.limit) if limit is not None]
        return min(limits, default=None)

    def _row(self, row: Row, writer: SnapshotWriter, keys: Keys, addresses: Keys, units: Keys) -> None:
        people = self._try(row, lambda row: self._people(row, keys))
        if people is None:
            return
        if self._suppressed is not None and self._left_out(row, people):
            self._found.excluded += 1
            self._left_out_keys.update(row.key.encode("utf-8", "surrogatepass") + b"\0")
            return
        if self._repeated(row, people, addresses):
            return
        once = self._once
        if once is not None:
            parts = self._try(row, lambda row: once.of_row(row, self._scope))
            if parts is None:
                return
            self._leave_out_delivered(self._before.key(*parts), row, people, writer.count, units)
        if self._action.rate_per_domain is not None:
            self._found.domains.update({person.address.rpartition("@")[2].lower() for person in people})
        self._found.recipients += len(people) if self._checks else 1
        writer.append(row)

    def _left_out(self, row: Row, people: Sequence[Recipient]) -> bool:
        """Whether the suppression list leaves nobody of To, where there was somebody."""
        if any(one.kind == "to" for one in people) and self._preparation.gate.redirect is None:
            return False
        meant = self._preparation.meant(self._action, self._scope, row)
        kept = [one for one in meant if one.address not in (self._suppressed or ())]
        return not kept or (any(one.kind == "to" for one in meant) and not any(one.kind == "to" for one in kept))

    def _try(self, row: Row, action: Callable[[Row], Any]) -> Any:
        """What `action` makes of the row; None where it is bad, which is told or refused later."""
        try:
            return action(row)
        except GuardError as error:
            error.message = f"row {row.number} (key {row.key}): {error.message}"
            raise
        except JobError as error:
            self._found.bad += 1
            self._problems.add([_in_row(problem, row) for problem in error.problems])
            return None

    def _people(self, row: Row, keys: Keys) -> Sequence[Recipient]:
        """Who gets the row's message. Raises JobError where it cannot be made."""
        first = keys.add(row.key, row.number)
        if first is not None:
            hint = "each row needs a key of its own"
            raise DataError(f"its key '{row.key}' is that of row {first} too", hint=hint)
        if self._action.preflight == "full":
            return self._preparation.render(self._action, self._scope, row).outgoing.recipients
        return self._preparation.recipients(self._action, self._scope, row) if self._checks else ()

    def _repeated(self, row: Row, people: Sequence[Recipient], addresses: Keys) -> bool:
        """Whether the row is left out since another has its address."""
        if self._action.preflight == "off" or self._preparation.gate.redirect is not None:
            return False
        skip = self._action.duplicates == "skip"
        for person in people:
            first = addresses.add(person.address.lower(), row.number) if person.kind == "to" else None
            if first is not None:
                self._found.repeated += 1
                words = f"row {row.number} (line {row.line}): {person.address} is in row {first} too"
                if self._action.duplicates == "error":
                    self._problems.add([Problem(words, hint="`duplicates` says what that means")])
                    self._found.bad += 1
                    self._refusing = True
                else:
                    told = f"{words}, and gets one message" if skip else f"{words}, and gets both messages"
                    self._repeats.add([Problem(told, self._action.place, severity="warning")])
                return skip
        return False

    _refusing = False

    def _leave_out_delivered(
        self, key: bytes, row: Row, people: Sequence[Recipient], position: int, units: Keys
    ) -> None:
        """Those who had it under the row's key, in an earlier run or by another row of this one."""
        letters: dict[str, str] = {}
        for address in dict.fromkeys([person.address for person in people]):
            twice = units.add(f"{key!r}{address.lower()}", row.number) is not None
            letter = "s" if twice else self._before.had(key, address)
            if letter:
                letters[address] = letter
        if letters:
            told = "".join(letters.values())
            self._found.recipients -= told.count("s")
            self._found.delivered += len(told) - told.count("s")
            self._before.note(position, told, list(letters))

    def _refuse(self) -> None:
        """A bad row refuses the whole batch, all of them told, unless they are to be skipped."""
        problems = self._problems.problems("more rows that cannot be sent")
        if not problems:
            return
        if self._action.on_bad_row == "refuse" or self._refusing:
            raise DataError.of(problems)
        self._found.warnings += [problem._replace(severity="warning") for problem in problems]
        self._problems = _Told()


class _Told:
    """Problems of which the first are told one by one, and the others counted."""

    def __init__(self) -> None:
        self._first: list[Problem] = []
        self._count = 0

    def add(self, problems: Sequence[Problem]) -> None:
        self._count += 1
        if self._count <= SHOWN:
            self._first += problems

    def problems(self, others: str) -> list[Problem]:
        more = self._count - SHOWN
        return [*self._first, Problem(f"and {more} {others}")] if more > 0 else list(self._first)


def _in_row(problem: Problem, row: Row) -> Problem:
    return problem._replace(message=f"row {row.number} (line {row.line}): {problem.message}")


def preflight(preparation: Preparation, action: Send, scope: Scope) -> Found:
    """What a batch has to send, where it is only looked at. Raises as Preflight does."""
    with tempfile.TemporaryDirectory(prefix="mailjobs-") as folder:
        path = Path(folder) / "rows"
        looking = Preflight(preparation, action, scope)
        with SnapshotWriter(path) as writer:
            looking.run(writer)
        snapshot = Snapshot(path)
        try:
            return looking.finish(writer, snapshot)
        finally:
            snapshot.close()
