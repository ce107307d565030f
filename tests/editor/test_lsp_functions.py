"""Functions of plugins in an editor: proposed where a value can stand, and explained under the pointer."""

from pathlib import Path

from tests.editor.editor import editing
from tests.editor.project import write_project

PLUGIN = """
from campflow.hooks.contracts import FunctionPlugin
from campflow.hooks.specs import hookimpl
from sqlalchemy import func

CAMPFLOW_API = (1, 0)

@hookimpl
def campflow_functions():
    return [FunctionPlugin("length", ("text",), "integer", func.length, "How many letters a text has.")]
"""


def test_a_function_is_proposed_takes_fields_and_is_explained(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    (root / "plugins").mkdir()
    (root / "plugins" / "letters.py").write_text(PLUGIN)
    with editing(root) as editor:
        editor.open("new.flow", "segment long = length(first_name) > 20\n")
        assert editor.told("new.flow", lambda _: True) is not None
        where = editor.place("new.flow", "segment long = le", "ngth")
        answer = editor.request("textDocument/hover", where)["contents"]["value"]
        assert "length(text) integer" in answer
        assert "How many letters" in answer
        editor.type("new.flow", "segment long = \n")
        assert {"length", "count", "plan"} <= set(editor.proposals("new.flow", "segment long = "))
        editor.type("new.flow", "segment long = length(\n")
        assert "first_name" in editor.proposals("new.flow", "segment long = length(")
