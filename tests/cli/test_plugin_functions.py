"""A project's own function: checked, compiled, and asked by the engine that `campflow test` and `tick` run."""

import re
from shutil import copytree

import pytest
from tests.cli.terminal import Terminal
from tests.editor.test_lsp_functions import PLUGIN

FLOW = """
contact {
  email       email
  first_name  text?
}
event signup
segment long = length(first_name) > 20

campaign hello {
  runs      from 2026-03-01
  audience  not in segment long
  enter     on signup
  stage welcome {
    when length(first_name) == 3 -> short
    after 3 days -> over
  }
  final short
  final over
}

test "short names go at once" of hello {
  contact ada { email "ada@acme.example", first_name "Ada" }
  contact eve { email "eve@acme.example" }
  contact zoe { email "zoe@acme.example", first_name "Zoe with quite a long name" }
  at 2026-03-02 09:00
  ada signup
  eve signup
  zoe signup
  expect ada in short
  expect eve in welcome
  after 4 days
  expect eve in over
}
"""


@pytest.fixture
def shop(campflow: Terminal) -> Terminal:
    (campflow.folder / "plugins").mkdir()
    campflow.write("campflow.toml", 'plugins = ["letters"]\nclock = "manual"\n')
    campflow.write("plugins/letters.py", PLUGIN)
    campflow.write("hello.flow", FLOW)
    return campflow


def test_it_works_from_check_to_the_people_who_move(shop: Terminal) -> None:
    assert "no problem found" in shop("check").stdout
    assert "1 passed" in shop("test").stdout
    assert "length(c.first_name)" in shop("compile", "hello.flow", "--to", "sql").stdout
    shop.write(
        "people.csv",
        "key,email,first_name\nada,ada@acme.example,Ada\nzoe,zoe@acme.example,Zoe with a long name indeed\n",
    )
    shop.write("signups.csv", "contact,event,at\nada,signup,2026-03-02 09:00\nzoe,signup,2026-03-02 09:00\n")
    shop("people", "import", "people.csv")
    shop("tick", "--now", "2026-03-02 08:00")
    shop("events", "import", "signups.csv")
    shop("tick", "--now", "2026-03-02 10:00")
    stages = shop.json("status")["campaigns"][0]["stages"]
    assert next(each for each in stages if each["name"] == "short")["people"] == 1


MEASURED = """
contact { email email }
event signup
event told { words text }

campaign hello {
  runs      from 2026-03-01
  audience  email is set
  enter     on signup
  stage welcome {
    split greeting {
      50% formal
      50% plain
      measure told where length(words) > 3 within 3 days
    }
    after 3 days -> over
  }
  final over
}
"""


@pytest.mark.parametrize("flow", [FLOW, MEASURED])
def test_projects_in_one_process_have_functions_of_one_name_each_its_own(
    flow: str, shop: Terminal, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shop.write("hello.flow", flow)
    other = Terminal(copytree(shop.folder, tmp_path_factory.mktemp("other"), dirs_exist_ok=True))
    other.change("plugins/letters.py", "func.length", "func.octet_length")
    mine, others = (each("compile", "hello.flow", "--to", "sql").stdout for each in (shop, other))
    assert re.search(r"\blength\(", mine)
    assert others == re.sub(r"\blength\(", "octet_length(", mine)


#: No database has it.
BROKEN = PLUGIN.replace("func.length", "func.no_such_thing")


@pytest.mark.parametrize(
    "words",
    [
        ("test",),
        ("simulate", "hello", "--from", "2026-03-01", "--people", "20"),
        ("simulate", "hello", "--from", "2026-03-01", "--sample"),
        ("run", "--play", "1 day", "--until", "2026-03-05"),
        ("tick", "--now", "2026-03-02 10:00"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_where_its_sql_fails_campaign_and_function_are_named_and_nothing_of_the_statement(
    words: tuple[str, ...], shop: Terminal
) -> None:
    shop.write("plugins/letters.py", BROKEN)
    shop.write("people.csv", "key,email,first_name\nada,ada@acme.example,Ada\n")
    shop("people", "import", "people.csv")
    shop("tick", "--now", "2026-03-01 08:00", code=None)
    shop.write("signups.csv", "contact,event,at\nada,signup,2026-03-02 09:00\n")
    shop("events", "import", "signups.csv")
    said = shop(*words, code=1)
    assert (
        "the function `length`, which campaign `hello` uses, fails in the database (no such function: no_such_thing): "
        "mend its SQL; `campflow plugins` says which plugin has it"
    ) in said.words
    for wrong in ("SELECT", "ada@acme", "This should not have happened"):
        assert wrong not in said.stdout + said.stderr


def test_check_says_what_is_wrong_with_its_use_and_again_when_the_plugin_is_gone(shop: Terminal) -> None:
    assert "no problem found" in shop("check").stdout
    shop.write("hello.flow", FLOW.replace("length(first_name) > 20", "length(first_name, 3) > 20"))
    assert "takes 1 value, and is given 2" in shop("check", "--format", "github", code=1).stdout
    shop.write("hello.flow", FLOW)
    shop.write("campflow.toml", "plugins = []\n")
    assert "there is no function `length`" in shop("check", "--format", "github", code=1).stdout
