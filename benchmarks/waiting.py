"""Waiting versus due: a tick with ten due journeys, beside the same tick where a hundred times as many people wait.

    python benchmarks/waiting.py [--many 1000000] [--few 10000]

The cost of a tick should grow with what is due. Each figure is the median of ticks in which ten journeys move; the
ratio says how much longer one takes where many wait.
"""

import time
from collections.abc import Iterator

import drip3
import figures
import stores
from sqlalchemy import text

DUE, TICKS = 10, 15
DAY = drip3.DAY


def milliseconds(kind: str, waiting: int) -> list[float]:
    """Of each tick, with so many waiting."""
    from campflow.engine.advance import advance

    with stores.scratch(kind) as url:
        database, program, deployment = drip3.opened(url)
        ids = deployment.campaigns["drip"].ids
        with database.transaction() as connection:
            numbers = (
                "WITH RECURSIVE s(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM s WHERE n < :waiting) SELECT n FROM s"
                if kind == stores.SQLITE
                else "SELECT n FROM generate_series(1, :waiting) AS s(n)"
            )
            for insert in (  # our own numbers only
                "INSERT INTO contact (contact_id, contact_key, email, country, created_at, draw, plan, signup)"
                f" SELECT n, CAST(n AS text), 'u' || n || '@x.example', 'FR', 0, n, 'pro', 0 FROM ({numbers}) AS a",
                # Ten of them are due at each of the ticks, the others far later.
                "INSERT INTO journey (campaign_id, contact_id, journey_key, entry, version_id, entered_at, entry_seq,"
                " entered_seq, stage_id, since, since_seq, asked_seq, nth, due_at, alarm_at) SELECT :campaign, n, '',"
                f" 1, :version, {drip3.START}, 0, 0, :stage_two, a.since, 0, 0, 1, a.since + {4 * DAY},"
                f" a.since + {4 * DAY} FROM (SELECT n, {drip3.START} + CASE WHEN n <= {DUE * TICKS}"
                f" THEN n / {DUE} ELSE {100 * DAY} END AS since FROM ({numbers}) AS b) AS a",
            ):
                given = {"waiting": waiting, **{name: ids[name] for name in ("campaign", "version", "stage_two")}}
                connection.execute(text(insert), {k: v for k, v in given.items() if f":{k}" in insert})
            connection.execute(text("UPDATE campaign SET looked_at = :at, looked_contact = :last"), {
                "at": drip3.START + DAY, "last": waiting,
            })  # fmt: skip
            connection.execute(text("ANALYZE"))
        took, moved = [], 0
        for tick in range(TICKS):
            began = time.perf_counter()
            moved += advance(database, program, deployment, drip3.START + 4 * DAY + tick).moved
            took.append((time.perf_counter() - began) * 1000)
        database.close()
        if not DUE * (TICKS - 1) <= moved <= DUE * TICKS:
            raise SystemExit(f"{moved} journeys moved")
        return took[3:]


def rows(many: int, few: int) -> Iterator[figures.Row]:
    for kind in filter(stores.is_there, stores.KINDS):
        what = f"{DUE} due, {many:,} waiting, {drip3.NAMES[kind]}"
        beside = milliseconds(kind, few)
        yield figures.of(what, "ms a tick", milliseconds(kind, many), beside, f"{few:,}", "at most 1.5")


def main() -> None:
    parser = figures.parser(__doc__)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--few", type=int, default=10_000)
    arguments = parser.parse_args()
    figures.show("waiting versus due", rows(arguments.many, arguments.few), arguments.json)


if __name__ == "__main__":
    main()
