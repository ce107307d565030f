"""Events that plugins report: once each, and a bad one does not take the others with it."""

import datetime as dt
from typing import TYPE_CHECKING

from campflow.hooks.contracts import ContactEvent, FieldValue
from campflow.people.recording import Recorded, record_events

if TYPE_CHECKING:
    from tests.people.conftest import Shop

NOON = dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC)
NOON_MS = 1_704_110_400_000


def reported(contact: str, name: str = "clicked", *, id: str = "1", **more: object) -> ContactEvent:
    about = more.get("about")
    fields = more.get("fields")
    assert about is None or isinstance(about, str)
    assert fields is None or isinstance(fields, dict)
    known: dict[str, FieldValue] = fields or {}
    return ContactEvent(contact, name, NOON, "email", id, about, known, 77 if about else None)


def record(shop: "Shop", *events: ContactEvent, now: int = NOON_MS) -> Recorded:
    return record_events(
        shop.database,
        shop.contact,
        shop.events,
        events,
        currency="EUR",
        zone="Europe/Paris",
        now=now,
        addresses={"email": "email"},
    )


def test_reactions_and_declared_events_are_recorded_once(shop: "Shop") -> None:
    shop.people("key,email\n1,ada@acme.example\n")
    batch = (
        reported("1", about="welcome"),
        reported("ada@ACME.example", about="welcome"),
        reported("ada@acme.example", "purchase", id="2", fields={"amount": 12.5, "sku": "A-1", "other": None}),
    )
    assert record(shop, *batch) == Recorded(2, 1, ())
    assert record(shop, *batch) == Recorded(0, 3, ())
    query = (
        'SELECT contact_id, name, about, at, source, event_id, message_id, "purchase$amount" FROM event ORDER BY seq'
    )
    assert shop.rows(query) == [
        (1, "clicked", "welcome", NOON_MS, "email", "1", 77, None),
        (1, "purchase", None, NOON_MS, "email", "2", None, 1250),
    ]


def test_a_bad_event_is_refused_and_the_rest_is_kept(shop: "Shop") -> None:
    shop.people("key\n1\n")
    report = record(
        shop,
        reported("1", "cliked", id="a"),
        reported("9", id="b"),
        reported("1", id=""),
        reported("1", "purchase", id="d", fields={"amount": "much"}),
        reported("1", "purchase", id="e"),
        reported("1", id="f"),
    )
    assert (report.added, report.known) == (1, 0)
    assert sorted((refusal.event.id, refusal.reason) for refusal in report.refused) == [
        ("", "id: is empty"),
        ("a", "event: `cliked` is not a declared event: did you mean `clicked`?"),
        ("b", "nobody has the key `9`: import the contact first"),
        ("d", "amount: `much` is not an amount: write 12.50 or 12.50 EUR"),
        ("e", "amount: is missing, and has no default"),
    ]


def test_an_event_from_a_clock_that_is_ahead_is_early(shop: "Shop") -> None:
    shop.people("key\n1\n")
    record(shop, reported("1"), now=NOON_MS - 1)
    assert shop.rows("SELECT early FROM event") == [(1,)]


def test_nothing_reported_is_nothing_written(shop: "Shop") -> None:
    assert record(shop) == Recorded(0, 0, ())
