"""What all statements of a campaign share: its tables, its parameters, its calendar."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Executable,
    FromClause,
    Table,
    Text,
    and_,
    bindparam,
    func,
    literal,
)
from sqlalchemy.dialects import postgresql, sqlite

from campflow.model.people import Event, Field
from campflow.planning.plan import CampaignPlan, Plan, StagePlan
from campflow.sql.calendar import LocalTime
from campflow.sql.workspace import Workspace, workspace
from campflow.storage.tables import Tables

#: A statement before it is compiled: its name, its purpose, what it does.
Written = tuple[str, str, Executable]


@dataclass(frozen=True, slots=True)
class Rows:
    plan: CampaignPlan
    tables: Tables
    work: Workspace
    database: str
    contact_fields: tuple[Field, ...]
    events: tuple[Event, ...]
    project_zone: str

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An insert that knows `ON CONFLICT`, which SQLAlchemy keeps with each database."""
        return sqlite.insert(table) if self.database == "sqlite" else postgresql.insert(table)

    def clock(self, contact: FromClause) -> LocalTime:
        """The calendar that counts for this contact."""
        zone = self.plan.zone
        if zone.of_contact:
            return LocalTime(self.tables, func.coalesce(contact.c.timezone, zone.name))
        return LocalTime(self.tables, literal(zone.name), utc=zone.name in ("UTC", "Etc/UTC"))

    @property
    def finals(self) -> list[BindParameter[int]]:
        return [stage_id(stage) for stage in self.plan.stages if stage.final]


def rows(plan: CampaignPlan, project: Plan, tables: Tables, database: str) -> Rows:
    return Rows(plan, tables, workspace(), database, project.contact.fields, project.events, project.zone)


def parameter(name: str) -> BindParameter[int]:
    """A whole number that the engine gives when it runs the statement."""
    return bindparam(name, None, type_=BigInteger(), required=False)


def fixed(value: int | str) -> BindParameter[Any]:
    """A value of ours that stands in the statement itself: SQLite fetches a parameter anew for each row."""
    type = BigInteger() if isinstance(value, int) else Text()
    return literal(value, type, literal_execute=True)


CAMPAIGN = parameter("campaign")
VERSION = parameter("version")
VERSION_FROM = parameter("version_from")
VERSION_TO = parameter("version_to")
NOW = parameter("now")
START = parameter("start")
END = parameter("end")
LOOKED_EVENT = parameter("looked_event")
LOOKED_AT = parameter("looked_at")
MARK = parameter("mark")
ENTRY_MARK = parameter("entry_mark")
CHUNK_MARK = parameter("chunk_mark")
JOURNEY_MARK = parameter("journey_mark")
RUN_MARK = parameter("run_mark")
MESSAGE_MARK = parameter("message_mark")
FROM_SEQ = parameter("from_seq")
TO_SEQ = parameter("to_seq")
CHUNK = parameter("chunk")
#: How many journeys are worth a run.
TOGETHER = parameter("together")
FIRST_JOURNEY = parameter("first_journey")
LAST_JOURNEY = parameter("last_journey")


def stage_id(stage: StagePlan | str) -> BindParameter[int]:
    return parameter(f"stage_{stage if isinstance(stage, str) else stage.name}")


def of_journey(journey: FromClause, row: FromClause) -> ColumnElement[bool]:
    """The journey that a row is about; its contact stands in every join, so that rows can be shared out by contact."""
    mine = (journey.c.campaign_id == CAMPAIGN,) if "campaign_id" in journey.c else ()
    return and_(journey.c.journey_id == row.c.journey_id, journey.c.contact_id == row.c.contact_id, *mine)


def governed(journey: FromClause) -> ColumnElement[bool]:
    """Whether this version of the campaign's text counts for a journey."""
    return journey.c.version_id.between(VERSION_FROM, VERSION_TO)


def statement_id(order: int) -> BindParameter[int]:
    return parameter(f"statement_{order}")


def send_id(order: int) -> BindParameter[int]:
    return parameter(f"send_{order}")


def errand_id(order: int) -> BindParameter[int]:
    """The `notify`, `sync` or `do` at this place of the file."""
    return parameter(f"errand_{order}")


def is_gated(order: int) -> ColumnElement[bool]:
    """Whether a message of this send waits for the release to look at it (limits, quiet hours, budget, consent)."""
    return parameter(f"gated_{order}") == fixed(1)


def split_id(split: str) -> BindParameter[int]:
    return parameter(f"split_{split}")


def arm_id(split: str, arm: str) -> BindParameter[int]:
    return of_split("arm", split, arm)


def of_split(what: str, split: str, arm: str = "") -> BindParameter[int]:
    """A number of a split that deploy knows: turn_a, turn_b, decided, winner; of an arm its id and its cut."""
    return parameter(split_parameter(what, split, arm))


def split_parameter(what: str, split: str, arm: str = "") -> str:
    """Names are told apart by where one ends: a driver takes no `$` in the name of a parameter."""
    return f"{what}_{len(split)}_{split}_{arm}" if arm else f"{what}_{split}"
