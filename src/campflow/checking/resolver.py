"""From syntax trees to the typed model: names bound, units known, mistakes collected."""

from collections.abc import Collection, Iterable, Sequence

from campflow.checking import expressions
from campflow.checking.campaigns import resolve_campaign
from campflow.checking.names import Names
from campflow.checking.outlines import has_trial
from campflow.checking.placed import Placed
from campflow.checking.scope import Scope
from campflow.checking.segments import resolve_segments
from campflow.checking.tests import resolve_tests
from campflow.checking.texts import Texts
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language import syntax
from campflow.model.expressions import Expression
from campflow.model.flow import Campaign, Flow


def resolve(
    files: Sequence[syntax.FlowFile], names: Names, texts: Texts, placed: Placed, outlines: Collection[str] = ()
) -> tuple[Flow, tuple[Diagnostic, ...]]:
    """The model of all files together, and every mistake in names and types, each once.

    `names` are what `collect` found in the same files. What is mistaken is left out of the flow: a field, a segment,
    a whole campaign or test; its sound parts are in `placed` all the same. Of the files whose paths are in `outlines`
    only the campaigns with trials are resolved. Never raises on what the parser gives.
    """
    found: list[Diagnostic] = []
    conditions: dict[str, Expression | None] = {}
    scope = Scope(names, conditions, texts, found.append, placed=placed)
    flow = Flow(
        contact=names.contact,
        events=tuple(words.event for words in names.events.values()),
        segments=resolve_segments(scope, conditions),
        campaigns=_campaigns(names.campaigns.values(), scope, outlines),
        currency=names.currency,
        tests=resolve_tests([file for file in files if file.path not in outlines], scope),
    )
    _look_at_doubles(files, scope, outlines)
    return flow, tuple(found)


def _campaigns(
    nodes: Iterable[syntax.CampaignDeclaration], scope: Scope, outlines: Collection[str]
) -> tuple[Campaign, ...]:
    wanted = (node for node in nodes if node.span.path not in outlines or has_trial(node))
    resolved = (resolve_campaign(node, scope) for node in wanted)
    return tuple(campaign for campaign in resolved if campaign)


def _look_at_doubles(files: Sequence[syntax.FlowFile], scope: Scope, outlines: Collection[str]) -> None:
    """A second declaration of a name is left out of the flow, and the mistakes in it are told all the same."""
    declarations = [declaration for file in files for declaration in file.declarations]
    campaigns = [each for each in declarations if isinstance(each, syntax.CampaignDeclaration)]
    _campaigns([each for each in campaigns if scope.names.campaigns[each.name.text] is not each], scope, outlines)
    for declaration in declarations:
        match declaration:
            case syntax.SegmentDeclaration(name) if scope.names.segments[name.text] is not declaration:
                expressions.condition(declaration.condition, scope)
