"""Diagnostics as SARIF: what the standard asks for, checked by hand, and that nothing is lost."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.cli.terminal import Terminal

from campflow.cli.starter import write_project
from campflow.diagnostics.catalogue import TITLES, severity
from campflow.diagnostics.diagnostic import Diagnostic, Label
from campflow.diagnostics.sarif import render_sarif
from campflow.diagnostics.source import Span

FOUND = (
    Diagnostic(
        "duplicate-name", "two stages `a`", Span("b c.flow", 7, 9, 7, 10), "rename one",
        (Label(Span("a.flow", 3, 1, 4, 2), "the first"), Label(Span("b c.flow", 2, 1, 2, 3), "and this")),
    ),
    Diagnostic("unused", "nothing uses `vip`", Span("a.flow", 1, 9, 1, 12), severity="warning"),
)  # fmt: skip

#: What objects of SARIF 2.1.0 (section 3) that campflow writes must have, and may have: by name.
REQUIRED: dict[str, dict[str, type]] = {
    "log": {"version": str, "runs": list},
    "run": {"tool": dict},
    "driver": {"name": str},
    "rule": {"id": str},
    "result": {"message": dict},
    "message": {"text": str},
    "artifactLocation": {"uri": str},
    "region": {"startLine": int},
}
ALLOWED: dict[str, set[str]] = {
    "log": {"$schema", "version", "runs", "inlineExternalProperties", "properties"},
    "run": {"tool", "results", "columnKind", "artifacts", "invocations", "originalUriBaseIds", "properties"},
    "driver": {"name", "version", "semanticVersion", "informationUri", "rules", "properties"},
    "rule": {
        "id",
        "name",
        "shortDescription",
        "fullDescription",
        "help",
        "helpUri",
        "defaultConfiguration",
        "properties",
    },
    "result": {
        "ruleId",
        "ruleIndex",
        "kind",
        "level",
        "message",
        "locations",
        "relatedLocations",
        "partialFingerprints",
    },
    "message": {"text", "markdown", "id", "arguments"},
    "artifactLocation": {"uri", "uriBaseId", "index"},
    "region": {"startLine", "startColumn", "endLine", "endColumn", "snippet"},
}


def shaped(kind: str, found: Any) -> None:
    assert isinstance(found, dict)
    for name, type_ in REQUIRED[kind].items():
        assert isinstance(found[name], type_), (kind, name)
    assert found.keys() <= ALLOWED[kind], kind


def placed(location: Any) -> None:
    physical = location["physicalLocation"]
    shaped("artifactLocation", physical["artifactLocation"])
    shaped("region", physical["region"])
    assert re.fullmatch(r"[A-Za-z0-9\-._~/%]+", physical["artifactLocation"]["uri"])
    assert all(isinstance(number, int) and number >= 1 for number in physical["region"].values())


def valid(text: str) -> Any:
    """The one run, after a look at everything in it."""
    log = json.loads(text)
    shaped("log", log)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    shaped("run", run)
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    driver = run["tool"]["driver"]
    shaped("driver", driver)
    rules = driver["rules"]
    for rule in rules:
        shaped("rule", rule)
        shaped("message", rule["shortDescription"])
        assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in run["results"]:
        shaped("result", result)
        shaped("message", result["message"])
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        related = result.get("relatedLocations", [])
        for location in (*result["locations"], *related):
            placed(location)
        assert len({location["id"] for location in related}) == len(related)
    return run


def test_every_finding_is_a_result_with_its_place_and_what_explains_it() -> None:
    unused, double = valid(render_sarif(FOUND, "0.1.0"))["results"]
    assert (unused["ruleId"], unused["level"]) == ("unused", "warning")
    assert double["message"]["text"] == "two stages `a`\nhint: rename one"
    (place,) = double["locations"]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "b%20c.flow"},
        "region": {"startLine": 7, "startColumn": 9, "endLine": 7, "endColumn": 10},
    }
    told = [
        (each["message"]["text"], each["physicalLocation"]["artifactLocation"]["uri"])
        for each in double["relatedLocations"]
    ]
    assert told == [("the first", "a.flow"), ("and this", "b%20c.flow")]


def test_every_code_is_a_rule() -> None:
    rules = valid(render_sarif((), "0.1.0"))["tool"]["driver"]["rules"]
    assert [(rule["id"], rule["defaultConfiguration"]["level"]) for rule in rules] == [
        (code, severity(code)) for code in TITLES
    ]


@pytest.mark.parametrize("path", ["ä/ö.flow", "a b#c?.flow", "\udcff.flow", "100%.flow"])
def test_any_path_is_a_uri_and_any_text_is_json(path: str) -> None:
    found = Diagnostic("syntax", "odd \x1b[31m \u202e \ud800", Span(path, 1, 1, 1, 2))
    (result,) = valid(render_sarif([found], "0.1.0", "shop"))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].startswith("shop/")
    assert "\x1b" not in result["message"]["text"]


def test_the_command_writes_it_and_ends_with_1(tmp_path: Path) -> None:
    campflow = Terminal(tmp_path)
    write_project(campflow.folder / "shop")
    assert valid(campflow("check", "shop", "--format", "sarif").stdout)["results"] == []
    campflow.change("shop/welcome.flow", "-> ", "-> nowhere_")
    run = valid(campflow("check", "shop", "--format", "sarif", code=1).stdout)
    places = {each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in run["results"]}
    assert places == {"shop/welcome.flow"}
