"""The file of `simulate --rates`: how people behave, as TOML. What is wrong with it is said all at once."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from campflow.diagnostics.diagnostic import did_you_mean
from campflow.engine.behaviour import HOUR, REACTIONS, Habits
from campflow.engine.made_up import Weights
from campflow.errors import ProjectError
from campflow.model.calendar import DAY
from campflow.model.currencies import exponent
from campflow.model.durations import parse_duration
from campflow.model.flow import Action, Campaign, Flow, Send
from campflow.model.people import Field
from campflow.people.values import Conventions, read
from campflow.people.wording import BadValue, quoted
from campflow.settings import line_of

T = TypeVar("T")

SECTIONS = ("reactions", "delays", "events", "people", "fields", "cost", "past")

#: Instead of a rate: each person does it once.
ONCE = "once"

#: Instead of a value: none.
MISSING = "missing"

#: The longest past that is made up, in days.
LONGEST_PAST = 3_660

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
        known = {name: dict(self._known(written, (), SECTIONS, "table")).get(name, {}) for name in SECTIONS}
        tables = {name: self._table(value, (name,)) for name, value in known.items()}
        return Habits(
            reactions=dict(self._reactions(tables["reactions"])),
            delays=dict(self._each(tables["delays"], ("delays",), REACTIONS, "reaction", _delay)),
            events=dict(self._each(tables["events"], ("events",), self._events(), "event", _frequency)),
            people=dict(self._weights(tables["people"], ("people",), self._people())),
            fields=dict(self._fields(tables["fields"])),
            cost=dict(self._each(tables["cost"], ("cost",), self.channels, "channel", self._price)),
            past=dict(self._each(tables["past"], ("past",), ("days",), "key", _days)).get("days"),
        )
