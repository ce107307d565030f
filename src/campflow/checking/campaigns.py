"""One campaign: its clauses and stages, put together where all of them are sound."""

import itertools
from typing import TypeVar

from campflow.checking import clauses, expressions, triggers
from campflow.checking.inside import Inside
from campflow.checking.lengths import length, lost, whole
from campflow.checking.names import Names
from campflow.checking.scope import EntryWords, Scope
from campflow.checking.stages import stage
from campflow.checking.wording import names as say
from campflow.language import syntax
from campflow.model import flow
from campflow.model.tests import HOLDOUT

T = TypeVar("T")

_MANY = (syntax.Enter, syntax.Leave, syntax.Convert, syntax.Goal, syntax.Limit, syntax.Moved)


def resolve_campaign(node: syntax.CampaignDeclaration, scope: Scope) -> flow.Campaign | None:
    """The campaign, or None where any part of it is mistaken; every part is looked at."""
    inside = _inside(node, scope)
    parts = [_placed(item, _part(item, inside, scope), scope) for item in node.items]
    unique = _report_doubles(node, scope)
    sound = whole(parts)
    if sound is None or not unique:
        return None
    return _campaign(node, _Parts(sound))


class _Parts:
    """The resolved items of a campaign, by kind."""

    def __init__(self, items: tuple[object, ...]) -> None:
        self._items = items

    def all(self, kind: type[T]) -> tuple[T, ...]:
        return tuple(item for item in self._items if isinstance(item, kind))

    def one(self, kind: type[T]) -> T | None:
        return next(iter(self.all(kind)), None)


def _campaign(node: syntax.CampaignDeclaration, parts: _Parts) -> flow.Campaign | None:
    """None where there is no audience, no way in or no stage: a check says so."""
    audience = parts.one(clauses.Audience)
    entries, stages = parts.all(flow.Enter), parts.all(flow.Stage)
    if audience is None or not entries or not stages:
        return None
    zone, edits, priority = parts.one(clauses.Zone), parts.one(syntax.Edits), parts.one(syntax.Priority)
    owner, purpose = parts.one(syntax.Owner), parts.one(syntax.Purpose)
    holdout, budget = parts.one(syntax.Holdout), parts.one(clauses.Budget)
    return flow.Campaign(
        name=node.name.text,
        title=node.title.value if node.title else None,
        runs=parts.one(flow.Runs),
        owner=owner.value.value if owner else None,
        zone=zone.name if zone else None,
        purpose=purpose.name.text if purpose else None,
        audience=audience.condition,
        entries=entries,
        leaves=parts.all(flow.Leave),
        conversions=parts.all(flow.Convert),
        goals=parts.all(flow.Goal),
        budget=budget.amount if budget else None,
        holdout=float(holdout.share.value) if holdout else None,
        limits=parts.all(flow.Limit),
        priority=priority.value if priority else 0,
        quiet=parts.one(flow.Quiet),
        attribution=parts.one(flow.Attribution),
        edits=edits.reach if edits else "everyone",
        moves=parts.all(flow.Moved),
        stages=stages,
        span=node.span,
    )


def _placed(item: syntax.Clause | syntax.Stage, part: T | None, scope: Scope) -> T | None:
    """The part, noted down for who looks at mistaken campaigns too."""
    if part is not None:
        scope.placed.statements[item.span] = part
    return part


def _part(item: syntax.Clause | syntax.Stage, inside: Inside, outside: Scope) -> object | None:
    """One clause or stage; `outside` is the scope of what is asked before anyone has entered."""
    match item:
        case syntax.Stage():
            return stage(item, inside)
        case syntax.Enter():
            return triggers.enter(item, next(inside.orders), outside)
        case syntax.Audience():
            condition = expressions.condition(item.condition, outside)
            return clauses.Audience(condition) if condition else None
        case syntax.Leave():
            return triggers.leave(item, next(inside.orders), inside.scope)
        case syntax.Convert():
            return _convert(item, inside)
        case _:
            return clauses.clause(item, inside)


def _convert(node: syntax.Convert, inside: Inside) -> flow.Convert | None:
    order = next(inside.orders)
    found = expressions.pattern(node.pattern, inside.scope)
    within = length(node.within, inside.scope)
    event = inside.scope.names.events.get(node.pattern.event.text)
    worth = clauses.worth(node.worth, inside.scope.within(event)) if node.worth and event else None
    leads_somewhere = inside.is_stage(node.target) if node.target else True
    if found is None or within is None or lost(node.worth, worth) or not leads_somewhere:
        return None
    name = node.name.text if node.name else clauses.UNNAMED
    target = node.target.text if node.target else None
    text = inside.scope.texts.written(node.span)
    return flow.Convert(name, found.pattern, within, worth, target, order, text, node.span)


def _inside(node: syntax.CampaignDeclaration, scope: Scope) -> Inside:
    stages = tuple(item.name.text for item in node.items if isinstance(item, syntax.Stage))
    return Inside(scope.entered_by(entry_words(node, scope.names)), stages, itertools.count(), [])


def entry_words(node: syntax.CampaignDeclaration, names: Names) -> EntryWords:
    """The events that the campaign's `enter on` lines name."""
    triggers_ = [item.trigger for item in node.items if isinstance(item, syntax.Enter)]
    named = dict.fromkeys(t.pattern.event.text for t in triggers_ if isinstance(t, syntax.OnEvent))
    known = tuple(names.events[name] for name in named if name in names.events)
    return EntryWords(known, len(known) == len(named))


def _report_doubles(node: syntax.CampaignDeclaration, scope: Scope) -> bool:
    """Whether every clause, stage, split and conversion is there once; reports what is not."""
    first_clause: dict[type, syntax.Clause] = {}
    unique = True
    for item in node.items:
        if isinstance(item, (*_MANY, syntax.Stage)):
            continue
        first = first_clause.setdefault(type(item), item)
        if first is not item:
            unique = False
            scope.report(say.second_clause(type(item).__name__.lower(), item.span, first.span))
    return unique & _names_differ(node, scope)


def _names_differ(node: syntax.CampaignDeclaration, scope: Scope) -> bool:
    stages = [item for item in node.items if isinstance(item, syntax.Stage)]
    splits = [item for stage in stages for item in stage.items if isinstance(item, syntax.Split)]
    conversions = [item for item in node.items if isinstance(item, syntax.Convert)]
    outcomes = [
        _no_holdout([split.name for split in splits], scope),
        _differ("stage", [stage.name for stage in stages], scope),
        _differ("split", [split.name for split in splits], scope),
        *(_differ("arm", [arm.name for arm in split.arms], scope, split.name.text) for split in splits),
        _conversions_differ(conversions, scope),
    ]
    return all(outcomes)


def _no_holdout(splits: list[syntax.Name], scope: Scope) -> bool:
    taken = [name for name in splits if name.text == HOLDOUT]
    for name in taken:
        scope.report(say.split_named_holdout(name))
    return not taken


def _differ(kind: str, names: list[syntax.Name], scope: Scope, of: str | None = None) -> bool:
    first: dict[str, syntax.Name] = {}
    doubles = [name for name in names if first.setdefault(name.text, name) is not name]
    for name in doubles:
        scope.report(say.duplicate(kind, name, first[name.text].span, of=of))
    return not doubles


def _conversions_differ(conversions: list[syntax.Convert], scope: Scope) -> bool:
    """One conversion may go without a name: it is called "conversion"."""
    unnamed = [node for node in conversions if node.name is None]
    for node in unnamed[1:]:
        scope.report(say.second_conversion(node.span, unnamed[0].span))
    implied = [syntax.Name(clauses.UNNAMED, unnamed[0].span)] if unnamed else []
    named = [node.name for node in conversions if node.name]
    return _differ("conversion", [*implied, *named], scope) and len(unnamed) < 2
