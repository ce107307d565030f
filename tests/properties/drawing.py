"""Random conditions, as text: every kind of expression the language has, over a small fixed vocabulary."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

DURATIONS = ("1 hour", "1 day", "24 hours", "2 days", "1 hour 30 minutes", "1 day 1 hour", "1 month", "36 hours")
TIMES = ("09:00", "02:30", "00:00", "12:00", "02:00", "23:45")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EVENTS = ("signup", "ping", "purchase", "cart_updated", "clicked welcome", "clicked", "opened tips", "unsubscribed")
FIELDS = frozenset({"plan", "score", "age", "country", "joined", "seen", "vip", "tags", "balance"})

#: The fields of events that a `where` may read, with conditions on them.
WHERE = {
    "purchase": (
        "amount > 10 EUR",
        "amount <= 5 EUR",
        'sku starts with "A"',
        "n >= 2",
        "n is missing",
        "n > contact.age",
    ),
    "cart_updated": ('cart_id == "x"', "amount > 10 EUR", 'contact.plan == "pro"'),
    "ping": ("n >= 2", "n is missing", "contact.vip", "not n == 1"),
}


def pick(draw: DrawFn, options: Sequence[str]) -> str:
    return draw(st.sampled_from(options))


@dataclass(frozen=True)
class Frame:
    """What conditions may speak of: days from one on, events, fields, and inside a journey the field of its key."""

    day: dt.date
    events: tuple[str, ...] = EVENTS
    fields: frozenset[str] = FIELDS
    inside: bool = False
    entry: str | None = None

    def date(self, draw: DrawFn, later: int = 0) -> str:
        return (self.day + dt.timedelta(days=draw(st.integers(0, 6)) + later)).isoformat()

    def without(self, fields: frozenset[str]) -> "Frame":
        return replace(self, fields=self.fields - fields)


def conditions(frame: Frame, depth: int = 2) -> SearchStrategy[str]:
    """A condition; every part that has an operator stands in brackets."""

    @st.composite
    def condition(draw: DrawFn, depth: int) -> str:
        kind = draw(st.sampled_from(["plain", "plain", "plain", "and", "or", "not"])) if depth else "plain"
        if kind == "plain":
            return draw(_plain(frame))
        left = draw(condition(depth - 1))
        if kind == "not":
            return f"not ({left})"
        return f"({left}) {kind} ({draw(condition(depth - 1))})"

    return condition(depth)


@st.composite
def _plain(draw: DrawFn, frame: Frame) -> str:
    makers = [_history, _history, _moment]
    if frame.fields:
        makers += [_field, _field]
    if frame.entry and frame.inside:
        makers.append(_entry)
    return draw(draw(st.sampled_from(makers))(frame))


@st.composite
def _field(draw: DrawFn, frame: Frame) -> str:
    name = pick(draw, sorted(frame.fields))
    date = frame.date(draw)
    options = {
        "plan": ('plan == "trial"', 'plan != "pro"', 'plan in ("pro", "enterprise")'),
        "score": ("score > 5", "score between 2 and 5", "score / 2 == 2.5", "score + 1 <= 3", "5 - score * 2 > 0"),
        "age": ("age >= 3", "age is missing", "not age == 3", "age / 2 > 1", "3 / age >= 1"),
        "country": ('country in ("FR", "CH")', "country is set", 'country != "FR"', 'country contains "H"'),
        "joined": (
            f"joined < {date}",
            "now - joined > 1 month",
            "joined is missing",
            f"joined == {date}",
            "now > joined",
        ),
        "seen": (f"seen >= {date} 12:00", "now > seen", "now - seen > 1 day", "seen - now < 1 day", "seen < joined"),
        "vip": ("vip", "not vip", "vip == yes", "vip is missing"),
        "tags": ('"a" in tags', '"b" not in tags'),
        "balance": ("balance > 10 EUR", "balance * 2 <= 20 EUR", "balance - 5 EUR > 0 EUR"),
    }[name]
    usable = [text for text in options if name != "seen" or "joined" in frame.fields or "joined" not in text]
    return pick(draw, usable)


@st.composite
def _moment(draw: DrawFn, frame: Frame) -> str:
    date, time, duration = frame.date(draw), pick(draw, TIMES), pick(draw, DURATIONS)
    event = pick(draw, frame.events)
    options = [
        f"now > {date} {time}",
        f"now < {date} {time}",
        f"now >= {date}",
        f"now - last({event}) > {duration}",
        f"now - first({event}) < {duration}",
        f"now - last({event}) >= {duration}",
        f"last({event}) < {date} {time}",
        f"last({event}) - first({event}) > {duration}",
        f"first({event}) is missing",
        f"now + {duration} > {date} {time}",
        f"last({event}) + {duration} <= now",
        f"last({event}) + {duration} + {pick(draw, DURATIONS)} <= now",
        f"now + 1 month + {duration} > {date} {time}",
        f"now - {duration} >= last({event})",
        f"now - {duration} + {pick(draw, DURATIONS)} > {date} {time}",
        f"first({event}) - {duration} + 1 month 1 hour <= now",
    ]
    if "seen" in frame.fields:
        options += [f"seen - now < {duration}", f"seen - now > {duration}", f"now - seen > {duration}"]
        options += [f"now + {duration} > seen + 1 month", f"now - (seen + 1 month) > {duration}"]
    return pick(draw, options)


@st.composite
def _history(draw: DrawFn, frame: Frame) -> str:
    event, duration, times = pick(draw, frame.events), pick(draw, DURATIONS), draw(st.sampled_from([1, 1, 2, 3]))
    about = event
    where = draw(wheres(event, frame))
    last = f"last {duration}"
    counted = ["", f", {last}", ", since entry"] if frame.inside else ["", f", {last}"]
    window = pick(draw, counted)
    tail = {"": "", f", {last}": f" in {last}", ", since entry": " since entry"}[window]
    options = [
        f"(did {about}{where}{tail})",
        f"(did {about}{where} at least {times} times{tail})",
        f"count({about}{where}{window}) >= {times}",
        f"count({about}{window}) == 0",
    ]
    if event == "purchase":
        options += [
            f"sum(purchase.amount{where}{window}) >= {times * 10} EUR",
            f"avg(purchase.n{window}) >= 2",
            f"min(purchase.n{where}) < 2",
            f"max(purchase.amount{window}) > 10 EUR",
            f"sum(purchase.n{window}) > {times}",
        ]
    return pick(draw, options)


@st.composite
def wheres(draw: DrawFn, event: str, frame: Frame) -> str:
    """` where …`, or nothing."""
    fitting = [
        text for text in WHERE.get(event, ()) if all(f in frame.fields for f in ("vip", "age", "plan") if f in text)
    ]
    if not fitting or draw(st.integers(0, 3)) < 3:
        return ""
    return " where " + pick(draw, fitting)


@st.composite
def _entry(draw: DrawFn, frame: Frame) -> str:
    assert frame.entry
    name = frame.entry
    options = {
        "cart_id": ('entry.cart_id == "x"', "did cart_updated where cart_id == entry.cart_id at least 2 times"),
        "sku": ('entry.sku starts with "A"', "count(purchase where sku == entry.sku, since entry) >= 1"),
        "n": ("entry.n >= 2", "entry.n is missing"),
    }[name]
    return pick(draw, [f"({text})" for text in options])
