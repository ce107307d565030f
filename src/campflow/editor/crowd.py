"""How many people are in a campaign or a stage now, by the project's own database where there is one."""

from contextlib import closing

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from campflow.errors import CampflowError
from campflow.model.people import Contact
from campflow.project import Project
from campflow.storage.database import Database
from campflow.storage.tables import tables

#: How long an answer may wait for somebody who writes, in seconds.
PATIENCE = 0.5


def people_in(project: Project, campaign: str, stage: str | None = None) -> int | None:
    """Those inside of the campaign, or in one stage of it (in a final one: all who ended there).

    None where there is no database, or it cannot say: it is busy, of another version, or has never seen the campaign.
    """
    try:
        if not project.database_exists:
            return None
        with closing(Database(project.database_url, tables(Contact((), None), ()), busy_seconds=PATIENCE)) as database:
            return _count(database, campaign, stage)
    except (CampflowError, SQLAlchemyError):
        return None


def _count(database: Database, campaign: str, stage: str | None) -> int | None:
    journey, known, place = database.tables.journey.c, database.tables.campaign.c, database.tables.stage.c
    with database.reader() as connection:
        mine = connection.execute(select(known.campaign_id).where(known.name == campaign)).scalar_one_or_none()
        if mine is None:
            return None
        counted = select(func.count()).where(journey.campaign_id == mine)
        if stage is None:
            return connection.execute(counted.where(journey.ended_at.is_(None))).scalar_one()
        stages = select(place.stage_id).where(place.campaign_id == mine, place.name == stage)
        ids = connection.execute(stages).scalars().all()
        if not ids:
            return None
        return connection.execute(counted.where(journey.stage_id.in_(ids))).scalar_one()
