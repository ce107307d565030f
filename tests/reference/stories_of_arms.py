"""Stories of splits and holdouts, worked out by hand.

Places come from the documented hash, as a share of the whole: `sha256sum` and a calculator give, for `ada`, 65.33 in
`tale.offer`, 13.98 in `tale.subject`, 25.07 in `tale.colour`, 34.10 in `tale.shade` and 75.35 in `tale.holdout`.
"""

from tests.reference.telling import Story

OFFER = "split offer {{ 60% plain {{ {plain} }}\n 40% bold {{ {bold} }} }}"


def tale(plain: str = "", bold: str = "", ways: str = "after 9 days -> z", more: str = "") -> str:
    """Stage `a` with the split `offer`, in whose second arm Ada is."""
    return f"enter on signup{more}\n stage a {{ {OFFER.format(plain=plain, bold=bold)}\n {ways} }}\n final z"


TRIAL = 'plan == "trial"'
WHEN_TRIAL = f"when {TRIAL} -> c"
SIGNUP = "03-02 10:00 signup\n"
IN = "03-02 10:00 -> a"
BOLD = "03-02 10:00 offer: bold"

ACTING = [
    Story(
        "an arm's actions happen to who is in it",
        tale("send email welcome", "send email tips"),
        SIGNUP,
        [IN, "03-02 10:00 email tips", BOLD, "03-11 10:00 a -> z"],
    ),
    Story(
        "the arm's actions stand in the split's place",
        "enter on signup\n stage a { set score = 1\n split offer { 60% plain\n 40% bold { set score = score + 5 } }\n"
        " set score = score * 2\n when score == 12 -> z\n after 9 days -> z }\n final z",
        SIGNUP,
        [IN, "03-02 10:00 a -> z", BOLD],
    ),
    Story(
        "two splits are drawn apart from each other",
        "enter on signup\n stage a { split subject { 20% short { send email tips }\n 80% long }\n"
        " split offer { 60% plain\n 40% bold { send email offer } }\n after 9 days -> z }\n final z",
        SIGNUP,
        [
            IN, "03-02 10:00 email offer", "03-02 10:00 email tips", BOLD, "03-02 10:00 subject: short",
            "03-11 10:00 a -> z",
        ],
    ),
    Story(
        "three arms",
        "enter on signup\n stage a { split colour { 25% red\n 0.1% green { send email tips }\n 74.9% blue }\n"
        " after 9 days -> z }\n final z",
        SIGNUP,
        [IN, "03-02 10:00 email tips", "03-02 10:00 colour: green", "03-11 10:00 a -> z"],
    ),
    Story(
        "a contact who comes back is in the same arm, since the first time",
        tale("", "send email tips", more=", every time"),
        SIGNUP + "03-20 10:00 signup",
        [
            IN, "03-02 10:00 email tips", BOLD, "03-11 10:00 a -> z", "#2 03-20 10:00 -> a",
            "#2 03-20 10:00 email tips", "#2 03-29 10:00 a -> z",
        ],
    ),
    Story(
        "of two journeys the first in time meets the split, however many stages came before",
        "enter on ping per n\n stage s { on signup -> t\n after 3 days -> a }\n stage t { after 1 hour -> a }\n"
        f" stage a {{ {OFFER.format(plain='', bold='')}\n after 9 days -> z }}\n final z",
        "03-02 10:00 ping n=2\n03-02 11:00 signup\n03-02 12:30 ping n=1",
        [
            "2 03-02 10:00 -> s", "2 03-02 11:00 s -> t", "2 03-02 12:00 t -> a", "03-02 12:00 offer: bold",
            "1 03-02 12:30 -> s", "1 03-05 12:30 s -> a", "2 03-11 12:00 a -> z", "1 03-14 12:30 a -> z",
        ],
        looks=("03-01 00:00",),  # and at the end, when all of it has happened
    ),
]  # fmt: skip

WAYS_OUT = [
    Story(
        "an arm's ways out are for who is in it",
        tale("on ping -> z", "after 2 days -> z"),
        SIGNUP + "03-03 10:00 ping",
        [IN, BOLD, "03-04 10:00 a -> z"],
    ),
    Story(
        "who is in the other arm goes by what stands outside",
        tale("after 2 days -> z", ""),
        SIGNUP,
        [IN, BOLD, "03-11 10:00 a -> z"],
    ),
    Story(
        "at one moment the file's order decides: the arm stands first",
        f"enter on signup\n stage a {{ {OFFER.format(plain='', bold='on ping -> c')}\n on ping -> b\n"
        " after 9 days -> b }\n final b\n final c",
        SIGNUP + "03-03 10:00 ping",
        [IN, BOLD, "03-03 10:00 a -> c"],
    ),
    Story(
        "at one moment the file's order decides: the arm stands last",
        f"enter on signup\n stage a {{ on ping if {TRIAL} -> b\n {OFFER.format(plain='', bold='on ping -> c')}\n"
        " after 9 days -> b }\n final b\n final c",
        SIGNUP + "03-03 10:00 ping",
        [IN, BOLD, "03-03 10:00 a -> b"],
    ),
    Story(
        "`else` does not hold where a `when` of the own arm does",
        f"enter on signup\n stage a {{ {OFFER.format(plain='', bold=WHEN_TRIAL)}\n"
        " when score > 100 -> b\n else -> b }\n final b\n final c",
        SIGNUP,
        [IN, "03-02 10:00 a -> c", BOLD],
    ),
    Story(
        "`else` holds where only a `when` of another arm would",
        f"enter on signup\n stage a {{ {OFFER.format(plain=WHEN_TRIAL, bold='')}\n"
        " when score > 100 -> b\n else -> b }\n final b\n final c",
        SIGNUP,
        [IN, "03-02 10:00 a -> b", BOLD],
    ),
]

DECIDING = [
    Story(
        "nothing is decided while one arm is empty",
        "enter on signup\n stage a { split offer { 60% plain\n 40% bold\n measure ping within 1 day\n"
        " decide at 95% after 2 days }\n after 9 days -> z }\n final z",
        SIGNUP + "03-02 12:00 ping",
        [IN, BOLD, "03-11 10:00 a -> z"],
    ),
]

HOLDOUT = [
    Story(
        "who is held out enters, and that is all",
        "holdout 80%\n enter on signup\n stage a { send email welcome\n after 1 day -> z }\n final z",
        SIGNUP,
        ["03-02 10:00 -> out", "03-02 10:00 holdout: yes"],
    ),
    Story(
        "who is not held out walks",
        "holdout 75%\n enter on signup\n stage a { after 1 day -> z }\n final z",
        SIGNUP,
        [IN, "03-02 10:00 holdout: no", "03-03 10:00 a -> z"],
    ),
    Story(
        "who is held out converts, and the arrow moves nobody",
        "holdout 80%\n enter on signup\n convert on purchase within 3 days worth amount -> z\n"
        " stage a { after 1 day -> z }\n final z",
        SIGNUP + "03-03 10:00 purchase amount=5\n03-04 10:00 purchase amount=7",
        ["03-02 10:00 -> out", "03-02 10:00 holdout: yes", "03-03 10:00 conversion worth 500"],
    ),
    Story(
        "after the window nobody converts, held out or not",
        "holdout 80%\n enter on signup\n convert on purchase within 3 days\n stage a { after 1 day -> z }\n final z",
        SIGNUP + "03-06 10:00 purchase amount=5",
        ["03-02 10:00 -> out", "03-02 10:00 holdout: yes"],
    ),
    Story(
        "who is held out stays so at every entry",
        "holdout 80%\n enter on signup, again after 5 days\n stage a { after 1 day -> z }\n final z",
        SIGNUP + "03-04 10:00 signup\n03-08 10:00 signup",
        ["03-02 10:00 -> out", "03-02 10:00 holdout: yes", "#2 03-08 10:00 -> out"],
    ),
    Story(
        "others hear that who is held out entered, and never that they left",
        "enter on entered first, every time\n stage a { on left first -> y\n after 2 days -> z }\n final y\n final z",
        SIGNUP,
        [
            "first 03-02 10:00 -> out", "tale 03-02 10:00 -> a", "first 03-02 10:00 holdout: yes",
            "tale 03-04 10:00 a -> z",
        ],
        {
            "before": 'campaign first { audience plan == "trial"\n holdout 99%\n enter on signup\n'
            " leave on unsubscribed\n stage a { after 1 day -> z }\n final z }\n"
        },
    ),
]  # fmt: skip

STORIES = [*ACTING, *WAYS_OUT, *DECIDING, *HOLDOUT]
