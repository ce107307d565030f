"""The most messages of a week: what a busy person could get from each campaign, and from all of them."""

from tests.checking.sample import campaign, checked, vocabulary

from campflow.checking.proofs.load import Load, loads
from campflow.cli.advice import load_lines


def load_of(text: str) -> tuple[Load, ...]:
    words = vocabulary()
    result = checked(text, words)
    assert result.flow, [one.message for one in result.diagnostics]
    return loads(result.flow.flow, words.content)


def stages(*bodies: str) -> str:
    """A campaign of stages s0, s1, …; the last of them leads to the end."""
    blocks = "".join(f"  stage s{number} {{\n    {body}\n  }}\n" for number, body in enumerate(bodies))
    return f"campaign c {{\n  audience score >= 0\n  enter on signup, once\n{blocks}  final done\n}}\n"


def test_the_busiest_week_of_a_journey_may_begin_anywhere() -> None:
    text = stages(
        "send email tips\n    after 6 days -> s1",
        "send email welcome\n    send email nudge\n    after 6 days -> s2",
        "send email tips\n    send email nudge\n    send email welcome\n    after 8 days -> done",
    )
    assert load_of(text) == (Load("email", "c", 5, None, ("s1", "s2")),)


def test_a_click_takes_no_time_and_the_busiest_arm_counts() -> None:
    text = stages(
        "send email welcome\n    on clicked welcome -> s1\n    after 30 days -> done",
        "split tone {\n    50% a { send email tips, send email nudge }\n    50% b { send email tips }\n    }\n"
        "    after 30 days -> done",
    )
    assert load_of(text)[0].messages == 3


def test_each_channel_is_counted_by_itself() -> None:
    text = stages("send email welcome\n    send sms nudge\n    after 1 day -> s1", "send sms nudge\n    else -> done")
    assert [(load.channel, load.messages) for load in load_of(text)] == [("email", 1), ("sms", 2)]


def test_a_circle_that_people_can_walk_at_will_has_no_end() -> None:
    text = stages("send email welcome\n    on clicked welcome -> s0\n    after 9 days -> done")
    assert load_of(text)[0].messages is None


def test_a_circle_by_time_is_walked_as_often_as_a_week_allows() -> None:
    text = stages("send email tips\n    after 2 days if score > 5 -> s0\n    after 3 days -> done")
    assert load_of(text)[0].messages == 4


def test_who_enters_again_gets_it_again() -> None:
    once = campaign(actions="send email welcome", enter="enter on signup, once")
    again = campaign(actions="send email welcome", enter="enter on signup, again after 3 days")
    each = campaign(actions="send email welcome", enter="enter on cart_updated per cart_id")
    assert [load_of(text)[0].messages for text in (once, again, each)] == [1, 3, None]


def test_a_limit_stands_beside_what_is_planned() -> None:
    planned = "send email welcome\n    send email tips\n    send email nudge"
    limited = load_of(campaign(actions=planned, clauses="limit 2 email per month", ends="after 60 days -> done"))
    assert [(load.messages, load.let_through) for load in limited] == [(3, 2)]
    loose = load_of(campaign(actions=planned, clauses="limit 1 email per day"))
    assert [(load.messages, load.let_through) for load in loose] == [(3, None)]


def test_campaigns_add_up_for_who_is_in_all_of_them() -> None:
    one = campaign(actions="send email welcome\n    send email tips")
    rows = load_lines(load_of(one + one.replace("campaign c", "campaign d")))
    assert rows == [
        ("email", "c", "2", "", "start"),
        ("email", "d", "2", "", "start"),
        ("email", "all together", "4", "", ""),
    ]


def test_messages_that_no_limit_binds_are_not_limited() -> None:
    free = campaign(
        actions="send email welcome { transactional yes }\n    send email tips", clauses="limit 1 email per year"
    )
    assert [(load.messages, load.let_through) for load in load_of(free)] == [(2, None)]
