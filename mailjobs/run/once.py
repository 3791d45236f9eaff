"""What `once_per` leaves out of a batch, looked up in the job's index and noted in the files of its step."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from mailjobs.ledger import KeptWriter, OnceIndex, OnceKeysWriter, StateFolder, StepFiles, Wishes, once_key
from mailjobs.model import Send


class OnceNotes:
    """For one preflight; implements `prepare.OnceBook`. Without `once_per` it opens no file.

    `copy` is where a copy of the index lies, for who only looks.
    """

    def __init__(
        self, folder: StateFolder, files: StepFiles, action: Send, wishes: Wishes, copy: Path | None = None
    ) -> None:
        self._folder = folder
        self._files = files
        self._wanted = action.once_per is not None
        self._closed = "a" if wishes.retry_unknown or wishes.resend_unknown else "au"
        self._stack = ExitStack()
        self._copy = copy
        self._index: OnceIndex | None = None
        self._empty = False

    def __enter__(self) -> OnceNotes:
        if self._wanted:
            self._index = OnceIndex(self._folder, self._copy)
            self._stack.callback(self._index.close)
            self._index.harvest()
            self._empty = self._index.empty
            self._keys = self._stack.enter_context(OnceKeysWriter(self._files.once))
            self._kept = self._stack.enter_context(KeptWriter(self._files.kept))
        return self

    def key(self, text: str, row_key: str | None) -> bytes:
        """The key of the next row; it is written down."""
        made = once_key(text, row_key)
        self._keys.append(made)
        return made

    def had(self, key: bytes, address: str) -> bool:
        """Whether this recipient had it, or may have had it."""
        assert self._index is not None, "entered"
        if self._empty:
            return False
        state = self._index.state(key, address)
        return state is not None and state in self._closed

    def note(self, position: int, addresses: Sequence[str]) -> None:
        """These recipients of a row are left out."""
        self._kept.add(position, "a" * len(addresses), addresses)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)
