"""Circles of stages that somebody walks in no time at all, and so for ever.

Ways that are taken at the very moment of entry are `when` (if it holds then), `else`, a date that has passed, `after 0
days`, and `on EVENT` where the stage itself emits that event. Everybody's fields are the same all the way round, unless
a stage sets one that is asked for: then nothing is said.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from campflow.checking.proofs.arrivals import fields_in, known_inside
from campflow.checking.proofs.evidence import Evidence
from campflow.checking.proofs.examples import example
from campflow.checking.proofs.judging import Person
from campflow.checking.proofs.pasts import Quiet
from campflow.checking.proofs.sketch import Exit, Station, conditions
from campflow.checking.proofs.telling import described
from campflow.checking.proofs.terms import Claim, nobody
from campflow.checking.proofs.walking import Walk, mentions
from campflow.checking.wording import graphs as say
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.model import expressions as x
from campflow.model import flow
from campflow.model.people import Duration

#: Circles looked at in one campaign.
_MOST = 300

Step: TypeAlias = tuple[Station, Exit]


def no_spin(evidence: Evidence) -> Iterator[Diagnostic]:
    """No circle of stages is walked in no time by anybody. Of circles that share a stage one is told."""
    for walk in (walk for walk in evidence.walks if walk.sketch.sound):
        told: set[str] = set()
        for number, circle in enumerate(_circles(walk)):
            if number == _MOST:
                break
            names = {station.name for station, _ in circle}
            if not names & told and (person := _walker(circle, walk, evidence)):
                told |= names
                stages = [station.name for station, _ in circle]
                yield say.spin(described(person, evidence.names.currency), [exit.node for _, exit in circle], stages)


def _circles(walk: Walk) -> Iterator[tuple[Step, ...]]:
    """The circles of ways taken at once that do not exclude each other, each from its first stage on."""
    stations = [each for each in walk.sketch.stations if not each.doubtful and each.name in walk.reached]
    ways = {each.name: [(each, exit) for exit in each.exits if _is_at_once(exit, each)] for each in stations}
    order = {station.name: number for number, station in enumerate(stations)}
    paths: list[tuple[Step, ...]] = [(step,) for station in reversed(stations) for step in reversed(ways[station.name])]
    looked_at = 0
    while paths and looked_at < _MOST * 20:
        looked_at += 1
        path = paths.pop()
        target = path[-1][1].way.target
        start = path[0][0].name
        if target == start:
            yield path
        elif target in order and order[target] > order[start] and target not in {each.name for each, _ in path}:
            longer = [(*path, step) for step in reversed(ways[target])]
            paths += [each for each in longer if not nobody(_claims(each))]


def _is_at_once(exit: Exit, station: Station) -> bool:
    match exit.way.trigger:
        case flow.When() | flow.Else() | flow.OnDate():
            return True
        case flow.After(duration):
            return duration == Duration()
        case flow.OnEvent(pattern):
            plain = pattern.about is None and pattern.where is None and exit.arm is None
            emits = (act.event for act, arm in station.acts if isinstance(act, flow.Emit) and arm is None)
            return plain and pattern.event in emits
    return False


def _claims(path: Sequence[Step]) -> list[Claim]:
    """What must hold, at one moment, for the whole path: each way's own condition, and of those before it that none
    holds."""
    claims: list[Claim] = []
    for station, exit in path:
        others = [each for each in station.exits if each.arm in (None, exit.arm) and each is not exit]
        whens = [each for each in others if each.condition is not None]
        if not isinstance(exit.way.trigger, flow.Else):
            claims += [(condition, True) for condition in conditions(exit.way)]
            whens = [each for each in whens if each.way.order < exit.way.order]
        claims += [(each.condition, False) for each in whens if each.condition is not None]
    return claims


def _walker(circle: Sequence[Step], walk: Walk, evidence: Evidence) -> Person | None:
    """Somebody who walks the circle."""
    claims = _claims(circle)
    claims += [(x.And(conditions(each)), False) for each in walk.sketch.leaves if isinstance(each.trigger, flow.When)]
    asked = tuple(condition for condition, _ in claims)
    emitted = {event for station, _ in circle for event in station.emits()}
    if any(fields_in(condition) & station.sets() for condition in asked for station, _ in circle):
        return None
    if any(mentions(condition, event) for condition in asked for event in emitted):
        return None
    if any(_is_intercepted(station, exit) for station, exit in circle):
        return None
    for station, exit in circle:
        if station.name not in walk.arrivals.entered:
            continue
        past = Quiet(walk, station, asked, evidence.emitted, evidence.names.vocabulary.rfm_event)
        for entered in _from_outside(station, exit, circle, walk, asked):
            if person := example([*entered, *claims], past):
                return person
    return None


def _is_intercepted(station: Station, exit: Exit) -> bool:
    """Whether something else may act at the same moment and before."""
    for other in station.exits:
        if other is exit or other.way.order > exit.way.order or other.arm not in (None, exit.arm):
            continue
        if isinstance(other.way.trigger, flow.Else) and not isinstance(exit.way.trigger, flow.When):
            return True
        if isinstance(other.way.trigger, flow.OnDate):
            return True
        if isinstance(other.way.trigger, flow.After | flow.OnEvent) and _is_at_once(other, station):
            return True
    return False


def _from_outside(
    station: Station, exit: Exit, circle: Sequence[Step], walk: Walk, asked: Iterable[x.Expression]
) -> Iterator[tuple[Claim, ...]]:
    """What holds for who comes into the circle here, at entry; or later, where people wait in the stage."""
    asked = tuple(asked)
    waits = isinstance(exit.way.trigger, flow.When) and station.name in walk.arrivals.waited
    changeable = not any(
        isinstance(part, x.EntryField | x.Aggregate | x.Did) for each in asked for part in x.walk(each)
    )
    if waits and changeable:
        yield ()
    events = {part.event for each in asked for part in x.walk(each) if isinstance(part, x.EventPattern)}
    inside = {each.way.order for _, each in circle}
    for entered in walk.arrivals.entering(station, events, inside=inside):
        if (after := known_inside(entered, station, asked)) is not None:
            yield after
