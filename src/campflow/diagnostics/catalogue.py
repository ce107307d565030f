"""Every code a diagnostic can have, and its title."""

from campflow.diagnostics.diagnostic import Severity

TITLES: dict[str, str] = {
    "syntax": "the text does not parse",
    "unknown-name": "a name that nothing declares",
    "duplicate-name": "two of a kind with one name",
    "type-mismatch": "a value of the wrong type",
    "currency-mismatch": "amounts in two currencies",
    "unknown-choice": "a value that a `one of` does not have",
    "missing-clause": "a campaign without a clause it needs",
    "final-with-exit": "a way out of a final stage",
    "unreachable-stage": "a stage that nobody can reach",
    "dead-end": "a stage that some contact can never leave",
    "spin-cycle": "stages that can be walked in a circle in no time",
    "shadowed-exit": "a way out that an earlier one always beats",
    "never-true": "a condition that no contact can meet",
    "always-true": "a condition that every contact meets",
    "bad-percentages": "the arms of a split do not sum to 100%",
    "moved-loop": "`moved` lines that lead nowhere",
    "segment-cycle": "segments that need each other",
    "missing-content": "a message without a content file",
    "bad-template": "a template that does not compile",
    "unknown-field": "a template that uses a field nobody has",
    "missing-address": "a channel whose address the contact lacks",
    "limit-starves": "more messages than the limit lets through",
    "overdue-run": "a campaign whose days lie in the past",
    "silent-conversion": "a conversion on an event that never happens",
    "dead-way-out": "a reaction to a message that was not sent before",
    "overlapping-tests": "two splits that spoil each other's measurement",
    "content-lint": "a message that mail programs would not show as it was written",
    "unused": "a declaration or file that nothing uses",
}

WARNINGS = frozenset({
    "always-true", "limit-starves", "overdue-run", "silent-conversion", "dead-way-out", "overlapping-tests", "unused",
    "content-lint",
})  # fmt: skip


def severity(code: str) -> Severity:
    """How grave findings of this code are; a code that is not in the catalogue is an error."""
    return "warning" if code in WARNINGS else "error"
