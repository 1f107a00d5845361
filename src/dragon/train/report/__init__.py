"""What a run was: one page of HTML with its curves, samples, speed and settings."""

from dragon.train.report.page import write_report
from dragon.train.report.runs import Run, read_run

__all__ = ["Run", "read_run", "write_report"]
