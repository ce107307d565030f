"""What sending costs: written with the fate of a message, once."""

from pathlib import Path
from random import Random
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import insert, select
from tests.engine.test_outbox_delivery import NoSettings, Office, row

from campflow.engine.fates import RETRY, Outcome, write_down
from campflow.errors import ProjectError
from campflow.hooks.contracts import Channel, ChannelContext, ChannelPlugin, Prepared, Receipt
from campflow.hooks.manager import Plugins
from campflow.people.costs import Prices
from campflow.project import Project
from campflow.settings import load_settings

PRICES = Prices({"post": 85, "mail": 0, "sms": 8}, "EUR")


class Till:
    """Ready messages 1.. of these channels, and what they cost in the end."""

    def __init__(self, folder: Path, *channels: str) -> None:
        office = Office(folder)
        self.database, self.t = office.database, office.t
        with self.database.transaction() as connection:
            connection.execute(self.t.message.delete())
            for number, channel in enumerate(channels, start=1):
                values: dict[str, Any] = {
                    "message_id": number,
                    "contact_id": 7,
                    "journey_id": number,
                    "nth": 1,
                    "send_id": 1,
                }
                values |= {"nth": 1, "send_id": 1, "campaign_id": 1, "channel": channel, "state": "ready"}
                connection.execute(insert(self.t.message).values(row(self.t.message, values)))

    def settle(self, *receipts: Receipt, prices: Prices = PRICES, now: int = 5) -> None:
        with self.database.transaction() as connection:
            write_down(connection, self.t, 0, Outcome(receipts), now, RETRY, Random(1), (), prices)

    def costs(self) -> list[Any]:
        c = self.t.cost.c
        with self.database.reader() as connection:
            query = select(c.message_id, c.contact_id, c.campaign_id, c.channel, c.amount, c.at).order_by(c.message_id)
            return [tuple(each) for each in connection.execute(query)]


def test_an_accepted_message_costs_what_its_channel_costs(tmp_path: Path) -> None:
    till = Till(tmp_path, "post", "mail", "sms", "sms")
    till.settle(*(Receipt(number, "accepted") for number in (1, 2, 3, 4)))
    assert till.costs() == [(1, 7, 1, "post", 85, 5), (3, 7, 1, "sms", 8, 5), (4, 7, 1, "sms", 8, 5)]


def test_what_was_not_accepted_costs_nothing(tmp_path: Path) -> None:
    till = Till(tmp_path, "post", "post", "post")
    till.settle(Receipt(1, "rejected"), Receipt(2, "retry"), Receipt(3, "uncertain"))
    assert till.costs() == []


@pytest.mark.parametrize(
    ("said", "amount"), [("0.12 EUR", 12), ("0 EUR", None), ("0.12 USD", 8), ("much", 8), ("0.121 EUR", 13), (None, 8)]
)
def test_what_the_provider_says_counts_where_it_is_in_the_projects_currency(
    tmp_path: Path, said: str | None, amount: int | None
) -> None:
    till = Till(tmp_path, "sms", "sms")
    till.settle(Receipt(1, "accepted", cost=said), Receipt(2, "accepted"))
    found = {message: cost for message, _, _, _, cost, _ in till.costs()}
    assert found == ({2: 8} if amount is None else {1: amount, 2: 8})


def test_a_message_is_charged_once(tmp_path: Path) -> None:
    till = Till(tmp_path, "sms")
    till.settle(Receipt(1, "accepted"))
    till.settle(Receipt(1, "accepted", cost="5 EUR"), now=9)
    assert till.costs() == [(1, 7, 1, "sms", 8, 5)]


# --- where prices come from -------------------------------------------------------------------------------------


def project(folder: Path, settings: str, **own: str | None) -> Project:
    (folder / "campflow.toml").write_text(settings)
    (folder / "a.flow").write_text("contact { email email }")
    channels = {name: channel(name, cost) for name, cost in own.items()}
    return Project(folder, load_settings(folder), Plugins(channels=channels))


def channel(name: str, cost: str | None) -> ChannelPlugin:
    def never(settings: BaseModel, context: ChannelContext) -> Channel:
        raise AssertionError(name)

    return ChannelPlugin(
        name=name, address=None, settings=NoSettings, extensions=("txt",), options=frozenset(), reports=frozenset(),
        idempotency="none", window=1, prepare=lambda body, extension, front: Prepared({"text": body}), make=never,
        cost=cost,
    )  # fmt: skip


def test_settings_say_what_a_message_costs_else_the_channel_else_it_is_free(tmp_path: Path) -> None:
    found = project(tmp_path, 'currency = "EUR"\n[costs]\nsms = "0.08 EUR"', sms="0.10 EUR", post="0.85 EUR", mail=None)
    assert found.costs() == {"sms": 8, "post": 85, "mail": 0}


def test_a_channels_own_price_needs_a_currency_to_be_counted_in(tmp_path: Path) -> None:
    assert project(tmp_path, "", post="0.85 EUR").costs() == {"post": 0}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('currency = "EUR"\n[costs]\nsmz = "0.08 EUR"', "`costs.smz`: no plugin makes a channel `smz`; did you mean"),
        ('currency = "EUR"\n[costs]\nsms = "0.08 USD"', "`costs.sms`: `0.08 USD` is not in EUR: write it in EUR"),
        ('currency = "USD"', "what the channel `sms` says of itself"),
        ('[costs]\nsms = "0.08 EUR"', 'add currency = "EUR" to campflow.toml'),
        ('currency = "EUR"\n[costs]\nsms = "8 cents"', "campflow.toml:3: `costs.sms`: `8 cents` is not an amount"),
        ('currency = "EUR"\n[costs]\nsms = "0.001 EUR"', "`0.001 EUR` has more decimals than EUR: it has 2"),
        ('currency = "EUR"\n[costs]\nsms = "1 XXZ"', "`XXZ` is not a currency"),
    ],
)
def test_a_price_that_cannot_be_counted_is_refused(tmp_path: Path, written: str, told: str) -> None:
    with pytest.raises(ProjectError) as refused:
        project(tmp_path, written, sms="0.10 EUR").costs()
    assert told in str(refused.value)
