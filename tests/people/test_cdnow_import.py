"""The customers and purchases of CDNOW (1997-98), as their shop's file has them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.people.conftest import Shop

MASTER = Path(__file__).parents[3] / "shared" / "data" / "cdnow" / "CDNOW_master.txt"
MAPPING = {"customer_id": "key", "date": "at", "number_of_cds": "pieces", "dollar_value": "amount"}


def as_csv() -> Iterator[bytes]:
    """Columns divided by spaces and days without dashes, as CSV with ISO days."""
    with MASTER.open("rb") as file:
        yield b",".join(next(file).split()) + b"\n"
        for line in file:
            customer, day, pieces, amount = line.split()
            yield b"%s,%s-%s-%s,%s,%s\n" % (customer, day[:4], day[4:6], day[6:], pieces, amount)


def test_every_customer_and_every_purchase_comes_in_once(shop: "Shop") -> None:
    if not MASTER.exists():
        assert os.environ.get("CI") != "true", f"the data set is missing: {MASTER}"
        pytest.skip("the CDNOW data set is not beside this checkout: get it to run this test")
    people = shop.people(as_csv(), mapping={"customer_id": "key"})
    assert (people.read, people.added, people.refused) == (69_659, 23_570, 0)
    purchases = shop.happened(as_csv(), mapping=MAPPING)
    assert (purchases.read, purchases.added, purchases.refused) == (69_659, 69_659, 0)
    assert shop.happened(as_csv(), mapping=MAPPING).added == 0

    # What the file itself says, counted in the simplest way.
    rows = [line.split() for line in MASTER.read_text().splitlines()[1:]]
    spent: dict[str, int] = {}
    for customer, _, _, amount in rows:
        spent[customer] = spent.get(customer, 0) + round(float(amount) * 100)
    query = 'SELECT contact_key, sum("purchase$amount") FROM event JOIN contact USING (contact_id) GROUP BY 1'
    assert {str(key): amount for key, amount in shop.rows(query)} == spent
    pieces = shop.rows('SELECT sum("purchase$pieces"), count(DISTINCT at) FROM event')
    assert pieces == [(sum(int(row[2]) for row in rows), len({row[1] for row in rows}))]
