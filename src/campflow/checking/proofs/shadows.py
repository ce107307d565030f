"""Ways out that an earlier one always beats: earlier in time, or at the same moment and written before."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from campflow.checking.proofs.moments import longest_wait, never_later, shortest
from campflow.checking.proofs.sketch import Exit, Station, acts_with, conditions
from campflow.checking.proofs.terms import Claim, nobody
from campflow.model import flow
from campflow.model.expressions import And
from campflow.model.people import Duration

#: What can beat a way out: another one, or a clause by which people leave the campaign.
Beater = flow.WayOut | flow.Leave


#: Ways out of one stage that are compared with each other; of more, nothing is said.
_MOST = 60


@dataclass(frozen=True, slots=True)
class Shadow:
    """`beaters` together are always earlier than `exit`. `at_entry`: nobody even stays in the stage.

    `told`: nothing is to be said of it. One of the beaters beats others only because everyone meets its condition, and
    that is told by itself; or a field that changes while the engine looks away lets the way out act after all.
    """

    station: Station
    exit: Exit
    beaters: tuple[Beater, ...]
    at_entry: bool
    told: bool


def shadows(station: Station, leaves: Sequence[flow.Leave]) -> Iterator[Shadow]:
    """The stage's ways out that never act, although their own conditions can be met."""
    if len(station.exits) > _MOST:
        return
    for exit in station.exits:
        own = [(condition, True) for condition in conditions(exit.way)]
        if nobody(own):
            continue
        peers = [each.way for each in station.exits if each.arm in (None, exit.arm)]
        found, at_entry = _beaters(exit, own, peers, leaves), False
        if not found and not _is_emitted(exit, station):
            found, at_entry = _gone(exit, peers, leaves), True
        if found:
            yield Shadow(station, exit, found, at_entry, any(map(_is_told, found)))
        elif left := _left_before(exit.way, peers, leaves):
            yield Shadow(station, exit, left, at_entry=False, told=True)


def _is_told(beater: Beater) -> bool:
    """Whether everyone meets the condition that it has."""
    return bool(conditions(beater)) and nobody([_unmet(beater)])


# --- beaten at the same moment, or later ------------------------------------------------------------------------


def _beaters(
    exit: Exit, own: Sequence[Claim], peers: Sequence[flow.WayOut], leaves: Sequence[flow.Leave]
) -> tuple[Beater, ...]:
    """Those who act whenever the way out would."""
    way = exit.way
    before: list[Beater] = [each for each in _all(peers, leaves) if each.order < way.order]
    match way.trigger:
        case flow.When():
            return _cover(own, [each for each in before if isinstance(each.trigger, flow.When)])
        case flow.Else():
            whens: list[Beater] = [each for each in peers if isinstance(each.trigger, flow.When)]
            return _cover([], whens + [each for each in before if isinstance(each, flow.Leave) and _waits(each)])
        case flow.OnEvent():
            return _cover(own, [each for each in before if acts_with(each, way)])
        case flow.After(duration):
            same = [each for each in before if each.trigger == way.trigger]
            return _cover(own, same) or _sooner(duration, peers)
        case flow.AtTime(time):
            same = [each for each in before if each.trigger == way.trigger]
            return _cover(own, same) or _cover([], [each for each in before if each.trigger == flow.AtTime(time, None)])
        case flow.OnDate(moment):
            earlier = [each for each in before if isinstance(each.trigger, flow.OnDate)]
            same = [each for each in earlier if each.trigger == way.trigger]
            return _cover(own, same) or _first(
                _cover([], group) for group in _groups(earlier) if _date(group[0]) < moment
            )
    return ()


def _all(peers: Sequence[flow.WayOut], leaves: Sequence[flow.Leave]) -> list[Beater]:
    return [*peers, *leaves]


def _date(way: Beater) -> dt.datetime:
    assert isinstance(way.trigger, flow.OnDate)  # noqa: S101 -- asked only of these
    return way.trigger.moment


def _sooner(duration: Duration, peers: Sequence[Beater], beside: Sequence[Beater] = ()) -> tuple[Beater, ...]:
    """Timers that surely act no later, whatever the contact is like; written before or after. `beside` help them."""
    sooner = [each for each in peers if isinstance(each.trigger, flow.After) and _before(each.trigger, duration)]
    clocks = [each for each in peers if isinstance(each.trigger, flow.AtTime)]
    within = [each for each in clocks if (longest_wait(each.trigger) or 0) < shortest(duration)]
    return _first(_cover([], [*group, *beside]) for group in (*_groups(sooner), *_groups(within)))


def _left_before(way: flow.WayOut, peers: Sequence[flow.WayOut], leaves: Sequence[flow.Leave]) -> tuple[Beater, ...]:
    """Those by whom everyone has left when a timer acts: an earlier one, for all who met no `when` until then."""
    if not isinstance(way.trigger, flow.After):
        return ()
    whens = [each for each in _all(peers, leaves) if isinstance(each.trigger, flow.When)]
    return _sooner(way.trigger.duration, peers, whens) if whens else ()


def _before(trigger: flow.After, duration: Duration) -> bool:
    return trigger.duration != duration and never_later(trigger.duration, duration)


def _groups(ways: Sequence[Beater]) -> list[list[Beater]]:
    """Those that act at one moment together."""
    found: dict[object, list[Beater]] = {}
    for way in ways:
        found.setdefault(way.trigger, []).append(way)
    return list(found.values())


def _cover(own: Sequence[Claim], ways: Sequence[Beater]) -> tuple[Beater, ...]:
    """As few of the ways as one of them always acts where the claims hold; none where there is a gap."""
    if not ways or not nobody((*own, *map(_unmet, ways))):
        return ()
    kept = list(ways)
    for way in sorted(ways, key=lambda each: not conditions(each)):
        without = [each for each in kept if each is not way]
        if without and nobody((*own, *map(_unmet, without))):
            kept = without
    return tuple(kept)


def _unmet(way: Beater) -> Claim:
    return And(tuple(conditions(way))), False


def _first(found: Iterable[tuple[Beater, ...]]) -> tuple[Beater, ...]:
    return next((each for each in found if each), ())


# --- everyone is gone -------------------------------------------------------------------------------------------


def _gone(exit: Exit, peers: Sequence[flow.WayOut], leaves: Sequence[flow.Leave]) -> tuple[Beater, ...]:
    """The ways by which everyone leaves at the moment of entry, before this one can act."""
    if isinstance(exit.way.trigger, flow.When | flow.Else) or exit.way.trigger == flow.After(Duration()):
        return ()
    whens: list[Beater] = [each for each in _all(peers, leaves) if isinstance(each.trigger, flow.When)]
    otherwise = [each for each in peers if isinstance(each.trigger, flow.Else)]
    at_once: list[Beater] = [each for each in peers if each.trigger == flow.After(Duration()) and not each.guard]
    for found in (otherwise, at_once, _cover([], whens)):
        acting = [*found, *(whens if found == otherwise else [])]
        if found and (not isinstance(exit.way.trigger, flow.OnDate) or all(w.order < exit.way.order for w in acting)):
            return tuple(found)
    return ()


def _is_emitted(exit: Exit, station: Station) -> bool:
    """Whether the stage itself brings about the event, so that it happens at the moment of entry."""
    return isinstance(exit.way.trigger, flow.OnEvent) and exit.way.trigger.pattern.event in station.emits()


def _waits(leave: flow.Leave) -> bool:
    return isinstance(leave.trigger, flow.When)
