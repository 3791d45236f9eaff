"""--set and --var."""

from __future__ import annotations

import pytest

from mailjobs import model
from mailjobs.errors import JobError, UsageError
from mailjobs.job.settings import parse_path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("server.host", ("server", "host")),
        ("steps[0].timeout", ("steps", 0, "timeout")),
        ("messages.ready-made.headers['X-A.B']", ("messages", "ready-made", "headers", "X-A.B")),
        ("messages.m.to[1].address", ("messages", "m", "to", 1, "address")),
    ],
)
def test_paths_are_read(text: str, path: tuple[str | int, ...]) -> None:
    assert parse_path(text) == path


@pytest.mark.parametrize("text", ["", "[0]", "a..b", "a b", "a[", "a[x]", "a.", "."])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_path(text)
    assert caught.value.exit_status == 64


def test_scalar_is_set(load) -> None:
    server = load(settings=[("server.host", "other.example.com"), ("server.port", "2525")]).job.servers["server"]
    assert (server.host, server.port) == ("other.example.com", 2525)


def test_later_setting_wins(load) -> None:
    settings = [("server.port", "1"), ("server.port", "2")]
    assert load(settings=settings).job.servers["server"].port == 2


def test_short_forms_work_at_the_command_line(load) -> None:
    settings = [("server", "smtps://other"), ("server.timeout", "5m"), ("steps[0].retry", "3")]
    job = load(settings=settings).job
    server = job.servers["server"]
    assert (server.host, server.port, server.tls.mode, server.timeout.idle) == ("other", 465, "implicit", 300)
    assert job.steps[0].retry == model.Retry(3)


@pytest.mark.parametrize("word", ["Yes", "TRUE", "on", "1", "yes"])
def test_booleans_may_be_written_in_any_way(load, word: str) -> None:
    assert load(settings=[("steps[0].continue_on_error", word)]).job.steps[0].continue_on_error is True


@pytest.mark.parametrize("word", ["No", "false", "OFF", "0"])
def test_false_turns_tls_off(load, word: str) -> None:
    assert load(settings=[("server.tls", word)]).job.servers["server"].tls.mode == "none"


def test_digits_are_text_where_text_is_wanted(load) -> None:
    assert load(settings=[("server.hello", "5"), ("name", "2024")]).job.servers["server"].hello == "5"


def test_key_that_is_not_there_yet_is_made(load) -> None:
    settings = [("server.tls.min_version", "1.3"), ("messages.m.subject", "Hi"), ("vars.a", "5")]
    job = load(settings=settings).job
    assert job.servers["server"].tls.min_version == "1.3"
    assert (job.messages["m"].subject.source, job.vars["a"]) == ("Hi", 5)


def test_null_removes(load) -> None:
    more = "vars: {a: 1, b: 2}\n"
    assert load(more, settings=[("vars.a", "null")]).job.vars == {"b": 2}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("server.hots", r"server has no key 'hots' \(did you mean 'host'\?\)"),
        ("sever.host", r"a job has no key 'sever' \(did you mean 'server'\?\)"),
        ("steps[1].timeout", r"steps has 1 entries, counted from 0"),
        ("steps.timeout", r"steps has no key 'timeout'"),
        ("server.tls.ca[0]", r"server.tls.ca has 0 entries"),
    ],
)
def test_path_that_the_language_does_not_have_gives_the_nearest(load, path: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        load(settings=[(path, "1")])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("server.auth.password", "hunter2"),
        ("server.auth", "{username: u, password: hunter2}"),
        ("server", "{host: a, auth: {username: u, password: 'hunter2'}}"),
        ("servers.a.auth.password", "hunter2"),
    ],
)
def test_plain_secret_is_refused_and_not_shown(load, path: str, value: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(settings=[(path, value)])
    assert "hunter2" not in repr(caught.value) + str(caught.value)
    assert "a secret cannot be given on the command line" in str(caught.value)


def test_reference_to_a_secret_may_be_set(load) -> None:
    settings = [("server.auth.username", "u"), ("server.auth.password", "{env: OTHER}")]
    assert load(settings=settings).job.servers["server"].auth.password.origin == "env OTHER"


def test_wrong_value_names_the_flag(problems) -> None:
    (problem,) = problems(settings=[("server.port", "many")])
    assert str(problem) == "--set server.port: server.port: expected a whole number, found text"


def test_value_that_is_no_yaml_is_refused(load) -> None:
    with pytest.raises(UsageError, match="not valid YAML"):
        load(settings=[("server.host", "[a")])


def test_var_is_text_and_wins(load) -> None:
    job = load("vars: {a: 1, b: {env: MAILJOBS_TEST_UNSET}}\n", variables={"a": "5", "b": "x", "c": "no"}).job
    assert job.vars == {"a": "5", "b": "x", "c": "no"}


def test_var_needs_a_name_that_templates_can_say(load) -> None:
    with pytest.raises(UsageError, match="--var my-var: not an identifier"):
        load(variables={"my-var": "x"})


def test_setting_does_not_hide_other_problems(load) -> None:
    with pytest.raises(JobError, match="nmae"):
        load("nmae: x\n", settings=[("server.port", "25")])


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("extends", "base.yaml", "files are merged before keys are set"),
        ("extends[0]", "base.yaml", "files are merged before keys are set"),
        ("steps[0]", "null", "null removes a key, not an entry of a list"),
        ("steps[0]", "", "null removes a key, not an entry of a list"),
    ],
)
def test_setting_that_would_do_nothing_is_refused(load, path: str, value: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        load(settings=[(path, value)])


def test_misspelt_variable_is_warned_about(load) -> None:
    loaded = load("vars: {build: 1}\n", variables={"buidl": "2", "other": "3"})
    assert [str(problem) for problem in loaded.warnings] == [
        "--var buidl: the job has no variable 'buidl' (did you mean 'build'?)"
    ]
    assert loaded.job.vars == {"build": 1, "buidl": "2", "other": "3"}
