"""Where included templates come from: the job's folders, by real path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from jinja2 import BaseLoader, Environment, TemplateNotFound
from jinja2.exceptions import SecurityError


class FolderLoader(BaseLoader):
    """Finds a template in the first of `folders` that has it. A link that leads out of all folders is refused."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """The text of a template, its path as the user would write it, and that it does not change in a run."""
        path = self._find(template)
        try:
            text = path.read_text("utf-8-sig")
        except UnicodeDecodeError as error:
            raise SecurityError(f"the template {template!r} is not UTF-8 (byte {error.start})") from None
        except OSError as error:
            raise TemplateNotFound(template, f"cannot read the template {template!r}: {error.strerror}") from None
        return text, str(path), lambda: True

    def _find(self, template: str) -> Path:
        name = PurePosixPath(template)
        if name.is_absolute() or ".." in name.parts or "\0" in template:
            raise SecurityError(f"the template {template!r} is not below the job's folder")
        for folder in self._folders:
            path = folder / name
            if path.is_file():
                self._check(path, template)
                return path
        raise TemplateNotFound(template, f"the template {template!r} does not exist in {self._where()}")

    def _check(self, path: Path, template: str) -> None:
        real = path.resolve()
        if not any(real.is_relative_to(folder.resolve()) for folder in self._folders):
            raise SecurityError(f"the template {template!r} is a link that leads out of the job's folder")

    def _where(self) -> str:
        return ", ".join(f"'{folder}'" for folder in self._folders) or "any folder"
