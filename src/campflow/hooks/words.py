"""What a plugin adds to the words of texts: filters of templates."""

from collections.abc import Callable
from dataclasses import dataclass


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
