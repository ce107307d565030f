"""The rows of errands: their statements, who does which, and what became of them.

A lease is on single errands: they become `running` and get a fence. Who holds the fence may write what became of them.
When the lease has run out or its process is gone, they are free again, or `uncertain` where an action takes no keys.

"Now" is the campaign's clock (milliseconds); leases run on the database's, which all processes share.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from secrets import randbits
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from campflow.engine import owners
from campflow.engine.fates import Retry
from campflow.engine.outbox import Calls
from campflow.hooks.contracts import Answer
from campflow.model.expressions import Constant
from campflow.model.flow import Do, Notify, Sync
from campflow.model.people import Money
from campflow.planning.plan import CampaignPlan
from campflow.storage.database import Database, database_now
from campflow.storage.tables import Tables
from campflow.storage.words import storable
from campflow.storage.writers import HOLDER

#: As texts of the statement: an index with `WHERE state = 'ready'` is used only where the query says the same.
READY: ColumnElement[str] = literal_column("'ready'")
RUNNING: ColumnElement[str] = literal_column("'running'")

#: An errand that nobody does.
_FREE: dict[str, Any] = {"state": "ready", "owner": None, "fence": None, "leased_until": None}

#: Characters kept of what the other side said.
_DETAIL = 500


@dataclass(frozen=True, slots=True)
class Target:
    """Where errands go: `kind` is notify, sync or do, `name` the sink, the audience or the action."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


#: Where nothing was called.
NOBODY_CALLED: Mapping[str, Calls] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Held:
    """Errands that this process does now."""

    errands: tuple[int, ...]
    fence: int


# --- statements -------------------------------------------------------------------------------------------------


def put_statements(
    connection: Connection, tables: Tables, plan: CampaignPlan, campaign_id: int, ids: Mapping[str, int]
) -> dict[str, int]:
    """A row for each `notify`, `sync` and `do` of the campaign; the parameters that name them."""
    s = tables.errand_statement
    found: dict[str, int] = {}
    for stage in plan.stages:
        before: list[tuple[str, str, str]] = []
        for action in (each.action for each in stage.actions):
            if not isinstance(action, Notify | Sync | Do):
                continue
            said = _said(action)
            kind, target, content = said
            identity = {
                "stage_id": ids[f"stage_{stage.name}"], "kind": kind, "target": target, "content": content,
                "nth": before.count(said),
            }  # fmt: skip
            before.append(said)
            same = [s.c[name] == value for name, value in identity.items()]
            known = connection.scalar(select(s.c.errand_statement_id).where(*same))
            if known is None:
                new = insert(s).values(campaign_id=campaign_id, **identity).returning(s.c.errand_statement_id)
                known = connection.execute(new).scalar_one()
            found[f"errand_{action.order}"] = int(known)
    return found


def _said(action: Notify | Sync | Do) -> tuple[str, str, str]:
    """Kind, target and content: a text, nothing, or options. An option that is worked out says only its type."""
    match action:
        case Notify():
            return "notify", action.sink, json.dumps(action.message)
        case Sync():
            return "sync", action.audience, "null"
        case Do():
            written = {each.name: _constant(each.value) for each in action.options if isinstance(each.value, Constant)}
            types = {each.name: each.value.type.kind for each in action.options if each.name not in written}
            return "do", action.action, json.dumps({"written": written, "given": types})


def _constant(constant: Constant) -> object:
    """Texts, numbers, yes and no as they are; the rest as it is written."""
    value = constant.value
    if isinstance(value, Money):
        return {"minor": value.minor, "currency": value.currency}
    return value if isinstance(value, str | int | float | bool) else str(value)


# --- who does what ----------------------------------------------------------------------------------------------


def waiting(database: Database, now: int) -> list[tuple[Target, int]]:
    """Where there is something to do, with the statements that say so."""
    tables = database.tables
    e, s = tables.errand.c, tables.errand_statement.c
    due = exists().where(e.errand_statement_id == s.errand_statement_id, _due(tables, now))
    query = select(s.kind, s.target, s.errand_statement_id).where(due).order_by(s.errand_statement_id)
    with database.reader() as connection:
        return [(Target(kind, name), key) for kind, name, key in connection.execute(query)]


def _due(tables: Tables, now: int) -> ColumnElement[bool]:
    e = tables.errand.c
    return and_(e.state == READY, or_(e.retry_at.is_(None), e.retry_at <= now))


def hold(
    database: Database, statements: Sequence[int], owner: str, limit: int, seconds: float, now: int
) -> Held | None:
    """Take the first `limit` errands of these statements that are due; None where there are none."""
    tables, e = database.tables, database.tables.errand.c
    with database.transaction(HOLDER) as connection:
        ids: tuple[int, ...] = ()
        # One by one, so that the index gives them in order: all that waits need not be sorted.
        for statement in statements:
            due = select(e.errand_id).where(e.errand_statement_id == statement, _due(tables, now))
            first = due.order_by(e.errand_id).limit(limit - len(ids)).with_for_update(skip_locked=True)
            ids += tuple(connection.scalars(first))
            if len(ids) >= limit:
                break
        if not ids:
            return None
        held = Held(ids, randbits(62))
        taken = {"state": "running", "owner": owner, "fence": held.fence, "leased_until": _until(connection, seconds)}
        connection.execute(update(tables.errand).where(e.errand_id.in_(ids)).values(taken))
        return held


def renew(database: Database, held: Held, seconds: float) -> None:
    """Hold them for longer; what was lost in the meantime stays lost."""
    with database.transaction(HOLDER) as connection:
        longer = update(database.tables.errand).where(is_held(database.tables, held))
        connection.execute(longer.values(leased_until=_until(connection, seconds)))


def put_back(database: Database, held: Held, retry_at: int | None = None) -> None:
    """Free those that got no answer, until `retry_at`."""
    tables = database.tables
    with database.transaction(HOLDER) as connection:
        rest = update(tables.errand).where(is_held(tables, held))
        connection.execute(rest.values(_FREE | ({} if retry_at is None else {"retry_at": retry_at})))


def _until(connection: Connection, seconds: float) -> int:
    return database_now(connection) + round(seconds * 1000)


def is_held(tables: Tables, held: Held) -> ColumnElement[bool]:
    """Of a row of `errand`: whether this process still does it."""
    e = tables.errand.c
    return and_(e.errand_id.in_(held.errands), e.state == RUNNING, e.fence == held.fence)


def take_over(database: Database, without_keys: Collection[str], now: int) -> int:
    """Free what processes that are gone were doing. What an action of `without_keys` was doing is uncertain.

    Returns how many are.
    """
    e, s = database.tables.errand, database.tables.errand_statement
    held = select(e.c.owner, e.c.leased_until).where(e.c.state == RUNNING).distinct()
    with database.reader() as connection:
        if not _gone(connection.execute(held).all(), database_now(connection)):
            return 0
    with database.transaction(HOLDER) as connection:
        uncertain = 0
        for owner, until in _gone(connection.execute(held).all(), database_now(connection)):
            lost = and_(e.c.state == RUNNING, e.c.owner == owner, e.c.leased_until == until)
            unsafe = select(s.c.errand_statement_id).where(s.c.kind == "do", s.c.target.in_(list(without_keys)))
            detail = "the process that did it ended before the answer"
            fate = _FREE | {"state": "uncertain", "settled_at": now, "detail": detail}
            doubtful = update(e).where(lost, e.c.errand_statement_id.in_(unsafe)).values(fate)
            uncertain += connection.execute(doubtful).rowcount
            connection.execute(update(e).where(lost).values(_FREE))
        return uncertain


def _gone(held: Iterable[tuple[str, int]], clock: int) -> list[tuple[str, int]]:
    return [(owner, until) for owner, until in held if until <= clock or owners.is_gone(owner)]


# --- what became of them ----------------------------------------------------------------------------------------


def write_down(
    database: Database,
    held: Held,
    answers: Iterable[Answer],
    now: int,
    retry: Retry,
    rng: Random,
    calls: Mapping[str, Calls] = NOBODY_CALLED,
) -> None:
    """Give each errand its state; one that was lost to another process keeps what that one writes. `calls` are those
    that it took, by whom they went to."""
    tables, e = database.tables, database.tables.errand.c
    told = list(answers)
    if not told and not calls:
        return
    with database.transaction(HOLDER) as connection:
        _count(database, connection, calls)
        if not told:
            return
        failed = [each.errand_id for each in told if each.outcome == "retry"]
        known = select(e.errand_id, e.attempts).where(e.errand_id.in_(failed))
        attempts = {row.errand_id: row.attempts + 1 for row in connection.execute(known)} if failed else {}
        rows = [_fate(each, attempts.get(each.errand_id, 0), now, retry, rng) for each in told]
        mine = (e.errand_id == bindparam("id"), e.state == RUNNING, e.fence == held.fence)
        new: dict[str, Any] = {name: bindparam(f"new_{name}") for name in ("state", "settled_at", "detail", "retry_at")}
        new["attempts"] = e.attempts + bindparam("failed", type_=BigInteger)
        connection.execute(update(tables.errand).where(*mine).values(_FREE | new), rows)


def _count(database: Database, connection: Connection, calls: Mapping[str, Calls]) -> None:
    called = database.tables.called
    # In the order of their names: of two processes that count the same ones, neither waits for the other in turn.
    rows = [
        {"name": name, "calls": each.count, "called_for": round(each.seconds * 1000)}
        for name, each in sorted(calls.items())
    ]
    if rows:
        new = database.dialect.insert(called)
        more = {name: called.c[name] + new.excluded[name] for name in ("calls", "called_for")}
        connection.execute(new.on_conflict_do_update(index_elements=["name"], set_=more), rows)


def _fate(answer: Answer, attempts: int, now: int, retry: Retry, rng: Random) -> dict[str, object]:
    row: dict[str, object] = {
        "id": answer.errand_id, "new_state": answer.outcome, "new_settled_at": now,
        "new_detail": storable(answer.detail[:_DETAIL]) or None, "failed": 0, "new_retry_at": None,
    }  # fmt: skip
    if answer.outcome != "retry":
        return row
    row["failed"] = 1
    if attempts >= retry.attempts:
        detail = storable(f"given up after {attempts} attempts: {answer.detail}"[:_DETAIL])
        return row | {"new_state": "failed", "new_detail": detail}
    seconds = retry.delay(attempts, rng) if answer.retry_after is None else max(0.0, answer.retry_after)
    later = now + max(1, round(seconds * 1000))
    return row | {"new_state": "ready", "new_settled_at": None, "new_retry_at": later}


def audiences_of(connection: Connection, tables: Tables, contact_id: int) -> list[str]:
    """The audiences that a contact was put into: those of each `sync` that it passed."""
    e, s = tables.errand.c, tables.errand_statement.c
    query = select(s.target).join(tables.errand, e.errand_statement_id == s.errand_statement_id).distinct()
    return list(connection.scalars(query.where(s.kind == "sync", e.contact_id == contact_id).order_by(s.target)))


# --- looking at them --------------------------------------------------------------------------------------------

#: In the order in which an errand meets them.
STATES = ("ready", "running", "done", "failed", "uncertain")


@dataclass(frozen=True, slots=True)
class ListedErrand:
    """Instants are milliseconds; `retry_at` is set where it waits for another attempt."""

    errand_id: int
    contact: str
    campaign: str
    stage: str
    kind: str
    target: str
    state: str
    at: int
    retry_at: int | None
    attempts: int
    detail: str | None


def listed(connection: Connection, tables: Tables, state: str | None, limit: int) -> tuple[ListedErrand, ...]:
    """The last errands, in the order in which they were asked for; with `state`, those in it."""
    e, s, c = tables.errand.c, tables.errand_statement.c, tables.contact.c
    query = (
        select(
            e.errand_id, c.contact_key, tables.campaign.c.name, tables.stage.c.name, s.kind, s.target, e.state, e.at,
            e.retry_at, e.attempts, e.detail,
        )
        .join(tables.contact, c.contact_id == e.contact_id)
        .join(tables.campaign, tables.campaign.c.campaign_id == e.campaign_id)
        .join(tables.errand_statement, s.errand_statement_id == e.errand_statement_id)
        .join(tables.stage, tables.stage.c.stage_id == s.stage_id)
        .order_by(e.errand_id.desc())
        .limit(limit)
    )  # fmt: skip
    rows = connection.execute(query if state is None else query.where(e.state == state)).all()
    return tuple(ListedErrand(*row) for row in reversed(rows))


def count_by_state(connection: Connection, tables: Tables) -> dict[str, int]:
    """How many errands are in each state that has any."""
    e = tables.errand.c
    counted: dict[str, int] = dict(connection.execute(select(e.state, func.count()).group_by(e.state)).all())
    return {state: counted[state] for state in STATES if state in counted}
