"""The statements that a process keeps: of a project that is edited, only what is another campaign is written again."""

from sqlalchemy.dialects import sqlite

from campflow.checking.vocabulary import Vocabulary
from campflow.compiler import check_sources, compile_flow
from campflow.diagnostics.source import Source
from campflow.model.people import Duration
from campflow.sql.program import Program
from campflow.storage.tables import tables

PEOPLE = Source("people.flow", "contact {\n  email  email\n  visits  number = 1\n}\nevent signup\n")
CAMPAIGN = """campaign NAME {
  audience visits >= 1
  enter on signup
  stage open {
    after 1 day -> over
  }
  final over
}
"""


def campaign(name: str, after: str = "1 day") -> Source:
    return Source(f"{name}.flow", CAMPAIGN.replace("NAME", name).replace("1 day", after))


def program(*sources: Source) -> Program:
    checked = check_sources(sources, Vocabulary()).flow
    assert checked is not None
    flow = checked.flow
    return compile_flow(
        checked, zone="UTC", expires=Duration(days=3), tables=tables(flow.contact, flow.events),
        dialect=sqlite.dialect(),
    )  # fmt: skip


def test_a_campaign_that_is_as_it_was_is_not_written_again() -> None:
    before = program(PEOPLE, campaign("first"), campaign("second"))
    after = program(PEOPLE, campaign("first"), campaign("second", "2 days"), campaign("third"))
    assert [each.plan.name for each in after.campaigns] == ["first", "second", "third"]
    assert after.campaigns[0] is before.campaigns[0]
    assert after.campaigns[1].move != before.campaigns[1].move


def test_where_a_field_is_another_all_are() -> None:
    before = program(PEOPLE, campaign("first"))
    people = Source(PEOPLE.path, PEOPLE.text.replace("number = 1", "integer = 1"))
    assert program(people, campaign("first")).campaigns[0] is not before.campaigns[0]
