"""The campaigns as graphs: stages and the ways between them, with what is known of them where a line is mistaken.

Proofs must hold for what was meant, so a stage with a line that is not understood is `doubtful`: it may lead anywhere.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from campflow.checking.placed import Placed
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Span
from campflow.language import syntax
from campflow.model import flow
from campflow.model.expressions import Expression

#: A split and one of its arms.
InArm: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Exit:
    """A way out. `arm` is the split and arm that it stands in, None for everyone in the stage."""

    way: flow.WayOut
    node: syntax.WayOut
    arm: InArm | None

    @property
    def condition(self) -> Expression | None:
        """What `when` waits for."""
        return self.way.trigger.condition if isinstance(self.way.trigger, flow.When) else None


@dataclass(frozen=True, slots=True)
class Station:
    """A stage. `arms` are those of each split that somebody can be drawn into; an act stands in one, or in none."""

    name: str
    node: syntax.Stage
    exits: tuple[Exit, ...]
    arms: tuple[tuple[InArm, ...], ...]
    acts: tuple[tuple[flow.Action, InArm | None], ...]
    doubtful: bool

    @property
    def actions(self) -> tuple[flow.Action, ...]:
        return tuple(action for action, _ in self.acts)

    @property
    def final(self) -> bool:
        return self.node.final

    def sends_of(self, arms: Sequence[InArm]) -> tuple[flow.Send, ...]:
        """What is sent to who was drawn into these arms."""
        return tuple(act for act, arm in self.acts if isinstance(act, flow.Send) and (arm is None or arm in arms))

    def exits_of(self, arms: Sequence[InArm]) -> tuple[Exit, ...]:
        """The ways out of who was drawn into these arms."""
        return tuple(each for each in self.exits if each.arm is None or each.arm in arms)

    def sets(self) -> set[str]:
        """The contact's fields that may be changed on entry."""
        return {action.field for action in self.actions if isinstance(action, flow.SetField)}

    def emits(self) -> set[str]:
        return {action.event for action in self.actions if isinstance(action, flow.Emit)}


@dataclass(frozen=True)
class Sketch:
    """A campaign. `sound` is false where a clause is not understood on which the ways between stages depend."""

    node: syntax.CampaignDeclaration
    audience: Expression | None
    entries: tuple[flow.Enter, ...]
    leaves: tuple[flow.Leave, ...]
    conversions: tuple[flow.Convert, ...]
    moved_to: frozenset[str]
    stations: tuple[Station, ...]
    sound: bool

    @property
    def name(self) -> str:
        return self.node.name.text

    def station(self, name: str) -> Station | None:
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[str, Station]:
        return {station.name: station for station in reversed(self.stations)}

    def arrows(self) -> set[str]:
        """The stages into which a conversion moves, from any other."""
        return {each.target for each in self.conversions if each.target}


def conditions(statement: flow.WayOut | flow.Enter | flow.Leave) -> tuple[Expression, ...]:
    """What must hold when the statement acts: the event's `where`, the `when`, the `if`."""
    match statement.trigger:
        case flow.OnEvent(pattern):
            trigger = pattern.where
        case flow.When(condition):
            trigger = condition
        case _:
            trigger = None
    return tuple(condition for condition in (trigger, statement.guard) if condition is not None)


def acts_with(one: flow.WayOut | flow.Leave, other: flow.WayOut | flow.Leave) -> bool:
    """Whether the one is asked at each moment at which the other is, because of the same timer or the same event."""
    if not isinstance(one.trigger, flow.OnEvent) or not isinstance(other.trigger, flow.OnEvent):
        return one.trigger == other.trigger
    mine, theirs = one.trigger.pattern, other.trigger.pattern
    return mine.event == theirs.event and mine.about in (None, theirs.about)


def sketches(
    declared: Iterable[syntax.CampaignDeclaration], placed: Placed, unread: Sequence[Diagnostic]
) -> tuple[Sketch, ...]:
    """Those of the campaigns that have a stage."""
    places = [diagnostic.span for diagnostic in unread]
    return tuple(sketch for node in declared if (sketch := _sketch(node, placed, places)).stations)


def _sketch(node: syntax.CampaignDeclaration, placed: Placed, unread: Sequence[Span]) -> Sketch:
    inside = [span for span in unread if _holds(node.span, span)]
    stages = [item for item in node.items if isinstance(item, syntax.Stage)]
    names = {stage.name.text for stage in stages}
    audience = next((item for item in node.items if isinstance(item, syntax.Audience)), None)
    clauses = [item for item in node.items if isinstance(item, syntax.Enter | syntax.Leave | syntax.Convert)]
    resolved = [placed.statements.get(item.span) for item in clauses]
    moved = [item for item in node.items if isinstance(item, syntax.Moved)]
    outside = [span for span in inside if not any(_holds(stage.span, span) for stage in stages)]
    return Sketch(
        node=node,
        audience=placed.conditions.get(audience.condition.span) if audience else None,
        entries=tuple(each for each in resolved if isinstance(each, flow.Enter)),
        leaves=tuple(each for each in resolved if isinstance(each, flow.Leave)),
        conversions=tuple(each for each in resolved if isinstance(each, flow.Convert)),
        moved_to=frozenset(item.new.text for item in moved),
        stations=tuple(_station(stage, placed, inside) for stage in stages),
        sound=not outside and None not in resolved and len(names) == len(stages),
    )


def _station(node: syntax.Stage, placed: Placed, unread: Sequence[Span]) -> Station:
    exits: list[Exit] = []
    acts: list[tuple[flow.Action, InArm | None]] = []
    lost = False
    for item, arm in _items(node):
        found = placed.statements.get(item.span)
        if isinstance(item, syntax.WayOut) and isinstance(found, flow.WayOut):
            exits.append(Exit(found, item, arm))
        elif isinstance(found, flow.Action):
            acts.append((found, arm))
        else:
            lost = True
    return Station(
        name=node.name.text,
        node=node,
        exits=tuple(exits),
        arms=tuple(_drawn(item) for item in node.items if isinstance(item, syntax.Split)),
        acts=tuple(acts),
        doubtful=lost or any(_holds(node.span, span) for span in unread),
    )


def _drawn(split: syntax.Split) -> tuple[InArm, ...]:
    return tuple((split.name.text, arm.name.text) for arm in split.arms if arm.share.value)


def _items(node: syntax.Stage) -> Iterator[tuple[syntax.Action | syntax.WayOut, InArm | None]]:
    """The actions and ways out in the order of the file, each with the split and arm that it stands in."""
    for item in node.items:
        if isinstance(item, syntax.Split):
            for arm in item.arms:
                yield from ((inner, (item.name.text, arm.name.text)) for inner in arm.items)
        else:
            yield item, None


def _holds(outer: Span, inner: Span) -> bool:
    return outer.path == inner.path and outer.line <= inner.line <= outer.end_line
