"""Where secrets come from, and that they stay there."""

from __future__ import annotations

import importlib
import sys
import types
from pathlib import Path

import pytest

from mailjobs.errors import Interrupted, SecretError, SetupError
from mailjobs.job import load_job
from mailjobs.secret import Secret


@pytest.fixture
def secret(load):
    """Loads a job with a password; gives the secret and the job's warnings."""

    def load_secret(form: str) -> tuple[Secret, list[str]]:
        head = (
            f"version: 1\nserver:\n  host: a\n  auth: {{username: u, password: {form}}}\nsteps: [{{connect: true}}]\n"
        )
        loaded = load(head=head)
        return loaded.job.servers["server"].auth.password, [str(warning) for warning in loaded.warnings]

    return load_secret


def test_plain_text_works_with_a_warning_that_does_not_show_it(load, secret) -> None:
    found, warnings = secret("hunter2")
    assert found.reveal() == "hunter2"
    assert warnings == [
        "-:4:33: server.auth.password: the secret stands in the job itself, for all who can read it "
        "(write {env: NAME}, {file: path} or {command: [program]})"
    ]


def test_source_line_of_the_warning_is_masked(load) -> None:
    head = "version: 1\nserver:\n  host: a\n  auth: {username: u, password: hunter2}\nsteps: [{connect: true}]\n"
    loaded = load(head=head)
    assert loaded.warnings[0].source == "  auth: {username: u, password: ***"
    assert "hunter2" not in repr(loaded)


def test_environment_is_read_when_revealed(secret, monkeypatch) -> None:
    found, warnings = secret("{env: MAILJOBS_TEST_SECRET}")
    monkeypatch.setenv("MAILJOBS_TEST_SECRET", "hunter2")
    assert (found.reveal(), warnings) == ("hunter2", [])


@pytest.mark.parametrize(
    ("value", "state"), [(None, "is not set"), ("", "is empty"), ("hunter2\udcff", "is not UTF-8")]
)
def test_missing_variable_is_named_with_its_place(secret, monkeypatch, value, state) -> None:
    monkeypatch.delenv("MAILJOBS_TEST_SECRET", raising=False)
    if value is not None:
        monkeypatch.setenv("MAILJOBS_TEST_SECRET", value)
    found, _ = secret("{env: MAILJOBS_TEST_SECRET}")
    with pytest.raises(SecretError, match=f"MAILJOBS_TEST_SECRET {state}") as caught:
        found.reveal()
    assert (caught.value.exit_status, caught.value.place.line) == (78, 4)


def test_file_loses_one_newline(secret, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b"hunter2\n\n")
    file.chmod(0o600)
    found, warnings = secret(f"{{file: {file}}}")
    assert (found.reveal(), warnings) == ("hunter2\n", [])


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_file_that_others_can_read_is_warned_about(secret, tmp_path: Path, mode: int) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b"hunter2")
    file.chmod(mode)
    _, (warning,) = secret(f"{{file: {file}}}")
    assert f"others can read '{file}' (chmod 600)" in warning


def test_what_is_no_file_is_not_warned_about(secret, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    found, warnings = secret(f"{{file: {tmp_path}}}")
    assert warnings == []
    with pytest.raises(SecretError, match="is a directory"):
        found.reveal()


@pytest.mark.parametrize(("content", "words"), [(None, "does not exist"), (b"\n", "is empty"), (b"\xff", "not UTF-8")])
def test_bad_file_is_an_error_without_its_content(secret, tmp_path: Path, content, words: str) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    found, _ = secret(f"{{file: {file}}}")
    with pytest.raises(SecretError, match=words):
        found.reveal()


def command(code: str) -> str:
    return f"{{command: ['{sys.executable}', -c, \"{code}\"]}}"


def test_command_prints_the_secret_and_runs_once_and_late(secret, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    found, _ = secret(command(f"open('{mark}', 'a').write('x'); print('hunter2')"))
    assert not mark.exists()
    assert (found.reveal(), found.reveal(), mark.read_text()) == ("hunter2", "hunter2", "x")


def test_command_has_no_shell(secret) -> None:
    found, _ = secret("{command: [echo, '$HOME; echo *']}")
    assert found.reveal() == "$HOME; echo *"


def test_command_runs_in_the_folder_of_its_file(tmp_path: Path, monkeypatch) -> None:
    program = tmp_path / "get"
    program.write_text("#!/bin/sh\necho hunter2 in $(basename $(pwd))\n")
    program.chmod(0o700)
    job = tmp_path / "job.yaml"
    job.write_text(
        "version: 1\nserver: {host: a, auth: {username: u, password: {command: [./get]}}}\nsteps: [{connect: true}]\n"
    )
    monkeypatch.chdir("/")
    (server,) = load_job(job).job.servers.values()
    assert server.auth.password.reveal() == f"hunter2 in {tmp_path.name}"


def test_failing_command_gives_its_status_alone(secret) -> None:
    found, _ = secret(command("import sys; print('hunter2', file=sys.stderr); print('hunter2'); sys.exit(3)"))
    with pytest.raises(SecretError, match="failed with exit status 3") as caught:
        found.reveal()
    assert "hunter2" not in str(caught.value)
    assert caught.value.__context__ is None


def test_what_a_failing_command_says_on_its_standard_error_is_shown_as_it_comes(secret, capfd) -> None:
    found, _ = secret(command("import sys; print('log in first', file=sys.stderr); print('hunter2'); sys.exit(1)"))
    with pytest.raises(SecretError):
        found.reveal()
    assert tuple(capfd.readouterr()) == ("", "log in first\n")


def test_command_has_a_deadline(secret, monkeypatch) -> None:
    from mailjobs.job import program

    monkeypatch.setattr(program, "SECONDS", 0.2)
    found, _ = secret("{command: [sleep, '60']}")
    with pytest.raises(SecretError, match=r"did not end within 0\.2 seconds"):
        found.reveal()


def test_command_that_leaves_its_output_open_to_another_has_the_same_deadline(secret, monkeypatch) -> None:
    from mailjobs.job import program

    monkeypatch.setattr(program, "SECONDS", 0.2)
    found, _ = secret("{command: [sh, -c, 'echo hunter2; sleep 5 &']}")
    with pytest.raises(SecretError, match=r"did not end within 0\.2 seconds"):
        found.reveal()


def test_command_that_prints_without_end_is_stopped(secret, tmp_path: Path) -> None:
    found, _ = secret("{command: ['yes', hunter2]}")
    with pytest.raises(SecretError, match="the program 'yes' prints more than 1024 KiB") as caught:
        found.reveal()
    assert "hunter2" not in str(caught.value)


def test_command_may_print_what_is_allowed_and_no_more(secret, monkeypatch) -> None:
    from mailjobs.job import program

    monkeypatch.setattr(program, "LARGEST", 2048)
    found, _ = secret(command("print('x' * 2047)"))
    assert len(found.reveal()) == 2047
    found, _ = secret(command("print('x' * 2048)"))
    with pytest.raises(SecretError, match="more than 2 KiB"):
        found.reveal()


def test_command_that_is_ended_by_a_signal_says_which(secret) -> None:
    found, _ = secret("{command: [sh, -c, 'kill -9 $$']}")
    with pytest.raises(SecretError, match="ended by signal 9"):
        found.reveal()


def test_command_sees_no_variable_that_holds_a_secret(load, monkeypatch) -> None:
    """Neither of this server nor of another one, read or not."""
    for name in ("MAILJOBS_TEST_ONE", "MAILJOBS_TEST_TWO", "MAILJOBS_TEST_PUBLIC"):
        monkeypatch.setenv(name, "hunter2")
    printing = command("import os; print(','.join(sorted(n for n in os.environ if n.startswith('MAILJOBS_TEST'))))")
    loaded = load(
        head="version: 1\nvars: {public: {env: MAILJOBS_TEST_PUBLIC}}\nservers:\n"
        "  a: {host: a, auth: {username: u, password: {env: MAILJOBS_TEST_ONE}}}\n"
        f"  b: {{host: b, auth: {{username: u, password: {printing}}}}}\n"
        "  c: {host: c, auth: {username: u, mechanism: xoauth2, token: {env: MAILJOBS_TEST_TWO}}}\n"
        "steps: [{connect: true, server: b}]\n"
    )
    assert loaded.job.servers["b"].auth.password.reveal() == "MAILJOBS_TEST_PUBLIC"


@pytest.mark.parametrize("form", ["{command: [/nowhere/pass]}", '{command: ["a\\0b"]}', "{command: ['']}"])
def test_command_that_cannot_run_is_an_error(secret, form: str) -> None:
    found, _ = secret(form)
    with pytest.raises(SecretError, match="cannot be run"):
        found.reveal()


def test_keyring_without_its_package_names_the_extra(secret, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    found, _ = secret("{keyring: {service: s, username: u}}")
    with pytest.raises(SetupError, match=r"pip install 'mailjobs\[keyring\]'") as caught:
        found.reveal()
    assert caught.value.exit_status == 78


@pytest.fixture
def keyring(monkeypatch) -> dict[tuple[str, str], str]:
    """A stand-in for the keyring package, with what it holds."""
    held: dict[tuple[str, str], str] = {}
    package = types.ModuleType("keyring")
    package.get_password = lambda service, username: held.get((service, username))
    monkeypatch.setitem(sys.modules, "keyring", package)
    assert importlib.import_module("keyring") is package
    return held


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (type("NoKeyringError", (RuntimeError,), {}), "no keyring"),
        (type("KeyringLocked", (Exception,), {}), "does not answer: KeyringLocked"),
        (ConnectionRefusedError, "does not answer: ConnectionRefusedError"),
        (ModuleNotFoundError, "a back end that is not there"),
    ],
)
def test_keyring_that_cannot_be_asked_is_told_without_its_words(secret, keyring, monkeypatch, kind, words) -> None:
    def fail(service: str, username: str) -> None:
        raise kind("hunter2")

    monkeypatch.setattr(sys.modules["keyring"], "get_password", fail)
    found, _ = secret("{keyring: {service: s, username: u}}")
    with pytest.raises(SetupError, match=words) as caught:
        found.reveal()
    assert (caught.value.exit_status, caught.value.__context__) == (78, None)


def test_who_is_asked_by_the_keyring_may_break_off(secret, keyring, monkeypatch) -> None:
    def interrupted(service: str, username: str) -> None:
        raise Interrupted("interrupted")

    monkeypatch.setattr(sys.modules["keyring"], "get_password", interrupted)
    found, _ = secret("{keyring: {service: s, username: u}}")
    with pytest.raises(Interrupted):
        found.reveal()


def test_keyring_gives_the_secret(secret, keyring) -> None:
    found, _ = secret("{keyring: {service: s, username: u}}")
    keyring["s", "u"] = "hunter2"
    assert found.reveal() == "hunter2"


def test_keyring_without_the_entry_is_an_error(secret, keyring) -> None:
    found, _ = secret("{keyring: {service: s, username: u}}")
    with pytest.raises(SecretError, match="no entry for u at s"):
        found.reveal()
