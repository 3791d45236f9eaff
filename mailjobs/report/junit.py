"""JUnit's XML, as CI servers read it: a suite for each run, a case for each recipient or step."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC
from typing import Final

from mailjobs.report.cases import Case, cases_of
from mailjobs.run import RunRecord

# What XML 1.0 has no way to say (section 2.2), not even as a reference.
_NEVER: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(records: Sequence[RunRecord]) -> str:
    """The report of all runs as one document."""
    from xml.etree import ElementTree

    root = ElementTree.Element("testsuites", {"name": "mailjobs"})
    for record in records:
        cases = list(cases_of(record))
        suite = ElementTree.SubElement(root, "testsuite", _suite(record, cases))
        for case in cases:
            _add(suite, record, case)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _suite(record: RunRecord, cases: Sequence[Case]) -> dict[str, str]:
    verdicts = [case.verdict for case in cases]
    return {
        "name": _said(record.job),
        "tests": str(len(cases)),
        "failures": str(verdicts.count("failed")),
        "errors": str(verdicts.count("broken")),
        "skipped": str(verdicts.count("skipped")),
        "time": f"{record.elapsed:.3f}",
        "timestamp": record.started.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "file": _said(record.file),
    }


def _add(suite: object, record: RunRecord, case: Case) -> None:
    from xml.etree import ElementTree

    assert isinstance(suite, ElementTree.Element)
    where = f"{record.job}.{case.step}" if case.step else record.job
    told = {"classname": _said(where), "name": _said(case.name), "time": f"{case.elapsed:.3f}"}
    element = ElementTree.SubElement(suite, "testcase", told)
    tag = {"failed": "failure", "broken": "error", "skipped": "skipped"}.get(case.verdict)
    if tag is None:
        if case.words:
            ElementTree.SubElement(element, "system-out").text = _said(case.words)
        return
    first = case.words.partition("\n")[0]
    about = {"message": _said(first)} | ({"type": _said(case.kind)} if case.kind else {})
    ElementTree.SubElement(element, tag, about).text = _said(case.words)


def _said(text: str) -> str:
    return _NEVER.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
