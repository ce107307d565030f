"""Tests of campaigns, resolved: who there is, what happens when, and what is to be seen then.

Moments are local times of the zone that the test's campaign runs in, else of the project's. Every step keeps its
`text`, as written and on one line, and its place.
"""

import datetime as dt
from dataclasses import dataclass
from typing import TypeAlias

from campflow.diagnostics.source import Span
from campflow.model.people import ConstantValue, Duration

#: The "split" by which a test puts somebody into the holdout: `arm holdout = yes`.
HOLDOUT = "holdout"


@dataclass(frozen=True, slots=True)
class Given:
    """A field of a contact or an event, and its value."""

    name: str
    value: ConstantValue


@dataclass(frozen=True, slots=True)
class SomebodyIs:
    """A new contact, or changed fields of one that the test has named before."""

    contact: str
    fields: tuple[Given, ...]
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class ClockAt:
    moment: dt.datetime
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class ClockAfter:
    duration: Duration
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class SomebodyDid:
    """An event. `about` is the message or page of a reaction."""

    contact: str
    event: str
    about: str | None
    fields: tuple[Given, ...]
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class ForcedArm:
    """The arm of a split that everyone is drawn into; of HOLDOUT it is yes or no."""

    split: str
    arm: str
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class ExpectIn:
    contact: str
    stage: str
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class ExpectSent:
    """Handed to the channel by the test's campaign, at any time or exactly at the moment `at`.

    Of a `post`, `contact` is the campaign.
    """

    contact: str
    negated: bool
    channel: str
    message: str
    at: dt.datetime | None
    text: str
    span: Span
    post: bool = False


@dataclass(frozen=True, slots=True)
class ExpectConverted:
    """`conversion` None: the unnamed conversion of the campaign, else any."""

    contact: str
    negated: bool
    conversion: str | None
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class ExpectLeft:
    contact: str
    negated: bool
    text: str
    span: Span


Expectation: TypeAlias = ExpectIn | ExpectSent | ExpectConverted | ExpectLeft
Step: TypeAlias = SomebodyIs | ClockAt | ClockAfter | SomebodyDid | ForcedArm | Expectation


@dataclass(frozen=True, slots=True)
class Test:
    """One `test` block."""

    __test__ = False  # for pytest, which collects what is called Test

    title: str
    campaign: str
    steps: tuple[Step, ...]
    span: Span
