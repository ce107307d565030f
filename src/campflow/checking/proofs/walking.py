"""Who can get where: the stages of a campaign that somebody reaches, and what is known of who enters a stage."""

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from campflow.checking.proofs.shadows import Shadow, shadows
from campflow.checking.proofs.sketch import Exit, Sketch, Station, conditions
from campflow.checking.proofs.terms import Claim, nobody
from campflow.model import expressions as x
from campflow.model import flow

#: How many stages back it is followed who enters one at the very moment of entering another.
_FAR = 3


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

    def _open(self, exit: Exit, without: str | None) -> bool:
        return exit.way.order not in self.barred and (without is None or not _needs(exit.way, without))

    # --- what is known of who enters ----------------------------------------------------------------------------

    def entering(
        self, station: Station, without: Collection[str] = (), inside: Collection[int] = (), far: int = _FAR
    ) -> Iterator[tuple[Claim, ...]]:
        """Ways of entering the stage, each with what surely holds at that moment. What cannot be followed is left out.

        So are the ways by one of the events in `without`, and the ways out whose orders are in `inside`.
        """
        sketch = self.sketch
        if station is sketch.stations[0] and sketch.audience is not None:
            for entry in sketch.entries:
                if _event(entry.trigger) not in without:
                    yield ((sketch.audience, True), *((condition, True) for condition in conditions(entry)))
        if station.name in sketch.moved_to:
            yield ()
        for conversion in sketch.conversions:
            if conversion.target == station.name and conversion.pattern.event not in without:
                yield ((conversion.pattern.where, True),) if conversion.pattern.where else ()
        for source, exit in self._ways_into(station):
            if _event(exit.way.trigger) not in without and exit.way.order not in inside:
                yield from self._leaving(source, exit, without, far)

    def _ways_into(self, station: Station) -> Iterator[tuple[Station, Exit]]:
        """The ways out that lead into the stage, those that somebody takes."""
        beaten = {each.exit.way.order for each in self.shadowed} | self.barred
        for source in self.sketch.stations:
            if source.name in self.reached and not source.doubtful:
                for exit in source.exits:
                    if exit.way.target == station.name and exit.way.order not in beaten:
                        yield source, exit

    def _leaving(self, source: Station, exit: Exit, without: Collection[str], far: int) -> Iterator[tuple[Claim, ...]]:
        whens = [each for each in source.exits if each.condition is not None and each.arm in (None, exit.arm)]
        at_once = any(isinstance(each.way.trigger, flow.Else) for each in source.exits)
        match exit.way.trigger:
            case flow.Else():
                others = whens
            case flow.When():
                others = [each for each in whens if each.way.order < exit.way.order]
            case _:
                others = []
        held = [(condition, True) for condition in conditions(exit.way)]
        now = (*held, *((each.condition, False) for each in others if each.condition is not None))
        if not at_once or not isinstance(exit.way.trigger, flow.When | flow.Else):
            yield now
        elif far > 0:
            for before in itertools.islice(self.entering(source, without, far=far - 1), 20):
                if (after := _still_true(before, source)) is not None:
                    yield (*after, *now)


def known_inside(
    claims: Sequence[Claim], station: Station, asked: Collection[x.Expression]
) -> tuple[Claim, ...] | None:
    """What is still known, after entering the stage, of what is asked there. None where it sets a field of it."""
    if any(fields_in(condition) & station.sets() for condition in asked):
        return None
    topics = {topic for condition in asked for topic in _topics(condition)}
    waiting, kept = list(claims), list[Claim]()
    while found := [claim for claim in waiting if _topics(claim[0]) & topics]:
        kept += found
        waiting = [claim for claim in waiting if claim not in found]
        topics |= {topic for condition, _ in found for topic in _topics(condition)}
    return _still_true(kept, station)


def _still_true(claims: Iterable[Claim], station: Station) -> tuple[Claim, ...] | None:
    """The claims without those about fields that the stage sets; None where one is about others as well."""
    kept: list[Claim] = []
    for condition, wanted in claims:
        if not fields_in(condition) & station.sets():
            kept.append((condition, wanted))
        elif not fields_in(condition) <= station.sets():
            return None
    return tuple(kept)


def _topics(condition: x.Expression) -> set[object]:
    """What a condition is about: conditions that have nothing in common can all be met at once, if each can."""
    found: set[object] = set()
    for part in x.walk(condition):
        match part:
            case x.EventPattern(event):
                found.add(("event", event))
            case x.EventField(_, name) | x.EntryField(_, name):
                found.add(("entry", name))
            case x.ContactField() | x.Now() | x.RfmScore():
                found.add(part)
    return found


def fields_in(condition: x.Expression) -> set[str]:
    """The contact's fields that a condition reads."""
    return {part.name for part in x.walk(condition) if isinstance(part, x.ContactField)}


def _needs(statement: flow.WayOut | flow.Enter, event: str) -> bool:
    return _event(statement.trigger) == event or any(mentions(each, event) for each in conditions(statement))


def _event(trigger: object) -> str | None:
    return trigger.pattern.event if isinstance(trigger, flow.OnEvent) else None
