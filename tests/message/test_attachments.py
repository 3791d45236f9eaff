"""Attachments: files, globs and content, as readers get them; and which files data can never choose."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailjobs.errors import DataError, FileError, JobError
from tests.fixtures.letters import Writer

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def attached(parsed):
    return [
        (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
        for part in parsed.iter_attachments()
    ]


def test_a_file_arrives_as_it_is(write: Writer) -> None:
    write.file("report.pdf", b"%PDF-1.7\n\r\n\0\xff")
    got = write("text: see there\nattachments: report.pdf")
    assert got.types == ["multipart/mixed", "text/plain", "application/pdf"]
    assert attached(got.parsed) == [("report.pdf", "application/pdf", b"%PDF-1.7\n\r\n\0\xff")]


@pytest.mark.parametrize(
    "name",
    [
        "a.bin",
        "with blank.bin",
        'quo"te.bin',
        "Übersicht März.bin",
        "日本語" * 30 + ".bin",
        "x" * 200 + ".bin",
        "a;b=c.bin",
        "%41'.bin",
    ],
)
def test_any_name_comes_back(write: Writer, name: str) -> None:
    got = write(f"attachments: [{{content: x, name: '{name.replace(chr(39), chr(39) * 2)}'}}]")
    (part,) = got.parsed.iter_attachments()
    assert part.get_filename() == name
    assert part.get_param("name") == name or part["content-type"].params["name"] == name
    assert max(map(len, got.outgoing.content.split(b"\r\n"))) <= 78


@pytest.mark.parametrize(
    ("name", "content", "media"),
    [
        ("a.png", PNG, "image/png"),
        ("a", PNG, "image/png"),
        ("a.txt", b"text", "text/plain"),
        ("a.txt", b"\xff\xfe\0", "application/octet-stream"),
        ("a", b"text", "text/plain"),
        ("a", b"", "application/octet-stream"),
        ("a.csv", b"a,b", "text/csv"),
        ("a.ics", b"BEGIN:VCALENDAR", "text/calendar"),
        ("a.unknown", b"\0\1", "application/octet-stream"),
        ("a.docx", b"PK\3\4", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.tar.gz", b"\x1f\x8b", "application/gzip"),
        ("A.PDF", b"%PDF-", "application/pdf"),
    ],
)
def test_the_type_comes_from_name_and_content(write: Writer, name: str, content: bytes, media: str) -> None:
    write.file(f"f/{name}", content)
    got = write(f"attachments: f/{name}")
    assert attached(got.parsed)[0][1] == media


def test_name_and_type_can_be_given(write: Writer) -> None:
    write.file("data", b"x")
    got = write("attachments: [{file: data, name: 'Ü {{ row.n }}.bin', type: application/x-own}]", {"n": 7})
    assert attached(got.parsed) == [("Ü 7.bin", "application/x-own", b"x")]


def test_a_glob_brings_what_fits_in_order(write: Writer) -> None:
    for name in ("b.log", "a.log", "c.txt", ".hidden.log"):
        write.file(f"out/{name}", name)
    (write.folder / "out/d.log").mkdir()
    got = write("attachments: ['out/*.log']")
    assert [name for name, _, _ in attached(got.parsed)] == ["a.log", "b.log"]


def test_a_file_whose_name_looks_like_a_glob_is_that_file(write: Writer) -> None:
    write.file("a[1].txt", "one")
    write.file("a1.txt", "two")
    assert attached(write("attachments: 'a[1].txt'").parsed)[0][2] == b"one"


@pytest.mark.parametrize("path", ["gone.pdf", "out/*.pdf", "folder", "nul\\0x"])
def test_what_is_not_there_is_an_error_before_anything_is_sent(write: Writer, path: str) -> None:
    (write.folder / "folder").mkdir()
    with pytest.raises(FileError) as caught:
        write.compiled(f'attachments: ["{path}"]')
    assert caught.value.exit_status == 66
    assert caught.value.place.line == 9


class TestDataChoosesNoFile:
    """What a value can never do."""

    @pytest.fixture(autouse=True)
    def _files(self, write: Writer, tmp_path_factory: pytest.TempPathFactory) -> None:
        write.file("out/1.pdf", "one")
        write.file("out/deep/2.pdf", "two")
        write.file("secret.pdf", "secret")
        write.file("out/*.pdf", "star")
        elsewhere = tmp_path_factory.mktemp("elsewhere") / "x.pdf"
        elsewhere.write_text("elsewhere")
        (write.folder / "out/link.pdf").symlink_to(elsewhere)
        (write.folder / "out/inner.pdf").symlink_to(write.folder / "out/1.pdf")

    @pytest.mark.parametrize(
        ("value", "content"), [("1", b"one"), ("deep/2", b"two"), ("*", b"star"), ("inner", b"one"), ("./1", b"one")]
    )
    def test_inside_the_folder_it_may_choose(self, write: Writer, value: str, content: bytes) -> None:
        got = write('attachments: ["out/{{ row.n }}.pdf"]', {"n": value})
        assert attached(got.parsed)[0][2] == content

    @pytest.mark.parametrize("value", ["../secret", "link", "deep/../../secret", "", "?", "[1]", "gone"])
    def test_outside_it_may_not(self, write: Writer, value: str) -> None:
        with pytest.raises(DataError) as caught:
            write('attachments: ["out/{{ row.n }}.pdf"]', {"n": value})
        (problem,) = caught.value.problems
        assert problem.message.startswith("attachments: ")

    def test_an_absolute_path_is_not_chosen(self, write: Writer) -> None:
        with pytest.raises(DataError, match="absolute path"):
            write('attachments: ["{{ row.n }}"]', {"n": str(write.folder / "secret.pdf")})

    def test_beside_a_glob_of_the_job_a_value_stays_text(self, write: Writer) -> None:
        with pytest.raises(DataError, match="no file fits"):
            write('attachments: ["out/{{ row.n }}.pd?"]', {"n": "[0-9]"})
        assert len(attached(write('attachments: ["out/{{ row.n }}.pd?"]', {"n": "1"}).parsed)) == 1

    @pytest.mark.parametrize("name", ["a/b.pdf", "..\\x", "a\nb", "", "\u202egpj.exe", "a\0b"])
    def test_a_name_is_a_name(self, write: Writer, name: str) -> None:
        with pytest.raises(DataError):
            write('attachments: [{content: x, name: "{{ row.n }}"}]', {"n": name})


def test_what_lies_in_the_folder_of_a_base_file_is_found(write: Writer) -> None:
    write.file("base/logo.txt", "from the base")
    write.file("base/base.yaml", "version: 1\ndefaults: {attachments: [logo.txt]}\n")
    job = write.file(
        "job.yaml",
        "version: 1\nextends: base/base.yaml\nserver: smtp://localhost\nsteps: [{connect: true}]\n"
        "messages: {m: {from: a@b.test, to: c@d.test}}\n",
    )
    from mailjobs.job import load_job
    from mailjobs.message import compile_message
    from mailjobs.templates import Templates

    loaded = load_job(job).job
    assert compile_message(loaded.messages["m"], Templates(loaded.folders))


def test_content_is_a_template_and_text_keeps_its_lines(write: Writer) -> None:
    got = write('attachments: [{content: "über {{ row.n }}\\nzwei\\n", name: log.txt}]', {"n": 3})
    (part,) = got.parsed.iter_attachments()
    assert part.get_content().replace("\r\n", "\n") == "über 3\nzwei\n"
    assert part["content-transfer-encoding"] == "quoted-printable"


def test_an_invitation_can_be_answered_and_kept(write: Writer) -> None:
    write.file("invite.ics.j2", "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:{{ row.what }}\r\nEND:VCALENDAR\r\n")
    got = write(
        "text: come\nattachments: [{content: {file: invite.ics.j2}, name: invite.ics, method: REQUEST}]",
        {"what": "Fest"},
    )
    assert got.types == ["multipart/mixed", "multipart/alternative", "text/plain", "text/calendar", "application/ics"]
    calendar = got.part("text/calendar")
    assert calendar["content-type"].params["method"] == "REQUEST"
    assert calendar["content-disposition"] is None
    assert "SUMMARY:Fest" in calendar.get_content()
    assert got.part("application/ics").get_filename() == "invite.ics"


def test_a_whole_message_goes_along_untouched(write: Writer) -> None:
    inner = b"From: a@b.test\r\nSubject: inner\r\n\r\nhello\r\n"
    write.file("inner.eml", inner.replace(b"\r\n", b"\n"))
    got = write("text: see\nattachments: inner.eml")
    part = got.part("message/rfc822")
    assert part["content-transfer-encoding"] == "7bit"
    assert part.get_payload(0)["subject"] == "inner"
    assert inner in got.outgoing.content
    assert not got.outgoing.eightbit


def test_an_8_bit_message_needs_8bitmime(write: Writer) -> None:
    write.file("inner.eml", "Subject: x\n\nGrüße\n")
    got = write("text: see\nattachments: inner.eml")
    assert got.outgoing.eightbit
    assert got.parsed["content-transfer-encoding"] == "8bit"


def test_a_message_with_a_line_that_no_server_takes_is_refused(write: Writer) -> None:
    write.file("inner.eml", b"Subject: x\n\n" + b"x" * 999)
    with pytest.raises(JobError, match="998 octets"):
        write.compiled("attachments: inner.eml")


def test_html_shows_what_is_inline(write: Writer) -> None:
    write.file("logo.png", PNG)
    got = write("text: t\nhtml: '<img src=\"cid:logo\">'\nattachments: [{file: logo.png, content_id: logo}]")
    assert got.types == ["multipart/related", "multipart/alternative", "text/plain", "text/html", "image/png"]
    assert got.part("image/png")["content-id"] == "<logo>"
    assert got.part("image/png").get_content_disposition() == "inline"


@pytest.mark.parametrize("value", ["a b", "<x>", "ü", 'a"b'])
def test_a_content_id_has_no_character_that_breaks_it(write: Writer, value: str) -> None:
    with pytest.raises(DataError):
        write('attachments: [{content: x, name: a, content_id: "{{ row.n }}"}]', {"n": value})


def test_a_large_file_is_read_while_it_is_sent(write: Writer) -> None:
    data = os.urandom(3 * 1024 * 1024 + 7)
    write.file("large.bin", data)
    got = write("text: t\nattachments: large.bin")
    assert got.outgoing.whole is None
    assert attached(got.parsed)[0][2] == data
    assert got.outgoing.content == got.outgoing.content


def test_a_file_that_changes_under_way_is_an_error(write: Writer) -> None:
    path = write.file("large.bin", bytes(2 * 1024 * 1024))
    outgoing = write("text: t\nattachments: large.bin").outgoing
    with path.open("ab") as file:
        file.write(b"more")
    with pytest.raises(FileError, match="has changed"):
        list(outgoing)
    Path(path).unlink()
    with pytest.raises(FileError, match="cannot be read"):
        list(outgoing)
