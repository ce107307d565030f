"""Handing over what is ready: lease a batch, fill it, give it to the channel window by window, write down its fate."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import SystemRandom

from sqlalchemy import RowMapping

from campflow import failpoints
from campflow.engine import outbox
from campflow.engine.channels import Channels
from campflow.engine.costs import FREE, Prices
from campflow.engine.fates import RETRY, Outcome, Retry
from campflow.engine.gates import Gates
from campflow.engine.leases import kept
from campflow.engine.letters import Letter, Refusal, Stationery, read_batch, write_letter
from campflow.engine.owners import this_process
from campflow.errors import ChannelError
from campflow.hooks.contracts import Channel, ChannelPlugin, Receipt
from campflow.storage.database import Database


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
    is one batch of that channel.
    """

    batch: int = 500
    lease: float = 30.0
    retry: Retry = RETRY
    listens: Collection[str] = ()
    prices: Prices = FREE
    gates: Gates | None = None
    one_of: str | None = None


RULES = Rules()


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
    keys = {name: plugin.idempotency == "key" for name, plugin in channels.plugins.items()}
    taken = outbox.take_over(database, keys, now())
    report = DeliveryReport(uncertain=taken.uncertain)
    plugins = [each for name, each in channels.plugins.items() if rules.one_of in (None, name)]
    passes = [_Pass(database, stationery, channels, plugin, now, rules, stop, report) for plugin in plugins]
    # Each channel finishes its window before an error of another one is raised.
    ended = await asyncio.gather(*(each.run() for each in passes), return_exceptions=True)
    for error in ended:
        if error is not None:
            raise error
    return report


@dataclass(frozen=True, slots=True)
class _Pass:
    """One channel's part of a pass."""

    database: Database
    stationery: Stationery
    channels: Channels
    plugin: ChannelPlugin
    now: Callable[[], int]
    rules: Rules
    stop: Callable[[], bool]
    report: DeliveryReport

    async def run(self) -> None:
        name = self.plugin.name
        if not outbox.has_ready(self.database, name, self.now()):
            return
        try:
            channel = await self.channels.open(name)
            while not self.stop() and (batch := self._lease()):
                with suppress(outbox.LeaseLost):
                    await self._deliver(channel, batch)
                if self.rules.one_of is not None:
                    break
            self.channels.worked(name)
        except ChannelError as error:
            self.report.failures[name] = str(error)
            await self.channels.drop(name, str(error))

    def _lease(self) -> outbox.Batch | None:
        rules = self.rules
        return outbox.lease(
            self.database, self.plugin.name, this_process(), rules.batch, rules.lease, self.now(), rules.listens,
            rules.gates,
        )  # fmt: skip

    async def _deliver(self, channel: Channel, batch: outbox.Batch) -> None:
        """The whole batch, or as far as it goes; the rest is free then. Raises ChannelError when the channel fails."""
        rules = self.rules
        clerk = outbox.Clerk(
            self.database, batch, rules.retry, SystemRandom(), rules.listens, rules.gates, rules.prices
        )
        with self.database.reader() as connection:
            rows = read_batch(connection, self.database.tables, self.stationery, batch)
        outcome, trouble = Outcome(), None
        for start in range(0, len(rows), self.plugin.window):
            if self.stop() or trouble is not None:
                break
            window = rows[start : start + self.plugin.window]
            letters, refused = self._write(window)
            outcome = replace(outcome, refused=refused)
            ready = clerk.hand_over([row["message_id"] for row in window], outcome, self.now())
            self.report.add(outcome)
            letters = [letter for letter in letters if letter.message.message_id in ready]
            async with kept(clerk.renew, batch.seconds):
                outcome, trouble = await _hand(channel, letters)
        clerk.close(outcome, self.now())
        self.report.add(outcome)
        if trouble is not None:
            raise trouble

    def _write(self, window: Sequence[RowMapping]) -> tuple[list[Letter], dict[int, str]]:
        written = [write_letter(self.stationery, self.plugin, row) for row in window]
        refused = {each.message_id: each.reason for each in written if isinstance(each, Refusal)}
        return [each for each in written if isinstance(each, Letter)], refused


async def _hand(channel: Channel, letters: Sequence[Letter]) -> tuple[Outcome, BaseException | None]:
    """Give them to the channel. Each gets a receipt: without an answer it is uncertain, whatever went wrong."""
    receipts: dict[int, Receipt] = {}
    hashes = {letter.message.message_id: letter.hash for letter in letters}
    trouble: BaseException | None = None
    try:
        if letters:
            async for receipt in failpoints.call(
                "channel.deliver", channel.deliver([each.message for each in letters])
            ):
                if receipt.message_id in hashes:
                    receipts.setdefault(receipt.message_id, receipt)
    except ChannelError as error:
        trouble = error
    except Exception as error:
        trouble = ChannelError(f"the channel failed: {type(error).__name__}: {error}")
    # A cancelled pass still writes down what it knows; the caller raises it again.
    except BaseException as error:
        trouble = error
    reason = str(trouble or "") or "the channel gave no answer"
    for message_id in hashes:
        receipts.setdefault(message_id, Receipt(message_id, "uncertain", detail=reason))
    return Outcome(list(receipts.values()), hashes), trouble
