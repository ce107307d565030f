"""Every statement of the language page becomes the node it stands for."""

import datetime as dt
from decimal import Decimal

import pytest
from tests.language.shapes import clause, declaration, mistakes_in, read, shape, stage_item, step

from campflow.language import syntax


def test_the_contact_block() -> None:
    fields = declaration("""
        contact {
          email       email
          phone       phone?
          plan        one of trial, pro, enterprise
          score       number = 0
          debt        number = -1.5
          tier        one of gold, silver? = gold
          vip         yesno = no
          birthday    date?
          tags        list of text
          moods       list of one of happy, sad
        }
    """).fields
    assert [field.name.text for field in fields] == [
        "email", "phone", "plan", "score", "debt", "tier", "vip", "birthday", "tags", "moods",
    ]  # fmt: skip
    assert [field.type.name for field in fields] == [
        "email", "phone", "one of", "number", "number", "one of", "yesno", "date", "list of", "list of",
    ]  # fmt: skip
    assert [field.optional for field in fields] == [False, True, False, False, False, True, False, True, False, False]
    assert [choice.text for choice in fields[2].type.choices] == ["trial", "pro", "enterprise"]
    assert (fields[3].default.value, fields[4].default.value) == (0, Decimal("-1.5"))
    assert fields[5].default.text == "gold"
    assert fields[6].default.value is False
    assert fields[8].type.element.name == "text"
    assert [choice.text for choice in fields[9].type.element.choices] == ["happy", "sad"]


@pytest.mark.parametrize(
    "word",
    [
        "goal",
        "email",
        "on",
        "stage",
        "segment",
        "campaign",
        "test",
        "event",
        "contact",
        "where",
        "if",
        "not",
        "in",
        "and",
        "or",
        "one",
        "list",
        "yes",
        "send",
        "after",
    ],
)
def test_words_of_the_language_are_names_where_only_a_name_can_stand(word: str) -> None:
    tree = read(f"contact {{ {word} text }}\nevent {word} {{ {word} number }}\nsegment {word} = contact.{word} == 1\n")
    contact, event, segment = tree.declarations
    assert isinstance(contact, syntax.ContactDeclaration)
    assert isinstance(event, syntax.EventDeclaration)
    assert isinstance(segment, syntax.SegmentDeclaration)
    assert contact.fields[0].name.text == event.name.text == event.fields[0].name.text == segment.name.text == word
    found = clause(f"stage {word} {{ send {word} {word} at 09:00, on {word} -> {word} }}")
    assert (found.name.text, found.items[0].channel.text, found.items[0].message.text) == (word, word, word)
    assert found.items[1].target.text == word


def test_an_event_with_and_without_fields() -> None:
    assert declaration("event signup").fields == ()
    assert declaration("event signup {}").fields == ()
    assert [field.name.text for field in declaration("event purchase { amount money, sku text }").fields] == [
        "amount",
        "sku",
    ]


def test_choices_on_one_line_end_where_the_next_field_begins() -> None:
    fields = declaration("contact { plan one of trial, pro, score number, tier one of a, b? }").fields
    assert [[choice.text for choice in field.type.choices] for field in fields] == [["trial", "pro"], [], ["a", "b"]]


def test_runs() -> None:
    both, open_end = clause("runs 2026-12-01 to 2027-02-28"), clause("runs from 2026-12-01")
    assert (both.start.value, both.end.value) == (dt.date(2026, 12, 1), dt.date(2027, 2, 28))
    assert open_end.end is None


def test_small_clauses() -> None:
    assert clause('owner "growth@acme.example"').value.value == "growth@acme.example"
    assert clause("timezone contact").zone is None
    assert clause('timezone "Europe/Paris"').zone.value == "Europe/Paris"
    assert clause("purpose newsletter").name.text == "newsletter"
    assert shape(clause('audience plan == "trial"').condition) == '(plan == "trial")'
    assert clause("budget 5_000 EUR").amount.amount == 5000
    assert clause("holdout 5%").share.value == 5
    assert (clause("priority 10").value, clause("priority -3").value) == (10, -3)
    assert clause("edits reach everyone").reach == "everyone"
    assert clause("edits reach newcomers").reach == "newcomers"
    quiet = clause("quiet 21:00 to 08:00")
    assert (quiet.start.value, quiet.end.value) == (dt.time(21), dt.time(8))
    moved = clause("moved nudge -> reminder")
    assert (moved.old.text, moved.new.text) == ("nudge", "reminder")


@pytest.mark.parametrize(
    "model", ["first touch", "last touch", "linear", "time decay", "position", "markov", "shapley"]
)
def test_attribution(model: str) -> None:
    found = clause(f"attribute {model} within 30 days")
    assert (found.model, found.within.parts) == (model, ((30, "day"),))


def test_enter_on_an_event_with_everything() -> None:
    found = clause('enter on cart_updated per cart_id where amount > 5 EUR if plan == "pro", again after 30 days')
    assert shape(found.trigger.pattern) == "cart_updated where (amount > 5 EUR)"
    assert (found.per.text, shape(found.guard)) == ("cart_id", '(plan == "pro")')
    assert (found.reentry.rule, found.reentry.after.parts) == ("again", ((30, "day"),))


def test_enter_on_an_event_about_a_message() -> None:
    found = clause("enter on clicked welcome, every time")
    assert (shape(found.trigger.pattern), found.reentry.rule) == ("clicked welcome", "every time")


@pytest.mark.parametrize(
    ("line", "every"),
    [
        ("enter every day at 09:00", (None, None)),
        ("enter every monday at 09:00, every time", ("monday", None)),
        ("enter every month on 1 at 09:00", (None, 1)),
    ],
)
def test_enter_every(line: str, every: tuple[str | None, int | None]) -> None:
    trigger = clause(line).trigger
    assert (trigger.weekday, trigger.day_of_month) == every
    assert trigger.time.value == dt.time(9)


def test_enter_at_a_moment_and_when_something_holds() -> None:
    assert clause("enter at 2026-12-01 09:00").trigger.moment.value.isoformat() == "2026-12-01T09:00:00"
    found = clause("enter when in segment vip and not did purchase in last 90 days, once")
    assert shape(found.trigger.condition) == "((in segment vip) and (not (did purchase x1 in last 90 day)))"
    assert found.reentry.rule == "once"


def test_no_reentry_written_is_none() -> None:
    assert clause("enter on signup").reentry is None


def test_leave() -> None:
    found = clause("leave on unsubscribed if score < 3")
    assert (shape(found.trigger.pattern), shape(found.guard)) == ("unsubscribed", "(score < 3)")
    assert shape(clause("leave when score < 0").trigger.condition) == "(score < 0)"


def test_convert() -> None:
    full = clause("convert activation on purchase where amount > 5 EUR within 14 days worth amount * 2 -> customer")
    assert (full.name.text, shape(full.pattern)) == ("activation", "purchase where (amount > 5 EUR)")
    assert (full.within.parts, shape(full.worth), full.target.text) == (((14, "day"),), "(amount * 2)", "customer")
    bare = clause("convert on subscribed within 2 hours 30 minutes")
    assert (bare.name, bare.worth, bare.target) == (None, None, None)
    assert bare.within.parts == ((2, "hour"), (30, "minute"))


def test_goals() -> None:
    rate = clause("goal conversion >= 12% by 2027-01-31")
    assert (rate.metric, rate.operator, rate.value.value) == ("conversion", ">=", 12)
    assert rate.by.value == dt.date(2027, 1, 31)
    cost = clause("goal cost per conversion <= 40 EUR")
    assert (cost.metric, cost.value.currency, cost.by) == ("cost per conversion", "EUR", None)


def test_limits() -> None:
    found = clause("limit 1 email per day, 3 messages per 2 weeks or skip")
    assert [(rule.count, rule.channel and rule.channel.text, rule.per.parts) for rule in found.rules] == [
        (1, "email", ((1, "day"),)),
        (3, None, ((2, "week"),)),
    ]
    assert found.or_skip is True
    assert clause("limit 1 sms per week").or_skip is False


def test_stages() -> None:
    stage = clause('stage nudge "A second chance" { after 1 day -> lost }')
    assert (stage.name.text, stage.title.value, stage.final) == ("nudge", "A second chance", False)
    assert clause("final lost").final is True
    assert clause("final lost").items == ()
    assert len(clause("final lost {\nset score = 0\nsync lost_trials\n}").items) == 2
    assert clause("stage idle {}").items == ()


def test_send() -> None:
    plain = stage_item("send email welcome")
    assert (plain.channel.text, plain.message.text, plain.options, plain.time) == ("email", "welcome", (), None)
    assert stage_item("send email tips at 09:00").time.time.value == dt.time(9)
    weekly = stage_item("send email tips on monday at 09:00").time
    assert (weekly.weekday, weekly.time.value) == ("monday", dt.time(9))
    assert stage_item("send email tips in 2 hours").time.delay.parts == ((2, "hour"),)
    options = stage_item('send email nudge { subject "Still there?", expires 2 days, from "a@b.example" } at 09:00')
    assert [(option.name.text, shape(option.value)) for option in options.options] == [
        ("subject", '"Still there?"'), ("expires", "2 day"), ("from", '"a@b.example"'),
    ]  # fmt: skip
    assert options.time.time.value == dt.time(9)


def test_other_actions() -> None:
    change = stage_item("set score = score + 1")
    assert (change.field.text, shape(change.value)) == ("score", "(score + 1)")
    emitted = stage_item("emit upgraded {\namount 40 EUR\nsku entry.sku\n}")
    assert [(field.name.text, shape(field.value)) for field in emitted.fields] == [
        ("amount", "40 EUR"),
        ("sku", "entry.sku"),
    ]
    assert stage_item("emit upgraded").fields == ()
    notice = stage_item('notify sales "Call them"')
    assert (notice.sink.text, notice.text.value) == ("sales", "Call them")
    assert stage_item("sync lost_trials").audience.text == "lost_trials"
    done = stage_item('do score_lead { model "b" }')
    assert (done.action.text, done.options[0].name.text) == ("score_lead", "model")


def test_ways_out_on_an_event() -> None:
    found = stage_item("on purchase where amount > 5 EUR if score > 50 -> hot")
    assert shape(found.trigger.pattern) == "purchase where (amount > 5 EUR)"
    assert (shape(found.guard), found.target.text) == ("(score > 50)", "hot")
    assert shape(stage_item("on clicked welcome -> engaged").trigger.pattern) == "clicked welcome"


def test_ways_out_by_time() -> None:
    assert stage_item("after 4 days if in segment vip -> paper").trigger.duration.parts == ((4, "day"),)
    assert stage_item("at 09:00 -> x").trigger.weekday is None
    assert stage_item("at 09:00 on friday if score > 1 -> x").trigger.weekday == "friday"
    assert stage_item("on 2026-12-24 -> x").trigger.moment.value == dt.date(2026, 12, 24)
    assert stage_item("on 2026-12-24 18:00 if score > 1 -> x").trigger.moment.value.hour == 18


def test_ways_out_by_condition() -> None:
    assert shape(stage_item("when count(purchase, last 90 days) == 0 -> x").trigger.condition) == (
        "(count(purchase, last 90 day) == 0)"
    )
    assert isinstance(stage_item("else -> x").trigger, syntax.Else)


def test_splits() -> None:
    found = stage_item("""
        split subject_line {
          45% curious { send email nudge { subject "Still there?" }, on clicked nudge -> engaged }
          45% direct {
            send email nudge
          }
          10% silent
          measure clicked nudge within 3 days
          decide at 95% after 7 days
        }
    """)
    assert [(arm.share.value, arm.name.text, len(arm.items)) for arm in found.arms] == [
        (45, "curious", 2), (45, "direct", 1), (10, "silent", 0),
    ]  # fmt: skip
    assert (shape(found.measure.pattern), found.measure.within.parts) == ("clicked nudge", ((3, "day"),))
    assert (found.decide.confidence.value, found.decide.after.parts) == (95, ((7, "day"),))


def test_a_test_block() -> None:
    found = declaration('test "a click ends it" of trial { at 2026-12-03 10:00, ada signup }')
    assert (found.title.value, found.campaign.text, len(found.steps)) == ("a click ends it", "trial", 2)


def test_steps_that_do_something() -> None:
    contact = step('contact ada { email "ada@acme.example", plan "trial" }')
    assert (contact.name.text, [field.name.text for field in contact.fields]) == ("ada", ["email", "plan"])
    assert step("contact ada").fields == ()
    assert step("at 2026-12-03 10:00").moment.value.hour == 10
    assert step("at 2026-12-03").moment.value == dt.date(2026, 12, 3)
    assert step("after 1 day").duration.parts == ((1, "day"),)
    happens = step("ada clicked welcome")
    assert (happens.contact.text, happens.event.text, happens.about.text) == ("ada", "clicked", "welcome")
    assert step("ada purchase { amount 60 EUR }").fields[0].name.text == "amount"
    assert (step("arm subject_line = direct").arm.text, step("arm holdout = yes").arm.text) == ("direct", "yes")


def test_expectations() -> None:
    assert step("expect ada in engaged").stage.text == "engaged"
    sent = step("expect ada sent email welcome at 2026-12-03 10:00")
    assert (sent.negated, sent.channel.text, sent.message.text, sent.at.value.hour) == (False, "email", "welcome", 10)
    assert step("expect ada not sent email nudge").negated is True
    assert step("expect ada converted").conversion is None
    assert step("expect ada not converted activation").conversion.text == "activation"
    assert (step("expect ada left").negated, step("expect ada not left").negated) == (False, True)


def test_a_statement_is_placed_from_its_first_word_to_its_last() -> None:
    campaign = declaration('campaign some {\n  audience (plan == "pro")\n  stage a { after 1 day -> b }\n}')
    audience, stage = campaign.items
    assert (campaign.span.line, campaign.span.column, campaign.span.end_line, campaign.span.end_column) == (1, 1, 4, 2)
    assert (audience.span.column, audience.span.end_column) == (3, 27)
    assert (stage.items[0].span.column, stage.items[0].span.end_column) == (13, 29)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("holdout 120%", "120% is more than everyone"),
        ("enter every month on 32 at 09:00", "a month has no day 32"),
        ("limit 1.5 emails per day", "the number of messages is a whole number, `1.5` is not"),
        ("priority 2.5", "a priority is a whole number, `2.5` is not"),
    ],
)
def test_what_the_grammar_lets_through_and_cannot_be(line: str, message: str) -> None:
    assert [one.message for one in mistakes_in(f"campaign some {{\n{line}\n}}")] == [message]
