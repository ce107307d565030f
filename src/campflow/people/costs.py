"""What writing to people costs: a row for each accepted message that was not free."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from sqlalchemy import BigInteger, ColumnElement, Connection, case, literal, literal_column, select

from campflow.hooks.contracts import Receipt
from campflow.model.amounts import parse_amount
from campflow.storage.dialects import dialect
from campflow.storage.tables import Tables


@dataclass(frozen=True, slots=True)
class Prices:
    """What a message costs by channel, in minor units of `currency`; a channel that is not named is free."""

    channels: Mapping[str, int] = field(default_factory=dict)
    currency: str | None = None


#: Nothing costs anything.
FREE = Prices()

_COST = attrgetter("cost")


def charge(connection: Connection, tables: Tables, accepted: Sequence[Receipt], prices: Prices, now: int) -> None:
    """Write down what these messages cost: what their receipts say, else what their channel costs. Twice is once."""
    if not any(prices.channels.values()) and not any(map(_COST, accepted)):
        return
    own = {each.message_id: _own(each, prices.currency) for each in accepted if each.cost is not None}
    by_amount: dict[int, list[int]] = {}
    for message_id, amount in own.items():
        if amount is not None:
            by_amount.setdefault(amount, []).append(message_id)
    rest = [each.message_id for each in accepted if own.get(each.message_id) is None]
    m = tables.message.c
    for amount, ids in by_amount.items():
        if amount:
            _charge(connection, tables, ids, literal(amount, BigInteger), (), now)
    paid = {channel: amount for channel, amount in prices.channels.items() if amount}
    if paid and rest:
        amounts = case(*((m.channel == channel, amount) for channel, amount in paid.items()), else_=0)
        _charge(connection, tables, rest, amounts, tuple(paid), now)


def _own(receipt: Receipt, currency: str | None) -> int | None:
    """What the provider says; None where that is no amount in the project's currency."""
    try:
        amount = parse_amount(receipt.cost or "", round_up=True)
    except ValueError:
        return None
    return amount.minor if amount.currency == currency else None


def _charge(
    connection: Connection,
    tables: Tables,
    ids: Sequence[int],
    amount: ColumnElement[int],
    channels: Sequence[str],
    now: int,
) -> None:
    m = tables.message.c
    taken = select(m.contact_id, m.message_id, m.campaign_id, m.channel, amount, literal(now, BigInteger))
    taken = taken.where(m.message_id.in_(ids), m.state == literal_column("'accepted'"))
    if channels:
        taken = taken.where(m.channel.in_(channels))
    columns = ["contact_id", "message_id", "campaign_id", "channel", "amount", "at"]
    put = dialect(connection.dialect.name).insert(tables.cost).from_select(columns, taken)
    connection.execute(put.on_conflict_do_nothing())
