"""What became of messages: writing receipts down, when to try again, and when to give up."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from random import Random
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Update,
    bindparam,
    func,
    insert,
    literal,
    literal_column,
    select,
    update,
)

from campflow.engine.accepted import accept
from campflow.hooks.contracts import Receipt
from campflow.hooks.offers import REACTIONS
from campflow.people.consent import follow_events
from campflow.people.costs import FREE, Prices, charge
from campflow.people.reactions import believe
from campflow.sql.queue import READY
from campflow.storage.database import database_now
from campflow.storage.tables import NOBODY, Tables
from campflow.storage.words import storable

_REACTION = attrgetter("reaction")

#: Characters kept of what a provider said.
_DETAIL = 500


@dataclass(frozen=True, slots=True)
class Retry:
    """Full-jitter back-off: a random time up to `first` seconds, doubled at each attempt up to `longest`.

    After `attempts` calls that took nothing, the message is parked: rejected, with the last reason kept.
    """

    attempts: int = 8
    first: float = 60.0
    longest: float = 3600.0

    def delay(self, attempt: int, rng: Random) -> float:
        """Seconds to wait after failed call number `attempt` (from 1)."""
        return rng.uniform(0, min(self.longest, self.first * 2.0 ** (attempt - 1)))


RETRY = Retry()


@dataclass(frozen=True, slots=True)
class Outcome:
    """Receipts of one window, the hashes of what was handed over, and messages that could not be rendered at all.

    `refused` says why, by message id; no provider was called for those. Of the uncertain receipts, those of `doubtful`
    messages are asked about again, or offered again with their key: the others stay uncertain.
    """

    receipts: Sequence[Receipt] = ()
    hashes: Mapping[int, str] | None = None
    refused: Mapping[int, str] | None = None
    doubtful: Collection[int] = ()

    @property
    def reacts(self) -> bool:
        """Whether a refusal tells something of a person."""
        return any(map(_REACTION, self.receipts))


def write_down(
    connection: Connection,
    tables: Tables,
    batch_id: int,
    outcome: Outcome,
    now: int,
    retry: Retry,
    rng: Random,
    listens: Collection[str],
    prices: Prices = FREE,
    addresses: Mapping[str, str | None] | None = None,
) -> int:
    """Give each message its state, and return how many were accepted. Only ready ones are touched: a fate, once
    written, stays.

    `addresses` are the contact fields that channels write to.
    """
    others = [each for each in outcome.receipts if each.outcome != "accepted"]
    accepted = [each for each in outcome.receipts if each.outcome == "accepted"] if others else outcome.receipts
    failed: Mapping[int, _Tried] = {}
    if again := [each.message_id for each in others if _is_again(each, outcome)]:
        failed = _attempts(connection, tables, again)
    hashes = outcome.hashes or {}
    written = 0
    if accepted:
        written = accept(connection, tables, accepted, hashes, now, _DETAIL)
        charge(connection, tables, accepted, prices, now)
    clock = database_now(connection) if outcome.doubtful else None
    rows = [_row(receipt, failed, hashes, now, retry, rng, clock) for receipt in others]
    refused = [Receipt(id, "rejected", detail=reason) for id, reason in (outcome.refused or {}).items()]
    rows += [_row(receipt, {}, {}, now, retry, rng, None) for receipt in refused]
    if rows:
        connection.execute(_update(tables), rows)
    if unknown := [each.message_id for each in others if each.outcome == "uncertain"]:
        believe(connection, tables, unknown, now, prices)
    whose = _whose(connection, tables, others) if others else {}
    attempts = [
        {
            "contact_id": whose[receipt.message_id],
            "message_id": receipt.message_id,
            "batch_id": batch_id,
            "at": now,
            "outcome": receipt.outcome,
            "detail": receipt.detail[:_DETAIL],
        }
        for receipt in others
        if receipt.message_id in whose
    ]
    if attempts:
        connection.execute(insert(tables.attempt), attempts)
    m = tables.message.c
    if accepted and "sent" in listens:
        report(connection, tables, "sent", now, m.message_id.in_([each.message_id for each in accepted]))
    rejected = [row["id"] for row in rows if row["new_state"] == "rejected"]
    if rejected and "failed" in listens:
        report(connection, tables, "failed", now, m.message_id.in_(rejected))
    _react(connection, tables, others, addresses or {}, now)
    return written


def _react(
    connection: Connection, tables: Tables, refused: Sequence[Receipt], addresses: Mapping[str, str | None], now: int
) -> None:
    """What refusals tell of the people is an event of theirs, and has its line in the ledger of consent."""
    told: dict[str, list[int]] = {}
    for receipt in refused:
        if receipt.reaction in REACTIONS and receipt.outcome == "rejected":
            told.setdefault(receipt.reaction, []).append(receipt.message_id)
    if told:
        last = connection.scalar(select(func.max(tables.event.c.seq))) or 0
        for name, ids in told.items():
            report(connection, tables, name, now, tables.message.c.message_id.in_(ids))
        follow_events(connection, tables, addresses, last)


def _whose(connection: Connection, tables: Tables, receipts: Sequence[Receipt]) -> dict[int, int]:
    """The contacts of these messages, but for who was forgotten while the provider had them."""
    m = tables.message.c
    ids = [receipt.message_id for receipt in receipts]
    found = connection.execute(select(m.message_id, m.contact_id).where(m.message_id.in_(ids)))
    return {row.message_id: row.contact_id for row in found}


def report(connection: Connection, tables: Tables, name: str, now: int, which: ColumnElement[bool]) -> None:
    """Tell the campaigns that something happened to these messages: one event of the contact for each.

    A post is nobody's, and no event.
    """
    m, s, e = tables.message.c, tables.send.c, tables.event.c
    said: ColumnElement[str] = literal_column(f"'{name}'")
    rows = (
        select(
            m.contact_id, said, s.message, literal(now, BigInteger), m.channel,
            said.concat(":").concat(m.message_id), m.message_id,
        )
        .join_from(tables.message, tables.send, s.send_id == m.send_id)
        .where(which, m.contact_id != NOBODY)
        .order_by(m.message_id)
    )  # fmt: skip
    columns = [e.contact_id, e.name, e.about, e.at, e.source, e.event_id, e.message_id]
    connection.execute(insert(tables.event).from_select(columns, rows))


@dataclass(frozen=True, slots=True)
class _Tried:
    """How many calls have failed, the present one included, and whether an earlier one may have been taken."""

    attempts: int
    in_doubt: bool


def _is_again(receipt: Receipt, outcome: Outcome) -> bool:
    return receipt.outcome == "retry" or (receipt.outcome == "uncertain" and receipt.message_id in outcome.doubtful)


def _attempts(connection: Connection, tables: Tables, ids: Sequence[int]) -> dict[int, _Tried]:
    m = tables.message.c
    rows = connection.execute(select(m.message_id, m.attempts, m.doubted_at).where(m.message_id.in_(ids)))
    return {row.message_id: _Tried(row.attempts + 1, row.doubted_at is not None) for row in rows}


def _row(
    receipt: Receipt,
    failed: Mapping[int, _Tried],
    hashes: Mapping[int, str],
    now: int,
    retry: Retry,
    rng: Random,
    clock: int | None,
) -> dict[str, Any]:
    row = {
        "id": receipt.message_id,
        "new_state": receipt.outcome,
        "new_queue": None,
        "new_settled_at": now,
        "new_detail": storable(receipt.detail[:_DETAIL]) or None,
        "failed": 0,
        "new_retry_at": None,
        "new_provider_id": receipt.provider_id,
        "new_content_hash": hashes.get(receipt.message_id),
        "doubted": None,
    }
    tried = failed.get(receipt.message_id)
    if tried is None and receipt.outcome != "retry":
        return row
    attempt, in_doubt = (tried.attempts, tried.in_doubt) if tried else (1, False)
    doubtful = receipt.outcome == "uncertain"
    if attempt >= retry.attempts:
        # What may have been taken once is not known to be rejected.
        state = "uncertain" if doubtful or in_doubt else "rejected"
        detail = f"given up after {attempt} attempts: {receipt.detail}"[:_DETAIL]
        return row | {"new_state": state, "failed": 1, "new_detail": detail}
    seconds = retry.delay(attempt, rng) if receipt.retry_after is None else max(0.0, receipt.retry_after)
    # At least one millisecond later than now, so that it belongs to no open batch.
    retry_at = now + max(1, round(seconds * 1000))
    later = {"new_state": "ready", "new_queue": "ready", "new_settled_at": None, "failed": 1, "new_retry_at": retry_at}
    return row | later | {"doubted": clock if doubtful else None}


def _update(tables: Tables) -> Update:
    """One message's fate; `failed` is how many calls to add."""
    m = tables.message.c
    return (
        update(tables.message)
        .where(m.message_id == bindparam("id"), m.state == READY)
        .values(
            state=bindparam("new_state"),
            queue=bindparam("new_queue"),
            settled_at=bindparam("new_settled_at"),
            detail=bindparam("new_detail"),
            attempts=m.attempts + bindparam("failed", type_=BigInteger),
            retry_at=bindparam("new_retry_at"),
            provider_id=bindparam("new_provider_id"),
            content_hash=bindparam("new_content_hash"),
            doubted_at=func.coalesce(m.doubted_at, bindparam("doubted", type_=BigInteger)),
        )
    )
