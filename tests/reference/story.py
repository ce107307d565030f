"""What goes into the reference interpreter and what comes out: people, what happens to them, and what they get."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

#: As it is stored: instants in milliseconds, dates in days since 1970, money in minor units, lists as JSON texts.
Stored: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Person:
    key: str
    fields: Mapping[str, Stored]
    created_at: int


@dataclass(frozen=True, slots=True)
class Happening:
    """An event. `learned` is when we hear of it (None: when it happens); the same `id` twice is once (None: its own).

    The order of learning is by `learned`, then by `seq`.
    """

    seq: int
    contact: str
    name: str
    at: int
    about: str | None = None
    fields: Mapping[str, Stored] = field(default_factory=dict)
    learned: int | None = None
    id: str | None = None

    @property
    def known_at(self) -> int:
        return self.at if self.learned is None else self.learned


@dataclass(frozen=True, slots=True)
class Change:
    """Someone outside gives a contact's field another value."""

    contact: str
    field: str
    value: Stored
    at: int


class Move(NamedTuple):
    """`order` is the place in the file of the statement that caused it; leaving goes to None."""

    campaign: str
    contact: str
    key: str
    entry: int
    nth: int
    from_stage: str | None
    to_stage: str | None
    order: int
    at: int


class Message(NamedTuple):
    """`cancelled`: the contact left, and nothing had been handed to a channel by then."""

    campaign: str
    contact: str
    key: str
    entry: int
    nth: int
    channel: str
    message: str
    send: int
    planned_at: int
    expires_at: int
    cancelled: bool


class Conversion(NamedTuple):
    campaign: str
    contact: str
    key: str
    entry: int
    name: str
    at: int
    worth: float | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Each list is sorted."""

    moves: list[Move]
    messages: list[Message]
    conversions: list[Conversion]
