"""What goes wrong again and again is said once, and once more when it is over."""

from dataclasses import dataclass, field

from campflow.errors import CampflowError
from campflow.hooks.executors import Log


def reason(error: BaseException) -> str:
    """What went wrong: our own words as they are, those of others with the kind of the error.

    Without the statement and its parameters: these hold the time, and so differ at every look.
    """
    if isinstance(error, CampflowError):
        return str(error)
    cause = getattr(error, "orig", None) or error
    kind, said = type(cause).__name__, str(cause)
    return f"{kind}: {said}" if said else kind


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
