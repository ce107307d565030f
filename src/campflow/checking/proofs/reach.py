"""Stages that nobody can get to."""

from collections.abc import Iterator, Mapping

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
            lost = {each.name: each for each in walk.sketch.stations if each.name not in walk.reached}
            seen = [each.name for each in walk.sketch.stations if each.name in walk.reached]
            for station in _roots(lost):
                found = _behind(station, lost) - {station.name}
                behind = [name for name in lost if name in found] if found else []
                barred = (
                    [exit for exit in _ways_to(station, walk) if exit.way.order in walk.barred] if walk.barred else []
                )
                start = walk.sketch.stations[0].name
                yield say.unreachable(station.node.name, start, seen, behind, [exit.node for exit in barred])


def _roots(lost: Mapping[str, Station]) -> list[Station]:
    """As few of the unreachable stages as all others hang on, in the order of the file."""
    pointed_at = {exit.way.target for each in lost.values() for exit in each.exits if exit.way.target != each.name}
    roots = [name for name in lost if name not in pointed_at]
    covered = {behind for name in roots for behind in _behind(lost[name], lost)}
    for name, station in lost.items():
        if name not in covered:
            roots.append(name)
            covered |= _behind(station, lost)
    kept = set(roots)
    return [station for name, station in lost.items() if name in kept]


def _behind(station: Station, lost: Mapping[str, Station]) -> set[str]:
    """The stage and those of the others that can be reached from it."""
    seen, waiting = {station.name}, [station]
    while waiting:
        targets = {target for exit in waiting.pop().exits if (target := exit.way.target) in lost} - seen
        seen |= targets
        waiting += [lost[name] for name in targets]
    return seen


def _ways_to(station: Station, walk: Walk) -> Iterator[Exit]:
    """The ways into it from stages that are reached."""
    for source in walk.sketch.stations:
        if source.name in walk.reached:
            yield from (exit for exit in source.exits if exit.way.target == station.name)
