"""Bodies made of markup: Markdown, texts made from html, style sheets, and images that go along."""

from __future__ import annotations

import re
import sys

import pytest

from mailjobs.errors import DataError, FileError, JobError, SetupError
from tests.fixtures.letters import Rendered, Writer

PNG = b"\x89PNG\r\n\x1a\n"


def text(got: Rendered, media: str) -> str:
    return str(got.part(media).get_content()).replace("\r\n", "\n")


def shown(got: Rendered) -> list[bytes]:
    """The images that the html shows, in its order."""
    found = {part["content-id"]: part.get_payload(decode=True) for part in got.parsed.walk() if part["content-id"]}
    return [found[f"<{name}>"] for name in re.findall(r"cid:([^\"'>)\\]+)", text(got, "text/html"))]


def test_markdown_makes_both_parts(write: Writer) -> None:
    got = write("markdown: |\n  # Build {{ row.b }}\n\n  *done*\n", {"b": "*7* <b>"})
    assert got.types == ["multipart/alternative", "text/plain", "text/html"]
    assert text(got, "text/plain") == "# Build *7* <b>\n\n*done*\n"
    assert text(got, "text/html") == "<h1>Build *7* &lt;b&gt;</h1>\n<p><em>done</em></p>\n"


def test_a_text_of_its_own_goes_before_that_of_markdown(write: Writer) -> None:
    got = write("markdown: '# A'\ntext: mine")
    assert text(got, "text/plain") == "mine\n"


def test_html_and_markdown_are_one_too_many(write: Writer) -> None:
    with pytest.raises(JobError, match="`markdown` makes the html part"):
        write.compiled("markdown: x\nhtml: y")


@pytest.mark.parametrize("block", ["{% filter upper %}x{% endfilter %}", "{% set a %}x{% endset %}{{ a }}"])
def test_what_rewrites_markdown_is_refused(write: Writer, block: str) -> None:
    with pytest.raises(JobError, match="may not be used in Markdown"):
        write.compiled(f'markdown: "{block}"')


def test_html_alone_gets_a_text(write: Writer) -> None:
    got = write("html: '<p>Hello <b>{{ row.n }}</b></p><p><a href=\"https://x.test/\">here</a></p>'", {"n": "<Ann>"})
    assert got.types == ["multipart/alternative", "text/plain", "text/html"]
    assert text(got, "text/plain") == "Hello <Ann>\n\nhere [1]\n\n[1] https://x.test/\n"


def test_unless_nobody_wants_it(write: Writer) -> None:
    assert write("html: <p>x\ntext: false").types == ["text/html"]


def test_style_sheets_become_attributes(write: Writer) -> None:
    html = "<style>p { color: red }</style><p>{{ row.n }}</p>"
    got = write(f'html: {{content: "{html}", inline_css: true}}\ntext: t', {"n": "x"})
    assert '<p style="color: red' in text(got, "text/html")
    assert "style=" not in text(write(f'html: "{html}"\ntext: t', {"n": "x"}), "text/html")


@pytest.mark.parametrize("message", ["html: <p>x", "html: {content: '<style>p{}</style>', inline_css: true}\ntext: t"])
def test_a_missing_package_is_named(write: Writer, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from mailjobs.markup import css

    css._inliner.cache_clear()
    for name in ("inscriptis", "inscriptis.html_engine", "css_inline"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SetupError) as caught:
        write.compiled(message)
    assert caught.value.hint.startswith("pip install 'mailjobs[html]'")
    assert caught.value.exit_status == 78


class TestImages:
    """Images by relative path."""

    @pytest.fixture(autouse=True)
    def _files(self, write: Writer) -> None:
        write.file("img/a.png", PNG + b"a")
        write.file("img/b c.png", PNG + b"b")
        write.file("img/deep/d.png", PNG + b"d")
        write.file("private.png", PNG + b"private")
        write.file("img/secret.txt", "secret")

    def test_they_go_along_each_once(self, write: Writer) -> None:
        got = write('text: t\nhtml: \'<img src=img/a.png><img src="img/b%20c.png?v=1"><img src="img/a.png">\'')
        assert got.types == [
            "multipart/related",
            "multipart/alternative",
            "text/plain",
            "text/html",
            *["image/png"] * 2,
        ]
        assert shown(got) == [PNG + b"a", PNG + b"b", PNG + b"a"]
        assert got.parsed["content-type"].params["type"] == "multipart/alternative"

    def test_with_attachments_they_stay_with_the_html(self, write: Writer) -> None:
        got = write("text: t\nhtml: '<img src=img/a.png>'\nattachments: img/secret.txt")
        assert got.types[:2] == ["multipart/mixed", "multipart/related"]
        assert got.types[-1] == "text/plain"

    def test_in_markdown_and_style_sheets_too(self, write: Writer) -> None:
        assert shown(write("markdown: '![x](img/a.png)'")) == [PNG + b"a"]
        got = write('text: t\nhtml: \'<td background="img/a.png" style="background: url(img/b%20c.png)">\'')
        assert shown(got) == [PNG + b"a", PNG + b"b"]

    def test_a_template_file_has_its_own_folder(self, write: Writer) -> None:
        write.file("mails/body.html", "<img src=logo.png><img src=../img/a.png>")
        write.file("mails/logo.png", PNG + b"logo")
        assert shown(write("text: t\nhtml: {file: mails/body.html}")) == [PNG + b"logo", PNG + b"a"]

    @pytest.mark.parametrize(
        "url", ["https://x.test/a.png", "//x.test/a", "/a.png", "cid:logo", "data:image/png,x", "#a"]
    )
    def test_what_is_elsewhere_stays(self, write: Writer, url: str) -> None:
        got = write(f"text: t\nhtml: '<img src=\"{url}\">'")
        assert text(got, "text/html") == f'<img src="{url}">\n'

    @pytest.mark.parametrize("url", ["img/gone.png", "img"])
    def test_what_is_missing_is_told_before_anything_is_sent(self, write: Writer, url: str) -> None:
        with pytest.raises(FileError, match="image"):
            write.compiled(f"text: t\nhtml: '<img src=\"{url}\">'")

    def test_what_is_no_image_is_refused(self, write: Writer) -> None:
        with pytest.raises(JobError, match="is no image"):
            write.compiled("text: t\nhtml: '<img src=img/secret.txt>'")

    @pytest.mark.parametrize(
        "body", ["html: '<img src=\"img/{{ row.n }}.png\">'\ntext: t", "markdown: '![x](img/{{ row.n }}.png)'"]
    )
    @pytest.mark.parametrize(("value", "content"), [("a", b"a"), ("b c", b"b"), ("../private", None), ("gone", None)])
    def test_a_value_chooses_in_the_folder_that_the_text_names(
        self, write: Writer, body: str, value: str, content: bytes | None
    ) -> None:
        if content is None:
            with pytest.raises(DataError):
                write(body, {"n": value})
        else:
            assert shown(write(body, {"n": value})) == [PNG + content]

    @pytest.mark.parametrize("value", ["<img src=private.png>", '"><img src="private.png'])
    def test_a_value_adds_no_image(self, write: Writer, value: str) -> None:
        assert "image/png" not in write("text: t\nhtml: '<p title=\"{{ row.n }}\">{{ row.n }}'", {"n": value}).types
        assert "image/png" not in write("markdown: '{{ row.n }}'", {"n": "![x](private.png)"}).types

    def test_what_a_macro_writes_counts_as_a_value(self, write: Writer) -> None:
        html = '{% macro show(n) %}<img src="{{ n }}">{% endmacro %}{{ show(row.n) }}'
        assert shown(write(f"text: t\nhtml: '{html}'", {"n": "private.png"})) == [PNG + b"private"]
        with pytest.raises(DataError):
            write(f"text: t\nhtml: '{html}'", {"n": "../private.png"})
