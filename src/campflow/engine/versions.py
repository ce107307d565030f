"""Texts of campaigns in the database: the one in force, those kept for who entered under them, and all before.

A version is the declaration of a campaign as it was written, with the segments it reads; the rest of its file is no
part of it. The live versions of a campaign share its journeys out: each governs those that entered with a version from
`version_from` to `version_to`, and together they govern all. The newest lets people in.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, or_, select, update

from campflow.diagnostics.source import Span
from campflow.model.calendar import DAY
from campflow.model.expressions import InSegment
from campflow.model.flow import Campaign, Segment
from campflow.model.people import Duration
from campflow.planning.plan import CampaignPlan, Plan
from campflow.sql.dialects import NEVER
from campflow.storage.tables import Tables

#: Where the contact type and the events are kept in the table `setting`, as they were last put into force.
GROUND = "ground"

#: Between a file and what is said of the version, in the path of a text that was read from the database.
OF_VERSION = " ("


@dataclass(frozen=True, slots=True)
class CampaignText:
    """A campaign as it is written: the declaration, where it stands, and the segments it reads, by name."""

    path: str
    line: int
    text: str
    segments: Mapping[str, str]

    @property
    def file(self) -> str:
        """The file that it came from; `path` may say of which version it was a copy."""
        return self.path.partition(OF_VERSION)[0]

    @property
    def hash(self) -> str:
        """The same for the same texts, wherever they stand."""
        digest = hashlib.sha256(self.text.encode())
        for name, text in sorted(self.segments.items()):
            digest.update(f"\0{name}\0{text}".encode())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Version:
    """A row of `campaign_version`; `number` counts the versions of its campaign from 1.

    `governs` is None where it is no longer live. `in_force` says that it is the one that lets people in. An empty text
    took the campaign out of force.
    """

    version_id: int
    campaign: str
    campaign_id: int
    number: int
    text: CampaignText
    hash: str
    author: str
    deployed_at: int
    governs: tuple[int, int] | None
    in_force: bool
    withdraws: int | None

    @property
    def withdrawn(self) -> bool:
        return not self.text.text


# --- texts --------------------------------------------------------------------------------------------------------


def text_of(campaign: Campaign, segments: Sequence[Segment], sources: Mapping[str, str]) -> CampaignText:
    """What a version of this campaign is; `sources` are the texts by path."""
    named = {each.name: each for each in segments}
    read = {part.name: cut(sources, named[part.name].span) for part in _inside(campaign, InSegment)}
    return CampaignText(campaign.span.path, campaign.span.line, cut(sources, campaign.span), read)


def ground_of(plan: Plan, sources: Mapping[str, str]) -> str:
    """What all campaigns stand on: the contact type and the events as they are written."""
    spans = [plan.contact.span, *(event.span for event in plan.events)]
    return "\n\n".join(cut(sources, span) for span in spans if span is not None) + "\n"


def cut(sources: Mapping[str, str], span: Span) -> str:
    """What stands at the span, as it is written."""
    text = sources[span.path].removeprefix("\ufeff").replace("\r\n", "\n")
    lines = text.split("\n")[span.line - 1 : span.end_line]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)


def _inside(root: object, kind: type[InSegment]) -> Iterator[InSegment]:
    """Everything of this kind at or below a part of the model."""
    waiting: list[object] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, kind):
            yield node
        if isinstance(node, tuple):
            waiting += node
        elif is_dataclass(node) and not isinstance(node, Span):
            waiting += [getattr(node, field.name) for field in fields(node)]


# --- rows ---------------------------------------------------------------------------------------------------------


def history(connection: Connection, tables: Tables, campaign: str | None = None) -> tuple[Version, ...]:
    """Every version there was, of one campaign or of all, the oldest first."""
    v, c = tables.campaign_version, tables.campaign
    query = select(v, c.c.name, c.c.version_id.label("newest")).join(c, c.c.campaign_id == v.c.campaign_id)
    if campaign is not None:
        query = query.where(c.c.name == campaign)
    numbers: dict[int, int] = {}
    found = []
    for row in connection.execute(query.order_by(v.c.version_id)):
        numbers[row.campaign_id] = number = numbers.get(row.campaign_id, 0) + 1
        found.append(_version(row, number))
    return tuple(found)


def live(connection: Connection, tables: Tables) -> tuple[Version, ...]:
    """The versions that govern somebody or let people in, the oldest first."""
    return tuple(each for each in history(connection, tables) if each.governs is not None)


def _version(row: Row[Any], number: int) -> Version:
    # Rows from before there were segments have none of these.
    text = CampaignText(row.path or "", row.line or 1, row.source, json.loads(row.segments or "{}"))
    governs = None if row.version_to is None else (row.version_from, row.version_to)
    return Version(
        row.version_id, row.name, row.campaign_id, number, text, row.hash, row.author, row.deployed_at, governs,
        row.version_id == row.newest and bool(row.source), row.withdraws,
    )  # fmt: skip


def put(
    connection: Connection, tables: Tables, plan: CampaignPlan, campaign_id: int, text: CampaignText,
    author: str, now: int, withdraws: int | None,
) -> int:  # fmt: skip
    """A new version, in force from now on; its id. It governs everyone, or with `edits reach newcomers` who comes."""
    v = tables.campaign_version
    row = insert(v).values(
        campaign_id=campaign_id, hash=text.hash, source=text.text, segments=json.dumps(text.segments),
        path=text.path, line=text.line, author=author, deployed_at=now, within=_longest(plan), withdraws=withdraws,
    )  # fmt: skip
    version_id = int(connection.execute(row.returning(v.c.version_id)).scalar_one())
    before = (v.c.campaign_id == campaign_id, v.c.version_to.is_not(None))
    last = connection.scalar(select(func.max(v.c.version_from)).where(*before))
    if plan.campaign.edits == "newcomers" and last is not None:
        connection.execute(update(v).where(*before, v.c.version_to == NEVER).values(version_to=version_id - 1))
        first = version_id
    else:
        connection.execute(update(v).where(*before).values(version_from=None, version_to=None))
        first = 0
    connection.execute(update(v).where(v.c.version_id == version_id).values(version_from=first, version_to=NEVER))
    _take_force(connection, tables, campaign_id, version_id)
    return version_id


def withdraw(connection: Connection, tables: Tables, campaign: str, author: str, now: int) -> None:
    """Take a campaign out of force: nobody enters, nobody moves, everyone stays where they are."""
    v, c = tables.campaign_version, tables.campaign
    campaign_id = connection.execute(select(c.c.campaign_id).where(c.c.name == campaign)).scalar_one()
    connection.execute(update(v).where(v.c.campaign_id == campaign_id).values(version_from=None, version_to=None))
    row = insert(v).values(
        campaign_id=campaign_id, hash="", source="", segments="{}", path="", line=0, author=author, deployed_at=now,
        within=0,
    )  # fmt: skip
    _take_force(connection, tables, campaign_id, connection.execute(row.returning(v.c.version_id)).scalar_one())


def _take_force(connection: Connection, tables: Tables, campaign_id: int, version_id: int) -> None:
    c = tables.campaign
    connection.execute(update(c).where(c.c.campaign_id == campaign_id).values(version_id=version_id))


def let_go(connection: Connection, tables: Tables, campaign_id: int, now: int) -> None:
    """Kept versions of which nobody is inside, or may still convert: the next newer one takes over what was theirs."""
    v = tables.campaign_version
    query = select(v).where(v.c.campaign_id == campaign_id, v.c.version_to.is_not(None)).order_by(v.c.version_from)
    rows = list(connection.execute(query))
    first = 0
    for row in rows[:-1]:
        if _governs_somebody(connection, tables, campaign_id, (first, row.version_to), row.within, now):
            if row.version_from != first:
                connection.execute(update(v).where(v.c.version_id == row.version_id).values(version_from=first))
            first = row.version_to + 1
        else:
            nobody = update(v).where(v.c.version_id == row.version_id)
            connection.execute(nobody.values(version_from=None, version_to=None))
    if rows and rows[-1].version_from != first:
        connection.execute(update(v).where(v.c.version_id == rows[-1].version_id).values(version_from=first))


def _governs_somebody(
    connection: Connection, tables: Tables, campaign_id: int, governs: tuple[int, int], within: int, now: int
) -> bool:
    j = tables.journey
    awaited: ColumnElement[bool] = or_(j.c.ended_at.is_(None), j.c.entered_at > now - within)
    query = select(j.c.journey_id).where(j.c.campaign_id == campaign_id, j.c.version_id.between(*governs), awaited)
    return connection.execute(query.limit(1)).first() is not None


def people(connection: Connection, tables: Tables) -> dict[int, int]:
    """How many are inside under each live version."""
    v, j = tables.campaign_version, tables.journey
    query = (
        select(v.c.version_id, func.count(j.c.journey_id))
        .join(
            j,
            (j.c.campaign_id == v.c.campaign_id)
            & j.c.version_id.between(v.c.version_from, v.c.version_to)
            & j.c.ended_at.is_(None),
        )
        .group_by(v.c.version_id)
    )
    return dict(connection.execute(query).all())


def _longest(plan: CampaignPlan) -> int:
    """No conversion is counted so many milliseconds after the entry, whatever the calendar does."""
    return max((_at_most(convert.within) for _, convert in plan.conversions), default=0)


def _at_most(duration: Duration) -> int:
    return (31 * duration.months + duration.days) * DAY + duration.milliseconds + DAY
