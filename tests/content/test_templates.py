"""Filling a text, and what a template cannot do."""

import datetime as dt

import pytest

from campflow.content.record import Record
from campflow.content.templates import BadTemplate, compile_text, one_line
from campflow.errors import ContentError


def fill(text: str, html: bool = False, **values: object) -> str:
    return compile_text(text, html=html, name="content/a.email.md").fill(values)


def test_a_missing_optional_field_is_empty_and_a_default_takes_its_place() -> None:
    assert fill("Hi {{ first_name }}!", first_name=None) == "Hi !"
    assert fill("Hi {{ first_name | default('friend') }}!", first_name=None) == "Hi friend!"
    assert fill("{% for tag in tags %}{{ tag }}{% endfor %}.", tags=None) == "."


def test_an_unknown_name_spoils_the_message_instead_of_standing_in_it() -> None:
    with pytest.raises(ContentError, match="'frist_name' is undefined"):
        fill("Hi {{ frist_name }}")


def test_values_are_escaped_in_html_only() -> None:
    assert fill("{{ name }}", html=True, name="<b>&") == "&lt;b&gt;&amp;"
    assert fill("{{ name }}", name="<b>&") == "<b>&"


def test_what_stands_in_a_field_is_never_run() -> None:
    assert fill("{{ name }}", name="{{ 7 * 7 }}{% for %}") == "{{ 7 * 7 }}{% for %}"


def test_fields_named_like_methods_are_fields() -> None:
    assert fill("{{ contact.items }} {{ contact.get }}", contact=Record({"items": 3, "get": "x"})) == "3 x"


def test_dates_are_written_as_asked() -> None:
    assert fill("{{ day | date('%d.%m.%Y') }}|{{ none | date }}", day=dt.date(2026, 12, 1), none=None) == "01.12.2026|"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n{% if x %}b", 2),
        ("a\n\n{{ x | nosuch }}", 3),
        ("{% include '/etc/passwd' %}", 1),
        ("\n{% extends 'x' %}", 2),
        ("{% from 'x' import y %}", 1),
        ("{{ 'x' | center(1000000000) }}", 1),
        ("{{ " + "(" * 3_000 + " }}", 1),
    ],
)
def test_a_template_that_does_not_compile_says_the_line(text: str, line: int) -> None:
    with pytest.raises(BadTemplate) as caught:
        compile_text(text, html=True, name="x")
    assert caught.value.line == line


@pytest.mark.parametrize("character", ["\r", "\n", "\0", "\u2028", "\u2029", "\x0b", "\x85", "\x1b"])
def test_a_header_value_is_one_line(character: str) -> None:
    with pytest.raises(ContentError, match="must be one line"):
        one_line(f"Hello{character}Bcc: all@example", "`subject`")
    assert one_line("  Été 🎉\n", "`subject`") == "Été 🎉"
