"""Handing over what is ready: lease a batch, fill it, give it to the channel window by window, write down its fate."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random, SystemRandom
from time import monotonic
from typing import cast

from sqlalchemy import Connection, RowMapping

from campflow import failpoints
from campflow.content.keys import message_key
from campflow.content.values import instant
from campflow.engine import complaints, leasing, outbox
from campflow.engine.channels import Channels
from campflow.engine.fates import RETRY, Outcome, Retry
from campflow.engine.gates import Gates
from campflow.engine.leases import kept
from campflow.engine.letters import Letter, Refusal, Stationery, read_batch, write_letter
from campflow.engine.owners import this_process
from campflow.engine.weather import DOUBTS, STORM, UNLIMITED, Limits, Weather
from campflow.errors import ChannelError
from campflow.hooks.contracts import Channel, ChannelPlugin, Doubt, LookupChannel, Receipt
from campflow.people.costs import FREE, Prices
from campflow.storage.database import Database, database_now
from campflow.storage.words import storable


@dataclass(slots=True)
class DeliveryReport:
    """What one pass did, in messages; `failures` says of a channel why it stopped before its messages were gone."""

    accepted: int = 0
    rejected: int = 0
    retried: int = 0
    uncertain: int = 0
    failures: dict[str, str] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        self.rejected += len(outcome.refused or {})
        for receipt in outcome.receipts:
            match receipt.outcome:
                case "accepted":
                    self.accepted += 1
                case "rejected":
                    self.rejected += 1
                case "retry":
                    self.retried += 1
                case "uncertain":
                    self.uncertain += 1


@dataclass(frozen=True, slots=True)
class Rules:
    """How a pass works: messages in a batch, seconds of a lease, how failures are tried again.

    `listens` are the reactions (`sent`, `failed`, `expired`) that some campaign asks about: only these become events.
    `prices` are what an accepted message costs, `gates` what else than time a message waits for. With `one_of` a pass
    is one batch of that channel. `limits` are those of the channels, by name; `clock` is the one that all processes
    share, in milliseconds; `watch` counts the seconds of a call; `chance` spreads pauses.
    """

    batch: int = 500
    lease: float = 30.0
    retry: Retry = RETRY
    listens: Collection[str] = ()
    prices: Prices = FREE
    gates: Gates | None = None
    one_of: str | None = None
    limits: Mapping[str, Limits] = field(default_factory=dict)
    clock: Callable[[Connection], int] = database_now
    watch: Callable[[], float] = monotonic
    chance: Random = field(default_factory=SystemRandom)


RULES = Rules()

#: Times that a plugin may break off in one pass, before its channel is left alone.
BROKEN = 5

#: The longest that a batch is held to wait for its rate, in seconds.
LONGEST_WAIT = 1.0


async def deliver_ready(
    database: Database,
    stationery: Stationery,
    channels: Channels,
    now: Callable[[], int],
    rules: Rules = RULES,
    stop: Callable[[], bool] = lambda: False,
) -> DeliveryReport:
    """Hand over all that is ready, all channels side by side, and take over what dead processes left.

    `now` is the campaign's clock. When `stop` says so, the window at hand is finished and the rest left for others.
    One pass at a time in a process; other processes may do the same on the same database.
    """
    plugins = channels.plugins
    second_look = {name: _looks_twice(each) for name, each in plugins.items()}
    taken = outbox.take_over(database, second_look, now(), rules.retry, rules.prices)
    report = DeliveryReport(uncertain=taken.uncertain)
    passes = [
        _Pass(database, stationery, channels, plugin, now, rules, stop, report)
        for name, plugin in plugins.items()
        if rules.one_of in (None, name)
    ]
    # Each channel finishes its window before an error of another one is raised.
    ended = await asyncio.gather(*(each.run() for each in passes), return_exceptions=True)
    for error in ended:
        if error is not None:
            raise error
    return report


def _looks_twice(plugin: ChannelPlugin) -> bool:
    """Whether a message whose fate is unknown may be offered again, or asked about."""
    return plugin.idempotency != "none"


class _Broken(ChannelError):
    """The plugin itself broke off: that may be about one message, and need not be about the provider."""


@dataclass(slots=True)
class _Pass:
    """One channel's part of a pass.

    `refused` counts messages that were not taken, one after the other, `doubted` those of which nobody knows; `broken`
    counts windows at which the plugin broke off: from the first of those on, messages go one by one. `wait` is the time
    until the rate lets one go, in seconds.
    """

    database: Database
    stationery: Stationery
    channels: Channels
    plugin: ChannelPlugin
    now: Callable[[], int]
    rules: Rules
    stop: Callable[[], bool]
    report: DeliveryReport
    refused: int = 0
    doubted: int = 0
    broken: int = 0
    wait: float = 0.0
    weather: Weather = field(init=False)

    def __post_init__(self) -> None:
        limits = self.rules.limits.get(self.plugin.name, UNLIMITED)
        self.weather = Weather(self.database, self.plugin.name, limits, self.rules.clock, self.rules.chance)

    async def run(self) -> None:
        name = self.plugin.name
        if not leasing.has_ready(self.database, name, self.now()):
            return
        sky = self.weather.look()
        if sky.reason is not None:
            self.report.failures[name] = sky.reason
            return
        if sky.waits:
            return
        try:
            channel = await self.channels.open(name, anyway=True)
            if sky.trying:
                await self._try(channel)
            while not self.stop() and await self._one_batch(channel, self.rules.batch):
                if self.rules.one_of is not None:
                    break
            self.channels.worked(name)
        except ChannelError as error:
            self.report.failures[name] = str(error)
            self.weather.failed(str(error), error.retry_after)
            await self.channels.drop(name, str(error))

    async def _try(self, channel: Channel) -> None:
        """One message. Raises ChannelError where it is not taken either."""
        self.refused, self.doubted = STORM - 1, DOUBTS - 1
        await self._one_batch(channel, 1)
        if self.refused or self.doubted:  # there was none to try with
            self.weather.untried()
        else:
            self.weather.worked()

    async def _one_batch(self, channel: Channel, most: int) -> bool:
        """Whether to go on: not where nothing is ready, nor where no more may go now."""
        rules, limits = self.rules, self.weather.limits
        if (limits.max_bounces, limits.max_complaints) != (None, None):
            reason = complaints.pause_where_due(self.weather, self.now())
            if reason is not None:
                self.report.failures[self.plugin.name] = f"paused: {reason}"
                return False
        batch = leasing.lease(
            self.database, self.plugin.name, this_process(), most, rules.lease, self.now(), rules.listens,
            rules.gates, limits.concurrency,
        )  # fmt: skip
        if batch is None:
            return False
        with suppress(outbox.LeaseLost):
            return await self._deliver(channel, batch)
        return True

    async def _deliver(self, channel: Channel, batch: outbox.Batch) -> bool:
        """The whole batch, or as far as it goes; the rest is free then, and the answer False where no more may go now.

        Raises ChannelError when the channel fails.
        """
        rules = self.rules
        clerk = outbox.Clerk(
            self.database, batch, rules.retry, rules.chance, rules.listens, rules.gates, rules.prices,
            {name: plugin.address for name, plugin in self.channels.plugins.items()},
        )  # fmt: skip
        with self.database.reader() as connection:
            read = read_batch(connection, self.database.tables, self.stationery, batch)
            clock = database_now(connection)
        outcome, rows = await self._second_look(channel, read, clock)
        trouble: BaseException | None = None
        may_go, waited, calls = True, False, outbox.NO_CALLS
        while rows and may_go and trouble is None and not self.stop():
            window = self._window(rows)
            if not window:
                may_go = await self._a_moment() if not waited else False
                waited = True
                continue
            waited = False
            rows = rows[len(window) :]
            letters, refused = self._write(window)
            outcome = replace(outcome, refused={**(outcome.refused or {}), **refused})
            ready = clerk.hand_over([row["message_id"] for row in window], outcome, self.now())
            self.report.add(outcome)
            letters = [letter for letter in letters if letter.message.message_id in ready]
            async with kept(clerk.renew, batch.seconds):
                begun = self.rules.watch()
                outcome, trouble = await _hand(channel, letters)
            if letters:
                calls = outbox.Calls(calls.count + 1, calls.seconds + rules.watch() - begun)
            if _looks_twice(self.plugin):
                outcome = replace(outcome, doubtful=[letter.message.message_id for letter in letters])
            trouble = self._judge(outcome, trouble)
        clerk.close(outcome, self.now(), calls)
        self.report.add(outcome)
        if trouble is not None:
            raise trouble
        return may_go

    # --- how much goes at a time --------------------------------------------------------------------------------

    def _window(self, rows: Sequence[RowMapping]) -> Sequence[RowMapping]:
        """The next rows to hand over. Those in doubt go alone, and one by one goes all that follows a plugin's failure:
        what is bad spoils itself."""
        if self.broken or rows[0]["doubted_at"] is not None:
            return rows[: self._granted(1)]
        fresh = next((at for at, row in enumerate(rows) if row["doubted_at"] is not None), len(rows))
        return rows[: self._granted(min(self.plugin.window, fresh))]

    def _granted(self, wanted: int) -> int:
        granted, self.wait = self.weather.take(wanted)
        return granted

    async def _a_moment(self) -> bool:
        """Wait until the rate lets a message go, if that is soon: else the batch is better free."""
        if self.wait > LONGEST_WAIT:
            return False
        await asyncio.sleep(self.wait)
        return True

    def _judge(self, outcome: Outcome, trouble: BaseException | None) -> BaseException | None:
        """What is to be raised after this window; None to go on."""
        if isinstance(trouble, _Broken):
            self.broken += 1
            return trouble if self.broken >= BROKEN else None
        if trouble is not None or not outcome.receipts:
            return trouble
        refused = [each for each in outcome.receipts if each.outcome == "retry"]
        doubted = [each for each in outcome.receipts if each.outcome == "uncertain"]
        if len(refused) + len(doubted) < len(outcome.receipts):
            self.refused = self.doubted = 0
            return None
        self.refused, self.doubted = self.refused + len(refused), self.doubted + len(doubted)
        wait = max((each.retry_after or 0.0 for each in refused), default=0.0)
        if not wait and self.refused < STORM and self.doubted < DOUBTS:
            return None
        detail = (refused or doubted)[-1].detail
        return ChannelError(f"the provider takes nothing: {detail or 'it says not why'}", wait or None)

    # --- what is in doubt ---------------------------------------------------------------------------------------

    async def _second_look(
        self, channel: Channel, rows: Sequence[RowMapping], clock: int
    ) -> tuple[Outcome, Sequence[RowMapping]]:
        """What is to be written of those in doubt before anything else; the rows to hand over, those in doubt last."""
        doubted = [row for row in rows if row["doubted_at"] is not None]
        if not doubted:
            return Outcome(), rows
        fresh = [row for row in rows if row["doubted_at"] is None]
        if self.plugin.idempotency == "lookup":
            receipts = await _ask(channel, [self._doubt(row) for row in doubted])
            again = {each.message_id for each in receipts if each.outcome == "retry"}
            said = [each for each in receipts if each.outcome != "retry"]
            outcome = Outcome(said, doubtful=[each.message_id for each in said])
            return outcome, [*fresh, *(row for row in doubted if row["message_id"] in again)]
        hours = self.plugin.key_hours
        oldest = clock - hours * 3_600_000 if hours is not None and self.plugin.idempotency == "key" else None
        gone = {
            row["message_id"]
            for row in doubted
            if self.plugin.idempotency == "none" or (oldest is not None and row["doubted_at"] <= oldest)
        }
        reason = "the provider no longer knows its key" if hours else "the provider may have it"
        outcome = Outcome([Receipt(each, "uncertain", detail=reason) for each in sorted(gone)])
        return outcome, [*fresh, *(row for row in doubted if row["message_id"] not in gone)]

    def _doubt(self, row: RowMapping) -> Doubt:
        key = message_key(self.stationery.installation, row["message_id"])
        return Doubt(row["message_id"], key, instant(row["doubted_at"]))

    def _write(self, window: Sequence[RowMapping]) -> tuple[list[Letter], dict[int, str]]:
        written = [write_letter(self.stationery, self.plugin, row) for row in window]
        refused = {each.message_id: each.reason for each in written if isinstance(each, Refusal)}
        return [each for each in written if isinstance(each, Letter)], refused


async def _hand(channel: Channel, letters: Sequence[Letter]) -> tuple[Outcome, BaseException | None]:
    """Give them to the channel. Each gets a receipt: without an answer it is uncertain, whatever went wrong."""
    hashes = {letter.message.message_id: letter.hash for letter in letters}
    if not letters:
        return Outcome((), hashes), None
    said = failpoints.call("channel.deliver", channel.deliver([each.message for each in letters]))
    receipts, trouble = await _heard(said, hashes)
    return Outcome(receipts, hashes), trouble


async def _ask(channel: Channel, doubts: Sequence[Doubt]) -> list[Receipt]:
    """What the provider knows of them; uncertain where it did not say. Raises what a cancelled pass raises."""
    ids = {each.message_id for each in doubts}
    receipts, trouble = await _heard(cast(LookupChannel, channel).lookup(doubts), ids)
    if trouble is not None and not isinstance(trouble, Exception):
        raise trouble
    return receipts


async def _heard(said: AsyncIterator[Receipt], about: Collection[int]) -> tuple[list[Receipt], BaseException | None]:
    """A receipt for each of these messages, and what went wrong beside them."""
    receipts: dict[int, Receipt] = {}
    trouble: BaseException | None = None
    try:
        async for receipt in said:
            if receipt.message_id in about:
                receipts.setdefault(receipt.message_id, _storable(receipt))
    except ChannelError as error:
        trouble = error
    except Exception as error:
        trouble = _Broken(f"the channel failed: {type(error).__name__}: {error}")
    # A cancelled pass still writes down what it knows; the caller raises it again.
    except BaseException as error:
        trouble = error
    reason = storable(str(trouble or "")) or "the channel gave no answer"
    for message_id in about:
        receipts.setdefault(message_id, Receipt(message_id, "uncertain", detail=reason))
    return list(receipts.values()), trouble


def _storable(receipt: Receipt) -> Receipt:
    """What a provider said as the database takes it: else its words would undo what is written of all the others."""
    detail, provider_id = storable(receipt.detail), receipt.provider_id
    if provider_id is not None:
        provider_id = storable(provider_id)
    if detail is receipt.detail and provider_id is receipt.provider_id:
        return receipt
    return replace(receipt, detail=detail, provider_id=provider_id)
