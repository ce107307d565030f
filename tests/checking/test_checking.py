"""One mistake is told once, a bad line does not hide the next, and nothing a person writes breaks the checker."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.checking.sample import CHANNELS, campaign, checked, errors, vocabulary

from campflow.checking.vocabulary import ChannelWords, ContentFile, ContentIndex, TemplateField, Vocabulary
from campflow.compiler import check_sources
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Source, Span
from campflow.model.currencies import CURRENCIES, exponent

SIX = """
campaign trial {
  audience plan == "trail" and scor > 5
  enter    on signup
  convert  on subscribed within 14 days worth amount -> customr

  stage welcome {
    send email welcom
    on opened welcome if score == "high" -> lost
    after 3 days                         -> lost
  }

  final lost {
    after 1 day -> welcome
  }
}
"""


def codes(found: list[Diagnostic]) -> list[str]:
    return [one.code for one in found]


def test_six_mistakes_are_six_diagnostics_in_the_order_of_the_file() -> None:
    assert codes(errors(SIX)) == [
        "unknown-choice",
        "unknown-name",
        "unknown-name",
        "missing-content",
        "type-mismatch",
        "final-with-exit",
    ]


def test_a_flow_with_an_error_is_not_handed_on() -> None:
    assert checked(SIX).flow is None


def test_a_flow_with_warnings_is_handed_on() -> None:
    crowded = "send email welcome\n    send email nudge"
    result = checked(campaign(clauses="limit 1 email per month", actions=crowded))
    assert {one.severity for one in result.diagnostics} == {"warning"}
    assert result.flow
    assert result.flow.flow.campaigns[0].limits


def test_a_mistaken_field_is_told_where_it_is_declared_and_nowhere_else() -> None:
    text = 'event rated {\n  stars  one of good, bad = "fine"\n  all    list of list of text\n}\n'
    use = 'segment a = did rated where stars == "good" and "x" in all\nsegment b = max(rated.all) > 3\n'
    assert codes(errors(text + use)) == ["unknown-choice", "type-mismatch"]


def test_a_mistaken_segment_is_told_once_however_often_it_is_asked_for() -> None:
    text = "segment a = scor > 1\nsegment b = in segment a\nsegment c = in segment b or in segment a\n"
    assert codes(errors(text + campaign(clauses="leave when in segment c"))) == ["unknown-name"]


def test_both_sides_of_a_mistaken_condition_are_looked_at() -> None:
    text = 'segment a = scor > visit or plan == "trail" and not (count(purchas) > 3)\n'
    assert codes(errors(text)) == ["unknown-name", "unknown-name", "unknown-choice", "unknown-name"]


def test_an_unreadable_declaration_is_not_missed_where_it_is_used() -> None:
    text = "event refund [\n  amount money\n}\n" + campaign(clauses="convert on refund within 3 days")
    assert set(codes(errors(text))) == {"syntax"}


def test_an_unreadable_clause_is_not_missing() -> None:
    text = campaign().replace("audience score >= 0", "audience score >= >= 0")
    assert codes(errors(text)) == ["syntax"]


def test_without_a_contact_block_nothing_can_be_sent() -> None:
    words = Vocabulary(channels=CHANNELS, content=ContentIndex((ContentFile("content/a.email.md", "a", "email"),)))
    text = "event signup\n" + campaign(actions="send email a").replace("score >= 0", "did signup")
    found = check_sources([Source("a.flow", text)], words).diagnostics
    assert codes(list(found)) == ["missing-address"]
    assert "no `contact` block" in found[0].message


def test_an_address_of_several_fields_is_missed_as_a_whole() -> None:
    letter = ChannelWords("letter", "street", needs=("postcode", "city"))
    words = Vocabulary(channels={"letter": letter}, content=ContentIndex((ContentFile("a", "a", "letter"),)))
    text = "event signup\ncontact {\n  score integer\n  city text\n}\n" + campaign(actions="send letter a")
    found = check_sources([Source("a.flow", text)], words).diagnostics
    assert codes(list(found)) == ["missing-address"]
    assert "have no fields `street` or `postcode`" in found[0].message
    assert found[0].hint == "add `street` and `postcode` to the contact block"


def test_a_project_of_no_files_is_sound() -> None:
    result = check_sources([], Vocabulary())
    assert result.diagnostics == ()
    assert result.flow


def test_contact_time_zones_need_a_field() -> None:
    text = "contact {\n  email email\n}\nevent signup\n" + campaign(clauses="timezone contact")
    found = check_sources([Source("a.flow", text.replace("score >= 0", "email is set"))], Vocabulary()).diagnostics
    assert codes(list(found)) == ["unknown-name"]
    assert found[0].hint is not None
    assert "timezone  timezone?" in found[0].hint


def test_a_currency_of_the_settings_is_the_one() -> None:
    found = errors("", vocabulary(currency="CHF"))
    assert codes(found) == ["currency-mismatch"]
    assert "campflow.toml" in found[0].message


def test_an_amount_has_the_decimals_of_its_currency() -> None:
    text = "contact {\n  spent  money\n}\nsegment rich = spent > 50.5 JPY\n"
    found = check_sources([Source("a.flow", text)], Vocabulary()).diagnostics
    assert [(one.code, "no decimals" in one.message) for one in found] == [("type-mismatch", True)]


def test_a_template_is_checked_against_the_campaigns_that_send_it() -> None:
    place = Span("content/cart.email.md", 1, 1, 1, 5)
    fields = tuple(
        TemplateField(name, place) for name in ("entry.total", "event.cart_id", "entry.amount", "message.name")
    )
    words = vocabulary(ContentIndex((ContentFile("content/cart.email.md", "cart", "email", template_fields=fields),)))
    sent = campaign(actions="send email cart", enter="enter on cart_updated")
    assert [one.message for one in errors(sent, words)] == ["the template uses `entry.amount`, which does not exist"]
    other = sent.replace("campaign c", "campaign d").replace("cart_updated", "purchase")
    assert errors(sent + other, words) == []
    assert errors("", words) == []


def test_a_long_chain_of_segments_is_refused_and_not_followed() -> None:
    chain = "".join(f"segment s{n} = in segment s{n - 1} and score > {n}\n" for n in range(1, 300))
    found = errors("segment s0 = score > 0\n" + chain)
    assert 1 <= len(found) < 10
    assert "built on so many others" in found[0].message


def test_segments_that_double_each_other_do_not_take_for_ever() -> None:
    doubling = "".join(f"segment s{n} = in segment s{n - 1} or not in segment s{n - 1}\n" for n in range(1, 40))
    assert "than a database can read" in errors("segment s0 = score > 0\n" + doubling)[0].message
    alike = doubling.replace("not in", "in")
    assert "built on so many others" in errors("segment s0 = score > 0\n" + alike)[0].message


def test_a_deep_condition_is_refused() -> None:
    found = errors("segment deep = " + "not (score > 1 and " * 45 + "member" + ")" * 45 + "\n")
    assert codes(found) == ["syntax"]


def test_the_table_of_currencies() -> None:
    assert {code: exponent(code) for code in ("EUR", "JPY", "KWD", "CLF")} == {"EUR": 2, "JPY": 0, "KWD": 3, "CLF": 4}
    assert all(len(code) == 3 and code.isupper() for code in CURRENCIES)


# --- whatever is written, the checker answers -------------------------------------------------------------------

WORDS = """
contact event segment campaign stage final audience enter leave convert within worth on when after at else send
set emit split measure decide moved holdout limit goal email sms welcome nudge tips signup purchase cart_updated
clicked opened visited entered plan score spent tags birthday seen member total amount sku pieces vip a b c done
start now entry contact rfm recency == != < <= > >= and or not in between is missing starts with contains did
count( sum( last( max( , ) ( { } -> + - * / . = "trial" "x" "2026-01-01" 3 3.5 12% 50 EUR 5_USD 2026-12-01 09:00
3 days last 90 days since entry segment yes no text money one of list integer ? per if every day once again
"""

VALUES = st.sampled_from(
    [
        *('"trial"', '"x"', "3", "3.5", "50 EUR", "9 USD", "1.5 JPY", "yes", "2026-12-01", "2026-12-01 09:00"),
        *("3 days", "12%", "09:00", "plan", "score", "spent", "tags", "birthday", "seen", "member", "now", "trial"),
        *("entry.total", "rfm.recency", "contact.plan", "purchase.amount", "amount", "vip", "phone", "a.b.c"),
    ]
)
SIGNS = st.sampled_from(["==", "!=", "<", ">=", "+", "-", "*", "/", "and", "or"])
EVENTS = st.sampled_from(
    ["purchase", "cart_updated", "signup", "clicked welcome", "opened", "nothing", "submitted demo"]
)


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, inner, SIGNS, inner),
        st.builds("(not {})".format, inner),
        st.builds("(-{})".format, inner),
        st.builds("({} between {} and {})".format, inner, inner, inner),
        st.builds("({} in ({}, {}))".format, inner, inner, inner),
        st.builds("({} not in tags)".format, inner),
        st.builds("({} starts with {})".format, inner, inner),
        st.builds("({} is missing)".format, inner),
        st.builds("(in segment {})".format, st.sampled_from(["vip", "s", "t", "nothing"])),
        st.builds("(did {} where {} at least 2 times since entry)".format, EVENTS, inner),
        st.builds("count({} where {}, last 3 days)".format, EVENTS, inner),
        st.builds("{}(purchase.{} where {})".format, st.sampled_from(["sum", "min", "avg", "count", "first"]),
                  st.sampled_from(["amount", "sku", "pieces", "nothing"]), inner),
    )  # fmt: skip


EXPRESSIONS = st.recursive(VALUES, larger, max_leaves=12)


@given(EXPRESSIONS, EXPRESSIONS)
@settings(max_examples=150)
def test_any_condition_has_an_answer(one: str, other: str) -> None:
    text = f"segment s = {one}\nsegment t = {other}\n" + campaign(
        clauses=f"leave when {one}\n  convert on purchase where {other} within 3 days worth {one}",
        actions=f"set score = {one}\n    emit purchase {{ amount {other}, sku {one} }}\n    when {other} -> done",
        enter=f"enter on cart_updated per cart_id if {other}",
    )
    result = checked(text)
    assert (result.flow is None) == any(found.severity == "error" for found in result.diagnostics)


@given(st.lists(st.sampled_from([*WORDS.split(), "\n"]), max_size=60))
@settings(max_examples=150)
def test_any_row_of_words_has_an_answer(words: list[str]) -> None:
    checked(" ".join(words))


@given(st.data())
@settings(max_examples=100)
def test_a_sound_file_with_words_exchanged_has_an_answer(data: st.DataObject) -> None:
    words = SIX.replace("\n", " \n ").split(" ")
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(words) - 1))
        words[place] = data.draw(st.sampled_from([*WORDS.split(), "", "\n"]))
    checked(" ".join(words))
