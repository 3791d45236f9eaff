"""Where tokens are kept from run to run, and who may ask for a new one meanwhile: one process at a time."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

from mailjobs import clock
from mailjobs.errors import SetupError, TimedOut
from mailjobs.job.keyring_entry import read_entry, write_entry
from mailjobs.model import Oauth2
from mailjobs.secret import Secret
from mailjobs.tokens.token import Token

SERVICE = "mailjobs"  # of the entries of a keyring
LARGEST = 256 * 1024
PAUSE = 0.05  # seconds between two looks at a lock that another process holds
HINT = "XDG_CACHE_HOME names another folder; `cache: none` keeps nothing"


class Cache(Protocol):
    """Keeps one token for each client, user and purpose."""

    def read(self) -> Token | None:
        """What is kept; None where nothing is, or something that is of no use."""

    def write(self, token: Token) -> None:
        """Keep `token` instead. Raises SetupError, SecretError."""


def cache_of(oauth2: Oauth2, username: str) -> Cache | None:
    """Where the token is kept between runs; None where it is not. Raises SetupError."""
    if oauth2.cache == "none" or oauth2.command is not None:
        return None
    name, mark = _name(oauth2, username), _mark(oauth2)
    return Entry(name, mark, oauth2) if oauth2.cache == "keyring" else File(_folder() / f"{name}.json", mark)


@contextmanager
def locked(oauth2: Oauth2, username: str) -> Iterator[None]:
    """Nobody else asks for this token meanwhile. Raises TimedOut, SetupError."""
    path = _folder() / f"{_name(oauth2, username)}.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise SetupError(f"cannot keep tokens in {path.parent}: {error.strerror}", hint=HINT) from None
    try:
        _hold(descriptor, oauth2.timeout or 60, path)
        yield
    finally:
        os.close(descriptor)


def _hold(descriptor: int, seconds: float, path: Path) -> None:
    end = clock.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if clock.monotonic() >= end:
                words = f"another process has been asking for this token for {seconds:.3g} s ({path} is locked)"
                raise TimedOut(words, stage="token") from None
        clock.sleep(PAUSE)


class File:
    """A file that its owner alone can read; it is replaced whole."""

    def __init__(self, path: Path, mark: str) -> None:
        self._path = path
        self._mark = mark

    def read(self) -> Token | None:
        """See `Cache`."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        with open(descriptor, "rb") as file:
            if os.fstat(descriptor).st_uid != os.geteuid():
                return None
            text = file.read(LARGEST)
        return parsed(text.decode("utf-8", "replace"), self._mark)

    def write(self, token: Token) -> None:
        """See `Cache`."""
        draft = self._path.with_suffix(f".{os.getpid()}.new")
        try:
            draft.unlink(missing_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(written(token, self._mark))
                file.flush()
                os.fsync(descriptor)
            draft.replace(self._path)
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise SetupError(f"cannot keep tokens in {self._path.parent}: {error.strerror}", hint=HINT) from None


class Entry:
    """An entry of the keyring."""

    def __init__(self, name: str, mark: str, oauth2: Oauth2) -> None:
        self._name = name
        self._mark = mark
        self._place = oauth2.place

    def read(self) -> Token | None:
        """See `Cache`. Raises SetupError, SecretError."""
        text = read_entry(SERVICE, self._name, self._place)
        return parsed(text, self._mark) if text else None

    def write(self, token: Token) -> None:
        """See `Cache`."""
        write_entry(SERVICE, self._name, written(token, self._mark), self._place)


def written(token: Token, mark: str) -> str:
    """What is kept of `token`, as JSON; `mark` tells for which secret of the job it was given."""
    refresh = token.refresh_token.reveal() if token.refresh_token else None
    kept = {"for": mark, "access_token": token.access.reveal(), "expires": token.expires, "refresh_token": refresh}
    return json.dumps(kept) + "\n"


def parsed(text: str, mark: str) -> Token | None:
    """The token in what was kept; None where it is damaged, or was given for another secret than the job has now."""
    try:
        kept: Any = json.loads(text)
        if kept["for"] != mark:
            return None
        access, expires, refresh = kept["access_token"], kept["expires"], kept["refresh_token"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return None
    fit = isinstance(access, str) and access and isinstance(refresh, str | None)
    if not fit or isinstance(expires, bool) or not isinstance(expires, int | float | None):
        return None
    return Token(_secret(access), expires, _secret(refresh) if refresh else None)


def _secret(value: str) -> Secret:
    return Secret.literal(value, "the cache of tokens")


def _folder() -> Path:
    """The folder for tokens, which is made. Raises SetupError where it cannot be, or belongs to others."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        home = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
        folder = home / "mailjobs" / "tokens"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except (OSError, RuntimeError) as error:
        words = getattr(error, "strerror", None) or "there is no home directory"
        raise SetupError(f"no folder to keep tokens in: {words}", hint=HINT) from None
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise SetupError(f"no tokens are kept in {folder}: others can write there", hint=HINT)
    return folder


def _name(oauth2: Oauth2, username: str) -> str:
    """The same for all jobs that ask for the same; it is made of nothing secret."""
    account = oauth2.service_account
    claims = (account.issuer, account.subject, account.audience) if account else None
    public = [oauth2.token_url, oauth2.client_id, oauth2.scope, claims, username]
    return blake2b(json.dumps(public).encode(), digest_size=16).hexdigest()


def _mark(oauth2: Oauth2) -> str:
    """Changes with the secret that the token is given for: one that was replaced takes its tokens along."""
    secrets = "\0".join(secret.reveal() for secret in oauth2.secrets)
    return blake2b(secrets.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
