"""Filters of templates in an editor: proposed behind the `|`, explained under the pointer, used in what is shown."""

from pathlib import Path

from tests.editor.editor import editing
from tests.editor.project import write_project

PLUGIN = """
from campflow.hooks.contracts import FilterPlugin
from campflow.hooks.specs import hookimpl

CAMPFLOW_API = (1, 0)

@hookimpl
def campflow_filters():
    return [FilterPlugin("initials", lambda name: name[:1] + ".", "The first letter of a name.")]
"""
MAIL = """\
---
subject: Hello
---
{{ first_name | initials }}, {{ score | round }}
{% if plan | upper == 'PRO' %}!{% endif %}
"""


def project(folder: Path) -> Path:
    root = write_project(folder)
    (root / "plugins").mkdir()
    (root / "plugins" / "letters.py").write_text(PLUGIN)
    (root / "content" / "nudge.email.md").write_text(MAIL)
    (root / "content" / "welcome.email.md").write_text("---\nsubject: Dear {{ first_name | initials }}\n---\nHello.\n")
    return root


def test_filters_are_proposed_behind_the_pipe_of_a_template_and_nowhere_else(tmp_path: Path) -> None:
    with editing(project(tmp_path)) as editor:
        editor.open("onboarding.flow")
        editor.change("onboarding.flow", '"Come back, {{ first_name }}"', '"Come back, {{ first_name | d }}"')
        assert {"default", "initials", "upper"} <= set(editor.proposals("onboarding.flow", "{{ first_name | d"))
        assert "initials" not in editor.proposals("onboarding.flow", '"Come back, {{ first_name ')
        assert "initials" not in editor.proposals("onboarding.flow", "{{ first_name | d }}")
        editor.open("content/nudge.email.md")
        for before in ("{{ first_name | ", "{{ score | ro", "{% if plan | "):
            assert {"default", "initials", "upper"} <= set(editor.proposals("content/nudge.email.md", before))
        for before in ("{{ first_name | initials }}, ", "{{ score ", "subject: "):
            assert editor.proposals("content/nudge.email.md", before) == []


def test_a_filter_is_explained_and_a_subject_is_shown_as_it_makes_it(tmp_path: Path) -> None:
    with editing(project(tmp_path)) as editor:

        def said(path: str, before: str, after: str = "") -> str:
            answer = editor.request("textDocument/hover", editor.place(path, before, after))
            return str(answer["contents"]["value"]) if answer else ""

        editor.open("onboarding.flow")
        assert editor.told("onboarding.flow", lambda _: True) is not None
        editor.open("content/nudge.email.md")
        assert "The first letter of a name." in said("content/nudge.email.md", "| ini", "tials")
        assert "Round" in said("content/nudge.email.md", "| ro", "und")
        assert "> Dear A." in said("onboarding.flow", "send email wel", "come")
