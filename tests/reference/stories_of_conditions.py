"""Stories of expressions: one contact, one history, one line of truth each."""

from tests.reference.telling import Story

ADA = "plan=trial score=7 age=30 country=FR joined=2026-02-11 seen=03-01T12:00 vip=yes tags=a,b balance=12.50"
HISTORY = """
  02-20 10:00 purchase amount=20 sku=A-1 n=4
  02-27 10:00 purchase amount=5.50 sku=B-1
  02-28 10:00 clicked welcome url=https://acme.example/pricing
  03-02 10:00 signup
  03-02 11:00 purchase amount=7 sku=A-2 n=1
"""
AFTERWARDS = "03-02 13:00 purchase amount=99 sku=C\n"
SEGMENTS = """
segment loyal = count(purchase) >= 3 and in segment french
segment french = country == "FR"
segment lazy = not did signup
"""


def asked(condition: str, holds: bool, ada: str = ADA) -> Story:
    """Asked on 2026-03-02 12:00, an hour before a purchase of 99 EUR, of who entered at 10:00."""
    body = f"""
      enter on signup
      stage a {{
        after 2 hours if {condition} -> yea
        after 2 hours -> nay
      }}
      final yea
      final nay
    """
    tells = ["03-02 10:00 -> a", f"03-02 12:00 a -> {'yea' if holds else 'nay'}"]
    title = condition if ada == ADA else f"{condition} (much is missing)"
    return Story(title, body, HISTORY + AFTERWARDS, tells, {"ada": ada, "before": SEGMENTS})


HOLDS = [
    'plan == "trial" and country in ("CH", "FR")',
    'plan != "pro" or score < 0',
    "score between 7 and 9",
    "not score between 8 and 9",
    "score / 2 == 3.5",
    "age / 4 > 7.4",
    "age - score * 2 + 1 == 17",
    "joined < 2026-02-12 and joined == 2026-02-11",
    "seen == 2026-03-01 12:00",
    "now - seen >= 24 hours and not now - seen > 24 hours",
    "now - seen == 24 hours",
    "now - joined > 18 days",
    "seen - joined > 18 days",
    "now == 2026-03-02 12:00",
    "vip",
    "vip == yes",
    '"a" in tags and not "c" in tags',
    '"c" not in tags',
    "balance > 12.49 EUR",
    "balance + 1 EUR == 13.50 EUR",
    "balance * 2 == 25 EUR",
    'country starts with "F"',
    'country contains "R"',
    'not country contains "r"',
    "email is missing and country is set",
    "did purchase",
    "did purchase at least 3 times",
    "not did purchase at least 4 times",
    "did purchase where amount > 19 EUR",
    'did purchase where sku starts with "A-" at least 2 times',
    "did purchase where n > contact.score - 4",
    "did clicked welcome and not did clicked tips",
    "did purchase at least 2 times in last 4 days",
    "not did purchase at least 3 times in last 4 days",
    "did purchase since entry and not did purchase at least 2 times since entry",
    "count(purchase) == 3",
    "count(purchase, last 4 days) == 2",
    "count(purchase, since entry) == 1",
    "count(purchase, last 10 days 2 hours) == 2",
    "count(purchase, last 10 days 3 hours) == 3",
    "sum(purchase.amount) == 32.50 EUR",
    "sum(purchase.amount, last 4 days) == 12.50 EUR",
    "sum(purchase.n) == 5",
    "avg(purchase.n) == 2.5",
    "min(purchase.amount) == 5.50 EUR",
    "max(purchase.amount where amount < 20 EUR) == 7 EUR",
    "first(purchase) == 2026-02-20 10:00",
    "last(purchase) == 2026-03-02 11:00",
    "now - last(purchase) == 60 minutes",
    "last(clicked tips) is missing",
    "sum(ping.n) == 0",
    "avg(ping.n) is missing",
    'did clicked welcome where url contains "pricing"',
    'not did clicked where url == "https://acme.example/"',
    "in segment loyal",
    "not in segment lazy",
    "length(country) == 2",
    'or_else(email, "none") == "none" and or_else(country, "none") == "FR"',
    "length(or_else(email, plan)) + 1 == 6",
    "half(age) == 15",
    "even(age) and not even(count(purchase))",
    "half(count(purchase where amount > contact.balance)) == 0.5",
    "share(balance, 4) == 3.13 EUR and share(balance - 20 EUR, 2) == -3.75 EUR",
    "share(balance, score - 7) is missing",
    "next_day(joined) == 2026-02-12 and seen > next_day(joined)",
    "an_hour_after(last(purchase)) == now and an_hour_after(seen) < now",
    "did purchase where length(sku) < 4 and even(n)",
    'length("Zo\u00eb") == 3 and even(4)',
]

#: Missing compares with nothing: each of these is false for who has neither fields nor history.
MISSING = [
    "age == 3",
    "age != 3",
    "age + 1 > 0",
    "score / (score - score) > 0",
    "vip",
    'country in ("FR")',
    '"a" in tags',
    'country starts with ""',
    "now > seen",
    "now - seen > 1 day",
    "last(ping) > seen",
    "now - last(ping) > 1 day",
    "length(country) >= 0",
    "even(age)",
    "half(age) > 0 or half(age) <= 0",
    "now > an_hour_after(seen)",
    "now > an_hour_after(last(ping))",
]

STORIES = [
    *(asked(condition, True) for condition in HOLDS),
    *(asked(condition, False, "plan=trial score=7") for condition in MISSING),
    asked("not age > 3 and not vip", True, "plan=trial score=7"),
    asked("not even(age) and length(country) is missing", True, "plan=trial score=7"),
    Story(
        "a click on one link and not on another",
        """
        enter on signup
        stage a {
          send email welcome
          on clicked welcome where url contains "pricing" -> b
          after 300 days -> b
        }
        final b
        """,
        """
        03-02 10:00 signup
        03-02 11:00 clicked welcome url=https://acme.example/
        03-02 12:00 clicked welcome
        03-02 13:00 clicked welcome url=https://acme.example/pricing
        """,
        [
            "03-02 10:00 -> a",
            "03-02 10:00 email welcome",
            "03-02 13:00 a -> b",
        ],
        {"ada": ADA + " email=ada@acme.example"},
    ),
    Story(
        "as soon as what a function makes of a purchase is over",
        """
        enter on signup
        stage a { when now > an_hour_after(last(purchase)) -> b }
        final b
        """,
        "03-02 10:00 signup\n03-02 10:10 purchase amount=1 sku=A\n03-02 10:30 purchase amount=1 sku=A",
        ["03-02 10:00 -> a", "03-02 11:30 a -> b"],
        {"ada": ADA},
    ),
    Story(
        "as soon as a field is what a function asks for",
        """
        enter on signup
        stage a { when length(country) > length(or_else(email, "x")) + 1 -> b }
        final b
        """,
        "03-02 10:00 signup\n03-02 12:00 set country=CHE",
        ["03-02 10:00 -> a", "03-02 12:00 a -> b"],
        {"ada": ADA},
    ),
]
