"""A job becomes a record of what happened: steps in order, over sessions kept by server name."""

from mailjobs.run.record import RunRecord, StepRecord
from mailjobs.run.runner import Options, run_job

__all__ = ["Options", "RunRecord", "StepRecord", "run_job"]
