"""Stages that went and stages that came: which was which, by what they do and how they are called."""

from collections.abc import Hashable
from difflib import SequenceMatcher

from campflow.checking.differences.statements import waits_for
from campflow.model.flow import Campaign, Send, Stage

#: From here on, 0 to 1, two stages are taken for the same one.
ALIKE = 0.5


def renamed(old: Campaign, new: Campaign) -> tuple[tuple[Stage, Stage], ...]:
    """Pairs of a stage that is gone and one that came, the most alike first; each stage is in one pair at most."""
    there, before = {stage.name for stage in new.stages}, {stage.name for stage in old.stages}
    gone = [stage for stage in old.stages if stage.name not in there and not stage.final]
    come = [stage for stage in new.stages if stage.name not in before and not stage.final]
    scored = sorted(((likeness(was, is_now), was.name, is_now.name) for was in gone for is_now in come), reverse=True)
    pairs: dict[str, str] = {}
    for score, was, is_now in scored:
        if score >= ALIKE and was not in pairs and is_now not in pairs.values():
            pairs[was] = is_now
    return tuple((was, is_now) for was in gone for is_now in come if pairs.get(was.name) == is_now.name)


def likeness(was: Stage, is_now: Stage) -> float:
    """0 to 1: what they send counts most, then what people wait for in them, then their names."""
    name = SequenceMatcher(None, was.name, is_now.name).ratio()
    return 0.4 * _shared(_sends(was), _sends(is_now)) + 0.35 * _shared(_exits(was), _exits(is_now)) + 0.25 * name


def _shared(one: frozenset[Hashable], other: frozenset[Hashable]) -> float:
    """What two sets have in common; two empty ones are alike, and that says little."""
    both = one | other
    return len(one & other) / len(both) if both else 0.5


def _sends(stage: Stage) -> frozenset[Hashable]:
    return frozenset((each.channel, each.message) for each in stage.all_actions() if isinstance(each, Send))


def _exits(stage: Stage) -> frozenset[Hashable]:
    return frozenset((waits_for(way), way.target) for way in stage.all_ways_out())
