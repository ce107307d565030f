"""From rows to messages: reads what a batch needs in one query and fills it, one message at a time."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, Select, and_, select

from campflow.content import values
from campflow.content.clicks import Tracker
from campflow.content.keys import message_key
from campflow.content.landing import Pages
from campflow.content.page_tokens import PageLinks
from campflow.content.preferences import Preference, sign_preference
from campflow.content.record import Record
from campflow.content.rendering import Library
from campflow.content.tokens import SigningKeys
from campflow.content.unsubscribe import Unsubscribe, sign, unsubscribe_url
from campflow.engine.outbox import Batch, members
from campflow.errors import ContentError
from campflow.hooks.contracts import ChannelPlugin, Message, Sender
from campflow.model.flow import Campaign
from campflow.model.people import Contact, Event
from campflow.storage.tables import NOBODY, Tables, contact_column, event_column


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to be handed over, and the SHA-256 of what it says."""

    message: Message
    hash: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message that cannot be made, and why."""

    message_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Stationery:
    """What of the project goes into its messages.

    `installation` differs from project to project and never changes: it makes the key of a message unique.
    `zone` is where times are shown, `currency` the project's. `campaigns` are what `campaign.title` is read from.
    `pages` are its landing pages, `base_url` is where the outside reaches them. Where it is not `tracked`, links lead
    straight where they lead, and no opening is seen.
    """

    contact: Contact
    events: Sequence[Event]
    library: Library
    sender: Sender
    keys: SigningKeys
    installation: str
    zone: ZoneInfo
    currency: str | None = None
    campaigns: Sequence[Campaign] = ()
    pages: Pages | None = None
    base_url: str = ""
    tracked: bool = True
    _contact: values.Form = field(init=False)
    _entry: Mapping[str, values.Form] = field(init=False)
    _no_entry: Mapping[str, object] = field(init=False)
    _campaign: Mapping[str, Campaign] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_contact", values.form(self.contact.fields, "contact.", self.zone, self.currency))
        entry = {
            event.name: values.form(event.fields, f"entry.{event.name}.", self.zone, self.currency)
            for event in self.events
        }
        object.__setattr__(self, "_entry", entry)
        object.__setattr__(self, "_no_entry", {name: None for form in entry.values() for name, _, _ in form})
        object.__setattr__(self, "_campaign", {campaign.name: campaign for campaign in self.campaigns})

    def person(self, row: RowMapping) -> dict[str, object]:
        """The contact's fields by name, as templates show them."""
        return values.read(self._contact, row)

    def campaign(self, name: str) -> dict[str, object]:
        """Its name, title and owner; a campaign that is no longer written has only its name."""
        known = self._campaign.get(name)
        return {"name": name, "title": known and known.title, "owner": known and known.owner}

    def entry(self, row: RowMapping) -> Mapping[str, object]:
        """The fields of the event that started the journey; those of other events are missing."""
        form = self._entry.get(row["entry_name"])
        return {**self._no_entry, **values.read(form, row)} if form else self._no_entry


def read_batch(connection: Connection, tables: Tables, stationery: Stationery, batch: Batch) -> list[RowMapping]:
    """All that the batch's messages need, as it is now, in the order in which they were planned."""
    query = _everything(tables, stationery).where(members(tables, batch)).order_by(tables.message.c.message_id)
    return list(connection.execute(query).mappings())


def _everything(tables: Tables, stationery: Stationery) -> Select[Any]:
    m, j, s, c = tables.message, tables.journey, tables.send, tables.contact
    entry = tables.event.alias("entry")
    return (
        select(
            m.c.message_id, m.c.contact_id, m.c.planned_at, m.c.doubted_at, s.c.message, s.c.options,
            tables.campaign.c.name.label("campaign"), c.c.contact_key, entry.c.name.label("entry_name"),
            *(c.c[contact_column(each.name)].label(f"contact.{each.name}") for each in stationery.contact.fields),
            *entry_columns(entry, stationery),
        )
        .select_from(m)
        # Outer joins: a message whose contact, or anything else, is gone is refused. Left out here, it would be leased
        # for ever.
        .outerjoin(s, s.c.send_id == m.c.send_id)
        .outerjoin(tables.campaign, tables.campaign.c.campaign_id == m.c.campaign_id)
        .outerjoin(c, c.c.contact_id == m.c.contact_id)
        .outerjoin(j, and_(j.c.contact_id == m.c.contact_id, j.c.journey_id == m.c.journey_id))
        .outerjoin(entry, and_(entry.c.contact_id == j.c.contact_id, entry.c.seq == j.c.entry_seq))
    )  # fmt: skip


def entry_columns(entry: Any, stationery: Stationery) -> Iterator[Any]:
    """The fields of the entering event, named as `Stationery.entry` reads them."""
    for event in stationery.events:
        for each in event.fields:
            yield entry.c[event_column(event.name, each.name)].label(f"entry.{event.name}.{each.name}")


def write_letter(
    stationery: Stationery, channel: ChannelPlugin, row: RowMapping, language: str | None = None
) -> Letter | Refusal:
    """The message for one person, or a post, filled. What is wrong with it is a Refusal: the others go out.

    `language` is instead of the person's.
    """
    message_id, is_post = row["message_id"], row["contact_id"] == NOBODY
    if row["contact_key"] is None and not is_post:
        return Refusal(message_id, "the contact is no longer there")
    if row["message"] is None or row["campaign"] is None:
        return Refusal(message_id, "its campaign is no longer there")
    person = {} if is_post else stationery.person(row)
    address = str(person.get(channel.address) or "") if channel.address else ""
    if channel.address and not address:
        return Refusal(message_id, f"the contact has no {channel.address} address")
    token = "" if is_post else sign(stationery.keys, Unsubscribe(row["contact_id"], channel.name, message_id))
    language = language or str(person.get("language") or "") or None
    # Who follows a link of a post is nobody that we know.
    where = stationery.base_url if stationery.tracked and not is_post else ""
    tracker = Tracker(stationery.keys, where, row["contact_id"], message_id, row["campaign"], row["message"])
    try:
        options = json.loads(row["options"]) if row["options"] else {}
        filled = stationery.library.render(
            channel.name, row["message"], language,
            _of_campaign(stationery, channel, row) if is_post
            else _context(stationery, channel, row, person, language, token),
            options, tracker,
        )  # fmt: skip
    except ContentError as error:
        return Refusal(message_id, str(error))
    message = Message(
        message_id=message_id,
        key=message_key(stationery.installation, message_id),
        channel=channel.name,
        name=row["message"],
        campaign=row["campaign"],
        contact_key=row["contact_key"] or "",
        address=address,
        language=filled.language,
        parts=filled.parts,
        options=filled.options,
        planned_at=values.instant(row["planned_at"]),
        unsubscribe_token=token,
    )
    return Letter(message, _hash(filled.parts, filled.options))


def _context(
    stationery: Stationery,
    channel: ChannelPlugin,
    row: RowMapping,
    person: Mapping[str, object],
    language: str | None,
    token: str,
) -> dict[str, object]:
    """What a template may read: the contact's fields by their bare names, and these."""
    entry = Record(stationery.entry(row))
    unsubscribe = preferences = unsubscribe_url(stationery.sender, token)
    if stationery.base_url:
        whose = sign_preference(stationery.keys, Preference(row["contact_id"], row["message_id"]))
        preferences = f"{stationery.base_url}/p/{whose}"
    return {
        **person,
        "contact": Record(person),
        "entry": entry,
        "event": entry,
        **_of_campaign(stationery, channel, row),
        "language": language,
        "unsubscribe_url": unsubscribe,
        "preferences_url": preferences,
        "page_url": PageLinks(
            stationery.keys, stationery.base_url, row["contact_id"], row["message_id"], row["planned_at"]
        ),
    }


def _of_campaign(stationery: Stationery, channel: ChannelPlugin, row: RowMapping) -> dict[str, object]:
    """What the template of a post may read, and every other one too."""
    return {
        "campaign": Record(stationery.campaign(row["campaign"])),
        "message": Record({"name": row["message"], "channel": channel.name}),
    }


def _hash(parts: Mapping[str, str], options: Mapping[str, object]) -> str:
    """Lengths stand before the texts, so that no two letters that differ are the same bytes."""
    texts = [text for name in sorted(parts) for text in (name, parts[name])]
    texts += [str(text) for name in sorted(options) for text in (name, options[name])]
    pieces = [text.encode("utf-8", "surrogatepass") for text in texts]
    head = " ".join([str(len(parts)), *[str(len(piece)) for piece in pieces]])
    return hashlib.sha256(b"\n".join([head.encode(), *pieces])).hexdigest()
