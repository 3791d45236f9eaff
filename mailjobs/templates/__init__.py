"""Templates: Jinja in a sandbox with bounds, errors that name the variable and the line, and a list of what is used."""

from mailjobs.templates.filters import AddressList
from mailjobs.templates.holes import Holes
from mailjobs.templates.references import Reference
from mailjobs.templates.rendering import Expression, HoleRendering, Rendering
from mailjobs.templates.row_scope import RowScope, row_scope
from mailjobs.templates.store import Templates

__all__ = [
    "AddressList",
    "Expression",
    "HoleRendering",
    "Holes",
    "Reference",
    "Rendering",
    "RowScope",
    "Templates",
    "row_scope",
]
