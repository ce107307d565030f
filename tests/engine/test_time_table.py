"""What a local time is where clocks change, calendars end and zones differ: a table, each instant worked out by hand.

A row is a campaign's zone, when Ada signs up (her stage is entered then), a way out, and the instant at which it acts.
Instants are UTC; what the clock on the wall shows is said beside them. The clock changes that matter here:

    Europe/Berlin        2026-03-29 01:00 UTC  02:00 +1     becomes 03:00 +2      02:30 is missing
                         2026-10-25 01:00 UTC  03:00 +2     becomes 02:00 +1      02:30 comes twice
    America/New_York     2026-03-08 07:00 UTC  02:00 -5     becomes 03:00 -4      02:30 is missing
                         2026-11-01 06:00 UTC  02:00 -4     becomes 01:00 -5      01:30 comes twice
    Australia/Lord_Howe  2026-04-04 15:00 UTC  02:00 +11    becomes 01:30 +10:30  01:45 comes twice
                         2026-10-03 15:30 UTC  02:00 +10:30 becomes 02:30 +11     02:15 is missing
    America/Havana       2026-03-08 05:00 UTC  00:00 -5     becomes 01:00 -4      midnight is missing
                         2026-11-01 05:00 UTC  01:00 -4     becomes 00:00 -5      midnight comes twice
    Asia/Kathmandu       always +5:45
"""

from typing import NamedTuple

import pytest
from tests.engine.workbench import Bench, instant, shown

from campflow.model.people import Duration

PEOPLE = """
contact {
  email     email
  score     number = 0
  timezone  timezone?
}
event signup
event ping
"""

TALE = """
campaign tale {{
  {clauses}
  audience email is set
  enter    on signup, every time
  stage a {{
    {actions}
    on unsubscribed -> z
    {way} -> z
  }}
  final z
}}
"""


def a_bench(zone: str, way: str = "after 80 days", actions: str = "", clauses: str = "") -> Bench:
    """Ada, in a project of this zone, with this way out of its one stage."""
    messages = ["hello"] if "hello" in actions else []
    if way.startswith(("on ping", "when")):
        way += " -> z\n    after 90 days"  # a stage that nobody could leave by time is refused
    text = PEOPLE + TALE.format(clauses=clauses, actions=actions, way=way)
    bench = Bench(text, messages, zone=zone)
    bench.people("key,email\nada,ada@x.example", now=instant("2026-01-01"))
    return bench


def left_at(bench: Bench) -> str | None:
    """When Ada left her stage."""
    return next((at for _, old, _, at in bench.moves() if old == "a"), None)


class Row(NamedTuple):
    zone: str
    signup: str
    way: str
    acts: str
    reads: str


BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
HAVANA, KATHMANDU, TOKYO = "America/Havana", "Asia/Kathmandu", "Asia/Tokyo"

MISSING = [
    Row(BERLIN, "2026-03-28 11:00", "at 02:30", "2026-03-29 01:00", "02:30 is missing: 03:00, right after the gap"),
    Row(BERLIN, "2026-03-29 01:00", "at 02:30", "2026-03-30 00:30", "from 03:00 on it is the next day's"),
    Row(BERLIN, "2026-03-28 11:00", "on 2026-03-29 02:30", "2026-03-29 01:00", "a date with a missing time"),
    Row(BERLIN, "2026-03-28 01:30", "after 1 day", "2026-03-29 01:00", "02:30 to 02:30 that is missing: 23.5 hours"),
    Row(BERLIN, "2026-03-28 01:30", "after 24 hours", "2026-03-29 01:30", "03:30 on the wall"),
    Row(NEW_YORK, "2026-03-07 17:00", "at 02:30", "2026-03-08 07:00", "02:30 is missing: 03:00"),
    Row(NEW_YORK, "2026-03-07 07:30", "after 1 day", "2026-03-08 07:00", "02:30 to 03:00"),
    Row(LORD_HOWE, "2026-10-03 01:30", "at 02:15", "2026-10-03 15:30", "half an hour is missing: 02:30"),
    Row(LORD_HOWE, "2026-10-03 01:30", "at 02:45", "2026-10-03 15:45", "02:45 is not"),
    Row(HAVANA, "2026-03-07 17:00", "at 00:00", "2026-03-08 05:00", "midnight is missing: 01:00"),
    Row(HAVANA, "2026-03-08 05:00", "at 00:00", "2026-03-09 04:00", "from 01:00 on it is the next day's"),
    Row(HAVANA, "2026-03-07 17:00", "on 2026-03-08", "2026-03-08 05:00", "a day begins at its first moment"),
    Row(HAVANA, "2026-03-07 05:00", "after 1 day", "2026-03-08 05:00", "midnight to the first moment of the next day"),
]

TWICE = [
    Row(BERLIN, "2026-10-24 10:00", "at 02:30", "2026-10-25 00:30", "the first of the two"),
    Row(BERLIN, "2026-10-25 00:30", "at 02:30", "2026-10-26 01:30", "the second is not another one"),
    Row(BERLIN, "2026-10-25 01:00", "at 02:30", "2026-10-26 01:30", "between the two: the next day's"),
    Row(BERLIN, "2026-10-24 10:00", "on 2026-10-25 02:30", "2026-10-25 00:30", "a date with a time that comes twice"),
    Row(BERLIN, "2026-10-24 00:30", "after 1 day", "2026-10-25 00:30", "02:30 to the first 02:30: 24 hours"),
    Row(BERLIN, "2026-10-25 00:30", "after 1 hour", "2026-10-25 01:30", "from the first 02:30 to the second"),
    Row(BERLIN, "2026-10-25 01:30", "after 1 day", "2026-10-26 01:30", "from the second 02:30: 24 hours"),
    Row(NEW_YORK, "2026-10-31 16:00", "at 01:30", "2026-11-01 05:30", "the first of the two"),
    Row(NEW_YORK, "2026-11-01 05:30", "at 01:30", "2026-11-02 06:30", "the second is not another one"),
    Row(LORD_HOWE, "2026-04-04 01:00", "at 01:45", "2026-04-04 14:45", "the first of the two, half an hour apart"),
    Row(LORD_HOWE, "2026-04-04 14:45", "after 30 minutes", "2026-04-04 15:15", "from the first 01:45 to the second"),
    Row(HAVANA, "2026-10-31 16:00", "at 00:00", "2026-11-01 04:00", "the first of the two midnights"),
    Row(HAVANA, "2026-10-31 16:00", "on 2026-11-01", "2026-11-01 04:00", "a day begins at the first midnight"),
]

DAYS_AND_HOURS = [
    Row(BERLIN, "2026-03-28 11:00", "after 1 day", "2026-03-29 10:00", "noon to noon: 23 hours"),
    Row(BERLIN, "2026-03-28 11:00", "after 24 hours", "2026-03-29 11:00", "noon to 13:00"),
    Row(BERLIN, "2026-10-24 10:00", "after 1 day", "2026-10-25 11:00", "noon to noon: 25 hours"),
    Row(BERLIN, "2026-10-24 10:00", "after 24 hours", "2026-10-25 10:00", "noon to 11:00"),
    Row(NEW_YORK, "2026-03-07 17:00", "after 1 day", "2026-03-08 16:00", "noon to noon: 23 hours"),
    Row(NEW_YORK, "2026-03-07 17:00", "after 24 hours", "2026-03-08 17:00", "noon to 13:00"),
    Row(NEW_YORK, "2026-10-31 16:00", "after 1 day", "2026-11-01 17:00", "noon to noon: 25 hours"),
    Row(NEW_YORK, "2026-10-31 16:00", "after 24 hours", "2026-11-01 16:00", "noon to 11:00"),
    Row(LORD_HOWE, "2026-04-04 01:00", "after 1 day", "2026-04-05 01:30", "noon to noon: 24.5 hours"),
    Row(LORD_HOWE, "2026-04-04 01:00", "after 24 hours", "2026-04-05 01:00", "noon to 11:30"),
    Row(LORD_HOWE, "2026-10-03 01:30", "after 1 day", "2026-10-04 01:00", "noon to noon: 23.5 hours"),
    Row(LORD_HOWE, "2026-10-03 01:30", "after 24 hours", "2026-10-04 01:30", "noon to 12:30"),
    Row(HAVANA, "2026-03-07 17:00", "after 1 day", "2026-03-08 16:00", "noon to noon: 23 hours"),
    Row(HAVANA, "2026-03-07 17:00", "after 24 hours", "2026-03-08 17:00", "noon to 13:00"),
    Row(KATHMANDU, "2026-03-07 06:15", "after 1 day", "2026-03-08 06:15", "noon to noon: always 24 hours"),
    Row(KATHMANDU, "2026-03-07 06:15", "after 24 hours", "2026-03-08 06:15", "noon to noon"),
    Row(BERLIN, "2026-03-28 11:00", "after 1 day 2 hours", "2026-03-29 12:00", "noon, then two hours: 14:00"),
    Row(BERLIN, "2026-03-28 11:00", "after 2 weeks", "2026-04-11 10:00", "noon to noon"),
]

WALL_CLOCK = [
    Row(TOKYO, "2026-03-06 03:00", "at 09:00 on monday", "2026-03-09 00:00", "Monday 09:00 there"),
    Row(TOKYO, "2026-03-06 03:00", "at 08:00 on monday", "2026-03-08 23:00", "Monday 08:00 there, Sunday in UTC"),
    Row(TOKYO, "2026-03-08 23:30", "at 09:00 on monday", "2026-03-09 00:00", "Monday 08:30 there: today's"),
    Row(TOKYO, "2026-03-09 00:00", "at 09:00 on monday", "2026-03-16 00:00", "strictly later than the entry"),
    Row(NEW_YORK, "2026-03-06 17:00", "at 09:00 on monday", "2026-03-09 13:00", "09:00 on both sides of the change"),
    Row(NEW_YORK, "2026-02-27 17:00", "at 09:00 on monday", "2026-03-02 14:00", "09:00 before the change"),
    Row(NEW_YORK, "2026-03-06 17:00", "at 20:00 on monday", "2026-03-10 00:00", "Monday 20:00 there, Tuesday in UTC"),
    Row(NEW_YORK, "2026-03-07 17:00", "at 09:00", "2026-03-08 13:00", "09:00 in summer time"),
    Row(NEW_YORK, "2026-10-31 16:00", "at 09:00", "2026-11-01 14:00", "09:00 in winter time"),
    Row(KATHMANDU, "2026-03-07 06:15", "at 09:00", "2026-03-08 03:15", "09:00 there"),
    Row(KATHMANDU, "2026-03-07 06:15", "on 2026-03-09 00:10", "2026-03-08 18:25", "ten past midnight there"),
]

MONTH_ENDS = [
    Row("UTC", "2026-01-31 10:00", "after 1 month", "2026-02-28 10:00", "the last day of a shorter month"),
    Row("UTC", "2026-01-28 10:00", "after 1 month", "2026-02-28 10:00", "the day itself"),
    Row("UTC", "2026-02-28 10:00", "after 1 month", "2026-03-28 10:00", "the 28th, not the last day"),
    Row("UTC", "2026-03-31 10:00", "after 1 month", "2026-04-30 10:00", "the 30th"),
    Row("UTC", "2026-12-31 10:00", "after 2 months", "2027-02-28 10:00", "over the year's end"),
    Row("UTC", "2028-01-31 10:00", "after 1 month", "2028-02-29 10:00", "a leap year"),
    Row("UTC", "2026-01-30 10:00", "after 1 month 1 day", "2026-03-01 10:00", "the month first, then the day"),
    Row(BERLIN, "2026-02-28 01:30", "after 1 month 1 day", "2026-03-29 01:00", "02:30 a month and a day on is missing"),
    Row(NEW_YORK, "2026-02-01 04:30", "after 1 month", "2026-03-01 04:30", "31 January 23:30 there: 28 February 23:30"),
]

SUMS = [
    Row(BERLIN, "2026-01-30 09:00", "when now >= last(signup) + 1 month + 3 days", "2026-03-03 09:00",
        "28 February, then three days: as `+ 1 month 3 days`"),
    Row(BERLIN, "2026-01-30 09:00", "when now >= last(signup) + 3 days + 1 month", "2026-03-02 09:00",
        "2 February, then a month"),
    Row("UTC", "2026-01-31 10:00", "when now >= last(signup) + 1 month + 1 month + 1 hour", "2026-03-28 11:00",
        "28 February, then 28 March"),
    Row(BERLIN, "2026-02-27 01:30", "when now >= last(signup) + 1 month 2 days + 1 day", "2026-03-30 01:00",
        "02:30 is missing on 29 March: 03:00, and 03:00 a day later"),
    Row(BERLIN, "2026-02-27 01:30", "when now >= last(signup) + 1 month + 1 day + 2 days", "2026-03-30 00:30",
        "02:30 is not missing on 28 and 30 March"),
    Row(HAVANA, "2026-02-07 05:00", "when now >= last(signup) + 1 month + 1 day + 1 day", "2026-03-09 05:00",
        "8 March begins at 01:00; and 01:00 a day later"),
    Row(BERLIN, "2026-01-31 09:00", "when now + 1 month >= last(signup) + 1 month + 3 days", "2026-02-03 09:00",
        "3 March is a month after 3 February"),
    Row("UTC", "2026-01-10 10:00", "when now + 1 month + 1 month >= 2026-03-31 10:00", "2026-02-01 00:00",
        "31 January and two months come to 28 March"),
    Row(BERLIN, "2026-03-01 10:00", "when 2026-05-31 10:00 - now < 1 month", "2026-04-30 22:00",
        "30 April + 1 month is 30 May; 1 May, and each moment of it, comes later"),
    Row("UTC", "2026-01-31 10:00", "when now - 1 month >= 2026-03-31 10:00", "2026-05-01 00:00",
        "30 April - 1 month is 30 March; 1 May, and each moment of it, comes to 1 April"),
    Row(BERLIN, "2026-02-28 09:00", "when now - 1 month - 3 days >= last(signup)", "2026-04-03 08:00",
        "3 March, then 28 February"),
    Row(BERLIN, "2026-02-28 09:00", "when now - 3 days - 1 month >= last(signup)", "2026-03-31 08:00",
        "28 March, then 28 February"),
    Row(BERLIN, "2026-10-25 01:30", "when now - 1 day >= last(signup)", "2026-10-26 02:00",
        "02:30 a day later comes back to the first 02:30, and 03:00 to 03:00"),
    Row("UTC", "2026-02-10 10:00", "when now - 1 month 1 hour >= 2026-02-28 23:30", "2026-04-01 00:30",
        "the month first: 1 March 00:30, then an hour"),
]  # fmt: skip

TABLE = [*MISSING, *TWICE, *DAYS_AND_HOURS, *WALL_CLOCK, *MONTH_ENDS, *SUMS]


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row.zone} {row.signup} {row.way}") for row in TABLE])
def test_a_way_out_acts_at(row: Row) -> None:
    """Once a tick long after; once a tick just before (nothing) and one at the moment."""
    late = a_bench(row.zone, row.way)
    late.deploy(instant(row.signup) - 1)
    late.events(f"key,event,at\nada,signup,{row.signup}Z", now=instant(row.signup))
    late.tick(instant(row.acts) + 86_400_000)
    assert left_at(late) == row.acts, row.reads
    punctual = a_bench(row.zone, row.way)
    punctual.deploy(instant(row.signup) - 1)
    punctual.events(f"key,event,at\nada,signup,{row.signup}Z", now=instant(row.signup))
    punctual.tick(row.signup)
    punctual.tick(instant(row.acts) - 1)
    assert left_at(punctual) is None
    punctual.tick(row.acts)
    assert left_at(punctual) == row.acts, row.reads


class Sent(NamedTuple):
    zone: str
    signup: str
    send: str
    planned: str
    reads: str


SENDS = [
    Sent(BERLIN, "2026-03-28 11:00", "at 02:30", "2026-03-29 01:00", "a missing time is the first moment after"),
    Sent(BERLIN, "2026-10-24 10:00", "at 02:30", "2026-10-25 00:30", "the first of two"),
    Sent(BERLIN, "2026-10-25 00:30", "at 02:30", "2026-10-25 00:30", "a send counts this moment as the next"),
    Sent(BERLIN, "2026-10-25 01:30", "at 02:30", "2026-10-26 01:30", "but the second 02:30 is none"),
    Sent(BERLIN, "2026-03-28 11:00", "in 1 day", "2026-03-29 10:00", "noon to noon"),
    Sent(BERLIN, "2026-03-28 11:00", "in 24 hours", "2026-03-29 11:00", "24 hours"),
    Sent(TOKYO, "2026-03-06 03:00", "on monday at 08:00", "2026-03-08 23:00", "Monday there"),
    Sent(NEW_YORK, "2026-03-06 17:00", "on monday at 20:00", "2026-03-10 00:00", "Monday there"),
    Sent(HAVANA, "2026-03-07 17:00", "at 00:00", "2026-03-08 05:00", "a day without a midnight"),
    Sent("UTC", "2026-01-31 10:00", "in 1 month", "2026-02-28 10:00", "the last day of February"),
]  # fmt: skip


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row.zone} {row.signup} {row.send}") for row in SENDS])
def test_a_send_is_planned_for(row: Sent) -> None:
    bench = a_bench(row.zone, actions=f"send mail hello {row.send}")
    bench.deploy(instant(row.signup) - 1)
    bench.events(f"key,event,at\nada,signup,{row.signup}Z")
    bench.tick(row.planned)
    assert [at for _, _, at, _ in bench.planned()] == [row.planned], row.reads


# --- entering ---------------------------------------------------------------------------------------------------

CALENDAR = """
campaign tale {{
  audience email is set
  enter    {enter}, every time
  stage a {{ after 1 minute -> z }}
  final z
}}
"""


class Entries(NamedTuple):
    zone: str
    enter: str
    deployed: str
    until: str
    entered: list[str]


ENTRIES = [
    Entries(BERLIN, "every day at 02:30", "2026-03-27 12:00", "2026-03-30 12:00",
            ["2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"]),
    Entries(BERLIN, "every day at 02:30", "2026-10-23 12:00", "2026-10-26 12:00",
            ["2026-10-24 00:30", "2026-10-25 00:30", "2026-10-26 01:30"]),
    Entries(HAVANA, "every day at 00:00", "2026-03-06 12:00", "2026-03-09 12:00",
            ["2026-03-07 05:00", "2026-03-08 05:00", "2026-03-09 04:00"]),
    Entries(LORD_HOWE, "every day at 02:15", "2026-10-02 06:00", "2026-10-05 06:00",
            ["2026-10-02 15:45", "2026-10-03 15:30", "2026-10-04 15:15"]),
    Entries(NEW_YORK, "every monday at 09:00", "2026-03-01 12:00", "2026-03-10 12:00",
            ["2026-03-02 14:00", "2026-03-09 13:00"]),
    Entries(TOKYO, "every monday at 08:00", "2026-03-01 12:00", "2026-03-10 12:00",
            ["2026-03-01 23:00", "2026-03-08 23:00"]),
    Entries("UTC", "every month on 31 at 09:00", "2026-01-15", "2026-05-15",
            ["2026-01-31 09:00", "2026-02-28 09:00", "2026-03-31 09:00", "2026-04-30 09:00"]),
    Entries(KATHMANDU, "every month on 1 at 00:00", "2026-01-15", "2026-03-15",
            ["2026-01-31 18:15", "2026-02-28 18:15"]),
]  # fmt: skip


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row.zone} {row.enter} {row.until}") for row in ENTRIES])
def test_a_schedule_lets_in_at(row: Entries) -> None:
    bench = Bench(PEOPLE + CALENDAR.format(enter=row.enter), [], zone=row.zone)
    bench.people("key,email\nada,ada@x.example", now=instant("2026-01-01"))
    bench.deploy(row.deployed)
    bench.tick(row.until)
    assert [at for _, old, _, at in bench.moves() if old is None] == row.entered


# --- the zone of a contact --------------------------------------------------------------------------------------

OWN_ZONE = "timezone contact"


def moving_house(way: str, old: str, new: str, moved: str, signup: str = "2026-03-02 10:00") -> Bench:
    """Ada waits, and at `moved` lives elsewhere. The project's zone is Berlin's."""
    bench = a_bench(BERLIN, way, clauses=OWN_ZONE)
    bench.people(f"key,email,timezone\nada,ada@x.example,{old}", now=instant("2026-01-01"))
    bench.deploy(instant(signup) - 1)
    bench.events(f"key,event,at\nada,signup,{signup}Z", now=instant(signup))
    bench.tick(signup)
    bench.tick(instant(moved) - 1)
    bench.people(f"key,email,timezone\nada,ada@x.example,{new}", now=instant(moved))
    bench.tick(moved)
    return bench


@pytest.mark.parametrize(
    ("way", "new", "acts"),
    [
        ("at 09:00 on friday", TOKYO, "2026-03-06 00:00"),  # 09:00 in Tokyo; in Berlin it would be 08:00 UTC
        ("at 09:00 on friday", NEW_YORK, "2026-03-06 14:00"),
        ("on 2026-03-09 08:00", NEW_YORK, "2026-03-09 12:00"),  # summer time began there the day before
        ("after 7 days", NEW_YORK, "2026-03-09 09:00"),  # entered at 05:00 there, and a week later it is 05:00 again
        ("after 168 hours", NEW_YORK, "2026-03-09 10:00"),
        ("at 09:00 on friday", "", "2026-03-06 08:00"),  # unknown: the project's
    ],
)
def test_a_contact_whose_zone_changes_while_waiting_waits_by_the_new_one(way: str, new: str, acts: str) -> None:
    bench = moving_house(way, BERLIN, new, "2026-03-04 12:00")
    bench.tick(instant(acts) - 1)
    assert left_at(bench) is None
    bench.tick(acts)
    assert left_at(bench) == acts
    late = moving_house(way, BERLIN, new, "2026-03-04 12:00")
    late.tick("2026-03-20")
    assert left_at(late) == acts


def test_people_of_one_campaign_each_wait_by_their_own_clock() -> None:
    bench = a_bench("UTC", "at 09:00 on monday", clauses=OWN_ZONE)
    zones = {"ada": TOKYO, "bob": NEW_YORK, "cleo": KATHMANDU, "dan": ""}
    bench.people("key,email,timezone\n" + "\n".join(f"{who},{who}@x.example,{zone}" for who, zone in zones.items()))
    bench.deploy("2026-03-06")
    bench.events("key,event,at\n" + "\n".join(f"{who},signup,2026-03-06 12:00Z" for who in zones))
    bench.tick("2026-03-20")
    assert {who: at for who, old, _, at in bench.moves() if old} == {
        "ada": "2026-03-09 00:00", "bob": "2026-03-09 13:00", "cleo": "2026-03-09 03:15", "dan": "2026-03-09 09:00",
    }  # fmt: skip


# --- events that come when they like -----------------------------------------------------------------------------


def pinged(rows: list[tuple[str, str]], until: str = "2026-03-10", ids: bool = False) -> Bench:
    """Signed up on 2 March at 10:00, in UTC; `rows` are (learned, at) of pings, told in this order."""
    bench = a_bench("UTC", "on ping", clauses="convert on ping within 5 days")
    bench.deploy("2026-03-01")
    bench.events("key,event,at\nada,signup,2026-03-02 10:00", now=instant("2026-03-02 10:00"))
    for number, (learned, at) in enumerate(rows):
        bench.tick(instant(learned) - 1)
        name, value = (",id", ",one") if ids else (",id", f",{number}")
        bench.events(f"key,event,at{name}\nada,ping,{at}{value}", now=instant(learned))
        bench.tick(learned)
    bench.tick(until)
    return bench


def test_a_late_event_moves_at_the_time_at_which_it_happened() -> None:
    bench = pinged([("2026-03-04 09:00", "2026-03-03 08:00")])
    assert left_at(bench) == "2026-03-03 08:00"


def test_an_event_older_than_the_stage_moves_nobody_and_an_older_one_than_the_entry_converts_nobody() -> None:
    bench = pinged([("2026-03-04 09:00", "2026-03-02 09:59")])
    assert left_at(bench) is None
    assert bench.conversions() == []


def test_a_late_event_of_a_stage_that_was_left_still_converts() -> None:
    bench = a_bench("UTC", "after 1 day", clauses="convert on ping within 5 days")
    bench.deploy("2026-03-01")
    bench.events("key,event,at\nada,signup,2026-03-02 10:00", now=instant("2026-03-02 10:00"))
    bench.tick("2026-03-05")
    bench.events("key,event,at\nada,ping,2026-03-02 11:00", now=instant("2026-03-05"))
    bench.tick("2026-03-06")
    assert left_at(bench) == "2026-03-03 10:00"
    assert [at for _, _, at, _ in bench.conversions()] == ["2026-03-02 11:00"]


def test_an_event_of_the_future_waits_for_its_time() -> None:
    bench = pinged([("2026-03-02 12:00", "2026-03-05 08:00")], until="2026-03-05 07:59")
    assert left_at(bench) is None
    bench.tick("2026-03-05 08:00")
    assert left_at(bench) == "2026-03-05 08:00"


def test_an_event_that_is_told_twice_happened_once() -> None:
    bench = a_bench("UTC", "when count(ping) >= 2")
    bench.deploy("2026-03-01")
    bench.events("key,event,at\nada,signup,2026-03-02 10:00")
    for learned in ("2026-03-03", "2026-03-04"):
        bench.events("key,event,at,id\nada,ping,2026-03-02 12:00,one", now=instant(learned))
        bench.tick(learned)
    assert left_at(bench) is None
    bench.events("key,event,at,id\nada,ping,2026-03-04 12:00,two", now=instant("2026-03-05"))
    bench.tick("2026-03-05")
    assert left_at(bench) == "2026-03-04 12:00"


def test_events_out_of_order_act_in_the_order_in_which_they_happened() -> None:
    """Both are known at the first tick: the one that happened first moves, though it was told last."""
    bench = a_bench("UTC", "on ping")
    bench.deploy("2026-03-01")
    bench.events(
        "key,event,at,about\nada,unsubscribed,2026-03-02 13:00,\nada,ping,2026-03-02 12:00,\n"
        "ada,signup,2026-03-02 10:00,"
    )
    bench.tick("2026-03-05")
    assert [row[1:] for row in bench.moves()] == [(None, "a", "2026-03-02 10:00"), ("a", "z", "2026-03-02 12:00")]


def test_what_was_done_before_a_late_event_came_is_not_undone() -> None:
    """The timer's move of the third is recorded; the click of the second comes on the fourth and moves nobody."""
    bench = a_bench("UTC", "after 1 day")
    bench.deploy("2026-03-01")
    bench.events("key,event,at\nada,signup,2026-03-02 10:00", now=instant("2026-03-02 10:00"))
    bench.tick("2026-03-04")
    before = bench.moves()
    bench.events("key,event,at\nada,unsubscribed,2026-03-02 11:00", now=instant("2026-03-04"))
    bench.tick("2026-03-06")
    assert bench.moves() == before


def test_expiry_counts_calendar_days_too() -> None:
    """A message planned for noon before the change expires at noon after it, 23 hours on."""
    bench = a_bench(BERLIN, actions="send mail hello")
    bench.deploy("2026-03-28")
    bench.events("key,event,at\nada,signup,2026-03-28 11:00Z")
    bench.tick("2026-03-28 12:00")
    with bench.database.reader() as connection:
        expires = connection.exec_driver_sql("SELECT expires_at FROM message").scalar_one()
    assert shown(expires) == "2026-03-29 10:00"
    assert Duration(days=1) != Duration(milliseconds=86_400_000)
