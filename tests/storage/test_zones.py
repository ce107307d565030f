"""The zone tables, asked in SQL as the engine asks them, agree with the standard library."""

import datetime as dt
import random
import time
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, text

from campflow.errors import CampflowError
from campflow.model.calendar import offsets, to_instant
from campflow.model.people import Contact
from campflow.storage.database import Database
from campflow.storage.schema import install
from campflow.storage.tables import tables
from campflow.storage.zones import ensure_zones

TABLES = tables(Contact((), None), ())
AWKWARD = (
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Asia/Kathmandu",
    "Pacific/Apia", "Africa/Casablanca", "Africa/Freetown", "UTC", "Etc/GMT+5",
)  # fmt: skip

LOCAL = """
    SELECT i.at, i.at + (SELECT z."offset" FROM zone_offset z
                         WHERE z.zone = :zone AND z.from_at <= i.at ORDER BY z.from_at DESC LIMIT 1)
    FROM asked i ORDER BY i.at
"""
INSTANT = """
    SELECT i.at, (SELECT coalesce(z.gap_at, i.at - z."offset") FROM zone_local z
                  WHERE z.zone = :zone AND z.from_local <= i.at ORDER BY z.from_local DESC LIMIT 1)
    FROM asked i ORDER BY i.at
"""


def opened() -> Database:
    database = Database("sqlite://", TABLES)
    install(database)
    return database


def asked(connection: Connection, query: str, zone: str, values: set[int]) -> list[tuple[int, int]]:
    connection.execute(text("CREATE TEMP TABLE IF NOT EXISTS asked (at INTEGER PRIMARY KEY)"))
    connection.execute(text("DELETE FROM asked"))
    connection.execute(text("INSERT INTO asked VALUES (:at)"), [{"at": value} for value in values])
    return [(at, answer) for at, answer in connection.execute(text(query), {"zone": zone})]


def shown(zone: str, at: int) -> int:
    """What zoneinfo says the clock shows."""
    moment = dt.datetime.fromtimestamp(at // 1000, ZoneInfo(zone)).replace(tzinfo=dt.UTC)
    return int(moment.timestamp()) * 1000 + at % 1000


def instants_worth_asking(zone: str) -> set[int]:
    chosen = random.Random(zone)
    anywhere = {chosen.randrange(-2_208_988_800_000, 5_711_990_400_000) for _ in range(3_000)}
    changes = [change.from_at for change in offsets(zone)[1:]]
    steps = (-86_400_000, -3_600_001, -1, 0, 1, 1_800_000, 3_599_999, 86_400_000)
    near = {at + step for at in changes for step in steps}
    return {at for at in anywhere | near if -2_208_988_800_000 <= at < 5_711_990_400_000}


@pytest.mark.parametrize("zone", AWKWARD)
def test_local_times_in_sql_are_those_of_zoneinfo(zone: str) -> None:
    with opened().transaction() as connection:
        ensure_zones(connection, TABLES, [zone])
        answers = asked(connection, LOCAL, zone, instants_worth_asking(zone))
    assert len(answers) >= 3_000
    assert [(at, shown(zone, at)) for at, _ in answers] == answers


@pytest.mark.parametrize("zone", AWKWARD)
def test_the_way_back_in_sql_is_the_first_instant_that_shows_the_time_or_the_end_of_the_gap(zone: str) -> None:
    locals_asked = {shown(zone, at) + step for at in instants_worth_asking(zone) for step in (0, 1_800_000)}
    with opened().transaction() as connection:
        ensure_zones(connection, TABLES, [zone])
        answers = asked(connection, INSTANT, zone, locals_asked)
    for local, at in answers:
        clock = ZoneInfo(zone)
        naive = dt.datetime.fromtimestamp(local // 1000, dt.UTC).replace(tzinfo=clock, fold=0)
        expected = int(naive.timestamp()) * 1000 + local % 1000
        if shown(zone, expected) == local:
            assert at == expected
        else:  # a gap: the clock jumps over this time at that very instant
            assert shown(zone, at) > local > shown(zone, at - 1)


def test_a_zone_is_filled_once_and_quickly() -> None:
    with opened().transaction() as connection:
        began = time.perf_counter()
        ensure_zones(connection, TABLES, ["America/Chicago", "UTC"])
        took = time.perf_counter() - began
        count = connection.scalar(text("SELECT count(*) FROM zone_offset"))
        ensure_zones(connection, TABLES, ["UTC", "America/Chicago"])
        assert connection.scalar(text("SELECT count(*) FROM zone_offset")) == count
    assert took < 1  # some 25 ms; a machine under load is given time


def test_a_name_that_is_no_zone_is_refused_and_nothing_is_written() -> None:
    database = opened()
    for name in ("Europe/Atlantis", "", "../../etc/passwd", "Europe", "x" * 5_000, "Europe/\0"):
        with pytest.raises(CampflowError, match="is not a time zone: write an IANA name"), database.transaction() as c:
            ensure_zones(c, TABLES, ["Europe/Paris", name])
    with database.reader() as connection:
        assert connection.scalar(text("SELECT count(*) FROM zone_offset")) == 0


def test_sql_and_python_agree_in_gaps_and_overlaps() -> None:
    zone = "Europe/Berlin"
    around = {at + step for at in (1_711_850_400_000, 1_729_994_400_000) for step in range(0, 7_200_000, 450_000)}
    with opened().transaction() as connection:
        ensure_zones(connection, TABLES, [zone])
        answers = asked(connection, INSTANT, zone, around)
    assert [(local, to_instant(zone, local)) for local, _ in answers] == answers
