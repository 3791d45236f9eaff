"""A batch with aiosmtplib: `aiosmtplib_peer.py FOLDER PORT CONNECTIONS`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
from letters import maker, rows_of


async def carry(port: int, rows: Iterator[dict[str, str]], make: Callable[[dict[str, str]], EmailMessage]) -> None:
    """One connection, which takes the next row as soon as it is free."""
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, timeout=60)
    async with client:
        for row in rows:
            await client.send_message(make(row))


async def main() -> None:
    """Send a message for each row of the folder."""
    folder, port, connections = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    rows, make = rows_of(folder), maker(folder)
    await asyncio.gather(*[carry(port, rows, make) for _ in range(connections)])


if __name__ == "__main__":
    asyncio.run(main())
