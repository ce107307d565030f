"""Releasing messages: what may be handed to its channel now, decided for all of them at once, in one transaction.

In this order: consent and suppression, expiry, quiet hours, limits over all campaigns, budget. The messages of one
contact take their turns (priority first, then as they were planned), so that each limit counts those before it; the
messages of a turn are decided together, however many contacts there are.

It is asked again when a batch is leased, and once more, for consent, as each window of it is handed over.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Connection,
    Delete,
    Insert,
    Select,
    Text,
    Update,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from campflow.engine.deployed import Deployment
from campflow.engine.permission import address_columns, refusal
from campflow.model.flow import Send
from campflow.people.costs import FREE, Prices
from campflow.planning.plan import CampaignPlan
from campflow.sql.gates import TURN, WAITS_FOR_BUDGET
from campflow.sql.program import CampaignProgram, Program, Statement
from campflow.sql.queue import READY, is_planned
from campflow.sql.rows import CHUNK as CHUNK_OF
from campflow.sql.rows import NOW, parameter
from campflow.sql.workspace import set_up, workspace
from campflow.storage.tables import Tables

#: Contacts whose messages are decided in one transaction.
CHUNK = 50_000

_FIRST, _LAST = parameter("first"), parameter("last")
_OF_CHANNEL: Any = bindparam("of_channel", None, type_=Text(), required=False)


def put_policy(connection: Connection, tables: Tables, plan: CampaignPlan, campaign_id: int) -> None:
    """What the release reads of a campaign's text; what waits for money is asked again."""
    c, m = tables.campaign, tables.message
    connection.execute(update(c).where(c.c.campaign_id == campaign_id).values(priority=plan.campaign.priority))
    poor = (m.c.campaign_id == campaign_id, is_planned(m), m.c.detail == WAITS_FOR_BUDGET)
    connection.execute(update(m).where(*poor).values(release_at=m.c.planned_at))


class Gates:
    """What stands between a planned message and its channel.

    `addresses` are the contact fields that channels write to, `prices` what a message costs, `opt_in` the purposes that
    need consent where they are others than the program's, `chunk` how many contacts are decided at once. Without a
    program nothing stands there but consent.
    """

    def __init__(
        self,
        tables: Tables,
        program: Program | None = None,
        deployment: Deployment | None = None,
        addresses: Mapping[str, str | None] | None = None,
        prices: Prices = FREE,
        opt_in: Collection[str] | None = None,
        chunk: int = CHUNK,
    ) -> None:
        self._tables, self._chunk = tables, chunk
        campaigns = program.campaigns if program and deployment else ()
        deployed = deployment.campaigns if deployment else {}
        free = {f"price_{channel}": 0 for each in campaigns for channel in _channels(each)}
        priced = free | {f"price_{channel}": amount for channel, amount in prices.channels.items()}
        gates = [_Gate(each, priced | dict(deployed[each.plan.name].ids)) for each in campaigns]
        self._gates = [gate for gate in gates if gate.statements]
        self._limited = any(gate.program.limits for gate in self._gates)
        self._gated = any(each.plan.gated for each in campaigns)
        known = frozenset() if program is None else program.plan.opt_in
        asked = known if opt_in is None else frozenset(opt_in)
        self._refusing = _refusing(tables, tuple(sorted((addresses or {}).items())), asked)

    def open(self, connection: Connection, now: int) -> int:
        """Make ready what may go now; what may not is skipped, or waits. Returns how many became ready."""
        if not self._gated:
            return connection.execute(ungated(self._tables), {"now": now}).rowcount
        ready = 0
        _prepare(connection)
        while connection.execute(planned(self._tables, self._limited), {"now": now, "chunk": self._chunk}).rowcount:
            self._refusing.candidates(connection, now)
            for gate in self._gates:
                gate.ask(connection, gate.quiet, now)
            connection.execute(decided(self._tables), {"now": now})
            for turn in range(1, _turns(connection) + 1):
                for gate in self._gates:
                    gate.ask(connection, gate.program.limits, now, turn)
                ready += connection.execute(passing(self._tables), {"now": now, "turn": turn}).rowcount
                for gate in self._gates:
                    ready -= gate.ask(connection, gate.budget, now, turn)
            connection.execute(delete(workspace().candidate))
        return ready

    def ask_again(self, connection: Connection, channel: str, first: int, last: int, now: int) -> bool:
        """Take back what may not go any more of these ready messages. Returns whether there was any."""
        if not self._gated:
            return self.refuse(connection, channel, first, last, now)
        _prepare(connection)
        connection.execute(held(self._tables), {"of_channel": channel, "first": first, "last": last, "now": now})
        taken = self._refusing.candidates(connection, now)
        for gate in self._gates:
            taken += gate.ask(connection, gate.quiet, now)
            # Only what was sent counts: what is promised was counted when these messages were released.
            taken += gate.ask(connection, gate.program.limits, now, promised="accepted")
        connection.execute(delete(workspace().candidate))
        return bool(taken)

    @property
    def refusals(self) -> tuple[Update, Update]:
        """What skips candidates, and what skips a stretch of ready messages."""
        return self._refusing.among_candidates, self._refusing.in_range

    def refuse(self, connection: Connection, channel: str, first: int, last: int, now: int) -> bool:
        """Skip those of these ready messages to which there is no consent. Returns whether there was any."""
        return bool(self._refusing.range(connection, channel, first, last, now))


@dataclass(frozen=True, slots=True)
class _Gate:
    """One campaign's statements, and their parameters."""

    program: CampaignProgram
    parameters: Mapping[str, Any]

    @property
    def quiet(self) -> tuple[Statement, ...]:
        return (self.program.quiet,) if self.program.quiet else ()

    @property
    def budget(self) -> tuple[Statement, ...]:
        return (self.program.budget,) if self.program.budget else ()

    @property
    def statements(self) -> tuple[Statement, ...]:
        return (*self.quiet, *self.program.limits, *self.budget)

    def ask(
        self,
        connection: Connection,
        statements: tuple[Statement, ...],
        now: int,
        turn: int = 0,
        promised: str = "ready",
    ) -> int:
        """Run them; returns how many messages they took back."""
        asked = {**self.parameters, "now": now, "turn": turn, "promised": promised}
        return sum(connection.exec_driver_sql(each.sql, {**asked, **each.constants}).rowcount for each in statements)


def _channels(program: CampaignProgram) -> set[str]:
    acting = (each.action for stage in program.plan.stages for each in stage.actions)
    return {action.channel for action in acting if isinstance(action, Send)}


@lru_cache(maxsize=8)
def _refusing(tables: Tables, addresses: tuple[tuple[str, str | None], ...], opt_in: frozenset[str]) -> "_Refusing":
    return _Refusing(tables, dict(addresses), opt_in)


class _Refusing:
    """Skips messages that nobody consents to, and says why."""

    def __init__(self, tables: Tables, addresses: Mapping[str, str | None], opt_in: Collection[str]) -> None:
        m, s, c = tables.message, tables.send, workspace().candidate
        reason = refusal(tables, address_columns(tables, addresses), opt_in)
        why = select(reason).select_from(s).where(s.c.send_id == m.c.send_id).correlate(m).scalar_subquery()
        # What may have been taken already is not known to be skipped.
        state = case((m.c.doubted_at.is_(None), "skipped"), else_="uncertain")
        skip = update(m).where(why.is_not(None)).values(state=state, queue=None, settled_at=NOW, detail=why)
        which = select(c.c.message_id)
        self.among_candidates = skip.where(m.c.message_id.in_(which))
        self.in_range = skip.where(
            m.c.channel == _OF_CHANNEL, m.c.state == READY,
            m.c.message_id.between(_FIRST, _LAST),
        )  # fmt: skip
        ledgers = (tables.consent, tables.suppression)
        self._any_said = select(or_(*(exists(select(literal(1)).select_from(ledger)) for ledger in ledgers)))
        self._asks_all = bool(opt_in)

    def candidates(self, connection: Connection, now: int) -> int:
        return connection.execute(self.among_candidates, {"now": now}).rowcount if self._asks(connection) else 0

    def range(self, connection: Connection, channel: str, first: int, last: int, now: int) -> int:
        if not self._asks(connection):
            return 0
        which = {"of_channel": channel, "first": first, "last": last, "now": now}
        return connection.execute(self.in_range, which).rowcount

    def _asks(self, connection: Connection) -> bool:
        """Whether anyone has ever said anything."""
        return self._asks_all or bool(connection.scalar(self._any_said))


# --- the candidates; each statement is built once -----------------------------------------------------------------


def _prepare(connection: Connection) -> None:
    set_up(connection)
    connection.execute(delete(workspace().candidate))


@lru_cache(maxsize=8)
def ungated(tables: Tables) -> Update:
    """All whose time has come, where nothing else is asked."""
    m = tables.message
    return update(m).where(is_planned(m), m.c.release_at <= NOW).values(state=READY, queue=READY)


@lru_cache(maxsize=8)
def planned(tables: Tables, limited: bool) -> Insert:
    """Messages whose time has come, of as many contacts as fit into a chunk."""
    m, s, c, first = tables.message, tables.send, tables.campaign, tables.message.alias("f")
    due = (is_planned(m), m.c.release_at <= NOW)
    order = (c.c.priority.desc(), m.c.planned_at, m.c.message_id)
    turn = func.row_number().over(partition_by=m.c.contact_id, order_by=order) if limited else literal(1)
    found = select(m.c.message_id, m.c.contact_id, m.c.campaign_id, m.c.channel, s.c.transactional, s.c.patience, turn)
    found = found.join_from(m, s, s.c.send_id == m.c.send_id).join(c, c.c.campaign_id == m.c.campaign_id).where(*due)
    earliest = select(first.c.contact_id).where(is_planned(first), first.c.release_at <= NOW)
    chunk = earliest.order_by(first.c.release_at).limit(CHUNK_OF).subquery()
    return insert(workspace().candidate).from_select(_CANDIDATE, found.where(m.c.contact_id.in_(select(chunk.c[0]))))


@lru_cache(maxsize=8)
def held(tables: Tables) -> Insert:
    """Ready messages of a channel that are about to be leased, all asked at once."""
    m, s = tables.message, tables.send
    found = select(
        m.c.message_id, m.c.contact_id, m.c.campaign_id, m.c.channel, s.c.transactional, s.c.patience, literal(0)
    )
    found = found.join_from(m, s, s.c.send_id == m.c.send_id).where(
        m.c.channel == _OF_CHANNEL, m.c.state == READY,
        m.c.message_id.between(_FIRST, _LAST),
        or_(m.c.retry_at.is_(None), m.c.retry_at <= NOW),
    )  # fmt: skip
    return insert(workspace().candidate).from_select(_CANDIDATE, found)


_CANDIDATE = ["message_id", "contact_id", "campaign_id", "channel", "transactional", "patience", "turn"]


@lru_cache(maxsize=8)
def decided(tables: Tables) -> Delete:
    """Whose time was put off, or who is skipped, takes no turn."""
    c, m = workspace().candidate, tables.message
    gone = exists().where(
        m.c.message_id == c.c.message_id,
        m.c.contact_id == c.c.contact_id,
        or_(~is_planned(m), m.c.release_at > NOW),
    )
    return delete(c).where(gone)


@lru_cache(maxsize=8)
def passing(tables: Tables) -> Update:
    """Those of a turn whom nothing holds back."""
    c, m = workspace().candidate, tables.message
    mine = select(c.c.message_id).where(c.c.turn == TURN)
    gone = update(m).where(m.c.message_id.in_(mine), is_planned(m), m.c.release_at <= NOW)
    return gone.values(state=READY, queue=READY, detail=None)


def _turns(connection: Connection) -> int:
    last: Select[Any] = select(func.coalesce(func.max(workspace().candidate.c.turn), 0))
    return int(connection.scalar(last) or 0)
