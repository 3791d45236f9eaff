"""A batch with smtplib, over one connection: `smtplib_peer.py FOLDER PORT`."""

from __future__ import annotations

import smtplib
import sys
from pathlib import Path

from letters import maker, rows_of


def main() -> None:
    """Send a message for each row of the folder."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    make = maker(folder)
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as server:
        for row in rows_of(folder):
            server.send_message(make(row))


if __name__ == "__main__":
    main()
