"""The most messages that one person could get in a week, campaign by campaign: what `campflow check --load` shows.

It is an upper bound. A window of seven days begins in any stage; ways out on events, and on conditions, take no time;
of the arms of a split the busiest counts; a message planned for later counts as if it came with the others. Who may
enter again does so as soon as it is allowed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TypeAlias

from campflow.checking.proofs.limits import is_free, length
from campflow.checking.vocabulary import ContentIndex
from campflow.model import flow

_DAY = 86_400_000
WEEK = 7 * _DAY

#: Messages from which on nobody counts any more, and steps after which the search is given up.
_ENOUGH, _LONGEST = 200, 20_000

#: A stage, the milliseconds since the window began, and whether a clock time has been waited for.
_State: TypeAlias = tuple[str, int, bool]


@dataclass(frozen=True, slots=True)
class Load:
    """`messages` is the most of one channel that one person could get from one campaign in a week, None where there
    is no end to it. `path` are the stages in which they are planned. `let_through` is what the campaign's own limits
    leave of them, None where none binds."""

    channel: str
    campaign: str
    messages: int | None
    let_through: int | None
    path: tuple[str, ...]


def loads(project: flow.Flow, content: ContentIndex) -> tuple[Load, ...]:
    """For each channel in use, every campaign that sends by it, the heaviest first."""
    found = [load for campaign in project.campaigns for load in _of_campaign(campaign, content)]
    return tuple(sorted(found, key=lambda each: (each.channel, -(each.messages or _ENOUGH), each.campaign)))


def _of_campaign(campaign: flow.Campaign, content: ContentIndex) -> Iterator[Load]:
    sends = [send for stage in campaign.stages for send in _all_sends(stage)]
    for channel in dict.fromkeys(send.channel for send in sends):
        count, path = _heaviest(campaign, channel)
        entries = _entries(campaign)
        total = count * entries if count is not None and entries is not None else None
        if count == 0:
            continue
        bound = all(not is_free(send, content) for send in sends if send.channel == channel)
        limit = _limit(campaign, channel) if bound else None
        binds = limit is not None and (total is None or limit < total)
        yield Load(channel, campaign.name, total, limit if binds else None, path)


def _all_sends(stage: flow.Stage) -> list[flow.Send]:
    actions = [*stage.actions, *(action for split in stage.splits for arm in split.arms for action in arm.actions)]
    return [action for action in actions if isinstance(action, flow.Send)]


# --- one journey ------------------------------------------------------------------------------------------------


def _heaviest(campaign: flow.Campaign, channel: str) -> tuple[int | None, tuple[str, ...]]:
    """The most messages of a journey in a week, None where there is no end, and the stages of that week."""
    planned = {stage.name: _planned(stage, channel) for stage in campaign.stages}
    best: tuple[int, tuple[str, ...]] = (0, ())
    for start in campaign.stages:
        count, path = _from(start.name, planned, campaign)
        if count is None:
            return None, path
        best = max(best, (count, path), key=lambda each: each[0])
    return best


def _from(start: str, planned: dict[str, int], campaign: flow.Campaign) -> tuple[int | None, tuple[str, ...]]:
    """The best that can be had from one stage on: states are visited again whenever that gives more."""
    first: _State = (start, 0, False)
    most = {first: planned[start]}
    before: dict[_State, _State] = {}
    waiting = [first]
    for _ in range(_LONGEST):
        if not waiting:
            break
        state = waiting.pop()
        if most[state] > _ENOUGH:
            return None, _path(state, before)
        for following in _steps(state, campaign):
            gained = most[state] + planned[following[0]]
            if gained > most.get(following, -1):
                most[following], before[following] = gained, state
                waiting.append(following)
    last = max(most, key=lambda state: most[state])
    return most[last], _path(last, before)


def _steps(state: _State, campaign: flow.Campaign) -> Iterator[_State]:
    """Where a contact can be next, within the week."""
    name, at, clocked = state
    stage = campaign.stage(name)
    if stage is None or stage.final:
        return
    arms = (way for split in stage.splits for arm in split.arms for way in arm.ways_out)
    for way in (*stage.ways_out, *arms):
        by_clock = isinstance(way.trigger, flow.AtTime)
        later = at + _wait(way.trigger, clocked)
        if later < WEEK:
            yield way.target, later, clocked or by_clock
    for conversion in campaign.conversions:
        if conversion.target:
            yield conversion.target, at, clocked


def _wait(trigger: flow.Trigger, clocked: bool) -> int:
    """The least time until it acts. The first clock time may be near; from one to the next it is a day, or a week."""
    match trigger:
        case flow.After(duration):
            return length(duration)
        case flow.AtTime(_, weekday) if clocked:
            return _DAY if weekday is None else WEEK
    return 0


def _path(state: _State, before: dict[_State, _State]) -> tuple[str, ...]:
    names = [state[0]]
    seen = {state}
    while state in before and before[state] not in seen:
        state = before[state]
        seen.add(state)
        names.append(state[0])
    return tuple(reversed(names))


def _planned(stage: flow.Stage, channel: str) -> int:
    """The messages of a channel that entering the stage plans, in the busiest arm of each split."""
    splits = (max((_count(arm.actions, channel) for arm in split.arms), default=0) for split in stage.splits)
    return _count(stage.actions, channel) + sum(splits)


def _count(actions: Sequence[flow.Action], channel: str) -> int:
    return sum(isinstance(action, flow.Send) and action.channel == channel for action in actions)


# --- entering again, and limits ---------------------------------------------------------------------------------


def _entries(campaign: flow.Campaign) -> int | None:
    """How often one person can enter in a week; None where there is no end to it."""
    each = [_entries_by(entry, campaign) for entry in campaign.entries]
    if None in each:
        return None
    once = all(isinstance(entry.reentry, flow.Once) for entry in campaign.entries)
    return 1 if once else max(1, sum(number or 0 for number in each))


def _entries_by(entry: flow.Enter, campaign: flow.Campaign) -> int | None:
    if entry.per is not None:
        return None  # one journey for each cart, and any number of carts
    match entry.reentry:
        case flow.Once():
            return 1
        case flow.Again(duration):
            return max(1, ceil(WEEK / max(length(duration), 1)))
    if isinstance(entry.trigger, flow.Every):
        return 7 if entry.trigger.weekday is None and entry.trigger.day_of_month is None else 1
    shortest = _shortest(campaign)
    return max(1, ceil(WEEK / shortest)) if shortest else None


def _shortest(campaign: flow.Campaign) -> int:
    """The least time that a journey takes; people who leave at once can be back at once."""
    if campaign.leaves:
        return 0
    known = {campaign.stages[0].name: 0}
    waiting = [campaign.stages[0].name]
    while waiting:
        name = min(waiting, key=lambda each: known[each])
        waiting.remove(name)
        stage = campaign.stage(name)
        if stage is None or stage.final:
            return known[name]
        arms = (way for split in stage.splits for arm in split.arms for way in arm.ways_out)
        steps = [(way.target, _wait(way.trigger, False)) for way in (*stage.ways_out, *arms)]
        steps += [(each.target, 0) for each in campaign.conversions if each.target]
        for target, wait in steps:
            if known[name] + wait < known.get(target, WEEK):
                known[target] = known[name] + wait
                waiting.append(target)
    return WEEK


def _limit(campaign: flow.Campaign, channel: str) -> int | None:
    """The most messages of the channel that the campaign's limits let through in a week."""
    rules = [rule for limit in campaign.limits for rule in limit.rules if rule.channel in (None, channel)]
    return min((rule.count * max(ceil(WEEK / max(length(rule.per), 1)), 1) for rule in rules), default=None)
