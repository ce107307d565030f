"""An observer of a project: told by `tick`, named by `status` and `doctor` where it fails, and gone with its table."""

from pathlib import Path

import pytest
from tests.cli.terminal import Terminal

from campflow.cli.plugin_starter import named

STARTER = Path(__file__).parents[2] / "src/campflow/cli/plugin_files/observer.py.txt"
FLOW = """
contact {
  email  email
}
event signup
campaign hello {
  runs      from 2026-03-01
  audience  email is set
  enter     on signup
  stage welcome {
    after 3 days -> over
  }
  final over
}
"""


@pytest.fixture
def shop(campflow: Terminal) -> Terminal:
    (campflow.folder / "plugins").mkdir()
    campflow.write("plugins/log.py", named(STARTER.read_text("utf-8"), "log", "observer"))
    campflow.write("campflow.toml", 'plugins = ["log"]\nclock = "manual"\n[observers.log]\n')
    campflow.write("hello.flow", FLOW)
    campflow.write("people.csv", "key,email\nada,ada@acme.example\n")
    campflow.write("signups.csv", "contact,event,at\nada,signup,2026-03-02 09:00\n")
    campflow("people", "import", "people.csv")
    campflow("tick", "--now", "2026-03-02 08:00")
    campflow("events", "import", "signups.csv")
    return campflow


def test_a_tick_tells_it(shop: Terminal) -> None:
    shop("tick", "--now", "2026-03-02 10:00")
    shop("tick", "--now", "2026-03-06 10:00")
    lines = (shop.folder / "log.jsonl").read_text().splitlines()
    assert ['"to_stage": "welcome"' in lines[0], '"to_stage": "over"' in lines[1], len(lines)] == [True, True, 2]
    assert "Nothing is wrong" in shop("doctor").stdout


def test_one_that_fails_is_named_and_the_campaign_goes_on(shop: Terminal) -> None:
    (shop.folder / "log.jsonl").mkdir()
    assert "observer log: IsADirectoryError" in shop("tick", "--now", "2026-03-02 10:00", code=1).stderr
    (told,) = shop.json("status")["observers"]
    assert (told["name"], told["moves"], told["failures"]) == ("log", 1, 1)
    assert "observer log fails" in shop("status").stdout
    assert "`log`, which fails: IsADirectoryError" in " ".join(shop("doctor", code=1).stdout.split())
    assert shop.json("status")["campaigns"][0]["entered"] == 1


def test_one_that_cannot_be_loaded_keeps_its_place_and_is_named(shop: Terminal) -> None:
    shop.write("plugins/crm.py", "import nothing_of_this_name\n")
    shop.write("campflow.toml", 'plugins = ["log", "crm"]\nclock = "manual"\n[observers.log]\n[observers.crm]\n')
    shop("tick", "--now", "2026-03-02 10:00")
    assert (shop.folder / "log.jsonl").exists()
    said = " ".join(shop("doctor", code=1).stdout.split())
    assert "no plugin here observes as `crm`" in said
    assert "`log`" not in said


def test_a_misspelt_table_or_key_is_said(shop: Terminal) -> None:
    shop.write("campflow.toml", 'plugins = ["log"]\nclock = "manual"\n[observers.lgo]\n')
    assert "did you mean `log`?" in shop("tick", code=2).words
    assert "did you mean `log`?" in shop("check", code=2).words
    shop.write("campflow.toml", 'plugins = ["log"]\nclock = "manual"\n[observers.log]\nfiel = "x"\n')
    assert "fiel" in shop("tick", code=2).words
    assert "campflow.toml:4: `observers.log.fiel`: there is no such setting" in shop("check", code=2).words
    assert "fiel" not in shop("check", ".", code=2).stdout
