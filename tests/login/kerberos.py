"""The laboratory's realm as one test sees it: a krb5.conf, keytabs and caches of its own."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.fixtures.lab import Lab

CONF = """
[libdefaults]
 default_realm = {realm}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 qualify_shortname = ""
 udp_preference_limit = 1
 forwardable = true
 kdc_timesync = 0
 default_ccache_name = FILE:{folder}/usual
 default_client_keytab_name = FILE:{folder}/none
[realms]
 LAB.TEST = {{
  kdc = 127.0.0.1:{kdc}
 }}
 GONE.TEST = {{
  kdc = 127.0.0.1:9
 }}
[domain_realm]
 localhost = LAB.TEST
"""


@dataclass(frozen=True)
class Realm:
    """`conf` is what KRB5_CONFIG names."""

    lab: Lab
    folder: Path

    @property
    def conf(self) -> Path:
        return self.folder / "krb5.conf"

    @property
    def keytab(self) -> str:
        """Alice's."""
        return str(self.lab.directory / "krb5" / "alice.keytab")

    @property
    def server_keytab(self) -> str:
        return f"FILE:{self.lab.directory / 'krb5' / 'dovecot.keytab'}"

    def write(self, realm: str = "LAB.TEST") -> None:
        text = CONF.format(realm=realm, folder=self.folder, kdc=self.lab.port("P_KDC"))
        self.conf.write_text(text)

    def cache(self, name: str = "cache") -> str:
        """A credential cache with a ticket of Alice's."""
        path = self.folder / name
        environment = {**os.environ, "KRB5_CONFIG": str(self.conf)}
        kinit = ["kinit", "-c", f"FILE:{path}", "-k", "-t", self.keytab, "alice"]
        subprocess.run(kinit, env=environment, check=True, capture_output=True, timeout=30)
        return str(path)
