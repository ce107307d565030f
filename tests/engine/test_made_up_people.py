"""People and values that are made up: plausible, apart from each other, and the same ones for one seed."""

from collections import Counter
from random import Random

from tests.engine.workbench import Bench, instant

from campflow.engine.behaviour import MONTH, times
from campflow.engine.made_up import Maker
from campflow.model.constants import Stored
from campflow.model.people import Contact
from campflow.people.values import Conventions, read

EVERYTHING = """
contact {
  email     email
  phone     phone
  name      text
  country   country
  language  language
  timezone  timezone
  site      url?
  plan      one of trial, pro
  score     number
  visits    integer
  vip       yesno
  birthday  date
  renews    time
  spent     money
  tags      list of text
  level     one of low, high = "low"
}
campaign c {
  audience  vip
  enter     every day at 09:00
  stage a { after 1 day -> b }
  final b
}
"""

MAKER = Maker(instant("2026-03-01"), "UTC", "EUR")


def people(count: int, seed: int = 1, **weights: tuple[tuple[Stored, float], ...]) -> list[dict[str, Stored]]:
    contact = made_of(EVERYTHING)
    return [MAKER.person(n, contact, weights, Random(f"{seed} {n}")) for n in range(1, count + 1)]


def made_of(text: str) -> Contact:
    return Bench(text, []).program.plan.contact


def test_every_value_is_one_that_an_import_takes_as_it_is() -> None:
    conventions = Conventions("EUR", "UTC")
    text_kinds = {"text", "email", "country", "language", "timezone", "url", "choice", "list", "number", "integer"}
    fields = made_of(EVERYTHING).fields
    for person in people(200):
        for field in fields:
            value = person[field.name]
            if value is not None and field.type.kind in text_kinds:
                assert read(value, field.type, conventions) == value, field.name
        assert isinstance(person["spent"], int)
        assert person["spent"] > 0
        assert abs(int(str(person["renews"])) - MAKER.now) <= 200 * 86_400_000
        assert 18 * 365 <= MAKER.now // 86_400_000 - int(str(person["birthday"])) <= 80 * 365


def test_nobody_shares_an_address_and_none_leads_anywhere() -> None:
    addresses = [str(person["email"]) for person in people(300)]
    assert len(set(addresses)) == 300
    assert {address.partition("@")[2] for address in addresses} == {"made-up.example"}


def test_a_tenth_lacks_what_may_be_missing_and_a_default_is_what_everybody_has() -> None:
    crowd = people(2_000)
    assert 150 <= sum(person["site"] is None for person in crowd) <= 250
    assert not any(person["name"] is None for person in crowd)
    assert {person["level"] for person in crowd} == {"low"}


def test_country_language_and_zone_go_together() -> None:
    french = [person for person in people(500) if person["country"] == "FR"]
    assert {(person["language"], person["timezone"]) for person in french} == {("fr", "Europe/Paris")}
    only_japan = people(20, country=(("JP", 1.0),))
    assert {person["timezone"] for person in only_japan} == {"Asia/Tokyo"}


def test_weights_say_how_often_a_value_comes() -> None:
    crowd = people(2_000, plan=(("trial", 3.0), ("pro", 1.0)), site=((None, 1.0),), level=(("high", 1.0),))
    plans = Counter(person["plan"] for person in crowd)
    assert 1_400 <= plans["trial"] <= 1_600
    assert {person["site"] for person in crowd} == {None}
    assert {person["level"] for person in crowd} == {"high"}


def test_a_seed_is_a_crowd() -> None:
    assert people(50, seed=3) == people(50, seed=3)
    assert people(50, seed=3) != people(50, seed=4)


def test_events_come_as_often_as_said() -> None:
    found = list(times(2.0, 1_000, 1_000 + 500 * MONTH, Random(1)))
    assert 900 <= len(found) <= 1_100
    assert found == sorted(found)
    assert min(found) >= 1_000
    assert max(found) < 1_000 + 500 * MONTH
    assert list(times(0, 0, MONTH, Random(1))) == []
