"""Providers in every weather: a real HTTP server that refuses, lies, drips and falls silent."""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from email.utils import format_datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select, update
from tests.engine.test_outbox_delivery import DAY, NOW, Office
from tests.provider import Asked, Provider, Script, answer, drip, hang_up, run, silence

from campflow.engine.channels import Channels
from campflow.engine.delivery import DeliveryReport, Rules, deliver_ready
from campflow.engine.fates import Retry
from campflow.engine.leasing import lease
from campflow.engine.second_chances import retry_messages
from campflow.engine.weather import Limits, Weather
from campflow.errors import ChannelError
from campflow.hooks.contracts import ChannelContext, Doubt, Message, Receipt, Sender
from campflow.http import HttpClient, NoAnswer, NotSent, Reply, fate
from campflow.people.happenings import Happening, write_events

pytestmark = pytest.mark.usefixtures("store")

OK = answer(200, '{"id": "m"}')


class HttpPost:
    """A channel as one is written for an HTTP provider: a request a message."""

    def __init__(self, office: "Weathered") -> None:
        self.office = office

    async def open(self) -> None:
        self.client = HttpClient(self.office.provider.url, timeout=20.0)

    async def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        for at, message in enumerate(messages):
            try:
                reply = await self.client.send("POST", "/", json={"to": message.address, "key": message.key})
                told = fate(reply)
                if told.outcome == "accepted":
                    reply.json_object()
            except NotSent as error:
                for left in messages[at:]:
                    yield Receipt(left.message_id, "retry", detail=str(error))
                raise ChannelError(str(error)) from error
            except NoAnswer as error:
                yield Receipt(message.message_id, "uncertain", detail=str(error))
                continue
            yield Receipt(message.message_id, told.outcome, detail=told.detail, retry_after=told.retry_after)

    async def lookup(self, doubts: Sequence[Doubt]) -> AsyncIterator[Receipt]:
        for doubt in doubts:
            reply = await self.client.send("GET", f"/{doubt.key}")
            found = {200: "accepted", 404: "retry"}.get(reply.status, "uncertain")
            yield Receipt(doubt.message_id, found)  # type: ignore[arg-type]  # one of the outcomes

    async def close(self) -> None:
        await self.client.close()


class Weathered(Office):
    """The office, its channel over HTTP to a provider with a script, and a daemon that looks every second."""

    def __init__(self, folder: Path, *scripts: Script, people: int = 3, window: int = 2, **plugin: Any) -> None:
        super().__init__(folder, window=window)
        self.provider = Provider(scripts or (OK,))
        self.chance = Random(1)
        made = replace(self.channels.plugins["post"], make=lambda settings, context: HttpPost(self), **plugin)
        self.channels = Channels({"post": made}, {}, ChannelContext(str(folder), Sender()))
        for number in range(1, people + 1):
            self.person(number)
        with self.database.transaction() as connection:
            connection.execute(update(self.t.message).values(expires_at=NOW + 10 * DAY))

    @property
    def now(self) -> int:
        return NOW + round(self.seconds * 1000)

    def looks(self, count: int, each: float = 1.0, **rules: Any) -> list[DeliveryReport]:
        """So many looks of a daemon, with so many seconds between them."""
        own: dict[str, Any] = {"clock": lambda _: round(self.seconds * 1000), "chance": self.chance}
        given = Rules(**(own | rules))

        async def work() -> list[DeliveryReport]:
            reports = []
            async with self.provider.serving(), self.channels:
                for _ in range(count):
                    reports.append(
                        await deliver_ready(self.database, self.stationery, self.channels, lambda: self.now, given)
                    )
                    self.seconds += each
            return reports

        return run(work())

    @property
    def calls(self) -> int:
        return len(self.provider.asked)

    def keys_taken(self) -> list[str]:
        return [json.loads(each.body)["key"] for each in self.provider.asked if each.body]


# --- left alone -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "least"), [("120", 120), ("-5", 1), ("0", 1), ("99999999999", 86_400), ("later", 1)]
)
def test_a_provider_that_asks_to_be_left_alone_is(tmp_path: Path, header: str, least: int) -> None:
    office = Weathered(tmp_path, answer(429, "slow down", retry_after=header), people=2, window=1)
    office.looks(1)
    weather = Weather(office.database, "post", clock=lambda _: round(office.seconds * 1000))
    office.seconds = least - 0.5
    if least > 1:
        assert "slow down" in (weather.look().reason or "")
        assert office.looks(1, 0)[0].failures
        assert office.calls == 1
    office.seconds = least + 60
    office.provider.scripts = (OK,)
    office.looks(1)
    assert office.states() == {1: "accepted", 2: "accepted"}
    # Where it did not say how long, twenty in a row are needed to know that it is not about one message.
    assert office.calls == (3 if least > 1 else 4)


def test_a_provider_may_say_so_with_a_date(tmp_path: Path) -> None:
    """The date is the provider's, so it is counted from its own: the server's clock is the wall's."""
    until = format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=120), usegmt=True)
    office = Weathered(tmp_path, answer(429, "slow down", retry_after=until), people=2, window=1)
    office.looks(3, 30)
    assert office.calls == 1
    office.provider.scripts = (OK,)
    office.seconds = 130
    office.looks(1)
    assert office.states() == {1: "accepted", 2: "accepted"}


def test_a_storm_of_503_costs_a_few_calls_and_everyone_is_served_after_it(tmp_path: Path) -> None:
    office = Weathered(tmp_path, answer(503, "down"), people=60, window=10)
    office.looks(300)
    # Twenty until it is noticed, then one at each trial: pauses grow to a minute, half of that on average.
    assert 20 <= office.calls <= 45
    assert set(office.states().values()) == {"ready"}
    office.provider.scripts = (OK,)
    reports = office.looks(10, 60)
    assert sum(report.accepted for report in reports) == 60
    assert set(office.states().values()) == {"accepted"}
    with office.database.reader() as connection:
        assert connection.execute(select(office.t.channel.c.failures)).scalar_one() == 0


def test_who_tries_is_one_and_no_other_calls_meanwhile(tmp_path: Path) -> None:
    office = Weathered(tmp_path)
    one = Weather(office.database, "post", clock=lambda _: round(office.seconds * 1000), rng=Random(1))
    another = Weather(office.database, "post", clock=lambda _: round(office.seconds * 1000))
    one.failed("down")
    assert another.look().reason == "down"
    office.seconds = 2
    assert (one.look().trying, another.look().trying, another.look().reason) == (True, False, "down")
    office.seconds = 70  # it died
    assert another.look().trying
    another.worked()
    assert one.look() == another.look()
    assert one.look().reason is None


def test_the_rate_is_shared_by_all(tmp_path: Path) -> None:
    office = Weathered(tmp_path, people=30, window=50)
    limits = {"post": Limits(rate=5.0)}
    before = [office.looks(1, 0, limits=limits)[0].accepted for _ in range(2)]
    assert before == [5, 0]
    office.seconds += 1
    assert office.looks(1, 0, limits=limits)[0].accepted == 5
    office.seconds += 100  # a long rest makes no long run
    assert office.looks(1, 0, limits=limits)[0].accepted == 5


def test_no_more_processes_than_allowed_hold_a_batch(tmp_path: Path) -> None:
    office = Weathered(tmp_path)
    assert lease(office.database, "post", "another", 1, 60, NOW) is not None
    assert office.looks(1, limits={"post": Limits(concurrency=1)})[0].accepted == 0
    assert office.looks(1, limits={"post": Limits(concurrency=2)})[0].accepted == 2


# --- in doubt -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [answer(200, "<html>"), drip, hang_up, silence, answer(504)])
def test_without_keys_what_may_have_been_taken_is_uncertain_and_not_sent_again(tmp_path: Path, script: Script) -> None:
    office = Weathered(tmp_path, script, OK)
    office.looks(5, 60)
    assert sorted(office.states().values()) == ["accepted", "accepted", "uncertain"]
    assert len(office.keys_taken()) == len(set(office.keys_taken())) == 3


@pytest.mark.parametrize("script", [answer(200, "<html>"), silence])
def test_with_keys_it_is_offered_again_with_its_key(tmp_path: Path, script: Script) -> None:
    office = Weathered(tmp_path, script, OK, idempotency="key", key_hours=24)
    office.looks(1)
    assert office.states()[1] == "ready"
    assert office.row(1).doubted_at is not None
    office.looks(2, 120)
    assert set(office.states().values()) == {"accepted"}
    keys = office.keys_taken()
    assert len(keys) == 4
    assert len(set(keys)) == 3


def test_a_key_that_the_provider_has_forgotten_is_not_offered(tmp_path: Path) -> None:
    office = Weathered(tmp_path, silence, OK, people=1, idempotency="key", key_hours=24)
    office.looks(1)
    with office.database.transaction() as connection:
        m = office.t.message
        connection.execute(update(m).values(doubted_at=m.c.doubted_at - DAY - 1))
    office.seconds = 120
    office.looks(1)
    assert (office.row(1).state, office.calls) == ("uncertain", 1)
    assert "no longer knows its key" in office.row(1).detail


@pytest.mark.parametrize(("found", "sent", "state"), [(200, 1, "accepted"), (404, 2, "accepted"), (500, 1, "ready")])
def test_a_provider_that_can_be_asked_is_asked(tmp_path: Path, found: int, sent: int, state: str) -> None:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> bool:
        if asked.line.startswith("GET"):
            return await answer(found, "{}")(asked, writer)
        return await (silence if asked.number == 1 else OK)(asked, writer)

    office = Weathered(tmp_path, script, people=1, idempotency="lookup")
    office.looks(1)
    office.seconds = 120
    office.looks(1)
    assert [each.line.split()[0] for each in office.provider.asked].count("POST") == sent
    assert office.row(1).state == state


def test_what_is_in_doubt_for_ever_is_uncertain_and_goes_once_more_where_the_operator_says_so(tmp_path: Path) -> None:
    office = Weathered(tmp_path, silence, people=1, idempotency="key")
    for _ in range(3):
        office.looks(1, 3_600, retry=Retry(attempts=3))
    assert (office.row(1).state, office.calls) == ("uncertain", 3)
    assert "given up after 3 attempts" in office.row(1).detail
    office.provider.scripts = (OK,)
    assert office.looks(1)[0].accepted == 0
    with office.database.transaction() as connection:
        assert retry_messages(connection, office.t, "uncertain", office.now).again == 1
    office.seconds += 120
    assert office.looks(1)[0].accepted == 1


def test_who_leaves_while_a_message_is_in_doubt_hides_nothing(tmp_path: Path) -> None:
    office = Weathered(tmp_path, silence, people=1, idempotency="key")
    office.looks(1)
    office.seconds = 11 * DAY / 1000  # it has expired
    office.looks(1)
    assert (office.row(1).state, office.calls) == ("uncertain", 1)


# --- reactions ------------------------------------------------------------------------------------------------------


def react(office: Office, name: str, message_id: int = 1, times: int = 1) -> None:
    for _ in range(times):
        happening = Happening(
            "k1", False, name, "hi", NOW, f"{name}-{message_id}", (), (), (), "post", message_id, contact_id=message_id
        )
        with office.database.transaction() as connection:
            write_events(connection, office.database, [happening], {"post": "email"}, NOW)


@pytest.mark.parametrize("early", [False, True])
def test_a_reaction_settles_what_was_in_doubt_before_and_after(tmp_path: Path, early: bool) -> None:
    async def script(asked: Asked, writer: asyncio.StreamWriter) -> bool:
        if early:
            await asyncio.to_thread(react, office, "delivered", 1, 2)
        return False

    office = Weathered(tmp_path, script, people=1)
    office.looks(1)
    if not early:
        assert office.row(1).state == "uncertain"
        react(office, "opened", times=2)  # before `delivered`, and twice
        react(office, "delivered")
    assert office.row(1).state == "accepted"
    with office.database.reader() as connection:
        e = office.t.event.c
        names = connection.scalars(select(e.name).where(e.message_id == 1)).all()
    assert sorted(names) == (["delivered"] if early else ["delivered", "opened"])


class HttpBatches(HttpPost):
    """A request for a whole window, whose answer names what became of each message."""

    async def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        reply = await self.client.send("POST", "/batch", json={"keys": [each.key for each in messages]})
        told = reply.json_object()
        for message in messages:
            if message.key in told:
                meant = fate(Reply(told[message.key], {}, b""))
                yield Receipt(message.message_id, meant.outcome, detail=meant.detail)


async def in_part(asked: Asked, writer: asyncio.StreamWriter) -> bool:
    """207: the first is taken, the second refused, the third is to come again, the fourth is not named."""
    keys = json.loads(asked.body)["keys"]
    said = dict(zip(keys, (201, 422, 429), strict=False)) if len(keys) == 4 else dict.fromkeys(keys, 200)
    return await answer(207, json.dumps(said))(asked, writer)


def test_a_batch_that_was_taken_in_part_is_known_message_by_message(tmp_path: Path) -> None:
    office = Weathered(tmp_path, in_part, people=4, window=4)
    made = replace(office.channels.plugins["post"], make=lambda settings, context: HttpBatches(office))
    office.channels = Channels({"post": made}, {}, ChannelContext(str(tmp_path), Sender()))
    office.looks(1)
    assert office.states() == {1: "accepted", 2: "rejected", 3: "ready", 4: "uncertain"}
    assert office.row(4).detail == "the channel gave no answer"
    office.seconds = 3_600
    office.looks(1)
    assert office.states() == {1: "accepted", 2: "rejected", 3: "accepted", 4: "uncertain"}


def test_too_many_bounces_pause_the_channel_until_somebody_resumes_it(tmp_path: Path) -> None:
    office = Weathered(tmp_path, people=30, window=10)
    limits = {"post": Limits(max_bounces=0.1)}
    office.looks(1, limits=limits)
    for number in range(1, 7):
        react(office, "bounced", number)
    office.person(31)
    (report,) = office.looks(1, limits=limits)
    assert "6 of 30 messages of the last day bounced (20.0%; at most 10.0% may)" in report.failures["post"]
    assert (office.row(31).state, office.calls) == ("planned", 30)
    assert "campflow channel resume post" in office.looks(1, limits=limits)[0].failures["post"]
    assert Weather(office.database, "post").resume(office.now)
    assert office.looks(1, limits=limits)[0].accepted == 1


def test_a_poison_message_spoils_itself_and_no_other(tmp_path: Path) -> None:
    async def poisoned(post: Any, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        for message in messages:
            if message.message_id == 3:
                raise ValueError("I cannot bear it")
            yield Receipt(message.message_id, "accepted")

    office = Office(tmp_path, poisoned, window=10)
    office.channels = Channels(
        {"post": replace(office.channels.plugins["post"], idempotency="key")}, {}, ChannelContext("", Sender())
    )
    for number in range(1, 8):
        office.person(number)
    for hour in range(4):
        office.seconds += 60
        office.deliver(NOW + hour * 3_600_000, retry=Retry(attempts=3))
    assert office.states() == {**dict.fromkeys(range(1, 8), "accepted"), 3: "uncertain"}
