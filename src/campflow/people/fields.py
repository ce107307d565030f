"""The declared fields of a contact or an event, read from one row."""

from collections.abc import Mapping

from campflow.model.constants import Stored, stored
from campflow.model.people import Field
from campflow.people.values import Conventions, read, read_text
from campflow.people.wording import BadCell, BadValue

LONGEST_KEY = 500


def read_field(field: Field, value: object, conventions: Conventions) -> Stored:
    """A field's stored value. Raises BadCell."""
    try:
        return read(value, field.type, conventions)
    except BadValue as error:
        raise BadCell(field.name, str(error)) from None


def without_value(field: Field, zone: str) -> Stored:
    """What a new row has where nothing is said: the default, an empty list. Raises BadCell where a value must be."""
    if field.default is not None:
        return stored(field.default, field.type, zone)
    if field.optional:
        return None
    if field.type.kind == "list":
        return "[]"
    raise BadCell(field.name, "is missing, and has no default")


def read_name(cells: Mapping[str, object], column: str) -> str | None:
    """A key or an id of somebody else's: a short text. None where the row has none. Raises BadCell."""
    return name_of(cells[column], column) if column in cells else None


def name_of(value: object, column: str) -> str:
    """The key or id that a cell of this column holds. Raises BadCell."""
    if type(value) is str and len(value) <= LONGEST_KEY and value.isascii() and "\0" not in value:
        return value.strip()  # as nearly all of them are
    try:
        text = read_text(value).strip()
    except BadValue as error:
        raise BadCell(column, str(error)) from None
    if len(text) > LONGEST_KEY:
        raise BadCell(column, f"has {len(text):,} characters: at most {LONGEST_KEY} are allowed")
    return text
