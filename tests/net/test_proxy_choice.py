"""Which proxy is taken: the environment's, none, or the job's own."""

from __future__ import annotations

import os
import urllib.request

import pytest

from mailjobs.errors import MailjobsError, ProxyError, SetupError
from mailjobs.events import Publish, Trace
from mailjobs.model import Proxy, Server, Tls
from mailjobs.net.proxy.environment import find
from mailjobs.net.proxy.route import reach_through
from mailjobs.secret import Secret
from tests.fixtures.sink import free_port
from tests.net.peers import Listen, Peers

AUTO = Proxy("auto")
NAMES = ("ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"ALL_PROXY": "socks5://p:1081"}, ("socks5", "p", 1081, "local", "ALL_PROXY")),
        ({"ALL_PROXY": "socks5h://p"}, ("socks5", "p", 0, "remote", "ALL_PROXY")),
        ({"all_proxy": "socks://p"}, ("socks5", "p", 0, "remote", "all_proxy")),
        ({"https_proxy": "p:3128"}, ("http", "p", 3128, "remote", "https_proxy")),
        ({"HTTPS_PROXY": "https://[::1]:3128/", "HTTP_PROXY": "x"}, ("https", "::1", 3128, "remote", "HTTPS_PROXY")),
        ({"HTTPS_PROXY": "http://one", "ALL_PROXY": "socks4://two"}, ("socks4", "two", 0, "local", "ALL_PROXY")),
        ({"ALL_PROXY": "", "HTTPS_PROXY": "http://one"}, ("http", "one", 0, "remote", "HTTPS_PROXY")),
    ],
)
def test_variables_name_a_proxy(variables: dict[str, str], expected: tuple[object, ...]) -> None:
    proxy, origin, exceptions = find(AUTO, variables)
    assert proxy is not None
    assert (proxy.type, proxy.host, proxy.port, proxy.resolve, origin) == expected
    assert exceptions == ()


def test_http_proxy_is_for_the_web_alone() -> None:
    assert find(AUTO, {"HTTP_PROXY": "http://p", "http_proxy": "http://p"}).proxy is None


def test_a_login_of_the_environment_is_a_secret() -> None:
    proxy = find(AUTO, {"ALL_PROXY": "http://c%40i:hunter%3A2@p"}).proxy
    assert proxy is not None
    assert proxy.password is not None
    assert (proxy.username, proxy.password.reveal(), str(proxy.password)) == ("c@i", "hunter:2", "***")


def test_what_the_job_says_besides_stays() -> None:
    job = Proxy("auto", headers=(("X", Secret.literal("y")),), bypass=("a",), resolve="remote")
    proxy = find(job, {"ALL_PROXY": "socks5://p"}).proxy
    assert proxy is not None
    assert (proxy.headers, proxy.bypass, proxy.resolve) == (job.headers, ("a",), "remote")


@pytest.mark.parametrize(
    "text",
    [
        "ftp://p",
        "http://",
        "http://u:hunter2@p:99999",
        "http://u:hunter2@p/x",
        "http://u:hun#ter2@p",
        "http://u:hunter2\udcff@p",
        "socks9://p",
    ],
)
def test_a_variable_that_is_no_proxy_is_told_without_what_it_holds(text: str) -> None:
    with pytest.raises(SetupError, match="ALL_PROXY: ") as caught:
        find(AUTO, {"ALL_PROXY": text})
    assert "hunter2" not in str(caught.value)
    assert caught.value.exit_status == 78
    assert ("%23" in str(caught.value.hint)) == ("@" in text)


@pytest.mark.parametrize("text", ["a.example,.b, 10.0.0.0/8", "a.example;.b 10.0.0.0/8"])
def test_no_proxy_is_parted_in_every_way(text: str) -> None:
    assert find(AUTO, {"no_proxy": text}).exceptions == ("a.example", ".b", "10.0.0.0/8")


def test_the_system_s_settings_come_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib.request, "getproxies", lambda: {"http": "http://web", "https": "http://system:8080"})
    proxy, origin, _ = find(AUTO)
    assert proxy is not None
    assert (proxy.host, proxy.port, origin) == ("system", 8080, "the system's settings")
    monkeypatch.setenv("ALL_PROXY", "socks5://own")
    assert find(AUTO).origin == "ALL_PROXY"


def reach(peers: Peers, proxy: Proxy, host: str = "localhost") -> tuple[str | None, list[str]]:
    """Through which proxy a server on loopback is reached, and what the trace says of that."""
    listen = Listen()
    server = Server(host, peers.serve(lambda sock: sock.recv(1)), tls=Tls(mode="none"), proxy=proxy)
    stream = reach_through(server, proxy, Publish([listen]), None)
    stream.close()
    return stream.peer.proxy, [event.line for event in listen.heard if isinstance(event, Trace)]


@pytest.mark.parametrize(
    ("proxy", "variables", "why"),
    [
        (AUTO, {}, "neither the environment nor the system names one"),
        (Proxy("socks5", "127.0.0.1", 1, bypass=("localhost",)), {}, "localhost is in `bypass`"),
        (Proxy("auto", bypass=("127.0.0.0/8", "localhost")), {"ALL_PROXY": "http://127.0.0.1:1"}, "is in `bypass`"),
        (AUTO, {"ALL_PROXY": "http://127.0.0.1:1", "NO_PROXY": "x, localhost"}, "localhost is in NO_PROXY"),
        (AUTO, {"ALL_PROXY": "http://127.0.0.1:1", "no_proxy": "*"}, "localhost is in NO_PROXY"),
    ],
)
def test_some_servers_are_gone_to_directly(
    peers: Peers, monkeypatch: pytest.MonkeyPatch, proxy: Proxy, variables: dict[str, str], why: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    used, (line,) = reach(peers, proxy)
    assert used is None
    assert line.startswith("no proxy: ")
    assert line.endswith(why)


def test_the_environment_is_not_read_unless_the_job_says_so(peers: Peers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "*")
    port = free_port()
    with pytest.raises(MailjobsError) as caught:
        reach(peers, Proxy("http", "127.0.0.1", port))
    assert (caught.value.stage, caught.value.port) == ("proxy", port)


@pytest.fixture
def peers() -> Peers:
    return Peers()


def test_the_proxy_that_was_found_is_in_the_trace_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    port, listen = free_port(), Listen()
    monkeypatch.setenv("ALL_PROXY", f"http://u:hunter2@127.0.0.1:{port}")
    server = Server("relay.example", 25, proxy=AUTO)
    with pytest.raises(MailjobsError) as caught:
        reach_through(server, AUTO, Publish([listen]), None)
    assert listen.heard == [Trace("info", f"proxy: http://127.0.0.1:{port} (ALL_PROXY)")]
    assert "hunter2" not in str(caught.value)
    assert caught.value.hint == "this is the proxy: check ALL_PROXY"


def test_a_star_needs_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    starred = Proxy("auto", resolve="remote", needed=True)
    server = Server("relay.internal", 25, proxy=starred)
    with pytest.raises(ProxyError, match=r"no proxy is there to look up relay\.internal"):
        reach_through(server, starred, Publish(), None)
    assert "ALL_PROXY" not in os.environ
