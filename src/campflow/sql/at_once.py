"""A move in one statement, for PostgreSQL: journeys change, and what they return feeds every insert that follows.

There, two statements would see two moments of the database, and each would have to find the rows of the other again. A
second data-modifying query is never joined: the database guesses its size, and loops over all pairs.

Each statement answers with one row: `moved`, how many journeys; `planned`, how many messages; `again`, how many of the
journeys may move again in this round.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import CTE, BigInteger, Executable, and_, exists, func, insert, literal, select
from sqlalchemy.sql.dml import ReturningInsert

from campflow.model.flow import Send
from campflow.planning.plan import StagePlan
from campflow.sql.conditions import Column
from campflow.sql.dialects import NoNumber
from campflow.sql.dues import run_of, run_of_entries, waits_together
from campflow.sql.effects import into_runs, message, plan_name, run_name, sends
from campflow.sql.entries import cause_of_entry, journeys
from campflow.sql.moves import followed, winners, with_runs
from campflow.sql.queue import READY
from campflow.sql.rows import Rows, Written, stage_id
from campflow.sql.touching import asked_again

_MOVE = ("contact_id", "journey_id", "nth", "from_stage_id", "to_stage_id", "statement_id", "at", "cause_seq")


def moves_at_once(r: Rows) -> Iterator[Written]:
    """One statement a stage that has exits."""
    for stage in r.plan.stages:
        if stage.exits:
            yield f"move_from_{stage.name}", f"who leaves {stage.name}, and what follows from it", _move(r, stage)


def runs_at_once(r: Rows) -> Iterator[Written]:
    """The same of a part of a run: one statement for each stage in which people wait together."""
    for stage in with_runs(r):
        purpose = f"who of a part of a run leaves {stage.name}, and what follows from it"
        yield f"run_from_{stage.name}", purpose, _move(r, stage, of_run=True)


def enter_at_once(r: Rows) -> Iterator[Written]:
    """A journey and its first move for each arrival, and what its stage sends."""
    j = r.tables.journey
    begun = journeys(r).returning(
        j.c.contact_id, j.c.journey_id, j.c.journey_key, j.c.nth, NoNumber().label("from_stage_id"),
        j.c.stage_id.label("to_stage_id"), j.c.entered_at.label("at"), func.nullif(j.c.entry_seq, 0).label("cause_seq"),
        j.c.due_at, j.c.alarm_at,
    ).cte("begun")  # fmt: skip
    source, cause = cause_of_entry(r, begun)
    values = [cause if name == "statement_id" else begun.c[name] for name in _MOVE]
    log = insert(r.tables.move).from_select(list(_MOVE), select(*values).select_from(source))
    run = run_of_entries(r, begun)
    runs = [] if run is None else [run.cte("waiting")]
    told = _together(r, begun, [log.cte("logged"), *runs], [r.plan.first_stage.name])
    yield "enter", "a journey and its first move for each arrival", told


def _move(r: Rows, stage: StagePlan, of_run: bool = False) -> Executable:
    j, won = r.tables.journey, winners(r, stage, of_run).cte("won")
    targets = list(dict.fromkeys(exit.target for exit in stage.exits if exit.target is not None))
    waiting = [to for to in targets if waits_together(r, r.plan.stage(to))]
    runs = {to: run_of(r, r.plan.stage(to), won).returning(literal(1).label("one")).cte(f"wait_{to}") for to in waiting}
    together = {to: exists().select_from(run) for to, run in runs.items()}
    moved = followed(r, won, together).returning(*won.c, j.c.due_at).cte("moved")
    log = insert(r.tables.move).from_select(list(_MOVE), select(*(moved.c[name] for name in _MOVE)))
    return _together(r, moved, [log.cte("logged")], targets)


def _together(r: Rows, moved: CTE, written: Sequence[CTE], targets: Sequence[str]) -> Executable:
    """What follows from the moves to `targets`, and the row that tells of it."""
    plans = [(stage, send) for stage, send in sent_at_once(r) if stage.name in targets]
    to = moved.c.to_stage_id
    planned: Column = literal(0, BigInteger())
    for stage, _ in plans:
        planned = planned + func.count().filter(to == stage_id(stage))
    again = func.count().filter(and_(*asked_again(r, moved, moved.c.due_at)))
    told = select(func.count().label("moved"), planned.label("planned"), again.label("again")).select_from(moved)
    return told.add_cte(*written, *_one_after_the_other(r, moved, plans))


def _one_after_the_other(r: Rows, moved: CTE, plans: Sequence[tuple[StagePlan, Send]]) -> Iterator[CTE]:
    """The messages of each send, in the order of the file: who is first has the first turn where a limit bites.

    PostgreSQL runs the parts of a statement in any order, unless one asks what another has done.
    """
    before: CTE | None = None
    new = r.tables.message.c
    for stage, send in plans:
        which = () if before is None else (select(func.count()).select_from(before).scalar_subquery() >= 0,)
        put: ReturningInsert[Any] = message(r, stage, send, moved, which).returning(new.message_id, new.state)
        before = put.cte(f"sent_{send.order}")
        yield before
        ready = select(func.min(before.c.message_id).label("first"), func.max(before.c.message_id).label("last"))
        run = ready.where(before.c.state == READY).subquery("run")
        yield into_runs(r, send, run.c.first, run.c.last).cte(f"ready_{send.order}")


def sent_at_once(r: Rows) -> Iterator[tuple[StagePlan, Send]]:
    """The sends that need to know nothing but the move. Where an arm has a say, it must be drawn first; and a post is
    for all moves of a round together."""
    for stage in r.plan.stages:
        if all(arm is None for _, arm in sends(stage)):
            yield from ((stage, send) for send, _ in sends(stage) if not send.post)


def part_of_moves(r: Rows) -> Collection[str]:
    """The statements that are parts of these."""
    return {"follow", *(name(stage, send) for stage, send in sent_at_once(r) for name in (plan_name, run_name))}
