"""Coming in: the earliest entry that each `enter` statement offers to a fresh contact, and the journeys it begins."""

from collections.abc import Iterator

from sqlalchemy import (
    Executable,
    FromClause,
    Insert,
    Select,
    Text,
    and_,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    true,
)

from campflow.model.flow import Again, Once, OnDate, Reentry
from campflow.planning.plan import ByBecoming, ByEvent, BySchedule, Entry
from campflow.sql.candidates import Journey, first_moment, next_moment
from campflow.sql.conditions import Column, Scope, matching, truth
from campflow.sql.dialects import Compared, NoNumber, fenced, first_of_each, greatest, leading, least
from campflow.sql.dues import due_on_entry, entry_alarm, runs_of_new_journeys
from campflow.sql.moves import known_at
from campflow.sql.rows import (
    CAMPAIGN,
    CHUNK_MARK,
    END,
    JOURNEY_MARK,
    LOOKED_AT,
    LOOKED_EVENT,
    NOW,
    START,
    VERSION,
    Rows,
    Written,
    fixed,
    stage_id,
    statement_id,
)
from campflow.sql.splits import is_held_out
from campflow.sql.subqueries import one, some
from campflow.storage.tables import event_column

NO_SEQ = fixed(0)
NO_KEY = fixed("")


def arrivals(r: Rows) -> Iterator[Written]:
    """One statement an `enter`: into `arrival`, where the earliest for a contact and key stays."""
    if offered_once(r) is None:
        for entry in r.plan.entries:
            yield f"arrive_{entry.statement.order}", entry.statement.text, _keep_earliest(r, _offered(r, entry))


def offered_once(r: Rows) -> Entry | None:
    """The only `enter`, where it offers everybody one entry at most: then there is nothing to compare, and journeys
    begin without a stay in `arrival`. Who is held out is read there."""
    if len(r.plan.entries) != 1 or r.plan.holdout is not None:
        return None
    entry = r.plan.entries[0]
    # Where the offer looks at journeys for who has been there, SQLite puts it aside all the same before it writes any.
    becomes = isinstance(entry.way, ByBecoming) and r.database != "sqlite"
    return entry if becomes or _at_a_moment(entry) else None


def _at_a_moment(entry: Entry) -> bool:
    """Whether everybody enters at the same moment, and once: then the key of journeys keeps out who has been there."""
    at_a_date = isinstance(entry.way, BySchedule) and isinstance(entry.way.schedule, OnDate)
    return at_a_date and isinstance(entry.reentry, Once)


def _offered(r: Rows, entry: Entry) -> Select[tuple[int, str, int, int, int, int]]:
    match entry.way:
        case ByEvent():
            return _by_event(r, entry, entry.way)
        case BySchedule():
            return _by_schedule(r, entry)
        case ByBecoming():
            return _by_becoming(r, entry, entry.way)


def _keep_earliest(r: Rows, query: Select[tuple[int, str, int, int, int, int]]) -> Executable:
    a = r.work.arrival
    put = r.insert(a).from_select([column.name for column in a.c], first_of_each(query, 2, r.database))
    new = put.excluded
    earlier_event = and_(new.at == a.c.at, new.statement_id == a.c.statement_id, new.seq < a.c.seq)
    return put.on_conflict_do_update(
        index_elements=[a.c.contact_id, a.c.journey_key],
        set_={"at": new.at, "seq": new.seq, "since_seq": new.since_seq, "statement_id": new.statement_id},
        where=or_(new.at < a.c.at, earlier_event),
    )


def _by_event(r: Rows, entry: Entry, way: ByEvent) -> Select[tuple[int, str, int, int, int, int]]:
    f, e, c = r.work.fresh, r.tables.event.alias("e"), r.tables.contact.alias("c")
    scope = Scope(r.tables, c, e.c.at, r.clock(c), event=e)
    key: Column = NO_KEY
    conditions = [*matching(way.pattern, e, scope)]
    if way.per is not None:
        key = cast(e.c[event_column(way.pattern.event, way.per)], Text())
        conditions.append(key.is_not(None))
    unseen = [e.c.seq > LOOKED_EVENT, and_(e.c.early, e.c.at > LOOKED_AT)]
    if not isinstance(entry.reentry, Once):
        unseen.append(_has_just_left(r, c, key))
    conditions += [e.c.at >= START, e.c.at < END, e.c.at <= NOW, or_(*unseen), truth(entry.condition, scope)]
    conditions.append(_allowed(r, entry.reentry, c, key, e.c.at, e.c.seq))
    people = leading(f, c, c.c.contact_id == f.c.contact_id)
    source = leading(people, e, e.c.contact_id == f.c.contact_id)
    return (
        select(c.c.contact_id, key, e.c.at, e.c.seq, e.c.seq, statement_id(entry.statement.order))
        .select_from(source)
        .where(*conditions)
    )


def _has_just_left(r: Rows, c: FromClause, key: Column) -> Column:
    """Whether the contact's journey with this key has ended in this chunk: then what happened after its end, and was
    seen while they were thought to be inside, is asked about anew."""
    j, m = r.tables.journey.alias(), r.tables.move.alias()
    last = and_(m.c.contact_id == j.c.contact_id, m.c.journey_id == j.c.journey_id, m.c.nth == j.c.nth)
    mine = (j.c.campaign_id == CAMPAIGN, j.c.contact_id == c.c.contact_id, j.c.journey_key == key)
    left = select(literal(1)).select_from(leading(j, m, last))
    return left.where(*mine, j.c.ended_at.is_not(None), m.c.move_id > CHUNK_MARK).exists()


def _by_schedule(r: Rows, entry: Entry) -> Select[tuple[int, str, int, int, int, int]]:
    f, c, o = r.work.fresh, r.tables.contact.alias("c"), r.work.occurrence.alias("o")
    scope = Scope(r.tables, c, o.c.at, r.clock(c))
    people = leading(f, c, c.c.contact_id == f.c.contact_id)
    mine = and_(o.c.position == entry.statement.order, o.c.zone == r.clock(c).zone)
    return (
        select(c.c.contact_id, NO_KEY, o.c.at, NO_SEQ, NO_SEQ, statement_id(entry.statement.order))
        .select_from(leading(people, o, mine))
        .where(
            o.c.at >= START, o.c.at < END, o.c.at <= NOW, o.c.at >= c.c.created_at, truth(entry.condition, scope),
            *(() if offered_once(r) else (_allowed(r, entry.reentry, c, NO_KEY, o.c.at, None),)),
        )
    )  # fmt: skip


def _by_becoming(r: Rows, entry: Entry, way: ByBecoming) -> Select[tuple[int, str, int, int, int, int]]:
    p, c, journey = _prospects(r)

    def allowed(at: Column, begins: Column) -> Column:
        again = and_(begins, _allowed(r, entry.reentry, c, NO_KEY, at, None))
        return and_(at < END, or_(_first(r, c), again))

    found = select(p.c.contact_id, first_moment(way.becoming, journey, allowed).label("at"))
    found = found.select_from(leading(p, c, c.c.contact_id == p.c.contact_id))
    if isinstance(entry.reentry, Once):
        found = found.where(_first(r, c))
    m = fenced(found).subquery("m")
    return select(
        m.c.contact_id, NO_KEY, m.c.at, NO_SEQ, known_at(r.tables, m.c.contact_id, m.c.at),
        statement_id(entry.statement.order),
    ).where(m.c.at.is_not(None))  # fmt: skip


def _prospects(r: Rows) -> tuple[FromClause, FromClause, Journey]:
    """Fresh contacts, each with the first moment that counts for it."""
    f, known, c = r.work.fresh, r.tables.contact.alias("k"), r.tables.contact.alias("c")
    since = greatest(START, known.c.created_at).label("since")
    people = leading(f, known, known.c.contact_id == f.c.contact_id)
    p = select(known.c.contact_id, since).select_from(people).subquery("p")
    return p, c, Journey(r.tables, p, c, r.clock(c), inside=False)


def _first(r: Rows, c: FromClause) -> Column:
    j = r.tables.journey.alias()
    return ~some(j, j.c.campaign_id == CAMPAIGN, j.c.contact_id == c.c.contact_id)


def _allowed(r: Rows, reentry: Reentry, c: FromClause, key: Column, at: Column, seq: Column | None) -> Column:
    """No journey with this key forbids an entry at this moment."""
    j = r.tables.journey.alias()
    forbids: list[Column] = []
    if not isinstance(reentry, Once):
        ended_before = j.c.ended_at < at
        if seq is not None:
            ended_before = or_(ended_before, and_(j.c.ended_at == at, j.c.since_seq < seq))
        reasons = [j.c.ended_at.is_(None), ~ended_before]
        if isinstance(reentry, Again):
            reasons.append(r.clock(c).add(j.c.entered_at, reentry.after) > at)
        forbids.append(or_(*reasons))
    same = (j.c.campaign_id == CAMPAIGN, j.c.contact_id == c.c.contact_id, j.c.journey_key == key)
    return ~some(j, *same, *forbids)


def waiting(r: Rows) -> Iterator[Written]:
    """When to look again at fresh contacts whom time alone may let in."""
    prospect, f = r.tables.prospect, r.work.fresh
    yield (
        "forget_prospects",
        "those looked at now wait no more",
        delete(prospect).where(prospect.c.campaign_id == CAMPAIGN, prospect.c.contact_id.in_(select(f.c.contact_id))),
    )
    for entry in r.plan.entries:
        if isinstance(entry.way, ByBecoming):
            yield f"await_{entry.statement.order}", f"the next moment for: {entry.statement.text}", _await(r, entry)


def _await(r: Rows, entry: Entry) -> Executable:
    p, c, journey = _prospects(r)
    if not isinstance(entry.way, ByBecoming):
        raise TypeError("only a condition is waited for")
    found = select(p.c.contact_id, next_moment(entry.way.becoming, journey).label("at"))
    found = found.select_from(leading(p, c, c.c.contact_id == p.c.contact_id))
    if isinstance(entry.reentry, Once):
        found = found.where(_first(r, c))
    m = fenced(found).subquery("m")
    prospect = r.tables.prospect
    put = r.insert(prospect).from_select(
        ["campaign_id", "contact_id", "due_at"],
        select(CAMPAIGN, m.c.contact_id, m.c.at).where(m.c.at.is_not(None), m.c.at < END),
    )
    return put.on_conflict_do_update(
        index_elements=[prospect.c.campaign_id, prospect.c.contact_id],
        set_={"due_at": least(put.excluded.due_at, prospect.c.due_at)},
    )


def enter(r: Rows) -> Iterator[Written]:
    """A journey and its first move for each arrival."""
    yield "enter", "a journey for each arrival", journeys(r)
    t, j = r.tables, r.tables.journey.alias("j")
    begun, cause = cause_of_entry(r, j)
    first = select(
        j.c.contact_id, j.c.journey_id, fixed(1), j.c.stage_id, cause, j.c.entered_at,
        func.nullif(j.c.entry_seq, fixed(0)),
    ).select_from(begun).where(j.c.journey_id > JOURNEY_MARK, Compared(j.c.campaign_id) == CAMPAIGN)  # fmt: skip
    columns = ["contact_id", "journey_id", "nth", "to_stage_id", "statement_id", "at", "cause_seq"]
    yield "enter_moves", "the first move of each new journey", insert(t.move).from_select(columns, first)
    yield from runs_of_new_journeys(r)


def cause_of_entry(r: Rows, j: FromClause) -> tuple[FromClause, Column]:
    """The new journeys, and by which `enter` statement they began: where there are several, the arrival knows."""
    a = r.work.arrival
    if len(r.plan.entries) == 1:
        return j, statement_id(r.plan.entries[0].statement.order)
    mine = and_(a.c.contact_id == j.c.contact_id, a.c.journey_key == j.c.journey_key)
    return leading(j, a, mine), a.c.statement_id


def _arrived(r: Rows) -> FromClause:
    """Who comes in: `arrival`, or what the only `enter` offers."""
    only = offered_once(r)
    if only is None:
        return r.work.arrival
    query = _offered(r, only)
    offered = (query if _at_a_moment(only) else fenced(query)).subquery("a")
    # The columns of `arrival`, in its order.
    names = [column.name for column in r.work.arrival.c]
    return select(*(column.label(name) for name, column in zip(names, offered.c, strict=True))).subquery("arrival")


def journeys(r: Rows) -> Insert:
    """A journey for each arrival."""
    t, a, first = r.tables, _arrived(r), r.plan.first_stage
    j, c = t.journey.alias(), t.contact.alias("c")
    entry: Column = fixed(1)
    if any(not isinstance(each.reentry, Once) for each in r.plan.entries):
        same = (j.c.campaign_id == CAMPAIGN, j.c.contact_id == a.c.contact_id, j.c.journey_key == a.c.journey_key)
        entry = 1 + one(select(func.coalesce(func.max(j.c.entry), 0)).where(*same), j)
    source = leading(a, c, c.c.contact_id == a.c.contact_id) if r.plan.zone.of_contact else a
    ended: Column = a.c.at if first.final else NoNumber()
    stage: Column = stage_id(first)
    only = offered_once(r)
    at_a_moment = only is not None and _at_a_moment(only)
    due = due_on_entry(r, first, a.c.at, r.clock(c))
    held_out = is_held_out(r, a.c.contact_id)
    if held_out is not None:  # entered and measured, but in no stage
        stage, due, ended = case((~held_out, stage)), case((~held_out, due)), case((held_out, a.c.at), else_=ended)
    values: dict[str, Column] = {
        "campaign_id": CAMPAIGN, "contact_id": a.c.contact_id, "journey_key": a.c.journey_key, "entry": entry,
        "version_id": VERSION, "entered_at": a.c.at, "entry_seq": a.c.seq,
        "entered_seq": a.c.since_seq, "stage_id": stage,
        "since": a.c.at, "since_seq": a.c.since_seq, "asked_seq": NO_SEQ, "nth": fixed(1),
        "due_at": due, "ended_at": ended, "alarm_at": entry_alarm(r, due, at_a_moment and not r.plan.zone.of_contact),
    }  # fmt: skip
    query = select(*values.values()).select_from(source)
    if not at_a_moment:
        return insert(t.journey).from_select(list(values), query)
    # SQLite takes the ON for that of a join where no WHERE stands before it.
    return r.insert(t.journey).from_select(list(values), query.where(true())).on_conflict_do_nothing()
