"""`check` says what is wrong with the tables that plugins are set up with, before anything runs."""

import pytest
from tests.cli.terminal import Terminal

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
    after 3 days -> over
  }
  final over
}
"""

#: A channel that does not go without a key.
POST = """
from pydantic import BaseModel

from campflow.hooks.contracts import ChannelPlugin, Prepared
from campflow.hooks.specs import hookimpl

CAMPFLOW_API = (1, 0)


class Settings(BaseModel, extra="forbid"):
    key: str
    far: bool = False


@hookimpl
def campflow_channels():
    return [
        ChannelPlugin(
            "post", "email", Settings, ("txt",), frozenset(), frozenset(), "none", 1,
            lambda body, extension, front_matter: Prepared({"text": body}, front_matter),
            lambda settings, context: None,
        )
    ]
"""


@pytest.fixture
def spring(campflow: Terminal) -> Terminal:
    (campflow.folder / "plugins").mkdir()
    campflow.write("plugins/post.py", POST)
    campflow.write("spring.flow", FLOW)
    return campflow


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("[channels.psot]", "no plugin makes a channel `psot`; did you mean `post`?"),
        (
            '[channels.post]\nkey = "x"\nfra = true',
            "`channels.post.fra`: there is no such setting; did you mean",
        ),
        ('[channels.post]\nrate = "often"', "`channels.post.rate`"),
        ("[sinks.fiel]", "no plugin makes a sink `fiel`; did you mean `file`?"),
        ("[observers.crm]", "no plugin makes an observer `crm`"),
        ("[actions.tag]", "no plugin makes an action `tag`"),
        ("[destinations.ads]", "no plugin makes a destination `ads`"),
        ("[webhooks.crm]", "no plugin makes a webhook `crm`"),
        ("[routes.shop]", "no plugin makes a set of pages `shop`"),
    ],
)
def test_a_wrong_table_of_any_kind_is_said(table: str, says: str, spring: Terminal) -> None:
    spring.write("campflow.toml", f'plugins = ["post"]\n{table}\n')
    assert says in spring("check", code=2).words


def test_each_wrong_list_of_audiences_is_said_with_its_line(spring: Terminal) -> None:
    wrong = '[destinations.ads]\naudiences = ["lost trials"]\n[destinations.list]\naudiences = 3\n'
    spring.write("campflow.toml", f'plugins = ["post"]\n{wrong}')
    said = spring("check", code=2).words
    assert "campflow.toml:3: `destinations.ads.audiences`: write a list of names" in said
    assert "campflow.toml:5: `destinations.list.audiences`: write a list of names" in said


def test_what_is_missing_may_stand_elsewhere(spring: Terminal) -> None:
    spring.write("campflow.toml", 'plugins = ["post"]\n[channels.post]\nfar = true\n')
    spring("check")
    assert "`channels.post.key`: this setting is needed" in spring("tick", code=2).words


def test_findings_come_first_and_of_one_file_only_its_own(spring: Terminal) -> None:
    spring.write("campflow.toml", 'plugins = ["post"]\n[channels.psot]\n')
    spring("check", "spring.flow")
    spring.change("spring.flow", "-> over", "-> ovre")
    said = spring("check", code=1)
    assert "unknown-name" in said.stdout
    assert "psot" in said.stderr
