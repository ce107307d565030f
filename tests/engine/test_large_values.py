"""A value as large as may be stored overflows in nobody's sum: one row stops no campaign."""

import pytest
from tests.engine.workbench import Bench, instant

from campflow.people.values import LARGEST_AMOUNT, LARGEST_INTEGER, LARGEST_NUMBER

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
