"""What time it is for campaigns: the system's, or one that stands still until it is moved."""

import time
from typing import Protocol

from sqlalchemy import select

from campflow.errors import CampflowError
from campflow.model.times import shown
from campflow.storage.database import Database

#: Where the manual clock is kept in the table `setting`.
NAME = "clock"


class Clock(Protocol):
    #: Whether `now` moves by itself.
    runs: bool

    def now(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""


class SystemClock:
    runs = True

    def now(self) -> int:
        return time.time_ns() // 1_000_000


class ManualClock:
    """A clock in the database, shared by all processes. Until it is set it shows 0: all that is imported lies ahead."""

    runs = False

    def __init__(self, database: Database) -> None:
        self.database = database

    def now(self) -> int:
        setting = self.database.tables.setting
        with self.database.reader() as connection:
            value = connection.scalar(select(setting.c.value).where(setting.c.name == NAME))
        return int(value) if value is not None else 0

    def move(self, to: int) -> None:
        """Set it. Raises CampflowError where that would turn it back: what has happened stays so."""
        setting = self.database.tables.setting
        with self.database.transaction() as connection:
            value = connection.scalar(select(setting.c.value).where(setting.c.name == NAME))
            if value is not None and to < int(value):
                stands, wanted = shown(int(value), "UTC"), shown(to, "UTC")
                raise CampflowError(
                    f"the clock stands at {stands} UTC and cannot be turned back to {wanted} UTC: "
                    "name a later time, or begin again with another database"
                )
            row = self.database.dialect.insert(setting).values(name=NAME, value=str(to))
            connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"value": str(to)}))
