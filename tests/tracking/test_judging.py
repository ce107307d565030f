"""A person or a machine: by the request, the message, and what else was fetched."""

from dataclasses import replace

import pytest

from campflow.tracking.judging import BURST, HOLD, NEAR, SECOND, SOON, Fetch, Request, Sent, Verdict, judge, sign_of

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
    "Mobile/15E148 Safari/604.1"
)
CUBOT = "Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 21) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
GMAIL_AHEAD = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 "
    "Safari/537.36 Edge/12.246 Mozilla/5.0"
)
OUTLOOK = "Mozilla/4.0 (compatible; ms-office; MSOffice 16)"
HOUR = 3_600 * SECOND

SENT = Sent(handed_at=0, links=5)
READ = Fetch(at=HOUR, kind="click", link=1, caller="ada")


def verdict(fetch: Fetch, *others: Fetch, sent: Sent = SENT, after: int = HOLD) -> bool | None:
    return judge(fetch, sent, others, fetch.at + after).human


# --- the request alone --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("agent", [CHROME, IPHONE, CUBOT, OUTLOOK])
@pytest.mark.parametrize("kind", ["open", "click"])
def test_browsers_and_mail_programs_may_be_people(agent: str, kind: str) -> None:
    assert sign_of(Request("GET", {"user-agent": agent}), kind) is None  # type: ignore[arg-type]  # from a list


@pytest.mark.parametrize(
    "agent",
    [
        "", "Mozilla/5.0", GMAIL_AHEAD, "Barracuda Sentinel (EE)", "curl/8.5.0", "python-requests/2.32",
        "Go-http-client/2.0",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "Slackbot-LinkExpanding 1.0",
        "Microsoft Office Existence Discovery", "WhatsApp/2.23", f"{CHROME} HeadlessChrome/131.0",
        "facebookexternalhit/1.1",
        "<script>alert(1)</script> crawler", "x" * 100_000 + " bot",
    ],
)  # fmt: skip
def test_known_machines_are_known(agent: str) -> None:
    signs = [sign_of(Request("GET", {"user-agent": agent}), kind) for kind in ("open", "click")]
    expected = len(agent) < 50_000  # nobody reads a name to its end
    assert [sign is not None for sign in signs] == [expected, expected]


def test_a_proxy_shows_pictures_to_people_and_follows_no_links() -> None:
    asked = Request("GET", {"user-agent": GMAIL})
    assert sign_of(asked, "open") is None
    assert sign_of(asked, "click") == "a proxy of pictures follows no links"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST"])
def test_to_ask_whether_there_is_something_is_not_to_read_it(method: str) -> None:
    assert sign_of(Request(method, {"user-agent": CHROME}), "click") is not None


@pytest.mark.parametrize(
    ("name", "value"), [("sec-purpose", "prefetch;prerender"), ("purpose", "Prefetch"), ("x-moz", "prefetch")]
)
def test_what_a_browser_fetches_ahead_nobody_has_read(name: str, value: str) -> None:
    assert sign_of(Request("GET", {"user-agent": CHROME, name: value}), "click") is not None
    assert sign_of(Request("GET", {"user-agent": CHROME, name: "navigate"}), "click") is None


def test_a_sign_decides_at_once() -> None:
    assert judge(replace(READ, sign="a robot"), SENT, (), READ.at) == Verdict(False, "a robot")


# --- and the message ----------------------------------------------------------------------------------------------


def test_a_person_counts_after_a_moment() -> None:
    assert [verdict(READ, after=wait) for wait in (0, HOLD - 1, HOLD)] == [None, None, True]


@pytest.mark.parametrize(
    ("handed_at", "human"), [(0, True), (HOUR - SOON, True), (HOUR - SOON + 1, False), (None, False)]
)
def test_nobody_reads_as_fast_as_mail_is_delivered(handed_at: int | None, human: bool) -> None:
    assert verdict(READ, sent=Sent(handed_at, 5)) is human


# --- and the others -----------------------------------------------------------------------------------------------


def links(count: int, apart: int, caller: str = "ada") -> list[Fetch]:
    return [Fetch(HOUR + n * apart, "click", n + 1, caller) for n in range(count)]


@pytest.mark.parametrize(
    ("there_are", "followed", "apart", "human"),
    [
        (5, 5, SECOND, False), (5, 3, SECOND, False), (5, 2, SECOND, True), (2, 2, SECOND, False), (1, 1, 0, True),
        # Somebody who opens three tabs takes more time for it.
        (5, 3, BURST, True), (2, 2, BURST + 1, True),
    ],
)  # fmt: skip
def test_all_links_at_once_are_a_scan_and_its_first_is_judged_with_it(
    there_are: int, followed: int, apart: int, human: bool
) -> None:
    fetched = links(followed, apart)
    for each in fetched[:3]:
        others = [other for other in fetched if other is not each]
        assert verdict(each, *others, sent=Sent(0, there_are)) is human


def test_the_same_link_twice_is_an_impatient_person() -> None:
    again = replace(READ, at=READ.at + 300)
    assert verdict(READ, again) is verdict(again, READ) is True


def test_a_scan_from_many_addresses_takes_all_links() -> None:
    fetched = [replace(each, caller=f"machine {each.link}") for each in links(5, SECOND)]
    assert verdict(fetched[0], *fetched[1:]) is False
    # Two people who read at the same time do not.
    assert verdict(fetched[0], fetched[1]) is True


def test_who_scans_has_not_opened_it_either() -> None:
    opened = Fetch(HOUR, "open", 0, "ada")
    assert verdict(opened, *links(5, SECOND)) is False
    assert verdict(opened, READ) is True


@pytest.mark.parametrize(
    ("caller", "apart", "human"),
    [("ada", NEAR, False), ("ada", NEAR + 1, True), ("another", BURST, False), ("another", BURST + 1, True)],
)
def test_only_a_machine_follows_a_link_that_nobody_sees(caller: str, apart: int, human: bool) -> None:
    for at in (HOUR + apart, HOUR - apart):
        trapped = Fetch(at, "click", 0, caller)
        assert verdict(trapped) is False
        assert verdict(READ, trapped) is human


def test_a_person_behind_the_same_gateway_reads_later() -> None:
    scan = [replace(each, at=each.at - HOUR + SECOND) for each in links(5, 100)]
    assert verdict(READ, *scan) is True
