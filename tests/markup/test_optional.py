"""What needs an optional package says which, and how to have it; what needs none does without."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mailjobs.errors import SetupError
from mailjobs.markup import css, html_to_text, inline_css


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*sys.modules]:
        if name.partition(".")[0] in ("css_inline", "inscriptis"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "css_inline", None)
    monkeypatch.setitem(sys.modules, "inscriptis", None)
    css._inliner.cache_clear()


@pytest.mark.usefixtures("absent")
@pytest.mark.parametrize(("make", "package"), [(html_to_text, "inscriptis"), (inline_css, "css-inline")])
def test_an_absent_package(make, package: str) -> None:
    with pytest.raises(SetupError) as caught:
        make("<p>a")
    assert str(caught.value).endswith(f"needs {package} (pip install 'mailjobs[html]')")
    assert caught.value.exit_status == 78


def test_the_room_is_imported_without_them() -> None:
    program = (
        "import sys, mailjobs.markup as m; m.references('<img src=a>')\n"
        "print([n for n in ('css_inline', 'inscriptis', 'lxml', 'markdown_it') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
