"""Where tokens are kept: for the eyes of their owner, whole or not at all, and one process at a time."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.errors import MailjobsError, SecretError, SetupError, TimedOut
from mailjobs.model import Oauth2
from mailjobs.secret import Secret
from mailjobs.tokens.cache import cache_of, locked, parsed, written
from mailjobs.tokens.supply import Supply
from mailjobs.tokens.token import Token
from tests.fixtures.tokens import TokenEndpoint

Endpoint = Callable[..., TokenEndpoint]
By = Callable[..., Oauth2]


def filled(token_endpoint: Endpoint, by_refresh: By, home: Path) -> tuple[Oauth2, Path]:
    settings = by_refresh(token_endpoint(rotates=True))
    Supply(settings, "alice").token()
    (file,) = (home / "mailjobs" / "tokens").glob("*.json")
    return settings, file


def test_a_file_is_for_its_owner_alone(token_endpoint: Endpoint, by_refresh: By, cache_home: Path) -> None:
    before = os.umask(0)
    try:
        _, file = filled(token_endpoint, by_refresh, cache_home)
    finally:
        os.umask(before)
    for path in file.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert sorted(path.suffix for path in file.parent.iterdir()) == [".json", ".lock"]
    assert "alice" not in file.name


def test_a_file_that_others_could_read_is_made_anew(token_endpoint: Endpoint, by_refresh: By, cache_home: Path) -> None:
    settings, file = filled(token_endpoint, by_refresh, cache_home)
    file.chmod(0o644)
    cache = cache_of(settings, "alice")
    assert cache is not None
    cache.write(Token(Secret.literal("t")))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"for": 1}', "\0", '{"for": "x", "access_token": 7}'])
def test_a_damaged_file_counts_as_none(token_endpoint: Endpoint, by_refresh: By, cache_home: Path, text: str) -> None:
    settings, file = filled(token_endpoint, by_refresh, cache_home)
    file.write_text(text)
    cache = cache_of(settings, "alice")
    assert cache is not None
    assert cache.read() is None


@given(
    st.dictionaries(
        st.sampled_from(("for", "access_token", "expires", "refresh_token")),
        st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.just("mark"),
    ).map(json.dumps)
    | st.text(max_size=40)
)
def test_any_text_is_a_token_or_none(text: str) -> None:
    assert isinstance(parsed(text, "mark"), Token | None)


@given(st.text("abc+/=._-~", min_size=1), st.none() | st.floats(0, 1e12), st.none() | st.text(min_size=1, max_size=9))
def test_what_is_written_is_read(access: str, expires: float | None, refresh: str | None) -> None:
    token = Token(Secret.literal(access), expires, Secret.literal(refresh) if refresh else None)
    found = parsed(written(token, "mark"), "mark")
    assert found is not None
    assert (found.access.reveal(), found.expires) == (access, expires)
    assert (found.refresh_token.reveal() if found.refresh_token else None) == refresh
    assert parsed(written(token, "mark"), "another") is None


def test_no_link_is_followed(token_endpoint: Endpoint, by_refresh: By, cache_home: Path, tmp_path: Path) -> None:
    settings, file = filled(token_endpoint, by_refresh, cache_home)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(file.read_text())
    file.unlink()
    file.symlink_to(elsewhere)
    cache = cache_of(settings, "alice")
    assert cache is not None
    assert cache.read() is None
    cache.write(Token(Secret.literal("t")))
    assert not file.is_symlink()
    assert '"t"' not in elsewhere.read_text()


def test_a_folder_that_others_can_write_in_is_refused(
    token_endpoint: Endpoint, by_refresh: By, cache_home: Path
) -> None:
    settings, file = filled(token_endpoint, by_refresh, cache_home)
    file.parent.chmod(0o777)
    with pytest.raises(SetupError, match="others can write there") as caught:
        Supply(settings, "alice").token()
    assert (caught.value.exit_status, caught.value.place) == (78, ("job.yaml", 4, 7, ""))


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_asked(
    token_endpoint: Endpoint, by_refresh: By, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    endpoint = token_endpoint()
    with pytest.raises(SetupError, match="no folder to keep tokens in") as caught:
        Supply(by_refresh(endpoint), "alice").token()
    assert "cache: none" in str(caught.value.hint)
    assert endpoint.requests == []


def test_without_the_variable_it_is_the_home_directory(
    token_endpoint: Endpoint, by_refresh: By, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    monkeypatch.setenv("HOME", str(tmp_path))
    Supply(by_refresh(token_endpoint()), "alice").token()
    assert list((tmp_path / ".cache" / "mailjobs" / "tokens").glob("*.json"))


def test_nobody_waits_for_ever_for_another_process(token_endpoint: Endpoint, by_refresh: By, cache_home: Path) -> None:
    settings, file = filled(token_endpoint, by_refresh, cache_home)
    (lock,) = file.parent.glob("*.lock")
    descriptor = os.open(lock, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        hasty = by_refresh(token_endpoint(), token_url=settings.token_url, timeout=0.1)
        with pytest.raises(TimedOut, match="another process"), locked(hasty, "alice"):
            raise AssertionError("it is locked")
    finally:
        os.close(descriptor)
    with locked(settings, "alice"):
        pass


class Keyring(types.ModuleType):
    """A stand-in for the package, with what it holds."""

    def __init__(self) -> None:
        super().__init__("keyring")
        self.held: dict[tuple[str, str], str] = {}
        self.failure: Exception | None = None

    def get_password(self, service: str, username: str) -> str | None:
        """As the package has it."""
        if self.failure:
            raise self.failure
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, value: str) -> None:
        """As the package has it."""
        self.held[service, username] = value


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> Keyring:
    found = Keyring()
    monkeypatch.setitem(sys.modules, "keyring", found)
    return found


def test_tokens_may_be_kept_in_the_keyring(
    token_endpoint: Endpoint, by_refresh: By, cache_home: Path, keyring: Keyring
) -> None:
    endpoint = token_endpoint()
    settings = by_refresh(endpoint, cache="keyring")
    first = Supply(settings, "alice").token().reveal()
    assert Supply(settings, "alice").token().reveal() == first
    assert len(endpoint.requests) == 1
    ((service, _),) = keyring.held
    assert service == "mailjobs"
    assert list((cache_home / "mailjobs" / "tokens").glob("*.json")) == []


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [("NoKeyringError", SetupError, "no keyring that could be asked"), ("KeyringLocked", SecretError, "KeyringLocked")],
)
def test_a_keyring_that_is_not_there_is_told(
    token_endpoint: Endpoint, by_refresh: By, keyring: Keyring, name: str, kind: type[MailjobsError], words: str
) -> None:
    keyring.failure = type(name, (RuntimeError,), {})("hunter2")
    with pytest.raises(kind, match=words) as caught:
        Supply(by_refresh(token_endpoint(), cache="keyring"), "alice").token()
    assert (caught.value.exit_status, caught.value.__context__) == (78, None)
