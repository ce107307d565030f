"""What must hold of the rows of people, each as the statement that finds where it does not.

Every statement takes `first_contact` and `last_contact`, and begins at keys that know the contact.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
)

from campflow.engine.doctor import Known, RowCheck
from campflow.storage.tables import NOBODY, Tables

#: A message may be handed over just when its contact says no, and its fate be written later, in milliseconds.
GRACE = 600_000

_REPORT = "no fault may do this: stop the daemons, keep a copy of the database, and report it"


def _in_slice(column: ColumnElement[Any]) -> ColumnElement[bool]:
    return column.between(bindparam("first_contact"), bindparam("last_contact"))


def _journeys(t: Tables) -> ColumnElement[bool]:
    """The slice's journeys, by the key that begins with the campaign where there is no other."""
    return and_(t.journey.c.campaign_id.in_(select(t.campaign.c.campaign_id)), _in_slice(t.journey.c.contact_id))


def _same(one: Any, other: Any, *more: str) -> ColumnElement[bool]:
    return and_(*(one.c[name] == other.c[name] for name in ("contact_id", "journey_id", *more)))


# --- stages and moves ---------------------------------------------------------------------------------------------


def _nowhere(known: Known) -> Select[Any]:
    t = known.tables
    j, s = t.journey, t.stage
    lost = and_(j.c.stage_id.is_(None), j.c.ended_at.is_(None))
    foreign = and_(j.c.stage_id.is_not(None), or_(s.c.stage_id.is_(None), s.c.campaign_id != j.c.campaign_id))
    source = j.outerjoin(s, s.c.stage_id == j.c.stage_id)
    return select(j.c.contact_id, j.c.journey_id).select_from(source).where(_journeys(t), or_(lost, foreign))


def _gaps(known: Known) -> Select[Any]:
    t = known.tables
    j, m = t.journey, t.move
    moves = select(j.c.contact_id, j.c.journey_id).select_from(j.outerjoin(m, _same(j, m))).where(_journeys(t))
    # As many as the last number says, the first of them 1: none is missing, and none is there twice.
    whole = and_(func.count(m.c.nth) == j.c.nth, func.min(m.c.nth) == 1, func.max(m.c.nth) == j.c.nth)
    return moves.group_by(j.c.contact_id, j.c.journey_id, j.c.nth).having(~func.coalesce(whole, False))


def _elsewhere(known: Known) -> Select[Any]:
    t = known.tables
    j, m = t.journey, t.move
    source = j.join(m, and_(_same(j, m), m.c.nth == j.c.nth))
    left = _apart(known, m.c.to_stage_id, j.c.stage_id)
    return select(j.c.contact_id, j.c.journey_id).select_from(source).where(_journeys(t), left)


def _jumps(known: Known) -> Select[Any]:
    one, then = known.tables.move.alias("one"), known.tables.move.alias("then")
    source = one.join(then, and_(_same(one, then), then.c.nth == one.c.nth + 1))
    jumped = _apart(known, one.c.to_stage_id, then.c.from_stage_id)
    return (
        select(one.c.contact_id, one.c.journey_id, one.c.nth)
        .select_from(source)
        .where(_in_slice(one.c.contact_id), jumped)
    )


def _apart(known: Known, old: ColumnElement[Any], new: ColumnElement[Any]) -> ColumnElement[bool]:
    """Two stages that should be one: people come from one to the other without a move only where `moved` says so."""
    renamed = [and_(old == before, new == after) for before, after in known.renamed]
    return and_(old.is_distinct_from(new), *(func.coalesce(~each, True) for each in renamed))


def _off_the_graph(known: Known) -> Select[Any]:
    m, s = known.tables.move, known.tables.statement
    edge = _text(m.c.statement_id, m.c.from_stage_id, m.c.to_stage_id)
    read = s.c.version_id.in_(known.read)
    wrong = or_(s.c.statement_id.is_(None), and_(read, ~known.among(edge, known.edges)))
    source = m.outerjoin(s, s.c.statement_id == m.c.statement_id)
    return select(m.c.contact_id, m.c.journey_id, m.c.nth).select_from(source).where(_in_slice(m.c.contact_id), wrong)


def _text(*ids: ColumnElement[Any]) -> ColumnElement[str]:
    """As `Known.edges` are written."""
    parts: list[ColumnElement[str]] = [cast(func.coalesce(each, 0), Text) for each in ids]
    joined = parts[0]
    for part in parts[1:]:
        joined = joined.concat(literal("/", Text)).concat(part)
    return joined


def _homeless(known: Known) -> Select[Any]:
    t = known.tables
    m, j = t.move, t.journey
    return select(m.c.contact_id, m.c.journey_id).where(_in_slice(m.c.contact_id), ~exists().where(_same(j, m)))


def _nobodys(known: Known) -> Select[Any]:
    t = known.tables
    j, c = t.journey, t.contact
    gone = ~exists().where(c.c.contact_id == j.c.contact_id)
    return select(j.c.contact_id, j.c.journey_id).where(_journeys(t), gone)


def _forgotten(known: Known) -> Select[Any]:
    """Waiting ones with another alarm than their time, and those without an alarm that are in no run of that time."""
    j, r = known.tables.journey, known.tables.due_run
    inside = j.c.journey_id.between(r.c.first_journey_id, r.c.last_journey_id)
    in_run = exists().where(r.c.campaign_id == j.c.campaign_id, r.c.due_at == j.c.due_at, inside)
    lost = or_(j.c.alarm_at != j.c.due_at, and_(j.c.alarm_at.is_(None), ~in_run))
    return select(j.c.contact_id, j.c.journey_id).where(_journeys(known.tables), j.c.due_at.is_not(None), lost)


def _journeys_twice(known: Known) -> Select[Any]:
    j = known.tables.journey
    key = (j.c.contact_id, j.c.campaign_id, j.c.journey_key, j.c.entry)
    return select(*key).where(_journeys(known.tables)).group_by(*key).having(func.count() > 1)


# --- messages -----------------------------------------------------------------------------------------------------


def _messages_twice(known: Known) -> Select[Any]:
    m = known.tables.message
    key = (m.c.contact_id, m.c.journey_id, m.c.nth, m.c.send_id)
    return select(*key).where(_in_slice(m.c.contact_id)).group_by(*key).having(func.count() > 1)


def _unasked(known: Known) -> Select[Any]:
    t = known.tables
    message, m, s = t.message, t.move, t.send
    source = message.outerjoin(m, _same(message, m, "nth")).outerjoin(s, s.c.send_id == message.c.send_id)
    # A post is asked for by any of the moves to its stage, and by none of one contact.
    mine = message.c.contact_id != NOBODY
    wrong = or_(m.c.contact_id.is_(None), s.c.send_id.is_(None), m.c.to_stage_id.is_distinct_from(s.c.stage_id))
    columns = (message.c.contact_id, message.c.message_id)
    return select(*columns).select_from(source).where(_in_slice(message.c.contact_id), mine, wrong)


def _lost(known: Known) -> Select[Any]:
    """Planned ones that are not queued; ready ones that are in no run and no open batch, and are not marked."""
    t = known.tables
    m, r, b = t.message, t.ready_run, t.batch
    in_run = exists().where(_between(m, r))
    held = exists().where(_between(m, b), b.c.closed_at.is_(None))
    lost = or_(m.c.state == "planned", and_(m.c.state == "ready", ~in_run, ~held))
    unmarked = m.c.queue.is_distinct_from(m.c.state)
    return select(m.c.contact_id, m.c.message_id).where(_in_slice(m.c.contact_id), unmarked, lost)


def _between(m: FromClause, ends: FromClause) -> ColumnElement[bool]:
    inside = m.c.message_id.between(ends.c.first_message_id, ends.c.last_message_id)
    return and_(ends.c.channel == m.c.channel, ends.c.first_message_id <= m.c.message_id, inside)


def _missing(known: Known) -> Select[Any] | None:
    t = known.tables
    m, s = t.move, t.statement
    demanded = list(_demanded(known))
    if not demanded:
        return None
    source = m.join(s, s.c.statement_id == m.c.statement_id)
    columns = (m.c.contact_id, m.c.journey_id, m.c.nth)
    return select(*columns).select_from(source).where(_in_slice(m.c.contact_id), or_(*demanded))


def _demanded(known: Known) -> Iterator[ColumnElement[bool]]:
    """Of a move with its statement: each send of the stage that it led to, and that no message has."""
    t = known.tables
    m, s, message = t.move, t.statement, t.message
    for demand in known.demands:
        there = exists().where(_same(message, m, "nth"), message.c.send_id.in_(demand.sends))
        here = (s.c.version_id == demand.version_id, m.c.to_stage_id == demand.stage_id)
        yield and_(*here, ~there)


def _after_no(known: Known) -> Select[Any]:
    """Lines that an event wrote are left out: it may have been told long after it happened."""
    t = known.tables
    e, c = t.event, t.consent
    told = exists().where(e.c.contact_id == c.c.contact_id, e.c.source == c.c.source, e.c.event_id == c.c.proof)
    return _against_consent(t).where(~told)


def _after_no_told_late(known: Known) -> Select[Any]:
    t = known.tables
    e, c = t.event, t.consent
    told = exists().where(e.c.contact_id == c.c.contact_id, e.c.source == c.c.source, e.c.event_id == c.c.proof)
    return _against_consent(t).where(told)


def _against_consent(t: Tables) -> Select[Any]:
    """Messages handed over although the line that decided then had taken consent back."""
    no, m, s, yes = t.consent, t.message, t.send, t.consent.alias("yes")
    source = no.join(m, m.c.contact_id == no.c.contact_id).join(s, s.c.send_id == m.c.send_id)
    about = [(line.c.channel.in_(["", m.c.channel]), line.c.purpose.in_(["", s.c.purpose])) for line in (no, yes)]
    again = exists().where(
        yes.c.contact_id == no.c.contact_id, yes.c.given, *about[1], yes.c.at >= no.c.at,
        yes.c.consent_id > no.c.consent_id, yes.c.at <= m.c.settled_at,
    )  # fmt: skip
    return (
        select(m.c.contact_id, m.c.message_id)
        .distinct()
        .select_from(source)
        .where(_in_slice(no.c.contact_id), ~no.c.given, *about[0])
        .where(m.c.state.in_(["accepted", "uncertain"]), m.c.settled_at > no.c.at + GRACE, ~again)
    )


ROW_CHECKS = (
    RowCheck("stage", "journeys that are in no stage of their campaign, and did not end", _REPORT, _nowhere),
    RowCheck("moves", "journeys whose moves are not numbered 1, 2, 3 … up to their own number", _REPORT, _gaps),
    RowCheck("position", "journeys that are in another stage than their last move led to", _REPORT, _elsewhere),
    RowCheck("path", "moves that begin in another stage than the one before ended in", _REPORT, _jumps),
    RowCheck("edge", "moves that the text of their version does not know", _REPORT, _off_the_graph),
    RowCheck("journey", "moves of a journey that is not there", _REPORT, _homeless),
    RowCheck("contact", "journeys of a contact who is not there", _REPORT, _nobodys),
    RowCheck("entry", "passages through a campaign that are there twice", _REPORT, _journeys_twice),
    RowCheck("waiting", "journeys that wait for a moment at which no tick finds them", _REPORT, _forgotten),
    RowCheck("message twice", "messages that one move planned twice", _REPORT, _messages_twice),
    RowCheck("message unasked", "messages that no move of their journey asks for", _REPORT, _unasked),
    RowCheck("message lost", "messages to be sent that no lease and no release can find", _REPORT, _lost),
    RowCheck("message missing", "moves that lack a message of the stage they led to", _REPORT, _missing),
    RowCheck("consent", "messages handed over after consent was withdrawn", _REPORT, _after_no),
    RowCheck(
        "consent told late",
        "messages handed over after people had unsubscribed, which we may have learned of later",
        "look how long it takes until your provider's or form's events reach campflow",
        _after_no_told_late,
        "advice",
    ),
)
