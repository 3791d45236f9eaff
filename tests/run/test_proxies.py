"""Jobs through the laboratory's proxies: dante, microsocks, ssh -D, tinyproxy and squid, each to Postfix."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from mailjobs.events import ConnectionStatus, Trace
from mailjobs.run import RunRecord
from tests.fixtures.lab import Lab
from tests.fixtures.running import Listen, run_text

LOGIN = "username: proxyuser, password: {file: password}"
PROXIES = {
    "dante-socks5": ("socks5", "P_DANTE", ""),
    "dante-socks4": ("socks4", "P_DANTE", ""),
    "dante-login": ("socks5", "P_DANTE_AUTH", LOGIN),
    "microsocks": ("socks5", "P_MICROSOCKS", ""),
    "microsocks-login": ("socks5", "P_MICROSOCKS_AUTH", LOGIN),
    "ssh-socks4": ("socks4", "P_SSHSOCKS", ""),
    "ssh-socks4a": ("socks4a", "P_SSHSOCKS", ""),
    "ssh-socks5": ("socks5", "P_SSHSOCKS", ""),
    "tinyproxy": ("http", "P_TINYPROXY", ""),
    "tinyproxy-login": ("http", "P_TINYPROXY_AUTH", LOGIN),
    "squid": ("http", "P_SQUID", ""),
    "squid-login": ("http", "P_SQUID_AUTH", LOGIN),
    "squid-tls": ("https", "P_SQUID_TLS", "ca: {file: CA}"),
}
WITH_LOGIN = [name for name in PROXIES if name.endswith("-login")]
WAYS = (("P_SMTP", "starttls"), ("P_SMTPS", "implicit"))


def proxy(lab: Lab, name: str, more: str = "", host: str = "127.0.0.1") -> str:
    kind, port, rest = PROXIES[name]
    host = "localhost" if kind == "https" else host
    keys = ", ".join(key for key in (f"type: {kind}, host: {host}, port: {lab.port(port)}", rest, more) if key)
    return f"{{{keys}}}".replace("CA", f'"{lab.ca_file}"')


def run(
    lab: Lab,
    proxy: str,
    steps: str,
    *,
    port: str = "P_SMTP",
    mode: str = "starttls",
    host: str = "localhost",
    folder=None,
) -> tuple[RunRecord, Listen]:
    tls = f'{{mode: {mode}, ca: {{file: "{lab.ca_file}"}}}}'
    number = lab.facts.get(port, port)
    server = f"server: {{host: '{host}', port: {number}, tls: {tls}, proxy: {proxy}, timeout: {{connect: 20}}}}\n"
    return run_text(f"{server}{steps}\n", folder=folder)


@pytest.fixture
def folder(tmp_path):
    """Where the job lies, with the password for the proxies."""
    (tmp_path / "password").write_text("proxypass\n")
    (tmp_path / "password").chmod(0o600)
    return tmp_path


@pytest.mark.parametrize("name", PROXIES)
def test_a_message_goes_through_each_proxy_in_tls(lab: Lab, box_name: str, folder, name: str) -> None:
    box = lab.mailbox(box_name)
    mail = f"messages: {{m: {{from: a@lab.test, to: {box.address}, subject: through {name}, text: hello}}}}"
    steps = f"{mail}\nsteps: [{{connect: true, id: c}}, {{send: m}}, {{disconnect: true}}]"
    for number, (port, mode) in enumerate(WAYS, 1):
        record, listen = run(lab, proxy(lab, name), steps, port=port, mode=mode, folder=folder)
        assert record.exit_status == 0, record.as_dict()
        connection = record.steps[0].result["connection"]
        url = f"{PROXIES[name][0]}://{'localhost' if name == 'squid-tls' else '127.0.0.1'}:{lab.port(PROXIES[name][1])}"
        assert (connection["host"], connection["port"], connection["proxy"]) == ("localhost", lab.port(port), url)
        assert record.steps[0].result["tls"]["peer"]["subject"] == "CN=localhost, O=Mail Lab"
        told = [(event.event, event.description) for event in listen.of(ConnectionStatus)]  # type: ignore[attr-defined]
        assert told[0] == ("proxy connected", url)
        assert told[-2:] == [("disconnected", ""), ("proxy disconnected", url)]
        assert len(box.wait(number)) == number
    assert all(f"Subject: through {name}".encode() in mail.raw for mail in box.mails())
    assert "proxypass" not in str(record.as_dict()) + str([stamped.event for stamped in listen.heard])


@pytest.mark.parametrize("name", WITH_LOGIN)
@pytest.mark.parametrize("given", [True, False], ids=["wrong", "none"])
def test_a_login_that_is_wrong_or_missing_has_the_proxy_s_words(lab: Lab, folder, name: str, given: bool) -> None:
    (folder / "password").write_text("wrong-hunter2\n")
    text = proxy(lab, name)
    record, _ = run(lab, text if given else text.replace(f", {LOGIN}", ""), "steps: [connect: true]", folder=folder)
    error = record.steps[0].error
    assert error is not None
    assert (error.name, error.code, error.stage, record.exit_status) == ("ProxyError", 118, "proxy", 77)
    assert (error.host, error.port, error.address) == ("127.0.0.1", lab.port(PROXIES[name][1]), "127.0.0.1")
    assert ("refused the login" if given else "wants a login") in error.message
    assert "hunter2" not in str(record.as_dict())


NOBODY_THERE = {
    "dante-socks5": "connection refused (SOCKS5 reply 5)",
    "dante-socks4": "request rejected or failed (SOCKS4 reply 91)",
    "microsocks": "connection refused (SOCKS5 reply 5)",
    "ssh-socks5": "the proxy closed the connection",
    "tinyproxy": "500 Unable to connect",
    "squid": "503 Service Unavailable (ERR_CONNECT_FAIL 111)",
}


@pytest.mark.parametrize("name", NOBODY_THERE)
def test_a_server_that_the_proxy_cannot_reach(lab: Lab, name: str) -> None:
    record, _ = run(lab, proxy(lab, name), "steps: [connect: true]", port="2999", mode="none")
    error = record.steps[0].error
    assert error is not None
    assert (error.name, error.stage, error.temporary, record.exit_status) == ("ProxyError", "proxy", True, 75)
    assert NOBODY_THERE[name] in error.message


def test_a_port_that_the_proxy_forbids(lab: Lab) -> None:
    record, _ = run(lab, proxy(lab, "squid"), "steps: [connect: true]", port="25", mode="none")
    error = record.steps[0].error
    assert error is not None
    assert (error.name, record.exit_status, error.temporary) == ("ProxyError", 69, False)
    assert "403 Forbidden" in error.message
    assert "few ports" in str(error.hint)


@pytest.mark.parametrize("name", ["dante-socks5", "microsocks", "ssh-socks4a", "tinyproxy", "squid"])
@pytest.mark.parametrize("resolve", ["remote", "local"])
def test_either_side_may_look_the_name_up(lab: Lab, name: str, resolve: str) -> None:
    record, _ = run(lab, proxy(lab, name, f"resolve: {resolve}"), "steps: [connect: true]")
    assert record.exit_status == 0, record.as_dict()
    assert record.steps[0].result["connection"]["address"] == ("localhost" if resolve == "remote" else "127.0.0.1")


def test_a_star_leaves_the_name_to_the_proxy(lab: Lab) -> None:
    record, _ = run(lab, proxy(lab, "dante-socks5"), "steps: [connect: true]", host="*localhost")
    assert record.exit_status == 0, record.as_dict()
    connection = record.steps[0].result["connection"]
    assert (connection["host"], connection["address"]) == ("localhost", "localhost")


def test_ipv6_goes_through_socks5(lab: Lab) -> None:
    record, _ = run(lab, proxy(lab, "dante-socks5"), "steps: [connect: true]", host="::1")
    assert record.exit_status == 0, record.as_dict()


def test_the_proxy_s_own_certificate_is_looked_at(lab: Lab) -> None:
    text = proxy(lab, "squid-tls").replace(f'ca: {{file: "{lab.ca_file}"}}', "ca: system")
    record, _ = run(lab, text, "steps: [connect: true]")
    error = record.steps[0].error
    assert error is not None
    assert (error.name, error.stage, record.exit_status) == ("VerifyError", "proxy", 77)
    assert error.port == lab.port("P_SQUID_TLS")
    assert "TLS to the proxy: " in error.message
    assert "the proxy's certificate is refused" in error.message
    assert "proxy.ca" in str(error.hint)
    assert "tls." not in str(error.hint), "what a server's TLS may be told, a proxy's may not"


def test_plain_http_to_a_tls_proxy_and_the_other_way_round(lab: Lab) -> None:
    port, tls_port = lab.port("P_SQUID"), lab.port("P_SQUID_TLS")
    for text, words, hint in (
        (f"http://localhost:{tls_port}", "the proxy", "type"),
        (f"https://localhost:{port}", "TLS to the proxy: the proxy speaks plain HTTP", "`type: http`"),
    ):
        record, _ = run(lab, text, "steps: [connect: true]")
        error = record.steps[0].error
        assert error is not None
        assert (error.stage, error.host) == ("proxy", "localhost")
        assert words in error.message
        assert hint in str(error.hint)


@pytest.mark.parametrize(
    ("variables", "through"),
    [
        ({"ALL_PROXY": "socks5h://127.0.0.1:{P_DANTE}"}, "socks5://127.0.0.1:{P_DANTE} (ALL_PROXY)"),
        ({"https_proxy": "http://proxyuser:proxypass@127.0.0.1:{P_TINYPROXY_AUTH}"},
         "http://127.0.0.1:{P_TINYPROXY_AUTH} (https_proxy)"),
        ({"ALL_PROXY": "socks5://127.0.0.1:1", "NO_PROXY": "x.example,localhost"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_auto_takes_it_from_the_environment(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], through: str | None
) -> None:
    for name in ("ALL_PROXY", "HTTPS_PROXY", "NO_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format_map(lab.facts))
    record, listen = run(lab, "auto", "steps: [connect: true]")
    assert record.exit_status == 0, record.as_dict()
    lines = [event.line for event in listen.of(Trace) if "proxy" in event.line]  # type: ignore[attr-defined]
    assert len(lines) == 1
    assert lines[0].startswith(f"proxy: {through.format_map(lab.facts)}" if through else "no proxy: ")
    assert "proxypass" not in str([stamped.event for stamped in listen.heard])


def test_a_batch_goes_through_a_proxy_over_several_connections(lab: Lab, box_name: str, folder) -> None:
    box = lab.mailbox(box_name)
    (folder / "n.csv").write_text("n\n" + "".join(f"{number}\n" for number in range(40)))
    steps = (
        f"data: {{n: {{csv: n.csv}}}}\nmessages: {{m: {{from: a@lab.test, to: '{box_name}+{{{{ row.n }}}}@lab.test', "
        "subject: x, text: x}}\nsteps: [{send: {message: m, for_each: n, again: true}}]"
    )
    record, _ = run(lab, proxy(lab, "microsocks-login"), steps, folder=folder)
    assert record.exit_status == 0, record.as_dict()
    assert record.steps[0].result["totals"]["accepted"] == 40
    assert len(box.wait(40)) == 40


class Counting:
    """A proxy that refuses each login, and counts them."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.logins = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                with sock:
                    self.logins += b"Proxy-Authorization: Basic " in sock.recv(4096)
                    sock.sendall(b"HTTP/1.1 407 no\r\n\r\n")

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def counting() -> Iterator[Counting]:
    server = Counting()
    yield server
    server.close()


def test_a_wrong_password_is_never_tried_twice(counting: Counting, folder) -> None:
    text = f"""
        server: {{host: relay.example, tls: none,
          proxy: {{type: http, host: 127.0.0.1, port: {counting.port}, {LOGIN}}}}}
        data: {{n: {{csv: n.csv}}}}
        messages: {{m: {{from: a@x.test, to: b@x.test, subject: s, text: t}}}}
        steps:
          - {{connect: true, retry: {{attempts: 3, delay: 0}}, continue_on_error: true}}
          - {{send: m, retry: {{attempts: 3, delay: 0}}, continue_on_error: true}}
          - send: {{message: m, for_each: n, again: true}}
            retry: {{attempts: 3, delay: 0}}
            continue_on_error: true
    """
    (folder / "n.csv").write_text("n\n1\n2\n3\n")
    record, _ = run_text(text, folder=folder)
    assert [step.error.name for step in record.steps if step.error] == ["ProxyError"] * 3
    assert counting.logins == 1
