"""A file of events comes in: whose they are, which are new, and that reading it again adds nothing."""

from typing import TYPE_CHECKING

import pytest

from campflow.errors import CampflowError
from campflow.hooks.contracts import Source
from campflow.people.report import BATCH_ROWS, ImportReport

if TYPE_CHECKING:
    from tests.people.conftest import Shop

PEOPLE = "key,email\n1,ada@acme.example\n2,bob@acme.example\n"


def test_events_find_their_contact_by_key_or_address(shop: "Shop") -> None:
    shop.people(PEOPLE)
    report = shop.happened(
        "key,email,contact,at,amount\n"
        "1,,,2024-01-01T10:00:00Z,12.50\n"
        ",BOB@acme.example,,2024-01-01T11:00:00Z,1\n"
        ",bob@ACME.example,,2024-01-01T11:00:00Z,1\n"
        ",,2,2024-01-01T12:00:00Z,2\n"
        ",,ada@ACME.example,2024-01-01T13:00:00Z,3\n"
    )
    assert (report.added, report.refused) == (4, 1)
    assert shop.reasons() == [
        (3, "contact", "nobody has the e-mail address `BOB@acme.example`: import the contact first")
    ]
    query = 'SELECT contact_id, name, at, source, "purchase$amount", "purchase$pieces", early FROM event ORDER BY seq'
    assert shop.rows(query) == [
        (1, "purchase", 1_704_103_200_000, "import", 1250, 1, 0),
        (2, "purchase", 1_704_106_800_000, "import", 100, 1, 0),
        (2, "purchase", 1_704_110_400_000, "import", 200, 1, 0),
        (1, "purchase", 1_704_114_000_000, "import", 300, 1, 0),
    ]


def test_two_equal_purchases_are_two_and_the_same_file_again_adds_nothing(shop: "Shop") -> None:
    shop.people(PEOPLE)
    data = "key,at,amount\n1,2024-01-01,5\n1,2024-01-01,5.00\n2,2024-01-01,5\n1,2024-01-02,5\n1,2024-01-01,5\n"
    assert shop.happened(data) == ImportReport(read=5, added=5, changed=0, unchanged=0, refused=0)
    assert shop.happened(data) == ImportReport(read=5, added=0, changed=0, unchanged=5, refused=0)
    # In another order, by another name of the contact, in another format: still the same events.
    again = "contact,amount,at\nada@acme.example,5,2024-01-02\n1,5,2024-01-01T00:00\n1,5,2024-01-01\n"
    assert shop.happened(again).added == 0
    # A fourth equal one is a new one.
    assert shop.happened(data + "1,2024-01-01,5\n").added == 1


def test_equal_purchases_are_counted_across_batches(shop: "Shop") -> None:
    shop.people(PEOPLE)
    lines = [b"key,at,amount\n", *[b"1,2024-01-01,5\n"] * (BATCH_ROWS + 7)]
    assert shop.happened(lines).added == BATCH_ROWS + 7
    assert shop.happened(lines).added == 0


def test_an_id_of_the_source_says_which_event_it_is(shop: "Shop") -> None:
    shop.people(PEOPLE)
    data = "key,id,at,amount\n1,a,2024-01-01,5\n1,b,2024-01-01,5\n1,a,2024-02-02,9\n2,a,2024-01-01,5\n"
    assert shop.happened(data) == ImportReport(read=4, added=3, changed=0, unchanged=1, refused=0)
    assert shop.happened(data).added == 0
    assert shop.happened(data, origin="shop").added == 3  # an id is the source's own
    assert shop.rows("SELECT event_id, source, at FROM event WHERE contact_id = 1 ORDER BY seq LIMIT 2") == [
        ("a", "import", 1_704_063_600_000), ("b", "import", 1_704_063_600_000),
    ]  # fmt: skip


def test_many_kinds_of_events_in_one_file_keep_their_order(shop: "Shop") -> None:
    shop.people(PEOPLE)
    report = shop.happened(
        "key,event,at,amount,about,colour\n"
        "1,signup,2024-01-03,,,red\n"
        "1,purchase,2024-01-01,5,,\n"
        "1,clicked,2024-01-02,,welcome,\n"
        "2,signup,2024-01-01,,,\n",
        event=None,
    )
    assert (report.added, report.ignored) == (4, ("colour",))
    assert shop.rows('SELECT seq, name, about, "purchase$amount" FROM event ORDER BY seq') == [
        (1, "signup", None, None),
        (2, "purchase", None, 500),
        (3, "clicked", "welcome", None),
        (4, "signup", None, None),
    ]


def test_bad_events_are_refused_with_line_column_and_reason(shop: "Shop") -> None:
    shop.people(PEOPLE)
    report = shop.happened(
        "key,event,at,amount,about\n"
        "1,purchase,2024-01-01,5,\n"
        "1,purchase,2024-01-01,,\n"
        "1,purchase,01/02/2024,5,\n"
        "1,purchase,,5,\n"
        "1,purchas,2024-01-01,5,\n"
        "1,,2024-01-01,5,\n"
        "1,signup,2024-01-01,,welcome\n"
        "9,signup,2024-01-01,,\n"
        ",signup,2024-01-01,,\n"
        "1,purchase,2024-01-01,5 USD,\n",
        event=None,
    )
    assert report == ImportReport(read=10, added=1, changed=0, unchanged=0, refused=9)
    assert shop.reasons() == [
        (3, "amount", "is missing, and has no default"),
        (4, "at", "`01/02/2024` is not a time: write 2026-12-01T09:00 or 2026-12-01T09:00:00+01:00"),
        (5, "at", "is missing: say when it happened, as in 2026-12-01T09:00"),
        (6, "event", "`purchas` is not a declared event: did you mean `purchase`?"),
        (7, "event", "is missing: say which event it is"),
        (8, "about", "only reactions such as clicked are about something, `signup` is not"),
        (9, "contact", "nobody has the key `9`: import the contact first"),
        (10, "contact", "the row does not say whose event it is: give a key or an e-mail address"),
        (11, "amount", "`5 USD` is not in EUR, the project's currency"),
    ]


def test_what_is_told_before_it_happens_is_early(shop: "Shop") -> None:
    shop.people(PEOPLE)
    shop.happened("key,at,amount\n1,1970-01-01T00:00:10Z,1\n1,1970-01-01T00:00:11Z,1\n", now=10_000)
    assert shop.rows("SELECT at, early FROM event ORDER BY seq") == [(10_000, 0), (11_000, 1)]


def test_columns_are_mapped_and_fields_named_like_ours_can_be_reached(shop: "Shop", json_lines: Source) -> None:
    shop.people(PEOPLE)
    shop.happened("customer,when,total\n1,2024-01-01,5\n", mapping={"customer": "key", "when": "at", "total": "amount"})
    assert shop.rows('SELECT "purchase$amount" FROM event') == [(500,)]
    line = (
        '{"key": 1, "event": "moved_house", "at": "2024-01-01", "moved_house.at": "Paris", "moved_house.email": "x"}\n'
    )
    shop.happened(line, event=None, source=json_lines)
    assert shop.rows('SELECT "moved_house$at", "moved_house$email" FROM event WHERE seq = 2') == [("Paris", "x")]


def test_an_event_that_nothing_declares_stops_the_import(shop: "Shop") -> None:
    with pytest.raises(CampflowError, match=r"`purchas` is not a declared event: did you mean `purchase`\?"):
        shop.happened("key,at\n1,2024-01-01\n", event="purchas")


def test_json_values_and_texts_are_the_same_event(shop: "Shop", json_lines: Source) -> None:
    shop.people(PEOPLE)
    shop.happened("key,at,amount,pieces\n1,2024-01-01,5,2\n")
    assert shop.happened('{"key": 1, "at": "2024-01-01", "amount": 5.0, "pieces": 2}\n', source=json_lines).added == 0
