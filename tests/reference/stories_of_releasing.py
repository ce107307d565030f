"""Stories of messages that wait, are skipped or expire: each expectation worked out by hand.

Channels take at each look what may go out then, so a story names the moments at which the engine looks.
"""

from tests.reference.telling import Story

SIGNUP = "03-02 10:00 signup\n"
IN = "03-02 10:00 -> a"
ZONED = {"ada": "plan=trial timezone=America/New_York"}


def tale(clauses: str, *sends: str, ways: str = "after 20 days -> z") -> str:
    return f"{clauses}\n enter on signup\n stage a {{ " + "\n ".join([*sends, ways]) + " }\n final z"


def twice(clauses: str, first: str, second: str, after: str) -> str:
    """One message on entry, another a while later."""
    return (
        f"{clauses}\n enter on signup\n stage a {{ {first}\n after {after} -> b }}\n"
        f" stage b {{ {second}\n after 20 days -> z }}\n final z"
    )


SENDING = [
    Story(
        "a message is handed over at the first look at which it is due",
        tale("", "send email tips in 2 hours"),
        SIGNUP,
        [IN, "03-02 12:00 email tips, sent 03-02 13:00", "03-22 10:00 a -> z"],
        looks=("03-02 10:00", "03-02 11:59", "03-02 13:00"),
    ),
    Story(
        "a message that has expired is not sent",
        tale("", "send email tips { expires 2 hours }"),
        SIGNUP,
        [IN, "03-02 10:00 email tips until 03-02 12:00, expired 03-02 12:00", "03-22 10:00 a -> z"],
        looks=("03-02 09:00", "03-02 12:00"),
    ),
    Story(
        "what has been sent is not cancelled, what waits is",
        "enter on signup\n leave on ping\n stage a { send email welcome\n send email tips in 3 days\n"
        " after 20 days -> z }\n final z",
        SIGNUP + "03-03 10:00 ping",
        [
            IN, "03-02 10:00 email welcome, sent", "03-03 10:00 a -> out",
            "03-05 10:00 email tips, cancelled 03-03 10:00",
        ],
        looks=("03-02 10:00", "03-03 10:00"),
    ),
]  # fmt: skip

LIMITS = [
    Story(
        "the second of a day waits until a day after the first was sent",
        tale("limit 1 email per day", "send email welcome", "send email tips { expires 3 days }"),
        SIGNUP,
        [
            IN, "03-02 10:00 email tips until 03-05 10:00, sent 03-03 11:30",
            "03-02 10:00 email welcome, sent 03-02 11:00", "03-22 10:00 a -> z",
        ],
        looks=("03-02 11:00", "03-03 10:59", "03-03 11:30"),
    ),
    Story(
        "a day of a limit is a calendar day: noon to noon at a clock change",
        "limit 1 email per day\n enter on signup\n stage a { send email welcome\n send email tips { expires 3 days }\n"
        " after 20 days -> z }\n final z",
        "03-28 12:00 signup",
        [
            "03-28 12:00 -> a", "03-28 12:00 email tips until 03-31 12:00, sent 03-29 12:00",
            "03-28 12:00 email welcome, sent", "04-17 12:00 a -> z",
        ],
        looks=("03-28 12:00", "03-29 11:59", "03-29 12:00"),
    ),
    Story(
        "a limit of one channel leaves the others alone",
        tale("limit 1 email per day", "send email welcome", "send sms tips"),
        SIGNUP,
        [IN, "03-02 10:00 email welcome, sent", "03-02 10:00 sms tips, sent", "03-22 10:00 a -> z"],
        looks=("03-02 10:00",),
    ),
    Story(
        "a limit of messages counts all channels",
        tale("limit 1 message per day", "send email welcome", "send sms tips { expires 2 days }"),
        SIGNUP,
        [
            IN, "03-02 10:00 email welcome, sent", "03-02 10:00 sms tips until 03-04 10:00, sent 03-03 10:00",
            "03-22 10:00 a -> z",
        ],
        looks=("03-02 10:00", "03-03 09:59", "03-03 10:00"),
    ),
    Story(
        "what waits too long expires, and says so",
        tale("limit 1 email per week", "send email welcome", "send email tips { expires 1 day }"),
        SIGNUP,
        [
            IN, "03-02 10:00 email tips, expired 03-03 10:00", "03-02 10:00 email welcome, sent", "03-22 10:00 a -> z",
        ],
        looks=("03-02 10:00", "03-03 10:00"),
    ),
    Story(
        "`or skip` skips by the times planned",
        twice("limit 1 email per day or skip", "send email welcome", "send email tips", "20 hours"),
        SIGNUP,
        [
            IN, "03-02 10:00 email welcome, sent", "03-03 06:00 a -> b", "03-03 06:00 email tips, skipped: limit",
            "03-23 06:00 b -> z",
        ],
        looks=("03-02 10:00", "03-03 06:00"),
    ),
    Story(
        "`or skip` does not skip what was planned a whole window later; but where the first went late, it waits",
        twice("limit 1 email per day or skip", "send email welcome", "send email tips", "1 day"),
        SIGNUP,
        [
            IN, "03-02 10:00 email welcome, sent 03-02 12:00", "03-03 10:00 a -> b",
            "03-03 10:00 email tips until 03-04 12:00, sent 03-03 12:00", "03-23 10:00 b -> z",
        ],
        looks=("03-02 12:00", "03-03 10:00", "03-03 12:00"),
    ),
    Story(
        "a transactional message obeys no limit and is not counted by any",
        tale("limit 1 email per day", "send email receipt", "send email welcome", "send email receipt in 1 hour"),
        SIGNUP,
        [
            IN, "03-02 10:00 email receipt, sent", "03-02 10:00 email welcome, sent", "03-02 11:00 email receipt, sent",
            "03-22 10:00 a -> z",
        ],
        looks=("03-02 10:00", "03-02 11:00"),
    ),
    Story(
        "a limit counts what other campaigns send, and who has priority goes first",
        tale("limit 1 email per day\n priority 5", "send email welcome"),
        SIGNUP,
        [
            "first 03-02 10:00 -> a", "tale 03-02 10:00 -> a",
            "first 03-02 10:00 email tips until 03-04 10:00, sent 03-03 10:00",
            "tale 03-02 10:00 email welcome, sent", "first 03-22 10:00 a -> z", "tale 03-22 10:00 a -> z",
        ],
        {
            "before": 'campaign first { audience plan == "trial"\n limit 1 email per day\n enter on signup\n'
            " stage a { send email tips\n after 20 days -> z }\n final z }\n"
        },
        looks=("03-02 10:00", "03-03 10:00"),
    ),
]  # fmt: skip

QUIET = [
    Story(
        "in quiet hours a message waits until their end",
        tale("quiet 21:00 to 08:00", "send email welcome"),
        "03-02 22:00 signup",
        ["03-02 22:00 -> a", "03-02 22:00 email welcome until 03-04 08:00, sent 03-03 08:00", "03-22 22:00 a -> z"],
        looks=("03-02 22:00", "03-03 07:59", "03-03 08:00"),
    ),
    Story(
        "the first moment of quiet is quiet, the last is not",
        tale("quiet 12:00 to 13:00", "send email welcome"),
        "03-02 12:00 signup",
        ["03-02 12:00 -> a", "03-02 12:00 email welcome until 03-03 13:00, sent 03-02 13:00", "03-22 12:00 a -> z"],
        looks=("03-02 12:00", "03-02 13:00"),
    ),
    Story(
        "quiet is by the contact's own clock: 22:00 in Berlin is 16:00 in New York",
        tale("quiet 21:00 to 08:00", "send email welcome"),
        "03-02 22:00 signup",
        ["03-02 22:00 -> a", "03-02 22:00 email welcome, sent", "03-22 22:00 a -> z"],
        ZONED,
        looks=("03-02 22:00",),
    ),
    Story(
        "and 10:00 in Berlin is 04:00 in New York",
        tale("quiet 21:00 to 08:00", "send email welcome"),
        SIGNUP,
        [IN, "03-02 10:00 email welcome until 03-03 14:00, sent 03-02 14:00", "03-22 10:00 a -> z"],
        ZONED,
        looks=("03-02 10:00", "03-02 13:59", "03-02 14:00"),
    ),
    Story(
        "quiet until a time that is missing ends after the gap",
        "quiet 21:00 to 02:30\n enter on signup\n stage a { send email welcome\n after 20 days -> z }\n final z",
        "03-28 23:00 signup",
        ["03-28 23:00 -> a", "03-28 23:00 email welcome until 03-30 03:00, sent 03-29 03:00", "04-17 23:00 a -> z"],
        looks=("03-28 23:00", "03-29 01:59", "03-29 03:00"),
    ),
    Story(
        "a transactional message knows no quiet",
        tale("quiet 21:00 to 08:00", "send email receipt"),
        "03-02 22:00 signup",
        ["03-02 22:00 -> a", "03-02 22:00 email receipt, sent", "03-22 22:00 a -> z"],
        looks=("03-02 22:00",),
    ),
    Story(
        "what waits for the morning may expire in the night",
        tale("quiet 21:00 to 08:00", "send email welcome { expires 2 hours }"),
        "03-02 22:00 signup",
        [
            "03-02 22:00 -> a", "03-02 22:00 email welcome until 03-03 00:00, expired 03-03 00:00",
            "03-22 22:00 a -> z",
        ],
        looks=("03-02 22:00", "03-03 00:00"),
    ),
]  # fmt: skip

CONSENT = [
    Story(
        "without a word about a purpose that needs none, a message goes",
        tale("", "send email welcome"),
        SIGNUP,
        [IN, "03-02 10:00 email welcome, sent", "03-22 10:00 a -> z"],
        looks=("03-02 10:00",),
    ),
    Story(
        "a purpose that needs an opt-in",
        tale("", "send email news"),
        SIGNUP,
        [IN, "03-02 10:00 email news, skipped: consent", "03-22 10:00 a -> z"],
        looks=("03-02 10:00",),
    ),
    Story(
        "an opt-in for this purpose",
        tale("", "send email news"),
        "03-01 10:00 consents channel=email purpose=newsletter\n" + SIGNUP,
        [IN, "03-02 10:00 email news, sent", "03-22 10:00 a -> z"],
        looks=("03-02 10:00",),
    ),
    Story(
        "an opt-in for another channel does not count",
        tale("", "send email news"),
        "03-01 10:00 consents channel=sms purpose=newsletter\n" + SIGNUP,
        [IN, "03-02 10:00 email news, skipped: consent", "03-22 10:00 a -> z"],
        looks=("03-02 10:00",),
    ),
    Story(
        "the purpose of the campaign, where the message says none",
        tale("purpose newsletter", "send email welcome", "send email receipt"),
        SIGNUP,
        [
            IN, "03-02 10:00 email receipt, sent", "03-02 10:00 email welcome, skipped: consent", "03-22 10:00 a -> z",
        ],
        looks=("03-02 10:00",),
    ),
    Story(
        "the latest word counts, and about everything is about this too",
        twice("", "send email news", "send email news", "2 days"),
        "03-01 10:00 consents purpose=newsletter\n" + SIGNUP + "03-03 10:00 withdraws channel=email",
        [
            IN, "03-02 10:00 email news, sent", "03-04 10:00 a -> b", "03-04 10:00 email news, skipped: consent",
            "03-24 10:00 b -> z",
        ],
        looks=("03-02 10:00", "03-04 10:00"),
    ),
    Story(
        "withdrawn also stops what was planned before",
        tale("", "send email tips in 3 days"),
        SIGNUP + "03-04 10:00 withdraws",
        [IN, "03-05 10:00 email tips, skipped: consent", "03-22 10:00 a -> z"],
        looks=("03-02 10:00", "03-05 10:00"),
    ),
    Story(
        "a suppressed channel gets nothing, whatever was said",
        tale("", "send email welcome", "send sms welcome"),
        "03-01 10:00 consents\n03-01 11:00 suppressed channel=email\n" + SIGNUP,
        [
            IN, "03-02 10:00 email welcome, skipped: suppressed", "03-02 10:00 sms welcome, sent", "03-22 10:00 a -> z",
        ],
        looks=("03-02 10:00",),
    ),
    Story(
        "a transactional message needs consent like others",
        tale("", "send email receipt"),
        "03-01 10:00 withdraws purpose=orders\n" + SIGNUP,
        [IN, "03-02 10:00 email receipt, skipped: consent", "03-22 10:00 a -> z"],
        looks=("03-02 10:00",),
    ),
]  # fmt: skip

BUDGETS = [
    Story(
        "what would exceed the budget waits, and expires",
        "budget 0.20 EUR\n enter on signup\n stage a { send sms welcome\n send sms tips\n send sms offer in 1 hour\n"
        " after 20 days -> z }\n final z",
        SIGNUP,
        [
            IN, "03-02 10:00 sms tips, sent", "03-02 10:00 sms welcome, sent",
            "03-02 11:00 sms offer, expired 03-03 11:00", "03-22 10:00 a -> z",
        ],
        looks=("03-02 10:00", "03-02 11:00", "03-03 11:00"),
    ),
    Story(
        "what waits says for what",
        tale("budget 0 EUR", "send sms tips { expires 3 months }"),
        SIGNUP,
        [IN, "03-02 10:00 sms tips until 06-02 10:00, waits: budget", "03-22 10:00 a -> z"],
        looks=("03-02 10:00", "03-02 11:00"),
    ),
]  # fmt: skip

STORIES = [*SENDING, *LIMITS, *QUIET, *CONSENT, *BUDGETS]
