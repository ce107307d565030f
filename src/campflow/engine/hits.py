"""Requests for links and pixels of messages: written down as they come, judged a moment later, and then events.

The row is the truth: who dies between writing and judging loses nothing, and an event has the time of its request.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, select, tuple_, update

from campflow.content.tokens import SigningKeys
from campflow.content.values import instant
from campflow.engine.inbox import Inbox
from campflow.hooks.contracts import ContactEvent
from campflow.storage.database import Database
from campflow.storage.tables import Tables
from campflow.tracking.judging import Fetch, Sent, Verdict, judge

#: Requests that are written down of one message; those that come after are somebody's game.
MOST = 200

#: Requests that are judged at a time.
LOT = 500

#: Who tells the events.
SOURCE = "tracking"


@dataclass(frozen=True, slots=True)
class Hit:
    """A request about a message of a contact; what is meant by the rest is said at `Fetch`."""

    contact_id: int
    message_id: int
    kind: Literal["open", "click"]
    link: int
    links: int
    url: str
    caller: str
    sign: str | None


@dataclass(frozen=True, slots=True)
class Judged:
    """How many requests were by people, by machines, and of messages that are there no more."""

    people: int = 0
    machines: int = 0
    gone: int = 0


def caller_of(keys: SigningKeys, address: str) -> str:
    """The same for the same network address, and no address: nobody reads one out of it."""
    key = hashlib.sha256(b"caller." + keys.secrets[keys.current]).digest()
    return hashlib.blake2b(address.encode("utf-8", "replace"), key=key, digest_size=9).hexdigest()


def write_hit(database: Database, hit: Hit, now: int) -> bool:
    """Write a request down; committed when this returns. False: its message is gone, or has too many."""
    t = database.tables
    h, m = t.hit.c, t.message.c
    mine = (h.contact_id == hit.contact_id, h.message_id == hit.message_id)
    with database.transaction() as connection:
        known = select(m.message_id).where(m.contact_id == hit.contact_id, m.message_id == hit.message_id)
        if connection.execute(known).first() is None:
            return False
        if (connection.scalar(select(func.count()).select_from(t.hit).where(*mine)) or 0) >= MOST:
            return False
        connection.execute(
            insert(t.hit).values(
                contact_id=hit.contact_id, message_id=hit.message_id, at=now, kind=hit.kind, link=hit.link,
                links=hit.links, url=hit.url, caller=hit.caller, sign=hit.sign,
            )
        )  # fmt: skip
    return True


def judge_hits(inbox: Inbox, now: int) -> Judged:
    """Make events of the requests that can be judged at `now`. Two who do it at once make the same of them."""
    database = inbox.database
    with database.reader() as connection:
        held = _held(connection, database.tables)
        verdicts = _verdicts(connection, database.tables, held, now)
    events = [
        _event(row, verdict)
        for row, verdict in verdicts
        if row["contact_key"] is not None and verdict.human is not None
    ]
    if events:
        inbox.record(SOURCE, events, now)
    decided = [
        {"of": row["contact_id"], "id": row["hit_id"], "who": verdict.human, "why": verdict.reason}
        for row, verdict in verdicts
        if verdict.human is not None
    ]
    if decided:
        h = database.tables.hit
        mark = update(h).where(h.c.contact_id == bindparam("of"), h.c.hit_id == bindparam("id"))
        with database.transaction() as connection:
            connection.execute(mark.values(judged_at=now, human=bindparam("who"), reason=bindparam("why")), decided)
    people = sum(event.name in _BY_PEOPLE.values() for event in events)
    return Judged(people, len(events) - people, len(decided) - len(events))


_BY_PEOPLE = {"open": "opened", "click": "clicked"}
_BY_ANYONE = {"open": "opened_any", "click": "clicked_any"}


def _held(connection: Connection, tables: Tables) -> list[RowMapping]:
    h, m, s, c = tables.hit, tables.message, tables.send, tables.contact
    query = (
        select(h, m.c.settled_at, s.c.message, c.c.contact_key)
        .select_from(h)
        .outerjoin(m, (m.c.contact_id == h.c.contact_id) & (m.c.message_id == h.c.message_id))
        .outerjoin(s, s.c.send_id == m.c.send_id)
        .outerjoin(c, c.c.contact_id == h.c.contact_id)
        .where(h.c.judged_at.is_(None))
        .order_by(h.c.hit_id)
        .limit(LOT)
    )
    return list(connection.execute(query).mappings())


def _verdicts(
    connection: Connection, tables: Tables, held: Sequence[RowMapping], now: int
) -> list[tuple[RowMapping, Verdict]]:
    found: dict[tuple[int, int], list[RowMapping]] = {}
    for row in _beside(connection, tables, {(row["contact_id"], row["message_id"]) for row in held}):
        found.setdefault((row["contact_id"], row["message_id"]), []).append(row)
    verdicts = []
    for row in held:
        all_ = found.get((row["contact_id"], row["message_id"]), [])
        others = [_fetch(each) for each in all_ if each["hit_id"] != row["hit_id"]]
        sent = Sent(row["settled_at"], row["links"])
        verdicts.append((row, judge(_fetch(row), sent, others, now)))
    return verdicts


def _beside(connection: Connection, tables: Tables, messages: Iterable[tuple[int, int]]) -> Sequence[RowMapping]:
    """All requests about these messages."""
    h = tables.hit.c
    wanted = sorted(messages)
    if not wanted:
        return []
    query = select(tables.hit).where(tuple_(h.contact_id, h.message_id).in_(wanted))
    return connection.execute(query).mappings().all()


def _fetch(row: RowMapping) -> Fetch:
    return Fetch(row["at"], row["kind"], row["link"], row["caller"], row["sign"])


def _event(row: RowMapping, verdict: Verdict) -> ContactEvent:
    names = _BY_PEOPLE if verdict.human else _BY_ANYONE
    return ContactEvent(
        contact=row["contact_key"],
        name=names[row["kind"]],
        at=instant(row["at"]),
        source=SOURCE,
        id=f"hit:{row['hit_id']}",
        about=row["message"],
        message_id=row["message_id"],
        fields={"url": row["url"]} if row["kind"] == "click" and row["url"] else {},
    )
