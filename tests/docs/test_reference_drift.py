"""The reference page is what the schema says now."""

from __future__ import annotations

import copy
import json
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAKER = runpy.run_path(str(ROOT / "docs" / "make_reference.py"))
SCHEMA = json.loads((ROOT / "schemas" / "job.schema.json").read_text(encoding="utf-8"))


def test_the_reference_page_does_not_drift_from_the_schema():
    written = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert written == MAKER["reference"](SCHEMA), "run: make docs"


def test_a_new_key_would_change_the_page():
    changed = copy.deepcopy(SCHEMA)
    changed["properties"]["new_key"] = {"type": "boolean", "description": "A | B.", "default": False}
    assert "| `new_key` | true or false | `false` | A \\| B. |  |" in MAKER["reference"](changed)
