"""A campaign tried out: the figures follow from the rates, chance from the seed, and time is the campaign's own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from tests.engine.workbench import Bench, instant

from campflow.engine.behaviour import Behaviour, Habits
from campflow.engine.forecast import Forecast, forecast
from campflow.engine.lives import Lives
from campflow.engine.made_up import Maker
from campflow.engine.observed import observed, sample
from campflow.engine.simulation import Period, Simulation, step_of
from campflow.errors import CampflowError
from campflow.model.constants import Stored

PEOPLE = """
contact {
  email   email
  phone   phone?
  plan    one of trial, pro = "trial"
}
event signup
event purchase { amount money }
"""

TRIAL = (
    PEOPLE
    + """
campaign trial {
  audience  plan == "trial"
  enter     on signup, once
  leave     on unsubscribed
  convert   on purchase within 14 days worth amount -> customer
  stage hello {
    send mail welcome
    on clicked welcome -> engaged
    after 3 days       -> lost
  }
  stage engaged {
    send mail tips at 09:00
    after 7 days -> lost
  }
  final customer
  final lost
}
"""
)

QUIET: dict[tuple[str | None, str], float] = {(None, name): 0.0 for name in ("bounced", "clicked", "unsubscribed")}
START = "2026-03-02"


@dataclass
class Tried:
    """A simulation that has run."""

    bench: Bench
    lives: Lives
    found: Forecast

    def reached(self, stage: str) -> int:
        return next(each.reached.count for each in self.found.stages if each.name == stage)

    @property
    def untaken(self) -> list[str]:
        return [each.text for each in self.found.nobody_took]

    @property
    def counts(self) -> tuple[Any, ...]:
        return self.found.stages, self.found.conversions, self.found.channels


def tried(
    text: str,
    habits: Habits,
    people: int = 200,
    days: int = 30,
    seed: int = 1,
    addresses: Mapping[str, str | None] | None = None,
    measured: Habits | None = None,
    crowd: Iterable[Mapping[str, Stored]] | None = None,
) -> Tried:
    bench = Bench(text, ["welcome", "tips"])
    flow = bench.program.plan
    whole = bench._flow(text)
    start, main = instant(START), whole.campaigns[0]
    behaviour = Behaviour(whole, main, whole.campaigns[1:], habits, measured or Habits())
    maker = Maker(start, "UTC", "EUR")
    lives = Lives(seed, behaviour, maker)
    crowd = crowd or (maker.person(n, flow.contact, habits.people, Random(f"{seed} {n}")) for n in range(1, people + 1))
    simulation = Simulation(bench.database, whole, bench.program, lives, {"test.flow": text}, addresses or {})
    period = Period.of("UTC", start, days, behaviour.past(None))
    deployment = simulation.run(crowd, period)
    bench.deployment = deployment
    found = forecast(
        bench.database, whole, main, deployment, period=period, zone="UTC", prices={"mail": Decimal("0.5")}
    )
    return Tried(bench, lives, found)


# --- rates ------------------------------------------------------------------------------------------------------


def test_what_everybody_does_everybody_does() -> None:
    all_click = tried(
        TRIAL, Habits(reactions={**QUIET, (None, "clicked"): 1.0}, events={"purchase": 0, "signup": None})
    )
    assert all_click.found.entered == 200
    assert all_click.reached("hello") == 200
    # Half of the clicks come within five hours; who has entered in the last of them has not clicked yet.
    assert all_click.reached("engaged") >= 190
    assert "on clicked welcome -> engaged" not in all_click.untaken


def test_what_nobody_does_is_a_line_that_nobody_took() -> None:
    quiet = tried(TRIAL, Habits(reactions=QUIET, events={"purchase": 0}))
    assert quiet.reached("engaged") == 0
    assert quiet.untaken == [
        "leave on unsubscribed",
        "convert on purchase within 14 days worth amount -> customer",
        "on clicked welcome -> engaged",
        "send mail tips at 09:00",
        "after 7 days -> lost",
    ]
    assert quiet.found.conversions[0].converted.count == 0


def test_a_share_is_met_within_what_chance_allows() -> None:
    habits = Habits(reactions={**QUIET, ("welcome", "clicked"): 0.3}, events={"purchase": 0})
    found = tried(TRIAL, habits, people=1_500, days=10)
    sent, clicked = found.lives.reactions["welcome"]["sent"], found.lives.reactions["welcome"]["clicked"]
    assert sent == 1_500
    assert 0.26 <= clicked / sent <= 0.34
    assert "clicked" not in found.lives.reactions["tips"]


def test_who_bounces_does_nothing_else() -> None:
    found = tried(TRIAL, Habits(reactions={(None, "bounced"): 1.0, (None, "clicked"): 1.0}))
    assert found.lives.reactions["welcome"].keys() == {"sent", "bounced"}
    assert found.reached("engaged") == 0


def test_a_click_needs_an_opening_before_it() -> None:
    text = TRIAL.replace("on clicked welcome", "on opened welcome")
    found = tried(text, Habits(reactions={**QUIET, (None, "opened"): 0.0, (None, "clicked"): 1.0}))
    assert found.lives.reactions["welcome"]["opened"] == found.lives.reactions["welcome"]["clicked"] == 200
    assert found.reached("engaged") >= 190


def test_what_anybody_clicked_people_have_clicked() -> None:
    text = TRIAL.replace("on clicked welcome", "on clicked_any welcome")
    found = tried(text, Habits(reactions={**QUIET, (None, "clicked"): 1.0}, events={"purchase": 0}))
    assert found.reached("engaged") >= 190


def test_fields_of_events_are_as_written_and_make_the_worth() -> None:
    habits = Habits(reactions=QUIET, events={"purchase": 5.0}, fields={"purchase": {"amount": ((1_250, 1.0),)}})
    (conversion,) = tried(TRIAL, habits).found.conversions
    assert conversion.converted.count > 100
    assert conversion.worth == conversion.converted.count * 1_250


def test_what_the_project_has_measured_counts_less_than_what_is_written() -> None:
    examples = {"purchase": [{"amount": 700}]}
    measured = Habits(reactions={(None, "clicked"): 1.0}, events={"purchase": 5.0}, examples=examples)
    found = tried(TRIAL, Habits(reactions={("welcome", "clicked"): 0.0, (None, "bounced"): 0.0}), measured=measured)
    assert found.reached("engaged") == 0
    (conversion,) = found.found.conversions
    assert conversion.worth == conversion.converted.count * 700 > 0
    sources = {each.name: each.source for each in found.lives.behaviour.own_events(None)}
    assert sources == {"purchase": "measured", "signup": "default"}


# --- chance -----------------------------------------------------------------------------------------------------


def test_the_same_seed_tells_the_same_and_another_something_else() -> None:
    habits = Habits(reactions={(None, "clicked"): 0.4})
    first, again, other = (tried(TRIAL, habits, seed=seed) for seed in (5, 5, 6))
    assert first.counts == again.counts
    assert first.bench.moves() == again.bench.moves()
    assert first.counts != other.counts


def test_another_text_meets_the_same_people_with_the_same_whims() -> None:
    """So two texts are compared with each other, and not two throws of the dice."""
    habits = Habits(reactions={(None, "clicked"): 0.4})
    before = tried(TRIAL, habits)
    after = tried(TRIAL.replace("after 7 days -> lost", "after 9 days -> lost"), habits)
    assert before.lives.reactions["welcome"] == after.lives.reactions["welcome"]
    assert _events(before) == _events(after)


def _events(found: Tried) -> list[tuple[Any, ...]]:
    e = found.bench.database.tables.event.c
    with found.bench.database.reader() as connection:
        rows = connection.execute(select(e.contact_id, e.name, e.at).where(e.name.in_(["signup", "purchase"])))
        return sorted(tuple(row) for row in rows)


# --- time -------------------------------------------------------------------------------------------------------


def test_messages_go_out_at_their_time_and_not_when_the_engine_looks() -> None:
    found = tried(TRIAL, Habits(reactions={**QUIET, (None, "clicked"): 1.0}, events={"purchase": 0}))
    planned = [(name, at) for _, name, at, state in found.bench.planned() if state == "accepted"]
    assert {str(at)[11:] for name, at in planned if name == "tips"} == {"09:00"}
    m = found.bench.database.tables.message.c
    with found.bench.database.reader() as connection:
        late = connection.execute(select(m.message_id).where(m.state == "accepted", m.settled_at != m.planned_at))
        assert late.all() == []


def test_the_moves_are_those_of_an_engine_that_looks_once_at_the_end() -> None:
    """The steps add nothing of their own: the same people and events, told all at once, make the same moves."""
    found = tried(TRIAL, Habits(reactions={(None, "clicked"): 0.4}), people=60)
    once = Bench(TRIAL, ["welcome", "tips"])
    once.deploy(START)
    for name in ("contact", "event"):
        old, new = getattr(found.bench.database.tables, name), getattr(once.database.tables, name)
        with found.bench.database.reader() as connection:
            rows = [dict(row) for row in connection.execute(select(old)).mappings()]
        with once.database.transaction() as connection:
            connection.execute(insert(new), rows)
    once.tick(instant("2026-04-01") - 1)
    assert sorted(once.moves(), key=str) == sorted(found.bench.moves(), key=str)


def test_the_last_moment_lies_before_the_end() -> None:
    found = tried(TRIAL, Habits(reactions=QUIET, events={"purchase": 0}), days=10)
    (channel,) = found.found.channels
    assert len(channel.days) == 10
    assert channel.messages == found.found.states["accepted"] == 200
    assert max(str(at) for *_, at in found.bench.moves()) < "2026-03-12"


ASLEEP = (
    PEOPLE
    + """
campaign back {
  runs      from 2025-01-01
  audience  email is set
  enter     when now - last(purchase) > 60 days, again after 1 year
  stage hello { after 5 days -> done }
  final done
}
"""
)


def test_people_have_a_past_where_a_condition_asks_for_it() -> None:
    """Nobody can have slept for 60 days in a month; and what lies before the first day lets nobody in then."""
    with_past = tried(ASLEEP, Habits(events={"purchase": 1.0}))
    assert with_past.found.entered > 10
    assert min(str(at) for *_, at in with_past.bench.moves()) >= START
    assert tried(ASLEEP, Habits(events={"purchase": 1.0}, past=0)).found.entered == 0


def test_a_past_is_not_made_up_where_nobody_asks_for_it() -> None:
    found = tried(TRIAL, Habits(events={"purchase": 1.0}))
    assert min(at for _, name, at in _events(found) if name == "purchase") >= instant(START)


@pytest.mark.parametrize(
    ("old", "new", "hours"),
    [
        ("", "", 6),
        ("after 3 days ", "after 90 minutes", 1),
        ("after 7 days -> lost", "at 17:00 -> lost", 1),
        ("send mail tips at 09:00", "send mail tips { expires 30 minutes } at 09:00", 1 / 6),
    ],
)
def test_it_looks_more_often_where_a_campaign_counts_in_hours(old: str, new: str, hours: float) -> None:
    assert step_of(Bench(TRIAL.replace(old, new), ["welcome", "tips"]).program) == round(hours * 3_600_000)


def test_nothing_expires_in_a_simulation_that_is_never_late() -> None:
    text = TRIAL.replace("send mail tips at 09:00", "send mail tips { expires 30 minutes } at 09:00")
    found = tried(text, Habits(reactions={**QUIET, (None, "clicked"): 1.0}), people=50, days=5)
    assert "expired" not in found.found.states
    assert found.lives.reactions["tips"]["sent"] > 10


# --- what is counted --------------------------------------------------------------------------------------------


def test_who_lacks_the_address_gets_nothing_and_it_costs_nothing() -> None:
    habits = Habits(reactions=QUIET, events={"purchase": 0}, people={"phone": ((None, 1.0), ("+447700900123", 1.0))})
    found = tried(TRIAL, habits, addresses={"mail": "phone"}, days=40).found
    assert found.states["rejected"] + found.states["accepted"] == 200
    assert 60 <= found.states["rejected"] <= 140
    assert found.cost == Decimal("0.5") * found.states["accepted"]


def test_the_interval_lies_around_the_share() -> None:
    (conversion,) = tried(TRIAL, Habits(events={"purchase": 1.0})).found.conversions
    part = conversion.converted
    assert 0 < part.interval.low < part.share < part.interval.high < 1


# --- what the project's own database says -----------------------------------------------------------------------


def _project() -> Bench:
    """It sent 200 messages a while ago, of which 50 were opened, two of them twice; 50 people bought twice."""
    bench = Bench(TRIAL, ["welcome", "tips"])
    bench.people("\n".join(["key,email,phone", *(f"p{n},p{n}@acme.example,+33612345678" for n in range(200))]))
    bench.events("\n".join(["contact,at", *(f"p{n},2026-01-05T10:00" for n in range(200))]), event="signup")
    bench.deploy("2026-01-01")
    bench.tick("2026-01-06")
    m = bench.database.tables.message
    with bench.database.transaction() as connection:
        connection.execute(update(m).values(state="accepted"))
    opened = [f"p{n},2026-01-0{day}T11:00" for day, count in ((6, 50), (7, 2)) for n in range(count)]
    bought = [f"p{n},2026-0{month}-01T10:00,12.50" for month in (1, 3) for n in range(50)]
    bench.events("\n".join(["contact,at,about", *(f"{row},welcome" for row in opened)]), event="opened")
    bench.events("\n".join(["contact,at,amount", *bought]), event="purchase")
    return bench


def test_rates_are_measured_where_there_is_enough_to_go_by() -> None:
    bench = _project()
    found = observed(bench.database, bench._flow(bench.text).events)
    assert found.reactions == {("welcome", "opened"): 0.25, (None, "opened"): 0.25}
    # 100 purchases of 200 people in 59 days.
    assert found.events["purchase"] == pytest.approx(0.5 / (59 / 30))
    assert {row["amount"] for row in found.examples["purchase"]} == {1_250}


def test_nothing_is_measured_where_there_is_nothing() -> None:
    assert (
        observed(Bench(TRIAL, ["welcome", "tips"]).database, Bench(TRIAL, ["welcome", "tips"])._flow(TRIAL).events)
        == Habits()
    )


def test_a_sample_has_the_contacts_fields_but_not_how_to_reach_them() -> None:
    bench = _project()
    contact = bench.program.plan.contact
    some = sample(bench.database, contact, 20, Random(1))
    more = sample(bench.database, contact, 450, Random(1))
    assert (len(some), len(more)) == (20, 450)
    assert {person["plan"] for person in some} == {"trial"}
    assert len({person["email"] for person in more}) == 450
    assert not any("acme" in str(person["email"]) or person["phone"] == "+33612345678" for person in more)
    assert sample(bench.database, contact, 20, Random(1)) == some


def test_there_is_no_sample_of_nobody() -> None:
    bench = Bench(TRIAL, ["welcome", "tips"])
    with pytest.raises(CampflowError, match="nobody in the project's database"):
        sample(bench.database, bench.program.plan.contact, 5, Random(1))
