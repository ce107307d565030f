"""Who enters a stage, and what is known of them at that moment.

Whoever comes by `after 1 day if score > 5` has a score above 5 right then; later it may change, and with it who
meets the conditions of the stage. Whoever comes by `else` has met none of the `when` beside it. That is followed from
stage to stage, because a stage may be entered at the very moment of entering another.
"""

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence

from campflow.checking.proofs.sketch import Exit, Sketch, Station, acts_with, conditions
from campflow.checking.proofs.terms import Claim, nobody
from campflow.model import expressions as x
from campflow.model import flow
from campflow.model.people import Duration

#: How many stages back it is followed who enters one at the very moment of entering another, and on how many ways.
_FAR, _MOST = 3, 20

#: How often all ways are gone along, in search of more stages that somebody enters.
_ROUNDS = 50

#: What may act at the very moment of entry; an event, where the stage itself emits it.
_AT_ENTRY = (flow.When, flow.Else, flow.OnDate, flow.OnEvent)
_NOW = flow.After(Duration())


class Arrivals:
    """The stages that somebody enters (`entered`), and those in which somebody then stays for a while (`waited`).

    `beaten` are the orders of the ways out that never act.
    """

    def __init__(self, sketch: Sketch, beaten: Collection[int]) -> None:
        self._sketch = sketch
        self._into: dict[str, list[tuple[Station, Exit]]] = {}
        for source in sketch.stations:
            for exit in source.exits:
                if exit.way.order not in beaten:
                    self._into.setdefault(exit.way.target, []).append((source, exit))
        self.entered = {sketch.stations[0].name, *sketch.moved_to}
        self.waited: set[str] = set()
        for _ in range(_ROUNDS):
            if not self._explore():
                break

    def entering(
        self, station: Station, without: Collection[str] = (), inside: Collection[int] = (), far: int = _FAR
    ) -> Iterator[tuple[Claim, ...]]:
        """Ways of entering the stage, each with what surely holds at that moment. What cannot be followed is left out.

        So are the ways by one of the events in `without`, and the ways out whose orders are in `inside`.
        """
        sketch = self._sketch
        if station is sketch.stations[0] and sketch.audience is not None:
            for entry in sketch.entries:
                if event_of(entry.trigger) not in without:
                    yield ((sketch.audience, True), *((condition, True) for condition in conditions(entry)))
        if station.name in sketch.moved_to:
            yield ()
        for conversion in sketch.conversions:
            if conversion.target == station.name and conversion.pattern.event not in without:
                yield ((conversion.pattern.where, True),) if conversion.pattern.where else ()
        for source, exit in self._into.get(station.name, ()):
            walked = source.name in self.entered and not source.doubtful and exit.way.order not in inside
            if walked and event_of(exit.way.trigger) not in without:
                yield from self._leaving(source, exit, without, far)

    def _leaving(self, source: Station, exit: Exit, without: Collection[str], far: int) -> Iterator[tuple[Claim, ...]]:
        """What holds for those who take this way: later, or at the moment of entering its stage."""
        held = [(condition, True) for condition in conditions(exit.way)]
        now = (*held, *((x.And(conditions(each)), False) for each in self._silent(source, exit)))
        if source.name in self.waited and not isinstance(exit.way.trigger, flow.Else):
            yield now
        elif far > 0 and (isinstance(exit.way.trigger, _AT_ENTRY) or exit.way.trigger == _NOW):
            for before in itertools.islice(self.entering(source, without, far=far - 1), _MOST):
                if (after := _still_true(before, source)) is not None:
                    yield (*after, *now)

    def _silent(self, source: Station, exit: Exit) -> Iterator[flow.WayOut | flow.Leave]:
        """Those others that cannot hold when this way is taken, because they would have been taken instead."""
        way, first = exit.way, isinstance(exit.way.trigger, flow.When)
        others: list[flow.WayOut | flow.Leave] = [*self._sketch.leaves]
        others += [each.way for each in source.exits if each.arm in (None, exit.arm) and each is not exit]
        for other in others:
            if isinstance(other.trigger, flow.When):
                if not first or other.order < way.order:
                    yield other
            elif other.order < way.order and acts_with(other, way):
                yield other

    # --- who gets anywhere at all -------------------------------------------------------------------------------

    def _explore(self) -> bool:
        """One more round along all ways; whether it led anywhere new."""
        before = len(self.entered) + len(self.waited)
        for station in self._sketch.stations:
            if station.name in self.entered and not station.final:
                if station.name not in self.waited and self._somebody_waits(station):
                    self.waited.add(station.name)
                self.entered |= self._sketch.arrows()
                self.entered |= {each.name for each in self._sketch.stations} if station.doubtful else set()
            elif station.name not in self.entered and self._somebody_comes(station):
                self.entered.add(station.name)
        return len(self.entered) + len(self.waited) > before

    def _somebody_comes(self, station: Station) -> bool:
        ways = ((source, exit) for source, exit in self._into.get(station.name, ()) if source.name in self.entered)
        return any(self._somebody_takes(source, exit) for source, exit in ways)

    def _somebody_takes(self, source: Station, exit: Exit) -> bool:
        if source.name in self.waited and not any(self._silent(source, exit)):
            return True  # its own condition can be met, and nothing else is asked
        return any(not nobody(claims) for claims in self._leaving(source, exit, (), _FAR))

    def _somebody_waits(self, station: Station) -> bool:
        if any(_lets_nobody_wait(each) for each in station.exits):
            return any(each.arm for each in station.exits)
        whens = [each.condition for each in station.exits if each.condition is not None]
        whens += [x.And(conditions(each)) for each in self._sketch.leaves if isinstance(each.trigger, flow.When)]
        if not whens or station.doubtful or any(each.arm for each in station.exits):
            return True
        stay = [(condition, False) for condition in whens]
        arriving = (_still_true(before, station) for before in itertools.islice(self.entering(station), _MOST))
        return any(not nobody((*after, *stay)) for after in arriving if after is not None)


def _lets_nobody_wait(exit: Exit) -> bool:
    return isinstance(exit.way.trigger, flow.Else) or (exit.way.trigger == _NOW and not exit.way.guard)


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


def event_of(trigger: object) -> str | None:
    """The event on which it acts, if it does so on one."""
    return trigger.pattern.event if isinstance(trigger, flow.OnEvent) else None
