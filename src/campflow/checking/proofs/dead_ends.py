"""Stages that some contact could never leave.

The contact of the story is quiet: nothing more happens to it, except that fields may change. A way out on an event
never acts then. A timer always acts, unless its `if` is false. `when` acts as soon as it holds, `else` at entry.

Timers of one moment are asked together: `after 3 days if score > 10` beside `after 3 days if score <= 10` lets everyone
out. Timers of different moments are not, because fields change in between: whoever has a score of 5 after 3 days and
of 12 after 5 days slips through `after 3 days if score > 10` and `after 5 days if score <= 10`. Fields of the entering
event never change, so nothing is said where such timers ask for one.

What a `when` asks must be false all the time, and at the moment of entry it must be possible that it is: whoever enters
by `after 1 day if score > 5` has a score above 5 right then.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from campflow.checking.proofs.arrivals import known_inside
from campflow.checking.proofs.evidence import Evidence
from campflow.checking.proofs.examples import example
from campflow.checking.proofs.judging import Person
from campflow.checking.proofs.moments import ordered
from campflow.checking.proofs.pasts import Quiet
from campflow.checking.proofs.sketch import Exit, Station, conditions
from campflow.checking.proofs.telling import described
from campflow.checking.proofs.terms import Claim
from campflow.checking.proofs.walking import Walk
from campflow.checking.wording import graphs as say
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.model import expressions as x
from campflow.model import flow

_TIMERS = (flow.After, flow.AtTime, flow.OnDate)

#: Of stages with more ways out, and of more combinations of arms, nothing is said.
_MOST_EXITS, _MOST_ARMS = 100, 32


@dataclass(frozen=True, slots=True)
class _Waiting:
    """The ways out of who was drawn into `arms`, by kind: what `when` asks, and the timers of each moment."""

    exits: tuple[Exit, ...]
    whens: tuple[x.Expression, ...]
    moments: tuple[tuple[flow.WayOut, ...], ...]

    @property
    def asked(self) -> tuple[x.Expression, ...]:
        guards = (way.guard for moment in self.moments for way in moment if way.guard)
        return (*self.whens, *guards)


def no_dead_end(evidence: Evidence) -> Iterator[Diagnostic]:
    """Every stage that is reached and not final lets every contact out some day: told where it is proven otherwise."""
    for walk in evidence.walks:
        if walk.sketch.sound:
            for station in walk.sketch.stations:
                understood = not station.doubtful and len(station.exits) <= _MOST_EXITS
                if not station.final and understood and station.name in walk.reached:
                    yield from itertools.islice(_stuck(station, walk, evidence), 1)


def _stuck(station: Station, walk: Walk, evidence: Evidence) -> Iterator[Diagnostic]:
    leaving = [_all_of(leave) for leave in walk.sketch.leaves if isinstance(leave.trigger, flow.When)]
    for arms in itertools.islice(itertools.product(*station.arms), _MOST_ARMS):
        exits = station.exits_of(arms)
        whens = [each.condition for each in exits if each.condition is not None]
        waiting = _Waiting(exits, (*whens, *leaving), _moments(exits))
        if any(isinstance(each.way.trigger, flow.Else) for each in exits):
            continue
        if any(way.guard is None for moment in waiting.moments for way in moment):
            continue
        if station.name not in walk.arrivals.entered:  # asked last: it takes long to find out
            return
        past = Quiet(walk, station, waiting.asked, evidence.emitted, evidence.names.vocabulary.rfm_event)
        stories = _always_the_same(station, waiting, walk, past) or _changing(station, waiting, walk, past)
        if stories:
            told = [described(person, evidence.names.currency) for person in stories]
            drawn = [arm for split, arm in arms if any(each.arm and each.arm[0] == split for each in station.exits)]
            yield say.dead_end(station.node.name, told, [each.way for each in exits], drawn, _goal(walk, station))


def _moments(exits: Iterable[Exit]) -> tuple[tuple[flow.WayOut, ...], ...]:
    """The timers, those together that act at one moment, or that nobody can tell apart."""
    found: dict[flow.Trigger, list[flow.WayOut]] = {}
    for exit in exits:
        if isinstance(exit.way.trigger, _TIMERS):
            found.setdefault(exit.way.trigger, []).append(exit.way)
    pauses = [trigger.duration for trigger in found if isinstance(trigger, flow.After)]
    if all(ordered(one, other) for one, other in itertools.combinations(pauses, 2)):
        return tuple(tuple(ways) for ways in found.values())
    return (tuple(way for ways in found.values() for way in ways),)


# --- who stays --------------------------------------------------------------------------------------------------


def _always_the_same(station: Station, waiting: _Waiting, walk: Walk, past: Quiet) -> list[Person]:
    """A contact whose fields need not change."""
    guards = [_unmet(way) for moment in waiting.moments for way in moment]
    claims = [*_never(waiting.whens), *guards]
    for entered in _entering(station, waiting, walk):
        if person := example([*entered, *claims], past):
            return [Person(person.answers, _told(person, waiting.asked))]
    return []


def _changing(station: Station, waiting: _Waiting, walk: Walk, past: Quiet) -> list[Person]:
    """A contact whose fields change between the entry and each of the timers, so that every question comes too early
    or too late."""
    if any(isinstance(part, x.EntryField | x.Aggregate | x.Did) for each in waiting.asked for part in x.walk(each)):
        return []
    whens = _never(waiting.whens)
    dates = [_unmet(way) for moment in waiting.moments for way in moment if isinstance(way.trigger, flow.OnDate)]
    enters = (example([*entered, *whens, *dates], past) for entered in _entering(station, waiting, walk))
    later = [example([*whens, *map(_unmet, moment)], past) for moment in waiting.moments]
    first = next((person for person in enters if person), None)
    people = [person for person in later if person]
    if first is None or len(people) < len(later):
        return []
    return [Person(person.answers, _told(person, waiting.asked)) for person in people or [first]]


def _entering(station: Station, waiting: _Waiting, walk: Walk) -> Iterator[tuple[Claim, ...]]:
    """What holds at the moment of entry. Where nothing is asked then, it does not matter."""
    if not waiting.whens and not any(isinstance(moment[0].trigger, flow.OnDate) for moment in waiting.moments):
        yield ()
        return
    events = {part.event for each in waiting.asked for part in x.walk(each) if isinstance(part, x.EventPattern)}
    for entered in walk.arrivals.entering(station, events):
        if (after := known_inside(entered, station, waiting.asked)) is not None:
            yield after


def _never(whens: Iterable[x.Expression]) -> list[Claim]:
    return [(condition, False) for condition in whens]


def _unmet(way: flow.WayOut) -> Claim:
    return (_all_of(way), False)


def _all_of(statement: flow.WayOut | flow.Leave) -> x.Expression:
    return x.And(conditions(statement))


def _told(person: Person, asked: Sequence[x.Expression]) -> tuple[x.Expression, ...]:
    """Of what matters, only what the stage asks for."""
    parts = {part for condition in asked for part in x.walk(condition)}
    counted = {part.pattern for part in parts if isinstance(part, x.Did)}
    return tuple(each for each in person.told if each in parts or getattr(each, "pattern", None) in counted)


def _goal(walk: Walk, station: Station) -> str:
    """A stage to which the hint can lead: a final one, if there is one."""
    others = [each for each in walk.sketch.stations if each is not station]
    final = next((each for each in reversed(others) if each.final), None)
    return final.name if final else others[-1].name if others else "done"
