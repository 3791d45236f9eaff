"""All that is wrong, collected, so that it can be shown at once."""

from __future__ import annotations

from mailjobs.errors import FileError, JobError, MailjobsError, Place, Problem, SetupError
from mailjobs.job.masking import shown_line
from mailjobs.job.node import JobPath, Node, Source, key_place, place, written

NULL = "null only removes what a base file or `defaults` gives"


class Problems:
    """A growing list of errors and warnings. `strict` is false where a job is only looked at, never run."""

    def __init__(self, strict: bool = True) -> None:
        self.strict = strict
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []
        self.broken: set[str] = set()
        self.stand_ins: set[str] = set()
        self._setup: set[Problem] = set()

    def touches(self, path: JobPath) -> bool:
        """Whether the schema found something wrong at `path` or below it, so that it cannot be built."""
        here = written(path)
        return any(found == here or found.startswith((f"{here}.", f"{here}[")) for found in self.broken)

    def stands_in(self, text: str) -> bool:
        """Whether `text` holds a stand-in for what only a run will know, so that no file has its name."""
        return any(stand_in in text for stand_in in self.stand_ins)

    def at(
        self, node: Node, path: JobPath, message: str, *, hint: str | None = None, code: int | None = None
    ) -> Problem:
        """An error at a value."""
        return self.put(place(node, path), node.source, message, hint=hint, code=code)

    def at_key(
        self, node: Node, path: JobPath, message: str, *, hint: str | None = None, code: int | None = None
    ) -> Problem:
        """An error at the key of a value; `path` is what the message is about."""
        return self.put(key_place(node, path), node.source, message, hint=hint, code=code)

    def put(
        self, spot: Place, source: Source, message: str, *, hint: str | None = None, code: int | None = None
    ) -> Problem:
        """An error at any place of `source`."""
        problem = Problem(message, spot, shown_line(source.text, spot.line), hint, code)
        self.errors.append(problem)
        return problem

    def warn(self, node: Node, path: JobPath, message: str, *, hint: str | None = None) -> None:
        """Something that a user should know, and that stops nothing."""
        spot = place(node, path)
        self.warnings.append(Problem(message, spot, shown_line(node.source.text, spot.line), hint, severity="warning"))

    def setup(self, node: Node, path: JobPath, message: str, *, hint: str | None = None) -> None:
        """This machine lacks something: an error where the job is to run, a warning where it is only looked at."""
        if self.strict:
            self._setup.add(self.at(node, path, message, hint=hint))
        else:
            self.warn(node, path, message, hint=hint)

    def take(self, error: MailjobsError, node: Node, path: JobPath) -> None:
        """The problems of an error that another room raised; those without a place get this one."""
        found = error.problems if isinstance(error, JobError) else ()
        for problem in found or (Problem(error.message, error.place, hint=error.hint, code=error.code),):
            if problem.place is None:
                problem = problem._replace(place=place(node, path))
            line = shown_line(node.source.text, problem.place.line if problem.place else 0)
            same_file = problem.place is not None and problem.place.file == node.source.label
            self.errors.append(problem._replace(source=problem.source or (line if same_file else None)))

    def refuse(self) -> None:
        """Raise what was found, if anything: exit status 66 or 78 where nothing else is wrong, else 65."""
        errors = arranged(self.errors)
        if not errors:
            return
        if all(problem in self._setup for problem in errors):
            raise _one(SetupError, errors)
        if len(errors) == 1 and errors[0].code in (FileError.code, FileError.missing_certificate):
            raise _one(FileError, errors)
        raise JobError.of(errors)


def arranged(problems: list[Problem]) -> tuple[Problem, ...]:
    """Problems by file, line and column, each once. Files keep the order in which they came up."""
    files = {problem.place.file: None for problem in problems if problem.place}
    order = {file: number for number, file in enumerate(files)}
    unique = dict.fromkeys(problems)
    return tuple(sorted(unique, key=lambda found: _spot(found, order)))


def _spot(problem: Problem, order: dict[str, int]) -> tuple[int, int, int]:
    spot = problem.place
    return (order[spot.file], spot.line, spot.column) if spot else (-1, 0, 0)


def _one(kind: type[MailjobsError], errors: tuple[Problem, ...]) -> MailjobsError:
    first, *others = errors
    message = first.message
    if first.place and first.place.path:
        message = f"{first.place.path}: {message}"
    if others:
        message += "".join(f"; {other.place}: {other.message}" for other in others)
    error = kind(message, place=first.place, hint=first.hint, code=first.code)
    error.problems = errors
    return error
