"""The one room that renders: rows and templates become letters. It renders and admits; it decides nothing else."""

from mailjobs.prepare.check import check_job
from mailjobs.prepare.check_batch import cautions
from mailjobs.prepare.choice import Choice
from mailjobs.prepare.found import Found
from mailjobs.prepare.letter import Letter
from mailjobs.prepare.preflight import Preflight, preflight
from mailjobs.prepare.preparation import Preparation, RunFacts

__all__ = ["Choice", "Found", "Letter", "Preflight", "Preparation", "RunFacts", "cautions", "check_job", "preflight"]
