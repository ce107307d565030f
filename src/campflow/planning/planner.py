"""From a checked flow to the plan: who is looked at when, and which moments each exit offers."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from campflow.model import flow as model
from campflow.model.expressions import And, Call, EventPattern, Expression, InArm, Not, walk
from campflow.model.flow import Campaign, CheckedFlow, Flow
from campflow.model.functions import Function
from campflow.model.people import Duration
from campflow.planning.moments import becoming, fields_in, is_asked_once
from campflow.planning.plan import (
    HELD_OUT,
    HOLDOUT,
    WALKING,
    Acting,
    ByBecoming,
    ByEvent,
    BySchedule,
    CampaignPlan,
    Candidate,
    Entry,
    Exit,
    OnBecoming,
    OnClock,
    OnConversion,
    OnEvent,
    Otherwise,
    Plan,
    Rfm,
    SplitPlan,
    StagePlan,
    Statement,
    Wakes,
    Zone,
)

ANNOUNCEMENTS = ("entered", "left", "converted")

#: What the outbox tells of a message.
FATES = frozenset({"sent", "failed", "expired"})


def plan(
    checked: CheckedFlow, *, zone: str, expires: Duration, rfm: Rfm | None = None, opt_in: Iterable[str] = ()
) -> Plan:
    """The plan of all campaigns. `zone` and `expires` are the project's own, where a campaign says nothing."""
    flow = checked.flow
    campaigns = tuple(
        replace(_campaign(flow, campaign, zone, expires), gated=_gated(flow, campaign, frozenset(opt_in)))
        for campaign in flow.campaigns
    )
    reads = frozenset(pattern.event for campaign in flow.campaigns for pattern in patterns(campaign))
    scored = any("rfm" in fields_in(each) for campaign in flow.campaigns for each in expressions(campaign))
    scores = rfm if scored else None
    return Plan(
        flow.contact, flow.events, zone, in_order_of_need(campaigns), reads, scores, frozenset(opt_in), flow.segments
    )


def _campaign(flow: Flow, campaign: Campaign, zone: str, expires: Duration) -> CampaignPlan:
    entries = tuple(_entry(campaign, enter) for enter in campaign.entries)
    conversions = tuple((_statement(convert), convert) for convert in campaign.conversions)
    stages = tuple(_stage(campaign, stage) for stage in campaign.stages)
    of_contact = campaign.zone == "contact"
    exits = [exit for stage in stages for exit in stage.exits]
    inside = _inside(exits, conversions)
    if of_contact:
        inside = Wakes(inside.events, inside.fields | {"timezone"})
    return CampaignPlan(
        name=campaign.name,
        campaign=campaign,
        zone=Zone(zone if of_contact or campaign.zone is None else campaign.zone, of_contact),
        runs=campaign.runs,
        expires=expires,
        entries=entries,
        holdout=_holdout(campaign.holdout),
        conversions=conversions,
        stages=stages,
        outside=_outside(entries),
        inside=inside,
        announces=frozenset(name for name in ANNOUNCEMENTS if _is_read(flow, name, campaign.name)),
        gated=frozenset(),
    )


def _gated(flow: Flow, campaign: Campaign, opt_in: frozenset[str]) -> frozenset[int]:
    """One limit anywhere, and the messages of all campaigns are counted and go in turn."""
    timed = campaign.quiet is not None or any(each.limits for each in flow.campaigns)
    sends = (action for stage in campaign.stages for action in stage.all_actions() if isinstance(action, model.Send))
    return frozenset(
        send.order
        for send in sends
        if campaign.budget
        or (not send.post and (send.purpose or campaign.purpose) in opt_in)
        or (timed and not send.transactional)
    )


def _statement(
    item: model.Enter | model.Leave | model.Convert | model.WayOut,
) -> Statement:
    return Statement(item.order, item.text, item.span)


# --- entries ------------------------------------------------------------------------------------------------------


def _entry(campaign: Campaign, enter: model.Enter) -> Entry:
    condition = _all(campaign.audience, enter.guard)
    match enter.trigger:
        case model.OnEvent(pattern):
            way: ByEvent | BySchedule | ByBecoming = ByEvent(pattern, enter.per)
        case model.When(when):
            way = ByBecoming(becoming(_all(when, condition)))
        case schedule:
            way = BySchedule(schedule)
    return Entry(_statement(enter), way, condition, enter.reentry)


def _outside(entries: Iterable[Entry]) -> Wakes:
    events: set[str] = set()
    fields: set[str] = set()
    for entry in entries:
        if isinstance(entry.way, ByEvent):
            events.add(entry.way.pattern.event)
        elif isinstance(entry.way, ByBecoming):
            events |= entry.way.becoming.events
            fields |= entry.way.becoming.fields
    return Wakes(frozenset(events), frozenset(fields))


# --- stages -------------------------------------------------------------------------------------------------------


def _stage(campaign: Campaign, stage: model.Stage) -> StagePlan:
    exits: list[Exit] = []
    if not stage.final:
        exits += [Exit(_statement(leave), _candidate(leave.trigger, leave.guard, stage), None)
                  for leave in campaign.leaves]  # fmt: skip
        exits += [Exit(_statement(convert), OnConversion(convert.name), convert.target)
                  for convert in campaign.conversions if convert.target is not None]  # fmt: skip
        exits += [Exit(_statement(way_out), _candidate(way_out.trigger, way_out.guard, stage, arm), way_out.target)
                  for way_out, arm in _ways_out(stage)]  # fmt: skip
    exits.sort(key=lambda exit: exit.statement.order)
    splits = tuple(
        SplitPlan(each.name, tuple((arm.name, arm.share) for arm in each.arms), each.measure, each.decide)
        for each in stage.splits
    )
    return StagePlan(stage.name, stage.final, splits, tuple(_actions(stage)), tuple(exits))


def _holdout(percent: float | None) -> SplitPlan | None:
    if not percent:
        return None
    return SplitPlan(HOLDOUT, ((HELD_OUT, percent), (WALKING, 100 - percent)), None, None)


def _actions(stage: model.Stage) -> list[Acting]:
    """In the order of the file; what stands in an arm happens only to who is in it."""
    found = [Acting(action, None) for action in stage.actions]
    found += [
        Acting(action, InArm(split.name, arm.name))
        for split in stage.splits
        for arm in split.arms
        for action in arm.actions
    ]
    return sorted(found, key=lambda each: each.action.order)


def _ways_out(stage: model.Stage) -> Iterator[tuple[model.WayOut, InArm | None]]:
    yield from ((way_out, None) for way_out in stage.ways_out)
    for split in stage.splits:
        for arm in split.arms:
            yield from ((way_out, InArm(split.name, arm.name)) for way_out in arm.ways_out)


def _candidate(
    trigger: model.Trigger, guard: Expression | None, stage: model.Stage, arm: InArm | None = None
) -> Candidate:
    """A way out of an arm is one of the stage that asks first whether the contact is in the arm."""
    asked = None if arm is None and guard is None else _all(arm, guard)
    match trigger:
        case model.OnEvent(pattern):
            return OnEvent(pattern, asked, is_asked_once(pattern, guard))
        case model.When(condition):
            return OnBecoming(becoming(_all(arm, condition, guard)))
        case model.Else():
            held = [_all(arm, way.trigger.condition, way.guard) for way, arm in _ways_out(stage)
                    if isinstance(way.trigger, model.When)]  # fmt: skip
            return Otherwise((*held, *(() if arm is None else (Not(arm),))))
        case clock:
            return OnClock(clock, asked)


def _inside(exits: Iterable[Exit], conversions: Iterable[tuple[Statement, model.Convert]]) -> Wakes:
    events = {convert.pattern.event for _, convert in conversions}
    fields: set[str] = set()
    for exit in exits:
        if isinstance(exit.candidate, OnEvent):
            events.add(exit.candidate.pattern.event)
        elif isinstance(exit.candidate, OnBecoming):
            events |= exit.candidate.becoming.events
            fields |= exit.candidate.becoming.fields
    return Wakes(frozenset(events), frozenset(fields))


def _all(*conditions: Expression | None) -> Expression:
    written = tuple(condition for condition in conditions if condition is not None)
    return written[0] if len(written) == 1 else And(written)


# --- what depends on what -----------------------------------------------------------------------------------------


def expressions(campaign: Campaign) -> Iterator[Expression]:
    """Every condition and value of a campaign, at its top."""
    yield campaign.audience
    for enter in campaign.entries:
        yield from _of(enter.trigger, enter.guard)
    for leave in campaign.leaves:
        yield from _of(leave.trigger, leave.guard)
    for convert in campaign.conversions:
        if convert.worth is not None:
            yield convert.worth
        if convert.pattern.where is not None:
            yield convert.pattern.where
    for stage in campaign.stages:
        for way_out in stage.all_ways_out():
            yield from _of(way_out.trigger, way_out.guard)
        for action in stage.all_actions():
            if isinstance(action, model.SetField):
                yield action.value
            elif isinstance(action, model.Emit):
                yield from (field.value for field in action.fields)
            elif isinstance(action, model.Do):
                yield from (option.value for option in action.options)


def functions(campaign: Campaign) -> Iterator[Function]:
    """Every function of a plugin that a campaign calls, as often as it does."""
    for top in (*expressions(campaign), *patterns(campaign)):
        yield from (part.function for part in walk(top) if isinstance(part, Call))


def _of(trigger: object, guard: Expression | None) -> Iterator[Expression]:
    if isinstance(trigger, model.When):
        yield trigger.condition
    if isinstance(trigger, model.OnEvent) and trigger.pattern.where is not None:
        yield trigger.pattern.where
    if guard is not None:
        yield guard


def patterns(campaign: Campaign) -> Iterator[EventPattern]:
    """Every event a campaign listens to or counts."""
    triggers = [
        *(enter.trigger for enter in campaign.entries),
        *(leave.trigger for leave in campaign.leaves),
        *(way_out.trigger for stage in campaign.stages for way_out in stage.all_ways_out()),
    ]
    yield from (trigger.pattern for trigger in triggers if isinstance(trigger, model.OnEvent))
    yield from (convert.pattern for convert in campaign.conversions)
    splits = (split for stage in campaign.stages for split in stage.splits)
    yield from (split.measure.pattern for split in splits if split.measure is not None)
    for expression in expressions(campaign):
        yield from (part for part in walk(expression) if isinstance(part, EventPattern))


def _is_read(flow: Flow, event: str, campaign: str) -> bool:
    return any(
        pattern.event == event and pattern.about in (None, campaign)
        for each in flow.campaigns
        for pattern in patterns(each)
    )


def in_order_of_need(campaigns: tuple[CampaignPlan, ...]) -> tuple[CampaignPlan, ...]:
    """Those that others read come first; inside a circle the order of the files stays."""
    done: list[CampaignPlan] = []
    waiting = list(campaigns)
    while waiting:
        free = [each for each in waiting if not any(_feeds(o, each) for o in waiting if o is not each)]
        for each in free or waiting[:1]:
            done.append(each)
            waiting.remove(each)
    return tuple(done)


def _feeds(source: CampaignPlan, reader: CampaignPlan) -> bool:
    """Whether a campaign tells another one something while it moves people."""
    return bool(_told_by(source) & _heard_by(reader))


def circles(campaigns: Iterable[CampaignPlan]) -> list[set[str]]:
    """The names of campaigns, together with those whose order in a tick may matter to them: one reads what the other
    tells or sets, or both set one field. Kept texts may be among them."""
    plans = list(campaigns)
    tells = {id(each): _told_by(each) for each in plans}
    # Who sets what is a matter of all who do: the last one's value stays.
    hears = {id(each): _heard_by(each) | {("field", name) for name in _set_fields(each)} for each in plans}
    found: list[set[str]] = []
    for each in plans:
        mine = {each.name, *(o.name for o in plans if tells[id(each)] & hears[id(o)] or tells[id(o)] & hears[id(each)])}
        apart = [circle for circle in found if not circle & mine]
        found = [*apart, mine.union(*(circle for circle in found if circle & mine))]
    return found


def _told_by(source: CampaignPlan) -> set[tuple[str, ...]]:
    """What a campaign tells others while it moves: its own steps, events, fields."""
    steps = {(event, about) for event in source.announces for about in ("", source.name)}
    return {*steps, *(("event", name) for name in _emitted(source)), *(("field", name) for name in _set_fields(source))}


def _heard_by(reader: CampaignPlan) -> set[tuple[str, ...]]:
    steps = {(each.event, each.about or "") for each in patterns(reader.campaign)}
    events = {("event", each.event) for each in patterns(reader.campaign)}
    fields = {name for expression in expressions(reader.campaign) for name in fields_in(expression)}
    return {*steps, *events, *(("field", name) for name in fields)}


def narrowed(whole: Plan, names: Iterable[str]) -> Plan:
    """Only the campaigns of these names and those that may change what happens in them, in the same order."""
    kept: set[str] = set()
    waiting = [each for each in whole.campaigns if each.name in set(names)]
    while waiting:
        reader = waiting.pop()
        kept.add(reader.name)
        sources = (each for each in whole.campaigns if each.name not in kept)
        waiting += [
            each
            for each in sources
            if _feeds(each, reader) or _sends_to(each, reader) or (reader.campaign.limits and _sends(each))
        ]
    return replace(whole, campaigns=tuple(each for each in whole.campaigns if each.name in kept))


def _sends(campaign: CampaignPlan) -> bool:
    """Whether the campaign has messages, which the limits of others may count."""
    return any(isinstance(each.action, model.Send) for stage in campaign.stages for each in stage.actions)


def _sends_to(source: CampaignPlan, reader: CampaignPlan) -> bool:
    """Whether what becomes of the source's messages is something that the reader asks about."""
    actions = (each.action for stage in source.stages for each in stage.actions)
    sent = {None, *(action.message for action in actions if isinstance(action, model.Send))}
    fates = (pattern for pattern in patterns(reader.campaign) if pattern.event in FATES)
    return len(sent) > 1 and any(pattern.about in sent for pattern in fates)


def _emitted(campaign: CampaignPlan) -> set[str]:
    acting = (each.action for stage in campaign.stages for each in stage.actions)
    return {action.event for action in acting if isinstance(action, model.Emit)}


def _set_fields(campaign: CampaignPlan) -> set[str]:
    acting = (each.action for stage in campaign.stages for each in stage.actions)
    return {action.field for action in acting if isinstance(action, model.SetField)}
