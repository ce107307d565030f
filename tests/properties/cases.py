"""Random cases: a project's text, its people, and what happens to them around a clock change."""

import datetime as dt
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from tests.properties.campaigns import ZONES, campaigns
from tests.properties.drawing import EVENTS, FIELDS, Frame, conditions
from tests.reference.clock import DAY, QUARTER, add, midnight, occurrences
from tests.reference.story import Change, Happening, Permission, Person, Stored
from tests.reference.telling import PEOPLE, Case

from campflow.model.people import Duration

HOUR = 4 * QUARTER
_UNIX_DAY = dt.date(1970, 1, 1)

#: A project's zone, and a day shortly before something happens to its clocks or its calendar.
PLACES = (
    ("UTC", dt.date(2026, 3, 2)),
    ("Europe/Berlin", dt.date(2026, 3, 27)),
    ("Europe/Berlin", dt.date(2026, 10, 23)),
    ("America/New_York", dt.date(2026, 3, 6)),
    ("America/New_York", dt.date(2026, 10, 30)),
    ("Australia/Lord_Howe", dt.date(2026, 4, 3)),
    ("Australia/Lord_Howe", dt.date(2026, 10, 2)),
    ("Asia/Kathmandu", dt.date(2026, 2, 26)),
    ("UTC", dt.date(2026, 1, 29)),
)


#: Fields that somebody outside changes, and to what; `seen` becomes one of the moments.
CHANGES: dict[str, Sequence[Stored]] = {
    "score": (9.0, 3.0, 0.0),
    "vip": (True, False, None),
    "plan": ("pro", "trial"),
    "seen": (),
}


@dataclass(frozen=True, repr=False)
class RandomCase(Case):
    """`calm`: nothing is learned late and no field is changed from outside, so that all clocks must agree."""

    calm: bool = True


@dataclass(frozen=True, repr=False)
class Casts:
    """One project and several casts of people, each with what happens to them: as many cases."""

    cases: Sequence[RandomCase]

    def __repr__(self) -> str:
        return "".join(map(repr, self.cases))


@dataclass(frozen=True)
class _Scene:
    """Things begin at one of the `starts` and go on at one of the `moments`: few, so that much falls together."""

    text: str
    day: dt.date
    deployed: int
    starts: Sequence[int]
    moments: Sequence[int]
    calm: bool

    @property
    def spoken(self) -> list[tuple[str, str | None]]:
        """The events that the text speaks of."""
        return [name for name in _NAMES if re.search(rf"\b{name[0]}\b", self.text[len(PEOPLE) :])] or list(_NAMES)

    @property
    def opening(self) -> list[tuple[str, str | None]]:
        """Those that let in, where there are any."""
        written = re.findall(r"enter on (\w+)(?: (welcome|tips))?", self.text)
        return [(name, about or None) for name, about in written if name in dict(_NAMES)] or self.spoken

    @property
    def measured(self) -> list[tuple[str, str | None]]:
        """What splits that are decided measure."""
        written = re.findall(r"measure (\w+)(?: (welcome|tips))?", self.text)
        return [(name, about or dict(_NAMES)[name]) for name, about in written if name in dict(_NAMES)]


@st.composite
def casts(draw: DrawFn, calm: bool, count: int) -> Casts:
    """A project and so many casts; one, where a failing case is being shrunk.

    Half of the calm ones hand messages over. What is spent on one contact is not there for another, in the order in
    which messages were planned: so where there is a budget, there is one contact.
    """
    zone, day = draw(st.sampled_from(PLACES))
    sends = calm and draw(st.booleans())
    text = draw(_texts(day, FIELDS if calm else frozenset(CHANGES), sends, calm))
    deployed = midnight(zone, day) + draw(st.sampled_from([0, 9 * HOUR, 90_001]))
    several = count if draw(st.integers(0, 15)) else 1
    return Casts([draw(_case(text, zone, day, deployed, sends, calm)) for _ in range(several)])


@st.composite
def _case(draw: DrawFn, text: str, zone: str, day: dt.date, deployed: int, sends: bool, calm: bool) -> RandomCase:
    clocks = draw(st.sampled_from([zone, *re.findall(r'timezone "(.*?)"', text)]))
    scene = _Scene(text, day, deployed, *draw(_moments(text, clocks, deployed)), calm)
    most = 1 if "  budget" in text else 5
    fewest = most if scene.measured else 1
    people = [
        draw(_person(scene, key)) for key in ["ada", "bob", "cleo", "dan", "eve"][: draw(st.integers(fewest, most))]
    ]
    happenings = draw(_histories(scene, people))
    changes = [] if calm else draw(st.lists(_change(scene, people), max_size=4))
    permissions = draw(st.lists(_permission(scene, people), max_size=4)) if sends else []
    end = midnight(zone, day) + 9 * DAY
    return RandomCase(text, people, happenings, changes, zone, deployed, end, permissions, sends, calm)


@st.composite
def _moments(draw: DrawFn, text: str, zone: str, deployed: int) -> tuple[list[int], list[int]]:
    """A few round moments, and what lies a duration or a time of day of the text later."""
    hours = st.integers(0, 4 * 24).map(lambda hours: hours * 4)
    quarters = st.one_of(
        hours, hours, hours, st.integers(0, 6 * 96), st.integers(-2 * 96, 0), st.integers(-2976, -2592)
    )
    start = (deployed + QUARTER) // QUARTER * QUARTER
    counts = [draw(hours), *draw(st.lists(quarters, max_size=2, unique=True))]
    base = [start + count * QUARTER for count in counts]
    times = [dt.time.fromisoformat(time) for time in re.findall(r"\b\d\d:\d\d\b", text)]
    later = [add(zone, moment, duration) for moment in base for duration in _durations(text)]
    daily = [next(occurrences(zone, time, moment)) for moment in base for time in times]
    return base, [*base, *later, *later, *daily, base[0] + 1, base[0] - 1]


def _durations(text: str) -> list[Duration]:
    """The durations that the text names."""
    found = set()
    for months, days, hours, minutes in re.findall(
        r"(?:(\d+) months? ?)?(?:(\d+) days? ?)?(?:(\d+) hours? ?)?(?:(\d+) minutes?)?", text[len(PEOPLE) :]
    ):
        clock = int(hours or 0) * HOUR + int(minutes or 0) * 60_000
        found.add(Duration(int(months or 0), int(days or 0), clock))
    return sorted(found - {Duration()}, key=str)


@st.composite
def _histories(draw: DrawFn, scene: _Scene, people: Sequence[Person]) -> list[Happening]:
    """Mostly what the text speaks of; for everyone first something that lets in."""
    found = []
    anything = [*scene.spoken, *scene.spoken, *scene.spoken, *_NAMES]
    for number, person in enumerate(people):
        starts = scene.starts
        if scene.measured:  # some come first and may do what is measured, and others come after a decision
            starts = [start + number // 3 * 2 * DAY for start in starts]
            if number < 3 and draw(st.booleans()):
                soon = [start + draw(st.sampled_from([1, 60_000, HOUR])) for start in starts]
                found.append(draw(_happening(scene, person, scene.measured, soon)))
        found += draw(st.lists(_happening(scene, person, scene.opening, starts), min_size=1, max_size=2))
        found += draw(st.lists(_happening(scene, person, anything, scene.moments), max_size=7))
    told = [replace(one, seq=n) for n, one in enumerate(found)]
    again = [one for one in told if one.id and draw(st.booleans())]
    later = draw(st.sampled_from([0, HOUR, 3 * DAY]))
    return told + [replace(one, seq=len(told) + n, learned=one.known_at + later) for n, one in enumerate(again)]


@st.composite
def _texts(draw: DrawFn, day: dt.date, fields: frozenset[str], sends: bool, decides: bool) -> str:
    segment = draw(st.integers(0, 5)) == 0
    pair = draw(st.integers(0, 2)) == 0
    events = tuple(draw(st.lists(st.sampled_from(EVENTS), min_size=2, max_size=3, unique=True)))
    write = partial(campaigns, day=day, events=events, fields=fields, sends=sends, decides=decides)
    text = PEOPLE + draw(write("first", sets=True))
    if pair:
        text += draw(write("second", sets=False, hears="first"))
    if segment:
        text = text.replace('plan in ("trial", "pro", "enterprise")', "in segment chosen", 1)
        text += f"segment chosen = {draw(conditions(Frame(day, events, frozenset({'plan', 'country', 'joined'}))))}\n"
    return text


@st.composite
def _person(draw: DrawFn, scene: _Scene, key: str) -> Person:
    number = (scene.day - _UNIX_DAY).days
    fields: dict[str, Stored] = {
        "plan": draw(st.sampled_from(["trial", "pro"])),
        "score": float(draw(st.integers(0, 7))),
        "age": draw(st.sampled_from([None, 0, 2, 3, 4])),
        "country": draw(st.sampled_from([None, "FR", "CH", "DE"])),
        "joined": draw(st.sampled_from([None, number, number + 2, number - 28, number - 31])),
        "seen": draw(st.one_of(st.none(), st.sampled_from(scene.moments))),
        "vip": draw(st.sampled_from([None, True, False])),
        "tags": json.dumps(draw(st.sampled_from([[], ["a"], ["a", "b"]]))),
        "timezone": draw(st.sampled_from([None, *ZONES])),
        "balance": draw(st.sampled_from([None, 500, 1000, 1250])),
    }
    return Person(key, fields, scene.deployed + draw(st.sampled_from([-30 * DAY, -30 * DAY, 0, DAY])))


@st.composite
def _happening(
    draw: DrawFn, scene: _Scene, person: Person, names: Sequence[tuple[str, str | None]], moments: Sequence[int]
) -> Happening:
    """An event of a contact that exists by the time we hear of it."""
    name, about = draw(st.sampled_from(names))
    at = draw(st.sampled_from(moments))
    late = draw(st.sampled_from([0, 0, 0, 0, 0, -DAY, -HOUR, *([] if scene.calm else [HOUR, DAY, 3 * DAY])]))
    fields: dict[str, Stored] = {}
    if name in ("purchase", "cart_updated"):
        fields["amount"] = draw(st.sampled_from([2000, 1000, 500]))
    if name == "cart_updated":
        fields["cart_id"] = draw(st.sampled_from(["x", "y"]))
    if name == "purchase":
        fields["sku"] = draw(st.sampled_from(["A-1", "B-2"]))
    if name in ("purchase", "ping"):
        fields["n"] = draw(st.sampled_from([None, 1, 2, 3]))
    learned = max(at + late, scene.deployed, person.created_at)
    if scene.calm and learned > max(at, scene.deployed):
        at = learned  # a contact who does not exist yet does nothing
    identity = draw(st.sampled_from([None, None, f"{name} {at}"]))
    return Happening(0, person.key, name, at, about, fields, learned, identity)


_NAMES = (
    ("signup", None),
    ("ping", None),
    ("purchase", None),
    ("cart_updated", None),
    ("clicked", "welcome"),
    ("clicked", "tips"),
    ("opened", "tips"),
    ("unsubscribed", "welcome"),
)


@st.composite
def _change(draw: DrawFn, scene: _Scene, people: Sequence[Person]) -> Change:
    person = draw(st.sampled_from(people))
    name = draw(st.sampled_from(sorted(CHANGES)))
    at = draw(st.sampled_from(scene.moments))
    new = draw(st.sampled_from(scene.moments if name == "seen" else CHANGES[name]))
    return Change(person.key, name, new, max(at, scene.deployed, person.created_at))


@st.composite
def _permission(draw: DrawFn, scene: _Scene, people: Sequence[Person]) -> Permission:
    """Said by somebody who exists, after the beginning."""
    person = draw(st.sampled_from(people))
    at = max(draw(st.sampled_from(scene.moments)), scene.deployed, person.created_at)
    channel = draw(st.sampled_from(["email", "email", "sms", ""]))
    if draw(st.integers(0, 2)) == 0:
        lifted = draw(st.sampled_from([None, HOUR, DAY]))
        return Permission(person.key, at, channel, suppresses=True, lifted_at=None if lifted is None else at + lifted)
    purpose = draw(st.sampled_from(["newsletter", "newsletter", "orders", ""]))
    return Permission(person.key, at, channel, purpose, given=draw(st.integers(0, 2)) > 0)
