"""Each example against real servers: Postfix, and Exim and Sendmail where a list can be expanded."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.examples.running import EXAMPLES, body, parsed, run
from tests.fixtures.lab import Lab
from tests.fixtures.tokens import TokenEndpoint


def test_ci_notification_arrives(lab: Lab, box_name: str):
    box = lab.mailbox(box_name)
    run(EXAMPLES / "ci-notification" / "job.yaml", lab.port("P_SMTP"), NOTIFY=box.address, BUILD_RESULT="failed")
    message = parsed(box.wait()[0].as_sent())
    assert message["subject"] == "website build 482 failed on main"
    assert message["to"] == f"Website team <{box.address}>"
    assert "Please look at it" in body(message)


def test_batch_from_csv_arrives_for_each_row(lab: Lab, box_name: str, tmp_path: Path):
    box = lab.mailbox(box_name)
    folder = shutil.copytree(EXAMPLES / "batch-from-csv", tmp_path / "batch")
    rows = folder / "customers.csv"
    text = rows.read_text(encoding="utf-8")
    for name in ("ada", "juergen", "grace"):
        text = text.replace(f",{name}@example.com,", f",{box_name}+{name}@lab.test,")
    rows.write_text(text, encoding="utf-8")
    report = run(folder / "job.yaml", lab.port("P_SMTP"))
    assert report["steps"][0]["result"]["totals"]["accepted"] == 3
    messages = [parsed(mail.as_sent()) for mail in box.wait(3)]
    assert sorted(message["subject"] for message in messages) == [
        f"Invoice 2026-03{number} for March 2026" for number in (1, 2, 3)
    ]
    names = {message["to"].addresses[0].display_name for message in messages}
    assert names == {"Ada Lovelace", "Grünwald, Jürgen", "Grace Hopper"}


def test_config_as_code_jobs_arrive(lab: Lab, box_name: str):
    box = lab.mailbox(box_name)
    people = {"NOTIFY": box.address, "RELEASE_MANAGER": f"{box_name}+manager@lab.test"}
    for name in ("nightly", "release"):
        run(EXAMPLES / "config-as-code" / f"{name}.yaml", lab.port("P_SMTP"), **people)
    senders = sorted(parsed(mail.as_sent())["from"] for mail in box.wait(3))
    nightly, release = "Operations <operations@example.com>", "Releases <releases@example.com>"
    assert senders == [nightly, release, release]


@pytest.mark.parametrize(
    ("url", "shown"),
    [("socks5h://127.0.0.1:{P_DANTE}", "socks5"), ("http://proxyuser:proxypass@127.0.0.1:{P_SQUID_AUTH}", "http")],
)
def test_behind_a_proxy_goes_through_it(lab: Lab, box_name: str, url: str, shown: str):
    box = lab.mailbox(box_name)
    variables = {"NOTIFY": box.address, "ALL_PROXY": url.format_map(lab.facts)}
    report = run(EXAMPLES / "behind-a-proxy" / "job.yaml", lab.port("P_SMTP"), **variables)
    assert str(report["steps"][0]["result"]["connection"]["proxy"]).startswith(f"{shown}://127.0.0.1:")
    assert parsed(box.wait()[0].as_sent())["subject"] == "The nightly report"


def test_relay_check_of_postfix(lab: Lab):
    report = run(EXAMPLES / "relay-check" / "job.yaml", lab.port("P_SMTP"), POSTMASTER="postmaster@lab.test")
    assert [step["status"] for step in report["steps"]] == ["ok", "ok", "skipped", "ok", "ok"]
    assert report["steps"][1]["result"]["status"] == "cannot-vrfy"


@pytest.mark.parametrize("port", ["P_EXIM", "P_SENDMAIL"])
def test_relay_check_expands_the_list_where_the_server_tells(lab: Lab, port: str):
    people = {"POSTMASTER": "postmaster@lab.test", "MAIL_LIST": "team"}
    report = run(EXAMPLES / "relay-check" / "job.yaml", lab.port(port), **people)
    assert [step["status"] for step in report["steps"]] == ["ok"] * 5
    members = {member["address"].partition("@")[0] for member in report["steps"][2]["result"]["members"]}
    assert members == {"alice", "bob", "carol"}
    assert [step["result"]["reply"]["code"] for step in report["steps"][3:]] == [250, 221]


def test_access_token_sends_with_a_token(
    lab: Lab, box_name: str, tmp_path: Path, token_endpoint: Callable[..., TokenEndpoint]
):
    box, endpoint = lab.mailbox(box_name), token_endpoint()
    server = {
        "host": "localhost",
        "port": lab.port("P_SUBMISSION"),
        "tls": {"ca": {"file": str(lab.ca_file)}},
        "auth": {"oauth2": {"token_url": endpoint.url}},
    }
    job = tmp_path / "job.yaml"
    base = str(EXAMPLES / "access-token" / "job.yaml")
    job.write_text(json.dumps({"version": 1, "extends": base, "server": server}))
    variables = {
        "MAILBOX": "alice@lab.test",
        "CLIENT_ID": "mailjobs",
        "CLIENT_SECRET": "mailjobs-secret",
        "REFRESH_TOKEN": "lab-refresh-alice",
        "NOTIFY": box.address,
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    for _ in range(2):
        run(job, lab.port("P_SUBMISSION"), **variables)
    assert b"Authenticated sender: alice" in box.wait(2)[0].raw
    assert len(endpoint.requests) == 1
    assert endpoint.requests[0].form["scope"] == "https://mail.google.com/"
