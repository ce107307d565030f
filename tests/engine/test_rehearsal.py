"""`test` blocks on the real engine: what they can say, what time does in them, and what a failure tells."""

from campflow.checking.vocabulary import ChannelWords, ContentFile, ContentIndex, Vocabulary
from campflow.compiler import check_sources, compile_flow
from campflow.diagnostics.render import render_text
from campflow.diagnostics.source import Source
from campflow.engine.coverage import not_walked
from campflow.engine.rehearsal import Outcome, Rehearsal
from campflow.model.people import Duration
from campflow.planning.plan import Rfm
from campflow.storage.database import Database
from campflow.storage.schema import install
from campflow.storage.tables import tables

PEOPLE = """
contact {
  email       email
  phone       phone?
  country     country?
  timezone    timezone?
  plan        one of trial, pro, enterprise
  score       number = 0
  tags        list of text
}
event signup
event subscribed {
  amount  money
}
event purchase {
  amount  money
  sku     text
}
event renewed
"""

ONBOARDING = """
campaign trial_onboarding "Trial onboarding" {
  runs       2026-12-01 to 2027-02-28
  timezone   contact
  audience   plan == "trial" and country in ("FR", "CH", "BE")
  enter      on signup, once
  leave      on unsubscribed
  convert    on subscribed within 14 days worth amount -> customer
  convert    activation on purchase within 7 days

  stage welcome {
    send email welcome
    on clicked welcome -> engaged
    after 3 days       -> nudge
  }
  stage engaged {
    send email tips at 09:00
    after 7 days -> lost
  }
  stage nudge "A second chance" {
    send email nudge { subject "Still there?" }
    on clicked nudge -> engaged
    after 4 days     -> lost
  }
  final customer
  final lost {
    set score = 0
  }
}
"""

ADA = 'contact ada { email "ada@acme.example", plan "trial", country "FR" }\n'
ADDRESSES = {"email": "email", "sms": "phone"}


def rehearsal(text: str, zone: str = "Europe/Paris", rfm: Rfm | None = None) -> Rehearsal:
    messages = [(name, channel) for name in ("welcome", "tips", "nudge", "offer") for channel in ADDRESSES]
    content = [ContentFile(f"content/{name}.{channel}.txt", name, channel) for name, channel in messages]
    words = Vocabulary(
        channels={name: ChannelWords(name, field, frozenset({"subject"})) for name, field in ADDRESSES.items()},
        content=ContentIndex(tuple(content)),
        rfm_event=rfm.event if rfm else None,
        timezone=zone,
    )
    source = Source("a.flow", text)
    checked = check_sources([source], words)
    assert checked.flow is not None, render_text(checked.diagnostics, {"a.flow": source})
    flow = checked.flow
    database = Database("sqlite://", tables(flow.flow.contact, flow.flow.events))
    install(database, zone)
    return Rehearsal(
        database=database,
        flow=flow.flow,
        program=lambda names: compile_flow(
            flow, zone=zone, expires=Duration(days=1), tables=database.tables, dialect=database.engine.dialect, rfm=rfm,
            only=names,
        ),
        sources={"a.flow": text},
        zone=zone,
        addresses=ADDRESSES,
    )  # fmt: skip


def outcomes(text: str, **more: object) -> list[Outcome]:
    made = rehearsal(text, **more)  # type: ignore[arg-type]  # whatever rehearsal takes
    return [made.run(test) for test in made.flow.tests]


def found(steps: str, campaign: str = ONBOARDING, of: str = "trial_onboarding", **more: object) -> list[str]:
    """What was found in place of what one test with these steps expects."""
    (outcome,) = outcomes(f'{PEOPLE}{campaign}test "t" of {of} {{\n{steps}\n}}\n', **more)
    return [failure.found for failure in outcome.failures]


def simple(stage: str, clauses: str = "enter on signup", more: str = "final done", name: str = "c") -> str:
    """A campaign of one stage, and what comes after it."""
    return f"campaign {name} {{\naudience score > -9\n{clauses}\nstage start {{\n{stage}\n}}\n{more}\n}}\n"


# --- the page of the language -----------------------------------------------------------------------------------


def test_the_example_of_the_language_page_passes() -> None:
    steps = """
      contact ada {
        email "ada@acme.example"
        plan "trial"
        country "FR"
      }
      at 2026-12-03 10:00
      ada signup
      expect ada sent email welcome at 2026-12-03 10:00
      after 1 day
      ada clicked welcome
      expect ada in engaged
      after 30 days
      expect ada in lost
      expect ada not sent email nudge
    """
    assert found(steps) == []


def test_each_expectation_says_what_is_so_instead() -> None:
    steps = (
        ADA
        + """
      expect ada in welcome
      at 2026-12-03 10:00
      ada signup
      expect ada in engaged
      expect ada left
      expect ada converted
      expect ada not sent email welcome
      expect ada sent email welcome at 2026-12-03 11:00
      expect ada sent email nudge
      ada purchase { amount 5 EUR, sku "x" }
      expect ada converted
      expect ada not converted activation
      ada clicked welcome
      expect ada sent email tips
      after 1 hour
      ada unsubscribed
      expect ada not left
      expect ada in engaged
      expect ada sent email tips
    """
    )
    assert found(steps) == [
        "ada has not entered `trial_onboarding`",
        "ada is in `welcome` since 2026-12-03 10:00",
        "ada is in `welcome` since 2026-12-03 10:00",
        "ada has not converted",
        "email `welcome` was sent to ada at 2026-12-03 10:00",
        "email `welcome` was sent to ada at 2026-12-03 10:00",
        "email `nudge` was not sent to ada",
        "ada has not converted, but `activation` at 2026-12-03 10:00",
        "ada converted `activation` at 2026-12-03 10:00",
        "email `tips` was not sent to ada yet: it is planned for 2026-12-04 09:00",
        "ada left from `engaged` at 2026-12-03 11:00",
        "ada left from `engaged` at 2026-12-03 11:00",
        "email `tips` was not sent to ada: it was planned for 2026-12-04 09:00, and is cancelled",
    ]


def test_a_failure_knows_its_line_and_the_story_up_to_there() -> None:
    steps = ADA + "at 2026-12-03 10:00\nada signup\nafter 4 days\nexpect ada in engaged\nafter 9 days"
    (outcome,) = outcomes(f'{PEOPLE}{ONBOARDING}test "t" of trial_onboarding {{\n{steps}\n}}\n')
    (failure,) = outcome.failures
    assert not outcome.ok
    assert failure.step.text == "expect ada in engaged"
    assert f"{PEOPLE}{ONBOARDING}".count("\n") + 6 == failure.step.span.line
    (journey,) = failure.journeys
    assert [(move.came_from, move.went_to, move.because.text) for move in journey.moves] == [
        (None, "welcome", "enter on signup, once"),
        ("welcome", "nudge", "after 3 days -> nudge"),
    ]
    assert [(message.name, message.state) for message in journey.messages] == [
        ("welcome", "accepted"),
        ("nudge", "accepted"),
    ]


# --- time -------------------------------------------------------------------------------------------------------


def test_times_are_those_of_the_campaigns_zone() -> None:
    text = simple("send email tips at 09:00\nafter 9 days -> done", 'timezone "America/New_York"\nenter on signup')
    steps = "contact ada\nat 2026-06-01 08:00\nada signup\nafter 1 hour\nexpect ada sent email tips at 2026-06-01 09:00"
    assert found(steps, text, "c") == []


def test_where_each_contact_has_a_zone_of_its_own_the_times_are_the_projects() -> None:
    steps = """
      contact ada { email "ada@acme.example", plan "trial", country "FR", timezone "Asia/Tokyo" }
      at 2026-12-03 10:00
      ada signup
      ada clicked welcome
      after 1 day
      expect ada sent email tips at 2026-12-04 01:00
    """
    assert found(steps) == []


def test_a_test_without_a_time_begins_with_the_campaign() -> None:
    assert found(ADA + "ada signup\nexpect ada sent email welcome at 2026-12-01 00:00") == []
    entered = "contact ada\nada signup\nexpect ada in done"
    assert found(entered, simple("after 1 day -> done"), "c") == ["ada is in `start` since 2026-01-01 00:00"]


def test_the_clock_cannot_be_turned_back_and_the_test_ends_there() -> None:
    steps = ADA + "at 2026-12-03 10:00\nafter 1 day\nat 2026-12-04 09:59\nexpect ada in welcome"
    assert found(steps) == ["the clock stands at 2026-12-04 10:00 already, and cannot be turned back"]


def test_messages_go_out_on_the_way_so_that_reactions_to_them_can_come() -> None:
    """In one leap of thirty days: each message when it is due, none too late to be sent."""
    stage = "send email tips in 5 days\nsend email offer in 10 days\non sent offer -> after\nafter 30 days -> done"
    text = simple(stage, more="final done\nstage after {\nsend email nudge in 1 day\nafter 2 days -> done\n}")
    steps = """contact ada\nat 2026-01-01\nada signup\nafter 60 days
      expect ada sent email tips at 2026-01-06 00:00
      expect ada sent email offer at 2026-01-11 00:00
      expect ada sent email nudge at 2026-01-12 00:00
      expect ada in done"""
    assert found(steps, text, "c") == []


def test_schedules_and_conditions_let_people_in_on_the_way() -> None:
    daily = simple("send email tips in 1 hour\nafter 1 day -> done", "enter every monday at 09:00, every time")
    steps = """contact ada\nat 2026-01-01\nafter 2 weeks
      expect ada sent email tips at 2026-01-05 10:00
      expect ada sent email tips at 2026-01-12 10:00
      expect ada not sent email tips at 2026-01-06 10:00"""
    assert found(steps, daily, "c") == []
    quiet = simple("send email tips\nafter 1 day -> done", "enter when now - last(purchase) > 60 days")
    steps = 'contact ada\nat 2026-01-01\nada purchase { amount 1 EUR, sku "x" }\nafter 90 days\n'
    assert found(steps + "expect ada sent email tips at 2026-03-02 00:00", quiet, "c") == []


def test_scores_are_made_anew_at_each_midnight_on_the_way() -> None:
    text = simple("send email tips\nafter 1 day -> done", "enter on signup if rfm.recency >= 1")
    steps = 'contact ada\nat 2026-01-01 12:00\nada purchase { amount 1 EUR, sku "x" }\nada signup\n'
    rfm = Rfm("purchase", "amount")
    assert found(steps + "expect ada in start", text, "c", rfm=rfm) == ["ada has not entered `c`"]
    assert found(f"{steps}after 1 day\nada signup\nexpect ada in start", text, "c", rfm=rfm) == []


# --- people and what they do ------------------------------------------------------------------------------------


def test_fields_that_change_move_people_from_then_on() -> None:
    text = simple('when score > 10 and "vip" in tags -> done\nafter 90 days -> done')
    steps = """contact ada { score 5 }\nat 2026-01-01\nada signup\nafter 1 day
      contact ada { score 20 }\nexpect ada in start\nafter 1 day
      contact ada { tags "vip" }\nexpect ada in start"""
    assert found(steps, text, "c") == ["ada is in final `done` since 2026-01-03 00:00"]


def test_what_happens_at_one_moment_happens_in_the_order_written() -> None:
    """A daemon that is never late has seen the purchase before the field changes."""
    text = simple("on purchase if score < 10 -> done\nafter 90 days -> done")
    buys = 'ada purchase { amount 1 EUR, sku "x" }\n'
    begin = "contact ada { score 5 }\nada signup\n"
    assert found(f"{begin}{buys}contact ada {{ score 20 }}\nexpect ada in done", text, "c") == []
    later = found(f"{begin}contact ada {{ score 20 }}\n{buys}expect ada in done", text, "c")
    assert later == ["ada is in `start` since 2026-01-01 00:00"]


def test_fields_that_are_left_out_have_their_default_or_are_missing() -> None:
    text = simple("when score == 0 and country is missing -> done\nafter 90 days -> done")
    assert found("contact ada\nada signup\nexpect ada in done", text, "c") == []


def test_money_lists_days_and_negative_numbers_are_stored_as_the_engine_reads_them() -> None:
    text = simple(
        'on purchase where amount == 60.50 EUR if score == -5 and "vip" in tags -> done\nafter 90 days -> done'
    )
    steps = 'contact ada { score -5, tags "vip" }\nada signup\nada purchase { amount 60.50 EUR, sku "x" }\n'
    assert found(steps + "expect ada in done", text, "c") == []


def test_each_contact_is_judged_alone() -> None:
    steps = ADA + 'contact bob { email "bob@acme.example", plan "pro", country "FR" }\nat 2026-12-03 10:00\n'
    steps += "ada signup\nbob signup\nexpect ada in welcome\nexpect bob in welcome\nexpect bob not left"
    assert found(steps) == ["bob has not entered `trial_onboarding`"]


def test_two_contacts_cannot_share_an_address() -> None:
    steps = ADA + 'contact bob { email "ada@acme.example" }\nexpect ada in welcome'
    assert found(steps) == ["another contact has this e-mail address, and two cannot share one"]


def test_with_a_key_every_journey_counts_and_a_new_one_replaces_the_last() -> None:
    text = simple("on renewed -> done\nafter 9 days -> done", "enter on purchase per sku, every time")
    steps = """contact ada\nat 2026-01-01\nada purchase { sku "a", amount 1 EUR }\nada renewed\nexpect ada in done
      after 1 day\nada purchase { sku "b", amount 1 EUR }\nexpect ada in done\nexpect ada in start
      ada purchase { sku "a", amount 1 EUR }\nexpect ada in done"""
    assert found(steps, text, "c") == [
        "ada is in `start` with `a` since 2026-01-02 00:00, and is in `start` with `b` since 2026-01-02 00:00"
    ]


# --- messages ---------------------------------------------------------------------------------------------------


def test_a_reaction_needs_the_message() -> None:
    steps = ADA + "at 2026-12-03 10:00\nada clicked welcome\nexpect ada in engaged"
    never = "was not sent to ada before, so there is nothing that could be clicked"
    assert found(steps) == [f"`welcome` {never}"]
    begin = ADA + "at 2026-12-03 10:00\nada signup\nada clicked welcome\n"
    assert found(f"{begin}ada clicked tips") == [f"`tips` {never}: the email of 2026-12-04 09:00 is planned"]


def test_a_reaction_belongs_to_the_last_such_message() -> None:
    again = "final done\nstage again {\nsend email tips\non clicked tips -> done\nafter 9 days -> done\n}"
    text = simple("send email tips\non clicked tips -> done\nafter 1 day -> again", more=again)
    made = rehearsal(f'{PEOPLE}{text}test "t" of c {{\ncontact ada\nada signup\nafter 2 days\nada clicked tips\n}}\n')
    assert made.run(made.flow.tests[0]).ok
    with made.database.reader() as connection:
        rows = connection.exec_driver_sql("SELECT message_id FROM event WHERE name = 'clicked'").scalars().all()
    assert rows == [2]


def test_a_click_of_a_human_being_is_one_of_any_and_a_scanners_is_not_a_click() -> None:
    stage = "send email tips\non clicked tips -> done\non clicked_any tips -> seen\nafter 90 days -> done"
    text = simple(stage, more="final done\nfinal seen")
    begin = "contact ada\nada signup\n"
    assert found(f"{begin}ada clicked_any tips\nexpect ada in seen", text, "c") == []
    counted = simple("send email tips\nwhen count(clicked_any) == 1 -> done\nafter 90 days -> done")
    assert found(f"{begin}ada clicked tips\nexpect ada in done", counted, "c") == []


def test_a_message_to_nobody_is_not_sent() -> None:
    text = simple("send sms tips\non failed tips -> done\nafter 90 days -> done")
    assert found('contact ada { phone "+33612345678" }\nada signup\nexpect ada sent sms tips', text, "c") == []
    said = found("contact ada\nada signup\nexpect ada sent sms tips\nexpect ada in done", text, "c")
    assert said == [
        "sms `tips` was not sent to ada: it was planned for 2026-01-01 00:00, "
        "and is rejected (the contact has no phone address)"
    ]


def test_a_campaign_that_another_one_listens_to_runs_with_it() -> None:
    other = simple("after 2 days -> done", more="final done {\nemit renewed\n}", name="first")
    text = simple("after 1 day -> done", "enter on renewed") + other
    assert found("contact ada\nada signup\nafter 2 days\nexpect ada in start", text, "c") == []


def test_a_reaction_to_what_another_campaign_sent_counts() -> None:
    other = simple("send email offer\nafter 2 days -> done", name="first")
    text = simple("after 1 day -> done", "enter on clicked offer") + other
    assert found("contact ada\nada signup\nada clicked offer\nexpect ada in start", text, "c") == []


# --- arms, and the holdout --------------------------------------------------------------------------------------


TONE = """split tone {
  50% warm {
    send email tips
    on clicked tips -> done
  }
  50% cold
}
after 1 day -> done"""


def test_without_a_word_everyone_gets_the_first_arm() -> None:
    steps = "contact ada\nada signup\nexpect ada sent email tips\nada clicked tips\nexpect ada in done"
    assert found(steps, simple(TONE, "enter on signup"), "c") == []


def test_a_forced_arm_does_what_it_says_and_nothing_that_another_arm_says() -> None:
    steps = "contact ada\narm tone = cold\nada signup\nexpect ada not sent email tips\nafter 1 day\nexpect ada in done"
    assert found(steps, simple(TONE, "enter on signup"), "c") == []


def test_an_arm_is_forced_for_those_who_come_from_then_on() -> None:
    steps = "contact ada\ncontact bob\nada signup\narm tone = cold\nbob signup\n"
    wanted = "expect ada sent email tips\nexpect bob not sent email tips"
    assert found(steps + wanted, simple(TONE, "enter on signup"), "c") == []


def test_who_is_held_out_walks_no_stage_and_may_convert() -> None:
    clauses = "holdout 100%\nenter on signup\nconvert on bought within 9 days"
    text = simple("send email tips\nafter 1 day -> done", clauses) + "event bought\n"
    steps = "contact ada\narm holdout = yes\nada signup\nexpect ada not sent email tips\nafter 2 days\nada bought\n"
    assert found(steps + "expect ada converted\nexpect ada not left", text, "c") == []
    assert found(steps + "expect ada in done", text, "c") == ["ada is held out: in no stage"]


def test_nobody_is_held_out_unless_a_test_says_so() -> None:
    text = simple("send email tips\nafter 1 day -> done", "holdout 100%\nenter on signup")
    assert found("contact ada\nada signup\nexpect ada sent email tips", text, "c") == []


# --- limits and quiet hours -------------------------------------------------------------------------------------


def test_what_a_limit_holds_back_is_sent_when_there_is_room_again() -> None:
    text = simple("send email tips\nsend email welcome\nafter 9 days -> done", "limit 1 email per day\nenter on signup")
    steps = "contact ada\nada signup\nexpect ada sent email tips\nexpect ada not sent email welcome\n"
    assert found(steps + "after 1 day\nexpect ada sent email welcome", text, "c") == []


def test_in_quiet_hours_nothing_is_sent() -> None:
    text = simple("send email tips\nafter 9 days -> done", "quiet 21:00 to 08:00\nenter on signup")
    steps = "at 2026-12-03 22:00\ncontact ada\nada signup\nexpect ada not sent email tips\n"
    assert found(steps + "at 2026-12-04 08:00\nexpect ada sent email tips", text, "c") == []


# --- many tests -------------------------------------------------------------------------------------------------


def test_no_test_sees_anything_of_another() -> None:
    signs_up = ADA + "at 2026-12-03 10:00\nada signup\nexpect ada sent email welcome\n"
    text = PEOPLE + ONBOARDING + "".join(f'test "{n}" of trial_onboarding {{\n{signs_up}}}\n' for n in range(3))
    text += f'test "quiet" of trial_onboarding {{\n{ADA}at 2026-12-03 10:00\nexpect ada in welcome\n}}\n'
    assert [each.ok for each in outcomes(text)] == [True, True, True, False]


def test_what_no_test_walked_is_known() -> None:
    steps = ADA + "at 2026-12-03 10:00\nada signup\nafter 1 day\nada clicked welcome\nafter 30 days\n"
    made = rehearsal(f'{PEOPLE}{ONBOARDING}test "t" of trial_onboarding {{\n{steps}}}\n')
    outcome = made.run(made.flow.tests[0])
    left = not_walked(made.flow, outcome.walked)
    assert [(line.kind, line.text) for line in left] == [
        ("way out", "leave on unsubscribed"),
        ("way out", "convert on subscribed within 14 days worth amount -> customer"),
        ("way out", "after 3 days -> nudge"),
        ("send", 'send email nudge { subject "Still there?" }'),
        ("way out", "on clicked nudge -> engaged"),
        ("way out", "after 4 days -> lost"),
    ]
    assert [line.span.line for line in left] == sorted(line.span.line for line in left)


def test_arms_are_lines_that_a_test_walks_or_not() -> None:
    text = simple("split tone {\n50% warm { send email tips }\n50% cold\n}\nafter 1 day -> done")
    made = rehearsal(f'{PEOPLE}{text}test "t" of c {{\n{ADA}arm tone = cold\nada signup\nafter 2 days\n}}\n')
    outcome = made.run(made.flow.tests[0])
    left = [(line.kind, line.text) for line in not_walked(made.flow, outcome.walked)]
    assert left == [("arm", "tone = warm"), ("send", "send email tips")]
