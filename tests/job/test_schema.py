"""The schema: as good as its users need it, and the same language as the model."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from mailjobs import model
from mailjobs.job import read_schema, schema_path, schema_text
from mailjobs.job.build_headers import MARKS
from mailjobs.job.build_source import KINDS
from mailjobs.job.build_step import ACTIONS
from mailjobs.job.conforms import conforms
from mailjobs.job.loader import parse
from mailjobs.job.node import Source
from mailjobs.job.problems import Problems
from mailjobs.job.schema import is_secret
from mailjobs.job.secrets import SOURCES

JOBS = Path(__file__).parent.parent / "jobs"
SCHEMA = read_schema()
DEFINITIONS = SCHEMA["definitions"]
MESSAGE = DEFINITIONS["message"]["properties"]


def properties(schema: dict[str, Any]) -> dict[str, Any]:
    """The keys of the mapping that `schema` describes, or of the one among its alternatives."""
    if "properties" in schema:
        return schema["properties"]
    return next(branch["properties"] for branch in schema["anyOf"] if "properties" in branch)


# What a send says of delivery, and a queue leaves to those who process it.
OF_DELIVERY = {
    "rate", "rate_per_domain", "connections", "in_flight", "messages_per_connection", "recipients_per_message",
    "on_error", "max_failures", "processes",
}  # fmt: skip

# (where the keys stand, the model, keys under another name or handled elsewhere, fields that no key sets)
LANGUAGE: list[tuple[dict[str, Any], type, dict[str, str | None], set[str]]] = [
    (
        SCHEMA,
        model.Job,
        {"version": None, "extends": "files", "server": "servers", "defaults": "messages"},
        {"folders"},
    ),
    (
        DEFINITIONS["source"],
        model.Source,
        {**dict.fromkeys(KINDS, "path"), "command": "words"},
        {"name", "place", "kind", "label", "within"},
    ),
    (DEFINITIONS["server"], model.Server, {}, {"name", "place"}),
    (DEFINITIONS["timeouts"], model.Timeouts, {}, set()),
    (DEFINITIONS["tls"], model.Tls, {}, {"place"}),
    (DEFINITIONS["accepted"], model.Accepted, {}, {"place"}),
    (DEFINITIONS["revocation"], model.Revocation, {}, {"place"}),
    (DEFINITIONS["bind"], model.Bind, {}, set()),
    (DEFINITIONS["socket"], model.Socket, {}, set()),
    (DEFINITIONS["keepalive"], model.KeepAlive, {}, set()),
    (DEFINITIONS["proxy"], model.Proxy, {}, {"needed", "place"}),
    (DEFINITIONS["ca"], model.CaSource, {}, {"system", "place"}),
    (DEFINITIONS["auth"], model.Auth, {}, {"place"}),
    (DEFINITIONS["oauth2"], model.Oauth2, {"provider": "token_url", "tenant": "token_url"}, {"place"}),
    (DEFINITIONS["service_account"], model.ServiceAccount, {}, {"place"}),
    (
        DEFINITIONS["message"],
        model.Message,
        {"from": "from_", **dict.fromkeys(MARKS, "marks")},
        {"name", "place", "replace_all", "inline_css", "text_from_html", "folders"},
    ),
    (DEFINITIONS["address"], model.AddressEntry, {}, {"text", "notify", "orcpt", "options"}),
    (DEFINITIONS["recipient"], model.AddressEntry, {"dsn": None}, {"text", "notify", "orcpt"}),
    (DEFINITIONS["attachment"], model.Attachment, {}, {"place"}),
    (DEFINITIONS["store"], model.CertificateStore, {}, {"place"}),
    (DEFINITIONS["key_source"], model.KeySource, {}, set()),
    (DEFINITIONS["store"]["properties"]["pkcs11"], model.Token, {}, set()),
    (properties(MESSAGE["sign"])["dkim"], model.Dkim, {}, {"place"}),
    (properties(MESSAGE["sign"])["smime"], model.Smime, {}, {"place"}),
    (properties(MESSAGE["sign"])["pgp"], model.Pgp, {}, {"place"}),
    (MESSAGE["raw"], model.Raw, {"content": "text"}, {"place"}),
    (MESSAGE["unsubscribe"], model.Unsubscribe, {}, {"place"}),
    (MESSAGE["dsn"], model.Dsn, {"return": "returned"}, set()),
    (DEFINITIONS["retry"], model.Retry, {}, set()),
    (
        DEFINITIONS["step"],
        model.Step,
        {"if": "if_", **dict.fromkeys(ACTIONS, "action")},
        {"place", "index"},
    ),
    (DEFINITIONS["step"]["properties"]["send"], model.Send, {}, {"place"}),
    (properties(DEFINITIONS["step"]["properties"]["send"])["exclude"], model.Exclude, {}, {"place"}),
    (DEFINITIONS["step"]["properties"]["queue"], model.Queue, {}, {"place", *OF_DELIVERY}),
    (DEFINITIONS["step"]["properties"]["process_queue"], model.ProcessQueue, {}, {"place"}),
    (DEFINITIONS["guards"], model.Guards, {}, {"place"}),
    (DEFINITIONS["step"]["properties"]["verify"], model.Verify, {}, set()),
    (DEFINITIONS["step"]["properties"]["expand"], model.Expand, {}, set()),
    (DEFINITIONS["step"]["properties"]["command"], model.Command, {}, set()),
]


@pytest.mark.parametrize("row", LANGUAGE, ids=lambda row: row[1].__name__)
def test_schema_and_model_have_the_same_names(row) -> None:
    schema, kind, renamed, internal = row
    keys = {renamed.get(key, key) for key in properties(schema)} - {None}
    assert keys == {field.name for field in fields(kind)} - internal


@pytest.mark.parametrize("row", LANGUAGE, ids=lambda row: row[1].__name__)
def test_defaults_of_schema_and_model_are_the_same(row) -> None:
    schema, kind, renamed, _ = row
    values = {field.name: field.default for field in fields(kind) if isinstance(field.default, int | str)}
    given = {renamed.get(key, key): found["default"] for key, found in properties(schema).items() if "default" in found}
    assert {name: given[name] for name in values if name in given} == {
        name: value for name, value in values.items() if name in given
    }


def test_actions_and_secret_sources_are_those_of_the_registries() -> None:
    assert [branch["required"][0] for branch in DEFINITIONS["step"]["oneOf"]] == list(ACTIONS)
    assert list(properties(DEFINITIONS["secret"])) == list(SOURCES)


def described(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key of the language with its schema."""
    if isinstance(schema, dict):
        for key, inner in schema.get("properties", {}).items():
            yield f"{path}.{key}", inner
        for key, inner in schema.items():
            if key not in ("examples", "default"):
                yield from described(inner, f"{path}.{key}")
    elif isinstance(schema, list):
        for number, inner in enumerate(schema):
            yield from described(inner, f"{path}.{number}")


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return DEFINITIONS[schema["$ref"].rpartition("/")[2]]
    return schema


@pytest.mark.parametrize(
    ("path", "schema"), list(described(SCHEMA)), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_key_has_a_description_and_good_examples(path: str, schema: dict[str, Any]) -> None:
    full = resolved(schema)
    assert full["description"].endswith((".", ")")), path
    assert full["examples"], path
    validator = jsonschema.Draft7Validator({**schema, "definitions": DEFINITIONS})
    for example in [*full["examples"], *([full["default"]] if "default" in full else [])]:
        assert list(validator.iter_errors(example)) == [], path


def keys_of_a_batch() -> Iterator[tuple[str, dict[str, Any], list[str]]]:
    """Each key of `send` and `guards`, with its schema and the keys that must be given beside it."""
    steps = DEFINITIONS["step"]["properties"]
    queues = (steps["queue"], steps["process_queue"]["anyOf"][1])
    for mapping in (steps["send"]["anyOf"][1], *queues, DEFINITIONS["guards"]):
        for path, schema in described(mapping):
            yield path.removeprefix("."), schema, mapping.get("required", [])


@pytest.mark.parametrize(("path", "schema", "required"), list(keys_of_a_batch()), ids=lambda value: str(value)[:30])
def test_every_key_of_a_batch_says_what_it_means_to_leave_it_out(
    path: str, schema: dict[str, Any], required: list[str]
) -> None:
    needed = path in required or path.endswith(".csv")
    assert needed or "default" in schema or " Default: " in schema["description"], path


EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.yaml")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_an_editor_finds_nothing_wrong_with_the_examples(path: Path) -> None:
    schema = json.loads(schema_text())
    job = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(job)] == []


def test_schema_is_draft_07() -> None:
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("file", sorted((JOBS / "valid").rglob("*.yaml")), ids=lambda file: file.stem)
def test_editors_accept_good_jobs_as_they_are_written(file: Path) -> None:
    job = parse(Source(file.name, file.parent, file.read_text()), Problems()).plain()
    errors = [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(job)]
    assert errors == []
    assert conforms(job, SCHEMA)


def test_schema_is_beside_the_package_and_can_be_printed() -> None:
    assert schema_path().name == "job.schema.json"
    assert schema_text().startswith("{\n")


def test_passwords_are_secret_and_hosts_are_not() -> None:
    assert is_secret(("server", "auth", "password"))
    assert is_secret(("servers", "relay", "auth", "password", "env"))
    assert not is_secret(("server", "auth", "username"))


def test_good_job_is_checked_without_the_slow_validator() -> None:
    names = ("jsonschema", "jinja2", "ssl", "asyncio", "subprocess", "difflib")
    code = (
        "import sys; from mailjobs.job import load_job; load_job('tests/jobs/valid/full.yaml');"
        f"print([name for name in {names} if name in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=JOBS.parent.parent, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
