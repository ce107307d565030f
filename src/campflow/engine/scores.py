"""RFM scores, made anew by the first tick after each midnight of the project's zone."""

from sqlalchemy import Connection, delete, insert, select

from campflow.model.calendar import DAY, to_instant, to_local
from campflow.sql.program import Program
from campflow.storage.database import Database
from campflow.storage.tables import Tables

#: In the table `setting`: the midnight that the scores are of.
NAME = "rfm_midnight"

#: From one midnight to the next, where an hour comes twice.
LONGEST_DAY = DAY + 3_600_000


def refresh_scores(database: Database, program: Program, now: int) -> None:
    """Score everyone as of the last midnight, unless that is done or no condition reads scores.

    Who looks with a clock behind another's does not bring back the scores of the midnight before.
    """
    if not program.scores:
        return
    zone = program.plan.zone
    midnight = to_instant(zone, to_local(zone, now) // DAY * DAY)
    with database.reader() as connection:
        if _is_done(connection, database.tables, midnight):
            return
    setting = database.tables.setting
    with database.transaction() as connection:
        if _is_done(connection, database.tables, midnight):  # by another process, meanwhile
            return
        for statement in program.scores:
            connection.exec_driver_sql(statement.sql, {**statement.constants, "midnight": midnight})
        connection.execute(delete(setting).where(setting.c.name == NAME))
        connection.execute(insert(setting).values(name=NAME, value=str(midnight)))


def _is_done(connection: Connection, tables: Tables, midnight: int) -> bool:
    """Whether the scores are of this midnight, or of the next. Later ones are of a clock that was wrong by a day."""
    s = tables.setting.c
    done = connection.scalar(select(s.value).where(s.name == NAME))
    return done is not None and midnight <= int(done) <= midnight + LONGEST_DAY
