"""The story of docs/explanation/from-text-to-rows.md, really run: one person, one sign-up, three days of silence."""

import asyncio
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from tests.docs.pages import DOCS
from tests.docs.rooms import CHANNELS, Example

from campflow.content.rendering import Library
from campflow.content.tokens import SigningKeys
from campflow.engine.advance import advance
from campflow.engine.channels import Channels
from campflow.engine.delivery import deliver_ready
from campflow.engine.deploy import deploy
from campflow.engine.letters import Stationery
from campflow.engine.outbox import release
from campflow.hooks.contracts import ChannelContext, Sender
from campflow.model.times import parse_time, shown
from campflow.people.importing import import_events, import_people
from campflow.people.sources import CSV
from campflow.storage.database import Database
from campflow.storage.schema import install

PROJECT = DOCS / "explanation" / "hello"

PEOPLE = b"email,first_name\nada@acme.example,Ada\n"
SIGNUPS = b"id,contact,at\n1,ada@acme.example,2026-03-02T08:15\n"
DEPLOYED, FIRST_TICK, LAST_TICK = "2026-03-02 08:00", "2026-03-02 08:20", "2026-03-05 09:00"

#: Columns that hold instants.
_INSTANTS = re.compile(r"at|since|\w+_at")


def instant(text: str) -> int:
    return parse_time(text, "UTC")


class Played:
    """The rows when the story has ended, and the mail that went out."""

    def __init__(self, example: Example) -> None:
        self.example = example
        self.database = Database("sqlite://", example.tables)
        self._play()

    def _play(self) -> None:
        database, program = self.database, self.example.program
        install(database)
        assert self.example.checked.flow is not None
        flow = self.example.checked.flow.flow
        common = {"source": CSV.source, "currency": None, "zone": "UTC"}
        people = {**common, "lines": PEOPLE.splitlines(True), "now": instant(DEPLOYED)}
        import_people(database, flow.contact, **people)  # type: ignore[arg-type]  # one dict for two calls
        sources = {self.example.path: self.example.text}
        deployment = deploy(database, program, sources=sources, author="you", now=instant(DEPLOYED))
        signups = {**common, "lines": SIGNUPS.splitlines(True), "now": instant(FIRST_TICK), "event": "signup"}
        import_events(database, flow.contact, flow.events, addresses={}, **signups)  # type: ignore[arg-type]  # as above
        for now in map(instant, (FIRST_TICK, LAST_TICK)):
            advance(database, program, deployment, now)
            with database.transaction() as connection:
                release(connection, database.tables, now)
            if now == instant(FIRST_TICK):
                self._mail = self._delivered(now)

    def _delivered(self, now: int) -> str:
        """Hand over what is ready, into a Maildir; the one mail in it."""
        assert self.example.checked.flow is not None
        flow, sender = self.example.checked.flow.flow, Sender("Acme", "hello@acme.example")
        keys = SigningKeys("1", {"1": b"the secret of this page"})
        library = Library(PROJECT, CHANNELS)
        stationery = Stationery(flow.contact, flow.events, library, sender, keys, "this page", ZoneInfo("UTC"))
        with TemporaryDirectory() as folder:

            async def deliver() -> None:
                async with Channels(CHANNELS, {}, ChannelContext(folder, sender)) as channels:
                    await deliver_ready(self.database, stationery, channels, lambda: now)

            asyncio.run(deliver())
            (mail,) = Path(folder, "mail", "new").iterdir()
            return re.sub(r"(?m)^Date: .*$", "Date: Mon, 02 Mar 2026 08:20:00 +0000", mail.read_text("utf-8"))

    def mail(self) -> str:
        return self._mail

    def rows(self, query: str) -> str:
        """The answer to a query as a table of texts, instants as times in UTC."""
        with self.database.reader() as connection:
            result = connection.exec_driver_sql(query)
            names = list(result.keys())
            table = [names, *([_text(name, value) for name, value in zip(names, row, strict=True)] for row in result)]
        widths = [max(len(row[column]) for row in table) for column in range(len(names))]
        return "".join("  ".join(map(str.ljust, row, widths)).rstrip() + "\n" for row in table)


def _text(name: str, value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, int) and _INSTANTS.fullmatch(name):
        return shown(value, "UTC")
    return str(value)
