"""An SMTP sink that writes down every recipient before it replies, and goes wrong when it is told to.

    python -m tests.once.server '{"log": "taken", "chunking": true, "drop": 50, "seed": 7}'

It listens on a free port of loopback, says `port N` on standard output, and takes orders, a line each, on standard
input, at whose end it ends:

    pause N STAGE   at the Nth message from now: `paused`, and nothing happens until `go` (N 0: never mind)
    go              go on
    withhold N      from the Nth message from now on no reply goes out to who sends one; each says `withheld`
    release         give all replies

STAGE is `received` (the message is whole and not written down), `taken` (written down, without a reply) or `replied`.
Each order is answered by `done`. One process and no thread: while it pauses everybody waits.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.once.client import STAGES, Client


@dataclass
class Habits:
    """What the sink is told at its start: one message in `drop` loses its connection (0: none), at one of `stages`,
    drawn from `seed`. `refuse` is a pattern for addresses that get 550 at RCPT; who matches `grey` gets 451 once.
    """

    log: str
    chunking: bool = False
    drop: int = 0
    seed: int = 0
    stages: Sequence[str] = STAGES
    refuse: str = "$^"
    grey: str = "$^"
    deferred: set[str] = field(default_factory=set)

    def reply_to(self, address: str) -> str:
        """To RCPT."""
        if re.search(self.refuse, address):
            return "550 5.1.1 no such user"
        if re.search(self.grey, address) and address not in self.deferred:
            self.deferred.add(address)
            return "451 4.7.1 come again"
        return "250 2.1.5 ok"


class Sink:
    """What all connections share."""

    def __init__(self, habits: Habits) -> None:
        self.habits = habits
        self.random = Random(habits.seed)
        self._selector = selectors.DefaultSelector()
        self._log = os.open(habits.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._withheld: list[Client] = []
        self._until_pause, self._pause_at = 0, ""
        self._until_withheld = -1  # below 0: all replies are given
        self._orders = b""
        self._clients = 0

    def serve(self) -> None:
        """Until the orders end."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._selector.register(listener, selectors.EVENT_READ, lambda: self._accept(listener))
        self._selector.register(0, selectors.EVENT_READ, self._order)
        self._say(f"port {listener.getsockname()[1]}")
        while True:
            for key, _ in self._selector.select():
                if key.fd in self._selector.get_map():  # it was not closed meanwhile
                    key.data()

    def forget(self, connection: socket.socket) -> None:
        """It is about to be closed."""
        self._selector.unregister(connection)

    def take(self, client: Client, recipients: list[str], content: bytes) -> None:
        """Write a message down: the address, the number in a header, and the connection; a line for each recipient."""
        found = re.search(rb"^X-Row: (\d+)\r$", content, re.MULTILINE)
        row = found[1].decode() if found else "?"
        os.write(self._log, "".join([f"{one} {row} {client.number}\n" for one in recipients]).encode())

    def count(self) -> None:
        """One more message is whole."""
        self._until_pause -= 1

    def withholds(self, client: Client) -> bool:
        """Whether the message that came last gets no reply."""
        if self._until_withheld > 0:
            self._until_withheld -= 1
        if self._until_withheld != 0:
            return False
        self._withheld.append(client)
        self._say("withheld")
        return True

    def pausing(self, stage: str) -> bool:
        """Whether this is where to stay."""
        return self._until_pause == 0 and self._pause_at == stage

    def reached(self, stage: str) -> None:
        """Stay here, where that was ordered."""
        if self.pausing(stage):
            self._pause_at = ""
            self._say("paused")
            while self._order() != "go":
                pass

    def _accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._clients += 1
        client = Client(self, connection, self._clients)
        self._selector.register(connection, selectors.EVENT_READ, client.read)
        client.greet()

    def _say(self, line: str) -> None:
        os.write(1, f"{line}\n".encode())

    def _order(self) -> str:
        """One order, waited for, and carried out."""
        while b"\n" not in self._orders:
            data = os.read(0, 4096)
            if not data:
                sys.exit()
            self._orders += data
        line, _, self._orders = self._orders.partition(b"\n")
        word, *rest = line.decode().split()
        self._obey(word, rest)
        self._say("done")
        return word

    def _obey(self, word: str, rest: list[Any]) -> None:
        if word == "pause":
            self._until_pause, self._pause_at = int(rest[0]), rest[1]
        elif word == "withhold":
            self._until_withheld = int(rest[0])
        elif word == "release":
            self._until_withheld = -1
            for client in self._withheld:
                client.release()
            self._withheld.clear()


if __name__ == "__main__":
    Sink(Habits(**json.loads(sys.argv[1]))).serve()
