"""Diagnostics as SARIF 2.1.0, the format in which tools that check code tell of it to those that show it."""

import json
from collections.abc import Iterable
from typing import Any

from campflow.diagnostics.catalogue import TITLES, severity
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.quote import harmless
from campflow.diagnostics.render import in_order
from campflow.diagnostics.source import Span

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

#: What may stand in the path of a URI as it is.
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")


def render_sarif(diagnostics: Iterable[Diagnostic], version: str, folder: str = "") -> str:
    """One run of campflow `version`, with every code as a rule.

    `folder` is where the project lies in the repository: places are told from there.
    """
    found = in_order(diagnostics)
    codes = list(dict.fromkeys((*TITLES, *(one.code for one in found))))
    driver = {"name": "campflow", "semanticVersion": version, "rules": [_rule(code) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, codes.index(one.code), folder) for one in found],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(code: str) -> dict[str, Any]:
    help = f"`campflow check --explain {code}` says what it means and what to do."
    return {
        "id": code,
        "shortDescription": {"text": TITLES.get(code, code)},
        "help": {"text": help},
        "defaultConfiguration": {"level": severity(code)},
    }


def _result(one: Diagnostic, index: int, folder: str) -> dict[str, Any]:
    text = one.message if one.hint is None else f"{one.message}\nhint: {one.hint}"
    result: dict[str, Any] = {
        "ruleId": one.code,
        "ruleIndex": index,
        "level": one.severity,
        "message": _message(text),
        "locations": [_place(one.span, folder)],
    }
    if one.labels:
        result["relatedLocations"] = [
            {"id": number, **_place(label.span, folder), "message": _message(label.text)}
            for number, label in enumerate(one.labels, start=1)
        ]
    return result


def _message(text: str) -> dict[str, str]:
    return {"text": "\n".join(map(harmless, text.split("\n")))}


def _place(span: Span, folder: str) -> dict[str, Any]:
    path = f"{folder}/{span.path}" if folder else span.path
    uri = "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in path.encode("utf-8", "surrogateescape"))
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}
