"""What two versions of a project differ in by meaning: layout, comments, spelling of a value and tests do not count."""

from campflow.checking.differences.difference import Difference, Reach, Side
from campflow.checking.differences.everything import differences
from campflow.checking.differences.telling import NOTHING, described, figure, known, plain, report
from campflow.checking.differences.version import Version

__all__ = [
    "NOTHING",
    "Difference",
    "Reach",
    "Side",
    "Version",
    "described",
    "differences",
    "figure",
    "known",
    "plain",
    "report",
]
