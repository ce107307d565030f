"""How posts on Mastodon were received, read from its API as its description has it."""

import asyncio
import datetime as dt
import json
from collections.abc import Iterator

import pytest
from tests.mastodon_server import DESCRIPTION, POSTS, MastodonServer, described

from campflow.errors import ChannelError
from campflow.hooks.contracts import ChannelContext, Engagement, Posted, Sender
from campflow_social import MASTODON
from campflow_social.mastodon import MastodonChannel, make_channel


@pytest.fixture
def mastodon() -> Iterator[MastodonServer]:
    with MastodonServer().serving() as server:
        yield server


def count(server: MastodonServer, *ids: str) -> list[Engagement]:
    async def work() -> list[Engagement]:
        settings = MASTODON.settings.model_validate({"server": server.url, "access_token": "right"})
        channel = make_channel(settings, ChannelContext(".", Sender()))
        assert isinstance(channel, MastodonChannel)
        await channel.open()
        posts = [Posted(number, each, dt.datetime(2026, 3, 2, tzinfo=dt.UTC)) for number, each in enumerate(ids, 1)]
        try:
            return [each async for each in channel.count(posts)]
        finally:
            await channel.close()

    return asyncio.run(work())


def test_what_is_read_is_what_the_description_promises() -> None:
    described()  # left out where there is none
    status = json.loads(DESCRIPTION.read_text("utf-8"))["components"]["schemas"]["Status"]
    for name in ("favourites_count", "reblogs_count", "replies_count"):
        assert status["properties"][name]["type"] == "integer"
        assert name in status["required"]


def test_likes_boosts_and_replies_are_read_and_what_is_gone_is_passed_over(mastodon: MastodonServer) -> None:
    mastodon.received = {"7": {"favourites_count": 3, "reblogs_count": 1, "replies_count": 0}, "9": {}}
    assert count(mastodon, "7", "8", "9") == [Engagement(1, 3, 1, 0), Engagement(3)]


def test_one_answer_that_cannot_be_read_keeps_no_other_post_from_being_asked_about(mastodon: MastodonServer) -> None:
    counts = {"favourites_count": 2, "reblogs_count": 0, "replies_count": 0}
    mastodon.received, mastodon.garbled = {"7": counts, "8": counts}, {"7"}
    assert count(mastodon, "7", "8") == [Engagement(2, 2, 0, 0)]


def test_an_id_is_a_part_of_the_path_and_nothing_else(mastodon: MastodonServer) -> None:
    assert count(mastodon, "../accounts?x=1") == []
    assert all(call.startswith(f"GET {POSTS}/") for call in mastodon.calls)


def test_a_server_that_is_down_says_so(mastodon: MastodonServer) -> None:
    mastodon.answers["statuses"] = "broken"
    with pytest.raises(ChannelError, match="503"):
        count(mastodon, "7")
