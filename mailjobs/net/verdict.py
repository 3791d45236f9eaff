"""The verdict on a server's certificate: every reason at once, but for those that the job allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mailjobs.errors import VerifyError
from mailjobs.net.certificate import sha256
from mailjobs.net.complaints import ALLOWED
from mailjobs.net.reasons import Reason

if TYPE_CHECKING:
    from cryptography import x509


def verdict(reasons: Sequence[Reason], allow: Sequence[str], leaf: x509.Certificate) -> VerifyError | None:
    """The error with all `reasons` that `allow` does not name, or None where there is none.

    Its number is that of the reasons where they have one in common, else 280.
    """
    left = [reason for reason in reasons if reason.allow is None or reason.allow not in allow]
    if not left:
        return None
    codes = {reason.code for reason in left}
    return VerifyError(
        f"the server's certificate is refused: {'; '.join(dict.fromkeys(reason.words for reason in left))}",
        code=codes.pop() if len(codes) == 1 else 280,
        stage="certificate",
        hint=_hint(left, allow, leaf),
    )


def _hint(reasons: Sequence[Reason], allow: Sequence[str], leaf: x509.Certificate) -> str | None:
    """The causes that are known, then what would take the certificate all the same."""
    hints = list(dict.fromkeys(reason.hint for reason in reasons if reason.hint))
    if any(reason.final for reason in reasons):
        return "; ".join(hints) or None
    if all(reason.allow for reason in reasons):
        wanted = {reason.allow for reason in reasons} | set(allow)
        names = ", ".join(name for name in ALLOWED if name in wanted)
        hints.append(f"'tls.allow: [{names}]' takes it all the same")
    else:
        hints.append(
            f"'tls.accept: {{sha256: \"{sha256(leaf)}\"}}' takes exactly this certificate, whatever is wrong with it"
        )
    return "; ".join(hints)
