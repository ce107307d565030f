"""Stages that nobody can get to."""

from collections.abc import Iterator

from campflow.checking.proofs.evidence import Evidence
from campflow.checking.proofs.sketch import Exit, Station
from campflow.checking.proofs.walking import Walk
from campflow.checking.wording import graphs as say
from campflow.diagnostics.diagnostic import Diagnostic


def every_stage_is_reached(evidence: Evidence) -> Iterator[Diagnostic]:
    """A path leads to every stage: from the first one by ways out whose conditions somebody meets, by the arrow of a
    conversion, or by a `moved` line. Stages that only hang on an unreachable one are told with it."""
    for walk in evidence.walks:
        if walk.sketch.sound:
            lost = [station for station in walk.sketch.stations if station.name not in walk.reached]
            for station in _roots(lost):
                behind = [each.name for each in lost if each is not station and each.name in _behind(station, lost)]
                barred = [exit for exit in _ways_to(station, walk) if exit.way.order in walk.barred]
                start = walk.sketch.stations[0].name
                seen = [each.name for each in walk.sketch.stations if each.name in walk.reached]
                yield say.unreachable(station.node.name, start, seen, behind, [exit.node for exit in barred])


def _roots(lost: list[Station]) -> list[Station]:
    """As few of the unreachable stages as all others hang on, in the order of the file."""
    pointed_at = {exit.way.target for each in lost for exit in each.exits if exit.way.target != each.name}
    roots = [each for each in lost if each.name not in pointed_at]
    covered = {name for root in roots for name in _behind(root, lost)}
    for station in lost:
        if station.name not in covered:
            roots.append(station)
            covered |= _behind(station, lost)
    return [each for each in lost if each in roots]


def _behind(station: Station, lost: list[Station]) -> set[str]:
    """The stage and those of the others that can be reached from it."""
    by_name = {each.name: each for each in lost}
    seen, waiting = {station.name}, [station]
    while waiting:
        targets = {exit.way.target for exit in waiting.pop().exits} & by_name.keys() - seen
        seen |= targets
        waiting += [by_name[name] for name in targets]
    return seen


def _ways_to(station: Station, walk: Walk) -> Iterator[Exit]:
    """The ways into it from stages that are reached."""
    for source in walk.sketch.stations:
        if source.name in walk.reached:
            yield from (exit for exit in source.exits if exit.way.target == station.name)
