"""Settings of connections in jobs, as servers and the kernel see them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailjobs import clock
from mailjobs.events import Error, Publish, Trace
from mailjobs.job import load_job
from mailjobs.net import paced
from mailjobs.run.sessions import RunSessions
from tests.fixtures.lab import Lab
from tests.fixtures.running import Listen, run_text
from tests.fixtures.scripted import ScriptedServer
from tests.fixtures.sink import free_port

Scripted = Callable[..., ScriptedServer]
PATIENCE = 20


class Server:
    """Greets, answers EHLO and QUIT, and says from where it was reached and how the connection ended."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.create_server((address, 0), family=family)
        self.port = int(self._listener.getsockname()[1])
        self.peers: list[tuple[str, int]] = []
        self.ends: list[str] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        sock, peer = self._listener.accept()
        self.peers.append((peer[0], peer[1]))
        sock.settimeout(PATIENCE)
        with sock:
            sock.sendall(b"220 here\r\n")
            sock.recv(1000)
            sock.sendall(b"250 here\r\n")
            sock.recv(1000)
            sock.sendall(b"221 bye\r\n")
            try:
                self.ends.append("closed" if sock.recv(1) == b"" else "more")
            except ConnectionResetError:
                self.ends.append("reset")

    def finish(self) -> None:
        self._thread.join(PATIENCE)
        self._listener.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.finish()


def connect(server: Server, keys: str, host: str = "127.0.0.1") -> tuple[dict[str, object], Listen]:
    record, listen = run_text(
        f"server: {{host: '{host}', port: {server.port}, tls: none, hello: me, {keys}}}\nsteps: [connect: true]"
    )
    assert record.exit_status == 0, record.as_dict()
    server.finish()
    return record.steps[0].result["connection"], listen


def test_our_end_is_where_the_server_sees_us(server: Server) -> None:
    port = free_port()
    connection, _ = connect(server, f"bind: {{host: 127.0.0.2, port: {port}}}")
    assert server.peers == [("127.0.0.2", port)]
    assert (connection["local_host"], connection["local_port"]) == ("127.0.0.2", port)


@pytest.mark.parametrize(("linger", "end"), [("true", "closed"), ("5", "closed"), ("false", "reset")])
def test_how_a_connection_ends_after_quit(server: Server, linger: str, end: str) -> None:
    connect(server, f"socket: {{linger: {linger}}}")
    assert server.ends == [end]


def test_buffers_that_the_system_clamps_are_a_warning(server: Server) -> None:
    connection, listen = connect(server, "socket: {send_buffer: 1 GiB, receive_buffer: 30 kB}")
    assert connection["receive_buffer"] == 30_000
    granted = connection["send_buffer"]
    assert isinstance(granted, int)
    assert granted < 2**30
    words = f"socket.send_buffer: {2**30} bytes were asked for, and the system gives {granted}"
    assert listen.of(Error) == [Error(None, words)]


def test_a_family_may_be_chosen() -> None:
    server = Server("::1")
    connection, _ = connect(server, "address_family: ipv6", "::1")
    assert (connection["address"], connection["local_host"]) == ("::1", "::1")


@pytest.mark.parametrize(("keys", "status"), [("", 76), (", max_reply_line: 8192", 0)])
def test_the_longest_line_of_a_reply(scripted: Scripted, keys: str, status: int) -> None:
    rest = "C: EHLO me\nS: 250 here\nC: QUIT\nS: 221 bye" if status == 0 else "S! swallow"
    server = scripted(f"S: 220 {'x' * 5000}\n{rest}")
    record, _ = run_text(
        f"server: {{host: localhost, port: {server.port}, tls: none, hello: me{keys}}}\nsteps: [connect: true]"
    )
    assert record.exit_status == status


# --- max_transfer_rate


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Sleeping takes no time, so that each wait is as long as all before it together."""
    waited: list[float] = []
    monkeypatch.setattr(clock, "sleep", waited.append)
    return waited


@pytest.mark.parametrize(("port", "mode"), [("P_SMTP", "starttls"), ("P_SMTPS", "implicit"), ("P_SMTP", "none")])
def test_two_seconds_worth_of_content_takes_two_seconds(
    lab: Lab, box_name: str, tmp_path: Path, waits: list[float], port: str, mode: str
) -> None:
    box = lab.mailbox(box_name)
    (tmp_path / "big.bin").write_bytes(bytes(700_000))
    text = f"""
        server: {{host: localhost, port: {lab.port(port)}, max_transfer_rate: 500 kB,
          tls: {{mode: {mode}, ca: {{file: "{lab.ca_file}"}}}}}}
        messages: {{m: {{from: a@lab.test, to: {box.address}, subject: s, text: t, attachments: [big.bin]}}}}
        steps: [send: m]
    """
    record, _ = run_text(text, folder=tmp_path)
    assert record.exit_status == 0, record.as_dict()
    size = record.steps[0].result["size"]
    assert waits[-1] == pytest.approx(size / 500_000, rel=0.05)
    assert len(box.wait()) == 1


def test_the_rate_is_for_all_connections_of_a_batch(
    lab: Lab, box_name: str, tmp_path: Path, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every connection books at one pace."""
    made: list[paced.Pace] = []
    booked: list[tuple[int, int]] = []
    pace = paced.Pace

    class Noted(pace):  # type: ignore[misc,valid-type]
        def __init__(self, rate: float) -> None:
            super().__init__(rate)
            made.append(self)

        def book(self, octets: int) -> float:
            booked.append((id(self), octets))
            return super().book(octets)

    monkeypatch.setattr(paced, "Pace", Noted)
    box = lab.mailbox(box_name)
    (tmp_path / "n.csv").write_text("n\n" + "".join(f"{number}\n" for number in range(40)))
    text = f"""
        server: {{host: localhost, port: {lab.port("P_SMTP")}, max_transfer_rate: 10 MB, tls: none}}
        data: {{n: {{csv: n.csv}}}}
        messages: {{m: {{from: a@lab.test, to: "{box_name}+{{{{ row.n }}}}@lab.test", subject: s, text: t}}}}
        steps: [send: {{message: m, for_each: n, again: true}}]
    """
    record, _ = run_text(text, folder=tmp_path)
    assert record.exit_status == 0, record.as_dict()
    assert len({number for number, _ in booked}) == 1
    assert len(box.wait(40)) == 40


def test_processes_share_the_rate() -> None:
    text = "version: 1\nserver: {host: relay, max_transfer_rate: 1000}\nsteps: [connect: true]\n"
    sessions = RunSessions(load_job("job.yaml", text=text).job, Publish())
    server = sessions.server(None)
    whole = sessions._pace(server)
    assert whole is sessions._pace(server)
    sessions.share(4)
    part = sessions._pace(server)
    assert whole is not None
    assert part is not None
    assert (whole._rate, part._rate) == (1000, 250)


# --- rset


def said(listen: Listen) -> list[str]:
    return [event.line for event in listen.of(Trace) if isinstance(event, Trace) and event.direction == "client"]


def batch(lab: Lab, folder: Path, people: list[str], rset: str, more: str = "") -> tuple[dict[str, int], list[str]]:
    (folder / "n.csv").write_text("to\n" + "".join(f"{one}@lab.test\n" for one in people))
    text = f"""
        server: {{host: localhost, port: {lab.port("P_SMTP")}, tls: none, rset: {rset}}}
        data: {{n: {{csv: n.csv}}}}
        messages: {{m: {{from: a@lab.test, to: "{{{{ row.to }}}}", subject: s, text: t}}}}
        steps: [send: {{message: m, for_each: n, again: true, connections: 1{more}}}]
    """
    record, listen = run_text(text, folder=folder)
    return record.steps[0].result["totals"], said(listen)


@pytest.mark.parametrize(("rset", "count"), [("always", 3), ("after-failure", 0), ("never", 0)])
def test_rset_between_messages_of_a_batch(lab: Lab, box_name: str, tmp_path: Path, rset: str, count: int) -> None:
    box = lab.mailbox(box_name)
    totals, lines = batch(lab, tmp_path, [f"{box_name}+{number}" for number in range(4)], rset)
    assert totals["accepted"] == 4
    assert lines.count("RSET") == count
    assert len(box.wait(4)) == 4


@pytest.mark.parametrize(("rset", "connections"), [("always", 1), ("after-failure", 1), ("never", 2)])
@pytest.mark.parametrize("more", ["", ", in_flight: 8"])
def test_a_refused_message_costs_a_connection_where_rset_is_never_said(
    lab: Lab, box_name: str, tmp_path: Path, rset: str, connections: int, more: str
) -> None:
    box = lab.mailbox(box_name)
    people = [f"{box_name}+1", "permfail", f"{box_name}+2"]
    totals, lines = batch(lab, tmp_path, people, rset, more)
    assert (totals["accepted"], totals["rejected"]) == (2, 1)
    assert lines.count("EHLO [127.0.0.1]") == connections
    assert ("RSET" in lines) is (rset != "never")
    assert len(box.wait(2)) == 2
