"""To how many a batch sends, whatever it has to be asked: every recipient counts, before anything of it goes out."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Job, result, run
from tests.fixtures.choosy import NOBODY, PickyServer

TWO_MORE = "cc: [k@x.test, l@x.test]"


@pytest.mark.parametrize("preflight", ["full", "sample", "off"])
@pytest.mark.parametrize(("guard", "status"), [("max_recipients: 3", 77), ("confirm_above: 3", 64)])
def test_every_recipient_counts(job: Job, server: PickyServer, preflight: str, guard: str, status: int) -> None:
    rows = ["1,a@x.test", "2,b@x.test"]
    done = run(job(*rows, keys=f"preflight: {preflight}", message=TWO_MORE, rest=f"guards: {{{guard}}}"))
    assert done.returncode == status
    assert "to 6 recipients" in done.stderr
    assert server.accepted == []


MEMBERS = "{{ steps.staff.members | map(attribute='address') | join(', ') | addresses }}"
ASKED = "  - {id: staff, expand: staff}\n"


@pytest.mark.parametrize(("guard", "status"), [("max_recipients: 2", 77), ("confirm_above: 2", 64)])
def test_recipients_that_a_step_names_are_counted_before_they_are_sent_to(
    job: Job, server: PickyServer, guard: str, status: int
) -> None:
    path = job(steps=f"{ASKED}  - send: m\n", to=MEMBERS, rest=f"guards: {{{guard}}}")
    path.write_text(path.read_text().replace('"{{ row.id }}"', "hi"))
    done = run(path)
    assert done.returncode == status, done.stdout
    assert "to 3 recipients" in done.stdout
    assert server.accepted == []
    assert run(path, "--yes").returncode == (77 if status == 77 else 0)


@pytest.mark.parametrize(("most", "status"), [(6, 77), (8, 0)])
def test_recipients_of_a_batch_that_a_step_names_are_counted_too(
    job: Job, server: PickyServer, most: int, status: int
) -> None:
    rows = ["1,a@x.test", "2,b@x.test"]
    steps = f"{ASKED}  - send: {{message: m, for_each: people, connections: 1}}\n"
    path = job(*rows, steps=steps, message=f'cc: "{MEMBERS}"', rest=f"guards: {{max_recipients: {most}}}")
    done = run(path)
    assert done.returncode == status, done.stdout
    assert [len(people) for people in server.accepted] == ([] if status else [4, 4])
    if not status:
        assert result(path)["totals"] == {**NOBODY, "accepted": 8}


def test_a_dry_run_does_not_count_those_who_have_theirs(job: Job) -> None:
    keys, guards = "once_per: '{{ row.id }}'", "guards: {max_recipients: 3}"
    rows = ["1,a@x.test", "2,b@x.test", "3,c@x.test"]
    assert run(job(*rows, keys=keys, rest=guards)).returncode == 0
    path = job(*rows, "4,d@x.test", keys=keys, rest=guards)
    before = sorted((path.parent / ".mailjobs").rglob("*"))
    done = run(path, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "would send 4 messages, one for each row of people; 3 recipients have theirs already" in done.stdout
    assert sorted((path.parent / ".mailjobs").rglob("*")) == before


def test_a_dry_run_of_a_job_that_never_ran_keeps_nothing(job: Job) -> None:
    path = job("1,a@x.test", keys="once_per: '{{ row.id }}'")
    assert run(path, "--dry-run").returncode == 0
    assert not (path.parent / ".mailjobs").exists()
