"""What the calendar makes of a condition nests no deeper than SQLite's parser goes, however many steps it takes."""

import pytest
from tests.engine.workbench import Bench, instant

pytestmark = pytest.mark.usefixtures("store")

TEXT = """
contact {{
  email     email
  joined    date?
  timezone  timezone?
}}
event signup
event ping
campaign first {{
  timezone contact
  audience {condition} and email is set
  enter on signup if {condition}, again after 1 month 1 day
  enter when {condition}, again after 1 month 1 day
  stage welcome {{
    when {condition} -> late
    after 9 days -> end
  }}
  stage late {{
    after 1 month 1 day if {condition} -> end
  }}
  final end
}}
"""


@pytest.mark.parametrize(
    "condition",
    [
        "(now + 1 month > 2026-03-08 02:00 or now - last(ping) >= 1 hour)",
        "now > last(signup) + 1 month 1 day",
        "now - 1 month 1 day > last(signup)",
        "(did signup in last 1 month 1 day or now > joined + 1 month 1 day 1 hour)",
        "count(signup, last 1 month 1 day) - count(ping, last 1 month 1 day) >= 0",
    ],
)
def test_months_in_the_contacts_zone(condition: str) -> None:
    bench = Bench(TEXT.format(condition=condition), [])
    bench.deploy("2026-03-01")
    bench.people("key,email,joined,timezone\nada,ada@x.example,2026-01-31,Europe/Zurich\n")
    bench.events("key,event,at\nada,signup,2026-03-01 10:00\nada,ping,2026-03-01 11:00\n", instant("2026-03-01 12:00"))
    for look in ("2026-03-01 12:00", "2026-04-04 12:00", "2026-06-01 12:00"):
        bench.tick(look)
    assert {key for key, *_ in bench.moves()} == {"ada"}
