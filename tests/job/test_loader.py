"""YAML text within bounds."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
import yaml

from mailjobs.errors import FileError, JobError
from mailjobs.job import load_job, loader
from mailjobs.job.encodings import codec
from mailjobs.job.files import MAX_SIZE


@pytest.mark.parametrize("opening", ["[", "{", "- ", "? ", "[{", "{a: "])
@pytest.mark.parametrize("engine", [loader.Loader, yaml.SafeLoader])
def test_depth_bomb_is_an_error_and_no_crash(opening, engine, monkeypatch) -> None:
    monkeypatch.setattr(loader, "Loader", engine)
    with pytest.raises(JobError, match="nested more than 64 levels deep"):
        load_job("-", text=opening * (100_000 // len(opening)))


def test_file_over_the_size_limit_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "big.yaml"
    file.write_bytes(b"#" * (MAX_SIZE + 1))
    with pytest.raises(FileError, match="larger than 8 MiB"):
        load_job(file)


def test_missing_file_is_exit_66_with_its_name() -> None:
    with pytest.raises(FileError, match=r"^nowhere\.yaml: the file 'nowhere\.yaml' does not exist") as caught:
        load_job("nowhere.yaml")
    assert caught.value.exit_status == 66


def test_directory_and_nul_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is a directory"):
        load_job(tmp_path)
    with pytest.raises(FileError, match="NUL"):
        load_job("a\0b")


def test_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    file = tmp_path / "job.yaml"
    file.write_bytes(codecs.BOM_UTF8 + b"version: 1\nserver: smtp://relay\nsteps: [{connect: true}]\n")
    assert load_job(file).job.name == "job"


def test_crlf_keeps_places(tmp_path: Path) -> None:
    file = tmp_path / "job.yaml"
    file.write_bytes(b"version: 1\r\nserver: smtp://relay\r\nsteps: [{connect: true}]\r\nnmae: x\r\n")
    with pytest.raises(JobError) as caught:
        load_job(file)
    (problem,) = caught.value.problems
    assert (problem.place.line, problem.place.column, problem.source) == (4, 1, "nmae: x")


def test_anchors_and_merge_keys_work(load) -> None:
    job = load(
        "x-common: &common {from: a@example.com, to: b@example.com}\n"
        "x-more: &more {to: c@example.com, subject: More}\n"
        "messages:\n  m: {<<: [*common, *more], text: Hi}\n  n: {<<: *more, to: d@example.com}\n"
    ).job
    message = job.messages["m"]
    assert (message.to[0].text.source, message.subject.source) == ("b@example.com", "More")
    assert job.messages["n"].to[0].text.source == "d@example.com"


def test_tags_of_the_core_schema_are_read(load) -> None:
    found = load("vars: {a: !!str 5, b: !!int '5', c: ! 7}\n").job.vars
    assert found == {"a": "5", "b": 5, "c": "7"}


def test_number_of_thousands_of_digits_stays_text(load) -> None:
    assert load(f"vars: {{a: {'9' * 5000}}}\n").job.vars["a"] == "9" * 5000


def test_pure_python_parser_gives_the_same_places(monkeypatch, problems) -> None:
    bad = "nmae: x\nmessages:\n  m: {form: a}\n"
    first = problems(bad)
    monkeypatch.setattr(loader, "Loader", yaml.SafeLoader)
    assert problems(bad) == first


@pytest.mark.parametrize(
    ("name", "found"),
    [("utf8", "utf-8"), (1252, "cp1252"), ("65001", "utf-8"), (28591, "iso8859-1"), (37, "cp037"), (20127, "ascii")],
)
def test_code_pages_have_names(name, found) -> None:
    assert codec(name) == found


@pytest.mark.parametrize("name", ["hex", "rot13", "klingon", 1, -5, "a\0b", "é", ""])
def test_what_is_no_text_encoding_is_refused(name) -> None:
    with pytest.raises(LookupError):
        codec(name)
