"""All rows of a batch, before the first of them is sent: selected, written down, rendered and checked."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

from mailjobs.errors import DataError, FileError, GuardError, JobError, MailjobsError, Problem
from mailjobs.message import Recipient
from mailjobs.message.noted import noting
from mailjobs.model import Send
from mailjobs.prepare.caught import problems_of
from mailjobs.prepare.found import Found, NothingBefore, OnceBook
from mailjobs.prepare.once import OnceKey
from mailjobs.prepare.preparation import Preparation, Scope
from mailjobs.prepare.repeats import Repeats
from mailjobs.prepare.selection import Selection
from mailjobs.prepare.told import Told, in_row
from mailjobs.rows import Row
from mailjobs.rows.keys import Keys
from mailjobs.rows.snapshot import Snapshot, SnapshotWriter

SAMPLE = 200  # rows that `preflight: sample` renders

Heard = Callable[[int], None]


class Preflight:
    """Of one batch. `heard` is told of each row that was read, by how many there were."""

    def __init__(
        self,
        preparation: Preparation,
        action: Send,
        scope: Scope,
        before: OnceBook | None = None,
        heard: Heard = lambda read: None,
    ) -> None:
        self._preparation = preparation
        self._action = action
        self._scope = scope
        self._before = before or NothingBefore()
        self._heard = heard
        self._selection = Selection(preparation.job, action, preparation.templates, preparation.sought)
        self._once = None if preparation.gate.redirect else OnceKey.of(preparation, action)
        self._suppressed = preparation.suppressed(action)
        self.found = Found(counted=self._counts())
        self._people = self._looking()
        self._repeats = self.found.counted and preparation.gate.redirect is None
        self._left_out_keys = blake2b(digest_size=16)
        self._problems = self._nothing_told()
        self._lasting = False  # whether a file of the job itself is at fault, which no row can be skipped for
        self._fatal: MailjobsError | None = None  # what reading could not go on behind

    def _counts(self) -> bool:
        """Whether it has to be known who the recipients of each row are."""
        action, guards = self._action, self._preparation.job.guards
        looks = self._suppressed is not None or self._once is not None or action.duplicates != "warn"
        bounds = guards.max_recipients is not None or guards.confirm_above is not None or guards.allow_domains
        return action.preflight != "off" or looks or bool(bounds)

    def _looking(self) -> Callable[[Row], Sequence[Recipient]]:
        """What finds out who gets the message of a row, and whether it can be made. Raises JobError, FileError."""
        if self._action.preflight == "full":
            self._preparation.compiled(self._action.message)  # what is wrong with all rows is no row's fault
            return lambda row: self._preparation.outgoing(self._action, self._scope, row).recipients
        if self.found.counted:
            return self._preparation.whom(self._action, self._scope)
        return lambda row: ()

    def run(self, writer: SnapshotWriter) -> Found:
        """Write the rows that are left to `writer`. Raises DataError with all that is wrong, GuardError."""
        limit = self._limit
        with Keys() as keys, Keys() as units, Repeats(self._action) as repeats, noting() as noted:
            try:
                for row in self._selection.rows(self._scope, self._bad, self._heard):
                    self._row(row, writer, keys, units, repeats)
                    if writer.count == limit:
                        break
                self._selection.finish()
            except DataError as error:
                self._fatal = error
            self.found.read, self.found.selected = self._selection.read, self._selection.selected
            self.found.repeated = repeats.count
            self._refuse(repeats.refused)
            self.found.warnings += repeats.warnings
        self.found.files = noted
        return self.found

    def finish(self, writer: SnapshotWriter, snapshot: Snapshot) -> Found:
        """With what is known once the rows are written; a sample of them is rendered now. Raises as `run` does."""
        found = self.found
        found.messages, found.digest = len(snapshot), writer.digest
        found.left_out = self._left_out_keys.hexdigest() if found.excluded else ""
        if self._action.preflight != "full":
            with noting() as noted:
                self._sample(snapshot)
            found.files = noted
        return found

    def _sample(self, snapshot: Snapshot) -> None:
        """Some rows, spread evenly; of the first one it is at least looked what it brings along."""
        count = len(snapshot)
        if self._action.preflight == "off":
            with suppress(MailjobsError):
                self._preparation.outgoing(self._action, self._scope, snapshot.row(0)) if count else None
            return
        for index in range(min(SAMPLE, count)):
            row = snapshot.row(index * count // min(SAMPLE, count))
            self._heard(self.found.read)
            try:
                self._preparation.outgoing(self._action, self._scope, row)
            except (JobError, FileError) as error:
                self._cannot(row, error)
                self.found.unsendable.add(row.number)
        self._refuse([])

    @property
    def _limit(self) -> int | None:
        limits = [limit for limit in (self._action.limit, self._preparation.choice.limit) if limit is not None]
        return min(limits, default=None)

    def _row(self, row: Row, writer: SnapshotWriter, keys: Keys, units: Keys, repeats: Repeats) -> None:
        try:
            first = keys.add(row.key, row.number)
            if first is not None:
                raise _same_key(row, first)
            people = self._people(row)
            if self._suppressed is not None and self._left_out(row, people):
                self.found.excluded += 1
                self._left_out_keys.update(row.key.encode("utf-8", "surrogatepass") + b"\0")
                return
            once = None if self._once is None else self._once.of_row(row, self._scope)
        except (JobError, FileError, GuardError) as error:
            self._cannot(row, error)
            return
        if self._repeats and (without := repeats.of(row, people)) != ():
            if without is None:
                return
            row = replace(row, without=without)
            people = [person for person in people if person.address not in without]
        if once is not None:
            self._leave_out_delivered(self._before.key(*once), row, people, writer.count, units)
        if self._action.rate_per_domain is not None:
            self.found.domains.update({person.address.rpartition("@")[2].lower() for person in people})
        self.found.recipients += len(people) if self.found.counted else 1
        writer.append(row)

    def _left_out(self, row: Row, people: Sequence[Recipient]) -> bool:
        """Whether the suppression list leaves nobody of To, where there was somebody."""
        if any(one.kind == "to" for one in people) and self._preparation.gate.redirect is None:
            return False
        meant = self._preparation.meant(self._action, self._scope, row)
        kept = [one for one in meant if one.address not in (self._suppressed or ())]
        return not kept or (any(one.kind == "to" for one in meant) and not any(one.kind == "to" for one in kept))

    def _cannot(self, row: Row, error: MailjobsError) -> None:
        """The row cannot be sent, which is told or refused later. Raises GuardError, with the row."""
        if isinstance(error, GuardError):
            error.message = f"row {row.number} (key {row.key}): {error.message}"
            raise error
        self._lasting = self._lasting or isinstance(error, FileError)
        self._bad([in_row(problem, row) for problem in problems_of(error)])

    def _bad(self, problems: Sequence[Problem]) -> None:
        self.found.bad += 1
        self._problems.add(problems)

    def _leave_out_delivered(
        self, key: bytes, row: Row, people: Sequence[Recipient], position: int, units: Keys
    ) -> None:
        """Those who had it under the row's key, in an earlier run or by another row of this one."""
        known = key.hex()
        letters: dict[str, str] = {}
        for address in dict.fromkeys([person.address for person in people]):
            twice = units.add(f"{known}{address.lower()}", row.number) is not None
            letter = "s" if twice else self._before.had(key, address)
            if letter:
                letters[address] = letter
        if letters:
            told = "".join(letters.values())
            self.found.recipients -= told.count("s")
            self.found.delivered += len(told) - told.count("s")
            self._before.note(position, told, list(letters))

    def _refuse(self, repeated: Sequence[Problem]) -> None:
        """A bad row refuses the whole batch, all of them told, unless they are to be skipped."""
        fatal, skips = self._fatal, self._action.on_bad_row == "skip"
        last = [*repeated, *(problems_of(fatal) if fatal else [])]
        if last or self._lasting or (self._problems.count and not skips):
            if fatal is not None and not repeated and not self._problems.count:
                raise fatal
            raise DataError.of([problem._replace(severity="error") for problem in [*self._problems.problems(), *last]])
        self.found.warnings += self._problems.problems("; the row is skipped")
        self._problems = self._nothing_told()

    def _nothing_told(self) -> Told:
        return Told("more rows that cannot be sent", "warning" if self._action.on_bad_row == "skip" else "error")


def _same_key(row: Row, first: int) -> DataError:
    words = f"its key '{row.key}' is that of row {first} too"
    return DataError(words, hint="each row needs a key of its own")


def preflight(
    preparation: Preparation,
    action: Send,
    scope: Scope,
    before: Callable[[Path], AbstractContextManager[OnceBook | None]] = lambda folder: nullcontext(),
    heard: Heard = lambda read: None,
) -> Found:
    """What a batch has to send, where it is only looked at; `before` may keep files in a folder that goes away.

    Raises as Preflight does.
    """
    with tempfile.TemporaryDirectory(prefix="mailjobs-") as name:
        folder = Path(name)
        with before(folder) as notes, SnapshotWriter(folder / "rows") as writer:
            looking = Preflight(preparation, action, scope, notes, heard)
            looking.run(writer)
        snapshot = Snapshot(folder / "rows")
        try:
            return looking.finish(writer, snapshot)
        finally:
            snapshot.close()
