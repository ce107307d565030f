"""Goals and money spent, counted from rows."""

from collections.abc import Sequence

import pytest
from sqlalchemy import insert, select
from tests.engine.workbench import Bench, instant

from campflow.engine.goals import GoalStatus, Spending, goals, spending
from campflow.engine.status import status

FLOW = """
contact { email email }
event signup
event purchase {
  amount money
}
campaign spring {
  runs     from 2026-03-01
  timezone "America/New_York"
  audience email is set
  enter    on signup
  convert  on purchase within 30 days worth amount
  convert  early on purchase within 1 day
  %s
  stage hello {
    send mail hi
    after 60 days -> gone
  }
  final gone
}
"""


class Shop(Bench):
    """200 people sign up on 2026-03-02; `buyers` of them buy on 2026-03-04."""

    def __init__(self, goal: str, buyers: int) -> None:
        super().__init__(FLOW % goal, ["hi"])
        self.people("email\n" + "\n".join(f"p{n}@x.example" for n in range(200)))
        came = [f"p{n}@x.example,signup,2026-03-02 12:00,s{n}," for n in range(200)]
        came += [f"p{n}@x.example,purchase,2026-03-04 12:00,b{n},10 EUR" for n in range(buyers)]
        self.events("contact,event,at,id,amount\n" + "\n".join(came))
        self.deploy("2026-03-01 00:00")

    def goal(self, now: str) -> GoalStatus:
        self.tick(now)
        with self.database.reader() as connection:
            campaign = self._flow(self.text).campaigns[0]
            (found,) = goals(connection, self.database.tables, 1, campaign, instant(now), "UTC")
            return found

    def pay(self, amounts: Sequence[int], at: str) -> None:
        with self.database.transaction() as connection:
            for number, amount in enumerate(amounts, start=1):
                row = {"contact_id": number, "message_id": number, "campaign_id": 1, "channel": "mail"}
                cost = {"amount": amount, "at": instant(at)}
                connection.execute(insert(self.database.tables.cost).values(row | cost))


@pytest.mark.parametrize(
    ("buyers", "verdict", "figure"),
    [(60, "met", 0.30), (26, "too early", 0.13), (20, "too early", 0.10), (4, "not met", 0.02), (0, "not met", 0.0)],
)
def test_a_share_is_judged_while_chance_alone_cannot_have_made_it(buyers: int, verdict: str, figure: float) -> None:
    found = Shop("goal conversion >= 12% by 2026-03-20", buyers).goal("2026-03-10 12:00")
    assert (found.verdict, found.figure, found.days_left) == (verdict, figure, 10)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= figure <= found.high


@pytest.mark.parametrize(("buyers", "verdict"), [(26, "met"), (24, "met"), (23, "not met")])
def test_after_its_day_the_figure_itself_decides(buyers: int, verdict: str) -> None:
    assert Shop("goal conversion >= 12% by 2026-03-20", buyers).goal("2026-04-10 12:00").verdict == verdict


def test_the_day_ends_on_the_campaigns_clock_and_later_conversions_are_left_out() -> None:
    shop = Shop("goal conversion >= 12% by 2026-03-20", 20)
    late = [f"p{n}@x.example,purchase,2026-03-21 03:59,l{n},1 EUR" for n in range(20, 30)]
    late += [f"p{n}@x.example,purchase,2026-03-21 04:00,l{n},1 EUR" for n in range(30, 40)]
    shop.events("contact,event,at,id,amount\n" + "\n".join(late))
    assert shop.goal("2026-03-21 03:59").days_left == 0
    assert shop.goal("2026-03-21 03:59").figure == 30 / 200
    found = shop.goal("2026-03-25 00:00")
    assert (found.figure, found.verdict) == (30 / 200, "met")


def test_nothing_is_said_before_anybody_entered() -> None:
    found = Shop("goal conversion >= 12%", 10).goal("2026-03-02 11:00")
    assert (found.figure, found.low, found.verdict, found.days_left) == (None, None, "too early", None)


def test_another_conversion_has_goals_of_its_own() -> None:
    found = Shop("goal early >= 1%", 10).goal("2026-03-10 12:00")
    assert (found.metric, found.figure, found.verdict) == ("early", 0.0, "too early")


def test_who_is_held_out_is_no_part_of_a_goal() -> None:
    shop = Shop("holdout 50%\n  goal conversion >= 12%", 200)
    found = shop.goal("2026-03-10 12:00")
    assert found.figure == 1.0
    journey = shop.database.tables.journey.c
    with shop.database.reader() as connection:
        held = len(connection.execute(select(journey.journey_id).where(journey.stage_id.is_(None))).all())
        (campaign,) = status(connection, shop.database.tables, {})
    assert 60 < held < 140
    assert (campaign.entered, campaign.held_out, campaign.left) == (200, held, 0)


@pytest.mark.parametrize(("cost", "verdict"), [(399, "met"), (400, "met"), (401, "not met")])
def test_what_a_conversion_costs(cost: int, verdict: str) -> None:
    shop = Shop("goal cost per conversion <= 40 EUR by 2026-03-20", 10)
    assert shop.goal("2026-03-03 12:00").verdict == "too early"
    shop.pay([cost] * 100, "2026-03-05 09:00")
    found = shop.goal("2026-03-10 12:00")
    assert (found.figure, found.verdict) == (cost * 10, verdict)


def test_spent_and_budget() -> None:
    shop = Shop("budget 50 EUR", 0)
    shop.pay([8] * 100, "2026-03-05 09:00")
    with shop.database.reader() as connection:
        campaign = shop._flow(shop.text).campaigns[0]
        assert spending(connection, shop.database.tables, 1, campaign) == Spending(800, 5000, 0)
