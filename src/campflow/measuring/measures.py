"""The list of what is measured: each figure once, with its unit and its labels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure by name.

    kind    "total": counted from the beginning on, it only grows; "now": how it is at this moment
    unit    what one is
    labels  what it is told apart by: names of campaigns, channels and conversions, of which there are as many as the
            project's texts and plugins name, and never people
    """

    name: str
    kind: Literal["total", "now"]
    unit: str
    labels: tuple[str, ...]
    help: str


_CAMPAIGN, _CHANNEL = ("campaign",), ("campaign", "channel")

MEASURES: Mapping[str, Measure] = {
    each.name: each
    for each in (
        Measure("entered", "total", "journeys", _CAMPAIGN, "Journeys that began."),
        Measure("moved", "total", "moves", _CAMPAIGN, "Changes of stage; entering and leaving are two of them."),
        Measure("planned", "total", "messages", _CHANNEL, "Messages that campaigns wanted to send."),
        Measure("sent", "total", "messages", _CHANNEL, "Messages that their provider accepted."),
        Measure("rejected", "total", "messages", _CHANNEL, "Messages that their provider, or we, refused for good."),
        Measure("delivered", "total", "events", _CHANNEL, "Messages that were reported to have arrived."),
        Measure("opened", "total", "events", _CHANNEL, "Openings by people."),
        Measure("clicked", "total", "events", _CHANNEL, "Clicks by people."),
        Measure("replied", "total", "events", _CHANNEL, "Answers of people."),
        Measure("bounced", "total", "events", _CHANNEL, "Messages that came back for good."),
        Measure("complained", "total", "events", _CHANNEL, "Messages that somebody called spam."),
        Measure("unsubscribed", "total", "events", _CHANNEL, "People who wanted no more of a kind of message."),
        Measure("converted", "total", "conversions", ("campaign", "conversion"), "Journeys that did what was hoped."),
        Measure("worth", "total", "minor units", ("campaign", "conversion"), "What conversions are worth."),
        Measure("cost", "total", "minor units", _CHANNEL, "What accepted messages cost."),
        Measure("provider_errors", "total", "calls", ("channel", "outcome"), "Calls that did not end in `accepted`."),
        Measure(
            "provider_calls",
            "total",
            "calls",
            ("channel",),
            "Windows given to channels, calls for errands.",
        ),
        Measure("provider_seconds", "total", "seconds", ("channel",), "How long these took."),
        Measure("engagements", "now", "reactions", (*_CHANNEL, "kind"), "Likes, reposts and replies of posts."),
        Measure("lag_seconds", "now", "seconds", (), "How long what is due longest has been waiting."),
        Measure("queue", "now", "messages", ("channel",), "Messages that are ready and not handed over."),
        Measure("uncertain", "now", "messages", ("channel",), "Messages whose fate nobody knows."),
    )
}

#: Figures that are counted from events that are reactions to a message.
REACTIONS = ("delivered", "opened", "clicked", "replied", "bounced", "complained", "unsubscribed")
