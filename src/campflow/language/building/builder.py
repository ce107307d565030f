"""What the parser calls as it recognises a rule of flow.lark: the method of that name makes the node of syntax.py."""

from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language import syntax
from campflow.language.building.clauses import ClauseRules
from campflow.language.building.expressions import ExpressionRules
from campflow.language.building.ground import Parts, kept
from campflow.language.building.people import PeopleRules
from campflow.language.building.stages import StageRules
from campflow.language.building.tests import TestRules
from campflow.language.building.values import ValueReader


class Builder(PeopleRules, ClauseRules, StageRules, ExpressionRules, TestRules):
    """Builds the tree of one file at a time: `begin`, then the parser's calls, then read `diagnostics`."""

    def begin(self, path: str) -> None:
        self.path = path
        self.read = ValueReader()

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """What was found wrong with values and words that the grammar lets through."""
        return self.read.diagnostics

    def start(self, parts: Parts) -> syntax.FlowFile:
        return syntax.FlowFile(self.path, kept(parts))
