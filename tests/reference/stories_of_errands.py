"""Stories of what is done outside, with the move that caused it: `notify`, `sync` and `do`."""

from tests.reference.telling import Story

SIGNUP = "03-02 10:00 signup\n"
IN = "03-02 10:00 -> a"

STORIES = [
    Story(
        "a stage notifies, syncs and does",
        'enter on signup\n stage a { notify sales "Call them"\n sync lookalike\n do coupon { value 5, note "hi" }\n'
        " after 1 day -> z }\n final z",
        SIGNUP,
        [
            IN, "03-02 10:00 do coupon note=hi value=5", "03-02 10:00 notify sales text=Call them",
            "03-02 10:00 sync lookalike", "03-03 10:00 a -> z",
        ],
    ),
    Story(
        "an option is worked out at the move",
        "enter on signup\n stage a { after 1 day -> z }\n final z { do coupon { value count(ping) + 1 } }",
        SIGNUP + "03-02 11:00 ping\n03-02 12:00 ping\n03-04 12:00 ping",
        [IN, "03-03 10:00 a -> z", "03-03 10:00 do coupon value=3"],
    ),
    Story(
        "an arm's own",
        'enter on signup\n stage a { split offer { 60% plain { notify sales "No" }\n'
        ' 40% bold { notify sales "Yes" } }\n'
        " after 1 day -> z }\n final z",
        SIGNUP,
        [IN, "03-02 10:00 offer: bold", "03-02 10:00 notify sales text=Yes", "03-03 10:00 a -> z"],
    ),
    Story(
        "once for each entry of the stage",
        "enter on signup, every time\n stage a { after 1 day -> z }\n final z { sync lookalike }",
        SIGNUP + "03-10 10:00 signup",
        [
            IN, "03-03 10:00 a -> z", "03-03 10:00 sync lookalike", "#2 03-10 10:00 -> a", "#2 03-11 10:00 a -> z",
            "#2 03-11 10:00 sync lookalike",
        ],
    ),
]  # fmt: skip
