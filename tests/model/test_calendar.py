"""Adding durations along the calendar: clock changes, short months, and days that a country left out."""

import calendar as month_lengths
import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campflow.errors import CampflowError
from campflow.model.calendar import (
    DAY,
    add,
    add_months,
    first_day,
    is_zone,
    length,
    month_of,
    offsets,
    to_instant,
    to_local,
)
from campflow.model.people import Duration

ZONES = (
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Asia/Kathmandu",
    "Pacific/Apia", "Africa/Casablanca", "Pacific/Kwajalein", "America/Sao_Paulo", "UTC",
)  # fmt: skip
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
FIRST, LAST = dt.datetime.fromisoformat("1901-01-01"), dt.datetime.fromisoformat("2150-01-01")
instants = st.datetimes(FIRST, LAST, timezones=st.just(dt.UTC))

#: So far from the ends of the tables that four years more or less stay within.
inner = st.datetimes(FIRST.replace(year=1905), LAST.replace(year=2145), timezones=st.just(dt.UTC))


def ms(moment: dt.datetime) -> int:
    return (moment - EPOCH) // dt.timedelta(milliseconds=1)


def at(text: str) -> int:
    """An instant, or a local time, from ISO text."""
    return ms(
        dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC) if "+" not in text else dt.datetime.fromisoformat(text)
    )


def clock(zone: str, text: str, duration: Duration) -> str:
    """What the zone's clock shows at a local time plus a duration."""
    return (
        EPOCH + dt.timedelta(milliseconds=to_local(zone, add(zone, to_instant(zone, at(text)), duration)))
    ).strftime("%Y-%m-%d %H:%M")


DAY_1, HOUR_24, MONTH_1 = Duration(days=1), Duration(milliseconds=DAY), Duration(months=1)


@pytest.mark.parametrize(
    ("zone", "start", "duration", "end"),
    [
        # A day is 23 or 25 hours long at a clock change, 24 hours are not a day.
        ("Europe/Berlin", "2024-03-30T09:00", DAY_1, "2024-03-31 09:00"),
        ("Europe/Berlin", "2024-03-30T09:00", HOUR_24, "2024-03-31 10:00"),
        ("Europe/Berlin", "2024-10-26T09:00", DAY_1, "2024-10-27 09:00"),
        ("Europe/Berlin", "2024-10-26T09:00", HOUR_24, "2024-10-27 08:00"),
        # In the gap: the first moment after it.
        ("Europe/Berlin", "2024-03-30T02:30", DAY_1, "2024-03-31 03:00"),
        ("America/New_York", "2024-02-10T02:59", MONTH_1, "2024-03-10 03:00"),
        ("America/Havana", "2024-03-09T00:30", DAY_1, "2024-03-10 01:00"),
        # Half an hour, and a day without midnight.
        ("Australia/Lord_Howe", "2024-10-05T02:15", DAY_1, "2024-10-06 02:30"),
        ("America/Sao_Paulo", "2018-11-03T00:00", DAY_1, "2018-11-04 01:00"),
        # Samoa had no 30 December 2011.
        ("Pacific/Apia", "2011-12-29T09:00", DAY_1, "2011-12-31 00:00"),
        ("Pacific/Apia", "2011-12-29T09:00", Duration(days=2), "2011-12-31 09:00"),
        ("Asia/Kathmandu", "1985-12-31T12:00", DAY_1, "1986-01-01 12:00"),
        # The last day of the month where the day is missing, before days are counted.
        ("UTC", "2024-01-31T10:00", MONTH_1, "2024-02-29 10:00"),
        ("UTC", "2023-01-31T10:00", MONTH_1, "2023-02-28 10:00"),
        ("UTC", "2024-02-29T10:00", Duration(months=12), "2025-02-28 10:00"),
        ("UTC", "2024-01-31T10:00", Duration(1, 1, 60_000), "2024-03-01 10:01"),
        ("UTC", "2024-03-31T10:00", Duration(months=-1), "2024-02-29 10:00"),
        ("UTC", "2024-12-31T10:00", Duration(months=2, days=-1), "2025-02-27 10:00"),
        # Days first, then hours: the hours are counted after the clock change.
        ("Europe/Berlin", "2024-03-30T02:30", Duration(0, 1, 3_600_000), "2024-03-31 04:00"),
    ],
)
def test_durations_along_the_calendar(zone: str, start: str, duration: Duration, end: str) -> None:
    assert clock(zone, start, duration) == end


def test_a_local_time_that_happens_twice_is_the_first() -> None:
    assert to_instant("Europe/Berlin", at("2024-10-27T02:30")) == at("2024-10-27T02:30+02:00")
    assert add("Europe/Berlin", at("2024-10-26T02:30+02:00"), DAY_1) == at("2024-10-27T02:30+02:00")
    # An hour more than that is an hour, though the clock shows the same.
    assert add("Europe/Berlin", at("2024-10-27T02:30+02:00"), Duration(milliseconds=3_600_000)) == at(
        "2024-10-27T02:30+01:00"
    )


def test_nothing_added_stays_in_the_second_of_the_two_hours() -> None:
    second = at("2024-10-27T02:30+01:00")
    assert add("Europe/Berlin", second, Duration()) == second


@settings(max_examples=500)
@given(st.sampled_from(ZONES), instants)
def test_clocks_are_those_of_zoneinfo(zone: str, moment: dt.datetime) -> None:
    shown = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=dt.UTC)
    assert to_local(zone, ms(moment)) == ms(shown)
    assert to_instant(zone, ms(shown)) == ms(shown.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(dt.UTC))


@settings(max_examples=500)
@given(st.sampled_from(ZONES), inner, st.integers(-30, 30), st.integers(-400, 400), st.integers(-(10**9), 10**9))
def test_adding_is_what_one_would_do_by_hand(
    zone: str, moment: dt.datetime, months: int, days: int, milliseconds: int
) -> None:
    start = moment.replace(microsecond=0)
    clock_of = ZoneInfo(zone)
    end = start
    if months or days:
        local = start.astimezone(clock_of).replace(tzinfo=None)
        year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
        last = month_lengths.monthrange(year, month + 1)[1]
        local = local.replace(year=year, month=month + 1, day=min(local.day, last)) + dt.timedelta(days=days)
        end = local.replace(tzinfo=clock_of, fold=0).astimezone(dt.UTC)
        if end.astimezone(clock_of).replace(tzinfo=None) != local:  # skipped by a clock change: walk to its end
            end = local.replace(tzinfo=clock_of, fold=1).astimezone(dt.UTC)
            while end.astimezone(clock_of).replace(tzinfo=None) < local:
                end += dt.timedelta(seconds=1)
    assert add(zone, ms(start), Duration(months, days, milliseconds)) == ms(end) + milliseconds


@given(st.dates(dt.date(1, 1, 1)))
def test_months_are_those_of_the_calendar(day: dt.date) -> None:
    number = (day - dt.date(1970, 1, 1)).days
    month = (day.year - 1970) * 12 + day.month - 1
    assert month_of(number) == month
    assert first_day(month) == number - day.day + 1
    assert length(month) == month_lengths.monthrange(day.year, day.month)[1]


@given(st.integers(-(10**7), 10**7), st.integers(-(10**5), 10**5))
def test_months_have_no_end(day: int, months: int) -> None:
    later = add_months(day, months)
    assert month_of(later) == month_of(day) + months
    assert 0 <= (day - first_day(month_of(day))) - (later - first_day(month_of(later))) <= 3


def test_instants_far_outside_the_tables_have_a_clock_too() -> None:
    for zone in ZONES:
        for instant in (-(10**15), -(10**14), 10**14, 10**15):
            assert abs(to_local(zone, instant) - instant) < DAY
            assert to_instant(zone, to_local(zone, instant)) == instant


def test_what_is_a_zone() -> None:
    assert is_zone("Europe/Paris")
    for name in ("Europe/Atlantis", "europe", "", "..", "/etc/passwd", "x" * 5_000, "a\0b", "Europe"):
        assert not is_zone(name), name
    with pytest.raises(CampflowError, match="`Mars` is not a time zone"):
        offsets("Mars")
