"""What can go wrong while campflow runs. Mistakes in a user's text are diagnostics, not exceptions.

CampflowError                  every message says what to do next; shown without a traceback, exit code 1
├── ProjectError               campflow.toml, a setting, or the project's folder: exit code 2
├── FlowError                  the .flow files have errors, so nothing was run (carries the diagnostics)
├── StoreError                 the database: cannot be opened, is of another version, is read-only
│   └── CollisionError         another process changed the same rows meanwhile: try again
├── DeployError                a new text cannot take over people who are inside
├── OutdatedError              another process has put other texts into force: read them and go on
├── RowError                   one row of an import: line, column, reason
├── ContentError               a message cannot be rendered
└── PluginError                a plugin that does not load or breaks its contract
    ├── FunctionError          a function's SQL, which the database refuses
    ├── ChannelError           a channel cannot take a batch
    └── WebhookRefused         a call from outside is forged, stale or no such thing: nothing of it is recorded
"""

from collections.abc import Mapping

from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Source


class CampflowError(Exception):
    """The base of all run-time errors; its text is for the user."""


class ProjectError(CampflowError):
    pass


class FlowError(CampflowError):
    """The flow has errors; `sources` are the texts that the diagnostics point into, by path."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...], sources: Mapping[str, Source] | None = None) -> None:
        errors = sum(diagnostic.severity == "error" for diagnostic in diagnostics)
        super().__init__(f"the .flow files have {errors} error{'' if errors == 1 else 's'}: run `campflow check`")
        self.diagnostics, self.sources = diagnostics, sources or {}


class StoreError(CampflowError):
    pass


class CollisionError(StoreError):
    pass


class DeployError(CampflowError):
    pass


class OutdatedError(CampflowError):
    pass


class RowError(CampflowError):
    """A refused row: `line` counts from 1 with the header, `column` is the field's name."""

    def __init__(self, line: int, column: str, reason: str) -> None:
        super().__init__(f"line {line}, {column}: {reason}")
        self.line, self.column, self.reason = line, column, reason


class ContentError(CampflowError):
    pass


class PluginError(CampflowError):
    pass


class FunctionError(PluginError):
    """`campaign` is the one whose statement the database refuses, `version` the id of its text."""

    def __init__(self, text: str, campaign: str, version: int) -> None:
        super().__init__(text)
        self.campaign, self.version = campaign, version


class ChannelError(PluginError):
    """`retry_after` are the seconds for which the provider wants to be left alone, where it said so."""

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class WebhookRefused(PluginError):
    """`status` is what the caller hears: 401 for a signature that is not right, 400 for what cannot be read."""

    def __init__(self, text: str, status: int = 401) -> None:
        super().__init__(text)
        self.status = status
