"""What a round of moves brings about: messages planned or cancelled, fields set, events emitted and announced."""

from collections.abc import Iterator, Sequence

from sqlalchemy import (
    Boolean,
    Executable,
    FromClause,
    String,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from campflow.model.flow import Emit, Send, SetField
from campflow.model.people import ValueType
from campflow.planning.plan import StagePlan
from campflow.sql.conditions import Column, Scope, stored
from campflow.sql.dialects import leading
from campflow.sql.rows import CAMPAIGN, ENTRY_MARK, NOW, Rows, Written, send_id, stage_id
from campflow.sql.subqueries import one, some
from campflow.storage.tables import contact_column, event_column

#: Who tells us of events that campaigns make themselves.
SOURCE = "campflow"


def effects(r: Rows) -> Iterator[Written]:
    """Each statement reads the moves of the round, entries included."""
    for stage in r.plan.stages:
        for action in stage.actions:
            if isinstance(action, Send):
                yield f"plan_{stage.name}_{action.order}", action.text, _plan_message(r, stage, action)
    if any(exit.target is None for stage in r.plan.stages for exit in stage.exits):
        yield "cancel", "messages of who left that no channel has yet", _cancel(r)
    for stage in r.plan.stages:
        for action in stage.actions:
            if isinstance(action, SetField):
                yield (
                    f"changed_{stage.name}_{action.order}",
                    f"who changes by: {action.text}",
                    _changed(r, stage, action),
                )
                yield f"set_{stage.name}_{action.order}", action.text, _set(r, stage, action)
            elif isinstance(action, Emit):
                yield f"emit_{stage.name}_{action.order}", action.text, _emit(r, stage, action)
    yield from _announcements(r)


# --- messages -----------------------------------------------------------------------------------------------------


def _plan_message(r: Rows, stage: StagePlan, send: Send) -> Executable:
    m, c = r.tables.move.alias("m"), r.tables.contact.alias("c")
    clock, time = r.clock(c), send.time
    planned: Column = m.c.at
    if time.delay is not None:
        planned = clock.add(m.c.at, time.delay)
    elif time.time is not None:
        planned = clock.next_time(m.c.at, time.time, time.weekday, strictly=False)
    source = leading(m, c, c.c.contact_id == m.c.contact_id) if r.plan.zone.of_contact else m
    expires = clock.add(planned, send.expires or r.plan.expires)
    gone = expires <= NOW
    values: dict[str, Column] = {
        "contact_id": m.c.contact_id,
        "campaign_id": CAMPAIGN,
        "journey_id": m.c.journey_id,
        "nth": m.c.nth,
        "send_id": send_id(send.order),
        "channel": literal(send.channel, Text()),
        "planned_at": planned,
        "expires_at": expires,
        "state": case((gone, "expired"), (planned > NOW, "planned"), else_="ready"),
        "settled_at": case((gone, NOW)),
    }
    query = select(*values.values()).select_from(source)
    query = query.where(m.c.move_id > ENTRY_MARK, m.c.to_stage_id == stage_id(stage))
    return insert(r.tables.message).from_select(list(values), query)


def _cancel(r: Rows) -> Executable:
    message, m, b = r.tables.message, r.tables.move.alias(), r.tables.batch.alias()
    left = select(m.c.journey_id).where(m.c.move_id > ENTRY_MARK, m.c.to_stage_id.is_(None))
    handed = some(
        b,
        b.c.channel == message.c.channel,
        b.c.closed_at.is_(None),
        message.c.message_id.between(b.c.first_message_id, b.c.handed_to),
        or_(message.c.retry_at.is_(None), message.c.retry_at <= b.c.ready_at),
    )
    waiting = and_(message.c.journey_id.in_(left), message.c.state.in_(["planned", "ready"]), ~handed)
    return update(message).where(waiting).values(state="cancelled", settled_at=NOW)


# --- fields and events --------------------------------------------------------------------------------------------


def _moves_to(r: Rows, stage: StagePlan) -> tuple[FromClause, FromClause, FromClause, Scope, Sequence[Column]]:
    """The round's moves to a stage, with journey and contact, and what expressions see there."""
    m, j, c = r.tables.move.alias("m"), r.tables.journey.alias("j"), r.tables.contact.alias("c")
    source = leading(leading(m, j, j.c.journey_id == m.c.journey_id), c, c.c.contact_id == m.c.contact_id)
    scope = Scope(r.tables, c, m.c.at, r.clock(c), (j.c.entered_at, j.c.entered_seq), j.c.entry_seq)
    return m, c, source, scope, (m.c.move_id > ENTRY_MARK, m.c.to_stage_id == stage_id(stage))


def _field_type(r: Rows, action: SetField) -> tuple[ValueType, bool]:
    field = next(field for field in r.contact_fields if field.name == action.field)
    return field.type, field.optional


def _changed(r: Rows, stage: StagePlan, action: SetField) -> Executable:
    m, c, source, scope, here = _moves_to(r, stage)
    type, optional = _field_type(r, action)
    new = stored(action.value, type, scope)
    differs = c.c[contact_column(action.field)].is_distinct_from(new)
    if not optional:  # a missing value leaves a field that everyone has as it is
        differs = and_(differs, new.is_not(None))
    old = cast(c.c[contact_column(action.field)], Text())
    query = select(m.c.contact_id, literal(action.field), func.max(m.c.at), func.max(old)).select_from(source)
    query = query.where(*here, differs).group_by(m.c.contact_id)
    return insert(r.tables.change).from_select(["contact_id", "field", "at", "old"], query)


def _set(r: Rows, stage: StagePlan, action: SetField) -> Executable:
    contact = r.tables.contact
    m, _, source, scope, here = _moves_to(r, stage)
    type, optional = _field_type(r, action)
    column = contact.c[contact_column(action.field)]
    latest = select(stored(action.value, type, scope)).select_from(source)
    latest = latest.where(*here, m.c.contact_id == contact.c.contact_id).order_by(m.c.at.desc(), m.c.move_id.desc())
    new = one(latest.limit(1), source)
    if not optional:
        new = func.coalesce(new, column)
    moved = r.tables.move.alias()
    who = select(moved.c.contact_id).where(moved.c.move_id > ENTRY_MARK, moved.c.to_stage_id == stage_id(stage))
    return update(contact).where(contact.c.contact_id.in_(who)).values({column: new})


def _emit(r: Rows, stage: StagePlan, action: Emit) -> Executable:
    m, _, source, scope, here = _moves_to(r, stage)
    declared = next(event for event in r.events if event.name == action.event)
    values: dict[str, Column] = {
        "contact_id": m.c.contact_id,
        "name": literal(action.event, Text()),
        "at": m.c.at,
        "source": literal(SOURCE, Text()),
        "event_id": _id(m.c.journey_id, m.c.nth, literal(str(action.order))),
        "early": literal(False, Boolean()),
    }
    for written in action.fields:
        field = declared.field(written.name)
        if field is not None:
            values[event_column(action.event, field.name)] = stored(written.value, field.type, scope)
    query = select(*values.values()).select_from(source).where(*here)
    return insert(r.tables.event).from_select(list(values), query)


def _id(*parts: Column) -> Column:
    """An event's id, the same however often it is made: its parts joined by points."""
    joined: Column = cast(parts[0], String())
    for part in parts[1:]:
        joined = joined + literal(".") + cast(part, String())
    return joined


# --- entered, left, converted -------------------------------------------------------------------------------------


def _announcements(r: Rows) -> Iterator[Written]:
    m, v = r.tables.move.alias("m"), r.tables.conversion.alias("v")
    moved = m.c.move_id > ENTRY_MARK
    told = {
        "entered": (m, m.c.at, _id(literal("entered"), m.c.journey_id), and_(moved, m.c.nth == 1)),
        "left": (m, m.c.at, _id(literal("left"), m.c.journey_id), and_(moved, m.c.to_stage_id.is_(None))),
        "converted": (v, v.c.at, _id(literal("converted"), v.c.journey_id, v.c.name), _of_touched(r, v)),
    }
    for name in sorted(r.plan.announces):
        rows, at, event_id, which = told[name]
        query = select(
            rows.c.contact_id, literal(name, Text()), literal(r.plan.name, Text()), at, literal(SOURCE, Text()),
            event_id, false(),
        ).where(which)  # fmt: skip
        columns = ["contact_id", "name", "about", "at", "source", "event_id", "early"]
        put = r.insert(r.tables.event).from_select(columns, query).on_conflict_do_nothing()
        yield f"announce_{name}", f"who {name} {r.plan.name}, for campaigns that ask", put


def _of_touched(r: Rows, v: FromClause) -> Column:
    return v.c.journey_id.in_(select(r.work.touched.c.journey_id))
