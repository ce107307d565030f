"""What proofs look at: the texts' trees, the names, the model as far as it is sound, and today's date."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from campflow.checking.names import Names
from campflow.checking.placed import Placed
from campflow.checking.proofs.sketch import Sketch, sketches
from campflow.checking.texts import Texts
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language.syntax import FlowFile
from campflow.model.flow import Flow


@dataclass(frozen=True)
class Evidence:
    """`unread` are the lines that could not be read. `today` None: nobody knows which day it is."""

    files: Sequence[FlowFile]
    names: Names
    flow: Flow
    placed: Placed
    texts: Texts
    unread: Sequence[Diagnostic] = ()
    today: dt.date | None = None

    @cached_property
    def campaigns(self) -> tuple[Sketch, ...]:
        """Every campaign as a graph."""
        return sketches(self.files, self.placed, self.unread)
