"""In `test` blocks too, who unsubscribes, bounces or complains gets nothing more."""

import pytest
from tests.engine.test_rehearsal import ADA, ONBOARDING, found

STAYING = ONBOARDING.replace("  leave      on unsubscribed\n", "")
FIRST = f"{ADA}  at 2026-12-03 10:00\n  ada signup\n  expect ada sent email welcome at 2026-12-03 10:00\n"
LATER = "  after 4 days\n  expect ada in nudge\n"


@pytest.mark.parametrize("event", ["unsubscribed", "bounced", "complained"])
def test_nothing_more_is_sent(event: str) -> None:
    assert found(f"{FIRST}  ada {event} welcome\n{LATER}  expect ada not sent email nudge", STAYING) == []
    assert found(f"{FIRST}{LATER}  expect ada sent email nudge", STAYING) == []


def test_another_address_is_written_to() -> None:
    """The old one bounced, not the person."""
    moved = '  contact ada { email "new@acme.example" }\n'
    assert found(f"{FIRST}  ada bounced welcome\n{moved}{LATER}  expect ada sent email nudge", STAYING) == []


def test_consent_does_not_come_with_another_address() -> None:
    moved = '  contact ada { email "new@acme.example" }\n'
    steps = f"{FIRST}  ada unsubscribed welcome\n{moved}{LATER}  expect ada not sent email nudge"
    assert found(steps, STAYING) == []


def test_a_test_says_why_a_message_was_not_sent() -> None:
    (said,) = found(f"{FIRST}  ada bounced welcome\n{LATER}  expect ada sent email nudge", STAYING)
    assert "suppressed: bounced" in said
