"""The one room that renders: rows and templates become letters. It renders and admits; it decides nothing else."""

from mailjobs.prepare.check import check_job
from mailjobs.prepare.letter import Letter
from mailjobs.prepare.preparation import Preparation, RunFacts

__all__ = ["Letter", "Preparation", "RunFacts", "check_job"]
