"""The campaigns as graphs: stages and the ways between them, with what is known of them where a line is mistaken.

Proofs must hold for what was meant, so a stage with a line that is not understood is `doubtful`: it may lead anywhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from campflow.checking.placed import Placed
from campflow.checking.tree import find
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Span
from campflow.language import syntax
from campflow.model import flow
from campflow.model.expressions import Expression


@dataclass(frozen=True, slots=True)
class Exit:
    """A way out. `arm` is the split and arm that it stands in, None for everyone in the stage."""

    way: flow.WayOut
    node: syntax.WayOut
    arm: tuple[str, str] | None

    @property
    def condition(self) -> Expression | None:
        """What `when` waits for."""
        return self.way.trigger.condition if isinstance(self.way.trigger, flow.When) else None


@dataclass(frozen=True, slots=True)
class Station:
    """A stage. `arms` are the arms of each split that somebody can be drawn into."""

    name: str
    node: syntax.Stage
    exits: tuple[Exit, ...]
    arms: tuple[tuple[tuple[str, str], ...], ...]
    actions: tuple[flow.Action, ...]
    doubtful: bool

    @property
    def final(self) -> bool:
        return self.node.final

    def exits_of(self, arms: Sequence[tuple[str, str]]) -> tuple[Exit, ...]:
        """The ways out of who was drawn into these arms."""
        return tuple(each for each in self.exits if each.arm is None or each.arm in arms)

    def sets(self) -> set[str]:
        """The contact's fields that may be changed on entry."""
        return {action.field for action in self.actions if isinstance(action, flow.SetField)}

    def emits(self) -> set[str]:
        return {action.event for action in self.actions if isinstance(action, flow.Emit)}


@dataclass(frozen=True, slots=True)
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
        return next((station for station in self.stations if station.name == name), None)

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


def sketches(files: Sequence[syntax.FlowFile], placed: Placed, unread: Sequence[Diagnostic]) -> tuple[Sketch, ...]:
    """All campaigns that have a stage, those that share a name too."""
    declared = (each for file in files for each in file.declarations if isinstance(each, syntax.CampaignDeclaration))
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
    splits = [item for item in node.items if isinstance(item, syntax.Split)]
    exits: list[Exit | None] = []
    for way, arm in _ways(node):
        found = placed.statement(way.span, flow.WayOut)
        exits.append(Exit(found, way, arm) if found else None)
    kinds = (syntax.Send, syntax.Set, syntax.Emit, syntax.Notify, syntax.Sync, syntax.Do)
    actions = [placed.statements.get(item.span) for item in find(node.items, object) if isinstance(item, kinds)]
    return Station(
        name=node.name.text,
        node=node,
        exits=tuple(each for each in exits if each),
        arms=tuple(_drawn(split) for split in splits),
        actions=tuple(each for each in actions if isinstance(each, flow.Action)),
        doubtful=None in exits or None in actions or any(_holds(node.span, span) for span in unread),
    )


def _drawn(split: syntax.Split) -> tuple[tuple[str, str], ...]:
    return tuple((split.name.text, arm.name.text) for arm in split.arms if arm.share.value)


def _ways(node: syntax.Stage) -> Iterator[tuple[syntax.WayOut, tuple[str, str] | None]]:
    """The ways out in the order of the file, with the split and arm that each stands in."""
    for item in node.items:
        if isinstance(item, syntax.WayOut):
            yield item, None
        elif isinstance(item, syntax.Split):
            for arm in item.arms:
                for inner in arm.items:
                    if isinstance(inner, syntax.WayOut):
                        yield inner, (item.name.text, arm.name.text)


def _holds(outer: Span, inner: Span) -> bool:
    return outer.path == inner.path and outer.line <= inner.line <= outer.end_line
