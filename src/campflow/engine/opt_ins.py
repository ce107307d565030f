"""Double opt-in: a form is kept until somebody who reads the mailbox it names says that it was them.

What was typed goes into no mail: whoever types a stranger's address could write to them through us. The mail is sent
at least once: after a crash it may come twice, and both links do the same.
"""

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, exists, func, insert, or_, select, update

from campflow.content.keys import stable_key
from campflow.content.page_tokens import sign_confirmation
from campflow.content.record import Record
from campflow.content.values import instant
from campflow.engine.channels import Channels
from campflow.engine.letters import Stationery
from campflow.engine.submissions import Agreed, Intake, Submission
from campflow.engine.trouble import reason
from campflow.engine.weather import UNLIMITED, Limits, Weather
from campflow.errors import ChannelError, ContentError
from campflow.hooks.contracts import ChannelPlugin, Message, Receipt
from campflow.model.times import iso
from campflow.people.fields import read_field
from campflow.storage.database import Database, database_now
from campflow.storage.tables import Tables, contact_column
from campflow.storage.words import storable
from campflow.storage.writers import HOLDER, TELLER

_HOUR, _DAY = 3_600_000, 86_400_000

#: Milliseconds for which the link in the mail is good, and after which a form that nobody confirmed is deleted.
GOOD_FOR, KEPT_FOR = 3 * _DAY, 7 * _DAY

#: Mails that ask: to one address in a day, and because of one network in an hour.
TO_ADDRESS, FROM_NETWORK = 3, 20

#: Mails that one pass hands over, seconds that they are leased for, and times that one is tried.
_BATCH, _LEASE, _ATTEMPTS = 50, 60, 5

#: Bytes of the HMAC by which networks are counted.
_NETWORK = 12


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What came of a press on the button: on which page and in which language the form was; `what` is what was done,
    "known" where that was before."""

    page: str
    language: str
    what: str


@dataclass(frozen=True, slots=True)
class Held:
    """A form that waits: `said` is what was typed, by field."""

    page: str
    language: str
    said: Mapping[str, object]
    is_confirmed: bool


@dataclass(frozen=True, slots=True)
class OptIns:
    """`channels` are the plugins, by name."""

    database: Database
    stationery: Stationery
    channels: Mapping[str, ChannelPlugin]
    intake: Intake

    def hold(self, submission: Submission, message: str, language: str, network: str, now: int) -> str:
        """Keep a form and have the mailbox asked, unless that happens too often or nothing may go there.

        Says what becomes of the mail, for the log: whoever sent the form is told nothing of it.
        """
        o = self.database.tables.opt_in
        field = self.stationery.contact.field("email")
        channel = next((name for name, each in self.channels.items() if each.address == "email"), None)
        if field is None or channel is None or "email" not in submission.cells:
            return "no channel"
        address = str(read_field(field, submission.cells["email"], self.intake.conventions))
        digest = hmac.digest(self.stationery.installation.encode(), f"network.{network}".encode(), "sha256")
        marked = digest[:_NETWORK].hex()
        with self.database.transaction(TELLER) as connection:
            connection.execute(delete(o).where(o.c.asked_at < now - KEPT_FOR, o.c.state != "confirmed"))
            if self._count(connection, o.c.visit == submission.visit, o.c.address == address):
                return "asked before"
            recent = (o.c.address == address, o.c.asked_at > now - _DAY)
            if self._count(connection, *recent) >= TO_ADDRESS:
                return "withheld: too many to this address"
            if self._count(connection, o.c.network == marked, o.c.asked_at > now - _HOUR) >= FROM_NETWORK:
                return "withheld: too many from this network"
            if _is_suppressed(connection, self.database.tables, channel, address):
                return "withheld: nothing goes to this address"
            connection.execute(
                insert(o).values(
                    address=address, network=marked, page=submission.page, language=language, visit=submission.visit,
                    submission=_packed(submission), channel=channel, message=message, state="asked", asked_at=now,
                    expires_at=now + GOOD_FOR, attempts=0,
                )
            )  # fmt: skip
        return "asked"

    def held(self, opt_in_id: int) -> Held | None:
        """What waits under this number; None where nothing does any more."""
        with self.database.reader() as connection:
            row = self._row(connection, opt_in_id)
        if row is None:
            return None
        said = json.loads(row["submission"])["cells"] if row["submission"] else {}
        return Held(row["page"], row["language"], said, row["state"] == "confirmed")

    def confirm(self, opt_in_id: int, now: int) -> Confirmed | None:
        """Somebody who reads the mailbox has pressed the button. None where it is too late. Raises BadCell."""
        o = self.database.tables.opt_in
        with self.database.transaction(TELLER) as connection:
            row = self._row(connection, opt_in_id)
            if row is None:
                return None
            if row["state"] == "confirmed":
                return Confirmed(row["page"], row["language"], "known")
            if now >= row["expires_at"]:
                return None
            proof = f"asked {iso(row['asked_at'])} by mail to {row['address']}, confirmed there {iso(now)}"
            what = self.intake.take_in(connection, _unpacked(row["submission"], proof), now)
            done = {"state": "confirmed", "settled_at": now, "submission": "", "address": "", "network": ""}
            connection.execute(update(o).where(o.c.opt_in_id == opt_in_id).values(done))
        return Confirmed(row["page"], row["language"], what)

    def _row(self, connection: Connection, opt_in_id: int) -> RowMapping | None:
        o = self.database.tables.opt_in
        return connection.execute(select(o).where(o.c.opt_in_id == opt_in_id)).mappings().first()

    def _count(self, connection: Connection, *where: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(self.database.tables.opt_in).where(*where)
        return connection.scalar(query) or 0


def _is_suppressed(connection: Connection, tables: Tables, channel: str, address: str) -> bool:
    """Whether somebody with this address complained, or it does not exist: then nobody is asked there."""
    s, c = tables.suppression.c, tables.contact.c
    mine = select(c.contact_id).where(c[contact_column("email")] == address)
    held = exists().where(
        s.contact_id.in_(mine),
        s.channel.in_(["", channel]),
        s.lifted_at.is_(None),
        or_(s.address == "", func.lower(s.address) == address.lower()),
    )
    return bool(connection.scalar(select(held)))


def _packed(submission: Submission) -> str:
    agreed = submission.agreed
    return json.dumps({
        "page": submission.page, "cells": dict(submission.cells), "visit": submission.visit,
        "version": submission.version, "variant": submission.variant,
        "agreed": [agreed.purpose, agreed.wording] if agreed else None,
    })  # fmt: skip


def _unpacked(text: str, proof: str) -> Submission:
    said = json.loads(text)
    agreed = Agreed(*said.pop("agreed")) if said["agreed"] else said.pop("agreed")
    return Submission(**said, agreed=agreed, proof=proof)


# --- the mail that asks ------------------------------------------------------------------------------------------


def are_waiting(connection: Connection, tables: Tables, channel: str, now: int) -> bool:
    return connection.execute(_waiting(tables, channel, now).limit(1)).first() is not None


def _waiting(tables: Tables, channel: str, now: int) -> Any:
    o = tables.opt_in.c
    due = or_(o.retry_at.is_(None), o.retry_at <= now)
    return select(tables.opt_in).where(o.state == "asked", o.channel == channel, due).order_by(o.opt_in_id)


async def ask(
    database: Database,
    stationery: Stationery,
    channels: Channels,
    now: Callable[[], int],
    limits: Mapping[str, Limits],
    only: str | None = None,
) -> int:
    """Send the mails that ask, those of the channel `only` where one is named. Returns how many were accepted."""
    accepted = 0
    for name, plugin in channels.plugins.items():
        if plugin.address != "email" or only not in (None, name):
            continue
        with database.reader() as connection:
            if not are_waiting(connection, database.tables, name, now()):
                continue
        weather = Weather(database, name, limits.get(name, UNLIMITED))
        sky = weather.look()
        if sky.reason is None and not sky.waits:
            accepted += await _Asking(database, stationery, channels, plugin, weather).run(now())
            if sky.trying:
                weather.worked()
    return accepted


@dataclass(frozen=True, slots=True)
class _Asking:
    database: Database
    stationery: Stationery
    channels: Channels
    plugin: ChannelPlugin
    weather: Weather

    async def run(self, now: int) -> int:
        rows = self._lease(now)
        letters: list[Message] = []
        for row in rows:
            try:
                letters.append(self._letter(row))
            except ContentError as error:
                self._settle(row, {"state": "failed", "settled_at": now, "detail": storable(str(error)[:500])})
        said: dict[int, Receipt] = {}
        trouble = "the channel gave no answer"
        try:
            channel = await self.channels.open(self.plugin.name, anyway=True)
            if letters:
                async for receipt in channel.deliver(letters):
                    said[receipt.message_id] = receipt
        except ChannelError as error:
            trouble = str(error)
            self.weather.failed(trouble, error.retry_after)
        # A plugin is not ours: whatever it raises is written beside those that it did not answer for.
        except Exception as error:
            trouble = reason(error)
        by_id = {row["opt_in_id"]: row for row in rows}
        for letter in letters:
            receipt = said.get(letter.message_id) or Receipt(letter.message_id, "retry", detail=trouble)
            self._settle(by_id[letter.message_id], _fate(receipt, by_id[letter.message_id]["attempts"] + 1, now))
        return sum(each.outcome == "accepted" for each in said.values())

    def _lease(self, now: int) -> Sequence[RowMapping]:
        """Some that nobody else has, as many as the rate lets go."""
        o = self.database.tables.opt_in
        granted, _ = self.weather.take(_BATCH)
        if not granted:
            return []
        with self.database.transaction(HOLDER) as connection:
            clock = database_now(connection)
            free = or_(o.c.leased_until.is_(None), o.c.leased_until <= clock)
            query = _waiting(self.database.tables, self.plugin.name, now).where(free).limit(granted)
            rows: Sequence[RowMapping] = connection.execute(query.with_for_update(skip_locked=True)).mappings().all()
            mine = o.c.opt_in_id.in_([row["opt_in_id"] for row in rows])
            tried = {"leased_until": clock + _LEASE * 1000, "attempts": o.c.attempts + 1}
            connection.execute(update(o).where(mine).values(tried))
        return rows

    def _letter(self, row: RowMapping) -> Message:
        """Raises ContentError."""
        stationery, id = self.stationery, row["opt_in_id"]
        if not stationery.base_url:
            raise ContentError('nobody can confirm anything: set `[web] base_url`, as in "https://go.acme.example"')
        token = sign_confirmation(stationery.keys, id, row["expires_at"])
        values = {
            "language": row["language"],
            "confirm_url": f"{stationery.base_url}/confirm/{token}",
            "page": Record({"name": row["page"], "title": self._title(row)}),
        }
        filled = stationery.library.render(self.plugin.name, row["message"], row["language"], values, {})
        return Message(
            message_id=id,
            key=stable_key(stationery.installation, f"opt_in.{id}"),
            channel=self.plugin.name,
            name=row["message"],
            campaign="",
            contact_key="",
            address=row["address"],
            language=filled.language,
            parts=filled.parts,
            options=filled.options,
            planned_at=instant(row["asked_at"]),
            unsubscribe_token="",
        )

    def _title(self, row: RowMapping) -> str:
        pages = self.stationery.pages
        known = pages is not None and row["page"] in pages.names
        return pages.page(row["page"], (row["language"],)).words.title if pages is not None and known else ""

    def _settle(self, row: RowMapping, fate: Mapping[str, object]) -> None:
        """Write it down, unless somebody else has it by now, or it was confirmed meanwhile."""
        o = self.database.tables.opt_in
        mine = (o.c.opt_in_id == row["opt_in_id"], o.c.attempts == row["attempts"] + 1, o.c.state == "asked")
        with self.database.transaction(HOLDER) as connection:
            connection.execute(update(o).where(*mine).values({"leased_until": None, **fate}))


def _fate(receipt: Receipt, attempts: int, now: int) -> dict[str, object]:
    if receipt.outcome in ("accepted", "uncertain"):
        return {"state": "mailed", "settled_at": now, "detail": storable(receipt.detail[:500]) or None}
    if receipt.outcome == "retry" and attempts < _ATTEMPTS:
        pause = max(receipt.retry_after or 0.0, 30.0 * 2**attempts)
        return {"retry_at": now + round(pause * 1000), "detail": storable(receipt.detail[:500])}
    return {"state": "failed", "settled_at": now, "detail": storable(receipt.detail[:500])}
