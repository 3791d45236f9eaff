"""What an import costs."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("OpenSSL", "ssl", "cryptography", "service_identity", "idna", "asyncio")


def test_importing_the_room_imports_nothing_heavy() -> None:
    code = f"import sys, mailjobs.net; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_plain_connection_imports_nothing_heavy() -> None:
    code = f"""
import socket, sys
from mailjobs.net import connect
listener = socket.create_server(("127.0.0.1", 0))
stream = connect("127.0.0.1", listener.getsockname()[1], timeout=5)
stream.write(b"EHLO", print)
stream.close()
print([name for name in {HEAVY} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_pysocks_is_imported_where_it_speaks_alone() -> None:
    code = "import sys, mailjobs.net.proxy.route; print('socks' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
