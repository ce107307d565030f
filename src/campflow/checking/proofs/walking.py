"""Who can get where: the stages of a campaign that somebody reaches by ways out whose conditions somebody meets."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from campflow.checking.proofs.arrivals import Arrivals, event_of
from campflow.checking.proofs.shadows import Shadow, shadows
from campflow.checking.proofs.sketch import Exit, Sketch, Station, conditions
from campflow.checking.proofs.terms import nobody
from campflow.model import expressions as x
from campflow.model import flow


def mentions(condition: x.Expression, event: str) -> bool:
    """Whether the condition asks for what the contact did with that event."""
    return any(isinstance(part, x.EventPattern) and part.event == event for part in x.walk(condition))


@dataclass(frozen=True)
class Walk:
    """One campaign, walked."""

    sketch: Sketch

    @cached_property
    def shadowed(self) -> tuple[Shadow, ...]:
        """Ways out that earlier ones always beat."""
        return tuple(each for station in self.sketch.stations for each in shadows(station, self.sketch.leaves))

    @cached_property
    def barred(self) -> frozenset[int]:
        """The orders of ways out whose conditions nobody can meet."""
        exits = [each for station in self.sketch.stations for each in station.exits]
        return frozenset(
            each.way.order for each in exits if nobody((condition, True) for condition in conditions(each.way))
        )

    @cached_property
    def reached(self) -> frozenset[str]:
        """The stages that somebody can be in."""
        return self.reached_from([self.sketch.stations[0].name, *self.sketch.moved_to])

    def reached_from(self, names: Sequence[str], without: str | None = None) -> frozenset[str]:
        """The stages that can be reached from these, and they; `without` an event ever happening."""
        seen = {name for name in names if self.sketch.station(name)}
        arrows = {each.target for each in self.sketch.conversions if each.target and each.pattern.event != without}
        waiting = [*seen]
        while waiting:
            station = self.sketch.station(waiting.pop())
            if station is None or station.final:
                continue
            everywhere = {each.name for each in self.sketch.stations} if station.doubtful else set()
            ways = {each.way.target for each in station.exits if self._open(each, without)}
            found = (everywhere | ways | arrows) - seen
            seen |= found
            waiting += found
        return frozenset(seen)

    def avoidable(self, station: Station, event: str) -> bool:
        """Whether somebody gets into the stage without that event: neither by it, nor because of it."""
        if self.sketch.audience is None or mentions(self.sketch.audience, event):
            return False
        return any(not _needs(entry, event) for entry in self.sketch.entries) and station.name in self.reached_from(
            [self.sketch.stations[0].name], without=event
        )

    @cached_property
    def arrivals(self) -> Arrivals:
        """Who really enters which stage, given what the ways there ask for."""
        return Arrivals(self.sketch, frozenset(each.exit.way.order for each in self.shadowed) | self.barred)

    def _open(self, exit: Exit, without: str | None) -> bool:
        return exit.way.order not in self.barred and (without is None or not _needs(exit.way, without))


def _needs(statement: flow.WayOut | flow.Enter, event: str) -> bool:
    return event_of(statement.trigger) == event or any(mentions(each, event) for each in conditions(statement))
