"""Filters of plugins in templates: checked by name and arguments, plain in what they make, paid for, never markup."""

import datetime as dt
from collections.abc import Callable

import pytest
from markupsafe import Markup

from campflow.content.templates import BadTemplate, compile_text
from campflow.errors import ContentError


def fill(text: str, function: Callable[..., object], html: bool = True, **values: object) -> str:
    filters = frozenset([("shout", function)])
    return compile_text(text, html=html, name="content/a.email.md", filters=filters).fill(values)


class Sneaky(str):
    """A text that says of itself that it is markup."""

    def __html__(self) -> str:
        return str(self)


def test_it_is_given_the_value_and_what_stands_behind_its_name() -> None:
    def shout(value: object, times: int = 1, sign: str = "!") -> str:
        return f"{value}{sign * times}".upper()

    assert fill("{{ name | shout }} {{ name | shout(2, sign='?') }}", shout, name="ada") == "ADA! ADA??"
    assert fill("{% filter shout %}hi {{ name }}{% endfilter %}", shout, html=False, name="ada") == "HI ADA!"
    assert fill("{{ names | map('shout') | join(' ') }}", shout, names=("a", "b")) == "A! B!"


@pytest.mark.parametrize(
    "made",
    [
        lambda value: Markup("<b>"),
        lambda value: Sneaky(f"<b>{value}</b>"),
        lambda value: [Markup("<b>"), Sneaky("<i>")][0],
    ],
)
def test_what_it_makes_is_escaped_whatever_it_says_of_itself(made: Callable[..., object]) -> None:
    assert "<" not in fill("{{ name | shout }}", made, name="x")


def test_it_never_makes_markup_of_what_is_markup_already() -> None:
    assert "<" not in fill("{{ '<i>' | escape | shout }}", lambda value: value.replace("&lt;", "<"))


def test_lists_and_days_may_be_made_of_which_the_template_makes_more() -> None:
    words = fill("{% for each in name | shout %}[{{ each }}]{% endfor %}", lambda text: text.split(), name="a <b>")
    assert words == "[a][&lt;b&gt;]"
    assert fill("{{ day | shout | date('%d.') }}", lambda day: day + dt.timedelta(1), day=dt.date(2026, 3, 1)) == "02."


@pytest.mark.parametrize("made", [object(), print, {"a": 1}, [{1}], (each for each in "ab")])
def test_nothing_is_made_that_a_template_could_reach_into(made: object) -> None:
    with pytest.raises(ContentError, match="the filter `shout` made a"):
        fill("{{ name | shout }}", lambda value: made, name="x")


def test_what_it_raises_spoils_the_text_that_is_being_filled() -> None:
    with pytest.raises(ContentError, match=r"content/a\.email\.md cannot be filled: ZeroDivisionError"):
        fill("{{ name | shout }}", lambda value: 1 / 0, name="x")


def test_what_it_makes_counts() -> None:
    with pytest.raises(ContentError, match="too large"):
        fill("{{ name | shout | length }}", lambda value: "x" * 6_000_000, name="x")
    with pytest.raises(ContentError, match="steps"):
        fill(
            "{% for a in range(1000) %}{% for b in range(1000) %}{{ a | shout }}{% endfor %}{% endfor %}",
            lambda value: value,
        )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\n{{ name | shuot }}", "there is no filter `shuot`: did you mean `shout`?"),
        ("a\n{% if name %}{{ name | uper }}{% endif %}", "there is no filter `uper`: did you mean `upper`?"),
        ("a\n{{ name | campflow_lnk }}", "there is no filter `campflow_lnk`"),
        ("a\n{{ name | shout }}", "the filter is written `shout(times, *, sign=None)`: missing a required"),
        ("a\n{{ name | shout(1, 2) }}", "too many positional arguments"),
        ("a\n{{ name | shout(1, sgin='?') }}", "unexpected keyword argument 'sgin'"),
    ],
)
def test_a_wrong_name_or_argument_is_found_before_anything_is_filled(text: str, said: str) -> None:
    with pytest.raises(BadTemplate) as caught:
        fill(text, lambda value, times, *, sign="!": value, name="x")
    assert said in caught.value.text
    assert caught.value.line == 2
