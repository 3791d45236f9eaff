"""What the lines behind the content say, taken together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, cast

from mailjobs.checked import parse, unescape
from mailjobs.smtp import Outcome, Reply
from mailjobs.smtp.envelope import State as RecipientState
from mailjobs.spool import lines
from mailjobs.spool.head import Damaged


class Owner(NamedTuple):
    """Who has claimed a file: host, process, and which start of the machine ("" where it does not say)."""

    host: str
    pid: int
    boot: str
    since: datetime


@dataclass(slots=True)
class State:
    """`letters` has one of a r d u n for each address (see `lines`); `said` the last outcome with a reply or a reason.

    `owner` is the last who has claimed it, whether or not it still has it; `tried` says whether anything has come of
    that, `doubts` are those who were unknown before, or have become so. `tries` were made before `next`, which was said
    at `waits_since`. `held` and `given_up` say why, or are "". `told` is the notification about its failure, and
    `rounds` how often it was said to be sent again.
    """

    letters: dict[str, str]
    said: dict[str, Outcome] = field(default_factory=dict)
    owner: Owner | None = None
    tried: bool = False
    tries: int = 0
    next: datetime | None = None
    waits_since: datetime | None = None
    held: str = ""
    given_up: str = ""
    doubts: set[str] = field(default_factory=set)
    told: str = ""
    rounds: int = 0

    def open(self, opened: str = "nd") -> list[str]:
        """The addresses in one of those states."""
        return [address for address, letter in self.letters.items() if letter in opened]

    def due(self, now: datetime) -> bool:
        """Whether it may be tried. A clock that was put back since does not make it wait."""
        if self.next is None or self.waits_since is None:
            return True
        return not self.waits_since <= now < self.next

    def outcome(self, address: str) -> Outcome:
        """What became of a recipient last."""
        state = cast("RecipientState", lines.STATES[self.letters[address]])
        said = self.said.get(address)
        if said is None or said.state != state:
            return Outcome(address, state)
        return said

    def dot(self, addresses: Sequence[str]) -> None:
        """It is unknown from now on what becomes of these."""
        self.tried = True
        for address in addresses:
            self.letters[address] = "u"

    def claimed(self) -> None:
        """Somebody begins to send it. Who is unknown now may have it, whatever comes of further tries."""
        self.tried = False
        self.doubts = set(self.open("u"))

    def settle(self, outcomes: Sequence[Outcome]) -> str:
        """Take in what became of some; the letters that they have now, for their line.

        Who may have it from an earlier try is still unknown after one that nothing came of.
        """
        for outcome in outcomes:
            who, letter = outcome.recipient, lines.LETTERS[outcome.state]
            if letter == "u":
                self.doubts.add(who)
            self.letters[who] = "u" if letter in "nd" and who in self.doubts else letter
            self.said[who] = outcome
            self.tried = self.tried or letter != "n"
        return "".join([self.letters[outcome.recipient] for outcome in outcomes])

    def take(self, raw: bytes) -> None:
        """Take in a line without its end. Raises Damaged where it is not what was written."""
        words = parse(raw)
        if words is None:
            raise Damaged("a line behind its content is not what was written")
        try:
            self._take(words[0], words[1:])
        except (ValueError, KeyError, IndexError):
            raise Damaged(f"a line behind its content cannot be read: {' '.join(words)[:60]!r}") from None

    def _take(self, kind: str, words: list[str]) -> None:
        match kind:
            case "claim":
                since, host, pid, boot = words
                self.owner = Owner(unescape(host), int(pid), "" if boot == "-" else boot, datetime.fromisoformat(since))
                self.tried = False
            case "dot" | "lost":
                self._set(words[1:], "u" * (len(words) - 1))
                self.tried = True
            case "done":
                self._set(words[2:], words[1])
                self.tried = self.tried or bool(words[1].strip("n"))
            case "said" | "why":
                self._hear(kind, words)
            case "wait":
                self.waits_since, self.next = map(datetime.fromisoformat, words[:2])
                self.tries = int(words[2])
            case "hold":
                self.held = unescape(" ".join(words[1:]))
            case "again":
                self._set(words[1:], "n" * (len(words) - 1))
                self.held, self.given_up, self.told, self.next, self.tries = "", "", "", None, 0
                self.rounds, self.tried = self.rounds + 1, False
            case "given-up":
                self.given_up = unescape(" ".join(words[1:]))
            case "told":
                self.told = unescape(words[1])
            case _:
                raise ValueError(kind)

    def _set(self, addresses: Sequence[str], letters: str) -> None:
        for address, letter in zip(addresses, letters, strict=True):
            if letter not in lines.STATES:
                raise ValueError(letter)
            self.letters[unescape(address)] = letter

    def _hear(self, kind: str, words: list[str]) -> None:
        address = unescape(words[0])
        state = cast("RecipientState", lines.STATES[self.letters[address]])
        if kind == "why":
            self.said[address] = Outcome(address, state, reason=unescape(" ".join(words[1:])))
            return
        code, texts = int(words[2]), unescape(" ".join(words[3:]))
        self.said[address] = Outcome(address, state, Reply(code, tuple(texts.split("\n"))), lines.command(words[1]))
