"""Stories of who enters, when, and how often: each expectation worked out by hand."""

from tests.reference.telling import Story

END = """
  stage a { after 1 day -> z }
  final z
"""


ENTERING_BY_AN_EVENT = [
    Story(
        "an event lets in at its own time",
        "enter on signup" + END,
        "03-02 10:00 signup",
        ["03-02 10:00 -> a", "03-03 10:00 a -> z"],
    ),
    Story(
        "once is the default",
        "enter on signup" + END,
        "03-02 10:00 signup\n03-09 10:00 signup",
        ["03-02 10:00 -> a", "03-03 10:00 a -> z"],
    ),
    Story(
        "every time, but not while inside",
        "enter on signup, every time" + END,
        "03-02 10:00 signup\n03-02 20:00 signup\n03-05 10:00 signup",
        ["03-02 10:00 -> a", "03-03 10:00 a -> z", "#2 03-05 10:00 -> a", "#2 03-06 10:00 a -> z"],
    ),
    Story(
        "again after five days is counted from the last entry, and the fifth day itself counts",
        "enter on signup, again after 5 days" + END,
        "03-02 10:00 signup\n03-07 09:59 signup\n03-07 10:00 signup\n03-11 10:00 signup",
        ["03-02 10:00 -> a", "03-03 10:00 a -> z", "#2 03-07 10:00 -> a", "#2 03-08 10:00 a -> z"],
    ),
    Story(
        "who left, as is learned of late, comes back by what was seen while they were thought to be inside",
        "enter on signup, every time\n stage a { on ping -> z\n after 9 days -> z }\n final z",
        "03-02 10:00 signup\n03-03 10:00 signup\n03-02 12:00 ping [learned 03-04 10:00]",
        ["03-02 10:00 -> a", "03-02 12:00 a -> z", "#2 03-03 10:00 -> a", "#2 03-12 10:00 a -> z"],
    ),
    Story(
        "the event that ends a journey does not begin the next, one learned later at that moment does",
        "enter on ping, every time\n stage a { on ping -> z\n after 9 days -> z }\n final z",
        "03-02 10:00 ping\n03-02 11:00 ping\n03-02 11:00 ping",
        ["03-02 10:00 -> a", "03-02 11:00 a -> z", "#2 03-02 11:00 -> a", "#2 03-11 11:00 a -> z"],
    ),
    Story(
        "where looks at the event",
        "enter on purchase where amount > 10 EUR" + END,
        "03-02 10:00 purchase amount=10\n03-02 11:00 purchase amount=10.01",
        ["03-02 11:00 -> a", "03-03 11:00 a -> z"],
    ),
    Story(
        "a false if lets the next event try",
        "enter on signup if did ping" + END,
        "03-02 10:00 signup\n03-02 11:00 ping\n03-02 12:00 signup",
        ["03-02 12:00 -> a", "03-03 12:00 a -> z"],
    ),
    Story(
        "the entering event is in the history that its if sees",
        "enter on ping if count(ping) == 2" + END,
        "03-02 10:00 ping\n03-02 11:00 ping",
        ["03-02 11:00 -> a", "03-03 11:00 a -> z"],
    ),
    Story("nobody outside the audience", 'audience plan == "pro"\n enter on signup' + END, "03-02 10:00 signup", []),
    Story(
        "the audience is asked at each event",
        "audience did purchase\n enter on signup" + END,
        "03-02 10:00 signup\n03-02 11:00 purchase amount=1\n03-02 12:00 signup",
        ["03-02 12:00 -> a", "03-03 12:00 a -> z"],
    ),
    Story(
        "the audience is not asked again inside",
        "audience not did purchase\n enter on signup" + END,
        "03-02 10:00 signup\n03-02 11:00 purchase amount=1",
        ["03-02 10:00 -> a", "03-03 10:00 a -> z"],
    ),
    Story("an event older than the first deployment lets nobody in", "enter on signup" + END, "02-28 10:00 signup", []),
    Story(
        "runs from a day before the deployment counts from that day",
        "runs from 2026-02-20\n enter on signup" + END,
        "02-19 10:00 signup\n02-20 00:00 signup",
        ["02-20 00:00 -> a", "02-21 00:00 a -> z"],
    ),
    Story(
        "the last day of runs counts, and those inside finish",
        "runs 2026-03-02 to 2026-03-04\n enter on signup, every time" + END,
        "03-01 10:00 signup\n03-04 23:59 signup\n03-06 00:00 signup",
        ["03-04 23:59 -> a", "03-05 23:59 a -> z"],
    ),
    Story(
        "nobody enters at the midnight after runs",
        "runs 2026-03-02 to 2026-03-04\n enter on signup" + END,
        "03-05 00:00 signup",
        [],
    ),
    Story(
        "an early event acts when it happens",
        "enter on signup" + END,
        "03-02 10:00 signup [learned 03-01 09:00]",
        ["03-02 10:00 -> a", "03-03 10:00 a -> z"],
    ),
    Story(
        "a late event acts at its own time",
        "enter on signup" + END,
        "03-02 10:00 signup [learned 03-02 18:00]",
        ["03-02 10:00 -> a", "03-03 10:00 a -> z"],
    ),
    Story(
        "an event told twice is one",
        "enter on signup, every time" + END,
        "03-02 10:00 signup [id x]\n03-02 10:00 signup [learned 03-08 00:00] [id x]",
        ["03-02 10:00 -> a", "03-03 10:00 a -> z"],
    ),
    Story(
        "of two statements the earlier moment wins",
        "enter on signup\n enter on ping" + END,
        "03-02 11:00 signup\n03-02 10:00 ping",
        ["03-02 10:00 -> a", "03-03 10:00 a -> z"],
    ),
]


ENTERING_PER_KEY = [
    Story(
        "one journey for each cart, side by side",
        "enter on cart_updated per cart_id\n "
        "stage a { on purchase where sku == entry.cart_id -> z\n after 2 days -> z }\n final z",
        "03-02 10:00 cart_updated cart_id=x\n03-02 11:00 cart_updated cart_id=y\n"
        "03-02 12:00 cart_updated cart_id=x\n03-02 13:00 purchase sku=y",
        ["x 03-02 10:00 -> a", "y 03-02 11:00 -> a", "y 03-02 13:00 a -> z", "x 03-04 10:00 a -> z"],
    ),
    Story(
        "re-entry is counted for each key",
        "enter on cart_updated per cart_id, every time" + END,
        "03-02 10:00 cart_updated cart_id=x\n03-02 20:00 cart_updated cart_id=x\n03-04 11:00 cart_updated cart_id=x",
        ["x 03-02 10:00 -> a", "x 03-03 10:00 a -> z", "x #2 03-04 11:00 -> a", "x #2 03-05 11:00 a -> z"],
    ),
    Story(
        "who has no key does not enter",
        "enter on purchase per n" + END,
        "03-02 10:00 purchase sku=x\n03-02 11:00 purchase n=7",
        ["7 03-02 11:00 -> a", "7 03-03 11:00 a -> z"],
    ),
]


ENTERING_BY_THE_CALENDAR = [
    Story(
        "every day from the first occurrence after the deployment",
        "enter every day at 09:00, every time" + END,
        "",
        ["03-01 09:00 -> a", "03-02 09:00 a -> z", "#2 03-03 09:00 -> a", "#2 03-04 09:00 a -> z"],
        {"until": "03-04 10:00"},
    ),
    Story(
        "every monday, in the audience by then",
        "audience did ping\n enter every monday at 09:00" + END,
        "03-04 10:00 ping",
        ["03-09 09:00 -> a", "03-10 09:00 a -> z"],
    ),
    Story(
        "every month on 31 is the last day of a short month",
        "enter every month on 31 at 09:00, every time" + END,
        "",
        ["02-28 09:00 -> a", "03-01 09:00 a -> z", "#2 03-31 09:00 -> a", "#2 04-01 09:00 a -> z"],
        {"start": "02-01 00:00", "until": "04-02 00:00"},
    ),
    Story(
        "a local time that is skipped is the end of the gap",
        "enter every day at 02:30\n" + END,
        "",
        ["03-29 03:00 -> a", "03-30 03:00 a -> z"],
        {"start": "03-28 12:00"},
    ),
    Story(
        "a local time that comes twice comes once",
        "enter every day at 02:30, every time\n stage a { after 1 minute -> z }\n final z",
        "",
        ["10-25 02:30 -> a", "10-25 02:31 a -> z"],
        {"start": "2026-10-25T00:00:00+02:00", "until": "10-25 23:00"},
    ),
    Story(
        "nobody who did not exist",
        "enter every day at 09:00" + END,
        "",
        ["03-06 09:00 -> a", "03-07 09:00 a -> z"],
        {"created": "03-05 10:00"},
    ),
    Story(
        "at a moment, who is in the audience then",
        "audience did ping\n enter at 2026-03-02 09:00" + END,
        "03-02 08:00 ping",
        ["03-02 09:00 -> a", "03-03 09:00 a -> z"],
    ),
    Story(
        "at a moment, not who is in the audience later",
        "audience did ping\n enter at 2026-03-02 09:00" + END,
        "03-02 10:00 ping",
        [],
    ),
    Story("at a moment before the deployment: never", "enter at 2026-02-02 09:00" + END, "", []),
    Story(
        "in the zone of the contact",
        "timezone contact\n enter at 2026-03-02 09:00" + END,
        "",
        ["03-02 15:00 -> a", "03-03 15:00 a -> z"],
        {"ada": "plan=pro timezone=America/New_York"},
    ),
    Story(
        "in the zone of the campaign",
        'timezone "America/New_York"\n enter at 2026-03-02 09:00' + END,
        "",
        ["03-02 15:00 -> a", "03-03 15:00 a -> z"],
    ),
    Story(
        "in the project's zone where the contact has none",
        "timezone contact\n enter at 2026-03-02 09:00" + END,
        "",
        ["03-02 09:00 -> a", "03-03 09:00 a -> z"],
    ),
]


ENTERING_WHEN_SOMETHING_COMES_TRUE = [
    Story(
        "as soon as it holds",
        "enter when did ping" + END,
        "03-02 10:00 ping",
        ["03-02 10:00 -> a", "03-03 10:00 a -> z"],
    ),
    Story(
        "at the start, where it has held before",
        "enter when did ping" + END,
        "02-02 10:00 ping",
        ["03-01 00:00 -> a", "03-02 00:00 a -> z"],
    ),
    Story(
        "by time alone: the last purchase and sixty days",
        "enter when now - last(purchase) > 10 days" + END,
        "02-25 10:00 purchase amount=1",
        ["03-07 10:00 -> a", "03-08 10:00 a -> z"],
    ),
    Story(
        "a window that has emptied",
        "enter when count(ping, last 2 days) == 0 and did ping" + END,
        "03-02 10:00 ping\n03-03 10:00 ping",
        ["03-05 10:00 -> a", "03-06 10:00 a -> z"],
    ),
    Story(
        "condition and audience together",
        "audience did purchase\n enter when did ping" + END,
        "03-02 10:00 ping\n03-04 10:00 purchase",
        ["03-04 10:00 -> a", "03-05 10:00 a -> z"],
    ),
    Story(
        "again only when it becomes true again",
        "enter when count(ping, last 2 days) >= 1, every time" + END,
        "03-02 10:00 ping\n03-02 20:00 ping\n03-08 10:00 ping",
        ["03-02 10:00 -> a", "03-03 10:00 a -> z", "#2 03-08 10:00 -> a", "#2 03-09 10:00 a -> z"],
    ),
    Story(
        "again after: becoming true earlier does not count",
        "enter when count(ping, last 1 day) >= 1, again after 9 days" + END,
        "03-02 10:00 ping\n03-08 10:00 ping\n03-14 10:00 ping",
        ["03-02 10:00 -> a", "03-03 10:00 a -> z", "#2 03-14 10:00 -> a", "#2 03-15 10:00 a -> z"],
    ),
    Story(
        "when a field changes",
        "enter when score > 5" + END,
        "03-02 10:00 set score=4\n03-04 10:00 set score=9",
        ["03-04 10:00 -> a", "03-05 10:00 a -> z"],
        {"ada": "plan=pro score=0"},
    ),
    Story(
        "again when a field changes back and forth",
        "enter when score > 5, every time" + END,
        "03-02 10:00 set score=9\n03-04 10:00 set score=8\n03-05 10:00 set score=1\n03-06 10:00 set score=7",
        ["03-02 10:00 -> a", "03-03 10:00 a -> z", "#2 03-06 10:00 -> a", "#2 03-07 10:00 a -> z"],
        {"ada": "plan=pro score=0"},
    ),
    Story(
        "from the moment the contact exists",
        'enter when plan == "trial"' + END,
        "",
        ["03-05 10:00 -> a", "03-06 10:00 a -> z"],
        {"created": "03-05 10:00"},
    ),
]

STORIES = [*ENTERING_BY_AN_EVENT, *ENTERING_PER_KEY, *ENTERING_BY_THE_CALENDAR, *ENTERING_WHEN_SOMETHING_COMES_TRUE]
