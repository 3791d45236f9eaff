"""Sockets and TLS as streams with deadlines. Each layer is a function from stream to stream."""

from mailjobs.net.deadline import Deadline
from mailjobs.net.stream import Peer, Stream
from mailjobs.net.tcp import connect
from mailjobs.net.tcp_stream import TcpStream
from mailjobs.net.tls import secure
from mailjobs.net.tls_info import TlsInfo
from mailjobs.net.tls_stream import TlsStream
from mailjobs.net.trust import check_trust

__all__ = ["Deadline", "Peer", "Stream", "TcpStream", "TlsInfo", "TlsStream", "check_trust", "connect", "secure"]
