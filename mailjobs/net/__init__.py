"""Sockets and TLS as streams with deadlines. Each layer is a function from stream to stream."""

from mailjobs.net.deadline import Deadline
from mailjobs.net.stream import Peer, Stream
from mailjobs.net.tcp import TcpStream, connect
from mailjobs.net.tls import TlsInfo, TlsStream, check_trust, secure

__all__ = ["Deadline", "Peer", "Stream", "TcpStream", "TlsInfo", "TlsStream", "check_trust", "connect", "secure"]
