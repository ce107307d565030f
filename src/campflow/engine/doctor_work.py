"""What is due and does not move, or waits for somebody: each look tells why, and what to do.

"Due" is by the campaign's clock; a little lateness is not worth a word.
"""

from collections.abc import Iterator

from sqlalchemy import Connection, and_, distinct, exists, func, or_, select

from campflow.engine.doctor import EXAMPLES, Case, Finding
from campflow.engine.observer_rows import behind
from campflow.engine.outbox import being_handed_over
from campflow.sql.dialects import leading
from campflow.sql.queue import is_planned, ready_ids
from campflow.storage.database import database_now

_RUN = "no daemon does it: start `campflow run`, or look for the line `failed` in its log"


def due_journeys(case: Case, connection: Connection) -> Iterator[Finding]:
    """People whom time should have moved."""
    t, late = case.tables, case.now - case.limits.late
    j, r, c, v = t.journey.c, t.due_run.c, t.campaign.c, t.campaign_version.c
    in_force = exists().where(v.campaign_id == c.campaign_id, v.version_id == c.version_id, v.source != "")
    for row in connection.execute(select(c.campaign_id, c.name, c.looked_at).where(in_force).order_by(c.campaign_id)):
        alone = select(func.count()).where(j.campaign_id == row.campaign_id, j.alarm_at <= late)
        inside = and_(j.journey_id.between(r.first_journey_id, r.last_journey_id), j.campaign_id == r.campaign_id)
        due = (r.campaign_id == row.campaign_id, r.due_at <= late, j.due_at <= late, j.alarm_at.is_(None))
        together = select(func.count(distinct(j.journey_id))).select_from(leading(t.due_run, t.journey, inside))
        if count := sum(connection.scalar(each) or 0 for each in (alone, together.where(*due))):
            todo = _RUN if row.looked_at <= late else "the campaign fails: the daemon's log says why (`failed`)"
            yield Finding("due journeys", "stuck", count, f"journeys of {row.name} are due and do not move", todo)


def clock_set_back(case: Case, connection: Connection) -> Iterator[Finding]:
    """Campaigns that have looked at a time that has not come yet."""
    c = case.tables.campaign.c
    ahead = [
        (row.name, row.looked_at - case.now)
        for row in connection.execute(select(c.name, c.looked_at).order_by(c.campaign_id))
        if row.looked_at > case.now + case.limits.late
    ]
    if ahead:
        hours = max(by for _, by in ahead) / 3_600_000
        said = f"campaigns have seen a time that is {hours:,.1f} hours ahead: their clock was set back"
        todo = "look at the machine's clock; nothing happens twice, and what lies in between waits until it has come"
        yield Finding("clock set back", "stuck", len(ahead), said, todo, tuple(name for name, _ in ahead[:5]))


def planned_messages(case: Case, connection: Connection) -> Iterator[Finding]:
    """Messages whose moment has come, and that nobody released."""
    m = case.tables.message.c
    late = select(func.count()).where(is_planned(case.tables.message), m.release_at <= case.now - case.limits.late)
    if count := connection.scalar(late):
        yield Finding("planned messages", "stuck", count, "messages are due and were not released", _RUN)


def ready_messages(case: Case, connection: Connection) -> Iterator[Finding]:
    """Messages that may go out, and that no channel takes."""
    m, late = case.tables.message.c, case.now - case.limits.late
    due = and_(m.release_at <= late, or_(m.retry_at.is_(None), m.retry_at <= late))
    waiting = (
        select(m.channel, func.count())
        .where(m.message_id.in_(ready_ids(case.tables, connection.dialect.name, due)), ~being_handed_over(case.tables))
        .group_by(m.channel)
    )
    for channel, count in connection.execute(waiting.order_by(m.channel)):
        if channel in case.channels:
            todo = "no daemon sends, or the channel fails: the daemon's log says why (`channel " + channel + "`)"
        else:
            todo = f"no plugin offers the channel `{channel}` here: install it, or leave sending to where it is"
        yield Finding("ready messages", "stuck", count, f"messages by {channel} are ready and do not go out", todo)


def leases(case: Case, connection: Connection) -> Iterator[Finding]:
    """What a process that is gone holds, or one that hangs."""
    b, e, clock = case.tables.batch.c, case.tables.errand.c, database_now(connection)
    lost = select(func.count()).where(b.closed_at.is_(None), b.leased_until <= clock - case.limits.abandoned)
    held = select(func.count()).where(e.state == "running", e.leased_until <= clock - case.limits.abandoned)
    for what, query in (("batches of messages", lost), ("errands", held)):
        if count := connection.scalar(query):
            said = f"{what} are held by a process that is gone"
            yield Finding("leases", "stuck", count, said, f"any daemon takes them over: {_RUN}")


def open_batches(case: Case, connection: Connection) -> Iterator[Finding]:
    """Batches that somebody works at, and that do not end."""
    b = case.tables.batch.c
    query = select(b.batch_id, b.channel, b.owner).where(
        b.closed_at.is_(None),
        b.leased_until > database_now(connection) - case.limits.abandoned,
        b.ready_at <= case.now - case.limits.endless,
    )
    rows = connection.execute(query.order_by(b.batch_id)).all()
    if rows:
        said = "batches have been handed over for more than an hour"
        todo = "the provider hardly answers: look at it, or end the process that holds them; another one goes on"
        told = tuple(f"batch {row.batch_id}, {row.channel}, {row.owner}" for row in rows[:5])
        yield Finding("open batches", "stuck", len(rows), said, todo, told)


def waiting_errands(case: Case, connection: Connection) -> Iterator[Finding]:
    """What `notify`, `sync` and `do` ask for, and nobody does."""
    t, late = case.tables, case.now - case.limits.late
    e, s = t.errand.c, t.errand_statement.c
    due = and_(e.state == "ready", or_(e.retry_at.is_(None), e.retry_at <= late), e.at <= late)
    waiting = (
        select(s.kind, s.target, func.count())
        .join_from(t.errand_statement, t.errand, e.errand_statement_id == s.errand_statement_id)
        .where(due)
        .group_by(s.kind, s.target)
        .order_by(s.kind, s.target)
    )
    for kind, target, count in connection.execute(waiting):
        missing = f"{kind} {target}" not in case.targets
        todo = f"nothing here offers `{kind} {target}`: `campflow plugins`, campflow.toml" if missing else _RUN
        yield Finding("waiting errands", "stuck", count, f"errands `{kind} {target}` are due and not done", todo)


def uncertain(case: Case, connection: Connection) -> Iterator[Finding]:
    """What the other side may have, and nobody knows."""
    for table, list_them in (
        (case.tables.message, "campflow outbox uncertain"),
        (case.tables.errand, "campflow errands"),
    ):
        count = connection.scalar(select(func.count()).where(table.c.state == "uncertain"))
        if count:
            said = f"{table.name}s may have reached the other side, and nobody knows"
            yield Finding("uncertain", "stuck", count, said, f"`{list_them}` names them: ask the other side for each")


def parked(case: Case, connection: Connection) -> Iterator[Finding]:
    """What was tried so often that it was given up."""
    m, e = case.tables.message.c, case.tables.errand.c
    given_up = select(func.count()).where(m.state == "rejected", m.detail.startswith("given up after", autoescape=True))
    failed = select(func.count()).where(e.state == "failed")
    for what, query, list_them in (
        ("messages", given_up, "campflow outbox rejected"), ("errands", failed, "campflow errands failed"),
    ):  # fmt: skip
        if count := connection.scalar(query):
            yield Finding("parked", "advice", count, f"{what} were given up", f"`{list_them}` says why each was")


def confirmations(case: Case, connection: Connection) -> Iterator[Finding]:
    """Mails that ask whether it was really them who filled in a form: not sent, or given up."""
    o, late = case.tables.opt_in.c, case.now - case.limits.late
    due = and_(o.state == "asked", o.asked_at <= late, or_(o.retry_at.is_(None), o.retry_at <= late))
    if count := connection.scalar(select(func.count()).where(due)):
        yield Finding("confirmations", "stuck", count, "mails that ask for a confirmation do not go out", _RUN)
    if count := connection.scalar(select(func.count()).where(o.state == "failed")):
        # No more than a few of them come here: what providers say may be another text for each.
        few = select(o.message, o.detail).where(o.state == "failed").order_by(o.opt_in_id.desc()).limit(EXAMPLES)
        rows = connection.execute(few).all()
        said = "mails that ask for a confirmation were given up: whoever filled in the form waits for one"
        todo = "mend what they say; who fills in the form again gets another mail"
        examples = tuple(dict.fromkeys(f"{row.message}: {row.detail}" for row in rows))
        yield Finding("confirmations failed", "advice", count, said, todo, examples)


def observers(case: Case, connection: Connection) -> Iterator[Finding]:
    """Who is told of what happens, and is far behind, or fails."""
    for each in behind(connection, case.tables):
        if each.failures:
            todo = "look at what it says; it is told the same again, later and later, and everybody else goes on"
            said = f"moves and fates of messages wait for the observer `{each.name}`, which fails: {each.trouble}"
            yield Finding("observers", "stuck", each.moves + each.fates, said, todo)
        elif each.moves + each.fates > case.limits.behind or f"observe {each.name}" not in case.targets:
            missing = (
                f"no plugin here observes as `{each.name}`: `campflow plugins`, or take [observers.{each.name}] out"
            )
            said = f"moves and fates of messages were not told to the observer `{each.name}` yet"
            todo = _RUN if f"observe {each.name}" in case.targets else missing
            yield Finding("observers", "stuck", each.moves + each.fates, said, todo)


WORK = (
    due_journeys, clock_set_back, planned_messages, ready_messages, leases, open_batches, waiting_errands, uncertain,
    parked, confirmations, observers,
)  # fmt: skip
