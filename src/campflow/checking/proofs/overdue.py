"""Campaigns whose days are over."""

from collections.abc import Iterator

from campflow.checking.proofs.evidence import Evidence
from campflow.checking.tree import find
from campflow.checking.wording import warnings as say
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language import syntax


def no_run_is_over(evidence: Evidence) -> Iterator[Diagnostic]:
    """The last day of every `runs` is today or later; not asked where nobody knows which day it is."""
    for walk in evidence.walks:
        for node in find(walk.sketch.node, syntax.Runs):
            if evidence.today and node.end and node.start.value <= node.end.value < evidence.today:
                yield say.overdue(walk.sketch.name, node, evidence.today)
