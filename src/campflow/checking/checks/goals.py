"""A goal is about a conversion of its campaign."""

from collections.abc import Iterator, Sequence

from campflow.checking.checks.campaigns import campaigns
from campflow.checking.clauses import COST_PER, UNNAMED
from campflow.checking.names import Names
from campflow.checking.tree import find
from campflow.checking.wording import campaigns as say
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language import syntax


def goals_are_measured(files: Sequence[syntax.FlowFile], names: Names) -> Iterator[Diagnostic]:
    """Each goal is the name of a conversion, or `cost per` one."""
    for campaign in campaigns(files):
        known = [each.name.text if each.name else UNNAMED for each in find(campaign.items, syntax.Convert)]
        for goal in find(campaign.items, syntax.Goal):
            if goal.metric.removeprefix(COST_PER) not in known:
                yield say.unknown_goal(goal, known, COST_PER)
