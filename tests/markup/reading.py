"""What a reader of HTML sees, by Python's own parser."""

from __future__ import annotations

from html.parser import HTMLParser


class Reading(HTMLParser):
    """`shape`: tags and the names of their attributes, in order. `said`: texts and the values of attributes."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.shape: list[tuple[str, ...]] = []
        self.said: list[str] = []
        self.links: list[str] = []
        self._texts: list[str] = []
        self.feed(html)
        self.close()
        self.said.append("".join(self._texts))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shape.append((tag, *(name for name, _ in attrs)))
        self.said += [value or "" for _, value in attrs]
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_endtag(self, tag: str) -> None:
        self.shape.append((f"/{tag}",))

    def handle_comment(self, data: str) -> None:
        self.shape.append(("!--", data))

    def handle_decl(self, decl: str) -> None:
        self.shape.append(("!", decl))

    def unknown_decl(self, data: str) -> None:
        self.shape.append(("![", data))

    def handle_pi(self, data: str) -> None:
        self.shape.append(("?", data))

    def handle_data(self, data: str) -> None:
        self._texts.append(data)
