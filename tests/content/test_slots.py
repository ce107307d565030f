"""The short way to fill a text and Jinja's own say the same, letter for letter, errors included."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campflow.content.record import Record
from campflow.content.templates import CompiledText, compile_text
from campflow.content.values import Amount
from campflow.errors import ContentError

LETTER = "Hello {{ contact.first_name | default('friend') }}, {% if city == 'Lyon' %}come in{% else %}write{% endif %}."

NAMES = ["first_name", "contact.first_name", "contact['city']", "city", "contact.items", "contact.nobody", "nobody"]
CONSTANTS = ["'friend'", "'<b>&'", "''", "3", "2.5", "true", "none", "'ö'"]
FILTERS = [
    "",
    "|default('<x>')",
    "|d(0)",
    "|upper",
    "|title",
    "|trim",
    "|capitalize",
    "|date('%d.%m.')",
    "|e",
    "|length",
]
SIGNS = ["==", "!=", "<", ">=", "in"]

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=20), st.sampled_from(["Lyon", "<b>", "a&b", "{{ x }}"]),
    st.just(dt.date(2026, 3, 1)), st.just(Amount(Decimal("12.50"), "EUR")), st.just(("a", "b")), st.floats(),
)  # fmt: skip

values = st.sampled_from([*NAMES, *CONSTANTS])
expressions = st.one_of(
    st.builds("".join, st.tuples(values, st.sampled_from(FILTERS), st.sampled_from(FILTERS))),
    st.builds("{} {} {}".format, values, st.sampled_from(SIGNS), values),
    st.builds("{} and {} or not {}".format, values, values, values),
    st.builds("{} ~ {}".format, values, values),
)
plain = st.one_of(
    st.sampled_from(
        ["Hello ", "\n", "<p class='x'>", "&amp;", " 100 % ", "{# note #}", "{%- if city -%}\n x {% endif %}"]
    ),
    expressions.map("{{{{ {} }}}}".format),
)
templates = st.lists(
    st.one_of(
        plain,
        st.builds(
            "{{% if {} %}}{}{{% elif {} %}}{}{{% else %}}{}{{% endif %}}".format,
            expressions, plain, expressions, plain, plain,
        ),
        st.builds("{{% set city = {} %}}{}".format, values, plain),
        st.builds("{{% for each in {} %}}{{{{ each }}}}{{% endfor %}}".format, values),
    ),
    max_size=5,
).map("".join)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(templates, st.booleans(), VALUES, VALUES)
def test_both_ways_say_the_same(template: str, html: bool, first_name: object, city: object) -> None:
    fields = {"first_name": first_name, "city": city, "items": 3}
    compiled = compile_text(template, html=html, name="x")
    names: dict[str, Any] = {**fields, "contact": Record(fields)}
    assert said(compiled, names) == said(replace(compiled, slots=None), names)


def said(compiled: CompiledText, names: dict[str, Any]) -> str:
    try:
        return compiled.fill(names)
    except ContentError as error:
        return f"error: {error}"


def test_an_ordinary_letter_goes_the_short_way_and_a_loop_does_not() -> None:
    assert compile_text(LETTER, html=True, name="x").slots is not None
    assert compile_text("{% for each in tags %}{{ each }}{% endfor %}", html=True, name="x").slots is None


@pytest.mark.parametrize("name", ["_values", "__class__", "__init__"])
def test_the_short_way_is_no_way_out_of_the_sandbox(name: str) -> None:
    compiled = compile_text(f"{{{{ contact.{name} }}}}", html=False, name="x")
    assert compiled.slots is None
    with pytest.raises(ContentError):
        compiled.fill({"contact": Record({"first_name": "Ada"})})
