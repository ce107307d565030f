"""What two versions differ in by meaning, and who is newly let in or shut out."""

from collections.abc import Sequence

import pytest
from tests.checking.sample import PEOPLE, campaign, vocabulary

from campflow.checking.differences import Difference, Side, Version, described, differences, report
from campflow.checking.texts import Texts
from campflow.compiler import check_sources
from campflow.diagnostics.source import Source

FLOW = """
segment loyal = count(purchase) >= 3

campaign c "Trial" {
  runs      from 2026-01-01
  audience  plan == "trial" and country in ("FR", "CH")
  enter     on signup, once
  leave     on unsubscribed
  convert   on subscribed within 14 days worth amount -> customer

  stage welcome {
    send email welcome
    set score = 1
    on clicked welcome                -> nudge
    after 3 days if in segment loyal  -> customer
    after 3 days                      -> nudge
  }

  stage nudge {
    send email nudge at 09:00
    split words {
      50% short { send sms nudge }
      50% long { send email tips }
      measure clicked within 3 days
    }
    after 7 days -> lost
  }

  final customer
  final lost { sync lost_trials }
}
"""


def version(text: str, path: str | None = None, people: str = PEOPLE.text) -> Version:
    sources = [Source("people.flow", people), Source("a.flow", text)]
    found = check_sources(sources, vocabulary())
    assert found.flow is not None, found.diagnostics
    return Version(found.flow.flow, found.files, Texts({source.path: source for source in sources}), path)


def changed(*changes: tuple[str, str], of: str = FLOW) -> tuple[Difference, ...]:
    """The differences that come of replacing texts."""
    text = of
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return differences(version(of), version(text))


def only(found: Sequence[Difference]) -> Difference:
    assert len(found) == 1, lines(found)
    return found[0]


def lines(found: Sequence[Difference]) -> list[str]:
    return list(report(found, "EUR", "EUR"))


def people(found: Difference) -> tuple[str, str]:
    assert found.reach is not None
    return said(found.reach.let_in), said(found.reach.shut_out)


def said(side: Side) -> str:
    return described(side.person, "EUR") if side.person else side.answer


def audience(old: str, new: str) -> tuple[Difference, ...]:
    """The differences of two campaigns that differ in their audience."""
    texts = [campaign().replace("score >= 0", condition) for condition in (old, new)]
    return differences(version(texts[0]), version(texts[1]))


# --- what is no difference --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  send email welcome\n", "  # hello\n\n      send   email welcome  # and welcome\n"),
        ('country in ("FR", "CH")', 'country in ("CH", "FR")'),
        ('plan == "trial" and country in ("FR", "CH")', '(country == "CH" or country == "FR") and not plan != "trial"'),
        ("count(purchase) >= 3", "not count(purchase) < 3"),
        ("count(purchase) >= 3", "did purchase at least 3 times"),
        ("after 7 days", "after 1 week"),
        ("enter     on signup, once", "enter on signup"),
        ("  runs ", "  priority 0\n  edits reach everyone\n  runs "),
    ],
)
def test_another_way_to_write_the_same_is_no_difference(old: str, new: str) -> None:
    assert changed((old, new)) == ()


def test_tests_and_the_order_of_declarations_are_no_difference() -> None:
    parts = campaign().replace("campaign c", "campaign d"), campaign()
    old, new = "".join(parts), "".join(reversed(parts)) + 'test "t" of c {\n  contact a { plan "pro" }\n}\n'
    assert differences(version(old), version(new)) == ()


# --- who is let in, and who is shut out -------------------------------------------------------------------------


def test_an_audience_that_grows_lets_somebody_in_and_shuts_nobody_out() -> None:
    found = only(changed(('"FR", "CH"', '"FR", "CH", "BE"')))
    assert (found.place, found.what, found.change) == (("campaign c",), "audience", "changed")
    assert found.old == 'audience plan == "trial" and country in ("FR", "CH")'
    assert people(found) == ('a contact with plan "trial", country "BE"', "nobody")


@pytest.mark.parametrize(
    ("old", "new", "let_in", "shut_out"),
    [
        ("score > 10", "score >= 10", "a contact with score 10", "nobody"),
        ("country is set", 'country != "FR"', "nobody", 'a contact with country "FR"'),
        ('country != "FR"', 'not country == "FR"', "a contact with no country", "nobody"),
        ('country == "FR"', 'country == "CH"', 'a contact with country "CH"', 'a contact with country "FR"'),
        ('"vip" in tags', 'not "vip" in tags', "a contact with tags empty", 'a contact with tags holding "vip"'),
        ("spent > 50 EUR", "spent > 20 EUR", "a contact with spent 21 EUR", "nobody"),
        ("did purchase", "did purchase at least 2 times", "nobody", "a contact with count(purchase) 1"),
        ("now - last(purchase) > 60 days", "now - last(purchase) > 30 days", "unknown", "nobody"),
        ("birthday > 2000-01-01", "birthday > seen", "unknown", "a contact with birthday 2000-01-02, no seen"),
    ],
)
def test_examples_have_values_and_are_told_only_where_they_are_known(
    old: str, new: str, let_in: str, shut_out: str
) -> None:
    found = only(audience(old, new))
    assert people(found) == (let_in, shut_out)


def test_an_example_has_a_history_that_there_can_be() -> None:
    """A purchase in the last thirty days is a purchase: nobody is let in by asking for one, though no proof says so."""
    found = only(audience("did purchase", "did purchase in last 30 days"))
    assert people(found) == ("unknown", "a contact with count(purchase) 1, count(purchase, last 30 days) 0")


def test_clicks_on_one_message_say_nothing_of_another() -> None:
    found = only(audience("did clicked welcome", "did clicked welcome and not did clicked nudge"))
    assert found.reach is not None
    assert people(found) == ("nobody", "a contact with count(clicked welcome) 1, count(clicked nudge) 1")


def test_a_changed_segment_is_told_where_it_is_used() -> None:
    found = changed(("count(purchase) >= 3", "count(purchase) >= 5"))
    assert [(each.place[-1], each.what, people(each)) for each in found] == [
        ("segment loyal", "condition", ("nobody", "a contact with count(purchase) 3")),
        ("stage welcome", "way out", ("nobody", "a contact with count(purchase) 3")),
    ]
    assert found[1].notes == ("written as before, but segment `loyal` has changed",)


def test_a_choice_that_is_new_is_no_change_of_conditions_over_the_old_ones() -> None:
    more = PEOPLE.text.replace("pro, enterprise", "pro, enterprise, school")
    found = differences(version(FLOW), version(FLOW, people=more))
    assert lines(found) == [
        "contact",
        "  field changed",
        "    - plan one of trial, pro, enterprise",
        "    + plan one of trial, pro, enterprise, school",
    ]


def test_an_example_is_a_contact_of_the_version_that_lets_it_in() -> None:
    more = PEOPLE.text.replace("pro, enterprise", "pro, enterprise, school")
    new = version(FLOW.replace('plan == "trial"', 'plan in ("trial", "school")'), people=more)
    found = differences(version(FLOW), new)[-1]
    assert people(found) == ('a contact with plan "school", country "CH"', "nobody")


def test_a_field_of_another_kind_leaves_it_open() -> None:
    other = PEOPLE.text.replace("score       number = 0", 'score       text = "0"')
    old, new = campaign(), campaign().replace("score >= 0", 'score == "high"')
    found = differences(version(old), version(new, people=other))
    assert people(found[-1]) == ("unknown", "unknown")


# --- clauses and stages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("  runs      from 2026-01-01\n", "", ["campaign c", "  runs removed", "    - runs from 2026-01-01"]),
        ("  leave ", "  holdout 5%\n  leave ", ["campaign c", "  holdout added", "    + holdout 5%"]),
        ('c "Trial"', 'c "Try"', ["campaign c", '  title changed: "Trial" → "Try"']),
        ("  leave     on unsubscribed\n", "", ["campaign c", "  leave removed", "    - leave on unsubscribed"]),
        ("signup, once", "signup, every time", ["campaign c", "  way in changed: other rules for entering again"]),
        ("14 days", "7 days", ["campaign c", "  conversion changed: counts for a shorter time: 14 days → 7 days"]),
    ],
)
def test_clauses(old: str, new: str, expected: list[str]) -> None:
    assert lines(changed((old, new)))[: len(expected)] == expected


def test_a_longer_wait_is_told_with_both_lengths() -> None:
    assert lines(changed(("after 7 days", "after 10 days"))) == [
        "campaign c",
        "  stage nudge",
        "    way out changed: waits longer: 7 days → 10 days",
        "      - after 7 days -> lost",
        "      + after 10 days -> lost",
    ]


def test_a_wait_of_a_month_is_neither_longer_nor_shorter_than_one_of_thirty_days() -> None:
    old = FLOW.replace("after 7 days", "after 30 days")
    assert only(changed(("after 30 days", "after 1 month"), of=old)).notes == ("waits differently: 30 days → 1 month",)


def test_another_target_and_another_guard_of_a_way_out() -> None:
    found = only(changed(("on clicked welcome                -> nudge", "on clicked welcome if score > 5 -> lost")))
    assert found.notes == ("leads to `lost` instead of `nudge`",)
    assert people(found) == ("nobody", "a contact with score 5")


def test_of_several_waits_only_the_changed_one_is_told() -> None:
    found = only(changed(("if in segment loyal", "if in segment loyal and score > 5")))
    assert found.new == "after 3 days if in segment loyal and score > 5 -> customer"


def test_ways_out_in_another_order() -> None:
    asks, waits = "    when score > 5 -> customer\n", "    after 7 days -> lost\n"
    old = FLOW.replace(waits, asks + waits)
    found = only(changed((asks + waits, waits + asks), of=old))
    assert (found.what, found.change) == ("ways out", "reordered")
    assert found.notes == ("`after 7 days -> lost` now comes before `when score > 5 -> customer`",)


def test_actions_that_came_went_and_changed() -> None:
    found = changed(("set score = 1", 'notify sales "new"'), ("send email nudge at 09:00", "send email nudge at 10:00"))
    assert [(each.change, each.old, each.new) for each in found] == [
        ("added", None, 'notify sales "new"'),
        ("removed", "set score = 1", None),
        ("changed", "send email nudge at 09:00", "send email nudge at 10:00"),
    ]


def test_a_renamed_stage_is_one_line_and_its_arrows_are_none() -> None:
    found = changed(("nudge {", "reminder {"), ("-> nudge", "-> reminder"))
    assert lines(found) == ["campaign c", "  stage renamed: nudge → reminder; probably: the content is the same"]


def test_a_stage_renamed_by_a_moved_line_is_compared_although_its_content_has_changed() -> None:
    moved = ("  stage welcome", "  moved nudge -> reminder\n  stage welcome")
    found = changed(("nudge {", "reminder {"), ("-> nudge", "-> reminder"), ("after 7 days", "after 9 days"), moved)
    assert [(each.what, each.change, each.notes) for each in found] == [
        ("moved", "added", ()),
        ("stage", "renamed", ()),
        ("way out", "changed", ("waits longer: 7 days → 9 days",)),
    ]


def test_stages_of_the_same_content_are_not_taken_for_each_other() -> None:
    two = FLOW.replace("final lost { sync lost_trials }", "final lost")
    found = changed(("customer", "buyer"), ("lost", "gone"), of=two)
    assert {(each.change, each.old or each.new) for each in found if each.what == "stage"} == {
        ("added", "buyer"),
        ("added", "gone"),
        ("removed", "customer"),
        ("removed", "lost"),
    }


def test_shares_arms_and_measures_of_a_split() -> None:
    found = changed(
        ("50% short", "30% short"),
        ("50% long { send email tips }", "70% long { send email tips at 09:00 }"),
        ("within 3 days\n    }", "within 5 days\n    }"),
    )
    assert lines(found)[2:] == [
        "    split words",
        "      arm changed",
        "        - 50% short",
        "        + 30% short",
        "      arm changed",
        "        - 50% long",
        "        + 70% long",
        "      arm long",
        "        action changed",
        "          - send email tips",
        "          + send email tips at 09:00",
        "      measure changed",
        "        - measure clicked within 3 days",
        "        + measure clicked within 5 days",
    ]


# --- declarations, and one file of many -------------------------------------------------------------------------


def test_segments_events_fields_and_campaigns_that_came_and_went() -> None:
    more = PEOPLE.text.replace("  visits      integer = 0\n", "").replace("  total    money\n", "  total    money?\n")
    text = campaign("", enter="enter on renewal").replace("campaign c", "campaign d") + "event renewal\n"
    found = differences(version(campaign()), version(text + "segment late = score > 5\n", people=more))
    assert [(each.place, each.what, each.change, each.old, each.new) for each in found] == [
        (("contact",), "field", "removed", "visits integer = 0", None),
        ((), "event", "added", None, "renewal"),
        (("event cart_updated",), "field", "changed", "total money", "total money?"),
        ((), "segment", "added", None, "late"),
        ((), "campaign", "added", None, "d"),
        ((), "campaign", "removed", "c", None),
    ]


def test_a_renamed_campaign_is_one_line() -> None:
    found = changed(("campaign c", "campaign d"))
    assert lines(found) == ["campaign renamed: c → d; probably: the content is the same"]


def test_of_one_file_only_what_it_declares_is_compared() -> None:
    more = PEOPLE.text.replace("1_000 EUR", "500 EUR")
    new = FLOW.replace("after 7 days", "after 9 days")
    assert [each.place[0] for each in differences(version(FLOW), version(new, "a.flow", more))] == ["campaign c"]
    assert [each.place[0] for each in differences(version(FLOW), version(new, "people.flow", more))] == ["segment vip"]


def test_two_files_stand_against_each_other_whatever_their_campaigns_are_called() -> None:
    other = campaign().replace("campaign c", "campaign d").replace("3 days", "5 days")
    sources = [PEOPLE, Source("a.flow", campaign()), Source("b.flow", other)]
    found = check_sources(sources, vocabulary())
    assert found.flow is not None
    texts = Texts({source.path: source for source in sources})
    old, new = (Version(found.flow.flow, found.files, texts, path) for path in ("a.flow", "b.flow"))
    assert lines(differences(old, new))[0].startswith("campaign renamed: c → d")
    assert differences(old, new)[1].notes == ("waits longer: 3 days → 5 days",)
