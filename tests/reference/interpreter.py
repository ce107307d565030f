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
from typing import NamedTuple, TypeAlias

from tests.reference.arms import arm_of, best_arm
from tests.reference.clock import add, days_from, midnight, occurrences, to_instant, to_local
from tests.reference.conditions import Entry, Known, View, earliest, holds, is_about, kept, turns
from tests.reference.dependencies import in_order, named_campaign_events
from tests.reference.releasing import Allowance, Letter, Post
from tests.reference.story import (
    Act,
    Change,
    Conversion,
    Decision,
    Exposure,
    Happening,
    Message,
    Move,
    Outcome,
    Permission,
    Person,
    Stored,
)

from campflow.model.expressions import NUMBER, And, ContactField, Expression, walk
from campflow.model.flow import (
    Action,
    After,
    Again,
    Arm,
    AtTime,
    Campaign,
    Convert,
    Do,
    Else,
    Emit,
    Enter,
    Every,
    Flow,
    Leave,
    Notify,
    Once,
    OnDate,
    OnEvent,
    Send,
    SetField,
    Split,
    Stage,
    Sync,
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
    permissions: Sequence[Permission] = (),
    allowance: Allowance | None = None,
    looks: Sequence[int] | None = None,
) -> Outcome:
    """What must have happened by `now`. Without `looks`, the engine is punctual.

    With an `allowance`, channels take at each look what may go out then; without, nothing is ever handed over.
    """
    if looks is None:
        looks = punctual(happenings, changes, now)
    decisions, posts = _Decisions(flow, zone, first_deployed), dict[_PostKey, int]()
    project = _Project(
        flow, in_order(flow), named_campaign_events(flow), zone, first_deployed, expires, decisions, posts
    )  # fmt: skip
    lives = [_Life(project, person) for person in people]
    news = _News(happenings, changes)
    post = allowance and Post(flow, zone, permissions, allowance, expires.in_milliseconds)
    for look in looks:
        for life in lives:
            news.tell(life, look)
        for reading in decisions.midnights(look):
            for life in lives:
                life.look(reading)
            decisions.read(lives, reading)
        for life in lives:
            life.look(look)
        if post:
            post.release(lives, look)
    return Outcome(
        sorted(move for life in lives for move in life.moves),
        sorted(
            [
                *(letter.message(post is not None) for life in lives for letter in life.letters),
                *(a_post(campaign, day, channel, name, at) for (campaign, day, channel, name), at in posts.items()),
            ]
        ),
        sorted(conversion for life in lives for conversion in life.conversions),
        sorted(life.exposure(*split) for life in lives for split in life.exposures),
        sorted(decisions.made),
        sorted(act for life in lives for act in life.acts),
    )


#: A post is one for a campaign, its occurrence (the day of an `enter every …`, else nothing), a channel, a message.
_PostKey: TypeAlias = tuple[str, str, str, str]


def a_post(campaign: str, day: str, channel: str, name: str, at: int) -> Message:
    """It is nobody's. What becomes of it stands in no rule about people, and is left out."""
    return Message(campaign, "", day, 0, 0, channel, name, 0, at, 0)


def punctual(happenings: Sequence[Happening], changes: Sequence[Change], now: int) -> list[int]:
    """The looks of an engine that never sleeps: what was due before something was learned is done before it."""
    learned = {h.known_at for h in happenings} | {c.at for c in changes}
    return sorted({look for moment in learned for look in (moment - 1, moment) if look < now} | {now})


class _News:
    """What happens to everybody, told when it is learned."""

    def __init__(self, happenings: Sequence[Happening], changes: Sequence[Change]) -> None:
        self.happenings = sorted(happenings, key=lambda happening: (happening.known_at, happening.seq))
        self.changes = changes
        self.told = -(2**62)
        self.heard: dict[str, int] = {}

    def tell(self, life: "_Life", look: int) -> None:
        told = self.heard.get(life.key, -(2**62))
        for happening in self.happenings:
            if happening.contact == life.key and told < happening.known_at <= look:
                life.learn(happening)
        for change in self.changes:
            if change.contact == life.key and told < change.at <= look:
                life.change(change.field, change.value, change.at)
        self.heard[life.key] = look


# --- when a campaign runs -------------------------------------------------------------------------------------------


def runs(campaign: Campaign, project_zone: str, first_deployed: int) -> tuple[int, int | None]:
    """When people may enter: from the first moment, before the second."""
    zone = own_zone(campaign, project_zone)
    if campaign.runs is None:
        return first_deployed, None
    start, end = campaign.runs.start, campaign.runs.end
    return midnight(zone, start), None if end is None else midnight(zone, end + dt.timedelta(days=1))


def own_zone(campaign: Campaign, project_zone: str) -> str:
    """Of what is not about one contact."""
    return project_zone if campaign.zone in (None, "contact") else str(campaign.zone)


# --- arms ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Exposed:
    """Since when a contact is in an arm; events of that moment up to `seq` came before."""

    arm: str
    at: int
    seq: int
    drawn: bool


class _Decisions:
    """The splits that are decided: each is read at local midnights, when everybody has moved up to that midnight."""

    def __init__(self, flow: Flow, zone: str, first_deployed: int) -> None:
        self.project_zone = zone
        self.open = [
            (campaign, split)
            for campaign in in_order(flow)
            for stage in campaign.stages
            for split in stage.splits
            if split.decide is not None
        ]
        self.looked_at = {each.name: runs(each, zone, first_deployed)[0] - 1 for each, _ in self.open}
        self.made: list[Decision] = []

    def winner(self, campaign: Campaign, split: str, at: int) -> str | None:
        """What is given to who comes at this moment: nothing yet, or the winner."""
        decided = (one for one in self.made if (one.campaign, one.split) == (campaign.name, split))
        return next((one.arm for one in decided if at > one.at), None)

    def midnights(self, look: int) -> list[int]:
        found = {moment for campaign, _ in self.open for moment in self._midnights(campaign, look)}
        return sorted(found)

    def _midnights(self, campaign: Campaign, look: int) -> Iterator[int]:
        zone, before = own_zone(campaign, self.project_zone), self.looked_at[campaign.name]
        moments = (midnight(zone, day) for day in days_from(zone, before))
        return (moment for moment in takewhile(lambda moment: moment <= look, moments) if moment > before)

    def read(self, lives: Sequence["_Life"], reading: int) -> None:
        for campaign, split in list(self.open):
            if reading in self._midnights(campaign, reading):
                best = self._best(lives, campaign, split, reading)
                self.looked_at[campaign.name] = max(self.looked_at[campaign.name], reading - 1)
                if best is not None:
                    self.made.append(Decision(campaign.name, split.name, best, reading))
                    self.open.remove((campaign, split))
        for name in self.looked_at:
            self.looked_at[name] = max(self.looked_at[name], reading)

    def _best(self, lives: Sequence["_Life"], campaign: Campaign, split: Split, reading: int) -> str | None:
        assert split.decide is not None
        drawn = [(life, life.exposures[campaign.name, split.name]) for life in lives
                 if (campaign.name, split.name) in life.exposures]  # fmt: skip
        drawn = [(life, exposed) for life, exposed in drawn if exposed.drawn]
        zone = own_zone(campaign, self.project_zone)
        if not drawn or add(zone, min(each.at for _, each in drawn), split.decide.after) > reading:
            return None
        counts = [(0, 0) for _ in split.arms]
        for life, exposed in drawn:
            did = life.did_what_is_measured(campaign, split, exposed, reading)
            place = [arm.name for arm in split.arms].index(exposed.arm)
            if did is not None:
                counts[place] = counts[place][0] + 1, counts[place][1] + did
        best = best_arm(counts, split.decide.confidence)
        return None if best is None else split.arms[best].name


# --- one journey --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Journey:
    """`since` and `since_seq`: when the stage was entered, and up to which event of that moment all are used up. `day`
    is the local day of an `enter every …`, where the contact was then."""

    key: str
    number: int
    entry: Entry
    stage: Stage | None
    since: int
    since_seq: int
    day: str = ""
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


@dataclass(frozen=True, slots=True)
class _Project:
    """What all contacts share. `recorded` are the events of campaigns that somebody asks for."""

    flow: Flow
    campaigns: Sequence[Campaign]
    recorded: set[tuple[str, str]]
    zone: str
    first_deployed: int
    expires: Duration
    decisions: _Decisions
    posts: dict[_PostKey, int]


# --- one contact --------------------------------------------------------------------------------------------------


class _Life:
    """One contact: fields, history, journeys, and what came of them."""

    def __init__(self, project: _Project, person: Person) -> None:
        self.key, self.created_at = person.key, person.created_at
        self.fields: dict[str, Stored] = dict(person.fields)
        self.flow, self.campaigns, self.recorded = project.flow, project.campaigns, project.recorded
        self.project_zone, self.first_deployed, self.expires = project.zone, project.first_deployed, project.expires
        self.decisions, self.posts, self.now = project.decisions, project.posts, project.first_deployed
        self.events: list[Known] = []
        self.learned: set[str] = set()
        self.changed: list[tuple[int, str, Stored]] = []
        self.journeys: dict[str, list[_Journey]] = {campaign.name: [] for campaign in project.campaigns}
        self.refused: set[tuple[object, ...]] = set()
        self.moves: list[Move] = []
        self.letters: list[Letter] = []
        self.conversions: list[Conversion] = []
        self.exposures: dict[tuple[str, str], _Exposed] = {}
        self.acts: list[Act] = []

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
        self.now = now
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
        return self.own_zone if campaign.zone == "contact" else own_zone(campaign, self.project_zone)

    @property
    def own_zone(self) -> str:
        return str(self.fields.get("timezone") or self.project_zone)

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
        start, end = runs(campaign, self.project_zone, self.first_deployed)
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
        statements: tuple[Leave | WayOut, ...] = (*campaign.leaves, *self.written(campaign, journey.stage))
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
        for way in self.written(campaign, journey.stage):
            if isinstance(way.trigger, When):
                both = And((way.trigger.condition, *([] if way.guard is None else [way.guard])))
                if holds(both, view) and journey.since >= self.settled_at(both):
                    return True
        return False

    def written(self, campaign: Campaign, stage: Stage) -> list[WayOut]:
        """The stage's ways out and those of the contact's own arms, in the order of the file."""
        ways = [*stage.ways_out, *(way for arm in self.arms(campaign, stage) for way in arm.ways_out)]
        return sorted(ways, key=lambda way: way.order)

    def arms(self, campaign: Campaign, stage: Stage) -> list[Arm]:
        """The arms that the contact is in, of the splits of a stage that it has entered."""
        mine = [(split, self.exposures[campaign.name, split.name].arm) for split in stage.splits]
        return [arm for split, name in mine for arm in split.arms if arm.name == name]

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
        recurring = way.enter is not None and isinstance(way.enter.trigger, Every)
        day = to_local(self.zone(campaign), way.at).date().isoformat() if recurring else ""
        journey = _Journey(way.key, number, Entry(way.at, seq, way.event), first, way.at, seq, day)
        self.journeys[campaign.name].append(journey)
        held_out = bool(campaign.holdout) and self.is_held_out(campaign, journey)
        if held_out:
            journey.stage, journey.ended_at = None, way.at
        self.log(campaign, journey, None, None if held_out else first.name, way)
        self.tell("entered", campaign, way.at)
        if not held_out:
            self.arrive(campaign, journey)

    def is_held_out(self, campaign: Campaign, journey: _Journey) -> bool:
        """Drawn at the first entry, and kept."""
        percent = campaign.holdout or 0.0
        return self.arm(campaign, "holdout", {"yes": percent, "no": 100 - percent}, journey, decides=False) == "yes"

    def arm(
        self, campaign: Campaign, split: str, shares: Mapping[str, float], journey: _Journey, *, decides: bool
    ) -> str:
        """The arm the contact is in: drawn the first time, or the winner where one is known."""
        known = self.exposures.get((campaign.name, split))
        if known is None:
            names = list(shares)
            drawn = names[arm_of(self.key, f"{campaign.name}.{split}", list(shares.values()))]
            winner = self.decisions.winner(campaign, split, journey.since) if decides else None
            known = _Exposed(winner or drawn, journey.since, journey.since_seq, winner is None)
            self.exposures[campaign.name, split] = known
        return known.arm

    def did_what_is_measured(self, campaign: Campaign, split: Split, exposed: _Exposed, reading: int) -> bool | None:
        """Whether it did within the time; None where the time is not over yet."""
        assert split.measure is not None
        until = add(self.zone(campaign), exposed.at, split.measure.within)
        if until > reading:
            return None
        return any(
            is_about(split.measure.pattern, event)
            and holds(split.measure.pattern.where, self.view(campaign, event.at, event=event))
            for event in self.happened(until, exposed.at, exposed.seq)
        )

    def exposure(self, campaign: str, split: str) -> Exposure:
        exposed = self.exposures[campaign, split]
        return Exposure(campaign, self.key, split, exposed.arm, exposed.at, exposed.drawn)

    def count(self, campaign: Campaign, journey: _Journey, way: _Way) -> None:
        convert, event = way.convert, way.event
        assert convert is not None
        assert event is not None
        journey.converted[convert.name] = (convert, event)
        worth = convert.worth and kept(convert.worth, NUMBER, self.view(campaign, event.at, journey, event))
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
        for letter in self.letters:
            if letter.whose[:4] == whose:
                letter.cancel(self.now)
        self.tell("left", campaign, journey.since)

    def arrive(self, campaign: Campaign, journey: _Journey) -> None:
        assert journey.stage is not None
        if journey.stage.final:
            journey.ended_at = journey.since
        for split in journey.stage.splits:
            self.arm(campaign, split.name, {arm.name: arm.share for arm in split.arms}, journey,
                     decides=split.decide is not None)  # fmt: skip
        inside = (action for arm in self.arms(campaign, journey.stage) for action in arm.actions)
        for action in sorted((*journey.stage.actions, *inside), key=lambda action: action.order):
            self.act(campaign, journey, action)

    def act(self, campaign: Campaign, journey: _Journey, action: Action) -> None:
        view = self.view(campaign, journey.since, journey)
        match action:
            case Send(post=True):
                self.post(campaign, journey, action)
            case Send():
                self.send(campaign, journey, action)
            case SetField():
                self.set(action, view)
            case Emit():
                declared = self.flow.event(action.event)
                assert declared is not None
                types = {field.name: field.type for field in declared.fields}
                fields = {option.name: kept(option.value, types[option.name], view) for option in action.fields}
                self.record(action.event, journey.since, None, fields)
            case Notify(sink, text):
                self.errand(campaign, journey, "notify", sink, (("text", text),))
            case Sync(audience):
                self.errand(campaign, journey, "sync", audience, ())
            case Do(name, options):
                given = tuple((option.name, kept(option.value, option.value.type, view)) for option in options)
                self.errand(campaign, journey, "do", name, given)

    def set(self, action: SetField, view: View) -> None:
        """What may not be missing stays as it is where nothing is known."""
        field = self.flow.contact.field(action.field)
        assert field is not None
        new = kept(action.value, field.type, view)
        if new is not None or field.optional:
            self.change(action.field, new, view.now)

    def errand(
        self, campaign: Campaign, journey: _Journey, kind: str, target: str, given: tuple[tuple[str, Stored], ...]
    ) -> None:
        whose = (campaign.name, self.key, journey.key, journey.number, journey.nth)
        self.acts.append(Act(*whose, kind, target, tuple(sorted(given)), journey.since))

    def send(self, campaign: Campaign, journey: _Journey, send: Send) -> None:
        zone, at = self.zone(campaign), journey.since
        if send.time.delay is not None:
            at = add(zone, at, send.time.delay)
        elif send.time.time is not None:
            at = next(occurrences(zone, send.time.time, at, send.time.weekday))
        expires_at = add(zone, at, send.expires or self.expires)
        whose = (campaign.name, self.key, journey.key, journey.number, journey.nth)
        self.letters.append(Letter(whose, campaign, send, len(self.letters), at, expires_at, self.now))

    def post(self, campaign: Campaign, journey: _Journey, send: Send) -> None:
        """Made once, as of who comes first; by the campaign's own time, as nobody in particular is spoken to."""
        zone, at = own_zone(campaign, self.project_zone), journey.since
        if send.time.delay is not None:
            at = add(zone, at, send.time.delay)
        elif send.time.time is not None:
            at = next(occurrences(zone, send.time.time, at, send.time.weekday))
        key = campaign.name, journey.day, send.channel, send.message
        self.posts[key] = min(at, self.posts.get(key, at))

    def log(self, campaign: Campaign, journey: _Journey, old: str | None, new: str | None, way: _Way) -> None:
        whose = (campaign.name, self.key, journey.key, journey.number, journey.nth)
        self.moves.append(Move(*whose, old, new, way.order, way.at))

    def tell(self, name: str, campaign: Campaign, at: int) -> None:
        """`entered`, `left` and `converted` are events like any other, where someone asks for them."""
        if (name, campaign.name) in self.recorded:
            self.record(name, at, campaign.name, {})
