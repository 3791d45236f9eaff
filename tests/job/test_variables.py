"""vars, and the settings that templates make of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailjobs.errors import JobError, SetupError
from mailjobs.job import load_job


def test_environment_that_is_not_utf_8_is_refused(load, monkeypatch) -> None:
    monkeypatch.setenv("MAILJOBS_TEST_SET", "a\udcff")
    with pytest.raises(JobError, match="MAILJOBS_TEST_SET is not UTF-8"):
        load("vars: {a: {env: MAILJOBS_TEST_SET}}\n")


def test_environment_gives_text(load, monkeypatch) -> None:
    monkeypatch.setenv("MAILJOBS_TEST_SET", "17")
    assert load("vars: {a: {env: MAILJOBS_TEST_SET, default: 5}}\n").job.vars == {"a": "17"}


def test_unset_variable_stops_a_run(load) -> None:
    with pytest.raises(SetupError, match="MAILJOBS_TEST_UNSET is not set") as caught:
        load("vars: {a: {env: MAILJOBS_TEST_UNSET}}\n")
    assert (caught.value.exit_status, str(caught.value.place)) == (78, "-:4:17")


def test_unset_variable_is_a_warning_where_a_job_is_only_looked_at(load) -> None:
    loaded = load("vars: {a: {env: MAILJOBS_TEST_UNSET}}\n", strict=False)
    assert loaded.job.vars == {"a": "$MAILJOBS_TEST_UNSET"}
    (warning,) = loaded.warnings
    assert (warning.severity, warning.place.path) == ("warning", "vars.a.env")


def test_file_gives_its_text_without_the_last_newline(load, tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(b"one\ntwo\r\n")
    assert load(f"vars: {{a: {{file: {tmp_path}/v}}}}\n").job.vars == {"a": "one\ntwo"}


def test_file_that_is_not_utf8_is_a_problem(problems, tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(b"\xff")
    (problem,) = problems(f"vars: {{a: {{file: {tmp_path}/v}}}}\n")
    assert "byte 0xff at offset 0 is not utf-8" in problem.message
    assert problem.code == 434


def test_servers_and_data_see_vars(tmp_path: Path) -> None:
    (tmp_path / "eu.csv").write_text("a\n1\n")
    (tmp_path / "job.yaml").write_text(
        "version: 1\n"
        "vars: {region: eu, port: 2525, mode: starttls}\n"
        'server: {host: "relay.{{ vars.region }}.example.com", port: "{{ vars.port }}", tls: "{{ vars.mode }}"}\n'
        'data: {rows: {csv: "{{ vars.region }}.csv"}}\n'
        "steps: [{connect: true}]\n"
    )
    job = load_job(tmp_path / "job.yaml").job
    server = job.servers["server"]
    assert (server.host, server.port, server.tls.mode) == ("relay.eu.example.com", 2525, "starttls")
    assert job.data["rows"].path == tmp_path / "eu.csv"


def test_whole_server_may_come_from_a_variable() -> None:
    text = 'version: 1\nvars: {url: "smtps://relay:4650"}\nserver: "{{ vars.url }}"\nsteps: [{connect: true}]\n'
    server = load_job("-", text=text).job.servers["server"]
    assert (server.host, server.port, server.tls.mode) == ("relay", 4650, "implicit")


def test_unknown_variable_in_a_server_is_a_problem_with_its_place() -> None:
    text = 'version: 1\nserver:\n  host: "{{ vars.hots }}"\nsteps: [{connect: true}]\n'
    with pytest.raises(JobError) as caught:
        load_job("-", text=text)
    assert caught.value.problems[0].place.line == 3
    assert "hots" in caught.value.problems[0].message


def test_secret_is_no_template(load) -> None:
    with_auth = 'auth: {username: u, password: "{{ 7 * 6 }}"}'
    text = f"version: 1\nserver: {{host: a, {with_auth}}}\nsteps: [{{connect: true}}]\n"
    loaded = load(head=text)
    assert loaded.job.servers["server"].auth.password.reveal() == "{{ 7 * 6 }}"
    assert "a secret is never a template: this is taken as it stands" in [found.message for found in loaded.warnings]


def test_unset_variable_in_a_setting_is_no_error_where_a_job_is_only_looked_at() -> None:
    text = (
        "version: 1\n"
        "vars: {a: {env: MAILJOBS_TEST_UNSET}}\n"
        'server: {host: a, port: "{{ vars.a }}", tls: {ca: {file: "{{ vars.a }}.pem"}}}\n'
        'data: {rows: {csv: "{{ vars.a }}.csv"}}\n'
        "steps: [{connect: true}]\n"
    )
    assert len(load_job("-", text=text, strict=False).warnings) == 1
    with pytest.raises(SetupError) as caught:
        load_job("-", text=text)
    assert len(str(caught.value).splitlines()) == 1
