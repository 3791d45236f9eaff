"""The open conversations of a run, one for each server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mailjobs.errors import ExitStatus, Interrupted, JobError, ProxyError
from mailjobs.events import Publish
from mailjobs.model import Auth, Job, Proxy, Queue, Server, Step
from mailjobs.net import Until
from mailjobs.secret import Secret
from mailjobs.session import Conversation, open_conversation
from mailjobs.smtp import Reply

if TYPE_CHECKING:
    from mailjobs.net.paced import Pace


def server_of(job: Job, name: str | None) -> Server:
    """The server of that name; without a name, the only one. Raises JobError 163."""
    if name is None and len(job.servers) == 1:
        return next(iter(job.servers.values()))
    if name is None or name not in job.servers:
        raise JobError("this step needs a server, and the job names none", code=163)
    return job.servers[name]


def secrets_of(auth: Auth) -> list[Secret]:
    """What has to be there before anybody can log in."""
    found = [auth.password, auth.token, *(auth.oauth2.secrets if auth.oauth2 else ())]
    return [secret for secret in found if secret is not None]


def _check_proxy(proxy: Proxy) -> None:
    for secret in (proxy.password, *(value for _, value in proxy.headers)):
        if secret is not None:
            secret.reveal()
    if proxy.type == "https":
        from mailjobs.model import Tls
        from mailjobs.net.trust import check_trust

        check_trust(Tls(ca=proxy.ca))


def destination_of(job: Job, step: Step) -> Server | str:
    """Where the messages of a step go: its server, or the directory that it queues into, from the job's own folder.

    Raises JobError 163.
    """
    if isinstance(step.action, Queue):
        home = job.files[0].parent if job.files else os.curdir
        return f"the queue {os.path.relpath(step.action.dir or os.curdir, home)}"
    return server_of(job, step.server)


class RunSessions:
    """Opens a conversation when it is first asked for and keeps it; `until` bounds what the present step may take."""

    def __init__(self, job: Job, publish: Publish) -> None:
        self._job = job
        self._publish = publish
        self._open: dict[str, Conversation] = {}
        self._paces: dict[str, Pace] = {}
        self._processes = 1
        self._turned_away: dict[str, ProxyError] = {}
        self.until: Until | None = None

    def server(self, name: str | None) -> Server:
        """See `server_of`."""
        return server_of(self._job, name)

    def name(self, server: str | None) -> str:
        """What the server of a step is called. Raises JobError 163."""
        return self.server(server).name

    def check(self, names: set[str | None]) -> None:
        """See to it that secrets and certificates of these servers can be had. Raises SecretError, CertificateError."""
        for name in names:
            server = self.server(name)
            if server.tls.mode != "none":
                from mailjobs.net.trust import check_trust

                check_trust(server.tls)
            if server.auth is not None:
                for secret in secrets_of(server.auth):
                    secret.reveal()
            if server.proxy is not None:
                _check_proxy(server.proxy)

    def start_step(self, until: Until | None) -> None:
        """What is open from before counts as used: it may have gone stale."""
        self.until = until
        for conversation in self._open.values():
            conversation.used = True

    def has_time(self, seconds: float) -> bool:
        """Whether so many seconds may pass before the present step has to be over."""
        return self.until is None or seconds < self.until.left

    def get(self, server: str | None) -> Conversation:
        """The conversation in hand, or a new one."""
        model = self.server(server)
        self.drop_broken()
        conversation = self._open.get(model.name)
        if conversation is None:
            conversation = self._dial(model, self._publish)
            self._open[model.name] = conversation
        conversation.until = self.until
        return conversation

    def another(self, server: str | None, publish: Publish) -> Conversation:
        """A new conversation, which is the caller's to end."""
        model = self.server(server)
        return self._dial(model, publish)

    def share(self, processes: int) -> None:
        """Each of so many processes has its part of `max_transfer_rate`."""
        self._processes = processes
        self._paces.clear()

    def _dial(self, server: Server, publish: Publish) -> Conversation:
        if server.name in self._turned_away:
            raise self._turned_away[server.name]
        try:
            return open_conversation(server, publish.bind(server=server.name), self.until, self._pace(server))
        except ProxyError as error:
            if error.exit_status is ExitStatus.NOPERM:  # a wrong password is said once, or the proxy may lock us out
                self._turned_away[server.name] = error
            raise

    def _pace(self, server: Server) -> Pace | None:
        if not server.max_transfer_rate:
            return None
        from mailjobs.net.paced import Pace

        return self._paces.setdefault(server.name, Pace(server.max_transfer_rate / self._processes))

    def quit(self, server: str | None) -> Reply | None:
        """QUIT to this server, where a conversation is open; its reply is waited for as any other."""
        conversation = self._open.pop(self.server(server).name, None)
        return conversation.quit(None) if conversation is not None else None

    def drop_broken(self) -> None:
        """Close what cannot be used any more."""
        for name, conversation in list(self._open.items()):
            if not conversation.usable:
                conversation.close()
                del self._open[name]

    def close(self, abort: bool = False) -> None:
        """QUIT everywhere; with `abort`, close at once. Nothing is left open, even where it raises Interrupted."""
        try:
            while self._open:
                _, conversation = self._open.popitem()
                conversation.until = None
                conversation.close() if abort else conversation.quit()
        except Interrupted:
            self.close(abort=True)
            raise
