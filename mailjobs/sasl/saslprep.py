"""SASLprep (RFC 4013): one spelling for what looks the same, and nothing that cannot be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailjobs.errors import AuthError

if TYPE_CHECKING:
    from mailjobs.sasl.mechanism import Mechanism

AS_IT_STANDS = "'mechanism: plain' says it as it stands, where the server has that"


def prepare(text: str, what: str, stored: bool = False) -> str:
    """`text` as names and passwords are compared. `stored` refuses code points that Unicode 3.2 does not have.

    Raises AuthError for what is forbidden, and where nothing is left. The error names a kind of character and never
    the character, which may be one of a password.
    """
    if text.isascii() and text.isprintable() and text:
        return text
    import stringprep
    from unicodedata import ucd_3_2_0

    mapped = "".join(
        " " if stringprep.in_table_c12(character) else character
        for character in text
        if not stringprep.in_table_b1(character)
    )
    prepared = ucd_3_2_0.normalize("NFKC", mapped)
    _check_characters(prepared, what, stored)
    _check_directions(prepared, what)
    if not prepared:
        raise AuthError(f"{what} is empty, once it is prepared as SASL wants it (RFC 4013)", stage="AUTH")
    return prepared


def authorization_identity(mechanism: Mechanism) -> str:
    """Whom to act as, prepared as RFC 4954 section 4 wants it; empty where that is nobody else."""
    wanted = mechanism.credentials.authorization_identity
    return prepare(wanted, "the authorization identity") if wanted else ""


def _check_characters(text: str, what: str, stored: bool) -> None:
    import stringprep

    kinds = {
        "a control character": (stringprep.in_table_c21, stringprep.in_table_c22, stringprep.in_table_c9),
        "a blank that is not a space": (stringprep.in_table_c12,),
        "a character for private use": (stringprep.in_table_c3,),
        "a code point that is no character": (stringprep.in_table_c4, stringprep.in_table_c5),
        "a character that stands for one that is missing": (stringprep.in_table_c6, stringprep.in_table_c7),
        "a character that changes the direction of text": (stringprep.in_table_c8,),
    }
    if stored:
        kinds["a character that Unicode 3.2 does not have"] = (stringprep.in_table_a1,)
    for kind, tables in kinds.items():
        if any(table(character) for table in tables for character in text):
            raise AuthError(f"{what} has {kind}, which SASL forbids (RFC 4013)", stage="AUTH", hint=AS_IT_STANDS)


def _check_directions(text: str, what: str) -> None:
    """RFC 3454 section 6: text that runs from right to left does so altogether."""
    import stringprep

    leftwards = [stringprep.in_table_d1(character) for character in text]
    if not any(leftwards):
        return
    if any(stringprep.in_table_d2(character) for character in text) or not (leftwards[0] and leftwards[-1]):
        words = f"{what} mixes scripts that run in different directions, which SASL forbids (RFC 4013)"
        raise AuthError(words, stage="AUTH", hint=AS_IT_STANDS)
