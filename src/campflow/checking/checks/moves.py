"""`moved OLD -> NEW` leads to a stage that exists."""

from collections.abc import Iterator, Sequence

from campflow.checking.checks.campaigns import campaigns
from campflow.checking.names import Names
from campflow.checking.wording import campaigns as say
from campflow.checking.wording import names as say_names
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language import syntax


def moves_lead_somewhere(files: Sequence[syntax.FlowFile], names: Names) -> Iterator[Diagnostic]:
    """Every stage is moved once, to a stage of the campaign or to one that is moved on, and never in a circle."""
    for campaign in campaigns(files):
        lines: dict[str, syntax.Moved] = {}
        for item in campaign.items:
            if isinstance(item, syntax.Moved):
                first = lines.setdefault(item.old.text, item)
                if first is not item:
                    yield say_names.duplicate("moved stage", item.old, first.old.span, "take one of the lines away")
        yield from _astray(lines, tuple(item.name.text for item in campaign.items if isinstance(item, syntax.Stage)))


def _astray(lines: dict[str, syntax.Moved], stages: tuple[str, ...]) -> Iterator[Diagnostic]:
    seen: set[str] = set()
    for start in lines:
        path: list[str] = []
        at = start
        while at in lines and at not in seen:
            seen.add(at)
            path.append(at)
            at = lines[at].new.text
        if at in path:
            yield say.moved_in_circle(tuple(lines[name].old for name in path[path.index(at) :]))
        elif path and at not in lines and at not in stages:
            yield say.moved_nowhere(lines[path[-1]].new, stages)
