"""What a round of moves brings about: messages planned or cancelled, fields set, events emitted and announced."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    Boolean,
    Executable,
    FromClause,
    Insert,
    String,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)

from campflow.model.expressions import InArm
from campflow.model.flow import Do, Emit, Notify, Send, SetField, Sync
from campflow.model.people import ValueType
from campflow.planning.plan import StagePlan
from campflow.sql.conditions import Column, Scope, in_arm, stored
from campflow.sql.dialects import leading
from campflow.sql.errands import plan_errand
from campflow.sql.posts import planned_at, post
from campflow.sql.queue import PLANNED, READY
from campflow.sql.rows import (
    CAMPAIGN,
    ENTRY_MARK,
    MESSAGE_MARK,
    NOW,
    Rows,
    Written,
    fixed,
    is_gated,
    of_journey,
    send_id,
    stage_id,
)
from campflow.sql.subqueries import one, some
from campflow.storage.tables import contact_column, event_column

#: Who tells us of events that campaigns make themselves.
SOURCE = "campflow"


def effects(r: Rows) -> Iterator[Written]:
    """Each statement reads the moves of the round, entries included."""
    for stage in r.plan.stages:
        for send, arm in sends(stage):
            m = r.tables.move.alias("m")
            which = (m.c.move_id > ENTRY_MARK, *_among(r, m, arm))
            planned = post if send.post else message
            yield plan_name(stage, send), send.text, planned(r, stage, send, m, which)
            if not send.post:
                yield run_name(stage, send), f"what is ready now of: {send.text}", _run(r, send)
    if any(exit.target is None for stage in r.plan.stages for exit in stage.exits):
        yield "cancel", "messages of who left that no channel has yet", _cancel(r)
    for stage in r.plan.stages:
        for acting in stage.actions:
            here = _moves_to(r, stage, acting.arm)
            if isinstance(action := acting.action, SetField):
                yield (
                    f"changed_{stage.name}_{action.order}",
                    f"who changes by: {action.text}",
                    _changed(r, here, action),
                )
                yield f"set_{stage.name}_{action.order}", action.text, _set(r, here, action)
            elif isinstance(action, Emit):
                yield f"emit_{stage.name}_{action.order}", action.text, _emit(r, here, action)
            elif isinstance(action, Notify | Sync | Do):
                put = plan_errand(r, action, here.m, here.source, here.scope, here.which)
                yield f"errand_{stage.name}_{action.order}", action.text, put
    yield from _announcements(r)


def whose(r: Rows) -> Mapping[str, str]:
    """Of the statements that act on who comes to a stage, by their names: which stage that is."""
    found = {name(stage, send): stage.name for stage in r.plan.stages for send, _ in sends(stage) for name in _OF_SEND}
    for stage in r.plan.stages:
        for acting in stage.actions:
            if not isinstance(acting.action, Send):
                order = acting.action.order
                found |= {f"{verb}_{stage.name}_{order}": stage.name for verb in ("changed", "set", "emit", "errand")}
    return found


# --- messages -----------------------------------------------------------------------------------------------------


def sends(stage: StagePlan) -> Iterator[tuple[Send, InArm | None]]:
    """The messages of a stage, each with the arm that it is for."""
    for acting in stage.actions:
        if isinstance(acting.action, Send):
            yield acting.action, acting.arm


def plan_name(stage: StagePlan, send: Send) -> str:
    return f"plan_{stage.name}_{send.order}"


def run_name(stage: StagePlan, send: Send) -> str:
    return f"run_{stage.name}_{send.order}"


_OF_SEND = (plan_name, run_name)


def _run(r: Rows, send: Send) -> Executable:
    """From the first to the last of the messages just planned that are ready, if there are any."""
    m = r.tables.message
    new = select(m.c.message_id).where(
        m.c.message_id > MESSAGE_MARK, m.c.send_id == send_id(send.order), m.c.state == READY, m.c.queue.is_(None)
    )
    ends = (new.order_by(order).limit(literal_column("1")) for order in (m.c.message_id, m.c.message_id.desc()))
    first, last = (each.scalar_subquery().label(name) for each, name in zip(ends, ("first", "last"), strict=True))
    run = select(first, last).subquery("run")
    return into_runs(r, send, run.c.first, run.c.last)


def into_runs(r: Rows, send: Send, first: Column, last: Column) -> Insert:
    """A run of the messages of a send, unless there is no first."""
    columns = ["channel", "ready_at", "first_message_id", "last_message_id"]
    values = select(literal(send.channel, Text()), NOW, first, last).where(first.is_not(None))
    return insert(r.tables.ready_run).from_select(columns, values)


def message(r: Rows, stage: StagePlan, send: Send, m: FromClause, which: Sequence[Column]) -> Insert:
    """A message for each of the moves `m` to the stage."""
    c = r.tables.contact.alias("c")
    clock = r.clock(c)
    at = m.c.at
    planned = planned_at(clock, send.time, at)
    source = leading(m, c, c.c.contact_id == m.c.contact_id) if r.plan.zone.of_contact else m
    expires = clock.add(planned, send.expires or r.plan.expires)
    gone, gated = expires <= NOW, is_gated(send.order)
    # Nobody moves at a time that has not come: without a time of its own a message waits for nothing but the release.
    waits = gated if planned is at else or_(planned > NOW, gated)
    values: dict[str, Column] = {
        "contact_id": m.c.contact_id,
        "campaign_id": CAMPAIGN,
        "journey_id": m.c.journey_id,
        "nth": m.c.nth,
        "send_id": send_id(send.order),
        "channel": fixed(send.channel),
        "planned_at": planned,
        "release_at": planned,
        "expires_at": expires,
        "state": case((gone, fixed("expired")), (waits, PLANNED), else_=READY),
        "queue": case((and_(waits, ~gone), PLANNED)),
        "settled_at": case((gone, NOW)),
    }
    query = select(*values.values()).select_from(source).where(*which, m.c.to_stage_id == stage_id(stage))
    return insert(r.tables.message).from_select(list(values), query)


def _among(r: Rows, m: FromClause, arm: InArm | None) -> Sequence[Column]:
    """What stands in an arm happens only to who is in it."""
    return () if arm is None else (in_arm(r.tables, m.c.contact_id, arm),)


def _cancel(r: Rows) -> Executable:
    message, m, b, g = r.tables.message, r.tables.move.alias(), r.tables.batch.alias(), r.tables.batch_gap.alias()
    mine = [stage_id(stage) for stage in r.plan.stages if any(exit.target is None for exit in stage.exits)]
    left = [m.c.move_id > ENTRY_MARK, m.c.to_stage_id.is_(None), m.c.from_stage_id.in_(mine)]
    gap = some(
        g,
        g.c.batch_id == b.c.batch_id,
        g.c.handed_from == b.c.handed_from,
        message.c.message_id.between(g.c.first_message_id, g.c.last_message_id),
    )
    handed = some(
        b,
        b.c.channel == message.c.channel,
        b.c.closed_at.is_(None),
        message.c.message_id >= b.c.first_message_id,
        message.c.message_id.between(b.c.handed_from, b.c.handed_to),
        ~gap,
        or_(message.c.retry_at.is_(None), message.c.retry_at <= b.c.ready_at),
    )
    waiting = and_(
        message.c.contact_id.in_(select(m.c.contact_id).where(*left)),
        message.c.journey_id.in_(select(m.c.journey_id).where(*left)),
        message.c.state.in_(["planned", "ready"]),
        ~handed,
    )
    # What may have been taken already is not known to be cancelled.
    state = case((message.c.doubted_at.is_(None), "cancelled"), else_="uncertain")
    return update(message).where(waiting).values(state=state, queue=None, settled_at=NOW)


# --- fields and events --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Here:
    """The round's moves `m` to a stage (of who is in an arm), with their journeys and contacts `c` in `source`; `scope`
    is what expressions see there."""

    m: FromClause
    c: FromClause
    source: FromClause
    scope: Scope
    which: Sequence[Column]


def _moves_to(r: Rows, stage: StagePlan, arm: InArm | None) -> _Here:
    m, j, c = r.tables.move.alias("m"), r.tables.journey.alias("j"), r.tables.contact.alias("c")
    source = leading(leading(m, j, of_journey(j, m)), c, c.c.contact_id == m.c.contact_id)
    scope = Scope(r.tables, c, m.c.at, r.clock(c), (j.c.entered_at, j.c.entered_seq), j.c.entry_seq)
    which = (m.c.move_id > ENTRY_MARK, m.c.to_stage_id == stage_id(stage), *_among(r, m, arm))
    return _Here(m, c, source, scope, which)


def _field_type(r: Rows, action: SetField) -> tuple[ValueType, bool]:
    field = next(field for field in r.contact_fields if field.name == action.field)
    return field.type, field.optional


def _changed(r: Rows, here: _Here, action: SetField) -> Executable:
    m, c = here.m, here.c
    type, optional = _field_type(r, action)
    new = stored(action.value, type, here.scope)
    differs = c.c[contact_column(action.field)].is_distinct_from(new)
    if not optional:  # a missing value leaves a field that everyone has as it is
        differs = and_(differs, new.is_not(None))
    old = cast(c.c[contact_column(action.field)], Text())
    who = m.c.contact_id + 0  # not the column itself: SQLite would read all moves, in the order of contacts
    query = select(who, literal(action.field), func.max(m.c.at), func.max(old)).select_from(here.source)
    query = query.where(*here.which, differs).group_by(who)
    return insert(r.tables.change).from_select(["contact_id", "field", "at", "old"], query)


def _set(r: Rows, here: _Here, action: SetField) -> Executable:
    contact, m = r.tables.contact, here.m
    type, optional = _field_type(r, action)
    column = contact.c[contact_column(action.field)]
    latest = select(stored(action.value, type, here.scope)).select_from(here.source)
    latest = latest.where(*here.which, m.c.contact_id == contact.c.contact_id)
    new = one(latest.order_by(m.c.at.desc(), m.c.move_id.desc()).limit(1), here.source)
    if not optional:
        new = func.coalesce(new, column)
    who = select(m.c.contact_id).where(*here.which)
    return update(contact).where(contact.c.contact_id.in_(who)).values({column: new})


def _emit(r: Rows, here: _Here, action: Emit) -> Executable:
    m = here.m
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
            values[event_column(action.event, field.name)] = stored(written.value, field.type, here.scope)
    query = select(*values.values()).select_from(here.source).where(*here.which)
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
        "left": (m, m.c.at, _id(literal("left"), m.c.journey_id), and_(moved, m.c.to_stage_id.is_(None), m.c.nth > 1)),
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
    touched, j = r.work.touched, r.tables.journey.alias("j")
    of = select(j.c.contact_id, j.c.journey_id).select_from(leading(touched, j, of_journey(j, touched)))
    return tuple_(v.c.contact_id, v.c.journey_id).in_(of)
