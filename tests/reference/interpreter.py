"""The language as one short, slow program: it takes one contact at a time and lives through what happens to it.

This is the definition of correct that the engine is compared with. It shares nothing with planner, SQL or engine: only
the typed model. Speed is no aim; being obviously what `language.md` says is.

The engine looks at the world at certain moments (`looks`). At each look it knows what was learned by then, and
everything that is due by then happens, in the order of time, each thing at its own time.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import NamedTuple

from tests.reference.clock import add, midnight, occurrences, to_instant
from tests.reference.conditions import Entry, Known, View, earliest, holds, is_about, turns, value
from tests.reference.dependencies import in_order, named_campaign_events
from tests.reference.story import Change, Conversion, Happening, Message, Move, Outcome, Person, Stored

from campflow.model.expressions import And, ContactField, Expression, walk
from campflow.model.flow import (
    Action,
    After,
    Again,
    AtTime,
    Campaign,
    Convert,
    Else,
    Emit,
    Enter,
    Every,
    Flow,
    Leave,
    Once,
    OnDate,
    OnEvent,
    Send,
    SetField,
    Stage,
    WayOut,
    When,
)
from campflow.model.people import Duration


def interpret(
    flow: Flow,
    people: Sequence[Person],
    happenings: Sequence[Happening],
    *,
    now: int,
    zone: str,
    first_deployed: int,
    expires: Duration,
    changes: Sequence[Change] = (),
    looks: Sequence[int] | None = None,
) -> Outcome:
    """What must have happened by `now`. Without `looks`, the engine is punctual."""
    if looks is None:
        looks = punctual(happenings, changes, now)
    lives = [_Life(flow, person, zone, first_deployed, expires) for person in people]
    news = sorted((h for h in happenings if h.known_at <= now), key=lambda h: (h.known_at, h.seq))
    for life in lives:
        _live(life, [h for h in news if h.contact == life.key], [c for c in changes if c.contact == life.key], looks)
    return Outcome(
        sorted(move for life in lives for move in life.moves),
        sorted(message for life in lives for message in life.messages),
        sorted(conversion for life in lives for conversion in life.conversions),
    )


def punctual(happenings: Sequence[Happening], changes: Sequence[Change], now: int) -> list[int]:
    """The looks of an engine that never sleeps: what was due before something was learned is done before it."""
    learned = {h.known_at for h in happenings} | {c.at for c in changes}
    return sorted({look for moment in learned for look in (moment - 1, moment) if look < now} | {now})


def _live(life: "_Life", news: Sequence[Happening], changes: Sequence[Change], looks: Sequence[int]) -> None:
    """Tell the life what is new before each look."""
    told = changed = 0
    for look in looks:
        while told < len(news) and news[told].known_at <= look:
            life.learn(news[told])
            told += 1
        while changed < len(changes) and changes[changed].at <= look:
            life.change(changes[changed].field, changes[changed].value, changes[changed].at)
            changed += 1
        life.look(look)


# --- one journey ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Journey:
    """`since` and `since_seq`: when the stage was entered, and up to which event of that moment all are used up."""

    key: str
    number: int
    entry: Entry
    stage: Stage | None
    since: int
    since_seq: int
    nth: int = 1
    ended_at: int | None = None
    converted: dict[str, tuple[Convert, Known]] = field(default_factory=dict)

    @property
    def inside(self) -> bool:
        return self.ended_at is None


class _Way(NamedTuple):
    """A thing that is due, and what sorts it: the earliest first, at one moment as the file has it."""

    at: int
    order: int
    seq: int
    enter: Enter | None = None
    key: str = ""
    event: Known | None = None
    journey: _Journey | None = None
    target: str | None = None
    convert: Convert | None = None
    by_condition: bool = False

    @property
    def rank(self) -> tuple[int, bool, int, int]:
        """A conversion is counted before anything moves at its moment: its arrow is a way out like others."""
        return self.at, self.convert is None, self.order, self.seq


# --- one contact --------------------------------------------------------------------------------------------------


class _Life:
    """One contact: fields, history, journeys, and what came of them."""

    def __init__(self, flow: Flow, person: Person, zone: str, first_deployed: int, expires: Duration) -> None:
        self.key, self.created_at = person.key, person.created_at
        self.fields: dict[str, Stored] = dict(person.fields)
        self.campaigns = in_order(flow)
        self.recorded = named_campaign_events(flow)
        self.project_zone, self.first_deployed, self.expires = zone, first_deployed, expires
        self.events: list[Known] = []
        self.learned: set[str] = set()
        self.changed: list[tuple[int, str, Stored]] = []
        self.journeys: dict[str, list[_Journey]] = {campaign.name: [] for campaign in flow.campaigns}
        self.refused: set[tuple[object, ...]] = set()
        self.moves: list[Move] = []
        self.messages: list[Message] = []
        self.conversions: list[Conversion] = []

    # What is new.

    def learn(self, happening: Happening) -> None:
        if happening.id is not None and happening.id in self.learned:
            return
        if happening.id is not None:
            self.learned.add(happening.id)
        self.record(happening.name, happening.at, happening.about, happening.fields)

    def record(self, name: str, at: int, about: str | None, fields: Mapping[str, Stored]) -> None:
        self.events.append(Known(len(self.events) + 1, name, at, about, fields))

    def change(self, name: str, new: Stored, at: int) -> None:
        old = self.fields.get(name)
        if new != old:
            self.changed.append((at, name, old))
            self.fields[name] = new

    def look(self, now: int) -> None:
        """Do everything that is due by now."""
        if self.created_at > now:
            return
        for campaign in self.campaigns:
            for _ in range(10_000):
                due = min(self.due(campaign, now), key=lambda way: way.rank, default=None)
                if due is None:
                    break
                self.go(campaign, due)
            else:
                raise AssertionError(f"{campaign.name}: {self.key} never comes to rest")

    # Helpers of every condition.

    def zone(self, campaign: Campaign) -> str:
        if campaign.zone == "contact":
            return str(self.fields.get("timezone") or self.project_zone)
        return campaign.zone or self.project_zone

    def view(self, campaign: Campaign, at: int, journey: _Journey | None = None, event: Known | None = None) -> View:
        entry = journey.entry if journey else None
        return View(self.fields, self.events, self.zone(campaign), at, entry, event)

    def asked(self, question: tuple[object, ...], answer: bool) -> bool:
        """A question is asked once: the first no stands, whatever changes later."""
        if question in self.refused:
            return False
        if not answer:
            self.refused.add(question)
        return answer

    def settled_at(self, condition: Expression) -> int:
        """The last change of a field that the condition reads: it cannot have come to hold before."""
        reads = {part.name for part in walk(condition) if isinstance(part, ContactField)}
        return max((at for at, name, _ in self.changed if name in reads), default=-(2**62))

    def used_up(self, way: _Way) -> int:
        """The last event that cannot cause what comes after this move."""
        if way.event is not None:
            return way.event.seq
        if way.by_condition:
            return max((event.seq for event in self.events if event.at == way.at), default=0)
        return 0

    def happened(self, now: int, since: int = -(2**62), since_seq: int = 0) -> list[Known]:
        """The events after a moment, in the order of time, and at one moment as they were learned."""
        found = [event for event in self.events if event.at <= now and (event.at, event.seq) > (since, since_seq)]
        return sorted(found, key=lambda event: (event.at, event.seq))

    # What is due.

    def due(self, campaign: Campaign, now: int) -> Iterator[_Way]:
        for enter in campaign.entries:
            yield from self.entries(campaign, enter, now)
        for journey in self.journeys[campaign.name]:
            yield from self.countings(campaign, journey, now)
            if journey.inside:
                yield from self.ways_out(campaign, journey, now)

    # Entering.

    def entries(self, campaign: Campaign, enter: Enter, now: int) -> Iterator[_Way]:
        """The first moment at which this statement lets the contact in, for each key."""
        start, end = self.runs(campaign)
        last_moment = now if end is None else min(now, end - 1)
        match enter.trigger:
            case OnEvent(pattern):
                for event in self.happened(last_moment):
                    key = "" if enter.per is None else event.fields.get(enter.per)
                    if event.at >= start and is_about(pattern, event) and key is not None:
                        way = _Way(event.at, enter.order, event.seq, enter, str(key), event)
                        if self.may_enter(campaign, way, pattern.where):
                            yield way
            case Every(time, weekday, day_of_month):
                moments = occurrences(self.zone(campaign), time, max(start, self.created_at), weekday, day_of_month)
                for moment in takewhile(lambda moment: moment <= last_moment, moments):
                    way = _Way(moment, enter.order, 0, enter)
                    if self.may_enter(campaign, way):
                        yield way
            case OnDate(local):
                moment = to_instant(self.zone(campaign), local)
                way = _Way(moment, enter.order, 0, enter)
                if max(start, self.created_at) <= moment <= last_moment and self.may_enter(campaign, way):
                    yield way
            case When(condition):
                found = self.comes_to_hold(campaign, enter, condition, start, last_moment)
                if found is not None:
                    yield _Way(found, enter.order, 0, enter, by_condition=True)

    def runs(self, campaign: Campaign) -> tuple[int, int | None]:
        """When people may enter: from the first moment, before the second."""
        zone = self.project_zone if campaign.zone in (None, "contact") else str(campaign.zone)
        if campaign.runs is None:
            return self.first_deployed, None
        start, end = campaign.runs.start, campaign.runs.end
        return midnight(zone, start), None if end is None else midnight(zone, end + dt.timedelta(days=1))

    def passages(self, campaign: Campaign, key: str) -> list[_Journey]:
        return [journey for journey in self.journeys[campaign.name] if journey.key == key]

    def free(self, campaign: Campaign, enter: Enter, key: str, at: int, seq: int) -> bool:
        """Nobody is inside twice, and who was inside comes back only as the statement says."""
        before = self.passages(campaign, key)
        if not before:
            return True
        last = before[-1]
        if last.ended_at is None or (at, seq) <= (last.ended_at, last.since_seq if seq else 2**62):
            return False
        match enter.reentry:
            case Once():
                return False
            case Again(after):
                return at >= add(self.zone(campaign), last.entry.at, after)
        return True

    def may_enter(self, campaign: Campaign, way: _Way, where: Expression | None = None) -> bool:
        enter = way.enter
        assert enter is not None
        if not self.free(campaign, enter, way.key, way.at, way.seq):
            return False
        view = self.view(campaign, way.at, event=way.event)
        answer = holds(where, view) and holds(enter.guard, view) and holds(campaign.audience, view)
        passage = len(self.passages(campaign, way.key))
        return self.asked((campaign.name, way.key, passage, way.order, way.at, way.seq), answer)

    def comes_to_hold(
        self, campaign: Campaign, enter: Enter, condition: Expression, start: int, last_moment: int
    ) -> int | None:
        """`enter when`: the first moment it holds; for who was inside before, the first at which it begins to hold."""
        wanted = And(tuple(part for part in (condition, enter.guard, campaign.audience) if part is not None))
        low = max(start, self.created_at, self.settled_at(wanted))
        view = self.view(campaign, low)
        if not self.passages(campaign, ""):
            return earliest(wanted, view, low, last_moment)
        for moment in turns(wanted, view, low, last_moment):
            if self.free(campaign, enter, "", moment, 0):
                after = replace(view, now=moment, just_after=True)
                before = replace(after, now=moment - 1, fields=self.fields_before(moment))
                if holds(wanted, after) and not holds(wanted, before):
                    return moment
        return None

    def fields_before(self, moment: int) -> dict[str, Stored]:
        fields = dict(self.fields)
        for at, name, old in reversed(self.changed):
            if at >= moment:
                fields[name] = old
        return fields

    # Converting.

    def countings(self, campaign: Campaign, journey: _Journey, now: int) -> Iterator[_Way]:
        """The conversions that are not counted yet."""
        for convert in campaign.conversions:
            if convert.name in journey.converted:
                continue
            close = add(self.zone(campaign), journey.entry.at, convert.within)
            for event in self.happened(min(now, close), journey.entry.at, journey.entry.seq):
                if is_about(convert.pattern, event):
                    question = (campaign.name, journey.key, journey.number, convert.order, event.seq)
                    view = self.view(campaign, event.at, journey, event)
                    if self.asked(question, holds(convert.pattern.where, view)):
                        yield _Way(event.at, convert.order, event.seq, event=event, journey=journey, convert=convert)
                        break

    # Moving.

    def ways_out(self, campaign: Campaign, journey: _Journey, now: int) -> Iterator[_Way]:
        assert journey.stage is not None
        for convert, event in journey.converted.values():
            if convert.target and (event.at, event.seq) > (journey.since, journey.since_seq):
                yield _Way(event.at, convert.order, event.seq, event=event, journey=journey, target=convert.target)
        statements: tuple[Leave | WayOut, ...] = (*campaign.leaves, *journey.stage.ways_out)
        for statement in statements:
            target = None if isinstance(statement, Leave) else statement.target
            base = _Way(0, statement.order, 0, journey=journey, target=target)

            def ask(at: int, event: Known | None = None, *, base: _Way = base, guard: Expression | None) -> bool:
                question = (campaign.name, journey.key, journey.number, journey.nth, base.order, event and event.seq)
                return self.asked(question, holds(guard, self.view(campaign, at, journey, event)))

            zone, guard = self.zone(campaign), statement.guard
            match statement.trigger:
                case OnEvent(pattern):
                    both = And(tuple(part for part in (pattern.where, guard) if part is not None))
                    for event in self.happened(now, journey.since, journey.since_seq):
                        if is_about(pattern, event) and ask(event.at, event, guard=both):
                            yield base._replace(at=event.at, seq=event.seq, event=event)
                            break
                case When(condition):
                    both = And((condition,) if guard is None else (condition, guard))
                    low = max(journey.since, self.settled_at(both))
                    found = earliest(both, self.view(campaign, low, journey), low, now)
                    if found is not None:
                        yield base._replace(at=found, by_condition=True)
                case Else():
                    if journey.since <= now and not self.holds_on_entry(campaign, journey):
                        yield base._replace(at=journey.since)
                case After(duration):
                    at = add(zone, journey.since, duration)
                    if at <= now and ask(at, guard=guard):
                        yield base._replace(at=at)
                case AtTime(time, weekday):
                    at = next(occurrences(zone, time, journey.since + 1, weekday))
                    if at <= now and ask(at, guard=guard):
                        yield base._replace(at=at)
                case OnDate(local):
                    at = max(journey.since, to_instant(zone, local))
                    if at <= now and ask(at, guard=guard):
                        yield base._replace(at=at)

    def holds_on_entry(self, campaign: Campaign, journey: _Journey) -> bool:
        """Whether some `when` of the stage holds as it is entered."""
        assert journey.stage is not None
        view = replace(self.view(campaign, journey.since, journey), just_after=True)
        return any(
            holds(way.trigger.condition, view)
            and holds(way.guard, view)
            and journey.since >= self.settled_at(way.trigger.condition)
            for way in journey.stage.ways_out
            if isinstance(way.trigger, When)
        )

    # Doing it.

    def go(self, campaign: Campaign, way: _Way) -> None:
        if way.journey is None:
            self.enter(campaign, way)
        elif way.convert is not None:
            self.count(campaign, way.journey, way)
        else:
            self.move(campaign, way.journey, way)

    def enter(self, campaign: Campaign, way: _Way) -> None:
        seq = self.used_up(way)
        number = len(self.passages(campaign, way.key)) + 1
        first = campaign.stages[0]
        journey = _Journey(way.key, number, Entry(way.at, seq, way.event), first, way.at, seq)
        self.journeys[campaign.name].append(journey)
        self.log(campaign, journey, None, first.name, way)
        self.tell("entered", campaign, way.at)
        self.arrive(campaign, journey)

    def count(self, campaign: Campaign, journey: _Journey, way: _Way) -> None:
        convert, event = way.convert, way.event
        assert convert is not None
        assert event is not None
        journey.converted[convert.name] = (convert, event)
        worth = convert.worth and value(convert.worth, self.view(campaign, event.at, journey, event))
        assert worth is None or isinstance(worth, int | float)
        row = Conversion(campaign.name, self.key, journey.key, journey.number, convert.name, event.at, worth)
        self.conversions.append(row)
        self.tell("converted", campaign, event.at)

    def move(self, campaign: Campaign, journey: _Journey, way: _Way) -> None:
        seq = self.used_up(way)
        if way.at == journey.since:
            seq = max(seq, journey.since_seq)
        old, journey.stage = journey.stage, None if way.target is None else campaign.stage(way.target)
        journey.since, journey.since_seq, journey.nth = way.at, seq, journey.nth + 1
        self.log(campaign, journey, old.name if old else None, way.target, way)
        if way.target is None:
            self.leave(campaign, journey)
        else:
            self.arrive(campaign, journey)

    def leave(self, campaign: Campaign, journey: _Journey) -> None:
        """Out at once; what was not handed over is cancelled."""
        journey.ended_at = journey.since
        whose = (campaign.name, self.key, journey.key, journey.number)
        self.messages = [m._replace(cancelled=True) if m[:4] == whose else m for m in self.messages]
        self.tell("left", campaign, journey.since)

    def arrive(self, campaign: Campaign, journey: _Journey) -> None:
        assert journey.stage is not None
        if journey.stage.final:
            journey.ended_at = journey.since
        for action in journey.stage.actions:
            self.act(campaign, journey, action)

    def act(self, campaign: Campaign, journey: _Journey, action: Action) -> None:
        view = self.view(campaign, journey.since, journey)
        match action:
            case Send():
                self.send(campaign, journey, action)
            case SetField():
                self.change(action.field, value(action.value, view), journey.since)
            case Emit():
                fields = {option.name: value(option.value, view) for option in action.fields}
                self.record(action.event, journey.since, None, fields)

    def send(self, campaign: Campaign, journey: _Journey, send: Send) -> None:
        zone, at = self.zone(campaign), journey.since
        if send.time.delay is not None:
            at = add(zone, at, send.time.delay)
        elif send.time.time is not None:
            at = next(occurrences(zone, send.time.time, at, send.time.weekday))
        expires_at = add(zone, at, send.expires or self.expires)
        whose = (campaign.name, self.key, journey.key, journey.number, journey.nth)
        self.messages.append(Message(*whose, send.channel, send.message, send.nth, at, expires_at, False))

    def log(self, campaign: Campaign, journey: _Journey, old: str | None, new: str | None, way: _Way) -> None:
        whose = (campaign.name, self.key, journey.key, journey.number, journey.nth)
        self.moves.append(Move(*whose, old, new, way.order, way.at))

    def tell(self, name: str, campaign: Campaign, at: int) -> None:
        """`entered`, `left` and `converted` are events like any other, where someone asks for them."""
        if (name, campaign.name) in self.recorded:
            self.record(name, at, campaign.name, {})
