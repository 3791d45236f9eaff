"""Data sources: rows, streamed, never held whole."""

from mailjobs.rows.row import Row
from mailjobs.rows.table import SOURCES, columns, open_rows

__all__ = ["SOURCES", "Row", "columns", "open_rows"]
