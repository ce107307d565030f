"""What goes wrong again and again is said once, and once more when it is over."""

from dataclasses import dataclass, field

from sqlalchemy.exc import DBAPIError

from campflow.errors import CampflowError
from campflow.hooks.executors import Log
from campflow.storage.database import words_of


def reason(error: BaseException) -> str:
    """What went wrong: our own words as they are, those of others with the kind of the error.

    Of what the database says no statement and no values: they hold what people wrote, and the time, by which they would
    differ at every look.
    """
    if isinstance(error, CampflowError):
        return str(error)
    if isinstance(error, DBAPIError):
        return f"{type(error.orig).__name__}: {words_of(error)}"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


@dataclass(slots=True)
class Trouble:
    """Tells the log of failures, by what failed."""

    log: Log
    _said: dict[str, str] = field(default_factory=dict)

    def say(self, what: str, error: Exception | str) -> None:
        """Say it, unless the same was said of this last time."""
        said = error if isinstance(error, str) else reason(error)
        if self._said.get(what) != said:
            self._said[what] = said
            self.log.error("failed", what=what, error=said, exc_info=error if isinstance(error, Exception) else None)

    def over(self, what: str) -> None:
        if self._said.pop(what, None) is not None:
            self.log.info("recovered", what=what)
