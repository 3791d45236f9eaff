"""The tables of the documentation say what the code says."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from pathlib import Path

import click
import jsonschema
import pytest
import yaml

from mailjobs.cli.main import COMMANDS, group
from mailjobs.errors import ExitStatus, MailjobsError, tree
from mailjobs.events import KINDS

ROOT = Path(__file__).parents[2]
PAGES = {path.name: path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]}
SCHEMA = json.loads((ROOT / "schemas" / "job.schema.json").read_text(encoding="utf-8"))
YAML_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS = [(page, text) for page in ("README.md", "job-file.md") for text in YAML_BLOCK.findall(PAGES[page])]
ERRORS = [kind for _, kind in inspect.getmembers(tree, inspect.isclass) if kind.__module__ == tree.__name__]


def rows(page: str) -> dict[str, list[str]]:
    """The cells of each table row, by the first of them without its quotes."""
    lines = (line.strip("| ").split(" | ") for line in PAGES[page].splitlines() if line.startswith("| "))
    return {cells[0].strip("`"): cells for cells in lines}


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_errors_do_not_drift(kind: type[MailjobsError]):
    _, status, number, _ = rows("errors.md")[kind.__name__]
    assert (status, number.strip()) == (str(int(kind.exit_status)), str(kind.code or ""))


def test_exit_statuses_do_not_drift():
    documented = {int(name) for name in rows("errors.md") if name.isdigit()}
    assert documented == {int(status) for status in ExitStatus}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_events_do_not_drift(kind: type):
    fields = ", ".join(f"`{field.name}`" for field in dataclasses.fields(kind))
    assert rows("events.md")[kind.__name__][2] == fields


def test_events_table_has_no_others():
    assert set(rows("events.md")) - {"kind", "---"} == {kind.__name__ for kind in KINDS}


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_and_their_options_do_not_drift(name: str):
    section = PAGES["cli.md"].partition(f"## mailjobs {name}")[2].partition("\n## ")[0]
    command = group.get_command(click.Context(group), name)
    assert command
    below = command.commands if isinstance(command, click.Group) else {}
    params = [param for one in (command, *below.values()) for param in one.params]
    options = [max(option.opts, key=len) for option in params if isinstance(option, click.Option)]
    assert [one for one in below if f"`{one} JOB" not in section] == []
    assert [option for option in options if option not in section] == []


@pytest.mark.parametrize(("page", "text"), BLOCKS, ids=[f"{page}-{n}" for n, (page, _) in enumerate(BLOCKS)])
def test_yaml_of_the_documentation_fits_the_schema(page: str, text: str):
    job = {"version": 1, **yaml.safe_load(text)}
    jsonschema.Draft7Validator(SCHEMA).validate(job)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str):
    folder = ROOT if page == "README.md" else ROOT / "docs"
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", PAGES[page])
    assert [link for link in links if not (folder / link).exists()] == []
