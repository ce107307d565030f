"""Ready to shard: every compiled statement that goes from one growing table to another carries the contact."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import make_url
from tests.engine.test_query_plans import TEXT
from tests.engine.workbench import Bench

from campflow.planning.plan import Rfm
from campflow.sql.program import Program, Statement
from campflow.sql.writer import write

#: What a row of a growing table is known by, beside its contact.
_ID = r"(?:journey_id|seq|entry_seq|move_id|message_id|nth)"
_JOINED = re.compile(rf"\b(\w+)\.{_ID} = (\w+)\.{_ID}\b")
_GROWING = "event|change|journey|prospect|move|message|conversion|exposure|consent|suppression|errand|cost"
_UPSERT = re.compile(rf"INSERT INTO (?:{_GROWING}) .*?ON CONFLICT \(([^)]*)\)", re.DOTALL)


def joins_without_contact(sql: str) -> Iterator[str]:
    for joined in _JOINED.finditer(sql):
        left, right = joined.groups()
        if left == right:
            continue
        either = (f"{left}.contact_id = {right}.contact_id", f"{right}.contact_id = {left}.contact_id")
        if not any(each in sql for each in either) and not _through_its_contact(sql, left, right):
            yield joined[0]


def _through_its_contact(sql: str, left: str, right: str) -> bool:
    """`e.contact_id = c.contact_id`, where `c` is the contact of the journey that is joined."""
    for one, other in ((left, right), (right, left)):
        for contact in re.findall(rf"\b{one}\.contact_id = (\w+)\.contact_id", sql):
            if f"{contact}.contact_id = {other}.contact_id" in sql or f"contact AS {contact} " in sql:
                return True
    return False


@pytest.fixture(scope="module")
def program() -> Program:

    bench = Bench(TEXT, ["hello"], rfm=Rfm("purchase", "amount"))
    return write(bench.program.plan, bench.database.tables, make_url("postgresql+psycopg://").get_dialect()())


def _statements(program: Program) -> list[Statement]:
    return [*(each for campaign in program.campaigns for each in campaign.statements()), *program.scores]


def test_every_join_by_an_id_carries_the_contact(program: Program) -> None:
    found = {each.name: list(joins_without_contact(each.sql)) for each in _statements(program)}
    assert sum(bool(_JOINED.search(each.sql)) for each in _statements(program)) > 10
    assert {name: joins for name, joins in found.items() if joins} == {}


def test_what_makes_a_row_once_holds_the_contact(program: Program) -> None:
    keys = {each.name: _UPSERT.findall(each.sql) for each in _statements(program)}
    assert any(keys.values())
    assert all("contact_id" in key for found in keys.values() for key in found)


def test_a_join_without_the_contact_would_be_seen() -> None:
    sql = "SELECT 1 FROM move AS m JOIN journey AS j ON j.journey_id = m.journey_id"
    assert list(joins_without_contact(sql)) == ["j.journey_id = m.journey_id"]
    assert not list(joins_without_contact(f"{sql} AND j.contact_id = m.contact_id"))
