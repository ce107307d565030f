"""What a plugin may offer: what is wrong with it is said when it is loaded, and names what to change."""

from typing import Any

import pytest
from jinja2 import pass_context

from campflow.errors import PluginError
from campflow.hooks.contracts import FilterPlugin
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
