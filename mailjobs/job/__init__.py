"""YAML -> a checked job. Everything that is wrong is found before anything is done, and shown at once.

The way of a job: `files` and `loader` (text -> tree, within bounds), `expand` (short forms -> full), `merge`
(`extends`), `settings` (`--set`, `--var`), `variables` (`vars`, and templates in servers and data), `merge` again
(`defaults`), `validate` and `explain` (the schema), `build` (the model, references, files).
"""

from mailjobs.job.load import Loaded, load_job
from mailjobs.job.schema import read_schema, schema_path, schema_text

__all__ = ["Loaded", "load_job", "read_schema", "schema_path", "schema_text"]
