"""What a person wants to get: read from the ledger, and written there as they say it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, select

from campflow.content.preferences import Preference
from campflow.content.values import instant
from campflow.engine.inbox import Inbox
from campflow.hooks.contracts import ContactEvent
from campflow.people.consent import ConsentLine, Said, deciding, ledger, pause, suppressions, write_consent
from campflow.storage.tables import Tables, contact_column

SOURCE = "preference centre"


@dataclass(frozen=True, slots=True)
class Kind:
    """Messages of a purpose by a channel; an empty purpose: those that name none."""

    channel: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person gets now, by kind, and until when they want a pause.

    `silent` are channels by which nothing reaches them, whatever they wish: their address bounced, or they complained.
    """

    kinds: Mapping[Kind, bool]
    paused_until: int | None
    silent: tuple[str, ...]
    language: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person says: kinds that they were shown, and a pause; None leaves it as it is. `now` ends one."""

    kinds: Mapping[Kind, bool]
    paused_until: int | None = None


@dataclass(frozen=True, slots=True)
class Preferences:
    """Reads and writes them. `opt_in` are the purposes that need a yes."""

    inbox: Inbox
    opt_in: frozenset[str]

    def read(self, whose: Preference, now: int) -> Wishes | None:
        """None: the person is not there, or no longer."""
        with self.inbox.database.reader() as connection:
            return self._read(connection, whose.contact_id, now)

    def write(
        self, whose: Preference, wanted: Wanted, wording: Mapping[Kind, str], pausing: str, proof: str, now: int
    ) -> int:
        """Write what is new as lines of the ledger; returns how many. Committed when this returns.

        `wording` is what the person read of each kind, `pausing` of the pause, `proof` what shows that they said it.
        Who says no to what the message was that they came from has unsubscribed: campaigns hear of it.
        """
        tables = self.inbox.database.tables
        with self.inbox.database.reader() as connection:
            before = self._read(connection, whose.contact_id, now)
            came_from = _message(connection, tables, whose)
        if before is None:
            return 0
        changed = {kind for kind, yes in wanted.kinds.items() if before.kinds.get(kind, yes) is not yes}
        if came_from is not None:
            left = Kind(came_from["channel"], came_from["purpose"])
            if left in changed and not wanted.kinds[left]:
                self.inbox.record(left.channel, [_unsubscribed(came_from, left.channel, now)], now)
        with self.inbox.database.transaction() as connection:
            if self._read(connection, whose.contact_id, now) is None:  # forgotten meanwhile
                return 0
            said = list(ledger(connection, tables, whose.contact_id))
            lines = list(self._lines(said, wanted, changed, wording, proof, now))
            if wanted.paused_until is not None and max(wanted.paused_until, now) != max(before.paused_until or 0, now):
                lines.append(ConsentLine("", "", False, pausing, SOURCE, proof, wanted.paused_until))
            for line in lines:
                write_consent(connection, tables, whose.contact_id, line, now)
        return len(lines)

    def _lines(
        self,
        said: list[Said],
        wanted: Wanted,
        changed: set[Kind],
        wording: Mapping[Kind, str],
        proof: str,
        now: int,
    ) -> Iterator[ConsentLine]:
        """A line without a purpose is about all of them, so it comes first, and the others say what else is meant."""
        for kind, yes in sorted(wanted.kinds.items(), key=lambda each: (each[0].purpose, each[0].channel)):
            if kind in changed or self._gets(said, kind) is not yes:
                line = ConsentLine(kind.channel, kind.purpose, yes, wording.get(kind), SOURCE, proof)
                said.append(Said(line, now))
                yield line

    def _read(self, connection: Connection, contact_id: int, now: int) -> Wishes | None:
        tables = self.inbox.database.tables
        contact = self.inbox.stationery.contact
        row = connection.execute(select(tables.contact).where(tables.contact.c.contact_id == contact_id)).first()
        if row is None:
            return None
        held = {field.name: row._mapping[contact_column(field.name)] for field in contact.fields}
        said = ledger(connection, tables, contact_id)
        latest = pause(said)
        until = latest.line.paused_until if latest is not None else None
        kinds = {kind: self._gets(said, kind) for kind in self._kinds(connection, held)}
        silent = {each.channel for each in suppressions(connection, tables, contact_id) if each.lifted_at is None}
        return Wishes(
            kinds,
            until if until is not None and until > now else None,
            tuple(sorted({kind.channel for kind in kinds if {"", kind.channel} & silent})),
            str(held.get("language") or "") or None,
        )

    def _kinds(self, connection: Connection, held: Mapping[str, object]) -> list[Kind]:
        """What campaigns in force send, by channels that reach this person; what must go out is not asked about."""
        s, c = self.inbox.database.tables.send.c, self.inbox.database.tables.campaign.c
        query = (
            select(s.channel, s.purpose)
            .join_from(
                self.inbox.database.tables.send, self.inbox.database.tables.campaign, c.campaign_id == s.campaign_id
            )
            .where(s.transactional.is_(False), c.version_id.is_not(None))
            .distinct()
            .order_by(s.purpose, s.channel)
        )
        addresses = {name: plugin.address for name, plugin in self.inbox.channels.items()}
        found = [Kind(channel, purpose) for channel, purpose in connection.execute(query)]
        return [kind for kind in found if (field := addresses.get(kind.channel)) and held.get(field)]

    def _gets(self, said: Sequence[Said], kind: Kind) -> bool:
        line = deciding(said, kind.channel, kind.purpose)
        return line.line.given if line is not None else kind.purpose not in self.opt_in


def _message(connection: Connection, tables: Tables, whose: Preference) -> RowMapping | None:
    m, s = tables.message.c, tables.send.c
    query = (
        select(m.message_id, m.channel, s.purpose, s.message, tables.contact.c.contact_key)
        .join_from(tables.message, tables.send, s.send_id == m.send_id)
        .join(tables.contact, tables.contact.c.contact_id == m.contact_id)
        .where(m.contact_id == whose.contact_id, m.message_id == whose.message_id)
    )
    return connection.execute(query).mappings().first()


def _unsubscribed(message: RowMapping, channel: str, now: int) -> ContactEvent:
    return ContactEvent(
        contact=message["contact_key"],
        name="unsubscribed",
        at=instant(now),
        source=channel,
        id=f"preferences:{message['message_id']}:{now}",
        about=message["message"],
        message_id=message["message_id"],
    )
