"""Every bad job in tests/jobs/invalid, with exactly the messages that stand beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailjobs.errors import JobError, MailjobsError
from mailjobs.job import load_job

FOLDER = Path(__file__).parent.parent / "jobs" / "invalid"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def refusal(name: str) -> MailjobsError:
    with pytest.raises(MailjobsError) as caught:
        load_job(f"{name}.yaml")
    return caught.value


def told(error: MailjobsError) -> str:
    """One problem a line; the exit status where it is not that of a wrong job."""
    lines = [str(problem) for problem in error.problems] if isinstance(error, JobError) else [str(error)]
    if error.exit_status != 65:
        lines.append(f"exit {error.exit_status}")
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("name", NAMES)
def test_bad_job_is_refused_with_these_words(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    monkeypatch.delenv("MAILJOBS_TEST_UNSET", raising=False)
    monkeypatch.delenv("MAILJOBS_TEST_UNSET_TOO", raising=False)
    expected = FOLDER / f"{name}.expected"
    assert told(refusal(name)) == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_is_shown_with_a_problem(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    error = refusal(name)
    shown = [repr(error), str(error), repr(error.describe()), repr(getattr(error, "problems", ()))]
    assert not any("hunter2" in text or "12345678" in text for text in shown)


def test_there_are_bad_jobs_and_each_has_its_messages() -> None:
    assert len(NAMES) > 100
    assert sorted(path.stem for path in FOLDER.glob("*.expected")) == NAMES


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("no-server", 163),
        ("server-host-missing", 163),
        ("message-from-missing", 164),
        ("message-to-missing", 165),
        ("server-port-range", 116),
        ("server-port-text", 116),
        ("message-text-file-missing", 302),
        ("message-text-file-latin1", 434),
    ],
)
def test_problem_has_the_number_of_the_component(name: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    assert refusal(name).code == code


def test_every_problem_has_a_place_and_most_a_line_of_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    error = refusal("many")
    assert isinstance(error, JobError)
    lines = (FOLDER / "many.yaml").read_text(encoding="utf-8").splitlines()
    numbers = [problem.place.line for problem in error.problems if problem.place]
    assert [problem.source for problem in error.problems] == [lines[number - 1] for number in numbers]
    assert numbers == sorted(numbers)
