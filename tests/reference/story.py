"""What goes into the reference interpreter and what comes out: people, what happens to them, and what they get."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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


@dataclass(frozen=True, slots=True)
class Permission:
    """A line of the consent ledger, or (`suppresses`) a suppression until it is lifted. Empty means every one."""

    contact: str
    at: int
    channel: str = ""
    purpose: str = ""
    given: bool = False
    suppresses: bool = False
    lifted_at: int | None = None

    def is_lifted(self, now: int) -> bool:
        return self.lifted_at is not None and self.lifted_at <= now


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
    """`state` is planned, accepted, cancelled, skipped or expired; `settled_at` is when it became so.

    `why` says for what a planned one waits (quiet, limit, budget), or why one was skipped (limit, consent, suppressed).
    """

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
    state: str = "planned"
    settled_at: int | None = None
    why: str = ""


class Conversion(NamedTuple):
    campaign: str
    contact: str
    key: str
    entry: int
    name: str
    at: int
    worth: float | None


class Exposure(NamedTuple):
    """The arm of a split that a contact is in; the holdout is the split `holdout` with the arms yes and no."""

    campaign: str
    contact: str
    split: str
    arm: str
    at: int
    drawn: bool


class Decision(NamedTuple):
    campaign: str
    split: str
    arm: str
    at: int


class Act(NamedTuple):
    """A `notify`, `sync` or `do`: the sink, audience or action, and its text or options as they were at the move."""

    campaign: str
    contact: str
    key: str
    entry: int
    nth: int
    kind: str
    target: str
    given: tuple[tuple[str, Stored], ...]
    at: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Each list is sorted."""

    moves: list[Move]
    messages: list[Message]
    conversions: list[Conversion]
    exposures: list[Exposure] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)

    def whatever_the_clock(self) -> "Outcome":
        """What does not depend on when the engine looks: without when, and whether, messages were handed over.

        A message that waits may be given longer to live, so that differs too.
        """
        plain = [message._replace(expires_at=0, state="", settled_at=None, why="") for message in self.messages]
        return replace(self, messages=plain)
