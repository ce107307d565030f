"""Functions that a plugin might add to expressions: in SQL, as the engine has them, and as one does them by hand."""

from collections.abc import Callable, Mapping

from sqlalchemy import func
from tests.reference.story import Stored

from campflow.hooks.contracts import FunctionPlugin
from campflow.hooks.words import function_of
from campflow.model.functions import Function

_PLUGINS = (
    FunctionPlugin("length", ("text",), "integer", func.length, "How many letters a text has."),
    FunctionPlugin("or_else", ("text?", "text"), "text", func.coalesce),
    FunctionPlugin("half", ("integer",), "number", lambda whole: whole / 2.0),
    FunctionPlugin("even", ("integer",), "yesno", lambda whole: whole % 2 == 0),
    FunctionPlugin("share", ("money", "number"), "money", lambda money, by: money / func.nullif(by, 0)),
    FunctionPlugin("next_day", ("date",), "date", lambda day: day + 1),
    FunctionPlugin("an_hour_after", ("time",), "time", lambda moment: moment + 3_600_000),
)

FUNCTIONS: Mapping[str, Function] = {each.name: function_of(each) for each in _PLUGINS}


def _share(money: int, by: float) -> int | None:
    if not by:
        return None
    cents = abs(money / by)
    return int(cents + 0.5) * (1 if money / by >= 0 else -1)


#: None where something is missing is not said here: it is so of all that needs it.
BY_HAND: Mapping[str, Callable[..., Stored]] = {
    "length": len,
    "or_else": lambda text, other: other if text is None else text,
    "half": lambda whole: whole / 2,
    "even": lambda whole: whole % 2 == 0,
    "share": _share,
    "next_day": lambda day: day + 1,
    "an_hour_after": lambda moment: moment + 3_600_000,
}
