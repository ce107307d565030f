"""Likes, reposts and replies of posts are asked for while these are recent, now and then, and become figures."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from tests.databases import Store
from tests.mastodon_server import POSTS, MastodonServer

from campflow.cli.operating import one_pass
from campflow.engine.clock import ManualClock
from campflow.engine.engagement import Engaging
from campflow.engine.figures import measure
from campflow.engine.runtime import Runtime
from campflow.model.times import parse_time
from campflow.people.importing import import_events, import_people
from campflow.people.sources import CSV
from campflow.project import Project
from campflow.running import open_runtime

FLOW = """
contact {
  email  email?
}
event signup
campaign spring {
  runs      from 2026-03-01
  audience  email is set
  enter     on signup
  stage open {
    send mastodon sale
    send mastodon news
    send wall sale
    after 30 days -> over
  }
  final over
}
"""


#: Another network, in whose posts nobody takes an interest.
WALL = """
from pydantic import BaseModel

from campflow.hooks.contracts import ChannelPlugin, Engagement, Prepared, Receipt
from campflow.hooks.specs import hookimpl

CAMPFLOW_API = (1, 0)


class Settings(BaseModel):
    pass


class Wall:
    async def open(self):
        pass

    async def deliver(self, messages):
        for each in messages:
            yield Receipt(each.message_id, "accepted", "w1")

    async def count(self, posts):
        for each in posts:
            yield Engagement(each.message_id, likes=0)

    async def close(self):
        pass


@hookimpl
def campflow_channels():
    return [
        ChannelPlugin(
            "wall", None, Settings, ("txt",), frozenset(), frozenset(), "none", 1,
            lambda body, extension, front_matter: Prepared({"text": body}, front_matter),
            lambda settings, context: Wall(), posts=True, counts=True,
        )
    ]
"""


@pytest.fixture
def mastodon() -> Iterator[MastodonServer]:
    with MastodonServer().serving() as server:
        yield server


@pytest.fixture
def runtime(mastodon: MastodonServer, store: Store, tmp_path: Path) -> Iterator[Runtime]:
    """Two posts are out on Mastodon, and one on the wall."""
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "sale.mastodon.txt").write_text("Tea for everybody")
    (tmp_path / "content" / "news.mastodon.txt").write_text("The first flush is here")
    (tmp_path / "spring.flow").write_text(FLOW)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "wall.py").write_text(WALL)
    (tmp_path / "content" / "sale.wall.txt").write_text("Tea for everybody")
    (tmp_path / "campflow.toml").write_text(
        f'database = "{store.shared_url(tmp_path)}"\nclock = "manual"\nplugins = ["social", "wall"]\n'
        f'[channels.mastodon]\nserver = "{mastodon.url}"\naccess_token = "right"\n'
    )
    project = Project.open(tmp_path)
    with closing(project.database()) as database:
        ManualClock(database).move(parse_time("2026-03-02 10:00", "UTC"))
    with closing(open_runtime(project)) as runtime:
        join(runtime)
        asyncio.run(one_pass(runtime))
        assert [each["status"] for each in mastodon.posts.values()] == ["Tea for everybody", "The first flush is here"]
        yield runtime


def join(runtime: Runtime) -> None:
    contact, known = runtime.stationery.contact, tuple(runtime.stationery.events)
    common: dict[str, Any] = {"source": CSV.source, "currency": None, "zone": "UTC", "now": runtime.clock.now()}
    import_people(runtime.database, contact, lines=[b"key,email\n", b"ada,ada@x.example\n"], **common)
    signups = [b"key,at\n", b"ada,2026-03-02 09:00\n"]
    import_events(runtime.database, contact, known, lines=signups, event="signup", addresses={}, **common)


def ask(runtime: Runtime, now: int) -> dict[str, str]:
    async def work() -> dict[str, str]:
        async with runtime.channels() as channels:
            return await Engaging(lambda: runtime.database, lambda: now).look(channels)

    return asyncio.run(work())


def engagements(runtime: Runtime, channel: str = "mastodon") -> dict[str, float]:
    with runtime.database.reader() as connection:
        found = list(measure(connection, runtime.database.tables, runtime.clock.now()))
    found = [each for each in found if each.name == "engagements" and each.labels["channel"] == channel]
    return {each.labels["kind"]: each.value for each in found}


MINUTE, DAY = 60_000, 86_400_000


def test_it_is_counted_again_after_a_while_while_the_post_is_recent(runtime: Runtime, mastodon: MastodonServer) -> None:
    now, asked = runtime.clock.now(), f"GET {POSTS}/1000"
    mastodon.received = {"1000": {"favourites_count": 3, "reblogs_count": 1, "replies_count": 0}}
    mastodon.calls.clear()
    assert ask(runtime, now + 16 * MINUTE) == {}
    assert engagements(runtime) == {"likes": 3, "reposts": 1, "replies": 0}
    ask(runtime, now + 20 * MINUTE)
    assert mastodon.calls.count(asked) == 1, "not again so soon"
    mastodon.received["1000"]["favourites_count"] = 2  # somebody has thought better of it
    ask(runtime, now + 40 * MINUTE)
    assert engagements(runtime)["likes"] == 2
    ask(runtime, now + 8 * DAY)
    assert mastodon.calls.count(asked) == 2, "what is old is left alone"


def test_a_post_that_is_gone_is_asked_about_no_more_often_and_keeps_its_figures(
    runtime: Runtime, mastodon: MastodonServer
) -> None:
    now = runtime.clock.now()
    mastodon.received = {"1000": {"favourites_count": 3, "reblogs_count": 1, "replies_count": 0}}
    ask(runtime, now + 16 * MINUTE)
    mastodon.received.clear()
    mastodon.calls.clear()
    for minutes in (32, 33, 34):
        ask(runtime, now + minutes * MINUTE)
    assert len(mastodon.calls) == 2, "each once"
    assert engagements(runtime)["likes"] == 3


def test_a_server_that_is_down_is_named_and_no_message_waits(runtime: Runtime, mastodon: MastodonServer) -> None:
    mastodon.answers["statuses"] = "broken"
    failures = ask(runtime, runtime.clock.now() + 16 * MINUTE)
    assert list(failures) == ["mastodon"]
    assert "503" in failures["mastodon"]
    t = runtime.database.tables
    with runtime.database.reader() as connection:
        assert set(connection.scalars(select(t.message.c.state))) == {"accepted"}
        assert connection.scalar(select(t.channel.c.failures)) in (None, 0)


def test_who_wants_to_be_left_alone_is_asked_when_it_said_and_nobody_else_waits(
    runtime: Runtime, mastodon: MastodonServer
) -> None:
    now, first, second = runtime.clock.now(), f"GET {POSTS}/1000", f"GET {POSTS}/1001"
    counts = {"favourites_count": 3, "reblogs_count": 1, "replies_count": 0}
    mastodon.received, mastodon.answers["statuses"] = {"1000": counts}, "later"
    mastodon.calls.clear()
    failures = ask(runtime, now + 16 * MINUTE)
    assert "429" in failures["mastodon"]
    assert engagements(runtime)["likes"] == 3, "what was said before counts"
    assert engagements(runtime, "wall") == {"likes": 0}
    assert ask(runtime, now + 17 * MINUTE) == {}
    assert mastodon.calls == [first, second], "it said two minutes, to whatever process asks"
    mastodon.received["1001"] = counts
    assert ask(runtime, now + 18 * MINUTE) == {}
    assert mastodon.calls == [first, second, second], "only what it has not answered yet"
    assert engagements(runtime)["likes"] == 6
    t = runtime.database.tables
    with runtime.database.reader() as connection:
        assert connection.scalar(select(t.channel.c.open_until).where(t.channel.c.name == "mastodon")) is None


def test_messages_to_people_are_no_posts(runtime: Runtime, mastodon: MastodonServer) -> None:
    t = runtime.database.tables
    with runtime.database.transaction() as connection:
        connection.execute(update(t.message).values(contact_id=1))
    mastodon.calls.clear()
    ask(runtime, runtime.clock.now() + 16 * MINUTE)
    assert mastodon.calls == []
