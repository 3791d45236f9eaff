"""Report files: the format is chosen by the suffix. One line a format."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from mailjobs.errors import OutputError, UsageError
from mailjobs.report.visible import visible_json
from mailjobs.run import RunRecord


def as_json(records: Sequence[RunRecord]) -> str:
    """One report, or a list of them where several jobs were run."""
    reports = [record.as_dict() for record in records]
    found = reports[0] if len(reports) == 1 else reports
    return visible_json(json.dumps(found, indent=2, ensure_ascii=False, default=str)) + "\n"


def as_xml(records: Sequence[RunRecord]) -> str:
    """JUnit's XML."""
    from mailjobs.report.junit import as_junit

    return as_junit(records)


def as_md(records: Sequence[RunRecord]) -> str:
    """Markdown."""
    from mailjobs.report.markdown import as_markdown

    return as_markdown(records)


FORMATS: dict[str, Callable[[Sequence[RunRecord]], str]] = {".json": as_json, ".xml": as_xml, ".md": as_md}


def check_report_path(path: Path) -> None:
    """See to it, before anything runs, that a report can be written. Raises UsageError, OutputError."""
    if path.suffix not in FORMATS:
        raise UsageError(f"a report's format is known by its suffix: '{path}' has none of {', '.join(FORMATS)}")
    if not os.path.isdir(path.parent):
        raise OutputError(f"cannot write the report: there is no directory {path.parent}")
    try:
        there = stat.S_IFMT(path.stat().st_mode)
    except FileNotFoundError:
        there = stat.S_IFREG
    except OSError as error:
        raise OutputError(f"cannot write the report {path}: {error.strerror}") from None
    if there != stat.S_IFREG:
        raise OutputError(f"cannot write the report {path}: it is not a regular file")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise OutputError(f"cannot write the report {path}: permission denied")


def write_report(path: Path, records: Sequence[RunRecord]) -> None:
    """Write the report whole or not at all. Raises OutputError."""
    import tempfile

    text = FORMATS[path.suffix](records)
    name = ""
    try:
        descriptor, name = tempfile.mkstemp(prefix=".report-", dir=path.parent)
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as out:
            out.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(name)
        raise OutputError(f"cannot write the report {path}: {error.strerror}") from None
