"""`python -m mailjobs`."""

from __future__ import annotations

import sys


def main() -> None:
    """The command's entry point."""
    from mailjobs.cli.main import mailjobs

    sys.exit(mailjobs())


if __name__ == "__main__":
    main()
