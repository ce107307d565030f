"""The inbox: what providers and people tell us of messages becomes events of contacts, once, however often it is told.

A message is found by its key, which this project signed, else by the provider's name for it. What the reaction shows of
a message whose fate was unknown is written down with it: somebody who opened it has it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from campflow.content.keys import message_of
from campflow.content.unsubscribe import Unsubscribe
from campflow.content.values import instant
from campflow.engine.letters import Stationery
from campflow.hooks.contracts import ChannelPlugin, ContactEvent, Reaction, Receipt
from campflow.people.costs import Prices, charge
from campflow.people.fields import read_field
from campflow.people.recording import record_events
from campflow.people.values import Conventions
from campflow.people.wording import BadCell
from campflow.storage.database import Database
from campflow.storage.tables import Tables, contact_column
from campflow.storage.words import storable

#: Reactions after which it is certain that the provider had the message, and the one that says that it refused it.
_HAD_IT = frozenset({
    "sent", "delivered", "opened", "clicked", "opened_any", "clicked_any", "replied", "bounced", "complained",
    "unsubscribed", "returned", "scanned",
})  # fmt: skip
_REFUSED = "failed"

#: Reactions whose reason is kept with the message.
_EXPLAINED = frozenset({"bounced", "complained", "failed", "returned"})

#: Characters kept of what a provider said, and of what somebody wrote.
_DETAIL, _TEXT = 500, 5_000

#: Reactions that mean everything that comes this way, where they name no message: who writes STOP, or START.
_ABOUT_ALL = frozenset({"unsubscribed", "resubscribed"})


@dataclass(frozen=True, slots=True)
class Unheard:
    """A reaction that is not recorded, and why."""

    name: str
    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Heard:
    """How many events were new and how many known already, and those that were refused.

    `early` are reactions to messages that nobody knows yet, while messages of the channel are being handed over: the
    acknowledgement may be on its way. They are to be told again.
    """

    added: int = 0
    known: int = 0
    refused: tuple[Unheard, ...] = ()
    early: tuple[Reaction, ...] = ()


@dataclass(frozen=True, slots=True)
class Inbox:
    """Where reactions go: the database, and what of the project they are read by."""

    database: Database
    stationery: Stationery
    channels: Mapping[str, ChannelPlugin]
    prices: Prices

    def record(self, source: str, told: Sequence[Reaction | ContactEvent], now: int) -> Heard:
        """Record what `source` tells: a channel, by its name, or a webhook. It is committed when this returns."""
        channel = self.channels.get(source)
        refused: list[Unheard] = []
        early: list[Reaction] = []
        events: list[ContactEvent] = []
        told = [_storable(each) if isinstance(each, Reaction) else each for each in told]
        reactions = [each for each in told if isinstance(each, Reaction)]
        with self.database.transaction() as connection:
            messages = self._messages(connection, source, reactions)
            in_hand = bool(reactions) and _is_handing_over(connection, self.database.tables, source)
            found = []
            for each in told:
                if isinstance(each, ContactEvent):
                    events.append(each)
                elif channel is None or each.name not in channel.reports:
                    refused.append(Unheard(each.name, each.id, f"`{source}` does not report `{each.name}`"))
                elif (row := _message_for(self.stationery.installation, messages, each)) is not None:
                    events.append(_event(source, each, row["contact_key"], row))
                    found.append((each, row))
                elif each.address and (known := self._people(connection, channel, each)):
                    events += known
                elif in_hand and each.provider_id:
                    early.append(each)
                else:
                    refused.append(Unheard(each.name, each.id, "no message and nobody is known by it"))
            self._settle(connection, found, now)
        if not events:
            return Heard(refused=tuple(refused), early=tuple(early))
        recorded = record_events(
            self.database, self.stationery.contact, tuple(self.stationery.events), events,
            currency=self.stationery.currency, zone=self.stationery.zone.key, now=now,
            addresses={name: plugin.address for name, plugin in self.channels.items()}, prices=self.prices,
        )  # fmt: skip
        refused += [Unheard(each.event.name, each.event.id, each.reason) for each in recorded.refused]
        return Heard(recorded.added, recorded.known, tuple(refused), tuple(early))

    def unsubscribe(self, said: Unsubscribe, now: int) -> None:
        """Somebody has used the link of a message. A second time within a minute is the same; who was erased is gone.

        What is withdrawn is consent for the purpose of that message by its channel.
        """
        t, m = self.database.tables, self.database.tables.message.c
        query = (
            select(t.contact.c.contact_key, m.message_id, t.send.c.message)
            .select_from(t.contact)
            .outerjoin(t.message, (m.contact_id == t.contact.c.contact_id) & (m.message_id == said.message_id))
            .outerjoin(t.send, t.send.c.send_id == m.send_id)
            .where(t.contact.c.contact_id == said.contact_id)
        )
        with self.database.reader() as connection:
            found = connection.execute(query).mappings().first()
        if found is not None:
            event = ContactEvent(
                contact=found["contact_key"],
                name="unsubscribed",
                at=instant(now),
                source=said.channel,
                id=f"link:{said.message_id}:{now // 60_000}",
                about=found["message"],
                message_id=found["message_id"],
            )
            self.record(said.channel, [event], now)

    def _messages(
        self, connection: Connection, source: str, reactions: Sequence[Reaction]
    ) -> dict[tuple[str, object], RowMapping]:
        """The messages that the reactions name, by ("id", our id) and ("provider", the provider's)."""
        t, m = self.database.tables, self.database.tables.message.c
        keys = (message_of(self.stationery.installation, each.key) for each in reactions if each.key)
        ids = [each for each in keys if each is not None]
        names = [each.provider_id for each in reactions if each.provider_id]
        query = (
            select(
                m.message_id, m.contact_id, m.channel, m.state, m.provider_id, t.send.c.message, t.contact.c.contact_key
            )
            .join_from(t.message, t.send, t.send.c.send_id == m.send_id)
            .join(t.contact, t.contact.c.contact_id == m.contact_id)
            .where(m.channel == source)
        )
        found: dict[tuple[str, object], RowMapping] = {}
        for chunk in _chunks(ids):
            rows = connection.execute(query.where(m.message_id.in_(chunk))).mappings()
            found |= {("id", row["message_id"]): row for row in rows}
        for chunk in _chunks(names):
            rows = connection.execute(query.where(m.provider_id.is_not(None), m.provider_id.in_(chunk))).mappings()
            found |= {("provider", row["provider_id"]): row for row in rows}
        return found

    def _people(self, connection: Connection, channel: ChannelPlugin, reaction: Reaction) -> list[ContactEvent]:
        """Who has this address, each with the last message that went there: an answer is to that one."""
        tables, c = self.database.tables, self.database.tables.contact.c
        field = self.stationery.contact.field(channel.address or "")
        if field is None:
            return []
        try:
            # As it is stored: numbers and addresses have one form.
            conventions = Conventions(self.stationery.currency, self.stationery.zone.key)
            address = read_field(field, reaction.address, conventions)
        except BadCell:
            return []
        people = select(c.contact_id, c.contact_key).where(c[contact_column(field.name)] == address)
        found = []
        for contact_id, contact_key in connection.execute(people.order_by(c.contact_id)).all():
            last = _last_message(connection, tables, contact_id, channel.name)
            found.append(_event(channel.name, reaction, contact_key, None if reaction.name in _ABOUT_ALL else last))
        return found

    def _settle(self, connection: Connection, found: Sequence[tuple[Reaction, RowMapping]], now: int) -> None:
        """What the reactions show of their messages: fates that were unknown, and reasons."""
        m = self.database.tables.message.c
        states = {row["message_id"]: each.name for each, row in found if row["state"] == "uncertain"}
        rows = [
            {"of": row["contact_id"], "id": row["message_id"], "to": "rejected" if name == _REFUSED else "accepted"}
            for each, row in found
            if (name := states.get(row["message_id"])) is not None and name in _HAD_IT | {_REFUSED}
        ]
        mine = (m.contact_id == bindparam("of"), m.message_id == bindparam("id"))
        if rows:
            doubtful = update(self.database.tables.message).where(*mine, m.state == "uncertain")
            connection.execute(doubtful.values(state=bindparam("to"), settled_at=now), rows)
            had = [Receipt(row["id"], "accepted") for row in rows if row["to"] == "accepted"]
            if had:
                charge(connection, self.database.tables, had, self.prices, now)
        reasons = [
            {"of": row["contact_id"], "id": row["message_id"], "why": f"{each.name}: {each.detail}"[:_DETAIL]}
            for each, row in found
            if each.name in _EXPLAINED and each.detail
        ]
        if reasons:
            connection.execute(
                update(self.database.tables.message).where(*mine).values(detail=bindparam("why")), reasons
            )


def _storable(told: Reaction) -> Reaction:
    """A reaction whose words every database takes: who said them may be anybody."""
    detail, text = storable(told.detail), storable(told.text)
    provider_id = told.provider_id if told.provider_id is None else storable(told.provider_id)
    if detail is told.detail and text is told.text and provider_id is told.provider_id:
        return told
    return replace(told, detail=detail, text=text, provider_id=provider_id)


def _message_for(
    installation: str, messages: Mapping[tuple[str, object], RowMapping], reaction: Reaction
) -> RowMapping | None:
    if reaction.key and (found := messages.get(("id", message_of(installation, reaction.key)))):
        return found
    return messages.get(("provider", reaction.provider_id)) if reaction.provider_id else None


def _event(source: str, reaction: Reaction, contact_key: str, message: RowMapping | None) -> ContactEvent:
    return ContactEvent(
        contact=contact_key,
        name=reaction.name,
        at=reaction.at,
        source=source,
        id=reaction.id,
        about=None if message is None else message["message"],
        fields={"text": reaction.text[:_TEXT]} if reaction.text else {},
        message_id=None if message is None else message["message_id"],
    )


def _last_message(connection: Connection, tables: Tables, contact_id: int, channel: str) -> RowMapping | None:
    m = tables.message.c
    last = (
        select(m.message_id, tables.send.c.message)
        .join_from(tables.message, tables.send, tables.send.c.send_id == m.send_id)
        .where(m.contact_id == contact_id, m.channel == channel, m.state.in_(("accepted", "uncertain")))
        .order_by(m.planned_at.desc(), m.message_id.desc())
        .limit(1)
    )
    return connection.execute(last).mappings().first()


def _is_handing_over(connection: Connection, tables: Tables, channel: str) -> bool:
    b = tables.batch.c
    held = select(b.batch_id).where(b.channel == channel, b.closed_at.is_(None), b.handed_to >= b.first_message_id)
    return connection.execute(held.limit(1)).first() is not None


def _chunks(values: Sequence[Any], size: int = 500) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
