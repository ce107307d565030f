"""Stories in plain lines, so that a test reads like the language page: what happens to Ada, and what comes of it.

    Story(
        "a day later",
        "enter on signup\\n stage a { after 1 day -> b }\\n final b",
        "03-02 10:00 signup",
        ["03-02 10:00 -> a", "03-03 10:00 a -> b"],
    )

Times are local to the project's zone, in 2026. A line of history is a time, an event (with the message, page or
campaign it is about), its fields as `name=value`, and `[learned MM-DD HH:MM]` or `[id X]` where that matters; or a
time and `set field=value`, which someone outside does; or a time and `consents`, `withdraws` or `suppressed` with
`channel=` and `purpose=` where not every one is meant.
"""

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from tests.reference.clock import add, to_instant, to_local
from tests.reference.functions import FUNCTIONS
from tests.reference.interpreter import interpret
from tests.reference.releasing import Allowance
from tests.reference.story import (
    Act,
    Change,
    Conversion,
    Exposure,
    Happening,
    Message,
    Move,
    Outcome,
    Permission,
    Person,
    Stored,
)

from campflow.checking.vocabulary import ActionWords, ChannelWords, ContentFile, ContentIndex, Vocabulary
from campflow.compiler import check_sources
from campflow.diagnostics.source import Source
from campflow.model.flow import Flow
from campflow.model.people import Duration, ValueType

PEOPLE = """
contact {
  email     email?
  phone     phone?
  plan      one of trial, pro, enterprise
  score     number = 0
  age       integer?
  country   country?
  joined    date?
  seen      time?
  vip       yesno?
  tags      list of text
  timezone  timezone?
  balance   money?
}
event signup
event ping { n integer? }
event purchase { amount money, sku text, n integer? }
event cart_updated { cart_id text, amount money }
event praised { points number }
"""

#: What the front matter of each message says.
MESSAGES: dict[str, dict[str, object]] = {
    "welcome": {},
    "tips": {},
    "offer": {},
    "news": {"purpose": "newsletter"},
    "receipt": {"purpose": "orders", "transactional": True},
}
CHANNELS = {"email": "email", "sms": "phone"}
#: A channel of posts.
WALL = "wall"

VOCABULARY = Vocabulary(
    channels={
        **{name: ChannelWords(name, address, frozenset({"subject"})) for name, address in CHANNELS.items()},
        WALL: ChannelWords(WALL, None, posts=True),
    },
    sinks=frozenset({"sales"}),
    audiences=frozenset({"lookalike"}),
    actions={"coupon": ActionWords("coupon", frozenset({"value", "note"}))},
    functions=FUNCTIONS,
    content=ContentIndex(
        tuple(
            ContentFile(f"content/{name}.{channel}.md", name, channel, front_matter=said)
            for name, said in MESSAGES.items()
            for channel in (*CHANNELS, WALL)
        )
    ),
    currency="EUR",
)

#: What `campflow.toml` would say beside it: the newsletter needs an opt-in, and a text message costs 10 cents.
ALLOWANCE = Allowance(
    opt_in=frozenset({"newsletter"}),
    purposes={"news": "newsletter", "receipt": "orders"},
    transactional=frozenset({"receipt"}),
    costs={"sms": 10},
)

EXPIRES = Duration(days=1)


#: What a checker may rightly say of a campaign that nobody wrote with a purpose.
PROOFS = frozenset({"dead-end", "spin-cycle", "shadowed-exit", "unreachable-stage", "never-true"})


def resolved(text: str) -> Flow:
    """The model of a text that must have no mistakes."""
    flow = resolved_if_sound(text)
    assert flow, text
    return flow


@lru_cache(maxsize=1_000)  # a story asks several times, and is told by several
def resolved_if_sound(text: str) -> Flow | None:
    """The model; None where a proof says that it makes no sense. Other mistakes must not be there."""
    checked = check_sources([Source("case.flow", text)], VOCABULARY)
    errors = [one for one in checked.diagnostics if one.severity == "error"]
    found = [f"{one.span.line}: {one.code}: {one.message}" for one in errors if one.code not in PROOFS]
    assert not found, "\n".join([*found, text])
    return checked.flow.flow if checked.flow else None


def campaign(body: str, name: str = "tale") -> str:
    """A campaign with everyone as its audience, where the body has none."""
    audience = "" if re.search(r"^\s*audience\b", body, re.MULTILINE) else '  audience plan in ("trial", "pro")\n'
    return f"campaign {name} {{\n{audience}{body}\n}}\n"


@dataclass(frozen=True, repr=False)
class Case:
    """A project's text and what happens to its people. Instants; local times are those of `zone`."""

    text: str
    people: Sequence[Person]
    happenings: Sequence[Happening]
    changes: Sequence[Change]
    zone: str
    deployed: int
    end: int
    permissions: Sequence[Permission] = ()
    sends: bool = False

    def __repr__(self) -> str:
        """As a reader wants it: the text, then who and what."""
        rows = [f"deployed {self._at(self.deployed)}, until {self._at(self.end)}, local to {self.zone}"]
        rows += [f"{p.key}: created {self._at(p.created_at)} {_shown(p.fields)}" for p in self.people]
        for h in sorted(self.happenings, key=lambda h: (h.known_at, h.seq)):
            learned = "" if h.known_at == h.at else f" (learned {self._at(h.known_at)})"
            name = f" [id {h.id}]" if h.id else ""
            rows.append(f"{self._at(h.at)} {h.contact} {h.name} {h.about or ''} {_shown(h.fields)}{name}{learned}")
        rows += [f"{self._at(c.at)} {c.contact} set {c.field} = {c.value}" for c in self.changes]
        for one in self.permissions:
            word = "suppressed" if one.suppresses else "consents" if one.given else "withdraws"
            until = "" if one.lifted_at is None else f" until {self._at(one.lifted_at)}"
            rows.append(f"{self._at(one.at)} {one.contact} {word} {one.channel or '*'} {one.purpose or '*'}{until}")
        return "\n" + self.text + "\n" + "\n".join(rows) + "\n"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Hypothesis prints a failing case by this."""
        printer.text(repr(self))

    def _at(self, instant: int) -> str:
        return clock(instant, self.zone)


def _shown(fields: Mapping[str, Stored]) -> str:
    return " ".join(f"{name}={value}" for name, value in fields.items() if value is not None)


def interpreted(case: Case, flow: Flow, looks: Sequence[int] | None = None) -> Outcome:
    """What the reference interpreter makes of it."""
    return interpret(
        flow,
        case.people,
        case.happenings,
        now=case.end,
        zone=case.zone,
        first_deployed=case.deployed,
        expires=EXPIRES,
        changes=case.changes,
        permissions=case.permissions,
        allowance=ALLOWANCE if case.sends else None,
        looks=looks,
    )


class Story(NamedTuple):
    """A title, a campaign's body, Ada's history, what must come of it, and what `a_case` is to know beside that.

    `looks` are the moments at which the engine looks, where that matters: there channels take what may go out.
    """

    title: str
    body: str
    history: str
    tells: list[str]
    beside: Mapping[str, str] = MappingProxyType({})
    looks: tuple[str, ...] = ()

    def case(self) -> Case:
        return replace(a_case(self.body, self.history, **self.beside), sends=bool(self.looks))

    def moments(self) -> list[int] | None:
        case = self.case()
        return [moment(look, case.zone) for look in self.looks] + [case.end] if self.looks else None


def a_case(
    body: str,
    history: str = "",
    *,
    ada: str = "plan=trial",
    created: str = "01-01 00:00",
    start: str = "03-01 00:00",
    until: str = "06-01 00:00",
    zone: str = "Europe/Berlin",
    before: str = "",
) -> Case:
    """Ada in the campaign `tale` (and in those of `before`, whose names are then told)."""
    text = PEOPLE + before + campaign(body)
    flow = resolved(text)
    types = {field.name: field.type for field in flow.contact.fields}
    person = Person("ada", _fields(ada, types, zone), moment(created, zone))
    happenings, changes, permissions = _history(history, flow, zone)
    return Case(text, [person], happenings, changes, zone, moment(start, zone), moment(until, zone), permissions)


# --- reading ------------------------------------------------------------------------------------------------------


def moment(text: str, zone: str) -> int:
    """`MM-DD HH:MM[:SS]` of 2026, or a whole ISO text with its offset."""
    if text.startswith("20"):
        return int(dt.datetime.fromisoformat(text).timestamp() * 1000)
    return to_instant(zone, dt.datetime.fromisoformat(f"2026-{text}"))


def stored(type_: ValueType, text: str, zone: str) -> Stored:
    """A written value as the database holds it."""
    match type_.kind:
        case "integer":
            return int(text)
        case "number":
            return float(text)
        case "money":
            return round(float(text) * 100)
        case "yesno":
            return text == "yes"
        case "date":
            return (dt.date.fromisoformat(text) - dt.date(1970, 1, 1)).days
        case "time":
            return moment(text.replace("T", " "), zone)
        case "list":
            return json.dumps([part for part in text.split(",") if part])
        case _:
            return text


_LINE = re.compile(
    r"(?P<at>\d\d-\d\d \d\d:\d\d(:\d\d)?|20\S+) (?P<name>\w+)(?: (?P<about>[a-z_]+))?(?P<fields>(?: \w+=\S*)*)"
    r"(?: \[learned (?P<learned>[^\]]+)\])?(?: \[id (?P<id>\w+)\])?"
)


def _history(text: str, flow: Flow, zone: str) -> tuple[list[Happening], list[Change], list[Permission]]:
    happenings, changes, permissions = list[Happening](), list[Change](), list[Permission]()
    for line in filter(None, map(str.strip, text.splitlines())):
        found = _LINE.fullmatch(line)
        assert found, line
        at = moment(found["at"], zone)
        if found["name"] == "set":
            types = {field.name: field.type for field in flow.contact.fields}
            changes += [Change("ada", name, new, at) for name, new in _fields(found["fields"], types, zone).items()]
            continue
        if found["name"] in ("consents", "withdraws", "suppressed"):
            said = dict(pair.split("=") for pair in found["fields"].split())
            about = said.get("channel", ""), said.get("purpose", "")
            permissions.append(
                Permission("ada", at, *about, found["name"] == "consents", found["name"] == "suppressed")
            )
            continue
        event = flow.event(found["name"])
        assert event, line
        fields = _fields(found["fields"], {field.name: field.type for field in event.fields}, zone)
        learned = moment(found["learned"], zone) if found["learned"] else None
        happenings.append(
            Happening(len(happenings) + 1, "ada", event.name, at, found["about"], fields, learned, found["id"])
        )
    return happenings, changes, permissions


def _fields(text: str, types: dict[str, ValueType], zone: str) -> dict[str, Stored]:
    pairs = (pair.partition("=") for pair in text.split())
    return {name: stored(types[name], value, zone) if value else None for name, _, value in pairs}


Row: TypeAlias = Move | Message | Conversion | Exposure | Act


# --- telling ------------------------------------------------------------------------------------------------------


def lines(outcome: Outcome, zone: str) -> list[str]:
    """Everything that came of it, in the order of time; names where there is more than one campaign, key or entry."""
    rows: list[Row] = [
        *outcome.moves, *outcome.messages, *outcome.conversions, *outcome.exposures, *outcome.acts,
    ]  # fmt: skip
    rows.sort(key=lambda row: row.planned_at if isinstance(row, Message) else row.at)
    named, several = any(row.campaign != "tale" for row in rows), any(row.contact not in ("ada", "") for row in rows)
    told = [(f"{row.contact} " if several else "") + _who(row, named) + _what(row, zone) for row in rows]
    return told + [f"{clock(one.at, zone)} {one.split} decided: {one.arm}" for one in outcome.decisions]


def clock(instant: int, zone: str) -> str:
    """`MM-DD HH:MM`, with what is smaller only where there is any."""
    local = to_local(zone, instant)
    return local.strftime("%m-%d %H:%M") + (
        local.strftime(":%S.%f").rstrip("0").rstrip(".") if instant % 60_000 else ""
    )


def _who(row: Row, named: bool) -> str:
    name = f"{row.campaign} " if named else ""
    if isinstance(row, Exposure):
        return name
    key = f"{row.key} " if row.key else ""
    number = f"#{row.entry} " if row.entry > 1 else ""
    return name + key + number


def _what(row: Row, zone: str) -> str:
    match row:
        case Move():
            old = f"{row.from_stage} " if row.from_stage else ""
            return f"{clock(row.at, zone)} {old}-> {row.to_stage or 'out'}"
        case Message():
            fate = _fate(row, zone)
            if row.contact and row.expires_at != add(zone, row.planned_at, EXPIRES):
                fate = f" until {clock(row.expires_at, zone)}{fate}"
            return f"{clock(row.planned_at, zone)} {row.channel} {row.message}{fate}"
        case Conversion():
            worth = "" if row.worth is None else f" worth {row.worth:g}"
            return f"{clock(row.at, zone)} {row.name}{worth}"
        case Exposure():
            return f"{clock(row.at, zone)} {row.split}: {row.arm}{'' if row.drawn else ', won'}"
        case Act():
            given = "".join(f" {name}={value}" for name, value in row.given)
            return f"{clock(row.at, zone)} {row.kind} {row.target}{given}"


def _fate(row: Message, zone: str) -> str:
    """What became of it, with the moment where that is another one than it was planned for."""
    why = f": {row.why}" if row.why else ""
    when = "" if row.settled_at in (None, row.planned_at) else f" {clock(row.settled_at or 0, zone)}"
    match row.state:
        case "planned":
            return f", waits{why}" if row.why else ""
        case "accepted":
            return f", sent{when}"
    return f", {row.state}{when}{why}"
