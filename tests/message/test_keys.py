"""The keys of a message that make header fields and envelope parameters."""

from __future__ import annotations

import re

import pytest

from mailjobs.errors import DataError, JobError
from mailjobs.message.outgoing import Reports
from tests.fixtures.letters import ALWAYS, Writer


def named(got, name: str) -> list[str]:
    return [value for header, value in got.outgoing.headers if header == name]


@pytest.mark.parametrize(
    ("key", "value", "header"),
    [
        ("importance", "high", "Importance: high"),
        ("priority", "non-urgent", "Priority: non-urgent"),
        ("sensitivity", "private", "Sensitivity: Private"),
        ("sensitivity", "company-confidential", "Sensitivity: Company-Confidential"),
        ("auto_submitted", "auto-generated", "Auto-Submitted: auto-generated"),
        ("read_receipt_to", "R <r@x.test>", "Disposition-Notification-To: R <r@x.test>"),
        ("delivery_notification_to", "{address: d@x.test, name: 'D, E'}", 'Return-Receipt-To: "D, E" <d@x.test>'),
    ],
)
def test_a_key_makes_its_field(write: Writer, key: str, value: str, header: str) -> None:
    got = write(f"{key}: {value}")
    assert header.encode() + b"\r\n" in got.outgoing.head


@pytest.mark.parametrize(
    ("key", "header"),
    [
        ("importance: high", "Importance: low"),
        ("thread: x", "References: <a@b>"),
        ("read_receipt_to: a@b.test", "Disposition-Notification-To: c@d.test"),
    ],
)
def test_a_field_comes_from_one_place(write: Writer, key: str, header: str) -> None:
    with pytest.raises(JobError, match="which `headers` has too"):
        write(f'{key}\nheaders: ["name", "value"]'.replace('["name", "value"]', f"{{{header}}}"))


class TestDate:
    """`date`."""

    def test_is_the_start_of_the_run(self, write: Writer) -> None:
        assert named(write("text: x"), "Date") == ["Fri, 01 Mar 2024 21:24:52 +0000"]

    def test_can_be_left_to_the_relay(self, write: Writer) -> None:
        assert named(write("date: omit"), "Date") == []

    def test_can_be_given(self, write: Writer) -> None:
        assert named(write('date: "1 Mar 2024 21:24:52 -0500"'), "Date") == ["1 Mar 2024 21:24:52 -0500"]
        assert named(write('date: "{{ row.d }}"', {"d": "Fri, 01 Mar 2024 21:24 +0000"}), "Date")

    @pytest.mark.parametrize(
        ("text", "modern"),
        [
            ("1 Mar 96 21:24:52 EST", "Fri, 01 Mar 1996 21:24:52 -0500"),
            ("Mon, 01 Mar 2024 21:24:52 -0500", "Fri, 01 Mar 2024 21:24:52 -0500"),
            ("2024-03-01", "Fri, 01 Mar 2024"),
            ("tomorrow", "Fri, 01 Mar 2024"),
            ("31 Feb 2024 10:00:00 +0000", "Fri, 01 Mar 2024"),
        ],
    )
    def test_of_another_form_is_refused_with_the_modern_one(self, write: Writer, text: str, modern: str) -> None:
        with pytest.raises(JobError) as caught:
            write.compiled(f'date: "{text}"')
        (problem,) = caught.value.problems
        assert modern in problem.hint


class TestMessageId:
    """`message_id`."""

    def test_is_of_the_senders_domain(self, write: Writer) -> None:
        got = write("text: x")
        assert re.fullmatch(r"<[0-9a-f]{32}@example\.com>", got.outgoing.message_id)
        assert named(got, "Message-ID") == [got.outgoing.message_id]

    @pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
    def test_is_made_by_the_algorithm(self, write: Writer, algorithm: str) -> None:
        ids = {write("text: x").outgoing.message_id}
        ids.add(write(f"message_id: {{algorithm: {algorithm}}}").outgoing.message_id)
        assert len(ids) == (1 if algorithm == "sha256" else 2)

    def test_can_be_left_out_or_given(self, write: Writer) -> None:
        assert write("message_id: omit").outgoing.message_id == ""
        assert write('message_id: "<{{ row.n }}@x.test>"', {"n": 1}).outgoing.message_id == "<1@x.test>"

    @pytest.mark.parametrize("value", ["x", "<x>", "<a b@c>", "<a@b><c@d>", "<a@b>\\r\\nX: y", "<ü@b>"])
    def test_is_one_id(self, write: Writer, value: str) -> None:
        with pytest.raises(JobError):
            write.compiled(f'message_id: "{value}"')


class TestUnsubscribe:
    """RFC 2369 and RFC 8058."""

    def test_both_ways_and_one_click(self, write: Writer) -> None:
        got = write('unsubscribe: {url: "https://x.test/u/{{ row.id }}", mailto: u@x.test, one_click: true}', {"id": 7})
        assert named(got, "List-Unsubscribe") == ["<mailto:u@x.test>, <https://x.test/u/7>"]
        assert named(got, "List-Unsubscribe-Post") == ["List-Unsubscribe=One-Click"]

    def test_a_long_url_travels_whole(self, write: Writer) -> None:
        url = "https://x.test/" + "a" * 200
        got = write(f"unsubscribe: {{url: '{url}', mailto: 'u@x.test?subject=leave'}}")
        assert got.parsed["list-unsubscribe"] == f"<mailto:u@x.test?subject=leave>, <{url}>"

    @pytest.mark.parametrize(
        "value", ["javascript:x", "https://x.test/a b", "https://x.test/>,<mailto:evil@x.test", "", "https://x.test/\n"]
    )
    def test_a_value_adds_no_way(self, write: Writer, value: str) -> None:
        with pytest.raises(DataError):
            write('unsubscribe: {url: "{{ row.u }}"}', {"u": value})

    @pytest.mark.parametrize("value", ["a@b.test,c@d.test", "a@b.test>", "nobody", "a b@c.test"])
    def test_a_value_adds_no_address(self, write: Writer, value: str) -> None:
        with pytest.raises(DataError):
            write('unsubscribe: {mailto: "{{ row.u }}"}', {"u": value})

    @pytest.mark.parametrize(
        "given", ["{one_click: true, mailto: a@b.test}", "{one_click: true, url: 'http://x.test'}"]
    )
    def test_one_click_needs_https(self, write: Writer, given: str) -> None:
        with pytest.raises(JobError, match="https://"):
            write(f"unsubscribe: {given}")


def test_a_thread_hangs_together_run_after_run(write: Writer) -> None:
    one, two = write("thread: 'build-{{ row.b }}'", {"b": "main"}), write("thread: build-main")
    assert named(one, "References") == named(two, "References") == named(one, "In-Reply-To")
    assert named(write("thread: other"), "References") != named(one, "References")


class TestReports:
    """Delivery status notifications (RFC 3461)."""

    def test_what_mail_says(self, write: Writer) -> None:
        got = write("dsn: {return: headers, envelope_id: 'id {{ row.n }}', notify: [failure, delay]}", {"n": 1})
        assert got.outgoing.reports == Reports("headers", "id 1")
        assert got.outgoing.recipients[0].notify == ("failure", "delay")
        automatic = write("dsn: {envelope_id: auto}").outgoing
        assert automatic.reports.envelope_id == automatic.message_id[1:33]

    def test_a_recipient_says_more(self, write: Writer) -> None:
        got = write(
            """
            to:
              - a@x.test
              - {address: b@x.test, dsn: {notify: [never], orcpt: "{{ row.o }}"}}
              - {address: c@x.test, options: "X-NOTE=1 Y"}
            dsn: {notify: [failure]}
            """,
            {"o": "old@x.test"},
        )
        told = [(one.address, one.notify, one.orcpt, one.options) for one in got.outgoing.recipients]
        assert told == [
            ("a@x.test", ("failure",), "", ()),
            ("b@x.test", ("never",), "old@x.test", ()),
            ("c@x.test", ("failure",), "", ("X-NOTE=1", "Y")),
        ]

    @pytest.mark.parametrize("options", ["NOTIFY SUCCESS", "A=1 a=2", "=x", "X=\\u00fc", "X=a\\nY", "NOTIFY=NEVER"])
    def test_options_are_parameters(self, write: Writer, options: str) -> None:
        entry = f'{{address: b@x.test, options: "{options}", dsn: {{notify: [never]}}}}'
        with pytest.raises(JobError):
            write.compiled(f"to: {entry}")


class TestOwnHeaders:
    """`headers`."""

    def test_alone(self, write: Writer) -> None:
        got = write("text: plain\nheaders: {replace_all: [{name: X-One, value: '1'}, {name: X-One, value: 'ü'}]}")
        assert [name for name, _ in got.outgoing.headers] == ["X-One", "X-One"]
        assert got.outgoing.content.endswith(b"\r\n\r\nplain\r\n")

    def test_alone_they_describe_no_other_body(self, write: Writer) -> None:
        with pytest.raises(JobError, match="replace_all"):
            write("text: grün\nheaders: {replace_all: [{name: X-One, value: '1'}]}")

    def test_sender_may_be_written(self, write: Writer) -> None:
        assert named(write("headers: {Sender: boss@x.test}"), "Sender") == ["boss@x.test"]


class TestNobodyInTo:
    """`allow_empty_to`."""

    @pytest.mark.parametrize("key", ["cc", "bcc"])
    def test_others_suffice(self, write: Writer, key: str) -> None:
        got = write(f"to: null\nallow_empty_to: true\n{key}: c@x.test")
        assert named(got, "To") == []
        assert [one.kind for one in got.outgoing.recipients] == [key]

    def test_nobody_at_all_is_an_error(self, write: Writer) -> None:
        with pytest.raises(JobError) as caught:
            write("to: null\nallow_empty_to: true")
        assert caught.value.problems[0].code == 165

    def test_without_it_to_is_needed(self, write: Writer) -> None:
        with pytest.raises(JobError) as caught:
            write("to: null\ncc: c@x.test")
        assert caught.value.problems[0].code == 165


class TestCharset:
    """`charset` and `max_header_length`."""

    @pytest.mark.parametrize(
        ("charset", "text", "label"),
        [
            ("iso-8859-1", "Grüße", "iso-8859-1"),
            ("latin1", "Grüße", "iso-8859-1"),
            ("1252", "„Grüße“", "windows-1252"),
            ("koi8-r", "Привет", "koi8-r"),
            ("iso-2022-jp", "日本語テキスト", "iso-2022-jp"),
            ("shift_jis", "日本語", "shift_jis"),
            ("gb18030", "汉字", "gb18030"),
        ],
    )
    def test_bodies_and_headers_have_it(self, write: Writer, charset: str, text: str, label: str) -> None:
        got = write(f"charset: '{charset}'\ntext: '{text}'\nsubject: '{text}'\nfrom: '{text} <a@x.test>'")
        assert got.parsed.get_content_charset() == label
        assert got.parsed.get_content().strip() == text
        assert got.parsed["subject"] == text
        assert got.parsed["from"].addresses[0].display_name == text
        assert f"=?{label}?".encode() in got.outgoing.head

    @pytest.mark.parametrize("field", ["text", "subject", "from"])
    def test_what_it_lacks_is_an_error_and_no_question_mark(self, write: Writer, field: str) -> None:
        value = "日本 <a@x.test>" if field == "from" else "日本"
        with pytest.raises(JobError) as caught:
            write.compiled(f"charset: iso-8859-1\n{field}: '{value}'")
        (problem,) = caught.value.problems
        assert (problem.code, "日" in problem.message) == (434, True)
        assert caught.value.exit_status == 65

    @pytest.mark.parametrize("charset", ["utf-16", "utf-7", "rot13", "nonsense", "cp037", "idna", "hz"])
    def test_charsets_that_no_mail_can_have(self, write: Writer, charset: str) -> None:
        with pytest.raises(JobError, match="charset"):
            write.compiled(f"charset: {charset}")

    def test_lines_are_folded_where_the_job_says(self, write: Writer) -> None:
        subject = "word " * 40 + "end"
        for limit in (40, 78, 200, 998):
            got = write(f"max_header_length: {limit}\nsubject: '{subject}'")
            folded = got.outgoing.head.partition(b"Subject:")[2].partition(b"\r\nMessage-ID:")[0]
            assert max(map(len, folded.split(b"\r\n"))) <= limit
            assert got.parsed["subject"] == subject


def test_what_is_always_there(write: Writer) -> None:
    names = [name for name, _ in write("text: x").outgoing.headers]
    assert names == [
        "Date",
        "From",
        "To",
        "Subject",
        "Message-ID",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
    ]
    assert len(ALWAYS) == 3


def test_fields_are_told_as_sent_and_as_read(write: Writer) -> None:
    told = {one["name"]: one for one in write("subject: Grüße, 漢字").outgoing.told()}
    assert told["Subject"]["text"] == "Grüße, 漢字"
    assert told["Subject"]["value"].startswith("=?utf-8?")
    assert told["To"] == {"name": "To", "value": "bob@example.org", "text": "bob@example.org"}
