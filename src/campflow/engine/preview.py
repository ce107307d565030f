"""One message as one person would get it, for who writes it: shown, or sent to an address of one's own.

Nothing is written down: no journey, no message, no figure. The stationery is signed with a secret that is forgotten
at once, so a link in a preview or a test unsubscribes nobody, and what comes back of it is nobody's reaction.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from random import Random
from typing import Any, cast

from sqlalchemy import Connection, RowMapping, select

from campflow.engine.channels import Channels
from campflow.engine.letters import Letter, Stationery, entry_columns, write_letter
from campflow.engine.made_up import Maker
from campflow.errors import ContentError
from campflow.hooks.contracts import ChannelPlugin, Message, Receipt
from campflow.model.expressions import Constant
from campflow.model.flow import Campaign, Send
from campflow.storage.tables import NOBODY, Tables, contact_column

#: What a test says of itself, before its subject; before its text where it has no subject.
MARK = "[Test] "

#: Of the ids that tests have: too large for a message that was planned.
_FIRST_ID = 2**50


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which message. `campaign` is None where nobody sends it; `options` are those of its `send`.

    `language` is instead of the person's.
    """

    message: str
    campaign: Campaign | None
    options: Mapping[str, object]
    language: str | None = None


def wanted(campaigns: Sequence[Campaign], channel: str, message: str, campaign: str | None) -> Wanted:
    """The message with the first `send` of it: of this campaign, else of any."""
    for each in campaigns:
        if campaign in (None, each.name):
            for stage in each.stages:
                for action in stage.all_actions():
                    if isinstance(action, Send) and (action.channel, action.message) == (channel, message):
                        return Wanted(message, each, _constants(action))
    return Wanted(message, next((each for each in campaigns if each.name == campaign), None), {})


def _constants(send: Send) -> dict[str, object]:
    return {each.name: each.value.value for each in send.options if isinstance(each.value, Constant)}


def made_up_person(stationery: Stationery, now: int) -> dict[str, object]:
    """What a query would read of a person who does not exist, and of an event that began a journey."""
    maker, chance = Maker(now, stationery.zone.key, stationery.currency), Random(11)  # noqa: S311 -- plausible, not secret
    person = maker.person(1, stationery.contact, {}, chance)
    entry = stationery.events[0] if stationery.events else None
    said = maker.fields(entry.fields, {}, chance) if entry else {}
    return {
        "contact_id": -1,
        "contact_key": "made-up",
        "entry_name": entry.name if entry else None,
        **{f"contact.{name}": value for name, value in person.items()},
        **{f"entry.{entry.name}.{name}": value for name, value in said.items() if entry},
    }


def known_person(connection: Connection, tables: Tables, stationery: Stationery, contact_id: int) -> dict[str, object]:
    """The same of a person who does, with the event that began their latest journey."""
    c, j, entry = tables.contact, tables.journey, tables.event.alias("entry")
    query = (
        select(
            c.c.contact_id, c.c.contact_key, entry.c.name.label("entry_name"),
            *(c.c[contact_column(each.name)].label(f"contact.{each.name}") for each in stationery.contact.fields),
            *entry_columns(entry, stationery),
        )
        .select_from(c)
        .outerjoin(j, j.c.contact_id == c.c.contact_id)
        .outerjoin(entry, entry.c.seq == j.c.entry_seq)
        .where(c.c.contact_id == contact_id)
        .order_by(j.c.journey_id.desc())
        .limit(1)
    )  # fmt: skip
    return dict(connection.execute(query).mappings().one())


def write(
    stationery: Stationery, plugin: ChannelPlugin, person: Mapping[str, object], what: Wanted, now: int
) -> Message:
    """The message, filled. Raises ContentError where this person would get none, with the reason."""
    row: dict[str, Any] = {
        **person,
        "message_id": _FIRST_ID + secrets.randbelow(2**50),
        "message": what.message,
        "campaign": what.campaign.name if what.campaign else "preview",
        "options": json.dumps(what.options),
        "planned_at": now,
    }
    if plugin.posts:
        row["contact_id"] = NOBODY
    written = write_letter(stationery, plugin, cast(RowMapping, row), what.language)
    if not isinstance(written, Letter):
        raise ContentError(written.reason)
    return written.message


def marked(message: Message, address: str) -> Message:
    """The same message as a test, for this address."""
    parts, options = dict(message.parts), dict(message.options)
    if "subject" in options:
        options["subject"] = f"{MARK}{options['subject']}"
    elif "text" in parts:
        parts["text"] = MARK + parts["text"]
    return replace(message, parts=parts, options=options, address=address, contact_key="test")


async def send_now(channels: Channels, message: Message) -> Receipt:
    """Hand it over, and nothing else. Raises ChannelError where the channel cannot be opened, or breaks off."""
    channel = await channels.open(message.channel)
    async with aclosing(cast(Any, channel.deliver([message]))) as receipts:
        async for receipt in receipts:
            if receipt.message_id == message.message_id:
                return cast(Receipt, receipt)
    return Receipt(message.message_id, "uncertain", detail="the channel gave no answer")
