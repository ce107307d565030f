"""RFM scores, made anew by the first tick after each midnight of the project's zone."""

from sqlalchemy import delete, insert, select

from campflow.model.calendar import DAY, to_instant, to_local
from campflow.sql.program import Program
from campflow.storage.database import Database

#: In the table `setting`: the midnight that the scores are of.
NAME = "rfm_midnight"


def refresh_scores(database: Database, program: Program, now: int) -> None:
    """Score everyone as of the last midnight, unless that is done or no condition reads scores."""
    if not program.scores:
        return
    zone, setting = program.plan.zone, database.tables.setting
    midnight = to_instant(zone, to_local(zone, now) // DAY * DAY)
    with database.reader() as connection:
        done = connection.scalar(select(setting.c.value).where(setting.c.name == NAME))
    if done == str(midnight):
        return
    with database.transaction() as connection:
        for statement in program.scores:
            connection.exec_driver_sql(statement.sql, {**statement.constants, "midnight": midnight})
        connection.execute(delete(setting).where(setting.c.name == NAME))
        connection.execute(insert(setting).values(name=NAME, value=str(midnight)))
