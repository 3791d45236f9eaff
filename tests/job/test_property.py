"""Whatever text comes in, out comes a job or an error of ours."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from mailjobs.errors import MailjobsError
from mailjobs.job import load_job
from mailjobs.job.conforms import conforms
from mailjobs.job.schema import read_schema

FULL = (Path(__file__).parent.parent / "jobs" / "valid" / "full.yaml").read_text()
LINES = FULL.splitlines(keepends=True)
RELAXED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
SCHEMA = read_schema()
VALIDATOR = Draft7Validator(SCHEMA)
KEYS = sorted(
    {key for found in read_schema()["definitions"].values() for key in found.get("properties", {})}
    | set(read_schema()["properties"])
)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.sampled_from(["{{ vars.a }}", "smtp://a:b@c", "a.yaml", "30s", "2xx", "starttls", "system"]),
)  # fmt: skip
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


def outcome(load) -> bool:
    """True for a job (or an error without words), False for an error of ours; anything else fails the test."""
    try:
        load()
    except MailjobsError as error:
        return not str(error)
    return True


@RELAXED
@given(content=st.binary(max_size=200))
def test_any_bytes(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(content)
    assert not outcome(lambda: load_job(file))


@RELAXED
@given(text=st.text(max_size=200))
def test_any_text(text: str) -> None:
    assert not outcome(lambda: load_job("-", text=text))


@RELAXED
@given(text=st.text(alphabet="[]{}:,-?&*!|>'\"%@`#<~ab1 \n\t", max_size=60))
def test_any_yaml_punctuation(text: str) -> None:
    assert not outcome(lambda: load_job("-", text=f"version: 1\n{text}"))


@settings(RELAXED, max_examples=150)
@given(key=st.sampled_from(sorted(read_schema()["properties"])), tree=TREES)
def test_any_value_at_any_top_key(key: str, tree: object) -> None:
    import yaml

    job = {"version": 1, "server": "smtp://a", "steps": [{"connect": True}], key: tree}
    text = yaml.safe_dump(job, allow_unicode=True)
    assert outcome(lambda: load_job("-", text=text, strict=False)) in (True, False)


@settings(RELAXED, max_examples=100)
@given(data=st.data())
def test_any_mutation_of_a_good_job(data: st.DataObject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent.parent / "jobs" / "valid")
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 3))):
        number = data.draw(st.integers(0, len(lines) - 1))
        line = lines[number]
        cut = data.draw(st.integers(0, len(line)))
        new = data.draw(st.sampled_from(["", "x", ": ", "- ", "{", "]", "'", "null", "5", "\n", "&a ", "*a ", "  "]))
        lines[number] = line[:cut] + new + line[cut + data.draw(st.integers(0, 4)) :]
    assert outcome(lambda: load_job("-", text="".join(lines))) in (True, False)


@settings(RELAXED, max_examples=200)
@given(key=st.sampled_from(sorted(read_schema()["properties"])), tree=TREES)
def test_quick_yes_is_a_yes_of_the_validator(key: str, tree: object) -> None:
    job = {"version": 1, "steps": [{"connect": True}], key: tree}
    assert not conforms(job, SCHEMA) or VALIDATOR.is_valid(job)


@settings(RELAXED, max_examples=200)
@given(name=st.sampled_from(sorted(SCHEMA["definitions"])), tree=TREES)
def test_quick_yes_of_a_part_is_a_yes_of_the_validator(name: str, tree: object) -> None:
    part = {"$ref": f"#/definitions/{name}"}
    validator = Draft7Validator({**part, "definitions": SCHEMA["definitions"]})
    assert not conforms(tree, part) or validator.is_valid(tree)


@RELAXED
@given(path=st.text(max_size=20), value=st.text(max_size=20))
def test_any_setting(path: str, value: str) -> None:
    text = "version: 1\nserver: smtp://a\nsteps: [{connect: true}]\n"
    assert outcome(lambda: load_job("-", text=text, settings=[(path, value)])) in (True, False)
    assert outcome(lambda: load_job("-", text=text, settings=[("server.host", value)])) in (True, False)
    assert outcome(lambda: load_job("-", text=text, variables={path: value})) in (True, False)
