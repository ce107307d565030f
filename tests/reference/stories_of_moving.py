"""Stories of ways out, and which of them wins: each expectation worked out by hand."""

from tests.reference.telling import Story


def tale(ways: str, enter: str = "enter on signup") -> str:
    """Stage `a` with these ways out, and `lost` after twenty days; `b` and `c` where they lead there."""
    stages = [f"stage a {{ {ways}\n after 20 days -> lost }}"]
    stages += ["stage b { after 20 days -> lost }"] if "-> b" in ways else []
    stages += ["final c"] if "-> c" in ways else []
    return "\n".join([enter, *stages, "final lost"])


SIGNUP = "03-02 10:00 signup\n"
IN = "03-02 10:00 -> a"


MOVING_BY_AN_EVENT = [
    Story(
        "an event moves at its own time",
        tale("on ping -> c"),
        SIGNUP + "03-02 12:34 ping",
        [IN, "03-02 12:34 a -> c"],
    ),
    Story(
        "the event must be about this message",
        tale("send email welcome\n on clicked welcome -> c"),
        SIGNUP + "03-02 11:00 clicked tips\n03-02 12:00 clicked welcome",
        [IN, "03-02 10:00 email welcome", "03-02 12:00 a -> c"],
    ),
    Story(
        "an event that is about anything",
        tale("send email welcome\n on clicked -> c"),
        SIGNUP + "03-02 11:00 clicked tips",
        [IN, "03-02 10:00 email welcome", "03-02 11:00 a -> c"],
    ),
    Story(
        "the event of an entry does not cause the next move",
        tale("on ping -> c", "enter on ping"),
        "03-02 10:00 ping",
        [IN, "03-22 10:00 a -> lost"],
    ),
    Story(
        "another event at the time of the entry, learned later, does",
        tale("on ping -> c", "enter on ping"),
        "03-02 10:00 ping\n03-02 10:00 ping",
        [IN, "03-02 10:00 a -> c"],
    ),
    Story(
        "an event at the moment of a timer's move counts in the new stage",
        "enter on signup\n stage a { after 1 day -> b }\n stage b { on ping -> c\n "
        "after 9 days -> lost }\n final c\n final lost",
        SIGNUP + "03-03 10:00 ping",
        [IN, "03-03 10:00 a -> b", "03-03 10:00 b -> c"],
    ),
    Story(
        "one event moves once",
        "enter on signup\n stage a { on ping -> b\n after 9 days -> lost }\n "
        "stage b { on ping -> c\n after 9 days -> lost }\n final c\n final lost",
        SIGNUP + "03-02 11:00 ping",
        [IN, "03-02 11:00 a -> b", "03-11 11:00 b -> lost"],
    ),
    Story(
        "a false where lets the next event try",
        tale("on ping where n > 5 -> c"),
        SIGNUP + "03-02 11:00 ping n=5\n03-02 12:00 ping\n03-02 13:00 ping n=6",
        [IN, "03-02 13:00 a -> c"],
    ),
    Story(
        "a false if lets the next way out try",
        tale("on ping if score > 5 -> c\n on ping -> b"),
        SIGNUP + "03-02 11:00 ping",
        [IN, "03-02 11:00 a -> b", "03-22 11:00 b -> lost"],
        {"ada": "plan=pro score=1"},
    ),
    Story(
        "contact.n is the contact's",
        tale("on purchase where contact.score == n -> c"),
        SIGNUP + "03-02 11:00 purchase n=7",
        [IN, "03-02 11:00 a -> c"],
        {"ada": "plan=pro score=7"},
    ),
    Story(
        "an if on an event is asked at that event, not when the field changes",
        tale("on ping if score > 5 -> c"),
        SIGNUP + "03-02 11:00 ping\n03-02 12:00 set score=9",
        [IN, "03-22 10:00 a -> lost"],
        {"ada": "plan=pro score=1"},
    ),
    Story(
        "an if on an event sees history as of the event",
        tale("on ping if not did purchase -> c"),
        SIGNUP + "03-02 11:00 ping\n03-02 12:00 purchase amount=1",
        [IN, "03-02 11:00 a -> c"],
        {"until": "03-05 00:00"},
        ("03-05 00:00",),
    ),
    Story(
        "a late event acts where the contact still is",
        tale("on ping -> c"),
        SIGNUP + "03-03 10:00 ping [learned 03-05 10:00]",
        [IN, "03-03 10:00 a -> c"],
    ),
    Story(
        "a late event older than the stage moves nobody",
        "enter on signup\n stage a { on ping -> c\n after 1 day -> b }\n "
        "stage b { on ping -> c\n after 20 days -> lost }\n final c\n final lost",
        SIGNUP + "03-03 09:00 ping [learned 03-05 10:00]",
        [IN, "03-03 10:00 a -> b", "03-23 10:00 b -> lost"],
    ),
    Story(
        "the same late event, where nobody looked in between, moves",
        "enter on signup\n stage a { on ping -> c\n after 1 day -> b }\n "
        "stage b { on ping -> c\n after 20 days -> lost }\n final c\n final lost",
        SIGNUP + "03-03 09:00 ping [learned 03-05 10:00]",
        [IN, "03-03 09:00 a -> c"],
        {},
        ("03-06 00:00",),
    ),
    Story(
        "an early event waits for its time",
        tale("on ping -> c"),
        SIGNUP + "03-05 10:00 ping [learned 03-02 11:00]",
        [IN, "03-05 10:00 a -> c"],
    ),
    Story(
        "events out of order: the earliest acts",
        tale("on purchase -> b\n on ping -> c"),
        SIGNUP + "03-02 12:00 purchase amount=1 [learned 03-02 13:00]\n03-02 11:00 ping [learned 03-02 13:00]",
        [IN, "03-02 11:00 a -> c"],
    ),
]


MOVING_BY_THE_CALENDAR = [
    Story(
        "after three days is three days after the entry",
        "enter on signup\n stage a { after 3 days -> c }\n final c",
        SIGNUP,
        [IN, "03-05 10:00 a -> c"],
    ),
    Story(
        "one day is a day of the calendar, 24 hours are not",
        "enter on signup\n stage a { after 1 day -> b }\n stage b { after 24 hours -> c }\n final c",
        "03-28 10:00 signup",
        ["03-28 10:00 -> a", "03-29 10:00 a -> b", "03-30 10:00 b -> c"],
    ),
    Story(
        "24 hours across the change",
        "enter on signup\n stage a { after 24 hours -> c }\n final c",
        "03-28 10:00 signup",
        ["03-28 10:00 -> a", "03-29 11:00 a -> c"],
    ),
    Story(
        "one month from the 31st",
        "enter on signup\n stage a { after 1 month -> c }\n final c",
        "03-31 10:00 signup",
        ["03-31 10:00 -> a", "04-30 10:00 a -> c"],
    ),
    Story(
        "a day later in the hour that is skipped",
        "enter on signup\n stage a { after 1 day -> c }\n final c",
        "03-28 02:30 signup",
        ["03-28 02:30 -> a", "03-29 03:00 a -> c"],
    ),
    Story(
        "a day later in the hour that comes twice",
        "enter on signup\n stage a { after 1 day -> c }\n final c",
        "10-24 02:30 signup",
        ["10-24 02:30 -> a", "10-25 02:30 a -> c"],
        {"until": "11-01 00:00"},
    ),
    Story(
        "the first of two ways out at one moment",
        "enter on signup\n stage a { after 1 day if score > 5 -> b\n after 1 day -> c }\n"
        "stage b { after 1 day -> c }\n final c",
        SIGNUP,
        [IN, "03-03 10:00 a -> c"],
        {"ada": "plan=pro score=5"},
    ),
    Story(
        "an if on after is asked once",
        tale("after 1 day if score > 5 -> c"),
        SIGNUP + "03-03 12:00 set score=9",
        [IN, "03-22 10:00 a -> lost"],
        {"ada": "plan=pro score=5"},
    ),
    Story(
        "an if on after sees the field as it is by then",
        tale("after 1 day if score > 5 -> c"),
        SIGNUP + "03-03 09:00 set score=9",
        [IN, "03-03 10:00 a -> c"],
        {"ada": "plan=pro score=5"},
    ),
    Story(
        "at 09:00 is strictly later",
        "enter on signup\n stage a { at 10:00 -> c }\n final c",
        SIGNUP,
        [IN, "03-03 10:00 a -> c"],
    ),
    Story(
        "at 11:00 is today", "enter on signup\n stage a { at 11:00 -> c }\n final c", SIGNUP, [IN, "03-02 11:00 a -> c"]
    ),
    Story(
        "at 09:00 on monday is next week",
        "enter on signup\n stage a { at 09:00 on monday -> c }\n final c",
        SIGNUP,
        [IN, "03-09 09:00 a -> c"],
    ),
    Story(
        "at with a false if is never asked again",
        "enter on signup\n stage a { at 11:00 if did ping -> c\n after 20 days -> lost }\n final c\n final lost",
        SIGNUP + "03-02 12:00 ping",
        [IN, "03-22 10:00 a -> lost"],
    ),
    Story(
        "at 02:30 on the night without it",
        "enter on signup\n stage a { at 02:30 -> c }\n final c",
        "03-28 10:00 signup",
        ["03-28 10:00 -> a", "03-29 03:00 a -> c"],
    ),
    Story(
        "on a date, midnight where no time is written",
        tale("on 2026-03-10 -> c"),
        SIGNUP,
        [IN, "03-10 00:00 a -> c"],
    ),
    Story(
        "who comes after the date moves on at once",
        tale("on 2026-03-01 18:00 -> c"),
        SIGNUP,
        [IN, "03-02 10:00 a -> c"],
    ),
    Story(
        "in the contact's zone",
        "timezone contact\n enter on signup\n stage a { at 09:00 -> c }\n final c",
        SIGNUP,
        [IN, "03-02 15:00 a -> c"],
        {"ada": "plan=pro timezone=America/New_York"},
    ),
    Story(
        "half an hour at Lord Howe",
        'timezone "Australia/Lord_Howe"\n' + "enter on signup\n stage a { after 1 day -> c }\n final c",
        "2026-04-04T12:00:00+11:00 signup",
        ["04-04 03:00 -> a", "04-05 03:30 a -> c"],
    ),
    Story(
        "one look at the end does what punctual looks do",
        "enter on signup\n stage a { on ping -> b\n after 1 day -> b }\n stage b { after 2 hours -> c }\n final c",
        SIGNUP + "03-02 23:00 ping",
        [IN, "03-02 23:00 a -> b", "03-03 01:00 b -> c"],
        {},
        ("06-01 00:00",),
    ),
]


MOVING_WHEN_SOMETHING_HOLDS = [
    Story(
        "when: on entry, where it holds already",
        tale("when did ping -> c"),
        "03-01 10:00 ping\n" + SIGNUP,
        [IN, "03-02 10:00 a -> c"],
    ),
    Story(
        "when: at the event that makes it true",
        tale("when count(ping) >= 2 -> c"),
        SIGNUP + "03-03 10:00 ping\n03-04 10:00 ping",
        [IN, "03-04 10:00 a -> c"],
    ),
    Story(
        "when: at an exact moment by time alone",
        tale("when now - last(purchase) > 10 days -> c"),
        "03-01 09:00 purchase amount=1\n" + SIGNUP,
        [IN, "03-11 09:00 a -> c"],
    ),
    Story(
        "when: a later purchase puts it off",
        tale("when now - last(purchase) > 10 days -> c"),
        "03-01 09:00 purchase amount=1\n" + SIGNUP + "03-05 09:00 purchase amount=1",
        [IN, "03-15 09:00 a -> c"],
    ),
    Story(
        "when: the window of days is one of the calendar",
        tale("when count(purchase, last 2 days) == 0 -> c"),
        "03-28 09:00 signup\n03-28 08:00 purchase amount=1",
        ["03-28 09:00 -> a", "03-30 08:00 a -> c"],
    ),
    Story(
        "when: a field that changes",
        tale("when score > 5 -> c"),
        SIGNUP + "03-03 11:11 set score=6",
        [IN, "03-03 11:11 a -> c"],
        {"ada": "plan=pro score=0"},
    ),
    Story(
        "when: a change moves nobody into the past",
        tale("when score > 5 -> c"),
        SIGNUP + "03-03 11:11 set score=6",
        [IN, "03-03 11:11 a -> c"],
        {"ada": "plan=pro score=0"},
        ("03-10 00:00",),
    ),
    Story(
        "when: a date of the contact",
        tale("when now - joined > 1 month -> c"),
        SIGNUP,
        [IN, "03-11 00:00 a -> c"],
        {"ada": "plan=pro joined=2026-02-11"},
    ),
    Story(
        "when: a moment still to come",
        tale("when seen - now < 2 days -> c"),
        SIGNUP,
        [IN, "03-08 12:00 a -> c"],
        {"ada": "plan=pro seen=03-10T12:00"},
    ),
    Story(
        "when: a moment still to come, across the missing hour",
        tale("when seen - now <= 1 day -> c"),
        "03-27 10:00 signup",
        ["03-27 10:00 -> a", "03-28 02:00 a -> c"],
        {"ada": "plan=pro seen=03-29T03:00"},
    ),
    Story(
        "when: now is at or past a moment",
        tale("when now > seen -> c"),
        SIGNUP,
        [IN, "03-10 12:00 a -> c"],
        {"ada": "plan=pro seen=03-10T12:00"},
    ),
    Story(
        "when: not the contact for whom it is missing",
        tale("when now > seen -> c"),
        SIGNUP,
        [IN, "03-22 10:00 a -> lost"],
    ),
    Story(
        "when: what held and no longer holds by the next look still moves",
        tale("when count(ping, last 1 hour) >= 1 -> c"),
        SIGNUP + "03-03 10:00 ping",
        [IN, "03-03 10:00 a -> c"],
        {},
        ("03-10 00:00",),
    ),
    Story(
        "when: two halves that never meet",
        tale("when count(ping, last 1 hour) >= 1 and now > 2026-03-03 12:00 -> c"),
        SIGNUP + "03-03 10:00 ping",
        [IN, "03-22 10:00 a -> lost"],
    ),
    Story(
        "else: on entry, when no when held",
        "enter on signup\n stage a { when did ping -> b\n else -> c }\n"
        "stage b { after 20 days -> lost }\n final c\n final lost",
        SIGNUP,
        [IN, "03-02 10:00 a -> c"],
    ),
    Story(
        "else: not where a when holds, wherever it is written",
        "enter on signup\n stage a { else -> c\n when did ping -> b }\n"
        "stage b { after 20 days -> lost }\n final c\n final lost",
        "03-01 10:00 ping\n" + SIGNUP,
        [IN, "03-02 10:00 a -> b", "03-22 10:00 b -> lost"],
    ),
    Story(
        "else: a when that holds by a field changed since has not held on entry",
        "enter on signup\n stage a { when score > 5 -> b\n else -> c }\n"
        "stage b { after 20 days -> lost }\n final c\n final lost",
        "03-02 10:00 signup [learned 03-05 10:00]\n03-03 09:00 set score=9",
        [IN, "03-02 10:00 a -> c"],
        {"ada": "plan=pro score=5"},
    ),
    Story(
        "of an event and a when at one moment the one written first",
        tale("when did ping -> b\n on ping -> c"),
        SIGNUP + "03-02 11:00 ping",
        [IN, "03-02 11:00 a -> b", "03-22 11:00 b -> lost"],
    ),
    Story(
        "the event by which a when came true causes no further move",
        "enter on signup\n stage a { when did ping -> b\n after 9 days -> lost }\n "
        "stage b { on ping -> c\n after 9 days -> lost }\n final c\n final lost",
        SIGNUP + "03-02 11:00 ping",
        [IN, "03-02 11:00 a -> b", "03-11 11:00 b -> lost"],
    ),
]


LEAVING = [
    Story(
        "leave: out at once",
        "leave on unsubscribed\n" + tale("on ping -> c"),
        SIGNUP + "03-02 11:00 unsubscribed\n03-02 12:00 ping",
        [IN, "03-02 11:00 a -> out"],
    ),
    Story(
        "leave stands before the stages and wins a tie",
        "leave on ping where n > 1\n" + tale("on ping -> c"),
        SIGNUP + "03-02 11:00 ping n=2",
        [IN, "03-02 11:00 a -> out"],
    ),
    Story(
        "leave: not after a final stage",
        "leave on ping\n" + "enter on signup\n stage a { after 1 day -> c }\n final c",
        SIGNUP + "03-04 11:00 ping",
        [IN, "03-03 10:00 a -> c"],
    ),
    Story(
        "leave: a late event older than the present stage does not",
        "leave on ping\n" + "enter on signup\n stage a { after 1 day -> b }\n stage b { after 9 days -> c }\n final c",
        SIGNUP + "03-02 11:00 ping [learned 03-04 00:00]",
        [IN, "03-03 10:00 a -> b", "03-12 10:00 b -> c"],
    ),
    Story(
        "leave when",
        "leave when now - last(purchase) > 10 days\n" + tale("on ping -> c"),
        "03-01 09:00 purchase amount=1\n" + SIGNUP,
        [IN, "03-11 09:00 a -> out"],
    ),
    Story(
        "leave on, if",
        "leave on ping if did purchase\n" + "enter on signup\n stage a { after 9 days -> c }\n final c",
        SIGNUP + "03-02 11:00 ping\n03-02 12:00 purchase amount=1\n03-02 13:00 ping",
        [IN, "03-02 13:00 a -> out"],
    ),
    Story(
        "who has left may come back",
        "enter on signup, every time\n leave on ping\n stage a { after 9 days -> c }\n final c",
        SIGNUP + "03-02 11:00 ping\n03-02 12:00 signup",
        [IN, "03-02 11:00 a -> out", "#2 03-02 12:00 -> a", "#2 03-11 12:00 a -> c"],
    ),
]

STORIES = [*MOVING_BY_AN_EVENT, *MOVING_BY_THE_CALENDAR, *MOVING_WHEN_SOMETHING_HOLDS, *LEAVING]
