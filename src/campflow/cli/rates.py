"""The file of `simulate --rates`: how people behave, as TOML. What is wrong with it is said all at once."""

import math
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from campflow.diagnostics.diagnostic import did_you_mean
from campflow.engine.behaviour import REACTIONS, Habits
from campflow.engine.made_up import Weights
from campflow.errors import ProjectError
from campflow.model.calendar import DAY
from campflow.model.constants import Stored
from campflow.model.currencies import exponent
from campflow.model.durations import parse_duration
from campflow.model.flow import Campaign, Flow, Send
from campflow.model.people import Field
from campflow.people.values import Conventions, read
from campflow.people.wording import BadValue, quoted
from campflow.planning.planner import patterns
from campflow.settings import line_of

T = TypeVar("T")

SECTIONS = ("reactions", "delays", "events", "people", "fields", "cost", "past")

#: Instead of a rate: each person does it once.
ONCE = "once"

#: Instead of a value: none.
MISSING = "missing"

#: The longest past that is made up, in days.
LONGEST_PAST = 3_660

#: Times in 30 days: one an hour.
MOST_EVENTS = 720

_TEN_YEARS = 10 * 365 * DAY


def read_rates(path: Path, flow: Flow, channels: Iterable[str], conventions: Conventions) -> Habits:
    """What the file says. Raises ProjectError that names the line and key of everything that is wrong with it."""
    try:
        text = path.read_text("utf-8-sig")
        written = tomllib.loads(text)
    except OSError as error:
        raise ProjectError(f"{path} cannot be read ({error.strerror}): name a file that is there") from error
    except UnicodeDecodeError as error:
        raise ProjectError(f"{path} is not UTF-8: save it as UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ProjectError(f"{path} is not valid TOML: {error}") from error
    reader = _Reader(str(path), text, flow, tuple(channels), conventions)
    found = reader.habits(written)
    if reader.wrong:
        raise ProjectError("\n".join(reader.wrong))
    return found


class _Wrong(Exception):
    """A value that cannot be used; the text says why and what to write."""


@dataclass(slots=True)
class _Reader:
    path: str
    text: str
    flow: Flow
    channels: tuple[str, ...]
    conventions: Conventions
    wrong: list[str] = field(default_factory=list)

    def habits(self, written: Mapping[str, Any]) -> Habits:
        sections = {name: self._table((name,), value) for name, value in self._known((), written, SECTIONS, "table")}
        part = {name: sections.get(name, {}) for name in SECTIONS}
        return Habits(
            reactions=dict(self._reactions(part["reactions"])),
            delays=dict(self._each(("delays",), part["delays"], REACTIONS, "reaction", _delay)),
            events=dict(self._each(("events",), part["events"], self._events(), "event", _frequency)),
            people=dict(self._weights(("people",), part["people"], self.flow.contact.fields)),
            fields=dict(self._fields(part["fields"])),
            cost=dict(self._each(("cost",), part["cost"], self.channels, "channel", self._price)),
            past=dict(self._each(("past",), part["past"], ("days",), "key", _past)).get("days"),
        )

    # --- the tables ---------------------------------------------------------------------------------------------

    def _reactions(self, table: Mapping[str, Any]) -> Iterator[tuple[tuple[str | None, str], float]]:
        """Shares of all messages stand in the table itself, those of one message in a table of its own."""
        messages = sorted({send.message for each in self.flow.campaigns for send in _sends(each)})
        own = {name: value for name, value in table.items() if isinstance(value, dict)}
        of_all = {name: value for name, value in table.items() if name not in own}
        for name, share in self._each(("reactions",), of_all, REACTIONS, "reaction", _share):
            yield (None, name), share
        for message, inner in self._known(("reactions",), own, messages, "message"):
            for name, share in self._each(("reactions", message), inner, REACTIONS, "reaction", _share):
                yield (message, name), share

    def _fields(self, table: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Weights]]]:
        events = {each.name: each.fields for each in self.flow.events if each.fields}
        for name, value in self._known(("fields",), table, events, "event with fields"):
            path = ("fields", name)
            yield name, dict(self._weights(path, self._table(path, value), events[name]))

    def _weights(
        self, path: tuple[str, ...], table: Mapping[str, Any], fields: Iterable[Field]
    ) -> Iterator[tuple[str, Weights]]:
        """`country = ["FR", "GB"]` for values that come equally often, `country = { FR = 3, GB = 1 }` else."""
        named = {each.name: each for each in fields}
        for name, value in self._known(path, table, named, "field"):
            written = dict.fromkeys(map(str, value), 1) if isinstance(value, list) else value
            chosen = self._table((*path, name), written)
            found = [
                (said, weight)
                for text, each in chosen.items()
                for said in self._value((*path, name, text), text, named[name])
                for weight in self._read((*path, name, text), each, _weight)
            ]
            if sum(weight for _, weight in found):
                yield name, tuple(found)
            elif len(found) == len(chosen):
                self._say((*path, name), "names no value that ever comes: give one a weight above 0")

    def _value(self, path: tuple[str, ...], text: str, field: Field) -> Iterator[Stored]:
        if field.type.kind == "email":
            self._say(path, "everybody gets an e-mail address of their own: leave it out")
        elif text != MISSING:
            yield from self._read(path, text, lambda each: read(each, field.type, self.conventions))
        elif field.optional:
            yield None
        else:
            self._say(path, f"`{field.name}` is never missing: a `?` behind its type says that it may be")

    def _price(self, value: object) -> Decimal:
        """Minor units of the project's currency; a message may well cost less than one."""
        currency = self.conventions.currency
        if currency is None:
            raise _Wrong('is an amount, but campflow.toml names no currency: add currency = "EUR" to it')
        amount, _, named = (value.strip() if isinstance(value, str) else "").partition(" ")
        try:
            price = Decimal(amount)
        except ArithmeticError:
            price = Decimal(-1)
        if not (price.is_finite() and price >= 0 and named.strip() == currency):
            raise _Wrong(f'{quoted(value)} is not a price: write for example "0.001 {currency}"')
        return price.scaleb(exponent(currency))

    def _events(self) -> list[str]:
        """Those that are declared, and for each page that a campaign names what may be done there."""
        of_page = {each.name for each in self.flow.events if each.about == "page"}
        heard = {each for campaign in self.flow.campaigns for each in patterns(campaign) if each.event in of_page}
        pages = {f"{each.event} {each.about}" if each.about else each.event for each in heard}
        return [*(each.name for each in self.flow.events if each.about is None), *sorted(pages)]

    # --- reading ------------------------------------------------------------------------------------------------

    def _each(
        self, path: tuple[str, ...], table: Mapping[str, Any], names: Iterable[str], what: str,
        reader: Callable[[object], T],
    ) -> Iterator[tuple[str, T]]:  # fmt: skip
        """The keys of a table that may stand there, with their values read."""
        for name, value in self._known(path, table, names, what):
            for found in self._read((*path, name), value, reader):
                yield name, found

    def _known(
        self, path: tuple[str, ...], table: Mapping[str, Any], names: Iterable[str], what: str
    ) -> Iterator[tuple[str, Any]]:
        known = list(names)
        for name, value in table.items():
            if name in known:
                yield name, value
            else:
                hint = did_you_mean(name, known) or (f"write one of {', '.join(known)}" if known else None)
                self._say((*path, name), f"there is no such {what}" + (f"; {hint}" if hint else ""))

    def _table(self, path: tuple[str, ...], value: object) -> Mapping[str, Any]:
        if isinstance(value, dict):
            return value
        self._say(path, f"{quoted(value)} is not a table: write [{'.'.join(path)}], and its keys below")
        return {}

    def _read(self, path: tuple[str, ...], value: object, reader: Callable[[Any], T]) -> Iterator[T]:
        """The value, or nothing where it is wrong."""
        try:
            yield reader(value)
        except (_Wrong, BadValue) as error:
            self._say(path, str(error))

    def _say(self, path: tuple[str, ...], reason: str) -> None:
        """Where a key stands: on its own line, else on the line of the table or value that it is in."""
        lines = (line_of(".".join(path[: end - 1]), path[end - 1], self.text) for end in range(len(path), 0, -1))
        line = next((each for each in lines if each is not None), None)
        place = self.path if line is None else f"{self.path}:{line}"
        self.wrong.append(f"{place}: `{'.'.join(path)}`: {reason}")


# --- values -----------------------------------------------------------------------------------------------------


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def _share(value: object) -> float:
    """`0.35`, or `"35%"`."""
    share = _number(value)
    if isinstance(value, str) and (percent := re.fullmatch(r"\s*(\d{1,3}(?:\.\d{1,10})?)\s*%\s*", value)):
        share = float(percent[1]) / 100
    if not 0 <= share <= 1:
        raise _Wrong(f'{quoted(value)} is not a share: write for example 0.35, or "35%"')
    return share


def _delay(value: object) -> int:
    """Milliseconds."""
    try:
        duration = parse_duration(value if isinstance(value, str) else str(value))
    except ValueError as error:
        raise _Wrong(str(error)) from None
    length = (duration.months * 30 + duration.days) * DAY + duration.milliseconds
    if length > _TEN_YEARS:
        raise _Wrong(f"{quoted(value)} is longer than ten years: nobody reacts then")
    return length


def _frequency(value: object) -> float | None:
    times = _number(value)
    if value == ONCE:
        return None
    if not 0 <= times <= MOST_EVENTS:
        raise _Wrong(
            f'{quoted(value)} does not say how often: write how many times in 30 days, up to {MOST_EVENTS}, or "once"'
        )
    return times


def _weight(value: object) -> float:
    weight = _number(value)
    if not (weight >= 0 and math.isfinite(weight)):
        raise _Wrong(f"{quoted(value)} is not a weight: write how often the value comes beside the others, as in 3")
    return weight


def _past(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LONGEST_PAST:
        raise _Wrong(f"{quoted(value)} is not a number of days: write one from 0 to {LONGEST_PAST:,}")
    return value


def _sends(campaign: Campaign) -> Iterator[Send]:
    for stage in campaign.stages:
        arms = (action for split in stage.splits for arm in split.arms for action in arm.actions)
        yield from (each for each in (*stage.actions, *arms) if isinstance(each, Send))
