"""What a run was made of, as text, for those who ask later how it changed: `parts.json`, beside `run.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mailjobs import __version__
from mailjobs.errors import OutputError
from mailjobs.frozen import frozen
from mailjobs.ledger.durable import replace_file

NAME: Final = "parts.json"


@frozen
class KeptParts:
    """The text of each part, by its name in the run's fingerprint; `mailjobs` is the version that kept them."""

    mailjobs: str
    texts: Mapping[str, str]


def write_parts(folder: Path, texts: Mapping[str, str]) -> None:
    """Keep the texts in the folder of a run, durably. Raises OutputError."""
    told = {"version": 1, "mailjobs": __version__, "texts": dict(texts)}
    replace_file(folder / NAME, json.dumps(told, indent=1) + "\n")


def read_parts(folder: Path) -> KeptParts | None:
    """What was kept; None where nothing was, or it cannot be read as what it should be. Raises OutputError."""
    path = folder / NAME
    try:
        found = json.loads(path.read_bytes())
        texts = {str(name): str(text) for name, text in found["texts"].items()}
        return KeptParts(str(found["mailjobs"]), texts)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None  # nothing but the comparison is made of it
