"""What PLAIN, EXTERNAL and ANONYMOUS have in common: all that there is to say is said at the beginning."""

from __future__ import annotations

from mailjobs.sasl.mechanism import Mechanism


class AllAtOnce(Mechanism):
    """The initial response is the whole message."""

    _asked = False

    def initial(self) -> bytes:
        """The whole message. Raises AuthError for what cannot be said."""
        raise NotImplementedError

    def respond(self, challenge: bytes) -> bytes:
        """A server that overlooked the initial response asks once, with an empty challenge."""
        again, self._asked = self._asked, True
        if challenge or again:
            raise self.error("has gone wrong: the server asks for more, and there is nothing more to say")
        return self.initial()
