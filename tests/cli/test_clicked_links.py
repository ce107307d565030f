"""Ways out ask which link was followed, by people or by anybody."""

from tests.cli.terminal import Terminal

FLOW = """
contact {
  email  email
}
event signup
segment looked = did clicked_any where url contains "/pricing"

campaign hello {
  runs      from 2026-03-01
  audience  email is set
  enter     on signup
  stage welcome {
    send email hi
    on clicked_any hi where url contains "/pricing" -> prices
    after 3 days -> over
  }
  stage prices {
    after 1 day if in segment looked -> seen
    after 2 days -> over
  }
  final seen
  final over
}

test "a click of a person counts as one of anybody" of hello {
  contact ada { email "ada@acme.example" }
  at 2026-03-02 09:00
  ada signup
  after 1 hour
  ada clicked hi { url "https://acme.example/" }
  expect ada in welcome
  after 1 hour
  ada clicked hi { url "https://acme.example/pricing" }
  expect ada in prices
  after 1 day
  expect ada in seen
}

test "and one of a scanner too" of hello {
  contact bob { email "bob@acme.example" }
  at 2026-03-02 09:00
  bob signup
  after 1 hour
  bob clicked_any hi { url "https://acme.example/pricing" }
  expect bob in prices
}
"""


def test_a_link_is_asked_for(campflow: Terminal) -> None:
    (campflow.folder / "content").mkdir()
    campflow.write("campflow.toml", 'plugins = ["email"]\nclock = "manual"\n[sender]\nemail = "a@acme.example"\n')
    campflow.write("content/hi.email.md", "---\nsubject: Hi\n---\nHi [there](https://acme.example/pricing)\n")
    campflow.write("hello.flow", FLOW)
    assert "2 passed" in campflow("test").stdout


def test_a_field_that_a_click_has_not_is_said(campflow: Terminal) -> None:
    (campflow.folder / "content").mkdir()
    campflow.write("campflow.toml", 'plugins = ["email"]\n')
    campflow.write("content/hi.email.md", "---\nsubject: Hi\n---\nHi\n")
    campflow.write("hello.flow", FLOW.replace("where url contains", "where link contains"))
    assert "`link`" in campflow("check", "--format", "github", code=1).stdout
