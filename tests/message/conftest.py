"""Messages as `job` makes them, and the standard library as the judge of their bytes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from mailjobs.errors import Place
from mailjobs.message import Identity, compile_message
from mailjobs.model import AddressEntry, Header, Message, Template
from mailjobs.templates import Templates

STARTED = datetime(2024, 3, 1, 21, 24, 52, tzinfo=timezone(timedelta(hours=-5)))


class Desk:
    """Makes messages of texts, and fills them."""

    identity = Identity("run1", STARTED, "7")

    def template(self, source, field="x"):
        path = f"messages.m.{field}"
        return Template(source, Place("job.yaml", 10, 5, path), Place("job.yaml", 10, 5, path))

    def entries(self, *texts):
        return tuple(AddressEntry(text=self.template(text)) for text in texts)

    def parts(self, address, name=None):
        return AddressEntry(address=self.template(address), name=None if name is None else self.template(name))

    def message(self, headers=(), **fields):
        given = {"from_": "from@example.com", "to": ("to@example.com",), **fields}
        for key in ("to", "cc", "bcc", "reply_to"):
            if key in given and all(isinstance(text, str) for text in given[key]):
                given[key] = self.entries(*given[key])
        for key in ("subject", "text", "html", "return_path"):
            if isinstance(given.get(key), str):
                given[key] = self.template(given[key], key)
        if isinstance(given["from_"], str):
            (given["from_"],) = self.entries(given["from_"])
        extra = tuple(Header(name, self.template(value)) for name, value in headers)
        return Message(name="m", place=Place("job.yaml", 9, 3, "messages.m"), headers=extra, **given)

    def compile(self, **fields):
        return compile_message(self.message(**fields), Templates([]))

    def fill(self, row=None, identity=None, **fields):
        scope = {"vars": {}, **({} if row is None else {"row": row})}
        return self.compile(**fields).fill(scope, identity or self.identity)


@pytest.fixture(scope="session")
def desk():
    return Desk()
