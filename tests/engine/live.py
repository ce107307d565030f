"""A project in a folder whose campaigns are edited while people are in them."""

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func, select
from tests.engine.workbench import instant

from campflow.engine.advance import Advance
from campflow.engine.changes import CampaignChange, Changes
from campflow.engine.changing import change, foresee
from campflow.engine.clock import ManualClock
from campflow.in_force import before, in_force, texts
from campflow.people.importing import import_events, import_people
from campflow.people.sources import CsvSource
from campflow.project import Project
from campflow.running import open_runtime
from campflow.storage.database import Database
from campflow.storage.tables import Tables

TOML = """
clock = "manual"
currency = "EUR"

[sender]
name = "Example"
email = "hello@example.com"
"""

#: Where everyone is: the stage by journey, None after leaving.
Whereabouts = Mapping[int, str | None]


@dataclass
class Live:
    """Its clock is the test's. `now` is the moment of all that is done."""

    folder: Path
    now: int = 0

    @classmethod
    def begin(cls, folder: Path, text: str, messages: Iterable[str]) -> "Live":
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "content").mkdir()
        (folder / "campflow.toml").write_text(TOML)
        for name in messages:
            (folder / "content" / f"{name}.email.md").write_text(f"---\nsubject: {name}\n---\n{name}\n")
        live = cls(folder)
        live.write(text)
        return live

    def copy(self, folder: Path) -> "Live":
        """The same in another folder, database and all."""
        shutil.copytree(self.folder, folder)
        return Live(folder, self.now)

    def write(self, text: str, name: str = "trials.flow") -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def edit(self, *pairs: tuple[str, str], name: str = "trials.flow") -> None:
        """Replace what stands there once."""
        text = (self.folder / name).read_text("utf-8")
        for old, new in pairs:
            assert text.count(old) == 1, f"{old!r} stands there {text.count(old)} times"
            text = text.replace(old, new)
        self.write(text, name)

    @property
    def project(self) -> Project:
        return Project.open(self.folder)

    # --- what happens ---

    def people(self, rows: Iterable[str]) -> None:
        project = self.project
        with closing(project.database()) as database:
            report = import_people(
                database, project.flow.flow.contact, CsvSource(), (f"{row}\n".encode() for row in rows),
                currency="EUR", zone="UTC", now=0,
            )  # fmt: skip
        assert report.refused == 0

    def events(self, rows: Iterable[str]) -> None:
        project = self.project
        flow = project.flow.flow
        with closing(project.database()) as database:
            report = import_events(
                database, flow.contact, flow.events, CsvSource(), (f"{row}\n".encode() for row in rows),
                currency="EUR", zone="UTC", now=0, addresses=project.addresses,
            )  # fmt: skip
        assert report.refused == 0

    def tick(self, now: str) -> Advance:
        """As `campflow tick --now` does it, but for the handing over."""
        self.now = instant(now)
        project = self.project
        with closing(project.desk()) as desk:
            ManualClock(desk).move(self.now)
        with closing(open_runtime(project)) as runtime:
            return runtime.tick(self.now)

    def plan(self) -> Changes:
        project = self.project
        force, wanted = in_force(project), texts(project)
        with closing(Database(project.database_url, wanted.tables)) as database:
            return foresee(database, before(project, force), wanted, "UTC", self.now)

    def apply(self) -> Changes:
        project = self.project
        force, wanted = in_force(project), texts(project)
        with closing(project.database()) as database, database.transaction() as connection:
            return change(connection, database, before(project, force), wanted, "test", self.now)

    # --- what the rows say ---

    def whereabouts(self) -> Whereabouts:
        return dict(self.rows(lambda t: select(t.journey.c.journey_id, t.stage.c.name).outerjoin(
            t.stage, t.stage.c.stage_id == t.journey.c.stage_id
        )))  # fmt: skip

    def inside(self) -> dict[str, int]:
        """How many are inside, by stage."""
        return dict(self.rows(lambda t: select(t.stage.c.name, func.count()).join(
            t.journey, t.journey.c.stage_id == t.stage.c.stage_id
        ).where(t.journey.c.ended_at.is_(None)).group_by(t.stage.c.name)))  # fmt: skip

    def messages(self) -> Counter[str]:
        """How many of each message there are, whatever became of them."""
        found = self.rows(lambda t: select(t.send.c.message, func.count()).join(
            t.message, t.message.c.send_id == t.send.c.send_id
        ).group_by(t.send.c.message))  # fmt: skip
        return Counter(dict(found))

    def mailed_twice(self) -> list[Any]:
        """Who has the same message more than once."""
        return self.rows(lambda t: select(t.message.c.contact_id, t.send.c.message).join(
            t.send, t.send.c.send_id == t.message.c.send_id
        ).group_by(t.message.c.contact_id, t.send.c.message).having(func.count() > 1))  # fmt: skip

    def rows(self, query: Any) -> list[Any]:
        project = self.project
        with closing(project.database()) as database, database.reader() as connection:
            made: Select[Any] = query(_tables(database))
            return [tuple(row) for row in connection.execute(made)]


def _tables(database: Database) -> Tables:
    return database.tables


def of(changes: Changes, campaign: str = "trials") -> CampaignChange:
    return next(each for each in changes.campaigns if each.name == campaign)


def walked(was: Whereabouts, is_now: Whereabouts) -> Counter[tuple[str | None, str | None]]:
    """How many went from which stage to which, as the rows have it."""
    return Counter((was[key], is_now[key]) for key in was if was[key] != is_now[key])


def told(change: CampaignChange) -> Counter[tuple[str | None, str | None]]:
    """The same as the change tells it."""
    found: Counter[tuple[str | None, str | None]] = Counter()
    for stage in change.stages:
        for group in stage.groups:
            if group.moved:
                found[stage.name, group.to] += group.people
            elif group.carried is not None:
                found[stage.name, group.carried] += group.people
    return found
