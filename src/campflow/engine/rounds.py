"""The rounds of a chunk: entries, conversions, moves and what follows from them, until nobody moves any more.

Every round is a handful of statements over all whom the chunk looks at: contacts from outside stand in the work table
`fresh`, journeys in `touched`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Table

from campflow.engine.due_runs import Part
from campflow.sql.program import CampaignProgram, Statement
from campflow.sql.workspace import set_up, workspace

#: Rows of a work table after which its room is given back.
LARGE = 10_000

#: How many journeys moved, and whether any of them may move again in this round.
Moved = tuple[int, bool]


@dataclass(slots=True)
class Counts:
    """What rounds did: journeys begun, moves (entries included), messages planned, conversions."""

    entered: int = 0
    moved: int = 0
    planned: int = 0
    converted: int = 0

    def add(self, other: "Counts") -> None:
        """Count what is counted there as well."""
        for each in fields(other):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


class Rounds:
    """The rounds of one text of a campaign in one transaction.

    `parameters` are those of its statements: the ids of its rows and what a tick knows. What is done is counted in
    `counts`.
    """

    def __init__(
        self, connection: Connection, program: CampaignProgram, parameters: Mapping[str, int], counts: Counts
    ) -> None:
        self.program = program
        self._connection, self._parameters, self._counts = connection, dict(parameters), counts
        #: How many are to be looked at in the next round.
        self._waiting = 0

    # --- who is looked at ---

    def begin(self, occurrences: Sequence[Mapping[str, Any]]) -> None:
        """With nobody to look at yet. Whoever is looked at, for whatever reason, may have missed an occurrence."""
        work = workspace()
        set_up(self._connection)
        for table in (work.fresh, work.touched, work.arrival, work.occurrence):
            self._connection.execute(table.delete())
        if occurrences:
            self._connection.execute(work.occurrence.insert(), occurrences)

    def look_at(self, statement: Statement, more: Mapping[str, int] | None = None) -> int:
        """Whom the statement finds is looked at in the next round. Returns how many they are."""
        found = self._run(statement, more)
        self._waiting += found
        return found

    def look_again(self, since: int) -> None:
        """Look from outside at those whose journey has ended by a move after `since`."""
        if self.program.fresh_again is not None:
            self.look_at(self.program.fresh_again, {"entry_mark": since})

    def move_run(self, part: Part) -> int:
        """Move on who is due in a part of a run; who stays there is looked at in the next round.

        Returns how many both are.
        """
        self._parameters |= {"first_journey": part.first, "last_journey": part.last}
        moved = 0
        for stage, statement in self.program.run.items():
            if self._parameters[f"stage_{stage}"] == part.stage_id:
                self._parameters["entry_mark"] = self._parameters["mark"] = last_move(self._connection)
                moved, again = self._moved(statement)
                self._follow(0, {stage: moved}, again)
        stay = self.look_at(self.program.touch_run) if moved < part.span else 0
        return moved + stay

    # --- rounds ---

    def go(self) -> None:
        """One round after the other, until nobody is left to look at."""
        while self._waiting:
            self._parameters["entry_mark"] = last_move(self._connection)
            entered, again = self._enter()
            self._parameters["mark"] = last_move(self._connection)
            self._counts.converted += sum(self._run(each) for each in self.program.convert)
            moved: dict[str, int] = {}
            for stage, looked_at in self._touched().items():
                moved[stage], once_more = self._move(stage, looked_at)
                again = again or once_more
            self._follow(entered, moved, again)

    def _enter(self) -> Moved:
        if not self._scalar("SELECT EXISTS (SELECT 1 FROM fresh)"):
            return 0, False
        entered, again = 0, False
        journeys, *then = self.program.enter
        if then:
            self._parameters["journey_mark"] = self._scalar("SELECT coalesce(max(journey_id), 0) FROM journey")
        if not self.program.arrive or sum(self._run(each) for each in self.program.arrive) > 0:
            if self.program.hold_out is not None:
                self._run(self.program.hold_out)
            entered, again = self._moved(journeys)
            for each in then:
                self._run(each)
            self._counts.entered += entered
            self._delete(workspace().arrival)
        for each in self.program.await_:
            self._run(each)
        self._delete(workspace().fresh)
        return entered, again

    def _touched(self) -> dict[str, int]:
        """How many journeys of each stage are looked at, in the order of the stages."""
        found = self._connection.exec_driver_sql("SELECT stage_id, count(*) AS n FROM touched GROUP BY stage_id")
        counted = {row.stage_id: row.n for row in found}
        here = ((stage, counted.get(self._parameters[f"stage_{stage}"], 0)) for stage in self.program.move)
        return {stage: n for stage, n in here if n}

    def _move(self, stage: str, looked_at: int) -> Moved:
        """Move on who leaves the stage; where somebody stays, say when to look again."""
        moved, again = self._moved(self.program.move[stage])
        if moved < looked_at and stage in self.program.settle:
            self._run(self.program.settle[stage])
        return moved, again

    def _moved(self, statement: Statement) -> Moved:
        """Run a statement that moves journeys. A statement that does more than that answers with what it did."""
        parameters = {**self._parameters, **statement.constants}
        result = self._connection.exec_driver_sql(statement.sql, parameters)
        if not result.returns_rows:
            return result.rowcount, result.rowcount > 0
        told = result.one()
        self._counts.planned += told.planned
        return told.moved, told.again > 0

    def _follow(self, entered: int, moved_from: Mapping[str, int], again: bool) -> None:
        """What follows from these entries and moves, and who of them is looked at in the next round."""
        program, moved = self.program, sum(moved_from.values())
        if moved or entered or program.convert:
            came = {exit.target for stage, n in moved_from.items() if n for exit in program.plan.stage(stage).exits}
            self._effects(moved, came | ({program.plan.first_stage.name} if entered else set()))
        self._delete(workspace().touched)
        self._counts.moved += entered + moved
        self._waiting = 0
        if again:
            self.look_at(program.touch_moved)
        if moved or entered:
            self.look_again(self._parameters["entry_mark"])

    def _effects(self, moved: int, came: Collection[str | None]) -> None:
        """What follows from these moves, which can have led to no other stages than those where somebody `came`."""
        planned = 0
        if self.program.wait:
            self._parameters["run_mark"] = self._scalar("SELECT coalesce(max(run_id), 0) FROM due_run")
            for stage, statement in self.program.wait.items():
                if moved >= self._parameters["together"] and stage in came:
                    self._run(statement)
        for each in self.program.follow:
            if each.name in self.program.within or (each.name == "follow" and not moved):
                continue
            if self.program.whose.get(each.name) not in {None, *came}:
                continue
            if each.name.startswith("plan_"):
                self._parameters["message_mark"] = self._scalar("SELECT coalesce(max(message_id), 0) FROM message")
                planned = self._run(each)
                self._counts.planned += planned
            elif planned or not each.name.startswith("run_"):
                self._run(each)

    # --- statements ---

    def _run(self, statement: Statement, more: Mapping[str, int] | None = None) -> int:
        """Run one statement; the number of rows it wrote."""
        parameters = {**self._parameters, **statement.constants, **(more or {})}
        return self._connection.exec_driver_sql(statement.sql, parameters).rowcount

    def _scalar(self, sql: str) -> int:
        return int(self._connection.exec_driver_sql(sql).scalar_one())

    def _delete(self, table: Table) -> None:
        gone = self._connection.execute(table.delete()).rowcount
        # PostgreSQL keeps the room of what was deleted, and takes it for rows when it plans the next chunk.
        if gone >= LARGE and self._connection.dialect.name == "postgresql":
            self._connection.exec_driver_sql(f"TRUNCATE {table.name}")


def last_move(connection: Connection) -> int:
    """The number of the last move of any campaign: those after it are later than now."""
    return int(connection.exec_driver_sql("SELECT coalesce(max(move_id), 0) FROM move").scalar_one())
