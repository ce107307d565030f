"""Random cases: a project's text, its people, and what happens to them around a clock change."""

import datetime as dt
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from tests.properties.campaigns import ZONES, campaigns
from tests.properties.drawing import EVENTS, Frame, conditions
from tests.reference.clock import DAY, QUARTER, midnight
from tests.reference.story import Change, Happening, Person, Stored
from tests.reference.telling import PEOPLE, Case

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


@dataclass(frozen=True, repr=False)
class RandomCase(Case):
    """`calm`: nothing is learned late and no field is changed from outside, so that all clocks must agree."""

    calm: bool


@st.composite
def cases(draw: DrawFn, calm: bool) -> RandomCase:
    zone, day = draw(st.sampled_from(PLACES))
    text = draw(_texts(day))
    deployed = midnight(zone, day) + draw(st.sampled_from([0, 9 * HOUR, 90_001]))
    pool = draw(st.lists(_moments(deployed), min_size=2, max_size=5))
    people = [draw(_person(key, deployed, day)) for key in ["ada", "bob", "cleo"][: draw(st.integers(1, 3))]]
    happenings = draw(_histories(text, people, pool, deployed, calm))
    changes = [] if calm else draw(st.lists(_change(people, pool, deployed), max_size=2))
    return RandomCase(text, people, happenings, changes, zone, deployed, midnight(zone, day) + 9 * DAY, calm)


@st.composite
def _histories(
    draw: DrawFn, text: str, people: Sequence[Person], pool: Sequence[int], deployed: int, calm: bool
) -> list[Happening]:
    """Mostly what the text speaks of; for everyone first something that lets in."""
    spoken = [name for name in _NAMES if re.search(rf"\b{name[0]}\b", text[len(PEOPLE) :])] or list(_NAMES)
    opening = [name for name in _NAMES if re.search(rf"enter on {name[0]}\b", text)]
    found = []
    for person in people:
        found += draw(st.lists(_happening(person, opening or spoken, pool, deployed, calm), min_size=1, max_size=2))
        found += draw(
            st.lists(_happening(person, [*spoken, *spoken, *spoken, *_NAMES], pool, deployed, calm), max_size=7)
        )
    told = [replace(one, seq=n) for n, one in enumerate(found)]
    again = [one for one in told if one.id and draw(st.booleans())]
    later = draw(st.sampled_from([0, HOUR, 3 * DAY]))
    return told + [replace(one, seq=len(told) + n, learned=one.known_at + later) for n, one in enumerate(again)]


@st.composite
def _texts(draw: DrawFn, day: dt.date) -> str:
    segment = draw(st.integers(0, 5)) == 0
    pair = draw(st.integers(0, 2)) == 0
    events = tuple(draw(st.lists(st.sampled_from(EVENTS), min_size=2, max_size=3, unique=True)))
    text = PEOPLE + draw(campaigns("first", day, sets=True, events=events))
    if pair:
        text += draw(campaigns("second", day, sets=False, hears="first", events=events))
    if segment:
        text = text.replace('plan in ("trial", "pro", "enterprise")', "in segment chosen", 1)
        text += f"segment chosen = {draw(conditions(Frame(day, events, frozenset({'plan', 'country', 'joined'}))))}\n"
    return text


@st.composite
def _moments(draw: DrawFn, deployed: int) -> int:
    """Round moments, so that many things fall together."""
    hours = st.integers(0, 4 * 24).map(lambda hours: hours * 4)
    before = st.one_of(st.integers(-2 * 96, 0), st.integers(-31 * 96, -27 * 96))
    quarters = draw(st.one_of(hours, hours, hours, st.integers(0, 6 * 96), st.integers(0, 6 * 96), before))
    return int((deployed + QUARTER) // QUARTER * QUARTER + quarters * QUARTER)


@st.composite
def _near(draw: DrawFn, pool: Sequence[int]) -> int:
    """A moment of the pool, or a duration that the text uses later."""
    later = st.sampled_from([0, 0, 0, HOUR, DAY, 2 * DAY, 23 * HOUR, 25 * HOUR, 90 * 60_000, 36 * HOUR, 1, -1])
    return int(draw(st.sampled_from(pool)) + draw(later))


@st.composite
def _person(draw: DrawFn, key: str, deployed: int, day: dt.date) -> Person:
    number = (day - _UNIX_DAY).days
    fields: dict[str, Stored] = {
        "plan": draw(st.sampled_from(["trial", "pro"])),
        "score": float(draw(st.integers(0, 7))),
        "age": draw(st.sampled_from([None, 0, 2, 3, 4])),
        "country": draw(st.sampled_from([None, "FR", "CH", "DE"])),
        "joined": draw(st.sampled_from([None, number, number + 2, number - 28, number - 31])),
        "seen": draw(st.sampled_from([None, deployed, deployed + 2 * DAY, deployed + 3 * DAY + QUARTER])),
        "vip": draw(st.sampled_from([None, True, False])),
        "tags": json.dumps(draw(st.sampled_from([[], ["a"], ["a", "b"]]))),
        "timezone": draw(st.sampled_from([None, *ZONES])),
        "balance": draw(st.sampled_from([None, 500, 1000, 1250])),
    }
    return Person(key, fields, deployed + draw(st.sampled_from([-30 * DAY, -30 * DAY, 0, DAY])))


@st.composite
def _happening(
    draw: DrawFn,
    person: Person,
    names: Sequence[tuple[str, str | None]],
    pool: Sequence[int],
    deployed: int,
    calm: bool,
) -> Happening:
    """An event of a contact that exists by the time we hear of it."""
    name, about = draw(st.sampled_from(names))
    at = draw(_near(pool))
    late = draw(st.sampled_from([0, 0, 0, 0, 0, -DAY, -HOUR, *([] if calm else [HOUR, DAY, 3 * DAY])]))
    fields: dict[str, Stored] = {}
    if name in ("purchase", "cart_updated"):
        fields["amount"] = draw(st.sampled_from([2000, 1000, 500]))
    if name == "cart_updated":
        fields["cart_id"] = draw(st.sampled_from(["x", "y"]))
    if name == "purchase":
        fields["sku"] = draw(st.sampled_from(["A-1", "B-2"]))
    if name in ("purchase", "ping"):
        fields["n"] = draw(st.sampled_from([None, 1, 2, 3]))
    learned = max(at + late, deployed, person.created_at)
    if calm and learned > max(at, deployed):
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
def _change(draw: DrawFn, people: Sequence[Person], pool: Sequence[int], deployed: int) -> Change:
    person = draw(st.sampled_from(people))
    name = draw(st.sampled_from(["score", "vip", "plan", "seen"]))
    new: dict[str, Stored] = {"score": 9.0, "vip": True, "plan": "pro", "seen": deployed + DAY}
    return Change(person.key, name, new[name], max(draw(_near(pool)), deployed, person.created_at))
