"""What other sides write is read whole, cut and with something behind, and is never more than a failure of theirs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.errors import TransportError
from mailjobs.net.crl import read_lists
from mailjobs.net.fetch import _content, _Heard
from mailjobs.net.key_exchange import FFDHE_BEGINS, _finite_field
from mailjobs.net.ocsp import read_answer
from mailjobs.net.tls_messages import message_name
from tests.net.notary import Notary, http

NOTARY = Notary("CA")
LIST = NOTARY.list()
PEM = x509.load_der_x509_crl(LIST).public_bytes(Encoding.PEM)


def records(message: bytes, size: int) -> bytes:
    """A handshake in records of `size` bytes, and one of another kind behind it."""
    pieces = [message[at : at + size] for at in range(0, len(message), size)]
    return b"".join(b"\x16\x03\x03" + len(piece).to_bytes(2) + piece for piece in pieces) + b"\x14\x03\x03\x00\x01\x01"


def message(kind: int, content: bytes) -> bytes:
    return bytes([kind]) + len(content).to_bytes(3) + content


PRIME = FFDHE_BEGINS + b"\xff" * (256 - len(FFDHE_BEGINS))
EXCHANGE = len(PRIME).to_bytes(2) + PRIME + b"\0\1\2"
SAID = message(2, b"hello") + message(11, b"certificate" * 100) + message(12, EXCHANGE) + message(14, b"")


@pytest.mark.parametrize("size", [1, 7, 300, 16384])
def test_the_prime_is_found_however_records_are_cut(size: int) -> None:
    assert _finite_field(records(SAID, size)) == ("ffdhe2048", 2048)


def test_other_primes_have_no_name() -> None:
    prime = b"\0" + b"\x7f" + b"\1" * 127
    said = message(12, len(prime).to_bytes(2) + prime)
    assert _finite_field(records(said, 100)) == ("DHE", 1023)
    assert _finite_field(b"") == ("DHE", None)


@given(st.binary(max_size=300), st.integers(0, 300))
def test_no_handshake_breaks_the_reader(noise: bytes, at: int) -> None:
    for said in (noise, records(SAID, 50)[:at], records(noise, 20)):
        name, _ = _finite_field(said)
        assert name in ("DHE", "ffdhe2048")
    assert message_name(22, noise) is None or noise


@given(st.binary(max_size=200))
def test_what_is_fetched_is_content_or_a_failure(noise: bytes) -> None:
    for said in (noise, http(b"good") + noise, b"HTTP/1.1 200 OK\r\n" + noise):
        heard = _Heard()
        heard(said)
        try:
            content = _content(heard)
        except TransportError as error:
            content = error.message.encode()
        assert isinstance(content, bytes)


def test_an_answer_of_http_that_was_cut_off_is_never_taken_for_whole() -> None:
    whole = http(b"answer")
    for end in range(len(whole)):
        heard = _Heard()
        heard(whole[:end])
        try:
            content = _content(heard)
        except TransportError:
            content = b""
        assert content == b"", "where only the head was cut, nothing is left"


def refuses(read: Callable[[bytes], object], data: bytes) -> bool:
    try:
        read(data)
    except ValueError:
        return True
    return False


@pytest.mark.parametrize("step", [1, 13])
def test_a_list_is_read_whole_or_not_at_all(step: int) -> None:
    assert len(read_lists(LIST)) == len(read_lists(PEM)) == 1
    assert len(read_lists(b"text\n" + PEM + b"more text\n" + PEM)) == 2
    assert refuses(read_lists, LIST + b"\0")
    assert all(refuses(read_lists, LIST[:end]) for end in range(0, len(LIST), step))


@given(st.binary(max_size=200))
def test_no_list_or_answer_breaks_the_reader(noise: bytes) -> None:
    assert refuses(read_lists, noise)
    assert refuses(read_lists, b"-----BEGIN X509 CRL-----\n" + noise)
    assert read_answer(noise, NOTARY.certificate, NOTARY.certificate).state == "unknown"
