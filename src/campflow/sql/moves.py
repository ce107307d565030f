"""Moving on: the winner among a stage's exits for each touched journey, and the journey's row that follows it."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    BigInteger,
    Executable,
    FromClause,
    Insert,
    Select,
    Update,
    and_,
    case,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    update,
)

from campflow.model.expressions import Expression
from campflow.model.flow import After, Convert
from campflow.planning.moments import fields_in, is_asked_once
from campflow.planning.plan import Candidate, Exit, OnBecoming, OnClock, OnEvent, Otherwise, StagePlan, Statement
from campflow.sql.calendar import LocalTime
from campflow.sql.candidates import Journey, clock_moment, earliest, next_moment, offer
from campflow.sql.conditions import Column, Scope, after, in_float, matching
from campflow.sql.dialects import NEVER, NoNumber, fenced, greatest, leading, least
from campflow.sql.dues import alarm, due_in_run, due_on_entry, of_this_round, waits_together
from campflow.sql.rows import (
    CAMPAIGN,
    CHUNK_MARK,
    LOOKED_AT,
    LOOKED_EVENT,
    MARK,
    NOW,
    Rows,
    Written,
    fixed,
    governed,
    of_journey,
    stage_id,
    statement_id,
)
from campflow.sql.subqueries import one, some
from campflow.storage.tables import Tables

_CARRIED = (
    "contact_id", "journey_id", "nth", "since", "since_seq", "entered_at", "entered_seq", "entry_seq", "due_at",
    "asked_seq",
)  # fmt: skip


def moves(r: Rows) -> Iterator[Written]:
    """One statement a stage that has exits."""
    for stage in r.plan.stages:
        if stage.exits:
            yield f"move_from_{stage.name}", f"who leaves {stage.name}, when and where to", _put(r, winners(r, stage))


def moves_of_runs(r: Rows) -> Iterator[Written]:
    """The same of a part of a run: one statement for each stage in which people wait together."""
    for stage in with_runs(r):
        purpose = f"who of a part of a run leaves {stage.name}, when and where to"
        yield f"run_from_{stage.name}", purpose, _put(r, winners(r, stage, of_run=True))


def _put(r: Rows, won: Select[Any]) -> Insert:
    return insert(r.tables.move).from_select(list(won.selected_columns.keys()), won)


def with_runs(r: Rows) -> Sequence[StagePlan]:
    """The stages whose runs are moved without a stay in `touched`. A conversion may be what moves somebody, and is
    counted for who is touched."""
    return [] if r.plan.conversions else [stage for stage in r.plan.stages if waits_together(r, stage)]


def winners(r: Rows, stage: StagePlan, of_run: bool = False) -> Select[Any]:
    """A move for each touched journey of the stage that leaves it, or for those of a part of a run."""
    picked, at = _picked(r, stage, of_run)
    offers = [picked.c[f"at_{i}"] for i in range(len(stage.exits))]
    # Of two, a comparison says it; the earliest of more is worked out once, and whose it is.
    which = [offers[0] <= offers[1]] if len(offers) == 2 else [at == each for each in offers]

    def of_winner(choices: Sequence[Column]) -> Column:
        if len(choices) == 1:
            return choices[0]
        if len(choices) == 2:
            return case((which[0], choices[0]), else_=choices[1])
        return case(*zip(which, choices, strict=True))

    targets = [NoNumber() if exit.target is None else stage_id(exit.target) for exit in stage.exits]
    causes = [picked.c.get(f"seq_{i}", NoNumber()) for i in range(len(stage.exits))]
    caused = any(f"seq_{i}" in picked.c for i in range(len(stage.exits)))
    values: dict[str, Column] = {
        "contact_id": picked.c.contact_id,
        "journey_id": picked.c.journey_id,
        "nth": picked.c.nth + fixed(1),
        "from_stage_id": stage_id(stage),
        "to_stage_id": of_winner(targets),
        "statement_id": of_winner([statement_id(exit.statement.order) for exit in stage.exits]),
        "at": at,
        "cause_seq": of_winner(causes) if caused else NoNumber(),
    }
    return select(*(column.label(name) for name, column in values.items())).where(at <= NOW)


def _picked(r: Rows, stage: StagePlan, of_run: bool) -> tuple[FromClause, Column]:
    """Each journey with the moments that the stage's exits offer, `at_0` …; and the earliest of them."""
    j, person = _looked_at(r, stage, of_run), r.tables.contact.alias("c")
    reads_fields = r.plan.zone.of_contact or any(_reads_fields(exit.candidate) for exit in stage.exits)
    c = person if reads_fields else j  # both have `contact_id`, which is all that history needs
    journey = Journey(r.tables, j, c, r.clock(c))
    offers = [offer(exit.candidate, journey, j.c.get(f"moment_{i}")) for i, exit in enumerate(stage.exits)]
    never = fixed(NEVER)
    at = [func.coalesce(each.at, never, type_=BigInteger()).label(f"at_{i}") for i, each in enumerate(offers)]
    seqs = [each.cause_seq.label(f"seq_{i}") for i, each in enumerate(offers) if each.cause_seq is not None]
    source = leading(j, c, c.c.contact_id == j.c.contact_id) if reads_fields else j
    offered = fenced(select(j.c.contact_id, j.c.journey_id, j.c.nth, *at, *seqs).select_from(source)).subquery("w")
    earliest_of = least(*(offered.c[f"at_{i}"] for i in range(len(offers))))
    if len(offers) <= 2:
        return offered, earliest_of
    picked = fenced(select(*offered.c, earliest_of.label("at"))).subquery("o")
    return picked, picked.c.at


def _reads_fields(candidate: Candidate) -> bool:
    """Whether some condition of the exit reads a field of the contact."""
    match candidate:
        case OnEvent(pattern, guard):
            conditions: Sequence[Expression | None] = (pattern.where, guard)
        case OnClock(_, guard):
            conditions = (guard,)
        case OnBecoming(becoming):
            conditions = (becoming.condition,)
        case Otherwise(conditions):
            pass
        case _:
            conditions = ()
    return any(fields_in(condition) for condition in conditions if condition is not None)


def _looked_at(r: Rows, stage: StagePlan, of_run: bool) -> FromClause:
    """Journeys of the stage, touched or of a part of a run, with the moments of its ways out by the clock."""
    c = r.tables.contact.alias("z")
    source, j, *which = _of_run(r, stage) if of_run else _touched(r, stage)
    clock = r.clock(c)
    moments = [
        clock_moment(exit.candidate.moment, j.c.since, clock).label(f"moment_{i}")
        for i, exit in enumerate(stage.exits)
        if isinstance(exit.candidate, OnClock)
    ]
    if r.plan.zone.of_contact and moments:
        source = leading(source, c, c.c.contact_id == j.c.contact_id)
    here = select(*(j.c[name] for name in _CARRIED), *moments).select_from(source).where(*which)
    # A sum may be written again wherever it is used; what asks the calendar is worked out once.
    return (here if _are_sums(stage, clock) else fenced(here)).subquery("j")


def _touched(r: Rows, stage: StagePlan) -> tuple[FromClause, FromClause, Column]:
    """Where to look for touched journeys of the stage, their rows, and what they have in common."""
    t = r.work.touched
    return *_journeys_of(r, t), t.c.stage_id == stage_id(stage)


def _of_run(r: Rows, stage: StagePlan) -> tuple[FromClause, FromClause, Column]:
    """The same of those that are due in a part of a run."""
    j = r.tables.journey.alias("t")
    return j, j, and_(due_in_run(j), j.c.stage_id == stage_id(stage))


def _journeys_of(r: Rows, touched: FromClause) -> tuple[FromClause, FromClause]:
    """Touched journeys that are where they were when it was said, found one by one; and their rows.

    PostgreSQL takes a stage that it has not counted for empty, and would compare all journeys with all of `touched`.
    """
    j = r.tables.journey.alias("t")
    here = and_(of_journey(j, touched), j.c.stage_id == touched.c.stage_id)
    if r.database == "sqlite":
        return leading(touched, j, here), j
    found = fenced(select(*(j.c[name] for name in _CARRIED)).where(here)).correlate(touched).lateral("t")
    return touched.join(found, true()), found


def _are_sums(stage: StagePlan, clock: LocalTime) -> bool:
    """Whether all moments of the ways out by the clock are a number of milliseconds after the entry."""
    moments = [exit.candidate.moment for exit in stage.exits if isinstance(exit.candidate, OnClock)]
    return all(isinstance(each, After) and clock.is_sum(each.duration) for each in moments)


# --- when to look again -------------------------------------------------------------------------------------------


def settles(r: Rows) -> Iterator[Written]:
    """For each stage in which somebody may stay although their time had come."""
    for stage in r.plan.stages:
        if any(_may_stay(exit) or _may_be_put_off(r, exit) for exit in stage.exits):
            yield f"settle_{stage.name}", f"when to look again at who stays in {stage.name}", _settle(r, stage)


def reschedules(r: Rows) -> Iterator[Written]:
    """For each stage of a changed text: when to look at who waits there. A guard already asked is not asked again."""
    for stage in r.plan.stages:
        yield f"reschedule_{stage.name}", f"when to look at who waits in {stage.name}", _reschedule(r, stage)


def _reschedule(r: Rows, stage: StagePlan) -> Executable:
    j, c = r.tables.journey, r.tables.contact.alias("c")
    clock = r.clock(c)
    upcoming: list[Column] = []
    for exit in stage.exits:
        if isinstance(exit.candidate, OnClock):
            moment = clock_moment(exit.candidate.moment, j.c.since, clock)
            upcoming.append(moment if exit.candidate.guard is None else case((moment > LOOKED_AT, moment)))
        elif isinstance(exit.candidate, OnBecoming | Otherwise):
            upcoming.append(NOW)
    due = earliest(upcoming) if upcoming else literal(None, BigInteger())
    of_contact = one(select(due).select_from(c).where(c.c.contact_id == j.c.contact_id), c)
    here = and_(j.c.campaign_id == CAMPAIGN, j.c.stage_id == stage_id(stage), j.c.ended_at.is_(None), governed(j))
    if stage.final:  # it was none before: who waits there has come to the end now
        return update(j).where(here).values(due_at=None, alarm_at=None, ended_at=NOW)
    return update(j).where(here).values(due_at=of_contact, alarm_at=of_contact)


def _may_stay(exit: Exit) -> bool:
    candidate = exit.candidate
    return (
        isinstance(candidate, OnBecoming)
        or (isinstance(candidate, OnClock) and candidate.guard is not None)
        or (isinstance(candidate, OnEvent) and candidate.asked_once)
    )


def _may_be_put_off(r: Rows, exit: Exit) -> bool:
    """Whether who waits has another moment, earlier or later, as soon as the contact's zone changes."""
    return r.plan.zone.of_contact and isinstance(exit.candidate, OnClock)


def _settle(r: Rows, stage: StagePlan) -> Executable:
    t, m, e = r.tables, r.tables.move.alias(), r.tables.event
    j = t.journey
    c = t.contact.alias("c")
    journey = Journey(t, j, c, r.clock(c))
    upcoming: list[Column] = []
    for exit in stage.exits:
        if isinstance(exit.candidate, OnClock):
            moment = clock_moment(exit.candidate.moment, j.c.since, journey.clock)
            upcoming.append(case((moment > NOW, moment)))
        elif isinstance(exit.candidate, OnBecoming) and exit.candidate.becoming.by_time:
            upcoming.append(next_moment(exit.candidate.becoming, journey))
    due = earliest(upcoming) if upcoming else literal(None, BigInteger())
    of_contact = one(select(due).select_from(c).where(c.c.contact_id == j.c.contact_id), c)
    here = r.work.touched
    moved = some(m, of_journey(m, j), m.c.move_id > MARK)
    asked = one(select(func.coalesce(func.max(e.c.seq), 0)), e)
    stays = [here.c.stage_id == stage_id(stage), *_its_row(j, here), j.c.stage_id == here.c.stage_id, ~moved]
    moved_house = any(_may_be_put_off(r, exit) for exit in stage.exits)
    if not moved_house and not any(isinstance(exit.candidate, OnBecoming | OnEvent) for exit in stage.exits):
        stays.append(j.c.due_at <= NOW)
    # Who is in a run and goes on waiting for the same moment stays there.
    alone = case((j.c.due_at.is_not_distinct_from(of_contact), j.c.alarm_at), else_=of_contact)
    return update(j).where(*stays).values(due_at=of_contact, alarm_at=alone, asked_seq=asked)


# --- what a move makes of its journey -----------------------------------------------------------------------------


def follow(r: Rows) -> Written:
    """The journeys of this round's moves, brought to their new stages.

    On SQLite `UPDATE … FROM` first puts all that it will write into a table of its own, which is a third of its time.
    An upsert does not: every row is there already, so of those given here only what changes is written, and the two
    columns that tell how a journey was entered carry what `since_seq` is made of.
    """
    name, purpose = "follow", "the journeys of this round's moves, in their new stages"
    j, m, c = r.tables.journey, r.tables.move.alias("m"), r.tables.contact.alias("c")
    if r.database != "sqlite":
        return name, purpose, followed(r, m).where(m.c.move_id > MARK)
    changes, known, zero = _following(r, m), _known(r, m), fixed(0)
    row: Mapping[str, Column] = {
        "journey_id": m.c.journey_id, "contact_id": m.c.contact_id, "campaign_id": zero, "version_id": zero,
        "journey_key": fixed(""), "entry": zero, "entered_at": zero, "entry_seq": func.coalesce(m.c.cause_seq, zero),
        "entered_seq": zero if known is None else known, "since_seq": zero, **changes,
    }  # fmt: skip
    source = leading(m, c, c.c.contact_id == m.c.contact_id) if r.plan.zone.of_contact else m
    moved = select(*(column.label(name) for name, column in row.items())).select_from(source).where(m.c.move_id > MARK)
    put = r.insert(j).from_select(list(row), moved)
    new = put.excluded
    used_up = _used_up(r, new.entry_seq, None if known is None else new.entered_seq, new.since)
    alone = alarm(new.stage_id, new.due_at, of_this_round(r))
    written = {"since_seq": used_up, "alarm_at": alone, **{name: new[name] for name in changes}}
    upsert = put.on_conflict_do_update(index_elements=[j.c.journey_id], set_=written)
    return name, purpose, upsert


def followed(r: Rows, won: FromClause, together: Mapping[str, Column] = MappingProxyType({})) -> Update:
    """The journeys of these moves, wherever they stand, in their new stages; `together` says of which stages they have
    a run."""
    j, c = r.tables.journey, r.tables.contact.alias("c")
    of_contact = (c.c.contact_id == won.c.contact_id,) if r.plan.zone.of_contact else ()
    used_up = _used_up(r, won.c.cause_seq, _known(r, won), won.c.at)
    changes = _following(r, won)
    alone = alarm(won.c.to_stage_id, changes["due_at"], together)
    changes = {"since_seq": used_up, "alarm_at": alone, **changes}
    return update(j).where(of_journey(j, won), *of_contact).values(changes)


def _following(r: Rows, m: FromClause) -> Mapping[str, Column]:
    """What moves make of their journeys."""
    c = r.tables.contact.alias("c")
    dues = [
        (m.c.to_stage_id == stage_id(stage), due_on_entry(r, stage, m.c.at, r.clock(c)))
        for stage in r.plan.stages
        if stage.exits
    ]
    ends = or_(m.c.to_stage_id.is_(None), m.c.to_stage_id.in_(r.finals)) if r.finals else m.c.to_stage_id.is_(None)
    return {
        "stage_id": m.c.to_stage_id,
        "since": m.c.at,
        "asked_seq": fixed(0),
        "nth": m.c.nth,
        "due_at": case(*dues) if dues else NoNumber(),
        "ended_at": case((ends, m.c.at)),
    }


def _its_row(j: FromClause, row: FromClause) -> Sequence[Column]:
    """The journey to be written, by its ids alone: given the campaign too, SQLite with statistics reads all of it."""
    return j.c.journey_id == row.c.journey_id, j.c.contact_id == row.c.contact_id


def _used_up(r: Rows, cause: Column, known: Column | None, at: Column) -> Column:
    """Which events at the moment of the move are used up: the causing one; all known ones after a condition."""
    j = r.tables.journey
    kept = case((at == j.c.since, j.c.since_seq), else_=fixed(0))
    return case((cause > fixed(0), cause), else_=kept if known is None else greatest(known, kept))


def _known(r: Rows, m: FromClause) -> Column | None:
    """The last event known at the moment of a move, if a condition has moved them; None where none can."""
    becoming = [
        statement_id(exit.statement.order)
        for stage in r.plan.stages
        for exit in stage.exits
        if isinstance(exit.candidate, OnBecoming)
    ]
    if not becoming:
        return None
    known = known_at(r.tables, m.c.contact_id, m.c.at)
    return case((m.c.statement_id.in_(list(dict.fromkeys(becoming))), known), else_=fixed(0))


def known_at(tables: Tables, contact_id: Column, at: Column) -> Column:
    """The last event known of a contact at exactly this moment; 0 for none."""
    e = tables.event.alias()
    found = select(func.coalesce(func.max(e.c.seq), fixed(0))).where(e.c.contact_id == contact_id, e.c.at == at)
    return one(found, e)


# --- conversions --------------------------------------------------------------------------------------------------


def conversions(r: Rows) -> Iterator[Written]:
    """One statement a `convert`: once per journey, whatever became of it since."""
    for statement, convert in r.plan.conversions:
        yield f"convert_{convert.name}", convert.text, _convert(r, statement, convert)


def _convert(r: Rows, statement: Statement, convert: Convert) -> Executable:
    t = r.tables
    touched, j, c = r.work.touched, t.journey.alias("j"), t.contact.alias("c")
    first, e, done = t.event.alias("f"), t.event.alias("e"), t.conversion.alias("d")
    entered, clock = (j.c.entered_at, j.c.entered_seq), r.clock(c)
    scope = Scope(t, c, first.c.at, clock, entered, j.c.entry_seq, event=first)
    until = clock.add(j.c.entered_at, convert.within)
    conditions = [*matching(convert.pattern, first, scope), after(first, *entered)]
    conditions += [first.c.at <= until, first.c.at <= NOW]
    if is_asked_once(convert.pattern):
        conditions.append(_not_asked(r, j, first))
    found = one(select(first.c.seq).where(*conditions).order_by(first.c.at, first.c.seq).limit(1), first)
    people = leading(leading(touched, j, of_journey(j, touched)), c, c.c.contact_id == j.c.contact_id)
    worth: Column = null()
    if convert.worth is not None:
        worth = in_float(convert.worth, Scope(t, c, e.c.at, clock, entered, j.c.entry_seq, event=e))
    values: dict[str, Column] = {
        "journey_id": j.c.journey_id, "name": literal(convert.name), "contact_id": j.c.contact_id,
        "campaign_id": CAMPAIGN, "statement_id": statement_id(statement.order), "at": e.c.at, "cause_seq": e.c.seq,
        "worth": worth,
    }  # fmt: skip
    counted = some(done, of_journey(done, j), done.c.name == convert.name)
    events = leading(people, e, and_(e.c.seq == found, e.c.contact_id == j.c.contact_id))
    query = select(*values.values()).select_from(events).where(~counted)
    return insert(t.conversion).from_select(list(values), query)


def _not_asked(r: Rows, j: FromClause, e: FromClause) -> Column:
    """Whether no look has asked yet what the event is to the journey: it is new, or due only now, or the journey is."""
    m = r.tables.move.alias("n")
    is_new = some(m, of_journey(m, j), m.c.nth == 1, m.c.move_id > CHUNK_MARK)
    return or_(e.c.seq > LOOKED_EVENT, and_(e.c.early, e.c.at > LOOKED_AT), is_new)
