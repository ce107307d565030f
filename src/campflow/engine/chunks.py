"""One campaign's share of a tick, a chunk at a time. Each chunk is one transaction: complete or not there.

How far the campaign has looked is written with the chunk, so a process may die between any two. A chunk sees one moment
of the database; within it the texts that are kept come first, each with its own people, and then the newest.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection

from campflow.engine import due_runs, looks
from campflow.engine.blame import functions_blamed
from campflow.engine.deployed import Deployed
from campflow.engine.rounds import Counts, Rounds, last_move
from campflow.engine.schedule import occurrences
from campflow.engine.splits import decisions
from campflow.engine.turns import Turns
from campflow.errors import CollisionError, OutdatedError
from campflow.sql.program import CampaignProgram, Statement
from campflow.storage.database import Database
from campflow.storage.tables import Tables
from campflow.storage.writers import ALONE, HOLDER, Writer, mover

#: How often a chunk is tried again beside others that change the same rows, before it is done alone.
TRIES = 3

#: The statements of a text that find whom to look at.
Chosen = Callable[[CampaignProgram], Sequence[Statement]]

#: Puts whom to look at before the rounds of a text. Returns how many they are.
Find = Callable[[Rounds], int]

#: What a chunk writes at its end, when so many were found.
Finish = Callable[[Connection, int], None]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is done at once; see `advance`."""

    chunk: int
    together: int


@dataclass(slots=True)
class Share:
    """One campaign's share of a tick. What is done is counted in `done`."""

    database: Database
    program: CampaignProgram
    deployed: Deployed
    now: int
    sizes: Sizes
    turns: Turns
    done: Counts
    _occurrences: list[dict[str, Any]] = field(default_factory=list, init=False)

    @property
    def _tables(self) -> Tables:
        return self.database.tables

    @property
    def _id(self) -> int:
        return self.deployed.ids["campaign"]

    def _texts(self) -> list[tuple[CampaignProgram, Mapping[str, int]]]:
        """The programs of the live versions with their ids, the newest last."""
        kept = [(each.program, each.ids) for each in self.deployed.kept]
        return [*kept, (self.program, self.deployed.ids)]

    # --- who is looked at ---

    def move(self) -> None:
        """Move everybody who is due. Raises Busy and TurnLost."""
        with self.database.reader() as connection:
            looked = looks.so_far(connection, self._tables, self._id)
            ends = looks.ends(connection, self._tables, looked, self.now)
            due = looks.due(connection, self._tables, self._id, looked["looked_at"], self.now)
            self._occurrences = self._calendar(connection, looked["looked_at"])
        if due.journeys:
            self._by_time(lambda text: (text.touch_due,))
        if due.runs:
            self._by_run()
        if due.prospects and self.program.fresh_by_time is not None:
            self._by_time(lambda text: _some(text.fresh_by_time))
        if due.events:
            self._chunk(_finds(lambda text: (*text.fresh_by_event[1:], *text.touch_by_event[1:])))
        self._by_seq("looked_event", looked, ends, lambda text: (*text.fresh_by_event[:1], *text.touch_by_event[:1]))
        self._by_seq(
            "looked_change", looked, ends, lambda text: (*_some(text.fresh_by_change), *_some(text.touch_by_change))
        )
        if self._occurrences:  # everyone is looked at, whether new or not
            self._stretches("looked_contact", 0, ends["looked_contact"], lambda text: _some(text.fresh_by_contact))
        else:
            self._by_seq("looked_contact", looked, ends, lambda text: _some(text.fresh_by_contact))
        if self.now > looked["looked_at"]:
            with self.database.transaction(HOLDER) as connection:
                fence = self.turns.take(connection, self.deployed.turn)
                looks.write_down(connection, self._tables, self._id, {"looked_at": self.now})
            self.turns.keep(self.deployed.turn, fence)

    def look_inside(self) -> None:
        """Look at everyone who is inside under the newest text. Raises Busy and TurnLost."""
        self._chunk(_finds(lambda text: (text.touch_inside,) if text is self.program else ()))

    def _calendar(self, connection: Connection, looked_at: int) -> list[dict[str, Any]]:
        """The occurrences of the campaign's schedules since the last look."""
        if not self.program.by_schedule:
            return []
        after = max(looked_at, self.deployed.start - 1)
        until = min(self.now, self.deployed.end - 1)
        return list(occurrences(connection, self._tables, self.program.plan, after, until))

    def _by_time(self, statements: Chosen) -> None:
        """Again while there are more than a chunk; whoever was looked at is due later, or never."""
        find = _finds(statements, chunk=self.sizes.chunk)
        while self._chunk(find) >= self.sizes.chunk:
            pass

    def _by_run(self) -> None:
        """Journeys that wait together, a part of a run at a time; whoever was looked at is found otherwise now."""
        while True:
            with self.database.reader() as connection:
                part = due_runs.next_part(connection, self._tables, self._id, self.now, self.sizes.chunk)
            if part is None:
                return
            self._chunk(partial(Rounds.move_run, part=part), partial(self._leave, part))

    def _leave(self, part: due_runs.Part, connection: Connection, found: int) -> None:
        due_runs.leave(connection, self._tables, self._id, part, found, self.now)

    def _by_seq(self, name: str, looked: Mapping[str, int], ends: Mapping[str, int], statements: Chosen) -> None:
        """What came in since the last look."""
        if looked[name] >= ends[name]:
            return
        with self.database.reader() as connection:
            start = looks.so_far(connection, self._tables, self._id)[name]
        self._stretches(name, start, ends[name], statements)

    def _stretches(self, name: str, start: int, end: int, statements: Chosen) -> None:
        """What has these numbers, a stretch of them at a time; where nobody is looked at for it, all at once."""
        wanted = any(statements(text) for text, _ in self._texts())
        while start < end:
            stop = min(start + self.sizes.chunk, end) if wanted else end
            self._chunk(_finds(statements, from_seq=start, to_seq=stop), partial(self._pass, name, start, stop))
            start = stop

    def _pass(self, name: str, start: int, stop: int, connection: Connection, _found: int) -> None:
        """A stretch has been looked at."""
        if name == "looked_event":
            looks.leave_for_later(connection, self._tables, self._id, start, stop, self.now)
        looks.write_down(connection, self._tables, self._id, {name: stop})

    # --- a chunk ---

    def _chunk(self, find: Find, finish: Finish = lambda _connection, _found: None) -> int:
        """Look at those whom `find` finds, in one transaction. Returns how many they are.

        It begins anew where others changed the same rows meanwhile.
        """
        texts = [text for text, _ in self._texts()]
        beside = mover(tells=any(text.tells for text in texts), cancels=any(text.cancels for text in texts))
        for writer in (beside,) * TRIES:
            try:
                return self._chunk_once(writer, find, finish)
            except CollisionError:
                pass
        return self._chunk_once(ALONE, find, finish)

    def _chunk_once(self, writer: Writer, find: Find, finish: Finish) -> int:
        found, counts = 0, Counts()
        with self.database.transaction(writer) as connection:
            fence = self.turns.take(connection, self.deployed.turn)
            known = self._known(connection)
            for text, ids in self._texts():
                decided = decisions(connection, self._tables, text.plan, self._id)
                rounds = Rounds(connection, text, {**ids, **known, **decided}, counts)
                with self._blamed(text, ids["version"]):
                    rounds.begin(self._occurrences)
                    found += find(rounds)
                    if text is self.program and self.deployed.kept:  # those whom a kept text let go may enter again
                        rounds.look_again(known["chunk_mark"])
                    rounds.go()
            finish(connection, found)
        self.turns.keep(self.deployed.turn, fence)
        self.done.add(counts)
        return found

    def _blamed(self, text: CampaignProgram, version: int) -> AbstractContextManager[None]:
        kept = next((each.number for each in self.deployed.kept if each.program is text), None)
        return functions_blamed(text.plan.campaign, version, kept)

    def _known(self, connection: Connection) -> dict[str, int]:
        """The parameters that are the same for all texts of a chunk. Raises OutdatedError."""
        deployed, looked = self.deployed, looks.so_far(connection, self._tables, self._id)
        if looked["version_id"] != deployed.ids["version"]:
            raise OutdatedError(f"another text of campaign `{deployed.name}` was put into force: start again with it")
        return {
            **looked, "now": self.now, "start": deployed.start, "end": deployed.end, "together": self.sizes.together,
            "chunk_mark": last_move(connection),
        }  # fmt: skip


def _finds(statements: Chosen, **given: int) -> Find:
    """Whom these statements of a text find; `given` are their parameters."""
    return lambda rounds: sum(rounds.look_at(each, given) for each in statements(rounds.program))


def _some(statement: Statement | None) -> tuple[Statement, ...]:
    return () if statement is None else (statement,)
