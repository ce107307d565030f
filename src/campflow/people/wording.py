"""How a refused value is spoken of, and where it stood."""

from campflow.errors import CampflowError

_SHOWN = 60


class BadValue(CampflowError):
    """A value that its field cannot hold; the text says what is wrong and what to write instead."""


class BadCell(CampflowError):
    """A value that spoils its row: `column` is the field's name."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}")
        self.column, self.reason = column, reason


def quoted(value: object) -> str:
    """A value between backquotes: short, on one line, without characters that a terminal would obey."""
    text = value if isinstance(value, str) else str(value)[: _SHOWN + 1]
    if len(text) > _SHOWN:
        text = text[: _SHOWN - 1] + "…"
    return "`" + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text) + "`"
