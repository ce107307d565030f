"""What a plugin adds to the words of texts: filters of templates, functions of expressions."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast, get_args

from campflow.errors import PluginError
from campflow.model.functions import Function, Parameter
from campflow.model.people import Kind, ValueType

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement


@dataclass(frozen=True, slots=True)
class FilterPlugin:
    """A filter of templates: `{{ first_name | initials }}`.

    name      the word after `|`; none of those that templates know anyway
    function  called with the value, and with the arguments that are written behind the name. It answers the same to the
              same, and quickly: it is called for each message. What it makes is a text, a number, yes or no, a date, a
              time, None or a list of these, and is escaped in HTML. What it raises spoils the one message
    about     what it does, a sentence
    """

    name: str
    function: Callable[..., object]
    about: str = ""


@dataclass(frozen=True, slots=True)
class FunctionPlugin:
    """A function of expressions: `length(first_name) > 20`.

    Campaigns move people by statements of the database, so a function is one of its expressions. It depends on what it
    is given and on nothing else, not on the time either.

    name   the word before the bracket
    takes  the type of each value, as it stands in a `.flow` file: "text", "integer", "money", "list of text" …; with a
           `?` the function has an answer where that value is missing, without one it makes nothing then
    gives  the type of what it makes; with a `?` that may be missing although nothing given is
    sql    makes the expression from those of the values (SQLAlchemy columns): texts, whole numbers and numbers, yes/no
           as booleans, money in minor units, days since 1970-01-01, moments in milliseconds since then in UTC, a
           list as the text of a JSON array. It must fail for no value: a statement that fails moves nobody
    about  what it makes, a sentence
    """

    name: str
    takes: tuple[str, ...]
    gives: str
    sql: "Callable[..., ColumnElement[Any]]"
    about: str = ""


#: What may be given to a function; made may be all of it but a list.
_KINDS = tuple(kind for kind in get_args(Kind) if kind not in ("choice", "list", "duration"))


def function_of(plugin: FunctionPlugin) -> Function:
    """The function as campflow knows it. Raises PluginError for a type that is none."""
    result, partial = _type(plugin, plugin.gives)
    if result.kind == "list":
        raise PluginError(f"function {plugin.name}: `gives` is a list: a function makes one value")
    parameters = tuple(Parameter(*_type(plugin, each)) for each in plugin.takes)
    return Function(plugin.name, parameters, result, partial, plugin.about, plugin.sql)


def _type(plugin: FunctionPlugin, written: str) -> tuple[ValueType, bool]:
    """A type, and whether a `?` stands behind it."""
    found = re.fullmatch(r"(list of )?([a-z]+)(\?)?", written)
    if found is None or found[2] not in _KINDS:
        raise PluginError(
            f"function {plugin.name}: {written!r} is no type: write one of {', '.join(_KINDS)} or `list of text`"
        )
    kind = ValueType(cast(Kind, found[2]))
    return (ValueType("list", element=kind) if found[1] else kind), found[3] is not None
