"""`test` blocks are checked like campaigns: names, values, and what the campaign can do at all."""

import datetime as dt

import pytest
from tests.checking.sample import campaign, checked, errors

from campflow.model import tests as model
from campflow.model.people import Duration, Money

CAMPAIGN = campaign(
    "convert on purchase within 3 days\n  convert activation on signup within 3 days",
    'send email nudge\n    split tone {\n 50% warm { send email tips }\n 50% cold\n }',
)  # fmt: skip


def block(steps: str, of: str = "c") -> str:
    return f'{CAMPAIGN}\ntest "a click is enough" of {of} {{\ncontact ada\n{steps}\n}}\n'


def test_a_test_is_resolved_step_by_step() -> None:
    steps = """
      contact bob { email "bob@acme.example", plan "trial", score -5, tags "vip", spent 12.50 EUR, birthday 2000-02-29 }
      at 2026-12-03 10:00
      bob purchase { amount 60 EUR, sku "A-1" }
      after 1 day 2 hours
      bob clicked nudge
      arm tone = cold
      expect bob in done
      expect ada not sent email tips
      expect ada sent email nudge at 2026-12-03 10:00
      expect ada not converted activation
      expect ada left
    """
    result = checked(block(steps))
    assert result.flow is not None, [one.message for one in result.diagnostics]
    (test,) = result.flow.flow.tests
    assert (test.title, test.campaign) == ("a click is enough", "c")
    moment = dt.datetime.fromisoformat("2026-12-03T10:00")
    found = [
        tuple(getattr(step, name) for name in step.__dataclass_fields__ if name not in ("text", "span"))
        for step in test.steps
    ]
    given = model.Given
    bob = [
        given("email", "bob@acme.example"), given("plan", "trial"), given("score", -5), given("tags", ("vip",)),
        given("spent", Money(1250, "EUR")), given("birthday", "2000-02-29"),
    ]  # fmt: skip
    assert found == [
        ("ada", ()),
        ("bob", tuple(bob)),
        (moment,),
        ("bob", "purchase", None, (given("amount", Money(6000, "EUR")), given("sku", "A-1"))),
        (Duration(0, 1, 7_200_000),),
        ("bob", "clicked", "nudge", ()),
        ("tone", "cold"),
        ("bob", "done"),
        ("ada", True, "email", "tips", None, False),
        ("ada", False, "email", "nudge", moment, False),
        ("ada", True, "activation"),
        ("ada", False),
    ]
    assert test.steps[2].text == "at 2026-12-03 10:00"
    assert {type(step) for step in test.steps} >= {model.ForcedArm, model.ExpectSent, model.SomebodyDid}


MISTAKES = [
    ("adda signup", "unknown-name", "there is no contact `adda`", "did you mean `ada`?"),
    ("expect bob left", "unknown-name", "there is no contact `bob`",
     'say who that is before: `contact bob { email "…" }`'),
    ("ada signpu", "unknown-name", "there is no event `signpu`", "did you mean `signup`?"),
    ("ada clicked nudg", "unknown-name", "there is no message `nudg`", "did you mean `nudge`?"),
    ("ada signup nudge", "unknown-name",
     "`signup` is an event of your own and takes no second word, so `nudge` means nothing here",
     "write `signup` alone, or `signup where …` to pick some of them"),
    ("ada purchase { amuont 5 EUR }", "unknown-name", "`purchase` has no field `amuont`", "did you mean `amount`?"),
    ("ada purchase { amount 5 }", "type-mismatch", "`amount` is an amount of money, but `5` is a whole number",
     "write the currency as well: `5 EUR`"),
    ("ada purchase { amount 5 USD }", "currency-mismatch", "this amount is in USD, but the project counts in EUR",
     "write the amount in EUR: a project has one currency"),
    ('contact bob { pln "trial" }', "unknown-name", "contacts have no field `pln`", "did you mean `plan`?"),
    ('contact bob { plan "tryal" }', "unknown-choice",
     '"tryal" is not among the choices trial, pro, enterprise', 'did you mean "trial"?'),
    ("contact bob { score visits }", "type-mismatch",
     "`score` is a number, and a test says plainly which one: nothing is computed here", None),
    ("contact bob { tags 3 }", "type-mismatch", "an item of `tags` is a text, but `3` is a whole number",
     'texts stand in quotes: `"3"`'),
    ("contact bob { score 1, score 2 }", "duplicate-name", "there are two fields called `score`",
     "rename one of them, or take it away"),
    ("ada sent nudge", "type-mismatch", "`sent` is told by campflow itself when it happens, so a test cannot tell it",
     "bring it about by what the contact does and by time, and then `expect` it"),
    ("expect ada in strat", "unknown-name", "`c` has no stage `strat`", "did you mean `start`?"),
    ("expect ada sent emial nudge", "unknown-name", "there is no channel `emial`", "did you mean `email`?"),
    ("expect ada not sent email nudg", "unknown-name", "`c` never sends email `nudg`", "did you mean `nudge`?"),
    ("expect ada sent email welcome", "unknown-name", "`c` never sends email `welcome`", "it sends email nudge, tips"),
    ("expect ada sent sms nudge", "unknown-name", "`c` never sends sms `nudge`", "it sends nothing by sms"),
    ("expect ada converted activaton", "unknown-name", "`c` has no conversion `activaton`",
     "did you mean `activation`?"),
    ("arm tune = warm", "unknown-name", "`c` has no split `tune`", "did you mean `tone`?"),
    ("arm tone = wram", "unknown-name", "`tone` has no arm `wram`", "did you mean `warm`?"),
    ("arm holdout = maybe", "unknown-name", "`holdout` has no choice `maybe`", "there are `yes` and `no`"),
]  # fmt: skip


@pytest.mark.parametrize(("step", "code", "message", "hint"), MISTAKES, ids=[step for step, *_ in MISTAKES])
def test_a_mistake_in_a_step(step: str, code: str, message: str, hint: str | None) -> None:
    text = block(step)
    assert [(one.code, one.message, one.hint) for one in errors(text)] == [(code, message, hint)]
    line = text[: text.index("contact ada")].count("\n") + 2
    assert [one.span.line for one in errors(text)] == [line]


def test_a_test_of_no_campaign_is_one_mistake() -> None:
    found = errors(block("ada signup\nexpect ada in nowhere\narm x = y\nexpect ada converted", of="cc"))
    assert [(one.message, one.hint) for one in found] == [("there is no campaign `cc`", "did you mean `c`?")]


def test_a_campaign_that_nobody_converts_in() -> None:
    text = campaign() + 'test "t" of c {\ncontact ada\nexpect ada not converted\n}\n'
    assert [one.message for one in errors(text)] == ["`c` has no conversion, so nobody can convert in it"]


def test_every_mistake_of_a_test_is_told_in_one_run() -> None:
    steps = 'contact bob { plan "tryal" }\nbbo signup\nexpect bob in nowhere\nbob signup\nexpect bob in start'
    assert [one.code for one in errors(block(steps))] == ["unknown-choice", "unknown-name", "unknown-name"]


def test_a_mistake_in_the_campaign_is_not_told_again_for_its_test() -> None:
    text = block("ada signup\nexpect ada in start\nexpect ada sent email nudge").replace("score >= 0", "scroe >= 0")
    assert [one.message for one in errors(text)] == ["contacts have no field `scroe`"]


def test_a_reaction_may_be_to_what_another_campaign_sends() -> None:
    other = campaign(actions="send email welcome").replace("campaign c", "campaign other")
    assert errors(block("ada clicked welcome\nada unsubscribed\nada submitted demo") + other) == []
