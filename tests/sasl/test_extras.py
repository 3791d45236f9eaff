"""Mechanisms whose packages are not installed."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import textwrap
from typing import Any

import pytest

from mailjobs.errors import SetupError
from mailjobs.job import load_job
from mailjobs.sasl import MECHANISMS
from tests.sasl.asking import me

EXTRAS = [("ntlm", "spnego", "ntlm"), ("gssapi", "gssapi", "kerberos")]
JOB = """
    version: 1
    server: {{host: a, auth: {{mechanism: {mechanism}, username: u, password: p}}}}
    steps: [connect: true]
"""


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Take a package away."""

    def take(package: str) -> None:
        there = importlib.util.find_spec
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else there(name))
        monkeypatch.setitem(sys.modules, package, None)

    return take


@pytest.mark.parametrize(("mechanism", "package", "extra"), EXTRAS)
def test_a_job_says_what_is_missing_before_it_runs(without: Any, mechanism: str, package: str, extra: str) -> None:
    without(package)
    text = textwrap.dedent(JOB.format(mechanism=mechanism))
    with pytest.raises(SetupError, match="needs an optional package") as caught:
        load_job("job.yaml", text=text)
    assert caught.value.exit_status == 78
    assert f"mailjobs[{extra}]" in str(caught.value)
    load_job("job.yaml", text=text.replace(mechanism, "scram-sha-256"))


@pytest.mark.parametrize(("mechanism", "package", "extra"), EXTRAS)
def test_a_mechanism_that_auto_came_to_says_so_too(without: Any, mechanism: str, package: str, extra: str) -> None:
    without(package)
    with pytest.raises(SetupError) as caught:
        MECHANISMS[mechanism.upper()](me()).initial()
    assert f"mailjobs[{extra}]" in str(caught.value.hint)


@pytest.mark.parametrize("package", ["spnego", "gssapi", "OpenSSL"])
def test_other_mechanisms_import_none_of_them(package: str) -> None:
    code = f"import mailjobs.sasl, sys; sys.exit({package!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
