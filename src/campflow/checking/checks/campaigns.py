"""A campaign has what it needs, and its final stages are final."""

from collections.abc import Iterator, Sequence

from campflow.checking.names import Names
from campflow.checking.tree import find
from campflow.checking.wording import campaigns as say
from campflow.checking.wording import declarations as say_declarations
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language import syntax

_NEEDED: tuple[tuple[type, str, str], ...] = (
    (syntax.Audience, "audience", "add a line that says who may enter: `audience EXPRESSION`"),
    (syntax.Enter, "way in", "add a line that says what makes people enter: `enter on EVENT`"),
    (syntax.Stage, "stage", "add the stage where entrants start: `stage welcome { … }`"),
)


def nothing_missing(files: Sequence[syntax.FlowFile], names: Names) -> Iterator[Diagnostic]:
    """Every campaign has an audience, a way in and a stage."""
    for campaign in campaigns(files):
        for kind, what, hint in _NEEDED:
            if not any(isinstance(item, kind) for item in campaign.items):
                yield say_declarations.missing_clause(campaign.name, what, hint)


def no_exit_of_final(files: Sequence[syntax.FlowFile], names: Names) -> Iterator[Diagnostic]:
    """No way leads out of a final stage, not from an arm in it either."""
    for stage in find(tuple(campaigns(files)), syntax.Stage):
        if stage.final:
            for way_out in find(stage.items, syntax.WayOut):
                yield say.exit_of_final(stage.name, way_out.span)


def decided_by_measure(files: Sequence[syntax.FlowFile], names: Names) -> Iterator[Diagnostic]:
    """A split that decides says what it measures."""
    for split in find(tuple(campaigns(files)), syntax.Split):
        if split.decide and not split.measure:
            yield say.decided_unmeasured(split.name, split.decide.span)


def campaigns(files: Sequence[syntax.FlowFile]) -> Iterator[syntax.CampaignDeclaration]:
    """All campaigns in the order of the files, those that share a name too."""
    for file in files:
        for declaration in file.declarations:
            if isinstance(declaration, syntax.CampaignDeclaration):
                yield declaration
