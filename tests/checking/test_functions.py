"""Functions of plugins in conditions: their names, how many values they take, of which types, and what `now` does."""

from dataclasses import replace

import pytest
from tests.checking.sample import campaign, checked, errors, vocabulary
from tests.reference.functions import FUNCTIONS

WORDS = replace(vocabulary(), functions=FUNCTIONS)


@pytest.mark.parametrize(
    "condition",
    [
        "length(plan) > 3",
        'length ( "a" ) == 1',
        "half(visits) + 1 < length(or_else(first_name, plan)) * 2 or not even(length(email))",
        "now > an_hour_after(last(purchase))",
        "did purchase where length(sku) > 2",
        "share(max(purchase.amount), 2) > 5 EUR",
    ],
)
def test_what_is_right_is_taken(condition: str) -> None:
    assert checked(f"segment s = {condition}\n{campaign('leave when in segment s')}", WORDS).flow is not None


@pytest.mark.parametrize(
    ("condition", "code", "message", "hint"),
    [
        ("lenght(plan) > 3", "unknown-name", "there is no function `lenght`", "did you mean `length`?"),
        ("coutn(purchase) > 3", "unknown-name", "there is no function `coutn`", "did you mean `count`?"),
        ("zzz() > 3", "unknown-name", "there is no function `zzz`", "`campflow plugins` says which there are"),
        ("length() > 3", "type-mismatch", "`length` takes 1 value, and is given none", "`length(text)`"),
        ("or_else(plan) == plan", "type-mismatch", "takes 2 values, and is given 1", "`or_else(text?, text)`"),
        ("length(score) > 3", "type-mismatch", "what `length` is given here is a text, but `score` is", None),
        ("half(1.5) > 3", "type-mismatch", "is a whole number, but `1.5` is a number", None),
        ("length(plan)", "type-mismatch", "`length(plan)` is a whole number", None),
        ('length(plan) == "3"', "type-mismatch", "these cannot be compared", None),
        ("an_hour_after(now) > now", "type-mismatch", "`an_hour_after` is given `now`", "compare what it makes"),
        ("an_hour_after(now - 3 days) > now", "type-mismatch", "is given `now`", None),
        ("length(3 days) > 3", "type-mismatch", "is a text, but", None),
        ("length(nosuch) > 3", "unknown-name", "contacts have no field `nosuch`", None),
        ("length(tags) > 3", "type-mismatch", "is a text, but", None),
    ],
)
def test_what_is_wrong_is_said_once(condition: str, code: str, message: str, hint: str | None) -> None:
    (found,) = errors(f"segment s = {condition}\n{campaign('leave when in segment s')}", WORDS)
    assert found.code == code
    assert message in found.message
    assert hint is None or hint in (found.hint or "")


def test_proofs_know_that_it_can_be_one_thing_only() -> None:
    (found,) = errors(campaign(ends="after 3 days if length(email) > 5 and length(email) < 3 -> done"), WORDS)[:1]
    assert found.code == "never-true"
    sound = campaign(ends="after 3 days if length(email) > 5 -> done\nafter 4 days -> done")
    assert errors(sound, WORDS) == []


def test_what_may_be_missing_may_be_neither() -> None:
    """`first_name` may be missing, so neither holds of some, and the stage has no way out for these."""
    ends = "when even(length({0})) -> done\nwhen not even(length({0})) -> done"
    assert errors(campaign(ends=ends.format("email")), WORDS) == []
