"""A text with slots, compiled once and filled often."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import Template, nodes
from jinja2.exceptions import TemplateError, TemplateSyntaxError

from campflow.content.budget import BUDGET, Budget
from campflow.content.filter_words import NO_FILTERS, Filters
from campflow.content.filtering import refuse_misused
from campflow.content.sandbox import sandbox
from campflow.content.slots import Slots, slots
from campflow.errors import ContentError

#: Characters that one part of a message may have when filled.
LONGEST = 1_000_000

#: Slots that are filled the short way, which counts nothing: each is as long as a field may be.
MOST_SLOTS = 500

#: Characters of a text that is kept compiled.
SHORT = 20_000

_NOT_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class BadTemplate(ContentError):
    """A text that does not compile; `line` counts from 1 in that text."""

    def __init__(self, text: str, line: int) -> None:
        super().__init__(text)
        self.text, self.line = text, line


@dataclass(frozen=True, slots=True)
class CompiledText:
    """`name` says where the text stands, for errors."""

    name: str
    template: Template
    slots: Slots | None = None

    def fill(self, values: Mapping[str, object]) -> str:
        """The text for one person. Raises ContentError: an unknown name, too long, too many steps."""
        if self.slots is not None:
            try:
                text = self.slots.fill(values)
            # Whatever is wrong is said by Jinja, below.
            except Exception:
                return self._fill_by_jinja(values)
            if len(text) <= LONGEST:
                return text
        return self._fill_by_jinja(values)

    def _fill_by_jinja(self, values: Mapping[str, object]) -> str:
        context = self.template.new_context({**values, BUDGET: Budget()})
        pieces: list[str] = []
        length = 0
        try:
            for piece in self.template.root_render_func(context):
                pieces.append(piece)
                length += len(piece)
                if length > LONGEST:
                    raise ContentError(f"{self.name} is longer than {LONGEST:,} characters when it is filled")
        except ContentError:
            raise
        # A template is code of the project: whatever it raises spoils this one message and no other.
        except Exception as error:
            raise ContentError(f"{self.name} cannot be filled: {_reason(error)}") from error
        return "".join(pieces)


def _reason(error: Exception) -> str:
    if isinstance(error, TemplateError) and error.message:
        return error.message
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def compile_text(text: str, *, html: bool, name: str, filters: Filters = NO_FILTERS) -> CompiledText:
    """Ready for filling; with `html`, values are escaped. `filters` are those of plugins. Raises BadTemplate."""
    ready = _ready if len(text) <= SHORT else _ready.__wrapped__
    return CompiledText(name, *ready(text, html, filters))


# The same text is compiled to be checked, to be looked at and to be sent.
@lru_cache(maxsize=256)
def _ready(text: str, html: bool, filters: Filters) -> tuple[Template, Slots | None]:
    tree = parse(text)
    try:
        short = slots(tree, html=html) if text.count("{{") <= MOST_SLOTS else None
        environment = sandbox(html, filters)
        refuse_misused(tree, environment.filters, filters)
        return environment.from_string(text), short
    except TemplateSyntaxError as error:
        raise BadTemplate(error.message or "it does not compile", error.lineno) from error
    except (TemplateError, SyntaxError, RecursionError, MemoryError, OverflowError) as error:
        raise BadTemplate(f"it does not compile: {_reason(error)}", 1) from error


def parse(text: str) -> nodes.Template:
    """The syntax tree, for those who look at templates. Raises BadTemplate."""
    try:
        return sandbox(False).parse(text)
    except TemplateSyntaxError as error:
        raise BadTemplate(error.message or "it does not parse", error.lineno) from error
    except RecursionError as error:
        raise BadTemplate("it is nested too deeply", 1) from error


def one_line(value: str, name: str) -> str:
    """`value` if it can stand in a header; blanks around it are cut off. Raises ContentError for line breaks and NUL.

    Every control character is refused, and the breaks that only Unicode knows.
    """
    value = value.strip()
    if broken := _NOT_IN_A_LINE.search(value):
        raise ContentError(f"{name} must be one line, and holds the character U+{ord(broken.group()):04X}")
    return value
