"""Random whole programs, as text: every declaration, clause, statement and test step that a `.flow` file can hold.

They are for what needs no more than syntax: the names in them mean nothing.
"""

import datetime as dt

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from tests.properties.campaigns import campaigns
from tests.properties.drawing import DURATIONS, TIMES, WEEKDAYS, Frame, conditions, pick, wheres

DAY = dt.date(2026, 3, 27)
FRAME = Frame(DAY, inside=True, entry="n")
NAMES = ("a", "goal", "email", "a_name_that_goes_on_and_on", "on", "x2")
TITLES = ("", "", ' "Best"', ' "A \\"quoted\\" # title, with {signs} -> \\\\ and \\n a line"', ' "Tab\there"')
TYPES = ("text", "number", "one of trial, pro, enterprise", "one of yes_, no_", "list of text", "list of one of a, b")
DEFAULTS = ("", "?", " = 1_000", " = -3.50", ' = "trial"', " = yes", "? = 2026-12-01", " = 9:05", " = some")
VALUES = (
    '"Still there?"', "1_000.50", "12%", "40   EUR", "yes", "2026-12-01", "2026-12-01   9:00", "9:05", "1 days",
    "3 day", "2 hours  1 minutes", "- 5", "-5 * -(3 + n) / 2", "now - - 3 days", "count(purchase, last 2 day)",
)  # fmt: skip
TERMS = (
    "a between 1 and 2", "x in (1, 2_000, 3)", 'country not in ("FR")', "- a < -1", "(((a)))", "not not a", "a == b",
    "in segment a", "not in segment a", "rfm.recency >= 4", "did purchase at least 1 times", "(did a where b and c)",
    "min(a.b) > 1", "a between (b) and c or d", 'url contains "pricing, and more"',
    "x in (" + '"a name, in full", ' * 9 + '"z")',
)  # fmt: skip


@st.composite
def programs(draw: DrawFn) -> str:
    """One to three declarations; the campaigns that run, and those that are only well written."""
    kinds = st.sampled_from([_people(), _segment(), _campaign(), _test(), campaigns("first", DAY, sets=True)])
    return "\n".join([draw(draw(kinds)) for _ in range(draw(st.integers(1, 3)))])


@st.composite
def _people(draw: DrawFn) -> str:
    fields = draw(st.lists(st.builds("{} {}{}".format, *map(st.sampled_from, (NAMES, TYPES, DEFAULTS))), max_size=4))
    header = pick(draw, ["contact", f"event {pick(draw, NAMES)}"])
    return f"event {pick(draw, NAMES)}" if draw(st.integers(0, 4)) == 0 else _block(header, fields)


@st.composite
def _segment(draw: DrawFn) -> str:
    return f"segment {pick(draw, NAMES)}{pick(draw, TITLES)} = {draw(_condition())}"


@st.composite
def _condition(draw: DrawFn) -> str:
    """Short ones and long ones, with as few brackets as may be."""
    plain = draw(st.lists(conditions(FRAME, 1), min_size=1, max_size=6))
    parts = [*plain, *draw(st.lists(st.sampled_from(TERMS), max_size=4))]
    condition = draw(st.permutations(parts))
    return pick(draw, [" and ", " or "]).join(condition) if draw(st.booleans()) else f"({' and '.join(condition)})"


@st.composite
def _campaign(draw: DrawFn) -> str:
    items = draw(st.lists(st.one_of(_clause(), _clause(), _stage()), max_size=8))
    return _block(f"campaign {pick(draw, NAMES)}{pick(draw, TITLES)}", items)


@st.composite
def _clause(draw: DrawFn) -> str:
    duration, event = pick(draw, DURATIONS), f"purchase{draw(wheres('purchase', FRAME))}"
    options = [
        "runs 2026-12-01 to 2027-02-28", "runs from 2026-12-01", 'owner "a@x.example"', "timezone contact",
        "purpose news",
        f"audience {draw(_condition())}", f"enter on {event} if {draw(_condition())}, again after {duration}",
        f"enter on {event}, once", f"enter every {pick(draw, WEEKDAYS)} at 9:00, every times",
        "enter at 2026-12-01 9:00",
        f"leave when {draw(_condition())}", f"leave on {event}",
        f"convert on {event} within {duration} worth amount * 2 -> a", f"convert goal on {event} within {duration}",
        "goal conversion >= 12% by 2027-01-31", "goal cost per conversion <= 40 EUR", "budget 5_000 EUR", "holdout 5%",
        f"limit 1 email per days, 3 messages per {duration} or skip",
        f"limit {'2 sms per 1 days, ' * 9} 1 sms per week",
        "priority - 5", "quiet 9:00 to 21:30", "attribute last touch within 30 day", "edits reach newcomers",
        "moved a -> b", "moved a_long_name -> b",
    ]  # fmt: skip
    return pick(draw, options)


@st.composite
def _stage(draw: DrawFn) -> str:
    items = draw(st.lists(st.one_of(_action(), _way_out(), _way_out(), _split()), max_size=6))
    if draw(st.integers(0, 3)) == 0:
        return f"final {pick(draw, NAMES)}{pick(draw, TITLES)}"
    return _block(f"{pick(draw, ['stage', 'final'])} {pick(draw, NAMES)}{pick(draw, TITLES)}", items)


@st.composite
def _options(draw: DrawFn) -> str:
    options = st.builds("{} {}".format, st.sampled_from(NAMES), st.sampled_from(VALUES))
    return _block("", draw(st.lists(options, max_size=3))) if draw(st.booleans()) else ""


@st.composite
def _action(draw: DrawFn) -> str:
    options, time = draw(_options()), pick(draw, ["", " at 9:00", " on monday at 09:00", " in 1 days"])
    made = [
        f"send email {pick(draw, NAMES)}{options}{time}", f"set score = {pick(draw, VALUES)}", f"emit praised{options}",
        f"set tall = {draw(_condition())}", 'notify sales "Call: \\"now\\""', "sync lost", f"do score_lead{options}",
    ]  # fmt: skip
    return pick(draw, made)


@st.composite
def _way_out(draw: DrawFn) -> str:
    guard = f" if {draw(_condition())}" if draw(st.booleans()) else ""
    triggers = [
        f"on purchase{draw(wheres('purchase', FRAME))}",
        "on clicked welcome",
        "at 9:00 on sunday",
        "after 1 days",
    ]
    ways = [f"{pick(draw, [*triggers, 'on 2026-12-24', 'on 2026-12-24 9:00'])}{guard}", f"when {draw(_condition())}"]
    return f"{pick(draw, [*ways, 'else'])} -> {pick(draw, NAMES)}"


@st.composite
def _split(draw: DrawFn) -> str:
    shares = draw(st.permutations(["50", "12.5", "37.5"]))
    arms = [_block(f"{share}% {pick(draw, NAMES)}", draw(st.lists(_action(), max_size=2))) for share in shares[:2]]
    return _block(
        "split s", [*arms, f"{shares[2]}% silent", "measure clicked nudge within 3 day", "decide at 95% after 7 days"]
    )


@st.composite
def _test(draw: DrawFn) -> str:
    steps = st.one_of(
        st.builds("contact {}{}".format, st.sampled_from(NAMES), _options()),
        st.builds("ada {}{}".format, st.sampled_from(["signup", "clicked welcome"]), _options()),
        st.sampled_from([
            f"at 2026-12-03 {TIMES[0]}", "at 2026-12-03", "after 1 days", "arm s = b", "arm holdout = yes",
            "expect ada in engaged", "expect ada not sent email nudge at 2026-12-03 9:00", "expect ada converted goal",
            "expect ada not left",
        ]),
    )  # fmt: skip
    return _block('test "it works, {always}" of first', draw(st.lists(steps, max_size=6)))


def _block(header: str, items: list[str]) -> str:
    return f"{header} {{\n" + "".join(f"{item}\n" for item in items) + "}"
