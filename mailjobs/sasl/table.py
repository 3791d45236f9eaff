"""The mechanisms, strongest first. Adding one: one file here, one line in this table."""

from __future__ import annotations

from collections.abc import Sequence

from mailjobs.errors import AuthError
from mailjobs.sasl.login import Login
from mailjobs.sasl.mechanism import Mechanism
from mailjobs.sasl.plain import Plain

MECHANISMS: dict[str, type[Mechanism]] = {"PLAIN": Plain, "LOGIN": Login}


def choose(offered: Sequence[str], wanted: str | None, tls: bool) -> type[Mechanism]:
    """The mechanism that was wanted, else the strongest that both sides have.

    `offered` are the server's, upper case. Raises AuthError where none may be used: one that shows the password is
    never used without TLS, and nothing relaxes that.
    """
    names = ", ".join(offered) or "none"
    candidates = [wanted.upper()] if wanted else list(MECHANISMS)
    if wanted and wanted.upper() not in MECHANISMS:
        raise AuthError(f"mailjobs has no mechanism {wanted.upper()}; it has: {', '.join(MECHANISMS)}", stage="AUTH")
    usable = [MECHANISMS[name] for name in candidates if name in offered]
    if not usable:
        what = f"does not offer {wanted.upper()}" if wanted else "offers no mechanism that mailjobs has"
        hint = None if offered else "many servers offer AUTH only after STARTTLS, or not at all on this port"
        raise AuthError(f"the server {what}; it offers: {names}", stage="AUTH", hint=hint)
    safe = [mechanism for mechanism in usable if tls or not mechanism.shows_password]
    if not safe:
        raise AuthError(
            f"{usable[0].name} would show the password to everybody on the way: it is never used without TLS; "
            f"the server offers: {names}",
            stage="AUTH",
            hint="'tls: starttls' or 'tls: implicit'",
        )
    return safe[0]
