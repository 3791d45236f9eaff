"""From a file name to a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from mailjobs import model
from mailjobs.errors import FileError, Place, Problem
from mailjobs.frozen import frozen
from mailjobs.job.asking import ask_for_passwords
from mailjobs.job.build import build, folders_of
from mailjobs.job.expand import expand
from mailjobs.job.files import job_text, read_bytes
from mailjobs.job.merge import Chain, with_defaults
from mailjobs.job.node import Node, Source
from mailjobs.job.problems import Problems, arranged
from mailjobs.job.settings import apply_settings, apply_variables, misspelt
from mailjobs.job.validate import validate
from mailjobs.job.variables import render, values


@frozen
class Loaded:
    """A checked job, and what its author should know about it."""

    job: model.Job
    warnings: tuple[Problem, ...]


def load_job(
    source: str | Path,
    *,
    text: str | None = None,
    settings: Sequence[tuple[str, str]] = (),
    variables: Mapping[str, str] | None = None,
    strict: bool = True,
    ask_pass: bool = False,
) -> Loaded:
    """Read, check and build the job in the file `source`.

    `text` is its content where it comes from elsewhere (`source` is then a label such as "-", and paths start in the
    current folder). `settings` are (path, YAML) pairs of `--set`, `variables` the texts of `--var`. With `strict`
    false an unset environment variable is a warning, and its value the text `$NAME`. With `ask_pass` the passwords of
    servers are asked for on the terminal, when they are first needed.

    Raises JobError with all problems of all files; FileError (exit status 66) where the file, or one that it names,
    is missing and nothing else is wrong; SetupError (78) where only environment variables are; UsageError (64) for
    `settings` and `variables` that make no sense.
    """
    problems = Problems(strict)
    chain = Chain(problems)
    root = chain.load(_source(str(source), text))
    if root is None or chain.broken:
        problems.refuse()
        raise AssertionError("a file that cannot be used has a problem")
    job = _checked(root, chain.sources, settings, variables or {}, problems, ask_pass)
    problems.refuse()
    return Loaded(job, arranged(problems.warnings))


def _source(label: str, text: str | None) -> Source:
    if text is not None:
        return Source(label, Path(), text.removeprefix("\ufeff"))
    path = Path(label)
    try:
        return Source(label, path.parent, job_text(read_bytes(path), label), path)
    except FileError as error:
        raise FileError(error.message, place=Place(label), code=error.code) from error


def _checked(
    root: Node,
    sources: list[Source],
    settings: Sequence[tuple[str, str]],
    variables: Mapping[str, str],
    problems: Problems,
    ask_pass: bool,
) -> model.Job:
    root = apply_settings(root, settings, problems)
    problems.warnings += misspelt(root, variables)
    root = apply_variables(root, variables)
    found = values(root, problems)
    root = render(root, found, folders_of(sources), problems)
    root = with_defaults(expand(root, problems))
    validate(root, problems)
    if ask_pass:
        root = ask_for_passwords(root, problems)
    return build(root, sources, found, problems)
