"""Stories of posts: what is to nobody in particular is the campaign's, and is made once."""

from tests.reference.telling import Story

SIGNUP = "03-02 10:00 signup\n"
IN = "03-02 10:00 -> a"

STORIES = [
    Story(
        "who comes a second time causes no second post",
        "enter on signup, every time\n stage a { send wall welcome\n after 1 day -> z }\n final z",
        SIGNUP + "03-10 10:00 signup",
        [
            IN, "03-02 10:00 wall welcome", "03-03 10:00 a -> z", "#2 03-10 10:00 -> a", "#2 03-11 10:00 a -> z",
        ],
    ),
    Story(
        "one message at two places is one post",
        "enter on signup\n stage a { send wall welcome at 12:00\n after 1 day -> z }\n final z { send wall welcome }",
        SIGNUP,
        [IN, "03-02 12:00 wall welcome", "03-03 10:00 a -> z"],
    ),
    Story(
        "the place that comes first in time counts, not the one that is written first",
        "enter on signup\n stage a { send wall welcome in 3 days\n after 1 day -> z }\n final z { send wall welcome }",
        SIGNUP,
        [IN, "03-03 10:00 a -> z", "03-03 10:00 wall welcome"],
    ),
    Story(
        "each occurrence has its own",
        "runs 2026-03-01 to 2026-04-30\n enter every month on 3 at 09:00, every time\n"
        " stage a { after 1 day -> z }\n final z { send wall tips in 1 hour }",
        "",
        [
            "03-03 09:00 -> a", "03-04 09:00 a -> z", "2026-03-03 03-04 10:00 wall tips", "#2 04-03 09:00 -> a",
            "#2 04-04 09:00 a -> z", "2026-04-03 04-04 10:00 wall tips",
        ],
    ),
    Story(
        "its time is the campaign's, whoever causes it",
        "timezone contact\n enter on signup\n stage a { send wall welcome at 09:00\n after 1 day -> z }\n final z",
        SIGNUP,
        [IN, "03-03 09:00 wall welcome", "03-03 10:00 a -> z"],
        {"ada": "plan=trial timezone=Asia/Kathmandu"},
    ),
    Story(
        "leaving cancels no post",
        "enter on signup\n leave on ping\n stage a { send wall welcome in 1 day\n send email tips in 1 day\n"
        " after 9 days -> z }\n final z",
        SIGNUP + "03-02 12:00 ping",
        [IN, "03-02 12:00 a -> out", "03-03 10:00 wall welcome", "03-03 10:00 email tips, cancelled"],
    ),
    Story(
        "no limit, no quiet hour, no consent and no suppression of a person binds it",
        "limit 1 message per week\n quiet 00:00 to 23:59\n purpose newsletter\n enter on signup\n"
        " stage a { send wall welcome\n send wall tips\n after 1 day -> z }\n final z",
        "03-01 10:00 suppressed\n" + SIGNUP,
        [IN, "03-02 10:00 wall tips", "03-02 10:00 wall welcome", "03-03 10:00 a -> z"],
        {},
        ("03-02 10:00",),
    ),
]  # fmt: skip
