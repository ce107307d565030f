"""The sink, the destination and the action of campflow-echo, found and used as campflow does."""

from pathlib import Path

import pytest
from tests.cli.terminal import Terminal

SETTINGS = """
clock = "manual"
currency = "EUR"
plugins = ["echo"]

[sinks.echo]
file = "sales.txt"

[destinations.echo]
audiences = ["lost"]

[costs]
echo = "0.08 EUR"
"""

FLOW = """
contact {
  email      email
  first_name text?
}

event signup

campaign spring {
  runs     from 2026-03-01
  audience email is set
  enter    on signup
  budget   5 EUR
  convert  on signup within 1 day
  goal     conversion >= 12% by 2026-04-01
  stage hello {
    send echo hello
    notify echo "{{ first_name | default('Someone') }} came to {{ campaign.name }}"
    do echo { say "hi {{ email }}" }
    after 1 day -> gone
  }
  final gone {
    sync lost
    do echo
  }
}

test "nothing is done outside" of spring {
  contact ada { email "ada@x.example" }
  at 2026-03-02 10:00
  ada signup
  after 2 days
  expect ada in gone
}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Terminal:
    campflow = Terminal(tmp_path)
    campflow.write("campflow.toml", SETTINGS)
    campflow.write("spring.flow", FLOW)
    (tmp_path / "content").mkdir()
    campflow.write("content/hello.echo.txt", "Hello")
    return campflow


def told(shop: Terminal, name: str) -> list[list[str]]:
    path = shop.folder / name
    return [line.split("\t") for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def came(shop: Terminal) -> None:
    shop.write("people.csv", "email,first_name\nada@x.example,Ada\nbob@x.example,\n")
    shop.write("did.csv", "contact,at\nada@x.example,2026-03-02 10:00\nbob@x.example,2026-03-02 11:00\n")
    shop("people", "import", "people.csv")
    shop("events", "import", "did.csv", "--event", "signup")


def test_what_a_campaign_asks_for_is_done_once(shop: Terminal) -> None:
    came(shop)
    assert "4 errands done" in shop("tick", "--now", "2026-03-02 12:00").stdout
    shop("tick", "--now", "2026-03-02 13:00")
    assert told(shop, "sales.txt") == [
        ["ada@x.example", "Ada came to spring"],
        ["bob@x.example", "Someone came to spring"],
    ]
    assert [line[1:] for line in told(shop, "deeds.txt")] == [
        ["ada@x.example", "hi ada@x.example"],
        ["bob@x.example", "hi bob@x.example"],
    ]
    shop("tick", "--now", "2026-03-04 12:00")
    assert told(shop, "audiences/lost.txt") == [["ada@x.example"], ["bob@x.example"]]


def test_status_tells_goals_money_and_errands_that_failed(shop: Terminal) -> None:
    came(shop)
    shop("tick", "--now", "2026-03-02 12:00")
    shop("tick", "--now", "2026-03-04 12:00")
    said = shop("status").stdout
    assert "goal conversion >= 12% by 2026-04-01: 0.0 % (0.0 to 65.8), too early, 28 days left" in said
    assert "0.16 EUR of the budget of 5.00 EUR spent" in said
    assert "errands: 2 failed" in said  # the second `do echo` says nothing
    why = "there is nothing to say: write the option `say`"
    assert why in " ".join(shop("errands", "failed").stdout.split())
    failed = shop.json("errands", "failed")
    assert [(each["contact"], each["kind"], each["target"], each["detail"]) for each in failed] == [
        ("ada@x.example", "do", "echo", why),
        ("bob@x.example", "do", "echo", why),
    ]
    assert shop("errands", "uncertain").stdout == "No errand is uncertain.\n"
    (campaign,) = shop.json("status")["campaigns"]
    assert campaign["errands"] == {"done": 6, "failed": 2}
    assert campaign["spending"] == {"spent": 16, "budget": 500, "waiting": 0}
    (goal,) = campaign["goals"]
    assert (goal["metric"], goal["by"], goal["figure"], goal["verdict"]) == (
        "conversion",
        "2026-04-01",
        0.0,
        "too early",
    )


def test_trying_a_campaign_out_does_nothing_outside(shop: Terminal) -> None:
    before = sorted(path.name for path in shop.folder.iterdir())
    assert "1 passed" in shop("test").stdout
    said = shop("simulate", "spring", "--from", "2026-03-01", "--people", "50", "--days", "10").stdout
    assert "50 by echo: 4.00 EUR" in said
    assert sorted(path.name for path in shop.folder.iterdir()) == before


def test_who_is_forgotten_leaves_the_audiences(shop: Terminal) -> None:
    came(shop)
    shop("tick", "--now", "2026-03-02 12:00")
    shop("tick", "--now", "2026-03-04 12:00")
    shop("people", "forget", "ada@x.example", "--yes")
    assert told(shop, "audiences/lost.txt") == [["bob@x.example"]]


def test_nobody_is_forgotten_who_would_stay_in_an_audience(shop: Terminal) -> None:
    came(shop)
    shop("tick", "--now", "2026-03-02 12:00")
    shop("tick", "--now", "2026-03-04 12:00")
    (shop.folder / "audiences" / "lost.txt").unlink()
    (shop.folder / "audiences" / "lost.txt").mkdir()
    said = shop("people", "forget", "bob@x.example", "--yes", code=1)
    assert "still in the audience lost at echo" in said.stderr
    assert "nothing was erased" in said.stderr
    assert "bob@x.example" in shop("people", "show", "bob@x.example").stdout
    shop("people", "forget", "bob@x.example", "--yes", "--anyway")
    shop("people", "show", "bob@x.example", code=1)


def test_what_would_cost_more_than_the_budget_waits_and_status_says_so(shop: Terminal) -> None:
    shop.change("spring.flow", "budget   5 EUR", "budget   0.10 EUR")
    came(shop)
    shop("tick", "--now", "2026-03-02 12:00")
    assert told(shop, "echo.txt") == [["ada@x.example", "hello", "Hello"]]
    assert "0.08 EUR of the budget of 0.10 EUR spent; 1 message waits for it" in shop("status").stdout
    shop.change("spring.flow", "budget   0.10 EUR", "budget   0.16 EUR")
    shop("tick", "--now", "2026-03-02 14:00")
    assert [line[0] for line in told(shop, "echo.txt")] == ["ada@x.example", "bob@x.example"]
    assert "0.16 EUR of the budget of 0.16 EUR spent" in shop("status").stdout
