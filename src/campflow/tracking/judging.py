"""Whether a link or a pixel was fetched by a person: decided by the request, the message, and what else was fetched.

A request is held for a moment before it counts as a person's: a scanner that takes all links one after the other is
known by the last of them, and its first is judged as well.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from campflow.tracking.agents import machine, proxy

SECOND = 1_000

#: Milliseconds. SOON: nobody reads so fast after a message was handed over. BURST: nobody follows several links within
#: it. NEAR: what a caller does so close to the honeypot link is the same machine's. HOLD: how long a request waits for
#: those that may come after it.
SOON, BURST, NEAR, HOLD = 10 * SECOND, 5 * SECOND, 60 * SECOND, 10 * SECOND

#: As many different links within BURST are a scan, also where the message has more.
MANY = 3

#: Headers by which browsers and mail programs say that nobody asked for a page yet.
_AHEAD = ("purpose", "sec-purpose", "x-purpose", "x-moz")


@dataclass(frozen=True, slots=True)
class Request:
    """What a request showed of itself; the names of `headers` are in small letters."""

    method: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Fetch:
    """A request for the pixel or a link of a message.

    `at` is in milliseconds. `link` counts from 1; 0 of a click is the honeypot link. `caller` is the same for the same
    address. `sign` says why the request alone shows a machine; None where it may be a person's.
    """

    at: int
    kind: Literal["open", "click"]
    link: int
    caller: str
    sign: str | None = None

    @property
    def is_trapped(self) -> bool:
        return self.kind == "click" and self.link == 0


@dataclass(frozen=True, slots=True)
class Sent:
    """The message: when it was handed over (None: it is on its way), and how many links it has."""

    handed_at: int | None
    links: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """`human` None: it cannot be said yet."""

    human: bool | None
    reason: str


def sign_of(request: Request, kind: Literal["open", "click"]) -> str | None:
    """Why the request alone shows that no person made it; None where one may have."""
    if request.method != "GET":
        return f"it only asked whether there is something ({request.method[:10]})"
    for name in _AHEAD:
        said = request.headers.get(name, "").lower()
        if any(word in said for word in ("prefetch", "prerender", "preview", "instant")):
            return "it was fetched before anybody asked for it"
    agent = request.headers.get("user-agent", "")
    reason = machine(agent)
    if reason is None and kind == "click" and proxy(agent) in ("Gmail", "Yahoo Mail"):
        return "a proxy of pictures follows no links"
    return reason


def judge(fetch: Fetch, sent: Sent, others: Sequence[Fetch], now: int) -> Verdict:
    """Whether a person fetched it. `others` are the other requests about the same message, before and after it."""
    if fetch.sign is not None:
        return Verdict(False, fetch.sign)
    if fetch.is_trapped:
        return Verdict(False, "the link that nobody sees")
    if sent.handed_at is None or fetch.at - sent.handed_at < SOON:
        return Verdict(False, f"less than {SOON // SECOND} seconds after the message was handed over")
    if any(each.is_trapped and _near(fetch, each) for each in others):
        return Verdict(False, "beside the link that nobody sees")
    if _is_scan(fetch, sent, [fetch, *others]):
        return Verdict(False, "one of many links that were followed at once")
    if now - fetch.at < HOLD:
        return Verdict(None, "held")
    return Verdict(True, "nothing speaks against a person")


def _near(fetch: Fetch, trapped: Fetch) -> bool:
    apart = abs(fetch.at - trapped.at)
    return apart <= NEAR if fetch.caller == trapped.caller else apart <= BURST


def _is_scan(fetch: Fetch, sent: Sent, all_: Sequence[Fetch]) -> bool:
    """Whether it is among several different links within BURST: of one caller, or by several all that there are."""
    clicks = [each for each in all_ if each.kind == "click" and abs(each.at - fetch.at) <= BURST]
    own = [each for each in clicks if each.caller == fetch.caller]
    enough = max(2, min(sent.links, MANY))
    return _most_at_once(own) >= enough or (sent.links >= MANY and _most_at_once(clicks) >= sent.links)


def _most_at_once(clicks: Iterable[Fetch]) -> int:
    """The most different links within BURST."""
    ordered = sorted(clicks, key=lambda each: each.at)
    return max(
        (len({each.link for each in ordered[n:] if each.at - first.at <= BURST}) for n, first in enumerate(ordered)),
        default=0,
    )
