"""Stages: their actions, ways out and splits."""

from collections.abc import Iterable
from typing import TypeAlias, TypeVar

from campflow.checking import expressions
from campflow.checking.actions import action
from campflow.checking.inside import Inside
from campflow.checking.lengths import length, lost, whole
from campflow.checking.triggers import of_way_out
from campflow.language import syntax
from campflow.model import flow

T = TypeVar("T")

Item: TypeAlias = flow.Action | flow.WayOut | flow.Split


def stage(node: syntax.Stage, inside: Inside) -> flow.Stage | None:
    """A stage with everything in it. A final stage loses its ways out: a check says that they are mistaken."""
    inside.sends.clear()
    items = _items(node.items, inside)
    if items is None:
        return None
    return flow.Stage(
        name=node.name.text,
        title=node.title.value if node.title else None,
        final=node.final,
        actions=_actions(items),
        splits=_only(items, flow.Split),
        ways_out=() if node.final else _only(items, flow.WayOut),
        span=node.span,
    )


def _items(nodes: Iterable[syntax.Action | syntax.WayOut | syntax.Split], inside: Inside) -> tuple[Item, ...] | None:
    return whole([_item(node, inside) for node in nodes])


def _item(node: syntax.Action | syntax.WayOut | syntax.Split, inside: Inside) -> Item | None:
    item = _resolved(node, inside)
    if item is not None:
        inside.scope.placed.statements[node.span] = item
    return item


def _resolved(node: syntax.Action | syntax.WayOut | syntax.Split, inside: Inside) -> Item | None:
    match node:
        case syntax.WayOut():
            return way_out(node, inside)
        case syntax.Split():
            return _split(node, inside)
        case _:
            return action(node, inside)


def way_out(node: syntax.WayOut, inside: Inside) -> flow.WayOut | None:
    order = next(inside.orders)
    trigger = of_way_out(node.trigger, inside.scope)
    guard = expressions.condition(node.guard, inside.scope) if node.guard else None
    leads_somewhere = inside.is_stage(node.target)
    if trigger is None or lost(node.guard, guard) or not leads_somewhere:
        return None
    return flow.WayOut(trigger, guard, node.target.text, order, inside.scope.texts.written(node.span), node.span)


def _split(node: syntax.Split, inside: Inside) -> flow.Split | None:
    order = next(inside.orders)
    arms = whole([_arm(arm, inside) for arm in node.arms])
    measure = _measure(node.measure, inside) if node.measure else None
    decide = _decide(node.decide, inside) if node.decide else None
    if arms is None or lost(node.measure, measure) or lost(node.decide, decide):
        return None
    return flow.Split(node.name.text, arms, measure, decide, order, node.span)


def _arm(node: syntax.Arm, inside: Inside) -> flow.Arm | None:
    items = _items(node.items, inside)
    if items is None:
        return None
    return flow.Arm(node.name.text, float(node.share.value), _actions(items), _only(items, flow.WayOut), node.span)


def _measure(node: syntax.Measure, inside: Inside) -> flow.Measure | None:
    found = expressions.pattern(node.pattern, inside.scope)
    within = length(node.within, inside.scope)
    return flow.Measure(found.pattern, within) if found and within else None


def _decide(node: syntax.Decide, inside: Inside) -> flow.Decide | None:
    after = length(node.after, inside.scope)
    return flow.Decide(float(node.confidence.value), after) if after else None


def _only(items: Iterable[object], kind: type[T]) -> tuple[T, ...]:
    return tuple(item for item in items if isinstance(item, kind))


def _actions(items: Iterable[Item]) -> tuple[flow.Action, ...]:
    return tuple(item for item in items if not isinstance(item, flow.WayOut | flow.Split))
