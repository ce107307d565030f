"""The VS Code extension says what the language and the command say."""

import json
import re
from pathlib import Path
from typing import Any

import typer
from lark import Lark
from lark.lexer import PatternStr

from campflow.cli.commands import app_for

FOLDER = Path(__file__).parents[2] / "editors" / "vscode"
GRAMMAR: dict[str, Any] = json.loads((FOLDER / "syntaxes" / "campflow.tmLanguage.json").read_text("utf-8"))
PACKAGE: dict[str, Any] = json.loads((FOLDER / "package.json").read_text("utf-8"))

#: Where the colours of words are.
KEYWORDS = ("declaration", "statement", "word", "constant")


def alternatives(pattern: str) -> set[str]:
    """The words between which a pattern chooses: `(?:a|b)`."""
    groups = re.findall(r"\((?:\?:)?([a-z]+(?:\|[a-z]+)+)\)", pattern)
    return {word for group in groups for word in group.split("|")}


def coloured(names: tuple[str, ...]) -> set[str]:
    return {word for name in names for word in alternatives(GRAMMAR["repository"][name]["match"])}


def test_the_coloured_words_are_the_words_of_the_language() -> None:
    lark = Lark.open_from_package("campflow.language", "flow.lark", parser="lalr")
    patterns = {terminal.name: terminal.pattern for terminal in lark.terminals}
    words = {each.value for each in patterns.values() if isinstance(each, PatternStr) and each.value.isalpha()}
    days = {f"{day}day" for day in alternatives(patterns["WEEKDAY"].value)}
    assert coloured(KEYWORDS) == words | days | {"time", "times"}
    assert coloured(("function",)) == alternatives(patterns["FUNCTION"].value)


def test_a_line_is_coloured_as_it_reads() -> None:
    def first(name: str, line: str) -> str:
        found = re.search(GRAMMAR["repository"][name]["match"], line)
        return found[found.lastindex or 0] if found else ""

    assert first("statement", "  send email welcome at 09:00") == "send"
    assert first("statement", '  after 3 days if plan == "pro" -> nudge') == "after"
    assert first("statement", "  goal_score number") == ""
    assert first("declaration", 'campaign trial_onboarding "Trial"') == "trial_onboarding"
    assert first("function", "segment a = sum(purchase.amount) > 3") == "sum"
    assert first("function", "segment a = summer > 3") == ""


def test_the_extension_starts_a_command_that_there_is() -> None:
    program, command = PACKAGE["contributes"]["configuration"]["properties"]["campflow.command"]["default"]
    assert program == "campflow"
    assert command in typer.main.get_command(app_for()).commands  # type: ignore[attr-defined]  # it is a group


def test_the_files_that_the_extension_names_are_there() -> None:
    contributed = PACKAGE["contributes"]
    named = [PACKAGE["main"], contributed["grammars"][0]["path"], contributed["languages"][0]["configuration"]]
    assert [path for path in named if not (FOLDER / path).is_file()] == []
    assert contributed["grammars"][0]["scopeName"] == GRAMMAR["scopeName"]
