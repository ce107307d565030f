"""A value as large as may be stored overflows in nobody's sum: one row stops no campaign."""

import pytest
from sqlalchemy import select
from tests.engine.workbench import Bench, instant

from campflow.people.values import LARGEST_AMOUNT, LARGEST_INTEGER, LARGEST_NUMBER
from campflow.storage.tables import contact_column

pytestmark = pytest.mark.usefixtures("store")

TEXT = """
contact {{
  email email
  score integer = 0
  points number = 0
  spent money?
}}
event signup
event purchase {{
  amount money
  size number
}}
campaign first {{
  audience email is set
  enter on signup
  stage welcome {{
    set {action}
    when {condition} -> bought
    after 1 day -> end
  }}
  stage bought {{
    after 30 days -> end
  }}
  final end
}}
"""


@pytest.mark.parametrize(
    ("action", "condition"),
    [
        ("score = score + 1", "score > 5"), ("score = score - 1", "score + score > 5"),
        ("points = points * points", "sum(purchase.size) > 5"), ("points = points + points", "avg(purchase.size) > 5"),
        ("spent = spent + spent", "sum(purchase.amount) > 5 EUR"), ("spent = spent * 100", "spent > 5 EUR"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("sign", ["", "-"])
def test_who_has_the_largest_values_keeps_nobody_else_waiting(action: str, condition: str, sign: str) -> None:
    bench = Bench(TEXT.format(action=action, condition=condition), ["hello"])
    amount = LARGEST_AMOUNT // 100
    largest = f"{sign}{LARGEST_INTEGER},{sign}{LARGEST_NUMBER!r},{sign}{amount}"
    people = f"key,email,score,points,spent\nbad,bad@x.example,{largest}\ngood,good@x.example,1,1,1\n"
    assert bench.people(people).refused == 0
    bench.deploy("2026-03-01")
    told = [f"{who},signup,2026-03-01 10:00,," for who in ("bad", "good")]
    told += [f"bad,purchase,2026-03-01 11:{n:02},{sign}{amount},{sign}{LARGEST_NUMBER!r}" for n in range(50)]
    told.append("good,purchase,2026-03-01 11:00,9,9")
    events = "key,event,at,amount,size\n" + "\n".join(told)
    assert bench.events(events, instant("2026-03-01 11:30")).refused == 0
    for look in ("2026-03-01 12:00", "2026-03-03 12:00"):
        bench.tick(look)
    assert {key for key, _, to, _ in bench.moves() if to in ("bought", "end")} == {"bad", "good"}


CALCULATED = """
contact {{
  email email
  score integer = 0
  points number = 0
  tiny number = 0
  spent money?
  small integer?
}}
event signup
event purchase {{
  amount money
  size number
  pieces integer
}}
campaign first {{
  audience email is set
  enter on signup
  convert on purchase within 60 days {worth}
  stage welcome {{
    set {action}
    when {condition} -> bought
    after 1 day -> end
  }}
  stage bought {{
    after 30 days -> end
  }}
  final end
}}
"""


def _live(sign: str, action: str, condition: str, worth: str = "") -> tuple[Bench, dict[str, set[str]]]:
    """Somebody with the largest values and somebody with 1 everywhere; to which stages each came."""
    bench = Bench(CALCULATED.format(action=action, condition=condition, worth=worth), ["hello"])
    amount = LARGEST_AMOUNT // 100
    largest = f"{sign}{LARGEST_INTEGER},{sign}{LARGEST_NUMBER!r},{sign}1e-300,{sign}{amount}"
    people = f"key,email,score,points,tiny,spent\nbad,bad@x.example,{largest}\ngood,good@x.example,1,1,1,1\n"
    assert bench.people(people).refused == 0
    bench.deploy("2026-03-01")
    told = [f"{who},signup,2026-03-01 10:30,,," for who in ("bad", "good")]
    values = f"{sign}{amount},{sign}{LARGEST_NUMBER!r},{sign}{LARGEST_INTEGER}"
    told += [f"bad,purchase,2026-03-01 10:{n:02},{values}" for n in range(50)]
    told.append("good,purchase,2026-03-01 11:00,9,9,9")
    events = "key,event,at,amount,size,pieces\n" + "\n".join(told)
    assert bench.events(events, instant("2026-03-01 11:30")).refused == 0
    for look in ("2026-03-01 12:00", "2026-03-01 13:00", "2026-03-03 12:00"):
        bench.tick(look)
    came: dict[str, set[str]] = {"bad": set(), "good": set()}
    for key, _, to, _ in bench.moves():
        came[key].add(str(to))
    return bench, came


@pytest.mark.parametrize(
    "condition",
    [
        "score * score > 5", "score * score * score * score > 5", "score + score + score + score > 5",
        "spent * score > 5 EUR", "spent * points * points > 5 EUR", "spent + spent * score > 5 EUR",
        "points * points * points > 5", "points / tiny > 5", "(points + points) * points / tiny + points > 5",
        "tiny * tiny > 5", "tiny / points > 5", "tiny * tiny * tiny / points / points > 5", "points / (score - 1) > 5",
        "sum(purchase.pieces) > 5", "sum(purchase.pieces) * score > 5", "sum(purchase.amount) * points > 5 EUR",
        "sum(purchase.pieces) * sum(purchase.pieces) > 5", "avg(purchase.pieces) * points > 5",
        "sum(purchase.size) * sum(purchase.size) * points > 5",
        "sum(purchase.amount) * score > 5 EUR",
    ],
)  # fmt: skip
@pytest.mark.parametrize("sign", ["", "-"])
def test_what_is_too_large_to_calculate_keeps_nobody_else_waiting(condition: str, sign: str) -> None:
    _, came = _live(sign, "small = 1", condition)
    assert all("end" in stages or "bought" in stages for stages in came.values())
    if not sign and not condition.startswith("tiny"):
        assert "bought" in came["bad"], "the largest is larger than 5, and so is what it is multiplied to"


@pytest.mark.parametrize(
    ("action", "field", "kept"),
    [
        ("score = score * score", "score", LARGEST_INTEGER), ("score = score + score", "score", LARGEST_INTEGER),
        ("score = sum(purchase.pieces)", "score", LARGEST_INTEGER),
        ("points = points * points", "points", LARGEST_NUMBER),
        ("spent = spent * 1000", "spent", LARGEST_AMOUNT),
        ("points = points * points * points", "points", LARGEST_NUMBER),
        ("points = points / tiny", "points", LARGEST_NUMBER), ("points = score * score", "points", None),
        ("spent = spent / tiny", "spent", LARGEST_AMOUNT), ("spent = sum(purchase.amount)", "spent", LARGEST_AMOUNT),
    ],
)  # fmt: skip
def test_what_is_too_large_to_keep_is_kept_as_the_largest(action: str, field: str, kept: float | None) -> None:
    bench, came = _live("", action, "score < 0")
    assert all("end" in stages for stages in came.values())
    column = bench.database.tables.contact.c[contact_column(field)]
    with bench.database.reader() as connection:
        found = connection.scalar(select(column).where(bench.database.tables.contact.c.contact_key == "bad"))
    assert found == (kept if kept is not None else float(LARGEST_INTEGER**2))


@pytest.mark.parametrize("worth", ["worth amount * amount", "worth size * size * size", "worth pieces * pieces"])
def test_what_somebody_is_worth_stays_a_number(worth: str) -> None:
    bench, _ = _live("", "small = 1", "score < 0", worth.replace("amount * amount", "amount * pieces"))
    with bench.database.reader() as connection:
        worths = connection.scalars(select(bench.database.tables.conversion.c.worth)).all()
    assert len(worths) == 2
    assert all(0 < each <= LARGEST_NUMBER for each in worths)
