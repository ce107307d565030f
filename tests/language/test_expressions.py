"""Every form of an expression, what binds tighter than what, and where a value is impossible."""

import datetime as dt
from decimal import Decimal

import pytest
from tests.language.shapes import declaration, expression, mistakes_in, shape

from campflow.language import syntax


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("a or b and c", "(a or (b and c))"),
        ("a and b or c", "((a and b) or c)"),
        ("not a and b", "((not a) and b)"),
        ("not a == b", "(not (a == b))"),
        ("not not a", "(not (not a))"),
        ("a or b or c", "((a or b) or c)"),
        ("a + b * c", "(a + (b * c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a / b * c", "((a / b) * c)"),
        ("-a * b", "((- a) * b)"),
        ("a - -b", "(a - (- b))"),
        ("-a - b > c", "(((- a) - b) > c)"),
        ("(a or b) and c", "((a or b) and c)"),
        ("(a + b) * c", "((a + b) * c)"),
        ("a + 1 == b - 1", "((a + 1) == (b - 1))"),
        ("a > 1 and b < 2", "((a > 1) and (b < 2))"),
        ("a between 1 and 2 and b", "((a between 1 and 2) and b)"),
        ("a between 1 + 2 and 3 * 4 or b", "((a between (1 + 2) and (3 * 4)) or b)"),
        ("now - birthday > 18 years", "((now - birthday) > 18 year)"),
    ],
)
def test_what_binds_tighter(text: str, meaning: str) -> None:
    assert shape(expression(text)) == meaning


@pytest.mark.parametrize("operator", ["==", "!=", "<", "<=", ">", ">="])
def test_comparisons(operator: str) -> None:
    assert shape(expression(f"score {operator} 5")) == f"(score {operator} 5)"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ('country in ("FR", "CH")', '(country in "FR", "CH")'),
        ('country not in ("FR")', '(country not in "FR")'),
        ("score in (-1, 2 + 3)", "(score in (- 1), (2 + 3))"),
        ('"vip" in tags', '("vip" in tags)'),
        ('"vip" not in contact.tags', '("vip" not in contact.tags)'),
        ("in segment vip", "(in segment vip)"),
        ("not in segment vip", "(not in segment vip)"),
        ("a and not in segment vip or b", "((a and (not in segment vip)) or b)"),
        ("phone is missing", "(phone is missing)"),
        ("first_name is set", "(first_name is set)"),
        ('sku starts with "A-"', '(sku starts with "A-")'),
        ('url contains "pricing" and a', '((url contains "pricing") and a)'),
        ("entry.cart_id == contact.last_cart", "(entry.cart_id == contact.last_cart)"),
        ("rfm.recency >= 4", "(rfm.recency >= 4)"),
    ],
)
def test_conditions_on_fields(text: str, meaning: str) -> None:
    assert shape(expression(text)) == meaning


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("did purchase", "(did purchase x1)"),
        ("did opened welcome", "(did opened welcome x1)"),
        ("not did opened welcome", "(not (did opened welcome x1))"),
        ("did purchase at least 2 times", "(did purchase x2)"),
        ("did purchase at least 1 time", "(did purchase x1)"),
        ("did purchase in last 90 days", "(did purchase x1 in last 90 day)"),
        ("did purchase since entry", "(did purchase x1 in since entry)"),
        (
            "did purchase where amount > 50 EUR at least 2 times in last 90 days",
            "(did purchase where (amount > 50 EUR) x2 in last 90 day)",
        ),
        (
            "did purchase where amount > 50 EUR in last 90 days",
            "(did purchase where (amount > 50 EUR) x1 in last 90 day)",
        ),
        ('did purchase where sku in ("a") in last 1 day', '(did purchase where (sku in "a") x1 in last 1 day)'),
        ("did a or did b", "((did a x1) or (did b x1))"),
        ("did a in last 1 day and plan == b", "((did a x1 in last 1 day) and (plan == b))"),
    ],
)
def test_conditions_on_history(text: str, meaning: str) -> None:
    assert shape(expression(text)) == meaning


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("did a where b > 1 and c > 2", "(did a where ((b > 1) and (c > 2)) x1)"),
        ("did a where b > 1 or not c > 2", "(did a where ((b > 1) or (not (c > 2))) x1)"),
        ("x and did a where b and c", "(x and (did a where (b and c) x1))"),
        ("not did a where b or c", "(not (did a where (b or c) x1))"),
        ("did a where b and c since entry and d", "((did a where (b and c) x1 in since entry) and d)"),
        ("(did a where b) and c", "((did a where b x1) and c)"),
        ("did a where (did b) and c", "(did a where ((did b x1) and c) x1)"),
    ],
)
def test_the_where_of_a_did_goes_as_far_as_it_can(text: str, meaning: str) -> None:
    assert shape(expression(text)) == meaning


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("count(purchase) > 2", "(count(purchase) > 2)"),
        ("count(clicked welcome, last 30 days) > 2", "(count(clicked welcome, last 30 day) > 2)"),
        (
            'count(purchase where amount > 5 EUR or sku == "a", last 30 days) == 0',
            '(count(purchase where ((amount > 5 EUR) or (sku == "a")), last 30 day) == 0)',
        ),
        ("sum(purchase.amount, since entry) >= 1_000 EUR", "(sum(purchase .amount, since entry) >= 1000 EUR)"),
        ("avg(purchase.amount) < max(purchase.amount)", "(avg(purchase .amount) < max(purchase .amount))"),
        ("min(purchase.amount where sku is set) > 1 EUR", "(min(purchase where (sku is set) .amount) > 1 EUR)"),
        ("now - last(purchase) > 60 days", "((now - last(purchase)) > 60 day)"),
        ("first(purchase) is missing", "(first(purchase) is missing)"),
        ("count (purchase) > 2", "(count(purchase) > 2)"),
    ],
)
def test_aggregates(text: str, meaning: str) -> None:
    assert shape(expression(text)) == meaning


@pytest.mark.parametrize(
    "word",
    [
        "count",
        "sum",
        "avg",
        "min",
        "max",
        "first",
        "last",
        "segment",
        "stage",
        "email",
        "goal",
        "where",
        "if",
        "at",
        "since",
        "entry",
        "missing",
    ],
)
def test_a_word_of_the_language_is_a_field_where_only_a_name_can_stand(word: str) -> None:
    assert shape(expression(f"{word} > 3")) == f"({word} > 3)"


@pytest.mark.parametrize("word", ["in", "not", "did", "yes", "no", "and", "or"])
def test_the_words_that_begin_a_condition_are_fields_behind_a_point(word: str) -> None:
    assert shape(expression(f"contact.{word} == 3")) == f"(contact.{word} == 3)"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a \\"b\\" \\\\ \\n \\t ü 🎉"', 'a "b" \\ \n \t ü 🎉'),
        ('""', ""),
        ("42", Decimal(42)),
        ("1_000", Decimal(1000)),
        ("3.5", Decimal("3.5")),
        ("12%", Decimal(12)),
        ("0.5%", Decimal("0.5")),
        ("yes", True),
        ("no", False),
        ("2026-12-01", dt.date(2026, 12, 1)),
        ("2026-12-01 09:00", dt.datetime(2026, 12, 1, 9)),  # noqa: DTZ001  a local time of a zone not known here
        ("09:00", dt.time(9)),
        ("9:05:30", dt.time(9, 5, 30)),
    ],
)
def test_values(text: str, value: object) -> None:
    assert expression(f"x == {text}").right.value == value


def test_money_has_its_currency() -> None:
    amount = expression("x == 1_234.50 EUR").right
    assert (amount.amount, amount.currency) == (Decimal("1234.50"), "EUR")


def test_a_number_knows_whether_a_point_was_written() -> None:
    assert [expression(f"x == {text}").right.whole for text in ("3", "3.0")] == [True, False]


def test_a_duration_keeps_its_parts_with_units_in_the_singular() -> None:
    parts = expression("x > 1 year 2 months 3 weeks 4 days 5 hours 6 minutes 7 seconds").right.parts
    assert parts == (
        (1, "year"), (2, "month"), (3, "week"), (4, "day"), (5, "hour"), (6, "minute"), (7, "second"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("2026-02-30", 21, "there is no 2026-02-30 in the calendar"),
        ("0000-01-01", 21, "there is no 0000-01-01 in the calendar"),
        ("2026-12-01 24:00", 32, "there is no 24:00 on the clock"),
        ("25:00", 21, "there is no 25:00 on the clock"),
        ("1" + "0" * 400, 21, "this number is too large: it has 401 digits"),
        ("0." + "1" * 400, 21, "this number is too fine: it has 400 decimals"),
        ("1.234 EUR", 21, "an amount in EUR has no 3 decimals"),
        ("1__0", 21, "this number is not written well"),
        ("999_999_999 days", 21, "this duration is too long"),
        ('"a\\qb"', 23, "`\\q` means nothing in a text"),
        ("3 dayz", 23, "`dayz` is not a unit of time"),
    ],
)
def test_an_impossible_value_is_reported_at_the_value_and_the_rest_is_kept(
    text: str, column: int, message: str
) -> None:
    (found,) = mistakes_in(f"segment some = x == {text}\nevent signup")
    assert (found.code, found.span.line, found.span.column, found.message) == ("syntax", 1, column, message)


def test_a_currency_with_thousandths_has_three_decimals() -> None:
    assert expression("x == 1.234 KWD").right.amount == Decimal("1.234")


def test_places_cover_what_was_written() -> None:
    condition = expression("(score + 1) * 2 > 10 and phone is set")
    assert (condition.span.column, condition.span.end_column) == (16, 53)
    product = condition.left.left
    assert (product.span.column, product.span.end_column) == (16, 31)
    assert (product.left.span.column, product.left.span.end_column) == (16, 27)


def test_a_segment_may_have_a_title() -> None:
    found = declaration('segment vip "Best customers" = score > 1')
    assert (found.name.text, found.title.value) == ("vip", "Best customers")
    assert isinstance(found.condition, syntax.Binary)
