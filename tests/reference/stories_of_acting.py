"""Stories of what stages do, of conversions, and of campaigns that hear of each other, worked out by hand."""

from tests.reference.telling import Story

SIGNUP = "03-02 10:00 signup\n"
IN = "03-02 10:00 -> a"
ENTER = "enter on signup\n"


ACTING = [
    Story(
        "send: at the entry, in the order written",
        ENTER + "stage a { send email tips\n send email welcome\n after 1 day -> z }\n final z",
        SIGNUP,
        [IN, "03-02 10:00 email tips", "03-02 10:00 email welcome", "03-03 10:00 a -> z"],
    ),
    Story(
        "send at: this moment included",
        ENTER + "stage a { send email tips at 10:00\n send email welcome at 09:59\n after 1 hour -> z }\n final z",
        SIGNUP,
        [IN, "03-02 10:00 email tips", "03-02 11:00 a -> z", "03-03 09:59 email welcome"],
    ),
    Story(
        "send on a weekday",
        ENTER
        + "stage a { send email tips on monday at 10:00\n send email welcome on sunday at 10:00\n"
        + "after 1 hour -> z }\n final z",
        SIGNUP,
        [IN, "03-02 10:00 email tips", "03-02 11:00 a -> z", "03-08 10:00 email welcome"],
    ),
    Story(
        "send in",
        ENTER + "stage a { send email tips in 2 hours 30 minutes\n after 1 hour -> z }\n final z",
        SIGNUP,
        [IN, "03-02 11:00 a -> z", "03-02 12:30 email tips"],
    ),
    Story(
        "send expires",
        ENTER + "stage a { send email tips { expires 2 hours } at 12:00\n after 1 hour -> z }\n final z",
        SIGNUP,
        [IN, "03-02 11:00 a -> z", "03-02 12:00 email tips until 03-02 14:00"],
    ),
    Story(
        "a final stage acts too, and cancels nothing",
        ENTER + "stage a { send email tips in 3 days\n after 1 hour -> z }\n final z { send email welcome }",
        SIGNUP,
        [IN, "03-02 11:00 a -> z", "03-02 11:00 email welcome", "03-05 10:00 email tips"],
    ),
    Story(
        "leaving cancels what was planned",
        ENTER + "leave on ping\n stage a { send email tips in 3 days\n after 9 days -> z }\n final z",
        SIGNUP + "03-03 10:00 ping",
        [IN, "03-03 10:00 a -> out", "03-05 10:00 email tips, cancelled"],
    ),
    Story(
        "send at in the contact's zone",
        "timezone contact\n" + ENTER + "stage a { send email tips at 09:00\n after 1 day -> z }\n final z",
        SIGNUP,
        [IN, "03-02 15:00 email tips", "03-03 10:00 a -> z"],
        {"ada": "plan=pro timezone=America/New_York"},
    ),
    Story(
        "set: the next stage sees it",
        ENTER
        + "stage a { set score = score + 5\n after 1 day if score == 7 -> z\n after 1 day -> y }\n final y\n final z",
        SIGNUP,
        [IN, "03-03 10:00 a -> z"],
        {"ada": "plan=pro score=2"},
    ),
    Story(
        "set: in the order written, history as of the move",
        ENTER
        + "stage a { set score = count(ping)\n set age = 4\n"
        + "after 1 hour if score == 1 and age == 4 -> z\n after 1 hour -> y }\n final y\n final z",
        "03-01 10:00 ping\n" + SIGNUP + "03-02 10:30 ping",
        [IN, "03-02 11:00 a -> z"],
        {},
        ("04-01 00:00",),
    ),
    Story(
        "set: a when that it makes true holds from then on",
        ENTER
        + "stage a { after 1 day -> b }\n stage b { set score = 9\n when score > 5 -> z\n after 9 days -> y }\n"
        + "final y\n final z",
        SIGNUP,
        [IN, "03-03 10:00 a -> b", "03-03 10:00 b -> z"],
        {"ada": "plan=pro score=0"},
    ),
    Story(
        "set: what is missing empties what may be missing, and leaves the rest",
        ENTER
        + "stage a { set age = max(purchase.n)\n set score = avg(purchase.n)\n"
        + "after 1 hour if age is missing and score == 2 -> z\n after 1 hour -> y }\n final y\n final z",
        SIGNUP,
        [IN, "03-02 11:00 a -> z"],
        {"ada": "plan=pro score=2 age=3"},
    ),
    Story(
        "set: money without a fraction, halves away from zero",
        ENTER
        + "stage a { set balance = sum(purchase.amount) / 2\n"
        + "after 1 hour if balance == 5.02 EUR -> b\n after 1 hour -> y }\n"
        + "stage b { set balance = 0 EUR - sum(purchase.amount)\n set balance = balance / 2\n"
        + "after 1 hour if 0 EUR - balance == 5.02 EUR -> z\n after 1 hour -> y }\n final y\n final z",
        "03-01 10:00 purchase amount=10.03\n" + SIGNUP,
        [IN, "03-02 11:00 a -> b", "03-02 12:00 b -> z"],
    ),
    *(
        Story(
            f"set: {name} = {found}, {sign}beyond the largest",
            ENTER
            + f"stage a {{ set {name} = {found}\n set score = 0\n"
            + f"after 1 hour if {name} == {largest} -> z\n after 1 hour -> y }}\n final y\n final z",
            "".join(f"03-01 1{hour}:00 purchase amount={sign}10000000000000 n={sign}{2**62 - 1}\n" for hour in (0, 1))
            + SIGNUP,
            [IN, "03-02 11:00 a -> z"],
        )
        for sign in ("", "-")
        for name, found, largest in (
            ("age", "sum(purchase.n)", "max(purchase.n)"),
            ("age", "sum(purchase.n) * 4", "max(purchase.n)"),
            ("balance", "sum(purchase.amount)", "max(purchase.amount)"),
            ("balance", "avg(purchase.amount) * 1.5", "max(purchase.amount)"),
        )
    ),
    Story(
        "emit and worth: what is beyond the largest is told as the largest",
        ENTER
        + "convert on purchase within 1 day worth "
        + " * ".join(["n"] * 9)
        + "\n stage a { emit praised { points score * score }\n"
        + "after 1 hour if sum(praised.points) == score -> z\n after 1 hour -> y }\n final y\n final z",
        SIGNUP + "03-02 10:30 purchase amount=1 n=4000000000000000000",
        [IN, f"03-02 10:30 conversion worth {1e150}", "03-02 11:00 a -> z"],
        {"ada": "plan=pro score=1e150"},
    ),
]


WINDOW = (
    ENTER
    + "convert on purchase where amount > 10 EUR within 5 days worth amount\n stage a { after 1 day -> z }\n final z"
)
OF_PRO = (
    ENTER
    + 'convert on purchase where contact.plan == "pro" within 5 days worth amount\n'
    + "convert pinged on ping where n == 9 within 5 days\n stage a { after 1 day -> z }\n final z"
)
ARROW = (
    ENTER
    + "convert on purchase within 5 days -> z\n leave on ping\n"
    + "stage a { after 1 day -> b }\n stage b { after 9 days -> y }\n final y\n final z"
)


CONVERTING = [
    Story(
        "counted after a final stage, the end of the window included",
        WINDOW,
        SIGNUP + "03-07 10:00 purchase amount=20",
        [IN, "03-03 10:00 a -> z", "03-07 10:00 conversion worth 2000"],
    ),
    Story("not after the window", WINDOW, SIGNUP + "03-07 10:01 purchase amount=20", [IN, "03-03 10:00 a -> z"]),
    Story(
        "not what happened at the entry or before",
        WINDOW.replace("enter on signup", "enter on purchase"),
        "03-02 10:00 purchase amount=20\n03-02 11:00 purchase amount=30",
        [IN, "03-02 11:00 conversion worth 3000", "03-03 10:00 a -> z"],
    ),
    Story(
        "once for an entry, the first that fits",
        WINDOW,
        SIGNUP + "03-02 11:00 purchase amount=10\n03-02 12:00 purchase amount=20\n03-02 13:00 purchase amount=30",
        [IN, "03-02 12:00 conversion worth 2000", "03-03 10:00 a -> z"],
    ),
    Story(
        "once for each entry",
        WINDOW.replace("signup", "signup, every time"),
        SIGNUP + "03-04 10:00 signup\n03-04 11:00 purchase amount=30",
        [
            IN,
            "03-03 10:00 a -> z",
            "#2 03-04 10:00 -> a",
            "03-04 11:00 conversion worth 3000",
            "#2 03-04 11:00 conversion worth 3000",
            "#2 03-05 10:00 a -> z",
        ],
    ),
    Story(
        "a late event that is earlier is not counted anew",
        WINDOW,
        SIGNUP + "03-02 12:00 purchase amount=20\n03-02 11:00 purchase amount=30 [learned 03-02 13:00]",
        [IN, "03-02 12:00 conversion worth 2000", "03-03 10:00 a -> z"],
    ),
    Story(
        "an event that did not count does not count for a field that changed later; the next one may",
        OF_PRO,
        SIGNUP + "03-02 11:00 purchase amount=20\n03-02 12:00 set plan=pro\n03-02 13:00 ping\n"
        "03-02 14:00 purchase amount=30",
        [IN, "03-02 14:00 conversion worth 3000", "03-03 10:00 a -> z"],
    ),
    Story(
        "whose entry is learned of late has what happened since counted, by the fields of now",
        OF_PRO,
        "03-02 10:00 signup [learned 03-02 13:00]\n03-02 11:00 purchase amount=20\n03-02 12:00 set plan=pro",
        [IN, "03-02 11:00 conversion worth 2000", "03-03 10:00 a -> z"],
    ),
    Story(
        "an event known before its time is asked about at its time",
        OF_PRO,
        SIGNUP + "03-03 11:00 purchase amount=20 [learned 03-02 11:00]\n03-02 12:00 set plan=pro",
        [IN, "03-03 10:00 a -> z", "03-03 11:00 conversion worth 2000"],
    ),
    Story(
        "an arrow moves",
        ARROW,
        SIGNUP + "03-02 12:00 purchase amount=20",
        [IN, "03-02 12:00 a -> z", "03-02 12:00 conversion"],
    ),
    Story(
        "an arrow moves nobody who has left, and the conversion counts",
        ARROW,
        SIGNUP + "03-02 11:00 ping\n03-02 12:00 purchase amount=20",
        [IN, "03-02 11:00 a -> out", "03-02 12:00 conversion"],
    ),
    Story(
        "an arrow does not act for an event older than the stage",
        ARROW,
        SIGNUP + "03-02 12:00 purchase amount=20 [learned 03-04 00:00]",
        [IN, "03-02 12:00 conversion", "03-03 10:00 a -> b", "03-12 10:00 b -> y"],
    ),
    Story(
        "an arrow acts only with the counted conversion",
        ARROW.replace("1 day -> b", "1 day -> b\n on purchase -> b"),
        SIGNUP + "03-03 12:00 purchase amount=2\n03-03 13:00 purchase amount=20",
        [IN, "03-03 10:00 a -> b", "03-03 12:00 b -> z", "03-03 12:00 conversion"],
    ),
    Story(
        "two conversions of one campaign",
        ENTER
        + "convert on purchase within 5 days\n convert active on ping within 1 day worth 3\n"
        + "stage a { after 1 day -> z }\n final z",
        SIGNUP + "03-02 11:00 ping\n03-02 12:00 purchase",
        [IN, "03-02 11:00 active worth 3", "03-02 12:00 conversion", "03-03 10:00 a -> z"],
    ),
]


def other(body: str) -> str:
    return 'campaign other {\n audience plan == "trial"\n' + body + "\n}\n"


CAMPAIGNS_THAT_HEAR_OF_EACH_OTHER = [
    Story(
        "emit: another campaign hears it",
        "enter on praised\n stage a { after 1 day if last(praised) == 2026-03-02 11:00 -> z\n "
        "after 1 day -> y }\n final y\n final z",
        SIGNUP,
        ["other 03-02 10:00 -> x", "other 03-02 11:00 x -> w", "tale 03-02 11:00 -> a", "tale 03-03 11:00 a -> z"],
        {
            "before": other(
                "enter on signup\n stage x { after 1 hour -> w }\n final w { emit praised { points score + 1 } }"
            )
        },
    ),
    Story(
        "emit: the fields are those of the moment",
        "enter on praised where points == 3\n stage a { after 1 day -> z }\n final z",
        SIGNUP,
        ["other 03-02 10:00 -> x", "tale 03-02 10:00 -> a", "other 03-02 11:00 x -> w", "tale 03-03 10:00 a -> z"],
        {
            "before": other(
                "enter on signup\n stage x { emit praised { points score + 1 }\n after 1 hour -> w }\n final w"
            ),
            "ada": "plan=trial score=2",
        },
    ),
    Story(
        "entered, left and converted of a campaign",
        "enter on entered other\n stage a { on converted other -> b\n after 9 days -> z }\n "
        "stage b { on left other -> z\n after 9 days -> y }\n final y\n final z",
        SIGNUP + "03-02 11:00 purchase amount=1\n03-02 12:00 ping",
        [
            "other 03-02 10:00 -> x",
            "tale 03-02 10:00 -> a",
            "tale 03-02 11:00 a -> b",
            "other 03-02 11:00 conversion",
            "other 03-02 12:00 x -> out",
            "tale 03-02 12:00 b -> z",
        ],
        {
            "before": other(
                "enter on signup\n leave on ping\n convert on purchase within 5 days\n"
                "stage x { after 5 days -> w }\n final w"
            )
        },
    ),
    Story(
        "a campaign that is heard comes first, wherever it stands",
        "enter on entered later_one\n stage a { after 1 day -> z }\n final z",
        SIGNUP,
        [
            "later_one 03-02 10:00 -> x",
            "tale 03-02 10:00 -> a",
            "later_one 03-02 11:00 x -> w",
            "tale 03-03 10:00 a -> z",
        ],
        {
            "before": other("enter on signup\n stage x { after 1 hour -> w }\n final w").replace("other", "later_one"),
        },
        ("03-05 00:00",),
    ),
]

STORIES = [*ACTING, *CONVERTING, *CAMPAIGNS_THAT_HEAR_OF_EACH_OTHER]
