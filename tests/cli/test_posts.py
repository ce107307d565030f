"""A post as its author and its operator meet it: expected of the campaign, listed, told of, and nothing is wrong."""

import pytest
from tests.cli.terminal import Terminal

WALL = '''
"""A notice board."""

from campflow.hooks.specs import hookimpl
from campflow.hooks.contracts import ChannelPlugin, Prepared, Receipt
from pydantic import BaseModel


CAMPFLOW_API = (1, 0)


class Settings(BaseModel):
    pass


class Wall:
    async def open(self):
        pass

    async def deliver(self, messages):
        for message in messages:
            yield Receipt(message.message_id, "accepted", detail=message.parts["text"])

    async def close(self):
        pass


@hookimpl
def campflow_channels():
    return [
        ChannelPlugin(
            name="wall", address=None, settings=Settings, extensions=("txt",), options=frozenset(), reports=frozenset(),
            idempotency="none", window=10, posts=True, make=lambda settings, context: Wall(),
            prepare=lambda body, extension, matter: Prepared({"text": body}, matter),
        )
    ]
'''
FLOW = """
contact {
  email email
}
event signup
campaign spring {
  runs      from 2026-03-01
  audience  email is set
  enter     on signup
  stage open {
    send wall sale at 09:00
    after 3 days -> over
  }
  final over
}

test "whoever comes first causes the post" of spring {
  contact ada { email "ada@example.com" }
  contact bob { email "bob@example.com" }
  at 2026-03-02 10:00
  ada signup
  after 1 hour
  bob signup
  expect spring not sent wall sale
  after 1 day
  expect spring sent wall sale at 2026-03-03 09:00
}
"""


@pytest.fixture
def spring(campflow: Terminal) -> Terminal:
    """Ada and Bob came on the second of March; it is the third."""
    for folder in ("plugins", "content"):
        (campflow.folder / folder).mkdir()
    campflow.write("plugins/wall.py", WALL)
    campflow.write("content/sale.wall.txt", "The sale of {{ campaign.name }} is on.")
    campflow.write("spring.flow", FLOW)
    campflow.write("campflow.toml", 'clock = "manual"\nplugins = ["wall"]\n')
    campflow("tick", "--now", "2026-03-01")
    people = "key,email\na1,ada@example.com\nb1,bob@example.com\n"
    campflow("people", "import", "-", "--format", "csv", stdin=people)
    signups = "id,contact,at\n1,a1,2026-03-02 10:00\n2,b1,2026-03-02 11:00\n"
    campflow("events", "import", "-", "--format", "csv", "--event", "signup", stdin=signups)
    campflow("tick", "--now", "2026-03-03 09:30")
    return campflow


def test_a_post_is_expected_of_the_campaign(spring: Terminal) -> None:
    spring("test")
    spring.change("spring.flow", "at 2026-03-03 09:00", "at 2026-03-03 08:00")
    assert "2026-03-03 09:00" in spring("test", code=1).stdout
    spring.change("spring.flow", "expect spring sent wall sale at 2026-03-03 08:00", "expect ada sent wall sale")
    spring("test", code=1)


def test_a_post_is_listed_told_of_and_in_order(spring: Terminal) -> None:
    (post,) = spring.json("outbox")
    assert (post["contact"], post["state"], "sale" in str(post)) == (None, "accepted", True)
    assert "everybody" in spring("outbox").stdout
    for who in ("a1", "b1"):
        told = spring("explain", who).stdout
        assert "sale" in told
        assert "2026-03-03 09:00" in told
    assert "Nothing is wrong" in spring("doctor").stdout


def test_a_post_may_say_nothing_of_whoever_caused_it(spring: Terminal) -> None:
    spring.write("content/sale.wall.txt", "Welcome, {{ contact.email }}")
    assert "unknown-field" in spring("check", code=1).stdout


MORNINGS = """
contact {
  email     email
  timezone  timezone?
}
event signup
campaign mornings {
  runs      from 2026-03-01
  timezone  contact
  audience  email is set
  enter     every day at 00:30, every time
  enter     on signup
  stage open {
    send wall sale
    after 1 hour -> over
  }
  final over
}
"""


@pytest.fixture
def mornings(campflow: Terminal) -> Terminal:
    for folder in ("plugins", "content"):
        (campflow.folder / folder).mkdir()
    campflow.write("plugins/wall.py", WALL)
    campflow.write("content/sale.wall.txt", "Good morning")
    campflow.write("spring.flow", MORNINGS)
    campflow.write("campflow.toml", 'clock = "manual"\nplugins = ["wall"]\n')
    return campflow


def test_the_day_of_a_post_is_the_one_on_which_somebody_came_in_where_they_were_then(mornings: Terminal) -> None:
    """Half past midnight of the third in Tokyo is the second in New York, where Ada lives by now."""
    mornings("tick", "--now", "2026-03-02 12:00")
    people = "key,email,timezone\na1,ada@example.com,Asia/Tokyo\n"
    mornings("people", "import", "-", "--format", "csv", stdin=people)
    mornings("tick", "--now", "2026-03-02 16:00")
    (first,) = mornings.json("outbox")
    people = "key,email,timezone\na1,ada@example.com,America/New_York\n"
    mornings("people", "import", "-", "--format", "csv", stdin=people)
    (journey,) = mornings.json("explain", "a1")["journeys"]
    assert [each["message_id"] for each in journey["posts"]] == [first["message_id"]]


def test_who_came_in_otherwise_belongs_to_no_day(mornings: Terminal) -> None:
    mornings("tick", "--now", "2026-03-02 00:15")
    people = "key,email,timezone\na1,ada@example.com,UTC\nb1,bob@example.com,UTC\n"
    mornings("people", "import", "-", "--format", "csv", stdin=people)
    mornings(
        "events", "import", "-", "--format", "csv", "--event", "signup", stdin="id,contact,at\n1,b1,2026-03-02 00:20\n"
    )
    mornings("tick", "--now", "2026-03-02 01:00")
    assert len(mornings.json("outbox")) == 2, "of the day, and of those who came otherwise"
    posts = [mornings.json("explain", who)["journeys"][0]["posts"] for who in ("a1", "b1")]
    assert [len(each) for each in posts] == [1, 1]
    assert posts[0] != posts[1]
