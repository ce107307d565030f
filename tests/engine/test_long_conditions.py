"""What is written in a condition nests no deeper than SQLite's parser goes, or `campflow check` says so."""

from collections.abc import Callable

import pytest
from tests.engine.workbench import Bench, instant

from campflow.checking.vocabulary import Vocabulary
from campflow.compiler import check_sources
from campflow.diagnostics.source import Source

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
        "now > last(signup) + 1 month + 12 hours - 1 hour",
        "now - 1 month 1 day > last(signup)",
        "(did signup in last 1 month 1 day or now > joined + 1 month 1 day 1 hour)",
        "count(signup, last 1 month 1 day) - count(ping, last 1 month 1 day) >= 0",
        "(did signup in last 1 month 1 day or now > joined + 1 month + 1 day + 1 hour)",
        "now > last(signup) + 1 month + 1 day + 1 month - 4 weeks" + " + 1 day" * 20,
        "not (not (not (now - 1 month - 1 day > last(signup) + 1 day - 1 month)))",
        "(did ping or last(signup) - now < 1 month)",
        "(did ping or now - (last(signup) + 1 month) > 1 month)",
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


#: Conditions that nest as deeply as one likes.
NESTED: dict[str, tuple[str, Callable[[str, int], str]]] = {
    "not": ("n > 3", lambda inside, n: f"not ({inside})"),
    "and, or": ("did ping", lambda inside, n: f"(did ping in last {n + 1} days {('and', 'or')[n % 2]} {inside})"),
    "and, not": ("i > 3", lambda inside, n: f"(n * {n + 2} > 1 {('and', 'or')[n % 2]} not ({inside}))"),
    "+, *": ("n > 3", lambda inside, n: f"(n + n * ({inside.removesuffix(' > 3')})) > 3"),
    "whole + *": ("i > 3", lambda inside, n: f"(i + ({inside.removesuffix(' > 3')}) * i) > 3"),
    "/": ("n > 3", lambda inside, n: f"(n / ({inside.removesuffix(' > 3')} - 1)) > 3"),
    "days": ("joined < now", lambda inside, n: f"{inside} + 1 month 3 days + 2 hours - 1 hour"),
    "not, month": ("now > joined + 1 month 3 days", lambda inside, n: f"not ({inside})"),
    "not, months": ("now > joined + 1 month + 3 days - 1 month", lambda inside, n: f"not ({inside})"),
    "not, before": ("joined - now < 1 month", lambda inside, n: f"not ({inside})"),
    "not, both": ("now - 1 month 1 day < joined + 1 month", lambda inside, n: f"not ({inside})"),
    "not, difference": ("now - (joined + 1 month) > 3 days", lambda inside, n: f"not ({inside})"),
    "where": ("size > 1", lambda inside, n: f"(size * {n + 2} > 1 {('and', 'or')[n % 2]} not ({inside}))"),
}
DEEP = """
contact {{
  email     email
  timezone  timezone?
  n         number?
  i         integer?
  joined    date?
}}
event signup
event ping {{
  size  number?
}}
segment named = {segment}
campaign first {{
  timezone contact
  audience in segment named and email is set
  enter on signup if {condition}, again after 1 month
  enter when {condition}, again after 2 months
  convert on ping where {where} within 3 days
  stage welcome {{
    split half {{
      50% one {{
        when {condition} -> late
      }}
      50% other
    }}
    on ping where {where} if {condition} -> late
    after 9 days if {condition} -> late
    after 10 days -> late
  }}
  final late
}}
"""


@pytest.mark.parametrize("form", NESTED)
@pytest.mark.parametrize("place", ["segment", "condition"])
def test_what_the_checker_lets_through_the_database_can_read(form: str, place: str) -> None:
    inside, more = NESTED[form]
    deepest = 0
    for depth in range(40):
        parts = {"segment": "i > 1", "condition": "n > 2", "where": "size > 2"} | {place: inside}
        if form == "where":
            parts |= {"where": inside, place: f"did ping where {inside} in last 3 days"}
        text = DEEP.format(**parts)
        found = check_sources([Source("test.flow", text)], Vocabulary()).diagnostics
        if any("than a database can read" in each.message or "levels deep" in each.message for each in found):
            break
        inside, deepest = more(inside, depth), depth
        last = text
    else:
        raise AssertionError("nothing is too deep")
    assert deepest >= 1
    bench = Bench(last, [])
    bench.deploy("2026-03-01")
    bench.people("key,email,n,i\nada,ada@x.example,4,4\n")
    bench.events("key,event,at\nada,signup,2026-03-01 10:00\n", instant("2026-03-01 12:00"))
    for look in ("2026-03-01 12:00", "2026-03-12 12:00"):
        bench.tick(look)
