"""Proxies and sockets in a job, in every form that they may have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mailjobs import model
from mailjobs.errors import UsageError
from mailjobs.job import load_job
from mailjobs.job.bypass import check_entry, goes_directly


def server(keys: str, settings: tuple[tuple[str, str], ...] = ()) -> model.Server:
    text = f"version: 1\nserver: {{host: relay.example.com, {keys}}}\nsteps: [connect: true]\n"
    if keys.startswith("server"):
        text = f"version: 1\n{keys}\nsteps: [connect: true]\n"
    return load_job("job.yaml", text=text, settings=settings).job.servers["server"]


def proxy(text: str) -> model.Proxy:
    found = server(f"proxy: {text}").proxy
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("auto", "{type: auto}"),
        ("true", "{type: auto}"),
        ("socks5://127.0.0.1:1080", "{type: socks5, host: 127.0.0.1, port: 1080}"),
        ("socks5h://p", "{type: socks5, host: p, resolve: remote}"),
        ("socks4a://ci@p", "{type: socks4a, host: p, username: ci}"),
        ("'http://[::1]:3128/'", "{type: http, host: '::1', port: 3128}"),
        ("https://proxy.example.com", "{type: https, host: proxy.example.com}"),
        ("'http://a%40b@p:8080'", "{type: http, host: p, port: 8080, username: a@b}"),
    ],
)
def test_short_forms_are_their_full_ones(short: str, full: str) -> None:
    one, other = proxy(short), proxy(full)
    names = ("type", "host", "port", "username", "resolve", "bypass", "headers", "ca")
    assert [getattr(one, name) for name in names] == [getattr(other, name) for name in names]


@pytest.mark.parametrize("text", ["none", "false", "{type: none}"])
def test_none_is_no_proxy(text: str) -> None:
    assert server(f"proxy: {text}").proxy is None


def test_a_proxy_with_everything() -> None:
    found = proxy(
        "{type: https, host: p, port: 8443, username: u, password: {env: P}, headers: {X-A: b, X-T: {env: T}},"
        " resolve: local, bypass: 'a.example; .internal;10.0.0.0/8', ca: system}"
    )
    assert (found.type, found.host, found.port, found.username, found.resolve) == ("https", "p", 8443, "u", "local")
    assert (str(found.password), found.password and found.password.origin) == ("***", "env P")
    assert [(name, value.origin, str(value)) for name, value in found.headers] == [
        ("X-A", "the job file", "***"), ("X-T", "env T", "***"),
    ]  # fmt: skip
    assert found.bypass == ("a.example", ".internal", "10.0.0.0/8")


@pytest.mark.parametrize("keys", ["server: 'smtp://*relay.internal'", "server: {host: '*relay.internal'}"])
def test_a_star_before_the_name_is_the_proxy_s_to_look_up(keys: str) -> None:
    text = keys if keys.endswith("}") else "server: {host: '*relay.internal'}"
    found = server(text.replace("}", ", proxy: 'socks5://p'}"))
    assert found.host == "relay.internal"
    assert found.proxy is not None
    assert (found.proxy.resolve, found.proxy.needed) == ("remote", True)


def test_templates_and_settings_reach_proxies_and_sockets() -> None:
    text = (
        "vars: {p: 'socks5://p:1081', n: 5}\nserver: {host: relay, proxy: '{{ vars.p }}', "
        "bind: {port: '{{ vars.n }}'}, socket: {send_buffer: '{{ vars.n }} kB', linger: '{{ vars.n }}'}}"
    )
    job = load_job("job.yaml", text=f"version: 1\n{text}\nsteps: [connect: true]\n").job.servers["server"]
    assert job.proxy is not None
    assert (job.proxy.port, job.bind.port, job.socket.send_buffer, job.socket.linger) == (1081, 5, 5000, 5)
    set_ones = (("server.proxy", "http://q"), ("server.socket.keepalive", "true"), ("server.rset", "never"))
    changed = server("port: 25", set_ones)
    assert changed.proxy is not None
    assert (changed.proxy.host, changed.socket.keepalive, changed.rset) == ("q", model.KeepAlive(), "never")


def test_a_file_may_do_without_the_proxy_of_its_base(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("version: 1\nserver: {host: relay, proxy: 'socks5://p:1080'}\n")
    (tmp_path / "job.yaml").write_text(
        "version: 1\nextends: base.yaml\nserver: {proxy: none}\nsteps: [connect: true]\n"
    )
    assert load_job(tmp_path / "job.yaml").job.servers["server"].proxy is None


def test_a_password_is_not_given_on_the_command_line() -> None:
    with pytest.raises(UsageError, match="a secret cannot be given"):
        server("proxy: 'http://p'", (("server.proxy.password", "hunter2"),))


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("socket: {}", model.Socket()),
        ("socket: {keepalive: true}", model.Socket(keepalive=model.KeepAlive())),
        ("socket: {keepalive: false, nodelay: false, linger: false}", model.Socket(nodelay=False, linger=False)),
        ("socket: {keepalive: {time: 1m, interval: 10}}", model.Socket(keepalive=model.KeepAlive(60, 10))),
        ("socket: {linger: 5s}", model.Socket(linger=5)),
        ("socket: {send_buffer: 64 KiB, receive_buffer: 1.5 MB}", model.Socket(None, True, True, 65536, 1_500_000)),
    ],
)
def test_options_of_a_socket(keys: str, expected: model.Socket) -> None:
    assert server(keys).socket == expected


def test_the_rest_of_a_connection() -> None:
    found = server("address_family: ipv6, bind: {host: '[::1]', port: 4000}, max_transfer_rate: 500 kB, rset: always")
    assert (found.address_family, found.bind, found.max_transfer_rate, found.rset) == (
        "ipv6", model.Bind("::1", 4000), 500_000, "always",
    )  # fmt: skip
    plain = server("port: 25")
    assert (plain.address_family, plain.bind, plain.max_transfer_rate, plain.rset, plain.proxy) == (
        "any", model.Bind(), 0, "after-failure", None,
    )  # fmt: skip


DIRECT: list[tuple[str, dict[str, bool]]] = [
    ("relay.example.com", {"relay.example.com": True, "RELAY.example.com.": True, "a.relay.example.com": False}),
    (".internal", {"a.internal": True, "b.a.internal": True, "internal": False, "xinternal": False}),
    ("*.internal", {"a.internal": True, "internal": False}),
    ("10.0.0.0/8", {"10.1.2.3": True, "11.0.0.1": False, "::ffff:10.1.2.3": True, "ten.example": False}),
    ("2001:db8::/32", {"2001:db8::1": True, "2001:db9::1": False, "10.0.0.1": False}),
    ("192.0.2.1", {"192.0.2.1": True, "192.0.2.2": False}),
    ("::1", {"::1": True, "0:0:0:0:0:0:0:1": True}),
    ("relay:25", {"relay": True}),
    ("relay:26", {"relay": False}),
    ("[::1]:25", {"::1": True}),
    ("[::1]:26", {"::1": False}),
    ("10.0.0.0/8:25", {"10.1.2.3": True}),
    ("*", {"any.example": True, "::1": True}),
    ("<local>", {"relay": True, "relay.example": False}),
]


@pytest.mark.parametrize(("entry", "hosts"), DIRECT)
def test_servers_that_are_gone_to_directly(entry: str, hosts: dict[str, bool]) -> None:
    assert check_entry(entry) is None
    assert {host: goes_directly(host, 25, ["other.example", entry]) for host in hosts} == hosts


def test_no_proxy_is_read_as_everybody_reads_it() -> None:
    entries = ["example.com", ".internal"]
    loosely = {host: goes_directly(host, 25, entries, loosely=True) for host in
               ("example.com", "a.example.com", "xexample.com", "internal", "a.internal")}  # fmt: skip
    assert [host for host, direct in loosely.items() if not direct] == ["xexample.com"]


def test_proxies_and_sockets_say_how_and_not_what() -> None:
    """A batch that goes on over another way is the same batch."""
    from mailjobs.prepare.fingerprint import _digest

    ways = ["port: 25", "port: 25, proxy: 'http://p'", "port: 25, rset: never, max_transfer_rate: 5, bind: {port: 5}"]
    assert len({_digest(server(way)) for way in ways}) == 1
    assert _digest(server("port: 26")) != _digest(server("port: 25"))


def test_documents_of_the_language_hold() -> None:
    """The server with everything, as far as it concerns connections."""
    keys: dict[str, Any] = yaml.safe_load(
        "{address_family: any, bind: {host: 192.0.2.7, port: 0}, max_transfer_rate: 0, rset: after-failure,"
        " socket: {keepalive: {time: 60, interval: 10}, nodelay: true, linger: true, send_buffer: 65536,"
        " receive_buffer: 65536}, proxy: {type: socks5, host: 127.0.0.1, port: 1080, username: u,"
        " password: {env: P}, resolve: remote, bypass: [10.0.0.0/8, .internal]}}"
    )
    found = server(str(keys)[1:-1].replace("'", '"').replace("True", "true"))
    assert found.socket == model.Socket(model.KeepAlive(60, 10), True, True, 65536, 65536)
