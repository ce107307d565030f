"""Delivery: from ready rows to a channel, and back to rows."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel
from sqlalchemy import Table, insert, select, update
from tests import databases

from campflow.content.rendering import Library
from campflow.content.tokens import SigningKeys
from campflow.content.unsubscribe import Unsubscribe, verify
from campflow.diagnostics.source import Span
from campflow.engine.channels import Channels
from campflow.engine.delivery import DeliveryReport, Rules, deliver_ready
from campflow.engine.gates import Gates
from campflow.engine.leasing import lease
from campflow.engine.letters import Stationery
from campflow.engine.outbox import take_over
from campflow.errors import ChannelError
from campflow.hooks.contracts import Channel, ChannelContext, ChannelPlugin, Message, Prepared, Receipt, Sender
from campflow.model.expressions import YESNO, Constant
from campflow.model.flow import Campaign
from campflow.model.people import Contact, Event, Field, ValueType
from campflow.storage.tables import tables

pytestmark = pytest.mark.usefixtures("store")

NOW = 1_767_225_600_000  # 2026-01-01 UTC
DAY = 86_400_000
KEYS = SigningKeys("a", {"a": b"secret"})
HERE = Span("people.flow", 1, 1, 1, 2)


def declared(name: str, kind: str) -> Field:
    return Field(name, ValueType(kind), True, None, HERE)  # type: ignore[arg-type]  # the test's kinds are real ones


CONTACT = Contact((declared("email", "email"), declared("first_name", "text"), declared("language", "language")), HERE)
CART = Event("cart", (declared("total", "money"), declared("sku", "text")), None, HERE)

FILES = {
    "hi.post.txt": (
        '---\nsubject: "For {{ first_name }}"\n---\nHi {{ first_name }}, {{ entry.total }}, {{ unsubscribe_url }}'
    ),
    "fr/hi.post.txt": "Salut {{ contact.first_name }} de {{ campaign.name }}{{ campaign.title }}{{ message.name }}",
}

Answer = Callable[["Post", Sequence[Message]], AsyncIterator[Receipt]]


async def accept(post: "Post", messages: Sequence[Message]) -> AsyncIterator[Receipt]:
    for message in messages:
        yield Receipt(message.message_id, "accepted", f"id-{message.message_id}")


class NoSettings(BaseModel):
    pass


@dataclass
class Post:
    """A channel that keeps what it is given and answers as it is told."""

    answer: Answer = accept
    refuses_to_open: int = 0
    opened: int = 0
    closed: int = 0
    windows: list[list[int]] = field(default_factory=list)
    taken: list[Message] = field(default_factory=list)

    async def open(self) -> None:
        if self.refuses_to_open:
            self.refuses_to_open -= 1
            raise ChannelError("nobody at home")
        self.opened += 1

    async def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        self.windows.append([message.message_id for message in messages])
        self.taken += messages
        async for receipt in self.answer(self, messages):
            yield receipt

    async def close(self) -> None:
        self.closed += 1


def row(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """A row in which only these columns matter."""
    needed = [c for c in table.c if not c.nullable and not c.primary_key and c.server_default is None]
    return {c.name: c.type.python_type() for c in needed} | dict(values)


class Office:
    """A small project with a database, contacts and ready messages."""

    def __init__(self, folder: Path, answer: Answer = accept, window: int = 2) -> None:
        for name, text in FILES.items():
            path = folder / "content" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        self.database = databases.installed(tables(CONTACT, (CART,)))
        self.t = self.database.tables
        self.post = Post(answer)
        self.seconds = 0.0
        plugin = ChannelPlugin(
            name="post", address="email", settings=NoSettings, extensions=("txt",), options=frozenset({"subject"}),
            reports=frozenset(), idempotency="none", window=window, prepare=self._prepare, make=self._make,
        )  # fmt: skip
        context = ChannelContext(str(folder), Sender())
        self.channels = Channels({"post": plugin}, {}, context)
        library = Library(folder, {"post": plugin})
        sender = Sender(email="shop@a.example")
        self.stationery = Stationery(CONTACT, (CART,), library, sender, KEYS, "here", ZoneInfo("Europe/Paris"), "EUR")
        with self.database.transaction() as connection:
            connection.execute(insert(self.t.campaign).values(row(self.t.campaign, {"name": "spring"})))
            connection.execute(insert(self.t.stage).values(row(self.t.stage, {"campaign_id": 1})))
            self._send(connection, 1, "hi", "{}")

    @staticmethod
    def _prepare(body: str, extension: str, front_matter: Mapping[str, object]) -> Prepared:
        return Prepared({"text": body}, front_matter)

    def _make(self, settings: BaseModel, context: ChannelContext) -> Channel:
        return self.post

    def _send(self, connection: Any, send_id: int, message: str, options: str) -> None:
        said = {"send_id": send_id, "channel": "post", "message": message, "nth": send_id, "options": options}
        connection.execute(insert(self.t.send).values(row(self.t.send, said | {"campaign_id": 1, "stage_id": 1})))

    def send(self, send_id: int, message: str, options: str = "{}") -> None:
        with self.database.transaction() as connection:
            self._send(connection, send_id, message, options)

    def person(self, number: int, send_id: int = 1, total: int | None = None, **fields: str | None) -> None:
        """A contact with a journey, entered by a cart, and one ready message."""
        values = {"email": f"p{number}@a.example", "first_name": f"P{number}", "language": None} | fields
        ids = {"contact_id": number, "campaign_id": 1, "journey_id": number}
        with self.database.transaction() as connection:
            contact = {"contact_id": number, "contact_key": f"k{number}", "created_at": 0, "draw": number}
            connection.execute(insert(self.t.contact).values(contact | values))
            event = {"contact_id": number, "name": "cart", "at": NOW, "source": "shop", "event_id": str(number)}
            connection.execute(insert(self.t.event).values({**event, "cart$total": total}))
            connection.execute(insert(self.t.journey).values(row(self.t.journey, ids | {"entry_seq": number})))
            message = {"nth": 1, "send_id": send_id, "channel": "post", "state": "planned"}
            message |= {"planned_at": NOW, "release_at": NOW, "expires_at": NOW + DAY}
            connection.execute(insert(self.t.message).values(ids | message))

    def deliver(self, now: int = NOW, stop: Callable[[], bool] = lambda: False, **rules: Any) -> DeliveryReport:
        given = Rules(**({"clock": lambda _: round(self.seconds * 1000)} | rules))
        return asyncio.run(deliver_ready(self.database, self.stationery, self.channels, lambda: now, given, stop))

    def states(self) -> dict[int, str]:
        m = self.t.message.c
        with self.database.reader() as connection:
            return {row.message_id: row.state for row in connection.execute(select(m.message_id, m.state))}

    def row(self, message_id: int) -> Any:
        with self.database.reader() as connection:
            return connection.execute(select(self.t.message).where(self.t.message.c.message_id == message_id)).one()


def test_a_message_is_filled_for_its_person_and_accepted(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.person(1, total=1250, first_name="Zoé")
    assert office.deliver() == DeliveryReport(accepted=1)
    (message,) = office.post.taken
    token = message.unsubscribe_token
    assert message.parts == {"text": f"Hi Zoé, 12.50 EUR, mailto:shop@a.example?subject=unsubscribe%20{token}"}
    assert message.options == {"subject": "For Zoé"}
    assert (message.address, message.contact_key, message.campaign) == ("p1@a.example", "k1", "spring")
    assert verify(KEYS, token) == Unsubscribe(1, "post", 1)
    row = office.row(1)
    assert (row.state, row.provider_id, row.settled_at, len(row.content_hash)) == ("accepted", "id-1", NOW, 64)


def test_each_person_gets_their_language_and_the_statement_s_options(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.send(2, "hi", '{"subject": "{{ first_name }}!"}')
    office.person(1, send_id=2, language="fr-CA")
    office.person(2, language="de")
    office.deliver()
    assert [message.parts["text"][:20] for message in office.post.taken] == [
        "Salut P1 de springhi",
        "Hi P2, , mailto:shop",
    ]
    assert [message.options["subject"] for message in office.post.taken] == ["P1!", "For P2"]
    assert [message.language for message in office.post.taken] == ["fr", None]


def test_a_template_may_name_its_campaign_and_its_owner(tmp_path: Path) -> None:
    office = Office(tmp_path)
    (tmp_path / "content" / "about.post.txt").write_text("{{ campaign.title }} by {{ campaign.owner }}")
    campaign = Campaign(
        "spring", "Spring sale", None, "ada", None, None, Constant(True, YESNO), (), (), (), (), None, None, (), 0,
        None, None, "everyone", (), (), HERE,
    )  # fmt: skip
    library = Library(tmp_path, office.channels.plugins)
    office.stationery = replace(office.stationery, campaigns=(campaign,), library=library)
    office.send(2, "about")
    office.person(1, send_id=2)
    assert office.deliver().accepted == 1
    assert office.post.taken[0].parts == {"text": "Spring sale by ada"}


def test_one_bad_message_is_rejected_and_the_rest_goes_out(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.send(2, "nothing")
    office.person(1, email=None)
    office.person(2, send_id=2)
    office.person(3, first_name="A\r\nBcc: everyone@a.example")
    office.person(4)
    assert office.deliver() == DeliveryReport(accepted=1, rejected=3)
    assert office.states() == {1: "rejected", 2: "rejected", 3: "rejected", 4: "accepted"}
    assert office.row(1).detail == "the contact has no email address"
    assert "there is no file" in office.row(2).detail
    assert "must be one line" in office.row(3).detail
    assert [message.message_id for message in office.post.taken] == [4]


def test_a_message_whose_person_or_campaign_is_gone_is_rejected_and_leased_no_more(tmp_path: Path) -> None:
    office = Office(tmp_path)
    for number in range(1, 4):
        office.person(number)
    with office.database.transaction() as connection:
        m = office.t.message
        connection.execute(update(m).where(m.c.message_id == 1).values(contact_id=99))
        connection.execute(update(m).where(m.c.message_id == 2).values(campaign_id=99))
    assert office.deliver(batch=1) == DeliveryReport(accepted=1, rejected=2)
    assert office.row(1).detail == "the contact is no longer there"
    assert office.row(2).detail == "its campaign is no longer there"


def test_windows_are_no_larger_than_the_channel_says(tmp_path: Path) -> None:
    office = Office(tmp_path, window=2)
    for number in range(1, 8):
        office.person(number)
    office.deliver(batch=5)
    assert office.post.windows == [[1, 2], [3, 4], [5], [6, 7]]


def test_who_left_while_a_window_was_out_gets_nothing(tmp_path: Path) -> None:
    async def leave(post: Post, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        with office.database.transaction() as connection:
            m = office.t.message
            connection.execute(update(m).where(m.c.message_id == 3).values(state="cancelled"))
        async for receipt in accept(post, messages):
            yield receipt

    office = Office(tmp_path, leave)
    for number in range(1, 5):
        office.person(number)
    assert office.deliver() == DeliveryReport(accepted=3)
    assert office.states()[3] == "cancelled"
    assert office.post.windows == [[1, 2], [4]]


def test_who_said_no_while_a_window_was_out_gets_nothing(tmp_path: Path) -> None:
    async def hear(post: Post, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        with office.database.transaction() as connection:
            said = {"contact_id": 3, "channel": "post", "purpose": "", "given": False, "at": NOW}
            connection.execute(insert(office.t.consent).values(said))
        async for receipt in accept(post, messages):
            yield receipt

    office = Office(tmp_path, hear)
    for number in range(1, 5):
        office.person(number)
    gates = Gates(office.t, addresses={"post": "email"})
    assert office.deliver(gates=gates) == DeliveryReport(accepted=3)
    assert (office.row(3).state, office.row(3).detail) == ("skipped", "consent withdrawn")
    assert office.post.windows == [[1, 2], [4]]


def test_a_plugin_that_breaks_off_leaves_its_window_uncertain_and_the_rest_goes_one_by_one(tmp_path: Path) -> None:
    async def breaks(post: Post, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        yield Receipt(messages[0].message_id, "accepted")
        yield Receipt(messages[0].message_id, "rejected")  # a second answer for one message is not heard
        yield Receipt(999, "accepted")  # nor one for somebody else's
        raise ZeroDivisionError("oops")

    office = Office(tmp_path, breaks)
    for number in range(1, 5):
        office.person(number)
    report = office.deliver()
    assert office.states() == {1: "accepted", 2: "uncertain", 3: "accepted", 4: "accepted"}
    assert report == DeliveryReport(accepted=3, uncertain=1)
    assert office.row(2).detail == "the channel failed: ZeroDivisionError: oops"
    assert office.post.windows == [[1, 2], [3], [4]]  # whose fault it was is found one by one


@pytest.mark.parametrize("bad", ["\0", "\ud800"])
def test_words_that_no_database_takes_undo_nothing(tmp_path: Path, bad: str) -> None:
    """What was accepted stays so, though the server says rubbish of it or of another."""

    async def rubbish(post: Post, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        yield Receipt(messages[0].message_id, "accepted", f"id{bad}", f"250 {bad}")
        yield Receipt(messages[1].message_id, "rejected", detail=f"550 {bad}")
        yield Receipt(messages[2].message_id, "retry", detail=f"451 {bad}")
        yield Receipt(messages[3].message_id, "accepted", "id-4")
        raise ChannelError(f"421 {bad}")

    office = Office(tmp_path, rubbish, window=4)
    for number in range(1, 5):
        office.person(number)
    office.deliver()
    assert office.states() == {1: "accepted", 2: "rejected", 3: "ready", 4: "accepted"}
    assert (office.row(1).provider_id, office.row(2).detail) == ("id\ufffd", "550 \ufffd")


def test_a_message_without_an_answer_is_uncertain(tmp_path: Path) -> None:
    async def silent(post: Post, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        yield Receipt(messages[-1].message_id, "accepted")

    office = Office(tmp_path, silent)
    office.person(1)
    office.person(2)
    assert office.deliver() == DeliveryReport(accepted=1, uncertain=1)
    assert office.states() == {1: "uncertain", 2: "accepted"}


def test_a_provider_that_is_down_costs_one_window_and_is_asked_again_after_a_pause(tmp_path: Path) -> None:
    async def down(post: Post, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        for message in messages:
            yield Receipt(message.message_id, "retry", detail="connection refused")
        raise ChannelError("cannot reach the post")

    office = Office(tmp_path, down)
    for number in range(1, 6):
        office.person(number)
    report = office.deliver()
    assert (report.retried, report.failures) == (2, {"post": "cannot reach the post"})
    assert [office.row(number).attempts for number in range(1, 6)] == [1, 1, 0, 0, 0]
    office.post.answer = accept
    assert office.deliver().failures == {"post": "cannot reach the post"}  # it pauses
    office.seconds += 2
    assert office.deliver(NOW + 3_600_000) == DeliveryReport(accepted=5)
    assert office.post.opened == 2


def test_a_channel_that_cannot_be_opened_touches_no_message(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.post.refuses_to_open = 1
    office.person(1)
    assert office.deliver().failures == {"post": "nobody at home"}
    assert (office.row(1).state, office.row(1).attempts) == ("planned", 0)
    office.seconds += 2
    assert office.deliver().accepted == 1


def test_a_channel_without_messages_is_not_opened(tmp_path: Path) -> None:
    office = Office(tmp_path)
    assert office.deliver() == DeliveryReport()
    assert office.post.opened == 0


def test_stopping_finishes_the_window_at_hand_and_frees_the_rest(tmp_path: Path) -> None:
    office = Office(tmp_path)
    for number in range(1, 6):
        office.person(number)
    assert office.deliver(stop=lambda: bool(office.post.windows)).accepted == 2
    assert sorted(office.states().values()) == ["accepted", "accepted", "ready", "ready", "ready"]
    assert office.deliver().accepted == 3


def test_a_pass_that_is_cancelled_writes_down_what_it_knows(tmp_path: Path) -> None:
    async def hangs(post: Post, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        yield Receipt(messages[0].message_id, "accepted")
        reached.set()
        await asyncio.Event().wait()

    async def cancelled() -> None:
        rules = Rules()
        task = asyncio.create_task(
            deliver_ready(office.database, office.stationery, office.channels, lambda: NOW, rules)
        )
        await reached.wait()
        task.cancel()
        await task

    reached = asyncio.Event()
    office = Office(tmp_path, hangs)
    for number in range(1, 4):
        office.person(number)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    assert office.states() == {1: "accepted", 2: "uncertain", 3: "ready"}


def test_a_slow_provider_keeps_its_lease(tmp_path: Path) -> None:
    """The answer takes longer than the lease: it is renewed meanwhile, and nobody can take the batch over."""

    async def slow(post: Post, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        renewed = 0
        until = leased_until()
        while renewed < 3:
            await asyncio.sleep(0)
            renewed, until = renewed + (leased_until() != until), leased_until()
        assert take_over(office.database, {}, NOW).batches == 0
        async for receipt in accept(post, messages):
            yield receipt

    def leased_until() -> int:
        with office.database.reader() as connection:
            return int(connection.scalar(select(office.t.batch.c.leased_until)) or 0)

    office = Office(tmp_path, slow)
    office.person(1)
    assert office.deliver(lease=0.2) == DeliveryReport(accepted=1)


def test_who_was_fenced_off_meanwhile_writes_nothing(tmp_path: Path) -> None:
    async def overtaken(post: Post, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        with office.database.transaction() as connection:
            connection.execute(update(office.t.batch).values(leased_until=0))
        take_over(office.database, {}, NOW)
        async for receipt in accept(post, messages):
            yield receipt

    office = Office(tmp_path, overtaken)
    office.person(1)
    assert office.deliver() == DeliveryReport()
    assert office.states() == {1: "uncertain"}


def test_messages_left_by_a_dead_process_go_out_or_are_uncertain(tmp_path: Path) -> None:
    office = Office(tmp_path)
    for number in range(1, 4):
        office.person(number)
    lease(office.database, "post", "gone", 10, 0, NOW)
    with office.database.transaction() as connection:
        connection.execute(update(office.t.batch).values(handed_to=1))
    assert office.deliver() == DeliveryReport(accepted=2, uncertain=1)
    assert office.states() == {1: "uncertain", 2: "accepted", 3: "accepted"}


def test_the_key_of_a_message_is_the_same_at_each_attempt_and_in_no_other_project(tmp_path: Path) -> None:
    async def later(post: Post, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        for message in messages:
            yield Receipt(message.message_id, "retry", retry_after=1)

    office = Office(tmp_path, later)
    office.person(1)
    office.person(2)
    office.deliver()
    office.seconds += 2
    office.deliver(NOW + 2_000)
    other = Office(tmp_path)
    other.stationery = replace(other.stationery, installation="there")
    other.person(1)
    other.deliver()
    keys = [message.key for message in office.post.taken]
    assert keys[:2] == [*keys[2:], keys[1]]  # the first is tried alone
    assert len({*keys, other.post.taken[0].key}) == 3


def test_sent_is_an_event_where_a_campaign_listens(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.person(1)
    office.deliver(NOW + 7, listens={"sent"})
    with office.database.reader() as connection:
        e = office.t.event.c
        rows = list(
            connection.execute(select(e.contact_id, e.name, e.about, e.at, e.message_id).where(e.name == "sent"))
        )
    assert rows == [(1, "sent", "hi", NOW + 7, 1)]


def test_what_a_refusal_tells_of_a_person_is_recorded_with_it(tmp_path: Path) -> None:
    async def refuse(post: Post, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        told = {1: "bounced", 2: "unsubscribed", 3: "no such reaction", 4: None}
        for message in messages:
            id = message.message_id
            yield Receipt(id, "rejected", detail="no", reaction=told[id])

    office = Office(tmp_path, refuse)
    for number in range(1, 5):
        office.person(number)
    assert office.deliver(NOW + 7) == DeliveryReport(rejected=4)
    e, s, c = office.t.event.c, office.t.suppression.c, office.t.consent.c
    with office.database.reader() as connection:
        events = list(connection.execute(select(e.contact_id, e.name, e.about, e.message_id).where(e.name != "cart")))
        suppressed = list(connection.execute(select(s.contact_id, s.channel, s.address, s.reason)))
        withdrawn = list(connection.execute(select(c.contact_id, c.channel, c.given)))
    assert events == [(1, "bounced", "hi", 1), (2, "unsubscribed", "hi", 2)]
    assert suppressed == [(1, "post", "p1@a.example", "bounced")]
    assert withdrawn == [(2, "post", False)]
