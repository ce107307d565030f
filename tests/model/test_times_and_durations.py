"""Times and durations as people write them in flags and settings."""

import pytest

from campflow.model.durations import parse_duration
from campflow.model.people import Duration
from campflow.model.times import iso, parse_time, shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 day", Duration(days=1)),
        ("2 hours 30 minutes", Duration(milliseconds=9_000_000)),
        ("1 year 1 month 1 week", Duration(months=13, days=7)),
        (" 45  seconds ", Duration(milliseconds=45_000)),
        ("3days", Duration(days=3)),
    ],
)
def test_a_duration_is_read_as_in_a_flow_file(text: str, expected: Duration) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize("text", ["", "day", "1 dya", "0 days", "1 day and a half", "1.5 days", "-1 day", "1 days2"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write for example 1 day"):
        parse_duration(text)


def test_a_duration_reads_back_what_it_shows() -> None:
    for duration in (Duration(1, 2, 3_000), Duration(months=14), Duration(days=400)):
        assert parse_duration(str(duration)) == duration


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-03-01 09:00", "Europe/Paris", "2026-03-01T08:00:00.000Z"),
        ("2026-07-01", "Europe/Paris", "2026-06-30T22:00:00.000Z"),
        ("2026-03-01T09:00:00Z", "Europe/Paris", "2026-03-01T09:00:00.000Z"),
        ("2026-03-01 09:00:01.5+02:00", "UTC", "2026-03-01T07:00:01.500Z"),
        ("2026-03-29 02:30", "Europe/Paris", "2026-03-29T01:00:00.000Z"),  # skipped: the end of the gap
    ],
)
def test_a_time_is_local_unless_it_says_otherwise(text: str, zone: str, expected: str) -> None:
    assert iso(parse_time(text, zone)) == expected


@pytest.mark.parametrize("text", ["", "now", "2026-02-30", "20260301", "2026-W09", "2026-03-01 25:00"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write for example 2026-03-01 09:00"):
        parse_time(text, "UTC")


def test_an_instant_is_shown_on_the_clock_of_a_zone() -> None:
    at = parse_time("2026-07-01 12:00:30", "UTC")
    assert shown(at, "Asia/Tokyo") == "2026-07-01 21:00"
    assert shown(at, "UTC", seconds=True) == "2026-07-01 12:00:30"
