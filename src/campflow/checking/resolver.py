"""From syntax trees to the typed model: names bound, units known, mistakes collected."""

from collections.abc import Sequence

from campflow.checking import expressions
from campflow.checking.campaigns import resolve_campaign
from campflow.checking.names import Names
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
    files: Sequence[syntax.FlowFile], names: Names, texts: Texts, placed: Placed
) -> tuple[Flow, tuple[Diagnostic, ...]]:
    """The model of all files together, and every mistake in names and types, each once.

    `names` are what `collect` found in the same files. What is mistaken is left out of the flow: a field, a segment,
    a whole campaign or test; its sound parts are in `placed` all the same. Never raises on what the parser gives.
    """
    found: list[Diagnostic] = []
    conditions: dict[str, Expression | None] = {}
    scope = Scope(names, conditions, texts, found.append, placed=placed)
    flow = Flow(
        contact=names.contact,
        events=tuple(words.event for words in names.events.values()),
        segments=resolve_segments(scope, conditions),
        campaigns=_campaigns(files, scope),
        currency=names.currency,
        tests=resolve_tests(files, scope),
    )
    _look_at_doubles(files, scope)
    return flow, tuple(found)


def _campaigns(files: Sequence[syntax.FlowFile], scope: Scope) -> tuple[Campaign, ...]:
    resolved = (resolve_campaign(node, scope) for node in scope.names.campaigns.values())
    return tuple(campaign for campaign in resolved if campaign)


def _look_at_doubles(files: Sequence[syntax.FlowFile], scope: Scope) -> None:
    """A second declaration of a name is left out of the flow, and the mistakes in it are told all the same."""
    for declaration in (declaration for file in files for declaration in file.declarations):
        match declaration:
            case syntax.CampaignDeclaration(name) if scope.names.campaigns[name.text] is not declaration:
                resolve_campaign(declaration, scope)
            case syntax.SegmentDeclaration(name) if scope.names.segments[name.text] is not declaration:
                expressions.condition(declaration.condition, scope)
