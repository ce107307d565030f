"""A bench whose mail goes out: a channel that takes what it is given, and keeps a list of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random

from sqlalchemy import select
from tests.engine.workbench import Bench, instant, shown

from campflow.engine.fates import RETRY, Outcome
from campflow.engine.gates import Gates
from campflow.engine.leasing import lease
from campflow.engine.outbox import Clerk, members, release
from campflow.hooks.contracts import Receipt


@dataclass
class Mailroom(Bench):
    """`taken` are (contact key, message, when); `answers` says what the provider makes of a message."""

    taken: list[tuple[str, str, str]] = field(default_factory=list)
    clock: int = instant("2026-03-01")
    answers: Callable[[int], Receipt] = lambda message_id: Receipt(message_id, "accepted")

    def look(self, *moments: str | int, size: int = 1_000) -> None:
        """At each moment what a daemon does: advance, release, hand over."""
        for moment in moments:
            now = instant(moment) if isinstance(moment, str) else moment
            self.clock = now
            self.tick(now)
            self.send(now, size)

    def every(self, hours: int, first: str, last: str) -> None:
        self.look(*range(instant(first), instant(last) + 1, hours * 3_600_000))

    @property
    def gates(self) -> Gates:
        return Gates(self.database.tables, self.program, self.deployment)

    def send(self, now: int, size: int = 1_000) -> None:
        gates, channels = self.gates, ("mail", "sms", "wall")
        with self.database.transaction() as connection:
            release(connection, self.database.tables, now, (), gates)
        for channel in channels:
            while batch := lease(self.database, channel, "test", size, 60, now, (), gates):
                with self.database.reader() as connection:
                    m = self.database.tables.message.c
                    window = sorted(
                        connection.scalars(select(m.message_id).where(members(self.database.tables, batch)))
                    )
                clerk = Clerk(self.database, batch, RETRY, Random(0), gates=gates)
                going = sorted(clerk.hand_over(window, Outcome(), now))
                receipts = [self.answers(each) for each in going]
                clerk.close(Outcome(receipts), now)
                self._keep((each.message_id for each in receipts if each.outcome == "accepted"), now)

    def _keep(self, ids: Iterable[int], now: int) -> None:
        t = self.database.tables
        names = (
            select(t.contact.c.contact_key, t.send.c.message)
            .outerjoin_from(t.message, t.contact, t.contact.c.contact_id == t.message.c.contact_id)
            .join(t.send, t.send.c.send_id == t.message.c.send_id)
        )
        with self.database.reader() as connection:
            for each in ids:
                key, message = connection.execute(names.where(t.message.c.message_id == each)).one()
                self.taken.append((key or "everybody", message, shown(now) or ""))

    def join(self, *people: str, at: str = "2026-03-02 10:00", event: str = "signup") -> None:
        """People with an address who do this."""
        self.people("key,email\n" + "\n".join(f"{who},{who}@x.example" for who in people))
        self.happened(*((who, event, at) for who in people))

    def happened(self, *rows: tuple[str, str, str]) -> None:
        """(contact key, event and what it is about, when); what lies ahead of the last look is known beforehand."""
        for key, event, at in rows:
            name, _, about = event.partition(" ")
            self.events(f"key,event,at,about\n{key},{name},{at},{about}", now=self.clock)


PEOPLE = """
contact {
  email     email
  plan      text = "trial"
  timezone  timezone?
}
event signup
event purchase {
  amount  money
}
event cart_updated {
  cart_id  text
}
event checkout {
  cart_id  text
}
event never
"""


def campaign(stages: str, clauses: str = "", enter: str = "on signup", name: str = "tale") -> str:
    return f"""
campaign {name} {{
  audience  email is set
  enter     {enter}
  {clauses}
  {stages}
}}
"""


def mailroom(*campaigns: str, zone: str = "UTC", url: str = "", people: str = PEOPLE) -> Mailroom:
    """A project of these campaigns, in force since 1 March; its messages are hello, bye and news."""
    text = people + "".join(campaigns)
    made = Mailroom(text, ["hello", "bye", "news"], zone=zone, url=url)
    made.deploy("2026-03-01")
    return made
