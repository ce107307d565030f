"""What looks like a mistake and is none: each of these must be let through."""

import pytest
from tests.checking.sample import campaign, errors, vocabulary

CONDITIONS = [
    'plan == "trial"',
    'plan in ("trial", "pro")',
    'plan != "pro" and plan starts with "ent"',
    '"trial" == plan',
    "score > 3.5 and visits > score",
    "visits / 2 > 1.5",
    "spent > 50 EUR and spent * 2 > 3 EUR and 2 * spent - 1 EUR > spent / 3",
    "-5 < score and score > -visits",
    "score between 10 and 20.5",
    "spent between 1 EUR and 5 EUR",
    "birthday < 2000-01-01 and birthday < seen",
    "birthday + 18 years < now",
    "seen > 2026-12-01 09:00 and seen >= 2026-12-01",
    "now - birthday > 18 years and 18 years < now - birthday",
    "now - last(purchase) between 30 days and 60 days",
    "last(purchase) - first(purchase) < 1 year",
    "seen - 3 days > last(opened welcome)",
    "last(opened) is missing or not (first(purchase) is set)",
    "not in segment vip or in segment vip",
    "not did opened welcome and not did clicked_any",
    "did purchase where purchase.amount > 50 EUR and contact.score > 3",
    'did purchase where sku starts with "A-" and plan == "pro" at least 2 times in last 90 days',
    "count(purchase where amount > avg(purchase.amount)) > 3",
    "did cart_updated where cart_id == first_name",
    'email contains "@acme." and phone starts with "+41" and first_name < "m"',
    'country == "XK" and language == "pt-BR" and timezone == "America/Argentina/Buenos_Aires"',
    '"vip" in tags and first_name in tags and "x" not in tags',
    "phone is missing and member == yes and member != no",
    'first_name in ("Ada", email)',
    "did submitted demo and did visited",
    "did converted",
    "max(purchase.pieces) is missing",
]


@pytest.mark.parametrize("text", CONDITIONS)
def test_a_sound_condition(text: str) -> None:
    assert errors(f"segment asked = {text}\n") == []


ACTIONS = [
    "set score = visits",
    "set score = score + 1",
    "set first_name = email",
    'set plan = "pro"',
    'set country = "FR"',
    "set spent = spent + entry.total",
    "set seen = now",
    "set seen = last(purchase)",
    "set member = score > 3",
    "set birthday = 2000-02-29",
    "emit subscribed { amount entry.total }",
    'emit purchase { sku "A-1", amount 5 EUR }',
    "emit signup",
    'send email tips { subject "Hello" } at 09:00',
    "send email tips { expires 36 hours }",
    "send sms nudge in 3 days",
    "send email welcome on monday at 09:00",
    "on clicked nudge -> done\n    send email nudge",
    "on left -> done",
    "on entered c -> done",
    "on purchase where amount > entry.total if score > 3 -> done",
    'do add_coupon { value 5 }\n    notify sales "Hello"\n    sync lost_trials',
    "split tone {\n 33.3% a\n 33.3% b\n 33.4% c\n }",
    "split tone {\n 50% a { send email nudge }\n 50% b { on clicked nudge -> done }\n }",
    "when entry.total > 50 EUR -> done\n    else -> done",
]


@pytest.mark.parametrize("text", ACTIONS)
def test_a_sound_stage(text: str) -> None:
    ends = "" if "else" in text else "after 3 days -> done"
    assert errors(campaign(actions=text, enter="enter on cart_updated per cart_id, every time", ends=ends)) == []


CLAUSES = [
    'timezone "Europe/Zurich"',
    "timezone contact",
    "convert on purchase within 14 days worth amount * 0.3 -> done",
    "convert on purchase within 14 days\n  convert bought on purchase within 2 days",
    "convert on subscribed where amount > spent within 14 days worth 20 EUR",
    "leave when score < 0\n  leave on purchase where amount > 50 EUR if score > 3",
    "convert on purchase within 3 days\n  goal conversion >= 12%\n  goal cost per conversion <= 40 EUR",
    "moved old -> older\n  moved older -> done",
    "limit 1 email per day, 3 messages per week or skip\n  limit 1 sms per month",
    "runs 2026-12-01 to 2026-12-01",
    "holdout 100%\n  priority -3\n  purpose newsletter\n  edits reach newcomers",
]


@pytest.mark.parametrize("text", CLAUSES)
def test_sound_clauses(text: str) -> None:
    assert errors(campaign(clauses=text)) == []


def test_words_of_the_language_are_fine_names() -> None:
    text = (
        'event goal {\n  stage  text\n  entry  integer\n}\nsegment send = did goal where entry > 3 and stage == "x"\n'
    )
    assert errors(text) == []


def test_one_name_may_be_used_for_things_of_different_kinds() -> None:
    text = 'event c {\n  c  text\n}\nsegment c = did c where c == "c"\n'
    assert errors(text + campaign()) == []


def test_the_currency_of_the_settings_counts_where_none_is_written_before() -> None:
    assert errors("segment rich = spent > 50 EUR\n", vocabulary(currency="EUR")) == []


def test_a_reaction_may_be_to_a_message_that_another_campaign_sends() -> None:
    other = campaign(actions="send email nudge").replace("campaign c", "campaign other")
    assert errors(campaign(actions="on clicked nudge -> done") + other) == []
