"""Examining a live database: what must always hold, and what is due and does not move. Reads, and changes nothing.

The rows of people are read in slices of contacts, so that neither memory nor a transaction grows with the database.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, func, select

from campflow.storage.database import Database
from campflow.storage.tables import Tables

#: Contacts whose rows are looked at in one transaction.
SLICE = 20_000

#: How many cases a finding names.
EXAMPLES = 5

#: broken: a promise does not hold. stuck: something waits that should not. advice: it will get slow, or looks odd.
Kind = Literal["broken", "stuck", "advice"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has found. `examples` name a few of the `count` cases, `todo` says what to do."""

    check: str
    kind: Kind
    count: int
    said: str
    todo: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Graph:
    """What one version of a campaign allows and demands; stages by name, None for outside.

    `edges` are (position of the statement, from, to). `sends` are the (channel, message, nth) that everyone gets who
    enters a stage; those that stand in an arm are not among them. `renamed` are its `moved` lines.
    """

    edges: frozenset[tuple[int, str | None, str | None]]
    sends: Mapping[str, frozenset[tuple[str, str, int]]]
    renamed: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on something is worth a word.

    late         what was due so long ago should have been done (milliseconds, as the next three)
    abandoned    a lease that ran out so long ago should have been taken over
    endless      a batch should be handed over by then
    skew         by so much two clocks may differ
    log          bytes of SQLite's write-ahead log
    rows         rows of a table of which PostgreSQL should have statistics
    behind       moves and fates that an observer was not told of yet
    transaction  seconds that one may be open
    """

    late: int = 300_000
    abandoned: int = 60_000
    endless: int = 3_600_000
    skew: int = 2_000
    log: int = 256 * 2**20
    rows: int = 10_000
    behind: int = 100_000
    transaction: int = 600


@dataclass(frozen=True, slots=True)
class Case:
    """What is examined: `now` is the campaign's clock and `wall` that of this process, in milliseconds.

    `graphs` are those of the versions that can be read, by id. `channels` and `targets` ("do coupon", "observe crm")
    are what plugins offer.
    """

    database: Database
    now: int
    wall: Callable[[], int]
    graphs: Mapping[int, Graph] = field(default_factory=dict)
    channels: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    limits: Limits = Limits()

    @property
    def tables(self) -> Tables:
        return self.database.tables


#: A look at the whole database.
Look = Callable[[Case, Connection], Iterable[Finding]]


def examine(case: Case, looks: Iterable[Look], rows: Iterable["RowCheck"], size: int = SLICE) -> Iterator[Finding]:
    """All findings: of the looks first, then about people, `size` contacts at a time."""
    for look in looks:
        with case.database.reader() as connection:
            yield from look(case, connection)
    yield from _about_people(case, tuple(rows), size)


# --- people -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Demand:
    """Who enters this stage by this version gets a message of one of these sends: editions of the same line."""

    version_id: int
    stage_id: int
    sends: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """The graphs of a case in ids.

    `edges` are texts, "statement/from/to" with 0 for outside; `read` are the versions they are of. `renamed` holds
    each pair of stages that `moved` lines lead between, over however many versions.
    """

    database: Database
    edges: tuple[str, ...]
    read: tuple[int, ...]
    renamed: tuple[tuple[int, int], ...]
    demands: tuple[Demand, ...]

    @property
    def tables(self) -> Tables:
        return self.database.tables

    def among(self, column: ColumnElement[Any], values: Iterable[str]) -> ColumnElement[bool]:
        return self.database.dialect.among(column, values)


@dataclass(frozen=True, slots=True)
class RowCheck:
    """A promise about rows of people.

    `broken` selects where it does not hold among the contacts from `first_contact` to `last_contact`; None where the
    promise says nothing about this database.
    """

    name: str
    said: str
    todo: str
    broken: Callable[[Known], Select[Any] | None]
    kind: Kind = "broken"


def known(case: Case, connection: Connection) -> Known:
    """The graphs in the ids of this database."""
    t = case.tables
    v = t.campaign_version.c
    campaigns = {row.version_id: row.campaign_id for row in connection.execute(select(v.version_id, v.campaign_id))}
    stages = {(row.campaign_id, row.name): row.stage_id for row in connection.execute(select(t.stage))}
    s = t.statement.c
    written = connection.execute(select(s.version_id, s.position, s.statement_id))
    statements = {(row.version_id, row.position): row.statement_id for row in written}
    sends: dict[tuple[int, str, str, int], tuple[int, ...]] = {}
    for row in connection.execute(select(t.send).order_by(t.send.c.send_id)):
        said = (row.stage_id, row.channel, row.message, row.nth)
        sends[said] = (*sends.get(said, ()), row.send_id)
    edges, demands, renamed = set[str](), list[Demand](), set[tuple[int, int]]()
    for version, graph in case.graphs.items():
        ids = {name: stage for (campaign, name), stage in stages.items() if campaign == campaigns[version]}
        for position, come, go in graph.edges:
            if (statement := statements.get((version, position))) is not None:
                edges.add(f"{statement}/{ids.get(come or '', 0)}/{ids.get(go or '', 0)}")
        for stage, lines in graph.sends.items():
            found = [sends.get((ids.get(stage, 0), *line)) for line in sorted(lines)]
            demands += [Demand(version, ids[stage], each) for each in found if each]
        renamed |= {(ids[old], ids[new]) for old, new in graph.renamed if old in ids and new in ids}
    return Known(case.database, tuple(sorted(edges)), tuple(case.graphs), _linked(renamed), tuple(demands))


def _linked(steps: set[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    while more := {(a, d) for a, b in steps for c, d in steps if b == c and a != d} - steps:
        steps = steps | more
    return tuple(sorted(steps))


def _about_people(case: Case, checks: tuple[RowCheck, ...], size: int) -> Iterator[Finding]:
    with case.database.reader() as connection:
        ids = known(case, connection)
        last = _last_contact(connection, case.tables)
    queries = {check: query for check in checks if (query := check.broken(ids)) is not None}
    counts = dict.fromkeys(queries, 0)
    examples: dict[RowCheck, list[str]] = {check: [] for check in queries}
    for start in range(0, last + 1, size):
        # A transaction for each slice: nothing waits to be tidied up for as long as the examination takes.
        with case.database.reader() as connection:
            for check, query in queries.items():
                found, shown = _broken_in(connection, query, start, start + size - 1)
                counts[check] += found
                examples[check] += shown[: EXAMPLES - len(examples[check])]
    for check in queries:
        if counts[check]:
            yield Finding(check.name, check.kind, counts[check], check.said, check.todo, (*examples[check],))


def _last_contact(connection: Connection, tables: Tables) -> int:
    """The greatest id of a contact that any row of people names, those of contacts who are gone among them."""
    named = (tables.contact, tables.move, tables.message)
    return max(connection.scalar(select(func.max(table.c.contact_id))) or 0 for table in named)


def _broken_in(connection: Connection, query: Select[Any], first: int, last: int) -> tuple[int, list[str]]:
    """How many rows of the slice are broken, and a few of them in words."""
    parameters = {"first_contact": first, "last_contact": last}
    rows = connection.execute(query.limit(EXAMPLES), parameters).mappings().all()
    count = len(rows)
    if count == EXAMPLES:
        count = connection.scalar(select(func.count()).select_from(query.subquery()), parameters) or 0
    return count, [", ".join(f"{name} {value}" for name, value in row.items()) for row in rows]
