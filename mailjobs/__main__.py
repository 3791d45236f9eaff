"""`python -m mailjobs`."""

from __future__ import annotations

import sys
import warnings


def main() -> None:
    """The command's entry point."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # of libraries, such as one about a server's certificate: for developers
    from mailjobs.cli.main import mailjobs

    sys.exit(mailjobs())


if __name__ == "__main__":
    main()
