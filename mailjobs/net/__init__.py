"""Sockets and TLS as streams with deadlines. Each layer is a function from stream to stream.

TLS takes its time to import: `secure` is taken from `net.tls`, `check_trust` from `net.trust`, by who needs them;
so is `reach_through` from `net.proxy.route`.
"""

from mailjobs.net.deadline import Deadline, Until
from mailjobs.net.reach import reach
from mailjobs.net.stream import Peer, Stream
from mailjobs.net.tcp import connect
from mailjobs.net.tcp_stream import TcpStream

__all__ = ["Deadline", "Peer", "Stream", "TcpStream", "Until", "connect", "reach"]
