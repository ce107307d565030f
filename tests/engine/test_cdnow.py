"""Real customers: 69,659 purchases of 23,570 people, and a win-back campaign over 90 days of 1998."""

import datetime as dt
import os
from collections.abc import Iterator
from decimal import Decimal

import pytest
from tests.engine.workbench import Bench, instant, shared_data

TEXT = """
contact {
  email email
}

event purchase {
  units  integer
  amount money
}

segment best_customers = sum(purchase.amount) >= 250 USD
segment good_customers = sum(purchase.amount) >= 100 USD

campaign win_back "Come back" {
  runs     1998-01-01 to 1998-12-31
  audience count(purchase) >= 2
  enter    when now - last(purchase) > 180 days
  convert  on purchase within 60 days worth amount -> back

  stage missed {
    when in segment best_customers -> gold
    when in segment good_customers -> silver
    else -> bronze
  }
  stage gold {
    send mail we_miss_you
    after 2 weeks -> reminded
  }
  stage silver {
    send mail we_miss_you
    after 3 weeks -> reminded
  }
  stage bronze {
    send mail we_miss_you
    after 30 days -> lost
  }
  stage reminded {
    send mail last_call
    after 30 days -> lost
  }
  final back
  final lost
}
"""

SOURCE = shared_data("cdnow/CDNOW_master.txt")
START, DAYS = dt.date(1998, 1, 1), 90
Purchase = tuple[str, dt.date, int, Decimal]


@pytest.fixture(scope="module")
def purchases() -> list[Purchase]:
    if not SOURCE.exists():
        if os.environ.get("CI"):
            pytest.fail("the CDNOW file is missing, and on CI nothing may be left out")
        pytest.skip("the CDNOW file does not lie beside the checkout")
    rows = (line.split() for line in SOURCE.read_text().splitlines()[1:] if line.strip())
    return [(key, dt.datetime.strptime(day, "%Y%m%d").date(), int(n), Decimal(usd)) for key, day, n, usd in rows]  # noqa: DTZ007  (a day)


def _bench(purchases: list[Purchase]) -> Bench:
    bench = Bench(TEXT, ["we_miss_you", "last_call"], currency="USD")
    keys = sorted({key for key, *_ in purchases})
    people = (f"{key},customer-{key}@cdnow.example\n".encode() for key in keys)
    assert bench.people(_with_header("key,email", people)).added == 23_570
    bought = (f"{key},{day},{n},{usd}\n".encode() for key, day, n, usd in purchases)
    report = bench.events(_with_header("key,at,units,amount", bought), event="purchase")
    assert (report.added, report.refused) == (69_659, 0)
    return bench


def _with_header(header: str, rows: Iterator[bytes]) -> Iterator[bytes]:
    yield f"{header}\n".encode()
    yield from rows


@pytest.fixture(scope="module")
def late(purchases: list[Purchase]) -> Bench:
    """One tick after 90 days."""
    bench = _bench(purchases)
    bench.deploy("1998-01-01")
    bench.tick(instant("1998-01-01") + DAYS * 86_400_000)
    return bench


@pytest.fixture(scope="module")
def daily(purchases: list[Purchase]) -> Bench:
    """A tick a day."""
    bench = _bench(purchases)
    for day in range(DAYS + 1):
        bench.tick(instant("1998-01-01") + day * 86_400_000)
    return bench


def test_one_late_tick_makes_the_same_moves_at_the_same_times_and_the_same_messages(daily: Bench, late: Bench) -> None:
    assert len(daily.moves()) > 10_000
    assert daily.moves() == late.moves()
    assert daily.conversions() == late.conversions()
    assert [row[:3] for row in daily.planned()] == [row[:3] for row in late.planned()]
    assert {state for *_, state in daily.planned()} >= {"ready"}


def test_those_enter_who_bought_twice_and_then_nothing_for_180_days(daily: Bench, purchases: list[Purchase]) -> None:
    entered = {key: at for key, old, _, at in daily.moves() if old is None}
    assert entered == {key: f"{day} 00:00" for key, day in _entrants(purchases).items()}


def _entrants(purchases: list[Purchase]) -> dict[str, dt.date]:
    """Day by day over the file: who has bought at least twice, and last more than 180 days ago."""
    days: dict[str, list[dt.date]] = {}
    for key, day, _, _ in purchases:
        days.setdefault(key, []).append(day)
    found: dict[str, dt.date] = {}
    for offset in range(DAYS + 1):
        today = START + dt.timedelta(days=offset)
        for key, bought in days.items():
            past = [day for day in bought if day <= today]
            if key not in found and len(past) >= 2 and today - max(past) >= dt.timedelta(days=180):
                found[key] = today
    return found


def test_the_way_depends_on_what_was_spent_and_the_conversion_on_what_is_bought(
    daily: Bench, purchases: list[Purchase]
) -> None:
    entered = _entrants(purchases)
    spent: dict[str, Decimal] = {}
    bought: dict[str, list[tuple[dt.date, Decimal]]] = {}
    for key, day, _, usd in purchases:
        if key in entered and day <= entered[key]:
            spent[key] = spent.get(key, Decimal(0)) + usd
        elif key in entered and day <= START + dt.timedelta(days=DAYS):
            bought.setdefault(key, []).append((day, usd))
    ways = {key: new for key, old, new, _ in daily.moves() if old == "missed" and new != "back"}
    assert ways == {key: "gold" if usd >= 250 else "silver" if usd >= 100 else "bronze" for key, usd in spent.items()}
    first = {key: rows[0] for key, rows in bought.items() if rows[0][0] <= entered[key] + dt.timedelta(days=60)}
    assert [row[0] for row in daily.conversions()] == sorted(first)
    assert {key: worth for key, _, _, worth in daily.conversions()} == {
        key: float(usd * 100) for key, (_, usd) in first.items()
    }
    assert {key for key, _, new, _ in daily.moves() if new == "back"} >= set(first) - {
        key for key, _, new, _ in daily.moves() if new == "lost"
    }


def test_importing_the_same_purchases_again_changes_nothing(daily: Bench, purchases: list[Purchase]) -> None:
    before = daily.moves()
    rows = (f"{key},{day},{n},{usd}\n".encode() for key, day, n, usd in purchases)
    report = daily.events(_with_header("key,at,units,amount", rows), event="purchase")
    assert (report.added, report.unchanged) == (0, 69_659)
    daily.tick(instant("1998-01-01") + DAYS * 86_400_000)
    assert daily.moves() == before
