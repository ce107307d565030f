"""What a sound project becomes: the model of the example that the language page shows, and orders, scopes and units."""

import datetime as dt

import pytest
from tests.checking.sample import campaign, checked, vocabulary

from campflow.checking.vocabulary import ContentIndex
from campflow.compiler import check_sources
from campflow.diagnostics.source import Source
from campflow.model import flow
from campflow.model.expressions import (
    Aggregate,
    And,
    Arithmetic,
    Compare,
    Constant,
    ContactField,
    Did,
    EntryField,
    EventField,
    Expression,
    InOptions,
    InSegment,
    IsMissing,
    Last,
    ListHas,
    Not,
    Or,
    RfmScore,
    SinceEntry,
    TextMatch,
)
from campflow.model.people import Duration, Money, ValueType

EXAMPLE = """
event project_created

segment asleep = in segment vip and now - last(purchase) > 60 days

campaign trial_onboarding "Trial onboarding" {
  runs       2026-12-01 to 2027-02-28
  owner      "growth@acme.example"
  timezone   contact                                   # or "Europe/Paris"
  audience   plan == "trial" and country in ("FR", "CH", "BE")
  enter      on signup, once
  leave      on unsubscribed
  convert    on subscribed within 14 days worth amount -> customer
  convert    activation on project_created within 7 days
  goal       conversion >= 12% by 2027-01-31
  goal       cost per conversion <= 40 EUR
  budget     5_000 EUR
  holdout    5%
  limit      1 email per day, 3 messages per week
  quiet      21:00 to 08:00
  attribute  last touch within 30 days

  stage welcome {
    send email welcome
    on clicked welcome              -> engaged
    on opened welcome if score > 50 -> nudge
    after 3 days                    -> nudge
  }

  stage engaged {
    send email tips at 09:00
    after 7 days -> lost
  }

  stage nudge "A second chance" {
    split subject_line {
      45% curious {
        send email nudge {
          subject "Still there?"   # friendly
        }
      }
      45% direct {
        send email nudge {
          subject "Your trial ends soon"
        }
      }
      10% silent
      measure clicked nudge within 3 days
      decide at 95% after 7 days
    }
    on clicked nudge               -> engaged
    after 4 days if in segment vip -> paper
    after 4 days                   -> lost
  }

  stage paper {
    send sms nudge
    on returned nudge -> lost
    after 10 days     -> lost
  }

  final customer
  final lost {
    set score = 0
    sync lost_trials
  }
}
"""


def resolved(text: str, rfm_event: str | None = None) -> flow.Flow:
    result = checked(text, vocabulary(rfm_event=rfm_event))
    assert result.flow, [one.message for one in result.diagnostics if one.severity == "error"]
    return result.flow.flow


def condition(text: str, rfm_event: str | None = None) -> Expression:
    """The condition of a segment with that text."""
    return resolved(f"segment asked = {text}\n", rfm_event).segments[-1].condition


def way_out(text: str, enter: str = "enter on cart_updated") -> flow.WayOut:
    ends = "" if text.startswith(("after", "else")) else "after 3 days -> done"
    return resolved(campaign(actions=text, enter=enter, ends=ends)).campaigns[0].stages[0].ways_out[0]


@pytest.fixture(scope="module")
def onboarding() -> flow.Campaign:
    return resolved(EXAMPLE).campaigns[0]


def test_the_clauses_of_the_example(onboarding: flow.Campaign) -> None:
    assert onboarding.title == "Trial onboarding"
    assert onboarding.runs == flow.Runs(dt.date(2026, 12, 1), dt.date(2027, 2, 28))
    assert (onboarding.owner, onboarding.zone, onboarding.priority) == ("growth@acme.example", "contact", 0)
    assert (onboarding.holdout, onboarding.budget) == (5.0, Money(500_000, "EUR"))
    assert [(goal.metric, goal.value) for goal in onboarding.goals] == [
        ("conversion", 0.12),
        ("cost per conversion", Money(4_000, "EUR")),
    ]
    assert onboarding.limits[0].rules == (
        flow.LimitRule(1, "email", Duration(days=1)),
        flow.LimitRule(3, None, Duration(days=7)),
    )
    assert onboarding.quiet == flow.Quiet(dt.time(21), dt.time(8))


def test_who_enters_leaves_and_converts_in_the_example(onboarding: flow.Campaign) -> None:
    plan = ContactField("plan", ValueType("choice", ("trial", "pro", "enterprise")), optional=False)
    assert isinstance(onboarding.audience, And)
    assert onboarding.audience.operands[0] == Compare("==", plan, Constant("trial", ValueType("text")))
    assert isinstance(onboarding.audience.operands[1], InOptions)
    assert onboarding.entries[0].reentry == flow.Once()
    unnamed, activation = onboarding.conversions
    assert (unnamed.name, unnamed.target, unnamed.within) == ("conversion", "customer", Duration(days=14))
    assert unnamed.worth == EventField("subscribed", "amount", ValueType("money"), optional=False)
    assert (activation.name, activation.target) == ("activation", None)


def test_the_stages_of_the_example(onboarding: flow.Campaign) -> None:
    assert [(stage.name, stage.final) for stage in onboarding.stages] == [
        ("welcome", False),
        ("engaged", False),
        ("nudge", False),
        ("paper", False),
        ("customer", True),
        ("lost", True),
    ]
    tips = onboarding.stages[1].actions[0]
    assert isinstance(tips, flow.Send)
    assert tips.time == flow.SendTime(dt.time(9))
    split = onboarding.stages[2].splits[0]
    assert [(arm.name, arm.share, len(arm.actions)) for arm in split.arms] == [
        ("curious", 45.0, 1),
        ("direct", 45.0, 1),
        ("silent", 10.0, 0),
    ]
    assert split.decide == flow.Decide(95.0, Duration(days=7))


def test_two_sends_of_one_message_in_one_stage_are_told_apart(onboarding: flow.Campaign) -> None:
    sends = [action for arm in onboarding.stages[2].splits[0].arms for action in arm.actions]
    assert [(send.message, send.nth) for send in sends if isinstance(send, flow.Send)] == [("nudge", 0), ("nudge", 1)]


def test_items_are_numbered_in_the_order_of_the_file_arms_inside_their_split(onboarding: flow.Campaign) -> None:
    numbered: list[flow.Enter | flow.Leave | flow.Convert | flow.WayOut | flow.Split | flow.Action] = [
        *onboarding.entries,
        *onboarding.leaves,
        *onboarding.conversions,
    ]
    for stage in onboarding.stages:
        numbered += [*stage.actions, *stage.ways_out, *stage.splits]
        numbered += [item for split in stage.splits for arm in split.arms for item in (*arm.actions, *arm.ways_out)]
    by_order = sorted(numbered, key=lambda item: item.order)
    assert [item.order for item in by_order] == list(range(len(numbered)))
    assert by_order == sorted(numbered, key=lambda item: (item.span.line, item.span.column))


def test_statements_keep_their_text_on_one_line_without_comments(onboarding: flow.Campaign) -> None:
    assert onboarding.stages[0].ways_out[0].text == "on clicked welcome -> engaged"
    send = onboarding.stages[2].splits[0].arms[0].actions[0]
    assert send.text == 'send email nudge { subject "Still there?" }'


def test_clauses_that_are_not_written_have_their_defaults() -> None:
    plain = resolved(campaign()).campaigns[0]
    assert (plain.zone, plain.runs, plain.edits, plain.priority, plain.limits) == (None, None, "everyone", 0, ())


@pytest.mark.parametrize(
    ("written", "duration"),
    [
        ("2 weeks 1 day", Duration(days=15)),
        ("1 year 2 months", Duration(months=14)),
        ("2 hours 30 minutes", Duration(milliseconds=9_000_000)),
        ("1 day 45 seconds", Duration(days=1, milliseconds=45_000)),
    ],
)
def test_durations_are_months_days_and_milliseconds(written: str, duration: Duration) -> None:
    assert way_out(f"after {written} -> done").trigger == flow.After(duration)


@pytest.mark.parametrize(
    ("written", "minor"), [("40 EUR", 4_000), ("40.5 EUR", 4_050), ("1_000.25 EUR", 100_025), ("0 EUR", 0)]
)
def test_money_is_in_minor_units(written: str, minor: int) -> None:
    found = condition(f"spent > {written}")
    assert isinstance(found, Compare)
    assert found.right == Constant(Money(minor, "EUR"), ValueType("money"))


def test_currencies_have_their_own_number_of_decimals() -> None:
    for written, minor in (("500 JPY", 500), ("1.5 KWD", 1_500), ("2 CHF", 200)):
        currency = written.split()[1]
        text = f"contact {{\n email email\n spent money\n}}\nsegment rich = spent > {written}\n"
        result = check_sources([Source("a.flow", text)], vocabulary(ContentIndex()))
        assert result.flow
        rich = result.flow.flow.segments[0].condition
        assert isinstance(rich, Compare)
        assert rich.right == Constant(Money(minor, currency), ValueType("money"))
        assert result.flow.flow.currency == currency


def test_in_a_where_the_fields_of_the_event_come_first() -> None:
    text = "event rated {\n  score  integer\n}\nsegment asked = did rated where score > 3 and contact.score > visits\n"
    did = resolved(text).segments[-1].condition
    assert isinstance(did, Did)
    assert isinstance(did.pattern.where, And)
    own, contacts = did.pattern.where.operands
    assert isinstance(own, Compare)
    assert isinstance(contacts, Compare)
    assert own.left == EventField("rated", "score", ValueType("integer"), optional=False)
    assert contacts.left == ContactField("score", ValueType("number"), optional=False)
    assert contacts.right == ContactField("visits", ValueType("integer"), optional=False)


def test_entry_is_the_entering_event_in_stages() -> None:
    guard = way_out("on opened if entry.total > 50 EUR -> done").guard
    assert isinstance(guard, Compare)
    assert guard.left == EntryField(("cart_updated",), "total", ValueType("money"))


def test_entry_knows_which_of_several_entering_events_have_the_field() -> None:
    guard = way_out(
        "on opened if entry.amount > 5 EUR -> done",
        enter="enter on purchase\n  enter on subscribed\n  enter on cart_updated per cart_id",
    ).guard
    assert isinstance(guard, Compare)
    assert guard.left == EntryField(("purchase", "subscribed"), "amount", ValueType("money"))


def test_figures_over_events() -> None:
    found = condition("sum(purchase.amount where pieces > 2, last 30 days) > 50 EUR")
    assert isinstance(found, Compare)
    total = found.left
    assert isinstance(total, Aggregate)
    assert (total.function, total.window, total.type) == ("sum", Last(Duration(days=30)), ValueType("money"))
    assert total.field == EventField("purchase", "amount", ValueType("money"), optional=False)
    assert isinstance(total.pattern.where, Compare)


@pytest.mark.parametrize(
    ("figure", "kind"),
    [
        ("count(purchase) > 3", "integer"),
        ("avg(purchase.pieces) > 1.5", "number"),
        ("avg(purchase.amount) > 5 EUR", "money"),
        ("max(purchase.pieces) > 3", "integer"),
        ("first(purchase) > 2026-01-01", "time"),
    ],
)
def test_figures_have_the_type_of_what_they_measure(figure: str, kind: str) -> None:
    found = condition(figure)
    assert isinstance(found, Compare)
    assert found.left.type.kind == kind


def test_did_counts_in_a_window() -> None:
    did = condition("did purchase where amount > 50 EUR at least 2 times in last 90 days")
    assert isinstance(did, Did)
    assert (did.times, did.window) == (2, Last(Duration(days=90)))
    assert isinstance(condition("not did opened welcome"), Not)


def test_since_entry_is_a_window_inside_a_campaign() -> None:
    guard = way_out("after 1 day if count(purchase, since entry) == 0 -> done").guard
    assert isinstance(guard, Compare)
    assert isinstance(guard.left, Aggregate)
    assert guard.left.window == SinceEntry()


def test_the_time_between_two_moments_is_a_duration() -> None:
    found = condition("now - last(purchase) > 60 days")
    assert isinstance(found, Compare)
    assert isinstance(found.left, Arithmetic)
    assert found.left.type == ValueType("duration")
    assert found.right == Constant(Duration(days=60), ValueType("duration"))


def test_a_length_of_time_may_stand_on_either_side_of_a_plus() -> None:
    assert condition("3 days + seen > now") == condition("seen + 3 days > now")


def test_small_forms() -> None:
    assert isinstance(condition("phone is missing"), IsMissing)
    assert isinstance(condition("phone is set"), Not)
    assert isinstance(condition('"vip" in tags'), ListHas)
    assert isinstance(condition('"vip" not in tags'), Not)
    assert isinstance(condition('country not in ("FR", "CH")'), Not)
    assert isinstance(condition('first_name starts with "A"'), TextMatch)
    assert isinstance(condition("score between 10 and 20"), And)
    assert isinstance(condition("member == yes or score > -3.5"), Or)
    ranked = condition("rfm.recency == 5", rfm_event="purchase")
    assert isinstance(ranked, Compare)
    assert isinstance(ranked.left, RfmScore)


def test_a_row_of_and_is_one_level() -> None:
    found = condition(" and ".join(f"score != {n}" for n in range(60)))
    assert isinstance(found, And)
    assert len(found.operands) == 60


def test_a_segment_brings_its_condition() -> None:
    inner = condition("in segment vip")
    assert isinstance(inner, InSegment)
    assert isinstance(inner.condition, Compare)


def test_segments_may_be_written_in_any_order() -> None:
    found = resolved("segment a = in segment b\nsegment b = in segment c\nsegment c = score > 1\n")
    assert [segment.name for segment in found.segments] == ["vip", "a", "b", "c"]


def test_an_emitted_event_gets_the_defaults_that_are_not_written() -> None:
    text = "event rated {\n  stars  integer = 5\n  note   text?\n  who    text\n}\n"
    actions = resolved(text + campaign(actions="emit rated { who first_name }")).campaigns[0].stages[0].actions
    assert isinstance(actions[0], flow.Emit)
    assert [field.name for field in actions[0].fields] == ["who", "stars"]


def test_options_of_a_send() -> None:
    send = (
        resolved(campaign(actions='send email tips { subject "Hi", expires 2 days, transactional yes } in 3 hours'))
        .campaigns[0]
        .stages[0]
        .actions[0]
    )
    assert isinstance(send, flow.Send)
    assert send.expires == Duration(days=2)
    assert [option.name for option in send.options] == ["subject", "transactional"]
    assert send.time == flow.SendTime(delay=Duration(milliseconds=3 * 3_600_000))


def test_ways_to_enter() -> None:
    enter = """enter every day at 09:00
  enter every monday at 09:00, every time
  enter every month on 31 at 09:00, again after 2 months
  enter at 2026-12-01 09:00
  enter when score > 10
  enter on cart_updated per cart_id where total > 5 EUR if member == yes"""
    entries = resolved(campaign(enter=enter)).campaigns[0].entries
    assert [entry.trigger for entry in entries[:4]] == [
        flow.Every(dt.time(9), None, None),
        flow.Every(dt.time(9), 0, None),
        flow.Every(dt.time(9), None, 31),
        flow.OnDate(dt.datetime.fromisoformat("2026-12-01T09:00")),
    ]
    assert [entry.reentry for entry in entries[:3]] == [flow.Once(), flow.EveryTime(), flow.Again(Duration(months=2))]
    assert isinstance(entries[4].trigger, flow.When)
    assert (entries[5].per, entries[5].guard is None) == ("cart_id", False)


def test_ways_out_by_time() -> None:
    assert way_out("at 09:00 on friday -> done").trigger == flow.AtTime(dt.time(9), 4)
    assert way_out("on 2026-12-24 -> done").trigger == flow.OnDate(dt.datetime.fromisoformat("2026-12-24T00:00"))
    assert way_out("else -> done").trigger == flow.Else()
