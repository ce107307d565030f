"""From the plan to the SQL program: SQLAlchemy Core statements, compiled once for one database."""

from collections.abc import Callable, Iterable
from functools import cache, lru_cache

from sqlalchemy import ClauseElement, Executable
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

from campflow.planning.plan import ByBecoming, Plan, Rfm
from campflow.planning.planner import functions
from campflow.sql.at_once import enter_at_once, moves_at_once, part_of_moves, runs_at_once
from campflow.sql.carrying import carried
from campflow.sql.dialects import driver_style
from campflow.sql.dues import runs_of_moves
from campflow.sql.effects import effects, whose
from campflow.sql.entries import arrivals, enter, waiting
from campflow.sql.gates import budget, limits, quiet
from campflow.sql.moves import conversions, follow, moves, moves_of_runs, reschedules, settles
from campflow.sql.program import CampaignProgram, Program, Statement
from campflow.sql.rows import Rows, Written, rows
from campflow.sql.scores import scores
from campflow.sql.splits import exposures, hold_out, readings
from campflow.sql.touching import fresh, touched
from campflow.storage.tables import Tables


def write(plan: Plan, tables: Tables, dialect: Dialect) -> Program:
    """The program for a database that speaks `dialect`."""
    new: Callable[..., Dialect] = type(dialect)
    return Program(
        plan,
        tuple(_written(rows(each, plan, tables, dialect.name), new) for each in plan.campaigns),
        () if plan.rfm is None else _scores(plan.rfm, tables, new),
    )


@cache
def _style(new: Callable[..., Dialect]) -> Dialect:
    """A dialect that writes parameters as its driver reads them."""
    return new(paramstyle=driver_style(new()))


def _written(r: Rows, new: Callable[..., Dialect]) -> CampaignProgram:
    # 1 and 1.0 are equal, and are not the same in SQL: texts are compared as well.
    text = repr((r.plan, r.contact_fields, r.events))
    # So are functions of one name whose SQL may not be: the plan that is kept with theirs lets no id be another's.
    made_by = tuple(id(function.sql) for function in functions(r.plan.campaign))
    return _campaign(r, text, made_by, new)


# Texts that are in force are read again and again, and of a project that is edited all campaigns but one or two are as
# they were.
@lru_cache(maxsize=128)
def _campaign(r: Rows, text: str, made_by: tuple[int, ...], new: Callable[..., Dialect]) -> CampaignProgram:
    dialect = _style(new)

    def one(written: Written | None) -> Statement | None:
        return None if written is None else _compile(*written, dialect)

    def all_of(written: Iterable[Written]) -> tuple[Statement, ...]:
        return tuple(_compile(*each, dialect) for each in written)

    def by_stage(prefix: str, written: Iterable[Written]) -> dict[str, Statement]:
        return {each.name.removeprefix(prefix): each for each in all_of(written)}

    who, which = fresh(r), touched(r)
    together = r.database != "sqlite"
    return CampaignProgram(
        plan=r.plan,
        fresh_by_event=all_of(who.by_event),
        fresh_by_change=one(who.by_change),
        fresh_by_contact=one(who.by_contact),
        fresh_by_time=one(who.by_time),
        fresh_again=one(who.again),
        touch_due=_compile(*which.due, dialect),
        touch_run=_compile(*which.run, dialect),
        touch_by_event=all_of(which.by_event),
        touch_by_change=one(which.by_change),
        touch_moved=_compile(*which.moved, dialect),
        touch_inside=_compile(*which.inside, dialect),
        arrive=all_of(arrivals(r)),
        await_=all_of(waiting(r)) if any(isinstance(entry.way, ByBecoming) for entry in r.plan.entries) else (),
        hold_out=one(hold_out(r)),
        enter=all_of(enter_at_once(r) if together else enter(r)),
        convert=all_of(conversions(r)),
        move=by_stage("move_from_", moves_at_once(r) if together else moves(r)),
        run=by_stage("run_from_", runs_at_once(r) if together else moves_of_runs(r)),
        settle=by_stage("settle_", settles(r)),
        wait=by_stage("wait_", () if together else runs_of_moves(r)),
        carry=all_of(carried(r)),
        reschedule=all_of(reschedules(r)),
        follow=all_of((follow(r), *exposures(r), *effects(r))),
        within=frozenset(part_of_moves(r) if together else ()),
        whose=whose(r),
        quiet=one(quiet(r)),
        limits=all_of(limits(r)),
        budget=one(budget(r)),
        read={each.name.removeprefix("read_"): each for each in all_of(readings(r))},
    )


@lru_cache(maxsize=16)
def _scores(rfm: Rfm, tables: Tables, new: Callable[..., Dialect]) -> tuple[Statement, ...]:
    return tuple(_compile(*each, _style(new)) for each in scores(rfm, tables))


def _compile(name: str, purpose: str, statement: Executable, dialect: Dialect) -> Statement:
    if not isinstance(statement, ClauseElement):
        raise TypeError(f"{name} is no statement")
    compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    if not isinstance(compiled, SQLCompiler):
        raise TypeError(f"{name} is no statement")
    constants = {key: value for key, value in compiled.params.items() if _is_constant(key, compiled)}
    return Statement(name, purpose, str(compiled), constants)


def _is_constant(key: str, compiled: SQLCompiler) -> bool:
    """Values that the plan wrote have names that SQLAlchemy made; those the engine gives have names of ours."""
    bound = compiled.binds.get(key)
    return bound is None or bound.unique
