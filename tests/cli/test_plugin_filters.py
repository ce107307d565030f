"""A project's own filter: `check` knows it, and it works wherever a template is filled."""

import mailbox

import pytest
from tests.cli.terminal import Terminal

from campflow.content.landing import Pages
from campflow.project import Project

PLUGIN = """
from campflow.hooks.contracts import FilterPlugin
from campflow.hooks.specs import hookimpl

CAMPFLOW_API = (1, 0)

def initials(name, after=""):
    if name == "Eve":
        raise ValueError("no Eves")
    return "".join(word[0] + after for word in (name or "").split())

@hookimpl
def campflow_filters():
    return [FilterPlugin("initials", initials)]
"""
FLOW = """
contact {
  email       email
  first_name  text?
}
event signup
campaign hello {
  runs      from 2026-03-01
  audience  email is set
  enter     on signup
  stage welcome {
    send email welcome {
      subject "For {{ first_name | initials }}"
    }
    notify file "{{ first_name | initials('.') }} is here"
    after 3 days -> over
  }
  final over
}
"""
NOTES = """
import pathlib

from campflow.hooks.contracts import Answer, SinkPlugin
from campflow.hooks.specs import hookimpl
from pydantic import BaseModel

CAMPFLOW_API = (1, 0)

class Settings(BaseModel):
    pass

class Notes:
    def __init__(self, settings, context):
        self.path = pathlib.Path(context.folder, "notes.txt")
    async def open(self): pass
    async def close(self): pass
    async def notify(self, notes):
        for note in notes:
            with self.path.open("a") as file:
                file.write(note.text + "\\n")
            yield Answer(note.errand_id, "done")

@hookimpl
def campflow_sinks():
    return [SinkPlugin("file", Settings, texts=Notes)]
"""


@pytest.fixture
def shop(campflow: Terminal) -> Terminal:
    toml = 'plugins = ["email", "initials", "notes"]\nclock = "manual"\n[sender]\nemail = "a@acme.example"\n'
    for folder in ("plugins", "content"):
        (campflow.folder / folder).mkdir()
    campflow.write("campflow.toml", toml)
    campflow.write("plugins/initials.py", PLUGIN)
    campflow.write("plugins/notes.py", NOTES.replace('"file"', '"team"'))
    campflow.write("hello.flow", FLOW.replace("notify file", "notify team"))
    campflow.write("content/welcome.email.md", "Hello {{ first_name | initials }}, [x](https://acme.example/)\n")
    campflow.write("content/demo.page.html", "---\ntitle: Demo\n---\n<h1>{{ page.title | initials }}</h1>\n")
    return campflow


def test_check_knows_its_name_and_its_arguments(shop: Terminal) -> None:
    assert "no problem found" in shop("check").stdout
    shop.write("content/welcome.email.md", "Hello {{ first_name | initals }}")
    shop.write("content/demo.page.html", "---\ntitle: Demo\n---\n<h1>{{ page.title | initials(1, 2) }}</h1>\n")
    shop.write("hello.flow", FLOW.replace("notify file", "notify team").replace("initials('.')", "initials(befor='.')"))
    found = shop("check", "--format", "github", code=1).stdout
    assert "no filter `initals`: did you mean `initials`?" in found
    assert "too many positional arguments" in found
    assert "unexpected keyword argument 'befor'" in found


def test_check_looks_again_when_the_filter_has_changed(shop: Terminal) -> None:
    assert "no problem found" in shop("check").stdout
    shop.write("plugins/initials.py", PLUGIN.replace('after=""', "after"))
    assert Project.open(shop.folder).plugins.failed == ()
    # A process that runs on keeps the module that it has imported; the next one sees the new file.
    shop.write("campflow.toml", (shop.folder / "campflow.toml").read_text().replace('"initials", ', ""))
    assert "no filter `initials`" in shop("check", "--format", "github", code=1).stdout


def test_it_works_in_previews_tests_messages_notes_and_pages_and_spoils_no_neighbour(shop: Terminal) -> None:
    people = (("ada", "Ada Lovelace"), ("eve", "Eve"), ("zoe", "Zoe B"))
    rows = [f"{key},{key}@acme.example,{name}" for key, name in people]
    shop.write("people.csv", "\n".join(["key,email,first_name", *rows]))
    signups = [f"{key},signup,2026-03-02 09:00" for key, _ in people]
    shop.write("signups.csv", "\n".join(["contact,event,at", *signups]))
    shop("people", "import", "people.csv")
    assert "Hello AL" in shop("preview", "welcome", "--for", "ada").stdout
    shop("send-test", "welcome", "--to", "me@acme.example", "--for", "zoe")
    assert Project.open(shop.folder).vocabulary.filters.keys() == {"initials"}
    shop("tick", "--now", "2026-03-02 08:00")
    shop("events", "import", "signups.csv")
    shop("tick", "--now", "2026-03-02 09:01")
    box = mailbox.Maildir(shop.folder / "mail")
    assert sorted(each["Subject"] for each in box) == ["For AL", "For ZB", "[Test] For ZB"]
    assert (shop.folder / "notes.txt").read_text().split("\n")[:-1] == ["A.L. is here", "Z.B. is here"]
    project = Project.open(shop.folder)
    page = Pages(project.root, project.filters).page("demo", ())
    assert page.template.fill({"page": {"title": "Ada Lovelace"}}) == "<h1>AL</h1>"
