"""Past runs that are damaged, and the people in them: what is still known is told, and nothing that is not."""

import json
from contextlib import ExitStack

import pytest

from mailjobs.errors import OutputError
from mailjobs.ledger import PastRun, Remains, StepState, Wanted, counted, look
from mailjobs.ledger.look import leftovers
from mailjobs.rows import Row
from mailjobs.rows.snapshot import SnapshotWriter
from tests.book.books import mail
from tests.book.deliveries import settle

ROWS = [("k1", ["a@x"]), ("k2", ["b@x", "c@x"]), ("k3", ["d@x"]), ("k4", ["e@x"]), ("k5", ["f@x"])]
STATES = {"c@x": "deferred", "d@x": "rejected", "e@x": None}
EVERYBODY = Wanted()
TOTALS = {"accepted": 3, "deferred": 1, "rejected": 1, "unknown": 1}
BECAME = "a@x a, b@x a, c@x d, d@x r, e@x u, f@x a"


@pytest.fixture
def done(runs):
    """A run that was sent and finished, and its files."""
    files = runs.begin("r1", ROWS)
    runs.deliver(files, STATES)
    runs.finish("r1")
    return files


def seen(runs, wanted=EVERYBODY, name="r1"):
    """What became of whom, the totals, and what cannot be read."""
    past = next(one for one in look(runs.folder) if one.id == name)
    with ExitStack() as stack:
        steps = past.opened(runs.folder, stack)
        past.count(steps)
        people = [f"{one.address or one.row.key} {one.state[0]}" for step in steps for one in step.recipients(wanted)]
        return ", ".join(people), past.run.steps["send"].totals, past.told(steps)


def test_what_is_whole(runs, done):
    assert seen(runs) == (BECAME, TOTALS, [])
    assert [(one.id, one.state) for one in look(runs.folder)] == [("r1", "finished")]


def test_a_run_that_was_killed_counts_those_that_were_not_come_to(runs):
    files = runs.begin("r1", ROWS)
    run = runs.folder.runs()[0]
    run.steps["send"].totals = {"not-attempted": 6}  # as it is when a run begins
    runs.folder.save(run)
    book = runs.book(files)
    book.dot([book.take()])
    assert seen(runs) == ("a@x u, k2 n, k3 n, k4 n, k5 n", {"unknown": 1, "not-attempted": 5}, [])
    run.steps["send"].totals = {}
    runs.folder.save(run)
    assert seen(runs)[1] == {"unknown": 1, "not-attempted": 4}  # of rows then
    assert look(runs.folder)[0].state == "unfinished"


def test_journals_that_are_gone(runs, done):
    done.journals()[0].unlink()
    people, totals, told = seen(runs)
    assert people == "k1 u, k2 u, k3 u, k4 u, k5 u"
    assert totals == TOTALS
    assert told == ["step send: files are missing that say what became of whom"]


def test_a_journal_of_several_that_is_gone(runs):
    files = runs.begin("r1", ROWS)
    runs.deliver(files, dict.fromkeys("abcdef", "deferred") | {"a@x": "deferred", "b@x": "deferred"})
    runs.deliver(files, {"b@x": "deferred"})
    runs.finish("r1")
    files.journals()[0].unlink()
    people, _, told = seen(runs)
    assert people == "a@x a, b@x d, k3 u, k4 u, k5 u"
    assert len(told) == 1
    run = runs.folder.runs()[0]
    run.finished = None  # it goes on, and is killed
    runs.folder.save(run)
    assert seen(runs)[1] == {"accepted": 1, "deferred": 1, "unknown": 4}


def test_a_journal_that_cannot_be_opened(runs, done):
    path = done.journals()[0]
    path.unlink()
    path.mkdir()
    people, _, told = seen(runs)
    assert people == "k1 u, k2 u, k3 u, k4 u, k5 u"
    assert told[0] == f"step send: cannot read {path}: Is a directory"


def test_lines_that_cannot_be_read(runs, done):
    path = done.journals()[0]
    path.write_bytes(path.read_bytes().replace(b" f@x", b" g@x"))
    people, totals, told = seen(runs)
    assert people == BECAME.replace("f@x a", "k5 u")
    assert totals == TOTALS
    assert told[0] == "step send: lines of its journals that cannot be read: 2"


@pytest.mark.parametrize("name", ["send.rows", "send.rows.idx"])
def test_rows_that_are_gone(runs, done, name):
    (done.folder / name).unlink()
    people, totals, told = seen(runs)
    assert (people, totals) == (BECAME, TOTALS)
    assert told == [f"step send: its rows are not known: cannot read {done.folder / name}: No such file or directory"]


@pytest.mark.parametrize(
    ("harm", "lost"),
    [
        (lambda data: data.replace(b'"k3"', b'"k3 '), [3]),
        (lambda data: data.replace(b'[3,4,"k3"', b'[3,4,33.3'), [3]),
        (lambda data: data[: data.index(b'"k4"')], [4, 5]),
        (lambda data: b"", [1, 2, 3, 4, 5]),
    ],
)  # fmt: skip
def test_rows_that_are_damaged(runs, done, harm, lost):
    done.rows.write_bytes(harm(done.rows.read_bytes()))
    assert seen(runs) == (
        BECAME,
        TOTALS,
        [f"step send: rows that cannot be read: {len(lost)} (position {lost[0]} is the first)"],
    )
    with Remains(done, runs.folder.runs()[0]) as remains:
        numbers = [one.row.number for one in remains.recipients()]
    assert sorted({1, 2, 3, 4, 5} - set(numbers)) == lost


def test_rows_that_became_shorter_are_searched_as_far_as_they_go(runs, done):
    done.rows.write_bytes(done.rows.read_bytes()[:60])
    assert seen(runs, Wanted(address="a@x"))[0] == "a@x a"
    assert seen(runs, Wanted(address="f@x"))[0] == "f@x a"
    assert seen(runs, Wanted(key="k1"))[0] == "a@x a"
    people, _, told = seen(runs, Wanted(key="k5"))
    assert (people, told) == (
        "",
        [f"step send: its rows are not known: {done.rows} is damaged: it is shorter than it was"],
    )


def test_what_earlier_runs_have_delivered_is_damaged(runs, done):
    files = runs.begin("r2", ROWS, kept=["r1"])
    run = runs.folder.runs()[0]
    assert seen(runs, name="r2")[0] == "a@x a, b@x a, k3 n, e@x u, f@x a"
    files.kept.write_bytes(files.kept.read_bytes()[:-5])
    run.steps["send"].totals = {"kept": 3, "unknown": 1, "not-attempted": 2}
    runs.folder.save(run)
    assert seen(runs, name="r2")[0] == "k1 u, k2 u, k3 u, k4 u, k5 u"
    assert "is damaged" in seen(runs, name="r2")[2][0]


def run_json(**changes):
    def change(path):
        found = json.loads(path.read_text())
        path.write_text(json.dumps({**found, **changes}))

    return change


HARM = {
    "empty": lambda path: path.write_text(""),
    "absent": lambda path: path.unlink(),
    "a list": lambda path: path.write_text("[]"),
    "another": run_json(id="../r2"),
    "no zone": run_json(started="2026-11-24T15:20:02"),
    "counts": run_json(steps={"send": {"state": "finished", "rows": 5, "totals": {"accepted": "x"}}}),
    "fields": run_json(steps={"send": {"status": "finished"}}),
}


@pytest.mark.parametrize("harm", HARM)
def test_a_damaged_run_is_what_its_files_say(runs, done, harm):
    runs.deliver(runs.begin("r2", ROWS), {})
    HARM[harm](done.folder / "run.json")
    found = look(runs.folder)
    assert [(one.id, one.state) for one in found] == [("r2", "unfinished"), ("r1", "damaged")]
    assert str(done.folder / "run.json") in found[1].damage
    assert found[1].run.steps == {"send": StepState()}
    assert counted(runs.folder, found[1]) == [found[1].damage]
    assert {state: count for state, count in found[1].run.steps["send"].totals.items() if count} == TOTALS
    assert seen(runs)[0] == BECAME


def test_a_damaged_run_of_journals_alone(runs, done):
    for name in ("run.json", "send.rows", "send.rows.idx"):
        (done.folder / name).unlink()
    assert seen(runs)[0] == BECAME
    assert seen(runs)[1] == TOTALS | {"not-attempted": 0}


def test_a_run_that_never_began_is_none(runs, done):
    runs.folder.run_folder("r0").mkdir()
    (runs.folder.run_folder("r0") / "send.rows").touch()
    (runs.folder.path / "runs" / "file").touch()
    assert [one.id for one in look(runs.folder)] == ["r1"]
    assert leftovers(runs.folder) == ["r0"]


def test_the_time_of_a_damaged_run_is_in_its_id(runs):
    for name in ("20260301T212452Z-5f0c9a12", "nonsense"):
        runs.folder.run_folder(name).mkdir(parents=True)
        (runs.folder.run_folder(name) / "run.json").touch()
    assert [f"{one.run.started:%Y-%m-%d %H:%M:%S}" for one in look(runs.folder)] == [
        "2026-03-01 21:24:52",
        "1970-01-01 00:00:00",
    ]


def test_no_runs_and_runs_that_are_no_folder(runs):
    assert look(runs.folder) == []
    (runs.folder.path / "runs").rmdir()
    assert look(runs.folder) == []
    (runs.folder.path / "runs").touch()
    with pytest.raises(OutputError, match="Not a directory") as caught:
        look(runs.folder)
    assert caught.value.exit_status == 74


def test_a_copy_beside_the_journals_is_none(runs, done):
    (done.folder / "send.ledger-1 (copy).log").write_text("x")
    assert [path.name for path in done.journals()] == ["send.ledger-1.log"]
    assert done.next_journal().name == "send.ledger-2.log"


@pytest.mark.parametrize(
    ("wanted", "people"),
    [
        (Wanted(key="k2"), "b@x a, c@x d"),
        (Wanted(key="k"), ""),
        (Wanted("d", key="k2"), "c@x d"),
        (Wanted(address="C@X"), "c@x d"),
        (Wanted(address="e@x"), "e@x u"),
        (Wanted("r", address="e@x"), ""),
        (Wanted(address="@x"), ""),
        (Wanted("rd"), "c@x d, d@x r"),
        (Wanted(key="k2", address="b@x"), "b@x a"),
        (Wanted(key="k1", address="b@x"), ""),
    ],
)
def test_those_who_are_wanted(runs, done, wanted, people):
    assert seen(runs, wanted)[0] == people


def with_values(runs, values, name="r1"):
    files = runs.begin(name, [(f"k{number}", []) for number, _ in enumerate(values)])
    with SnapshotWriter(files.rows) as writer:
        for number, one in enumerate(values):
            writer.append(Row(number + 1, f"k{number}", {"to": one}, number + 2))
    return files


@pytest.mark.parametrize(
    ("address", "people"),
    [
        ("ann@example.com", "k0 n, k3 n"),
        ("ANN@Example.com", "k0 n, k3 n"),
        ("jo.ann@example.com", "k1 n"),
        ("ann@example.com.au", "k2 n"),
        ("jörg@bücher.example", "k4 n"),
        ("n@example.com", ""),
    ],
)
def test_a_row_that_was_not_come_to_is_found_by_what_it_names(runs, address, people):
    values = [
        "ann@example.com",
        "jo.ann@example.com",
        "ann@example.com.au",
        "<Ann@example.com>.",
        "jörg@bücher.example",
    ]
    with_values(runs, values)
    assert seen(runs, Wanted(address=address))[0] == people


def test_once_it_was_sent_to_others_it_is_about_them(runs):
    runs.deliver(with_values(runs, ["new@x old@x"]), {})
    assert seen(runs, Wanted(address="old@x"))[0] == "old@x a"


def test_a_domain_in_either_form(runs):
    runs.deliver(with_values(runs, ["b@xn--bcher-kva.example"]), {})
    for address in ("B@bücher.example", "b@BÜCHER.example", "b@xn--bcher-kva.example"):
        assert seen(runs, Wanted(address=address))[0] == "b@xn--bcher-kva.example a"


def test_a_redirected_run_is_asked_by_what_its_rows_name(runs):
    files = with_values(runs, ["ann@x", "bob@x"])
    run = runs.folder.runs()[0]
    run.staging = "dev@x"
    runs.folder.save(run)
    redirected = runs.book(files)
    redirected._render = lambda row, position: mail("dev@x")
    letter = redirected.take()
    redirected.dot([letter])
    settle(redirected, letter, "accepted")
    assert seen(runs, Wanted(address="ann@x"))[0] == "dev@x a"
    assert seen(runs, Wanted(address="bob@x"))[0] == "k1 n"
    assert seen(runs, Wanted(address="dev@x"))[0] == "dev@x a"


def test_an_address_with_odd_characters(runs):
    odd = '"a%b c"@x'
    book = runs.book(runs.begin("r1", [("k1", ["a@x"])]))
    book.dot([book.take()])
    assert seen(runs, Wanted(address=odd))[0] == ""
    assert seen(runs, Wanted(address="a@x\udce9"))[0] == ""


def test_what_was_lost_altogether_is_found_by_what_its_row_names(runs, monkeypatch):
    runs.book(with_values(runs, ["ann@x bob@x"])).take()
    monkeypatch.setattr("mailjobs.ledger.replay.boot_id", lambda: "another")
    assert seen(runs, Wanted(address="bob@x"))[0] == "k0 u"


def test_nothing_is_read_of_a_run_that_somebody_is_not_in(runs, done, monkeypatch):
    monkeypatch.setattr("mailjobs.ledger.remains.restore", None)
    with Remains(done, runs.folder.runs()[0]) as remains:
        assert list(remains.recipients(Wanted(address="z@x"))) == []


def test_a_past_run_has_its_place_in_the_order_of_time(runs):
    for name in ("r1", "r3", "r2"):
        runs.begin(name, ROWS)
    assert [one.id for one in look(runs.folder)] == ["r2", "r3", "r1"]
    assert isinstance(look(runs.folder)[0], PastRun)
