"""What a token endpoint answers, and what a program prints: bytes to values, without trust in either."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from mailjobs.secret import Secret, holds_secret
from mailjobs.tokens.token import Token

ACCESS = re.compile(r"[!-~]{1,12000}")  # a blank or a control character would end it in the message of a mechanism
REFRESH = re.compile(r"[ -~]{1,12000}")  # RFC 6749 appendix A.17
CODE = re.compile(r"[ !#-\[\]-~]{1,100}")  # RFC 6749 section 5.2
LONGEST_WORDS = 300
TEN_YEARS = 10 * 365 * 24 * 3600.0
NAMES = ("access_token", "accessToken", "token")
ENDS = ("expires_on", "expires_at", "expiry")


class BadAnswer(Exception):
    """Why it is no answer, in words that hold nothing of it."""


class Refusal(NamedTuple):
    """An error of the endpoint (RFC 6749 section 5.2): its code, and its words where they may be shown."""

    code: str
    words: str


def token_of(body: bytes, now: float) -> Token:
    """The token in an answer (RFC 6749 section 5.1) that came at `now`. Raises BadAnswer."""
    answer = _object(body)
    kind = answer.get("token_type")
    if kind is not None and (not isinstance(kind, str) or kind.lower() != "bearer"):
        raise BadAnswer("its token_type is not Bearer")
    refresh = answer.get("refresh_token")
    if refresh is not None and not (isinstance(refresh, str) and REFRESH.fullmatch(refresh)):
        raise BadAnswer("its refresh_token is no token")
    return Token(
        _access(answer.get("access_token"), "access_token"),
        _end(answer, now),
        _secret(refresh) if refresh is not None else None,
    )


def printed_token(text: str, now: float) -> Token:
    """The token that a program prints: alone, with or without `Bearer`, or in a JSON object. Raises BadAnswer."""
    text = text.strip()
    if not text.startswith("{"):
        return Token(_access(_bare(text), "output", "a program"))
    answer = _object(text.encode("utf-8", "surrogatepass"))
    name = next((name for name in NAMES if name in answer), None)
    if name is None:
        raise BadAnswer("it has no access_token")
    return Token(_access(answer[name], name, "a program"), _end(answer, now))


def refusal_of(body: bytes) -> Refusal | None:
    """The error in an answer; None where there is none that can be read.

    The words are the endpoint's. Where they hold a secret (some endpoints echo) or are no text they are left out.
    """
    try:
        answer = _object(body)
    except BadAnswer:
        return None
    code: Any = answer.get("error")
    words: Any = answer.get("error_description")
    if isinstance(code, dict):  # as some programming interfaces have it
        code, words = code.get("status"), code.get("message")
    if not isinstance(code, str) or not CODE.fullmatch(code) or holds_secret(code):
        return None
    shown = " ".join(words.split())[:LONGEST_WORDS] if isinstance(words, str) and not holds_secret(words) else ""
    return Refusal(code, "".join(letter if letter.isprintable() else "?" for letter in shown))


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise BadAnswer("it is not JSON") from None
    if not isinstance(found, dict):
        raise BadAnswer("it is no JSON object")
    return found


def _bare(text: str) -> str:
    scheme, _, rest = text.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else text


def _access(value: object, name: str, origin: str = "the token endpoint") -> Secret:
    if value is None:
        raise BadAnswer(f"it has no {name}")
    if not isinstance(value, str) or not ACCESS.fullmatch(value):
        raise BadAnswer(f"its {name} is no token (printable ASCII without blanks)")
    return _secret(value, origin)


def _secret(value: str, origin: str = "the token endpoint") -> Secret:
    found = Secret.literal(value, origin)
    found.reveal()
    return found


def _end(answer: Mapping[str, Any], now: float) -> float | None:
    """When the token ends. Seconds may come as text, which RFC 6749 does not have, and endpoints do."""
    if (left := answer.get("expires_in")) is not None:
        return now + _number(left, "expires_in")
    for name in ENDS:
        if (moment := answer.get(name)) is not None:
            return _moment(moment, name, now)
    return None


def _number(value: object, name: str) -> float:
    number = _finite(value, f"its {name} is no number of seconds")
    return max(-TEN_YEARS, min(number, TEN_YEARS))


def _moment(value: object, name: str, now: float) -> float:
    """Seconds since 1970, or a date and time with its zone (RFC 3339)."""
    if isinstance(value, str) and "T" in value:
        try:
            found = datetime.fromisoformat(value)
            if found.tzinfo is not None:
                return found.timestamp()
        except (ValueError, OverflowError):
            pass
        raise BadAnswer(f"its {name} is no date with a zone")
    return min(_finite(value, f"its {name} is no moment"), now + TEN_YEARS)


def _finite(value: object, words: str) -> float:
    """A number, which may come as text. Raises BadAnswer with `words`."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise BadAnswer(words)
    return number
