"""What a plugin may offer: what is wrong with it is said when it is loaded, and names what to change."""

from typing import Any

import pytest
from jinja2 import pass_context
from sqlalchemy import func

from campflow.errors import PluginError
from campflow.hooks.contracts import FilterPlugin, FunctionPlugin
from campflow.hooks.offers import checked


@pass_context
def reaching(context: Any, value: Any) -> str:
    return str(context.environment)


@pytest.mark.parametrize(
    ("offer", "said"),
    [
        (FilterPlugin("Shout", lambda value: value), "cannot be written in a .flow file"),
        (FilterPlugin("upper", lambda value: value), "templates know a filter of this name"),
        (FilterPlugin("safe", lambda value: value), "templates know a filter of this name"),
        (FilterPlugin("shout", lambda: ""), "`function` cannot be called with a value: it takes no value"),
        (FilterPlugin("shout", lambda *, value: value), "it takes no value"),
        (FilterPlugin("shout", "loud"), "`function` cannot be called"),  # type: ignore[arg-type]
        (FilterPlugin("shout", reaching), "nothing of the template"),
    ],
)
def test_a_filter_that_cannot_be_one_is_refused(offer: FilterPlugin, said: str) -> None:
    with pytest.raises(PluginError, match=said.replace(".", r"\.").replace("`", ".")):
        checked(offer, FilterPlugin, "campflow_filters")


@pytest.mark.parametrize(
    ("offer", "said"),
    [
        (FunctionPlugin("count", ("text",), "integer", func.length), "a word of the language"),
        (FunctionPlugin("not", ("text",), "yesno", func.length), "a word of the language"),
        (FunctionPlugin("length", ("words",), "integer", func.length), "'words' is no type: write one of text"),
        (FunctionPlugin("length", ("duration",), "integer", func.length), "'duration' is no type"),
        (FunctionPlugin("length", ("text",), "list of text", func.length), "a function makes one value"),
        (FunctionPlugin("length", ("text",), "integer", lambda: func.length("")), "`sql` fails: TypeError"),
        (FunctionPlugin("length", ("text",), "integer", lambda text: 3), "`sql` makes a int"),  # type: ignore[arg-type, return-value]
    ],
)
def test_a_function_that_cannot_be_one_is_refused(offer: FunctionPlugin, said: str) -> None:
    with pytest.raises(PluginError, match=said.replace("`", ".")):
        checked(offer, FunctionPlugin, "campflow_functions")
