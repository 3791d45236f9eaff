"""What `once_per` leaves out of a batch, looked up in the job's index and noted in the files of its step."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from mailjobs.ledger import KeptWriter, OnceIndex, OnceKeysWriter, StateFolder, StepFiles, once_key
from mailjobs.model import Send


class OnceNotes:
    """For one preflight; implements `prepare.OnceBook`. Without `once_per` it opens no file.

    `opened` are the letters of the states that are sent to. `digest` tells the keys of all rows from any others.
    `copy` is where a copy of the index lies, for who only looks.
    """

    def __init__(
        self, folder: StateFolder, files: StepFiles, action: Send, opened: str, copy: Path | None = None
    ) -> None:
        self._folder = folder
        self._files = files
        self._wanted = action.once_per is not None
        self._opened = opened
        self._stack = ExitStack()
        self._copy = copy
        self._index: OnceIndex | None = None
        self.digest = ""
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

    def had(self, key: bytes, address: str) -> str:
        """The letter of this recipient: a, who had it; u, of whom nobody knows; "" for all who are sent to."""
        assert self._index is not None, "entered"
        if self._empty:
            return ""
        state = self._index.state(key, address) or ""
        return state if state not in self._opened else ""

    def note(self, position: int, letters: str, addresses: Sequence[str]) -> None:
        """These recipients of a row are left out, each with its letter."""
        self._kept.add(position, letters, addresses)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._wanted:
            self.digest = self._keys.digest
        self._stack.__exit__(kind, error, trace)
