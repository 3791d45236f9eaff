"""A job that logs in at a server of the laboratory and sends a message that is thrown away, or says who was refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mailjobs.errors import MailjobsError
from mailjobs.run import RunRecord
from tests.fixtures.lab import Lab
from tests.fixtures.running import run_text
from tests.login.server_logs import dovecot_login, exim_login, postfix_login


@dataclass(frozen=True)
class Entry:
    """What became of it. `method` and `user` are what the server has in its log."""

    record: RunRecord
    method: str = ""
    user: str = ""
    authenticated_as: str = ""

    @property
    def error(self) -> MailjobsError:
        found = self.record.steps[0].error
        assert found is not None, self.record.as_dict()
        return found


def job(
    lab: Lab, port: str, auth: dict[str, Any], tls: str = "starttls", certificate: str | None = None
) -> dict[str, Any]:
    """`certificate` names the client certificate that is shown."""
    server: dict[str, Any] = {"host": "localhost", "port": lab.port(port), "auth": auth}
    server["tls"] = "none" if tls == "none" else {"mode": tls, "ca": {"file": str(lab.ca_file)}}
    if certificate is not None:
        base = str(lab.directory / "ca" / "client" / certificate)
        server["tls"]["certificate"] = {"file": f"{base}.crt", "key": {"file": f"{base}.key"}}
    # Exim has no such domain: it keeps the mail for carol
    to = "carol@lab.test" if port.startswith("P_EXIM") else "nobody@discard.test"
    message = {"from": "bob@lab.test", "to": to, "subject": "login", "text": "hi"}
    return {"server": server, "messages": {"m": message}, "steps": [{"id": "relay", "connect": True}, {"send": "m"}]}


def enter(
    lab: Lab,
    port: str,
    auth: dict[str, Any],
    tls: str = "starttls",
    folder: Path | None = None,
    certificate: str | None = None,
) -> Entry:
    """Run the job; after a login, see what the server wrote down of it."""
    record, _ = run_text(yaml.safe_dump(job(lab, port, auth, tls, certificate)), folder=folder)
    if record.exit_status:
        return Entry(record)
    relay, sent = (step.result for step in record.steps)
    reply = sent["recipients"][0]["reply"]["text"]
    if port.startswith("P_EXIM"):
        method, user = exim_login(lab, reply)
    elif port.startswith("P_DSUB"):
        method, user = dovecot_login(lab, relay["connection"]["local_port"])
    else:
        method, user = postfix_login(lab, reply)
    return Entry(record, method, user, relay["authenticated_as"])
